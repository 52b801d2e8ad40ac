package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

func TestWhatBreaksALawOfTheLedgerIsCountedAndLogged(t *testing.T) {
	var log bytes.Buffer
	p, err := Open(t.Context(), testConfig(t), Options{Roles: []string{RoleAPI}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	err = p.d.Update(t.Context(), "test", func(tx *db.Tx) error {
		if _, err := site.Create(tx, p.keys, "shop", "shop"); err != nil {
			return err
		}
		if err := p.ledger.Open(tx, "shop"); err != nil {
			return err
		}
		_, err := p.ledger.Add(tx, credit.TopUp{Site: "shop", Kind: credit.Adjustment, Amount: 100 * money.Won, Note: "start"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// shown gives the counter as a dashboard reads it.
	shown := func() string {
		t.Helper()
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		text, _ := io.ReadAll(w.Result().Body)
		for line := range strings.Lines(string(text)) {
			if value, is := strings.CutPrefix(line, "creditmsg_ledger_broken_total "); is {
				return strings.TrimSpace(value)
			}
		}
		return "absent"
	}

	p.checkLaws(t.Context())
	if got := shown(); got != "0" || strings.Contains(log.String(), "broken") {
		t.Errorf("a whole ledger: %s, log %q; want 0 and silence", got, log.String())
	}
	p.tellBroken(t.Context(), Proof{Broken: []Broken{
		{Site: "shop", Law: 1, Detail: "account: available is 101.00"},
		{Site: "shop", Law: 4, EntrySeq: 17, Detail: "entry 17: its hash is another"},
	}})
	if got := shown(); got != "2" {
		t.Errorf("two broken rows: %s", got)
	}
	for _, want := range []string{"a law of the ledger is broken", "site_id=shop law=4 entry_seq=17"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, log.String())
		}
	}
}

func TestTheWatchOfTheLedgerEndsWithItsProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(proveFirst/2, cancel)
		if err := (&Program{}).watchLedger(ctx); err != nil {
			t.Error(err)
		}
	})
}
