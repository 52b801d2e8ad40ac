package db_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

var errOffends = errors.New("this member offends")

// things is a group that inserts the things it is given and answers with the
// rank of each; a negative rank offends. Its transactions report to seen.
func things(d *db.DB, o db.GroupOptions, seen func([]thing)) *db.Group[thing, int32] {
	size := func(x thing) (int, int) { return 1, len(x.Body) }
	return db.NewGroup(d, "things", o, size, func(tx *db.Tx, in []thing) ([]int32, error) {
		seen(in)
		if err := tx.InsertMany("thing", columns(in)...); err != nil {
			return nil, err
		}
		out := make([]int32, len(in))
		for i, x := range in {
			if out[i] = x.Rank; x.Rank < 0 {
				return nil, errOffends
			}
		}
		return out, nil
	})
}

// held makes a group whose first transaction waits until the others have joined.
func held(t *testing.T, d *db.DB, o db.GroupOptions, in []thing) (answers []int32, errs []error, groups [][]thing) {
	t.Helper()
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	g := things(d, o, func(in []thing) {
		groups = append(groups, slices.Clone(in))
		once.Do(func() { close(started); <-release })
	})
	answers, errs = make([]int32, len(in)), make([]error, len(in))
	var all sync.WaitGroup
	all.Go(func() {
		x := some(1)[0]
		x.Rank, x.Label = 1<<30, "first"
		if _, err := g.Join(t.Context(), x); err != nil {
			t.Errorf("the first member: %v", err)
		}
	})
	<-started
	for i, x := range in {
		all.Go(func() { answers[i], errs[i] = g.Join(t.Context(), x) })
		db.AwaitQueued(g, i+1)
	}
	close(release)
	all.Wait()
	if err := g.Drain(t.Context()); err != nil {
		t.Errorf("drain: %v", err)
	}
	return answers, errs, groups
}

func TestEachMemberOfAGroupGetsItsOwnAnswer(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		in := some(40)
		answers, errs, groups := held(t, d, db.GroupOptions{}, in)
		for i := range in {
			if errs[i] != nil || answers[i] != in[i].Rank {
				t.Errorf("member %d: got %d, %v; want %d", i, answers[i], errs[i], in[i].Rank)
			}
		}
		if len(groups) != 2 || len(groups[1]) != 40 {
			t.Errorf("got %d transactions, want the first member's and one for all others", len(groups))
		}
		if got := read(t, d, thingIDs(in)); len(got) != 40 {
			t.Errorf("got %d rows, want 40", len(got))
		}
	})
}

func TestAGroupIsHalvedUntilItsOffendersStandAlone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		in := some(21)
		in[4].Rank, in[17].Rank = -1, -2
		in[9].ID = in[8].ID // a duplicate offends too, in whichever transaction comes later
		_, errs, _ := held(t, d, db.GroupOptions{}, in)
		for i, err := range errs {
			_, dup := errors.AsType[*db.Duplicate](err)
			switch {
			case i == 4 || i == 17:
				if !errors.Is(err, errOffends) {
					t.Errorf("offender %d: got %v", i, err)
				}
			case i == 9:
				if !dup {
					t.Errorf("duplicate %d: got %v", i, err)
				}
			case err != nil:
				t.Errorf("member %d: got %v, want success", i, err)
			}
		}
		if got := read(t, d, thingIDs(in)); len(got) != 18 {
			t.Errorf("got %d rows, want 18", len(got))
		}
	})
}

func TestAGroupStaysWithinItsBounds(t *testing.T) {
	d := openWith(t, "sqlite")
	in := some(10)
	for i := range in {
		in[i].Body = make([]byte, 100)
	}
	in[6].Body = make([]byte, 5000)
	for name, c := range map[string]struct {
		o    db.GroupOptions
		want []int
	}{
		"members": {db.GroupOptions{Members: 4}, []int{1, 4, 4, 2}},
		"rows":    {db.GroupOptions{Rows: 3}, []int{1, 3, 3, 3, 1}},
		"bytes":   {db.GroupOptions{Bytes: 500}, []int{1, 5, 1, 1, 3}},
	} {
		for i := range in {
			in[i].ID, in[i].Label = id.New(), label(name)
		}
		_, _, groups := held(t, d, c.o, in)
		var got []int
		for _, g := range groups {
			got = append(got, len(g))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got transactions of %v, want %v", name, got, c.want)
		}
		update(t, d, func(tx *db.Tx) error { _, err := tx.Exec("DELETE FROM thing WHERE label = ?", "first"); return err })
	}
}

