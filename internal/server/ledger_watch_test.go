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
	update := func(act func(tx *db.Tx) error) {
		t.Helper()
		if err := p.d.Update(t.Context(), "test", act); err != nil {
			t.Fatal(err)
		}
	}
	update(func(tx *db.Tx) error {
		if _, err := site.Create(tx, p.keys, "shop", "shop"); err != nil {
			return err
		}
		if err := p.ledger.Open(tx, "shop"); err != nil {
			return err
		}
		_, err := p.ledger.Add(tx, credit.TopUp{Site: "shop", Kind: credit.Adjustment, Amount: 100 * money.Won, Note: "start"})
		return err
	})
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
	update(func(tx *db.Tx) error { _, err := tx.Exec(`UPDATE account SET available = available + 1`); return err })
	p.checkLaws(t.Context())
	if got := shown(); got == "0" || got == "absent" {
		t.Errorf("a changed account: %s, want what is broken", got)
	}
	if !strings.Contains(log.String(), "a law of the ledger is broken") || !strings.Contains(log.String(), "site_id=shop") {
		t.Errorf("the log says %q, want what is broken", log.String())
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
