package stat

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/provider"
)

// crowd is appenders, folders and readers at work at once. Each appended pair counts one
// delivered by Alimtalk and one failed by SMS, so a read that sees half of one shows it.
type crowd struct {
	t     *testing.T
	d     *db.DB
	begun atomic.Int64 // pairs that may count
	done  atomic.Int64 // pairs that do
}

const (
	appenders = 4
	pairsEach = 60
)

// append commits pairs, some of them at the second try, some over two days.
func (c *crowd) append(n int) {
	for i := range pairsEach {
		site := fmt.Sprintf("site-%d", (n+i)%3)
		fails := rand.N(5) == 0
		fn := func(tx *db.Tx) error {
			tx.Now = noon.Add(time.Duration(i%2) * 24 * time.Hour)
			err := Append(tx,
				Delta{Site: site, Channel: provider.Alimtalk, Strategy: "alimtalk_first", Provider: "solapi", Figures: Figures{Delivered: 1}},
				Delta{Site: site, Channel: provider.SMS, Strategy: "sms_only", Provider: "solapi", Figures: Figures{Failed: 1}})
			if err == nil && fails {
				err = errUndone
			}
			return err
		}
		if fails {
			if err := c.d.Update(c.t.Context(), "test", fn); !errors.Is(err, errUndone) {
				c.t.Errorf("append: got %v, want it undone", err)
			}
			fails = false
		}
		c.begun.Add(1)
		if err := c.d.Update(c.t.Context(), "test", fn); err != nil {
			c.t.Errorf("append: %v", err)
		}
		c.done.Add(1)
	}
}

// fold walks until ctx ends; some of its transactions are undone. It gives the number
// of rows that it folded.
func (c *crowd) fold(ctx context.Context) (total int64) {
	for last := (Place{}); ctx.Err() == nil; {
		var f Folded
		fails := rand.N(4) == 0
		err := c.d.Update(c.t.Context(), "test", func(tx *db.Tx) (err error) {
			if f, err = Fold(tx, last, 1+rand.N(20)); err == nil && fails {
				err = errUndone
			}
			return err
		})
		if fails && errors.Is(err, errUndone) {
			continue
		}
		if err != nil {
			c.t.Errorf("fold: %v", err)
			return total
		}
		total += int64(f.Rows)
		if last = f.Last; f.End {
			last = Place{}
		}
	}
	return total
}

// read makes sure, until ctx ends, that every answer is one of a moment in which as
// many pairs had committed, and none is behind the one before.
func (c *crowd) read(ctx context.Context) {
	for ctx.Err() == nil {
		atLeast := c.done.Load()
		var rows []Row
		err := c.d.View(c.t.Context(), "test", func(tx *db.Tx) (err error) {
			rows, err = ReadAll(tx, Query{From: december1, Until: "2026-12-02"}, "")
			return err
		})
		atMost := c.begun.Load()
		if err != nil {
			c.t.Errorf("read: %v", err)
			return
		}
		if r := rows[0]; r.Delivered != r.Failed || r.Delivered < atLeast || r.Delivered > atMost {
			c.t.Errorf("read %d delivered and %d failed, want the same of both, between %d and %d", r.Delivered, r.Failed, atLeast, atMost)
			return
		}
	}
}

func TestTwoFoldersAndManyAppendersLoseAndDoubleNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := &crowd{t: t, d: d}
		ctx, end := context.WithCancel(t.Context())
		var appending, rest sync.WaitGroup
		var folded atomic.Int64
		for n := range appenders {
			appending.Go(func() { c.append(n) })
		}
		for range 2 {
			rest.Go(func() { folded.Add(c.fold(ctx)) })
			rest.Go(func() { c.read(ctx) })
		}
		appending.Wait()
		end()
		rest.Wait()
		left, err := FoldAll(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		const pairs = appenders * pairsEach
		if n := folded.Load() + left; n != 2*pairs || count(t, d, unfolded) != 0 {
			t.Errorf("%d rows were folded and %d are left, want %d and none", n, count(t, d, unfolded), 2*pairs)
		}
		r := readAll(t, d, Query{From: december1, Until: "2026-12-02"})[0]
		equal(t, "figures", r.Figures, Figures{Delivered: pairs, Failed: pairs})
	})
}

// hold runs a transaction that says when it has done its work and commits when it is
// let go. It waits where only a test does: the servers' other writers go on meanwhile.
func hold(t *testing.T, d *db.DB, fn func(*db.Tx) error) (release func()) {
	t.Helper()
	worked, let, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- d.Update(t.Context(), "held", func(tx *db.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			var n int
			if err := tx.QueryRow(unfolded).Scan(&n); err != nil { // has what waited sent
				return err
			}
			close(worked)
			<-let
			return nil
		})
	}()
	select {
	case <-worked:
	case err := <-ended:
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		close(let)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// servers are the engines on which several transactions write at once.
func servers(t *testing.T, test func(t *testing.T, d *db.DB)) {
	for _, engine := range dbtest.Engines() {
		if engine != "sqlite" {
			t.Run(engine, func(t *testing.T) { test(t, dbtest.Open(t, engine)) })
		}
	}
}

func TestADeltaThatBeganEarlyAndCommitsLateIsFolded(t *testing.T) {
	servers(t, func(t *testing.T, d *db.DB) {
		release := hold(t, d, func(tx *db.Tx) error {
			tx.Now = noon
			return Append(tx, delta1("a", Figures{Delivered: 1}), delta1("b", Figures{Delivered: 1}))
		})
		for _, site := range []string{"a", "b", "c"} {
			appendAt(t, d, noon.Add(24*time.Hour), delta1(site, Figures{Delivered: 2}))
		}
		foldAll(t, d, 3)
		q := Query{From: december1, Until: "2026-12-02"}
		if r := readAll(t, d, q)[0]; r.Delivered != 6 {
			t.Errorf("before the late commit: got %d delivered, want 6", r.Delivered)
		}
		release()
		for _, want := range []int64{2, 0} {
			if r := readAll(t, d, q)[0]; r.Delivered != 8 {
				t.Errorf("after the late commit: got %d delivered, want 8", r.Delivered)
			}
			foldAll(t, d, want)
		}
	})
}

func TestAFoldPassesOverWhatAnotherHasTaken(t *testing.T) {
	servers(t, func(t *testing.T, d *db.DB) {
		for _, site := range []string{"a", "b", "c", "d"} {
			appendAt(t, d, noon, delta1(site, Figures{Delivered: 1}))
		}
		release := hold(t, d, func(tx *db.Tx) error {
			f, err := Fold(tx, Place{}, 2)
			if err == nil && f.Rows != 2 {
				err = fmt.Errorf("the first fold has %+v, want 2 rows", f)
			}
			return err
		})
		foldAll(t, d, 2)
		q := Query{From: december1, Until: december1}
		if r := readAll(t, d, q)[0]; r.Delivered != 4 || count(t, d, unfolded) != 2 {
			t.Errorf("got %d delivered, %d rows unfolded; want 4, 2", r.Delivered, count(t, d, unfolded))
		}
		release()
		if r := readAll(t, d, q)[0]; r.Delivered != 4 || count(t, d, unfolded) != 0 {
			t.Errorf("got %d delivered, %d rows unfolded; want 4, none", r.Delivered, count(t, d, unfolded))
		}
	})
}