func TestAMemberWhoLeavesBeforeItsTransactionIsWithdrawn(t *testing.T) {
	d := openWith(t, "sqlite")
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	g := things(d, db.GroupOptions{}, func([]thing) { once.Do(func() { close(started); <-release }) })
	x := some(3)
	inside, leaveInside := context.WithCancel(t.Context())
	waiting, leaveWaiting := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if got, err := g.Join(inside, x[0]); err != nil || got != x[0].Rank {
			t.Errorf("who left too late: got %v, %v; want its answer", got, err)
		}
	})
	<-started
	all.Go(func() {
		if _, err := g.Join(t.Context(), x[2]); err != nil {
			t.Errorf("who stayed: %v", err)
		}
	})
	db.AwaitQueued(g, 1)
	leaveInside()
	left := make(chan error)
	go func() { _, err := g.Join(waiting, x[1]); left <- err }()
	db.AwaitQueued(g, 2)
	leaveWaiting()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left in time: got %v, want %v", err, context.Canceled)
	}
	close(release)
	all.Wait()
	if got := read(t, d, thingIDs(x)); len(got) != 2 {
		t.Errorf("got %d rows, want those of the two who stayed", len(got))
	}
	if _, err := g.Join(waiting, x[1]); !errors.Is(err, context.Canceled) {
		t.Errorf("who came too late: got %v, want %v", err, context.Canceled)
	}
}

func TestDrainWaitsForThoseInsideAndLetsNobodyIn(t *testing.T) {
	d := openWith(t, "sqlite")
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	g := things(d, db.GroupOptions{}, func([]thing) { once.Do(func() { close(started); <-release }) })
	x := some(2)
	answered := make(chan error)
	go func() { _, err := g.Join(t.Context(), x[0]); answered <- err }()
	<-started
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Drain(short); !errors.Is(err, context.Canceled) {
		t.Errorf("an impatient drain: got %v, want %v", err, context.Canceled)
	}
	if _, err := g.Join(t.Context(), x[1]); !fault.Is(err, fault.Unavailable) {
		t.Errorf("who comes late: got %v, want Unavailable", err)
	}
	close(release)
	if err := <-answered; err != nil {
		t.Errorf("who was inside: %v", err)
	}
	if err := g.Drain(t.Context()); err != nil {
		t.Errorf("drain: %v", err)
	}
	if err := things(d, db.GroupOptions{}, nil).Drain(t.Context()); err != nil {
		t.Errorf("drain of an idle group: %v", err)
	}
}

func TestAPanickingMemberDoesNotTakeTheOthersAlong(t *testing.T) {
	d := openWith(t, "sqlite")
	in := some(6)
	var all sync.WaitGroup
	g := things(d, db.GroupOptions{}, func(in []thing) {
		if slices.ContainsFunc(in, func(x thing) bool { return x.Rank == 3 }) {
			panic("boom")
		}
	})
	for i, x := range in {
		all.Go(func() {
			_, err := g.Join(t.Context(), x)
			if i == 3 != fault.Is(err, fault.Internal) || i != 3 && err != nil {
				t.Errorf("member %d: got %v", i, err)
			}
		})
	}
	all.Wait()
}

func TestTroubleOfTheDatabaseIsEverybodysAndNotHalved(t *testing.T) {
	link := dbtest.Migrated(t, "sqlite")
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.Connect(t, link, db.Options{})
		runs := map[int]int{} // per member
		g := db.NewGroup(d, "stale", db.GroupOptions{}, func(int) (int, int) { return 1, 1 }, func(_ *db.Tx, in []int) ([]int, error) {
			for _, m := range in {
				runs[m]++
			}
			return nil, db.ErrStale
		})
		var all sync.WaitGroup
		for m := range 8 {
			all.Go(func() {
				if _, err := g.Join(t.Context(), m); !fault.Is(err, fault.Unavailable) {
					t.Errorf("got %v, want Unavailable", err)
				}
			})
		}
		all.Wait()
		for m, n := range runs {
			if n != runs[0] {
				t.Errorf("member %d ran %d times, member 0 %d times: the group was halved", m, n, runs[0])
			}
		}
	})
}

