package db_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// lossy opens a migrated database whose next COMMIT can be cut: at the socket
// for servers, in the driver for SQLite.
func lossy(t *testing.T, engine string) (d *db.DB, cut func(how int32)) {
	t.Helper()
	link := dbtest.Migrated(t, engine)
	if engine != "sqlite" {
		p, link := through(t, link)
		return dbtest.Connect(t, link, db.Options{}), p.cut.Store
	}
	d = dbtest.Connect(t, link, db.Options{})
	var next int32
	db.OnCommit(d, func(ctx context.Context, commit func(context.Context) error) error {
		how := next
		next = cutNothing
		switch how {
		case cutBefore:
			return driver.ErrBadConn
		case cutAfter:
			return errors.Join(driver.ErrBadConn, commit(ctx))
		}
		return commit(ctx)
	})
	return d, func(how int32) { next = how }
}

func TestACommitLostOnItsWayHappensExactlyOnce(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		for how, wantRuns := range map[int32]int{cutBefore: 2, cutAfter: 1} {
			t.Run(engine, func(t *testing.T) {
				d, cut := lossy(t, engine)
				if err := db.Make(t.Context(), d, makeThing); err != nil {
					t.Fatal(err)
				}
				x, runs := some(1), 0
				var answer int
				err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
					if runs++; runs == 1 {
						cut(how)
					}
					answer = runs
					return tx.InsertMany("thing", columns(x)...)
				})
				if err != nil || runs != wantRuns || answer != wantRuns {
					t.Errorf("cut %d: got %v after %d runs, want success after %d", how, err, runs, wantRuns)
				}
				if got := read(t, d, thingIDs(x)); len(got) != 1 {
					t.Errorf("cut %d: got %d rows, want 1", how, len(got))
				}
			})
		}
	}
}

func TestALostCommitIsLookedUpEvenAfterItsCallerLeft(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		for how, want := range map[int32]error{cutBefore: context.Canceled, cutAfter: nil} {
			t.Run(engine, func(t *testing.T) {
				d, cut := lossy(t, engine)
				ctx, leave := context.WithCancel(t.Context())
				db.OnCommit(d, func(ctx context.Context, commit func(context.Context) error) error {
					leave()
					return commit(ctx)
				})
				runs := 0
				err := d.Update(ctx, "test", func(tx *db.Tx) error {
					runs++
					cut(how)
					return nil
				})
				if !errors.Is(err, want) || runs != 1 {
					t.Errorf("cut %d: got %v after %d runs, want %v after one", how, err, runs, want)
				}
			})
		}
	}
}

func TestACallerWhoLeavesDuringCommitDoesNotStopIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, leave := context.WithCancel(t.Context())
		db.OnCommit(d, func(ctx context.Context, commit func(context.Context) error) error {
			leave()
			return commit(ctx)
		})
		if err := d.Update(ctx, "test", func(*db.Tx) error { return nil }); err != nil {
			t.Errorf("got %v, want the commit", err)
		}
	})
}

func TestACallerWhoLeftEarlierCommitsNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, leave := context.WithCancel(t.Context())
		x := some(1)
		err := d.Update(ctx, "test", func(tx *db.Tx) error {
			err := tx.InsertMany("thing", columns(x)...)
			leave()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		if got := read(t, d, thingIDs(x)); len(got) != 0 {
			t.Errorf("got %d rows, want none", len(got))
		}
	})
}

func TestAConnectionLostInsideATransactionRunsItAgain(t *testing.T) {
	kill := map[string]string{"postgres": "SELECT pg_terminate_backend(pg_backend_pid())", "mysql": "KILL CONNECTION_ID()"}
	for _, engine := range dbtest.Engines() {
		if kill[engine] == "" {
			continue // SQLite has no connection to lose
		}
		t.Run(engine, func(t *testing.T) {
			d := openWith(t, engine)
			x, runs := some(1), 0
			update(t, d, func(tx *db.Tx) error {
				if err := tx.InsertMany("thing", columns(x)...); err != nil {
					return err
				}
				if runs++; runs == 1 {
					_, err := tx.Exec(kill[engine])
					return err
				}
				return nil
			})
			if got := read(t, d, thingIDs(x)); runs != 2 || len(got) != 1 {
				t.Errorf("got %d rows after %d runs, want 1 after 2", len(got), runs)
			}
		})
	}
}

func TestAStaleRowRunsTheClosureAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		x, missing, runs := some(1), id.New(), 0
		update(t, d, func(tx *db.Tx) error {
			runs++
			if err := tx.InsertMany("thing", columns(x)...); err != nil {
				return err
			}
			key := x[0].ID
			if runs < 3 {
				key = missing
			}
			return tx.UpdateMany("thing", []string{"id"}, db.Col("id", []id.ID{key}), db.Col("cost", []int{runs}))
		})
		if got := read(t, d, thingIDs(x)); runs != 3 || len(got) != 1 || got[0].Cost != 3 {
			t.Errorf("got %v after %d runs, want the cost of run 3", got, runs)
		}
	})
}

func TestAClosureMayAnswerAStaleRowInItsOwnWords(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		runs := 0
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			runs++
			err := tx.UpdateMany("thing", []string{"id"}, db.Col("id", []id.ID{id.New()}), db.Col("cost", []int{1}))
			if errors.Is(err, db.ErrStale) {
				return fault.New(fault.Conflict, fault.CodeStateConflict, "it is gone")
			}
			return err
		})
		if !fault.Is(err, fault.Conflict) || runs != 1 {
			t.Errorf("got %v after %d runs, want the Conflict after one", err, runs)
		}
	})
}

func TestAnEnginesConflictDecidesHoweverItIsWorded(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == "sqlite" {
			continue // its conflicts are met at BEGIN, before the closure
		}
		t.Run(engine, func(t *testing.T) {
			d := openWith(t, engine)
			x, runs := some(1), 0
			update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(x)...) })
			held, release := make(chan struct{}), make(chan struct{})
			var other sync.WaitGroup
			other.Go(func() {
				if err := d.Update(t.Context(), "holder", func(tx *db.Tx) error {
					err := addOne(tx, x[0].ID)
					close(held)
					<-release
					return err
				}); err != nil {
					t.Errorf("holder: %v", err)
				}
			})
			<-held
			err := d.Update(t.Context(), "waiter", func(tx *db.Tx) error {
				runs++
				if err := addOne(tx, x[0].ID); err != nil {
					close(release) // the wait for the lock has ended
					return fault.New(fault.Internal, fault.CodeInternal, "no word of a conflict")
				}
				return nil
			})
			other.Wait()
			if got := read(t, d, thingIDs(x)); err != nil || runs != 2 || got[0].Cost != x[0].Cost+2 {
				t.Errorf("got %v, %v after %d runs, want both additions", err, got[0].Cost, runs)
			}
		})
	}
}

func TestAConflictWithoutEndBecomesUnavailable(t *testing.T) {
	link := dbtest.Migrated(t, "sqlite")
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.Connect(t, link, db.Options{})
		runs := 0
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			runs++
			return db.ErrStale
		})
		if !fault.Is(err, fault.Unavailable) || !errors.Is(err, db.ErrStale) || runs < 5 || runs > 50 {
			t.Errorf("got %v after %d runs, want a bounded number and Unavailable", err, runs)
		}
	})
}

func TestACommitInDoubtForeverSaysSo(t *testing.T) {
	link := dbtest.Migrated(t, "sqlite")
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.Connect(t, link, db.Options{})
		runs, start := 0, time.Now()
		db.OnCommit(d, func(context.Context, func(context.Context) error) error { return driver.ErrBadConn })
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			runs++
			return nil
		})
		if !errors.Is(err, db.ErrInDoubt) || !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v after %d runs, want ErrInDoubt", err, runs)
		}
		if d := time.Since(start); d < 20*time.Second || d > time.Minute {
			t.Errorf("gave up after %v", d)
		}
	})
}

