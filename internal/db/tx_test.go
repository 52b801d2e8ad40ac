package db_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

func TestATransactionInsideATransactionIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		nothing := func(*db.Tx) error { return nil }
		g := db.NewGroup(d, "group", db.GroupOptions{}, func(int) (int, int) { return 1, 1 },
			func(_ *db.Tx, in []int) ([]int, error) { return in, nil })
		inner := map[string]func(ctx context.Context) error{
			"Update":   func(ctx context.Context) error { return d.Update(ctx, "inner", nothing) },
			"View":     func(ctx context.Context) error { return d.View(ctx, "inner", nothing) },
			"Snapshot": func(ctx context.Context) error { return d.Snapshot(ctx, "inner", nothing) },
			"Join":     func(ctx context.Context) error { _, err := g.Join(ctx, 1); return err },
		}
		outer := map[string]func(context.Context, string, func(*db.Tx) error) error{
			"Update": d.Update, "View": d.View, "Snapshot": d.Snapshot,
		}
		for in, act := range inner {
			for out, around := range outer {
				func() {
					defer func() {
						if p, _ := recover().(string); !strings.Contains(p, in) {
							t.Errorf("%s in %s: got panic %q, want one that names it", in, out, p)
						}
					}()
					_ = around(t.Context(), "outer", func(tx *db.Tx) error { return act(tx.Context()) })
				}()
				back := db.Quiet()
				err := around(t.Context(), "outer", func(tx *db.Tx) error { return act(tx.Context()) })
				back()
				if !fault.Is(err, fault.Internal) {
					t.Errorf("%s in %s outside tests: got %v, want Internal", in, out, err)
				}
			}
		}
	})
}

func TestMistakesInATransactionAreRefused(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		defer db.Quiet()()
		x := some(1)
		for name, mistake := range map[string]func(tx *db.Tx) error{
			"ForUpdate without an order": func(tx *db.Tx) error { _, err := tx.ForUpdate("SELECT id FROM thing"); return err },
			"a second question":          func(tx *db.Tx) error { tx.Query("SELECT 1"); _, err := tx.Exec("DELETE FROM line"); return err },
		} {
			if err := d.Update(t.Context(), "test", mistake); !fault.Is(err, fault.Internal) {
				t.Errorf("%s: got %v, want Internal", name, err)
			}
		}
		for name, mistake := range map[string]func(tx *db.Tx) error{
			"Exec":            func(tx *db.Tx) error { _, err := tx.Exec("DELETE FROM line"); return err },
			"InsertMany":      func(tx *db.Tx) error { return tx.InsertMany("thing", columns(x)...) },
			"ForUpdate":       func(tx *db.Tx) error { _, err := tx.ForUpdate("SELECT id FROM thing ORDER BY id"); return err },
			"Claim":           func(tx *db.Tx) error { _, err := tx.Claim("SELECT id FROM thing"); return err },
			"LookupForUpdate": func(tx *db.Tx) error { _, err := tx.LookupForUpdate("thing", thingCols, columns(x)[0]); return err },
		} {
			for act, read := range map[string]func(context.Context, string, func(*db.Tx) error) error{"View": d.View, "Snapshot": d.Snapshot} {
				if err := read(t.Context(), "test", mistake); err == nil {
					t.Errorf("%s in a %s: got no error", name, act)
				}
			}
		}
	})
}

func TestASnapshotSeesOneMomentAndAViewEachStatementsOwn(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		counts := func(read func(context.Context, string, func(*db.Tx) error) error) (before, after int) {
			err := read(t.Context(), "test", func(tx *db.Tx) error {
				if err := tx.QueryRow("SELECT count(*) FROM thing").Scan(&before); err != nil {
					return err
				}
				update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(fresh(before))...) })
				return tx.QueryRow("SELECT count(*) FROM thing").Scan(&after)
			})
			if err != nil {
				t.Fatal(err)
			}
			return before, after
		}
		if before, after := counts(d.Snapshot); after != before {
			t.Errorf("Snapshot: got %d, then %d rows", before, after)
		}
		if before, after := counts(d.View); after != before+1 {
			t.Errorf("View: got %d, then %d rows, want one more", before, after)
		}
	})
}

// fresh is one thing with a rank of its own.
func fresh(rank int) []thing {
	x := some(1)
	x[0].Rank = int32(rank)
	return x
}

func TestSweepDeletesMarksOfYesterdayAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		marks := make([]id.ID, 2500)
		for i := range marks {
			ms := time.Now().Add(-25 * time.Hour).UnixMilli()
			marks[i] = id.New()
			for b := range 6 {
				marks[i][b] = byte(ms >> (40 - 8*b))
			}
		}
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("db_mark", db.Col("id", marks)) })
		swept, err := d.Sweep(t.Context())
		left, cerr := db.Marks(t.Context(), d)
		// The insert, three chunks and the last look each leave a mark of today.
		if err != nil || cerr != nil || swept != 2500 || left != 5 {
			t.Errorf("swept %d (%v), %d left (%v), want 2500 and the 5 fresh ones", swept, err, left, cerr)
		}
	})
}
