package bench

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// world is the product over a scratch database, wired as the server wires it.
type world struct {
	d        *db.DB
	keys     *site.Keys
	ledger   *credit.Ledger
	queue    *queue.Queue
	messages *message.Service
}

// open migrates the arena's database and puts the product on it.
func (a *arena) open(ctx context.Context) (*world, error) {
	d, err := db.Open(ctx, a.url, db.Options{})
	if err != nil {
		return nil, err
	}
	a.defers(d.Close)
	if err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	w := &world{d: d, keys: site.NewKeys(d, nil)}
	if err := w.keys.Prepare(ctx); err != nil {
		return nil, err
	}
	w.queue = queue.New(d, queue.Options{})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	w.messages, err = message.NewService(d, w.keys, w.ledger, w.queue, message.Options{Log: slog.New(slog.DiscardHandler)})
	return w, err
}

// plenty is more credit than a run spends.
const plenty = 1_000_000_000_000 * money.Won

// furnish makes sites that can send, each with plenty of credit. Their names are of one
// length, so that a row weighs the same however many they are.
func (w *world) furnish(ctx context.Context, n int) ([]string, error) {
	names := make([]string, n)
	for from := 0; from < n; from += 100 {
		err := w.d.Update(ctx, "bench_site", func(tx *db.Tx) error {
			for i := from; i < min(from+100, n); i++ {
				names[i] = fmt.Sprintf("bench-%05d", i)
				if err := w.furnishOne(tx, names[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("make sites: %w", err)
		}
	}
	return names, nil
}

func (w *world) furnishOne(tx *db.Tx, name string) error {
	if _, err := site.Create(tx, w.keys, name, name); err != nil {
		return err
	}
	if err := w.ledger.Open(tx, name); err != nil {
		return err
	}
	if _, err := w.ledger.Add(tx, credit.TopUp{Site: name, Kind: credit.Payment, Amount: plenty}); err != nil {
		return err
	}
	_, err := site.AddSender(tx, name, "0261234567", site.Approved)
	return err
}

// find reads a message.
func (w *world) find(ctx context.Context, key message.Key) (m *message.Message, err error) {
	err = w.d.View(ctx, "bench_find", func(tx *db.Tx) (err error) { m, err = message.Find(tx, key); return err })
	return m, err
}

// tellGroups says how many units shared a transaction: every transaction leaves a mark.
func (w *world) tellGroups(ctx context.Context, a *arena, units int64) error {
	marks, err := w.count(ctx, "SELECT COUNT(*) FROM db_mark")
	if err == nil {
		a.o.Progress(fmt.Sprintf("  %.1f in one transaction", float64(units)/float64(max(marks, 1))))
	}
	return err
}

// prove fails unless all laws of the ledger hold. With messages their recipients are
// part of the proof.
func (w *world) prove(ctx context.Context, withMessages bool) error {
	var outcomes credit.Outcomes
	if withMessages {
		outcomes = w.messages.Outcomes
	}
	proof, err := w.ledger.Prove(ctx, w.d, nil, outcomes)
	if err != nil {
		return fmt.Errorf("prove the ledger: %w", err)
	}
	if len(proof.Broken) > 0 {
		b := proof.Broken[0]
		return fmt.Errorf("the ledger is broken in %d places; the first: site %s law %d, %s: %s", len(proof.Broken), b.Site, b.Law, b.Row, b.Detail)
	}
	return nil
}

// count reads one number.
func (w *world) count(ctx context.Context, query string) (n int64, err error) {
	err = w.d.View(ctx, "bench_count", func(tx *db.Tx) error {
		rows, err := tx.Query(query)
		list, err := db.Collect(rows, err, func(r *sql.Rows) (n int64, err error) { return n, r.Scan(&n) })
		if err == nil {
			n = list[0]
		}
		return err
	})
	return n, err
}
