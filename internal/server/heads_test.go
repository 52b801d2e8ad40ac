package server

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// TestAWorkerSignsTheDaysThatWereMissed: as soon as it runs.
func TestAWorkerSignsTheDaysThatWereMissed(t *testing.T) {
	var log bytes.Buffer
	p, err := Open(t.Context(), testConfig(t), Options{Roles: []string{RoleWorker}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	add := func(days int) {
		err := p.d.Update(t.Context(), "test", func(tx *db.Tx) error {
			tx.Now = tx.Now.Add(time.Duration(-days) * 24 * time.Hour)
			_, err := p.ledger.Add(tx, credit.TopUp{Site: "shop", Kind: credit.Adjustment, Amount: money.Won})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err = p.d.Update(t.Context(), "test", func(tx *db.Tx) error {
		if _, err := site.Create(tx, p.keys, "shop", "shop"); err != nil {
			return err
		}
		return p.ledger.Open(tx, "shop")
	})
	if err != nil {
		t.Fatal(err)
	}
	add(9)
	add(3)
	add(0)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.signHeads(ctx) }()
	heads := func() (n int) {
		err := p.d.View(t.Context(), "test", func(tx *db.Tx) error {
			list, err := p.ledger.Heads(tx, "shop", "0000-00-00", "9999-99-99")
			n = len(list)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for heads() < 2 {
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v", err)
		default:
		}
	}
	cancel()
	if err := <-ended; err != nil || heads() != 2 {
		t.Errorf("ended with %v and %d heads, want 2", err, heads())
	}
	if log.Len() > 0 && strings.Contains(log.String(), "not every ledger was signed") {
		t.Errorf("the log: %s", log.String())
	}
}
