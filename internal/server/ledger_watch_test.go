package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
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

	proven(t, p)
	heard := p.hear(t.Context(), 0)
	if got := shown(); got != "0" || heard == 0 || strings.Contains(log.String(), "broken") {
		t.Errorf("a whole ledger: %s, log %q; want 0 and silence", got, log.String())
	}
	err = p.d.Update(t.Context(), "test", func(tx *db.Tx) error {
		refused, err := p.ledger.Reserve(tx, []credit.Hold{{Site: "shop", Message: id.New(), Amount: 18 * money.Won, Classes: []byte("sms 18")}}) // for a message that there is not
		if len(refused) > 0 && refused[0] != nil {
			t.Errorf("refused: %+v", refused[0])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	proven(t, p)
	found := fmt.Sprint(last(t, p).Broken)
	heard = p.hear(t.Context(), heard)
	if again := p.hear(t.Context(), heard); shown() != found || found == "0" || again != heard {
		t.Errorf("the counter has %s, want the %s broken rows once", shown(), found)
	}
	for _, want := range []string{"a law of the ledger is broken", "site_id=shop law=2"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, log.String())
		}
	}
}

// last is what the last proof found.
func last(t *testing.T, p *Program) (out credit.Proven) {
	t.Helper()
	err := p.d.View(t.Context(), "test", func(tx *db.Tx) (err error) { out, err = p.ledger.Proven(tx); return err })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// proven has the ledger proven by the job that does it, now.
func proven(t *testing.T, p *Program) {
	t.Helper()
	err := p.d.Update(t.Context(), "test", func(tx *db.Tx) error {
		return p.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: credit.KindProof, Key: "all"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range p.works() {
		if w.Kind != credit.KindProof {
			continue
		}
		jobs, err := p.queue.Claim(t.Context(), w.Lane, []string{w.Kind}, 1)
		if err != nil || len(jobs) != 1 {
			t.Fatalf("claimed %v, %v", jobs, err)
		}
		if err := w.Handle(t.Context(), jobs); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheWatchOfTheLedgerEndsWithItsProcess(t *testing.T) {
	p, err := Open(t.Context(), testConfig(t), Options{Roles: []string{RoleAPI}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for _, run := range []runner{p.watchLedger, p.planProofs} {
		go func() { ended <- run(ctx) }()
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestAWorkerHasTheLedgerProvenFromItsStartOn(t *testing.T) {
	p, err := Open(t.Context(), testConfig(t), Options{Roles: []string{RoleWorker}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it has planned nothing yet
	if err := p.planProofs(ctx); err != nil || last(t, p).Next != 0 {
		t.Errorf("got %v and %+v", err, last(t, p))
	}
	ctx, cancel = context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.planProofs(ctx) }()
	for last(t, p).Next == 0 {
		continue
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
