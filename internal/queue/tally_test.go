package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// minutes are what stands in the table since a time.
func (w *world) minutes(since db.Time) (list []Minute) {
	w.t.Helper()
	w.must(func(tx *db.Tx) (err error) {
		list, err = Minutes(tx, since)
		return err
	})
	return list
}

// flush writes what a process did, at the world's time as far as rows tell.
func (w *world) flush(q *Queue) {
	w.t.Helper()
	if err := q.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestWhatBecameOfJobsIsCountedByTheMinuteWithHowLongItTook(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{BuryAfter: 2, Lease: time.Minute})
		begin := w.now
		later := func(d time.Duration) { w.now = w.now.Add(d) }
		w.put(send("a"), send("b"), send("c"), send("d"))
		later(2 * time.Second)
		got := w.claim(10) // each waited for two seconds
		later(3 * time.Second)
		w.must(func(tx *db.Tx) error {
			return w.q.End(tx, Ending{Claimed: got[0]}, Ending{Claimed: got[1], Again: w.now})
		})
		later(time.Second)
		w.must(func(tx *db.Tx) error { return w.q.Fail(tx, "x", got[2]) })
		later(54 * time.Second) // the next minute
		got = w.claim(10)       // b again, and c
		w.must(func(tx *db.Tx) error { return errors.Join(w.q.Done(tx, got[0]), w.q.Fail(tx, "x", got[1])) })
		later(2 * time.Second) // the lease of d runs out
		w.one()
		w.flush(w.q)
		want := []Minute{
			{Send, "send", begin, Tally{Done: 1, Again: 1, Failed: 1, Timed: 3,
				Waited: 6 * time.Second, LongestWait: 2 * time.Second, Took: 10 * time.Second, LongestRun: 4 * time.Second}},
			{Send, "send", begin.Add(time.Minute), Tally{}},
		}
		list := w.minutes(begin)
		if len(list) != 2 {
			t.Fatalf("got %+v, want two minutes", list)
		}
		if diff := cmp.Diff(want[0], list[0]); diff != "" {
			t.Error(diff)
		}
		if m := list[1]; m.At != want[1].At || m.Done != 1 || m.Failed != 2 || m.Buried != 1 || m.Timed != 2 || m.LongestWait < 55*time.Second {
			t.Errorf("got %+v, want one done, two failed of which one is buried and one has no times", m)
		}
	})
}

func TestCountsOfAllProcessesAddUpAndStayAfterTheirEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		w.now = db.At(time.Now()) // since minutes that are long over are forgotten
		begin, other := w.now, New(d, Options{})
		work := func(q *Queue, key string) {
			w.put(send(key))
			c := w.one()
			w.must(func(tx *db.Tx) error { return q.Done(tx, c) })
		}
		for i := range 3 {
			work(w.q, fmt.Sprint("a", i))
			work(other, fmt.Sprint("b", i))
			w.flush(w.q) // each time the sum of its own row
			w.flush(other)
		}
		w.q = New(d, Options{}) // as after a restart
		work(w.q, "c")
		w.flush(w.q)
		w.flush(other)
		list := w.minutes(begin)
		if len(list) != 1 || list[0].Done != 7 || list[0].Timed != 7 {
			t.Errorf("got %+v, want seven done in one minute", list)
		}
	})
}

func TestWhatIsNotCommittedIsNotCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		w.put(send("a"))
		c := w.one()
		given := errors.New("no")
		err := w.try(func(tx *db.Tx) error { return errors.Join(w.q.Done(tx, c), given) })
		if !errors.Is(err, given) {
			t.Fatal(err)
		}
		w.flush(w.q)
		if list := w.minutes(w.now); len(list) != 0 {
			t.Errorf("got %+v, want nothing", list)
		}
	})
}

func TestAMinuteThatIsOverTakesInWhatIsCommittedLate(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, "sqlite"), Options{})
	l := line{Send, "send"}
	at := db.At(time.Now()).Add(-time.Minute)
	w.q.tally.add(at, l, Tally{Done: 1})
	w.flush(w.q)
	w.q.tally.add(at, l, Tally{Done: 1})
	w.q.tally.add(at.Add(-time.Hour), l, Tally{Done: 1}) // of a minute that may be forgotten: it counts for one that is not
	w.flush(w.q)
	sum := Tally{}
	for _, m := range w.minutes(at.Add(-stillOpen)) {
		sum = sum.Plus(m.Tally)
	}
	if sum.Done != 3 {
		t.Errorf("got %+v, want three", sum)
	}
	w.q.tally.written(nil, nil, at.Add(time.Hour))
	if n := len(w.q.tally.slots); n != 0 {
		t.Errorf("%d slots are remembered an hour later", n)
	}
}

func TestCountsAreForgottenAfterTwoDaysAndAnIdleProcessWritesNone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		now := db.At(time.Now())
		for _, at := range []db.Time{now.Add(-tallyKept - time.Hour), now.Add(-tallyKept + time.Hour)} {
			w.q.tally.add(at, line{Send, "send"}, Tally{Done: 1})
		}
		w.flush(w.q)
		if err := w.q.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list := w.minutes(0); len(list) != 1 || list[0].At < now.Add(-tallyKept) {
			t.Errorf("got %+v, want the later one", list)
		}
		if slots, _ := w.q.tally.changed(); len(slots) != 0 {
			t.Errorf("%v would be written again", slots)
		}
	})
}

func TestARunnerWritesWhatItDidBeforeItEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ran := make(chan struct{})
		r := start(t, d, Options{Idle: slowly}, Work{}, func(ctx context.Context, r *running, jobs []Claimed) error {
			defer close(ran)
			return r.done(ctx, jobs)
		})
		r.put(send("a"))
		soon(t, "the job", ran)
		r.finish()
		w := newWorld(t, d, Options{})
		if list := w.minutes(0); len(list) != 1 || list[0].Done != 1 {
			t.Errorf("got %+v, want one done", list)
		}
	})
}

// BenchmarkTally counts the end of one job.
func BenchmarkTally(b *testing.B) {
	t, l, at := newTally(), line{Send, "send"}, db.At(time.Now())
	r, c := &row{state: ready}, Claimed{Job: Job{Due: at}, At: at}
	for b.Loop() {
		t.add(at, l, runOf(over, c, r, at))
	}
}