func TestGroupsOfManySequencersAnswerEverybodyOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		inserted := map[id.ID]bool{}
		g := things(d, db.GroupOptions{Members: 16, Sequencers: 3}, func(in []thing) {
			mu.Lock()
			defer mu.Unlock()
			for _, x := range in {
				inserted[x.ID] = true
			}
		})
		in := some(300)
		var all sync.WaitGroup
		for w := range 20 {
			all.Go(func() {
				for i := w; i < len(in); i += 20 {
					if got, err := g.Join(t.Context(), in[i]); err != nil || got != in[i].Rank {
						t.Errorf("member %d: got %d, %v", i, got, err)
					}
				}
			})
		}
		all.Wait()
		if got := len(read(t, d, thingIDs(in))); got != 300 || len(inserted) != 300 {
			t.Errorf("got %d rows, want 300", got)
		}
	})
}

// apart is a group of locks; each of its transactions tells its first member to begun and
// waits until that may go on.
func apart(d *db.DB, begun chan<- string, mayGo map[string]chan struct{}) *db.Group[string, string] {
	return db.NewApartGroup(d, "apart", func(string) (int, int) { return 1, 1 }, func(lock string) string { return lock },
		func(_ *db.Tx, in []string) ([]string, error) {
			begun <- in[0]
			<-mayGo[in[0]]
			return in, nil
		})
}

func TestTransactionsThatShareNoLockRunTwoAtATime(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		begun := make(chan string, 10)
		mayGo := map[string]chan struct{}{"a": make(chan struct{}), "b": make(chan struct{})}
		g := apart(d, begun, mayGo)
		var all sync.WaitGroup
		join := func(lock string) {
			all.Go(func() {
				if got, err := g.Join(t.Context(), lock); err != nil || got != lock {
					t.Errorf("%s: got %q, %v", lock, got, err)
				}
			})
		}
		join("a")
		<-begun
		join("a")
		db.AwaitQueued(g, 1)
		join("b")
		if d.Engine() == "sqlite" { // which has one writer
			db.AwaitQueued(g, 2)
		} else if got := <-begun; got != "b" {
			t.Errorf("beside the transaction of a: got %q, want b, and the other a to wait", got)
		}
		close(mayGo["b"])
		close(mayGo["a"])
		all.Wait()
		if got := <-begun; got != "a" {
			t.Errorf("after the first transaction: got %q, want the a that waited", got)
		}
	})
}

func TestNoLockIsInTwoTransactionsAtATime(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		under, answered := map[int32]bool{}, 0
		mark := func(in []thing, is bool) {
			mu.Lock()
			defer mu.Unlock()
			own := map[int32]bool{}
			for _, x := range in {
				own[x.Rank%7] = true
			}
			for lock := range own {
				if is && under[lock] {
					t.Errorf("lock %d is in two transactions", lock)
				}
				under[lock] = is
			}
		}
		g := db.NewApartGroup(d, "apart", func(thing) (int, int) { return 1, 1 }, func(x thing) string { return strconv.Itoa(int(x.Rank % 7)) },
			func(tx *db.Tx, in []thing) ([]id.ID, error) {
				mark(in, true)
				defer mark(in, false)
				out := make([]id.ID, len(in))
				for i, x := range in {
					out[i] = x.ID
				}
				return out, tx.InsertMany("thing", columns(in)...)
			})
		in := some(300)
		var all sync.WaitGroup
		for w := range 20 {
			all.Go(func() {
				for i := w; i < len(in); i += 20 {
					got, err := g.Join(t.Context(), in[i])
					if err != nil || got != in[i].ID {
						t.Errorf("member %d: got %v, %v", i, got, err)
					}
					mu.Lock()
					answered++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if got := len(read(t, d, thingIDs(in))); got != 300 || answered != 300 {
			t.Errorf("got %d rows and %d answers, want 300", got, answered)
		}
	})
}

func TestAGroupThatForgetsAnAnswerFails(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	g := db.NewGroup(d, "short", db.GroupOptions{}, func(int) (int, int) { return 1, 1 },
		func(*db.Tx, []int) ([]string, error) { return nil, nil })
	if got, err := g.Join(t.Context(), 1); err == nil {
		t.Errorf("got %q, want an error", got)
	}
}
