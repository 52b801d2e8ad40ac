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

// Few rows go with COMMIT, many before it.
func TestAStaleRowAmongWritesThatWaitRunsTheClosureAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		named := func(name string, n int) []thing {
			list := some(n)
			for i := range list {
				list[i].Label, list[i].Rank = label(fmt.Sprintf("%s of %d", name, n)), int32(i)
			}
			return list
		}
		for _, n := range []int{2, 200} {
			list, first, last, tries := named("there", n), named(fmt.Sprint("first beside ", n), 1), named(fmt.Sprint("last beside ", n), 1), 0
			update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(list)...) })
			update(t, d, func(tx *db.Tx) error {
				ids, new := thingIDs(list), last
				if tries++; tries == 1 {
					ids[1], new = id.New(), first // as if somebody else had deleted it
				}
				if tx.Rerun != (tries > 1) {
					t.Errorf("%d rows: at try %d Rerun is %v", n, tries, tx.Rerun)
				}
				return tx.Later(nil, func() error {
					err := tx.UpdateMany("thing", []string{"id"}, db.Col("id", ids), db.Same("cost", 5, n))
					return errors.Join(err, tx.InsertMany("thing", columns(new)...))
				})
			})
			if tries != 2 {
				t.Errorf("%d rows: got %d tries, want a stale one and a good one", n, tries)
			}
			if got := read(t, d, append(thingIDs(first), thingIDs(last)...)); len(got) != 1 || got[0].ID != last[0].ID {
				t.Errorf("%d rows: got %v, want what the good try wrote alone", n, got)
			}
		}
	})
}

func TestWhatIsExpectedHoldsOrTheClosureRunsAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		list, more := some(3), some(1)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(list)...) })
		for name, after := range map[string]func(tx *db.Tx) error{
			"at the end": func(*db.Tx) error { return nil },
			"at the next question": func(tx *db.Tx) error {
				var n int
				return tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n)
			},
		} {
			tries := 0
			update(t, d, func(tx *db.Tx) error {
				costs := column(list, func(x thing) money.Amount { return x.Cost })
				if tries++; tries == 1 {
					costs[2]++
				}
				return errors.Join(tx.Later(nil, func() error {
					return errors.Join(
						tx.Expect("thing", db.Col("id", thingIDs(list)), db.Col("cost", costs)),
						tx.Expect("thing", db.Col("id", []id.ID(nil))),
						tx.UpdateMany("thing", []string{"id"}, db.Col("id", thingIDs(list)), db.Same("label", label(name), 3)))
				}), after(tx))
			})
			if got := read(t, d, thingIDs(list)); tries != 2 || got[0].Label != label(name) {
				t.Errorf("%s: got %d tries and the label %q", name, tries, got[0].Label)
			}
		}
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return tx.Expect("thing", db.Col("id", thingIDs(more))) })
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("what is never there: got %v, want Unavailable", err)
		}
	})
}

func TestNothingIsAskedAmongWritesThatWait(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		defer db.Quiet()()
		for name, ask := range map[string]func(tx *db.Tx) error{
			"Exec":     func(tx *db.Tx) error { _, err := tx.Exec("DELETE FROM thing"); return err },
			"Query":    func(tx *db.Tx) error { _, err := tx.Query("SELECT id FROM thing"); return err },
			"QueryRow": func(tx *db.Tx) error { var n int; return tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n) },
			"Ask":      func(tx *db.Tx) error { return tx.Ask() },
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

func TestRowsThatAreDeletedLaterAreGoneForTheNextStatementAndAfterTheCommit(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		list := some(4)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(list)...) })
		remove := func(tx *db.Tx, list ...thing) error {
			return tx.Later(nil, func() error { _, err := tx.DeleteMany("thing", db.Col("id", thingIDs(list))); return err })
		}
		update(t, d, func(tx *db.Tx) error {
			if err := remove(tx, list[0], list[1]); err != nil {
				return err
			}
			var n int
			if err := tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n); err != nil {
				return err
			}
			if n != 2 {
				t.Errorf("the next statement sees %d rows, want 2", n)
			}
			return remove(tx, list[1], list[2]) // one is gone already
		})
		if got := read(t, d, thingIDs(list)); len(got) != 1 || got[0].ID != list[3].ID {
			t.Errorf("after the commit: got %v, want the last one", got)
		}
	})
}
