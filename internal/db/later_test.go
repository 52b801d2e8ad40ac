package db_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// later inserts things and then gives them another cost, in writes that may wait.
func later(tx *db.Tx, list []thing, wrong func(error) error) error {
	return tx.Later(wrong, func() error {
		if err := tx.InsertMany("thing", columns(list)...); err != nil {
			return err
		}
		return tx.UpdateMany("thing", []string{"id"}, db.Col("id", thingIDs(list)), db.Same("cost", 77, len(list)))
	})
}

func TestWritesThatWaitAreThereForTheNextStatementAndAfterTheCommit(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		seen, last := some(3), some(2)
		for i := range last {
			last[i].Label = "last"
		}
		update(t, d, func(tx *db.Tx) error {
			if err := later(tx, seen, nil); err != nil {
				return err
			}
			var n, cost int
			if err := tx.QueryRow("SELECT COUNT(*), MIN(cost) FROM thing").Scan(&n, &cost); err != nil {
				return err
			}
			if n != 3 || cost != 77 {
				t.Errorf("the next statement sees %d rows of cost %d, want 3 of 77", n, cost)
			}
			return later(tx, last, nil)
		})
		if got := read(t, d, append(thingIDs(seen), thingIDs(last)...)); len(got) != 5 {
			t.Errorf("after the commit: got %d rows, want 5", len(got))
		}
	})
}

// The question that follows writes which wait is answered like any other, whatever the
// types of its columns.
func TestAQuestionAfterWritesThatWaitIsAnsweredAsAlways(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		list := some(4)
		list[1].Body, list[1].Owner, list[1].Open = nil, id.ID{}, true
		list[2].Note, list[2].Cost = "가 'b' \\ ?", -3
		more := some(1)
		more[0].Label, more[0].Cost = "more", 12345
		var got []thing
		var sum money.Amount
		update(t, d, func(tx *db.Tx) error {
			if err := tx.Later(nil, func() error { return tx.InsertMany("thing", columns(list)...) }); err != nil {
				return err
			}
			rows, err := tx.LookupForUpdate("thing", thingCols, db.Col("id", thingIDs(list)))
			if got, err = db.Collect(rows, err, func(r *sql.Rows) (thing, error) { return scanThing(r) }); err != nil {
				return err
			}
			if err := tx.Later(nil, func() error { return tx.InsertMany("thing", columns(more)...) }); err != nil {
				return err
			}
			return tx.QueryRow("SELECT SUM(cost) FROM thing WHERE label = ?", more[0].Label).Scan(&sum)
		})
		want := slices.SortedFunc(slices.Values(list), func(a, b thing) int { return slices.Compare(a.ID[:], b.ID[:]) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if sum != more[0].Cost {
			t.Errorf("got the sum %d, want %d", sum, more[0].Cost)
		}
	})
}

func TestAQuestionThatFailsIsNotTheFaultOfTheWritesBeforeIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		list := some(2)
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			if err := later(tx, list, worded); err != nil {
				return err
			}
			_, err := tx.Query("SELECT nothing FROM nowhere")
			return err
		})
		if err == nil || errors.Is(err, errWorded) {
			t.Errorf("got %v, want the question's own error", err)
		}
		if got := read(t, d, thingIDs(list)); len(got) != 0 {
			t.Errorf("%d rows of the failed transaction are there", len(got))
		}
	})
}

var errWorded = errors.New("in the writer's words")

func worded(err error) error { return fmt.Errorf("%w: %w", errWorded, err) }

func TestAWriteThatWaitedFailsItsTransactionInItsOwnWords(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		there, other := some(1), some(1)
		other[0].Label = "other"
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(there)...) })
		for name, after := range map[string]func(tx *db.Tx) error{
			"at the end": func(*db.Tx) error { return nil },
			"at the next statement": func(tx *db.Tx) error {
				var n int
				return tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n)
			},
			"at a statement whose error is worded": func(tx *db.Tx) error {
				if _, err := tx.Exec("UPDATE thing SET cost = ?", 1); err != nil {
					return errors.New("something else")
				}
				return nil
			},
		} {
			err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
				if err := tx.Later(nil, func() error { return tx.InsertMany("thing", columns(other)...) }); err != nil {
					return err
				}
				if err := later(tx, there, worded); err != nil {
					return err
				}
				return after(tx)
			})
			if _, duplicate := errors.AsType[*db.Duplicate](err); !duplicate || !errors.Is(err, errWorded) {
				t.Errorf("%s: got %v, want the duplicate in the writer's words", name, err)
			}
			if got := read(t, d, thingIDs(other)); len(got) != 0 {
				t.Errorf("%s: %d rows of the failed transaction are there", name, len(got))
			}
		}
	})
}

func TestAStaleRowAmongWritesThatWaitRunsTheClosureAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		list, tries := some(2), 0
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(list)...) })
		update(t, d, func(tx *db.Tx) error {
			ids := thingIDs(list)
			if tries++; tries == 1 {
				ids[1] = id.New() // as if somebody else had deleted it
			}
			return tx.Later(nil, func() error {
				return tx.UpdateMany("thing", []string{"id"}, db.Col("id", ids), db.Same("cost", 5, 2))
			})
		})
		if tries != 2 {
			t.Errorf("got %d tries, want a stale one and a good one", tries)
		}
	})
}

func TestNothingIsAskedAmongWritesThatWait(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		defer db.Quiet()()
		for name, ask := range map[string]func(tx *db.Tx) error{
			"Exec":       func(tx *db.Tx) error { _, err := tx.Exec("DELETE FROM thing"); return err },
			"Query":      func(tx *db.Tx) error { _, err := tx.Query("SELECT id FROM thing"); return err },
			"QueryRow":   func(tx *db.Tx) error { var n int; return tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n) },
			"DeleteMany": func(tx *db.Tx) error { _, err := tx.DeleteMany("thing", columns(some(1))[0]); return err },
		} {
			err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
				return tx.Later(nil, func() error { return ask(tx) })
			})
			if !fault.Is(err, fault.Internal) {
				t.Errorf("%s: got %v, want Internal", name, err)
			}
		}
	})
}

// A transaction that only writes goes to the server as one message before COMMIT, the
// mark with it: what was lost on the way did not happen, and is done again.
func TestWritesThatWaitSurviveALostConnection(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		for how, want := range map[int32]int{cutBefore: 2, cutAfter: 1} {
			t.Run(engine, func(t *testing.T) {
				d, cut := lossy(t, engine)
				if err := db.Make(t.Context(), d, makeThing); err != nil {
					t.Fatal(err)
				}
				x, runs := some(3), 0
				update(t, d, func(tx *db.Tx) error {
					if runs++; runs == 1 {
						cut(how)
					}
					return later(tx, x, nil)
				})
				if runs != want {
					t.Errorf("cut %d: got %d runs, want %d", how, runs, want)
				}
				if got := read(t, d, thingIDs(x)); len(got) != 3 {
					t.Errorf("cut %d: got %d rows, want 3", how, len(got))
				}
			})
		}
	}
}
