package db_test

import (
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

func TestTheDatabasesClockCorrectsOurs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var slow atomic.Int64 // how far the local clock is behind
		db.SetLocal(d, func() time.Time { return time.Now().Add(-time.Duration(slow.Load())) })
		measure := func(want bool) {
			t.Helper()
			if err := d.Clock(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := d.ClockOK(); got != want {
				t.Errorf("ClockOK: got %v, want %v", got, want)
			}
		}
		behind := func() time.Duration {
			var now db.Time
			update(t, d, func(tx *db.Tx) error { now = tx.Now; return nil })
			return time.Since(now.Time())
		}
		near := func(got, want time.Duration) {
			t.Helper()
			if (got - want).Abs() > 900*time.Millisecond {
				t.Errorf("transactions are %v behind, want about %v", got, want)
			}
		}
		measure(true)
		slow.Store(int64(time.Hour)) // a jump
		measure(false)
		near(behind(), time.Hour) // the old offset still stands
		measure(true)             // seen twice
		near(behind(), 0)
		slow.Store(0) // jumps back, and at once forth again
		measure(false)
		slow.Store(int64(time.Hour))
		measure(true)
		near(behind(), 0)
		slow.Store(0) // two jumps that do not agree are no confirmation
		measure(false)
		slow.Store(int64(30 * time.Minute))
		measure(false)
		measure(true)
		near(behind(), 0)
	})
}

func TestATransactionHasOneTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		update(t, d, func(tx *db.Tx) error {
			first := tx.Now
			_, err := tx.Exec("DELETE FROM db_mark WHERE id IS NULL")
			if tx.Now != first || first.Sub(db.At(time.Now())).Abs() > time.Minute {
				t.Errorf("got %v, then %v at %v", first, tx.Now, time.Now())
			}
			return err
		})
	})
}