func TestOppositeLockOrdersEndInOneRerun(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == "sqlite" {
			continue // one writer: there is nothing to be in a deadlock with
		}
		t.Run(engine, func(t *testing.T) {
			d := openWith(t, engine)
			x := some(2)
			update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(x)...) })
			var met sync.WaitGroup
			met.Add(2)
			var both sync.WaitGroup
			for i := range 2 {
				both.Go(func() {
					first := true
					err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
						if _, err := tx.Exec("UPDATE thing SET cost = cost + 10 WHERE id = ?", x[i].ID); err != nil {
							return err
						}
						if first {
							first = false
							met.Done()
							met.Wait()
						}
						_, err := tx.Exec("UPDATE thing SET cost = cost + 1 WHERE id = ?", x[1-i].ID)
						return err
					})
					if err != nil {
						t.Errorf("got %v, want both to succeed", err)
					}
				})
			}
			both.Wait()
			for i, got := range read(t, d, thingIDs(x)) {
				if want := x[i].Cost + 11; got.Cost != want {
					t.Errorf("thing %d: got %v, want %v", i, got.Cost, want)
				}
			}
		})
	}
}

func TestLockedReadsLoseNoUpdate(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		x := some(1)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(x)...) })
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				for range 15 {
					if err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return addOne(tx, x[0].ID) }); err != nil {
						t.Errorf("update: %v", err)
					}
				}
			})
		}
		all.Wait()
		if got := read(t, d, thingIDs(x)); got[0].Cost != x[0].Cost+90 {
			t.Errorf("got %v, want %v", got[0].Cost, x[0].Cost+90)
		}
	})
}

func addOne(tx *db.Tx, key id.ID) error {
	rows, err := tx.ForUpdate("SELECT cost FROM thing WHERE id = ? ORDER BY id", key)
	costs, err := db.Collect(rows, err, func(r *sql.Rows) (n int64, err error) { return n, r.Scan(&n) })
	if err != nil {
		return err
	}
	return tx.UpdateMany("thing", []string{"id"}, db.Col("id", []id.ID{key}), db.Col("cost", []int64{costs[0] + 1}))
}

func TestClaimPassesOverWhatOthersHold(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == "sqlite" {
			continue // claims come one after the other there
		}
		t.Run(engine, func(t *testing.T) {
			d := openWith(t, engine)
			x := some(4)
			update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(x)...) })
			claim := func(tx *db.Tx) ([]id.ID, error) {
				rows, err := tx.Claim("SELECT id FROM thing WHERE rank < ? ORDER BY id LIMIT 2", 100)
				return db.Collect(rows, err, func(r *sql.Rows) (k id.ID, err error) { return k, r.Scan(&k) })
			}
			update(t, d, func(tx *db.Tx) error {
				first, err := claim(tx)
				if err != nil {
					return err
				}
				return d.Update(context.WithoutCancel(t.Context()), "other", func(tx *db.Tx) error {
					second, err := claim(tx)
					if len(first) != 2 || len(second) != 2 || first[0] == second[0] || first[1] == second[1] {
						t.Errorf("claimed %v and %v, want four rows", first, second)
					}
					return err
				})
			})
		})
	}
}

func TestAFailedStatementCannotBeCommitted(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		x := some(2)
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			if err := tx.InsertMany("thing", columns(x[:1])...); err != nil {
				return err
			}
			_ = tx.InsertMany("thing", columns(x[:1])...) // the closure looks away
			return nil
		})
		if _, ok := errors.AsType[*db.Duplicate](err); !ok {
			t.Errorf("got %v, want the duplicate that was ignored", err)
		}
		if got := read(t, d, thingIDs(x)); len(got) != 0 {
			t.Errorf("got %d rows, want none", len(got))
		}
	})
}

func TestAPanicRollsBackAndLeavesTheConnectionUsable(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		x := some(1)
		for range 8 { // more often than there are connections
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
				}()
				_ = d.Update(t.Context(), "test", func(tx *db.Tx) error {
					_ = tx.InsertMany("thing", columns(x)...)
					panic("boom")
				})
			}()
		}
		if got := read(t, d, thingIDs(x)); len(got) != 0 {
			t.Errorf("got %d rows, want none", len(got))
		}
	})
}
