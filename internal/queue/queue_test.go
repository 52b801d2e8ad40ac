package queue

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestAJobIsClaimedWholeAndEndsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		w.put(send("a"))
		c := w.one()
		want := Claimed{Job: send("a"), Lease: c.Lease, Rev: 0, At: w.now, Until: w.now.Add(time.Minute)}
		want.Due, want.Rank, want.Weight = w.now, w.now, 1
		same(t, "claimed", c, want)
		w.none()
		if err := w.done(c); err != nil {
			t.Fatalf("first Done: %v", err)
		}
		if err := w.done(c); !errors.Is(err, ErrLost) {
			t.Errorf("second Done: got %v, want ErrLost", err)
		}
		if r := w.row("send", "a"); r != nil {
			t.Errorf("the row stands after Done: %+v", r)
		}
	})
}

func TestASmallMessagePassesTheBatchesOfABigOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		var bulk []Job
		for n := range 10 {
			j := send(fmt.Sprintf("bulk-%d", n))
			j.Due, j.Rank = w.now, w.now.Add(time.Duration(n)*20*time.Millisecond)
			bulk = append(bulk, j)
		}
		w.put(bulk...)
		w.now = w.now.Add(50 * time.Millisecond)
		w.put(send("small"))
		same(t, "first claim", keys(w.claim(4)), []string{"bulk-0", "bulk-1", "bulk-2", "small"})
		same(t, "the rest, though their rank lies ahead", keys(w.claim(3)), []string{"bulk-3", "bulk-4", "bulk-5"})
	})
}

func TestClaimsOfSeveralKindsGoByRankTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		for i, kind := range []string{"b", "a", "b", "a"} {
			w.put(Job{Lane: Send, Kind: kind, Key: fmt.Sprint(i), Rank: w.now.Add(time.Duration(i) * time.Second)})
		}
		w.put(Job{Lane: Default, Kind: "a", Key: "other lane"}, Job{Lane: Send, Kind: "c", Key: "other kind"})
		same(t, "claim", keys(w.claim(3, "a", "b")), []string{"0", "1", "2"})
		same(t, "claim", keys(w.claim(3, "a", "b")), []string{"3"})
	})
}

func TestAJobIsNotClaimedBeforeItIsDue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		j := send("a")
		j.Due = w.now.Add(time.Hour)
		w.put(j)
		w.now = j.Due - 1
		w.none()
		w.now = j.Due
		same(t, "rank", w.one().Rank, j.Due)
	})
}

func TestPutOfAJobThatWaitsTakesTheEarlierTimes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		j := send("a")
		j.Due = w.now.Add(time.Hour)
		w.put(j)
		j.Due = w.now.Add(2 * time.Hour)
		w.put(j)
		same(t, "due after a later Put", w.row("send", "a").due, w.now.Add(time.Hour))
		w.put(send("a"))
		c := w.one()
		same(t, "revision", c.Rev, int64(2))
		same(t, "due", c.Due, w.now)
	})
}

func TestAJobPutWhileItRunsRunsAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		w.put(send("a"))
		first := w.one()
		w.put(send("a"))
		w.none()
		if err := w.done(first); err != nil {
			t.Fatal(err)
		}
		second := w.one()
		same(t, "revision", second.Rev, first.Rev+1)
		if err := w.done(second); err != nil {
			t.Fatal(err)
		}
		w.none()
	})
}

// A handler may put its own job for a later look before it ends it.
func TestAJobPutWhileItRunsWaitsForTheTimeItWasPutFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		w.put(send("a"))
		c := w.one()
		j := send("a")
		j.Due = w.now.Add(5 * time.Minute)
		w.put(j)
		if err := w.done(c); err != nil {
			t.Fatal(err)
		}
		w.none()
		w.now = j.Due
		w.one()
	})
}

func TestWorkOfALostLeaseDoesNotCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{Lease: time.Minute})
		w.put(send("a"), send("b"))
		mine := w.claim(2)
		w.now = w.now.Add(time.Minute)
		theirs := w.claim(2)
		same(t, "claimed after the lease ran out", keys(theirs), []string{"a", "b"})
		same(t, "tries", theirs[0].Tries, 1)
		for act, fn := range map[string]func(*db.Tx) error{
			"Done":  func(tx *db.Tx) error { return w.q.Done(tx, mine...) },
			"Again": func(tx *db.Tx) error { return w.q.Again(tx, tx.Now, "x", mine...) },
			"Fail":  func(tx *db.Tx) error { return w.q.Fail(tx, "x", mine...) },
		} {
			if err := w.try(fn); !errors.Is(err, ErrLost) {
				t.Errorf("%s under the old lease: got %v, want ErrLost", act, err)
			}
		}
		if err := w.done(theirs...); err != nil {
			t.Errorf("Done under the new lease: %v", err)
		}
	})
}

func TestRenewExtendsOnlyLeasesThatAreHeld(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{Lease: time.Minute})
		w.put(send("a"), send("b"))
		c := w.claim(2)
		if err := w.done(c[1]); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(50 * time.Second)
		w.must(func(tx *db.Tx) error { return w.q.renew(tx, c) })
		w.now = w.now.Add(50 * time.Second)
		w.none()
		w.now = w.now.Add(10 * time.Second)
		same(t, "claimed after the renewed lease", w.one().Key, "a")
		w.must(func(tx *db.Tx) error { return w.q.renew(tx, c) })
		w.now = w.now.Add(time.Minute)
		w.one()
	})
}

func TestAgainPutsBackWithoutCountingATry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{BuryAfter: 1})
		w.put(send("a"))
		due := w.now.Add(10 * time.Second)
		c := w.one()
		w.must(func(tx *db.Tx) error { return w.q.Again(tx, due, "throughput limit 한도", c) })
		same(t, "why", w.row("send", "a").why, "throughput limit ??")
		w.none()
		w.now = due
		c = w.one()
		same(t, "tries", c.Tries, 0)
		w.must(func(tx *db.Tx) error { return w.q.Again(tx, 0, "x", c) })
		same(t, "due", w.one().Due, w.now)
	})
}

func TestAFailingJobPausesLongerEachTimeAndIsBuried(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{BuryAfter: 4})
		w.put(send("a"))
		for n, whole := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			c := w.one()
			same(t, "tries", c.Tries, n)
			w.must(func(tx *db.Tx) error { return w.q.Fail(tx, "upstream", c) })
			if got := w.row("send", "a").due.Sub(w.now); got <= whole/2-1 || got > whole {
				t.Errorf("pause after try %d: got %v, want between %v and %v", n+1, got, whole/2, whole)
			}
			w.none()
			w.now = w.now.Add(whole)
		}
		c := w.one()
		w.must(func(tx *db.Tx) error { return w.q.Fail(tx, "upstream", c) })
		w.now = w.now.Add(1000 * time.Hour)
		w.none()
		same(t, "state", w.row("send", "a").state, buried)
		w.put(send("a"))
		same(t, "tries after it was put again", w.one().Tries, 0)
	})
}

func TestALeaseThatKeepsRunningOutBuriesTheJob(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{BuryAfter: 2, Lease: time.Minute})
		w.put(send("a"))
		for range 2 {
			w.one()
			w.now = w.now.Add(time.Minute)
		}
		w.none()
		same(t, "state", w.row("send", "a").state, buried)
	})
}

func TestAJobPutWhileItFailsForTheLastTimeIsNotBuried(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{BuryAfter: 1})
		w.put(send("a"))
		c := w.one()
		w.put(send("a"))
		w.must(func(tx *db.Tx) error { return w.q.Fail(tx, "x", c) })
		w.one()
	})
}

func TestRetryDigsOutABuriedJobOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{BuryAfter: 1})
		w.put(send("a"))
		if err := w.retry("send", "a"); !fault.Is(err, fault.Conflict) {
			t.Errorf("Retry of a job that waits: got %v, want Conflict", err)
		}
		if err := w.retry("send", "b"); !fault.Is(err, fault.NotFound) {
			t.Errorf("Retry of no job: got %v, want NotFound", err)
		}
		c := w.one()
		w.must(func(tx *db.Tx) error { return w.q.Fail(tx, "x", c) })
		w.none()
		if err := w.retry("send", "a"); err != nil {
			t.Fatal(err)
		}
		got, err := w.q.Claim(t.Context(), Send, []string{"send"}, 1)
		if err != nil || len(got) != 1 || got[0].Tries != 0 {
			t.Errorf("Claim after Retry: got %v, %v, want the job without tries", got, err)
		}
	})
}

func TestADroppedJobIsGoneAndAHeldOneGoesWhenItEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{Lease: time.Minute})
		drop := func(tx *db.Tx) error { return w.q.Drop(tx, "send", "b", "a", "a", "none") }
		for end, fn := range map[string]func(*db.Tx, Claimed) error{
			"Done":  func(tx *db.Tx, c Claimed) error { return w.q.Done(tx, c) },
			"Again": func(tx *db.Tx, c Claimed) error { return w.q.Again(tx, tx.Now, "x", c) },
			"Fail":  func(tx *db.Tx, c Claimed) error { return w.q.Fail(tx, "x", c) },
			"Drop of its own job, then Done": func(tx *db.Tx, c Claimed) error {
				return errors.Join(drop(tx), w.q.Done(tx, c))
			},
			"the end of the lease": func(*db.Tx, Claimed) error {
				w.now = w.now.Add(time.Minute)
				return nil
			},
		} {
			w.put(send("a"))
			c := w.one()
			w.put(send("b"))
			w.must(drop)
			if r := w.row("send", "b"); r != nil {
				t.Errorf("a job that waited stands after Drop: %+v", r)
			}
			w.must(func(tx *db.Tx) error { return fn(tx, c) })
			w.none()
			if r := w.row("send", "a"); r != nil {
				t.Errorf("a dropped job stands after %s: %+v", end, r)
			}
		}
	})
}

func TestAJobPutAfterItWasDroppedRuns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		w.put(send("a"))
		c := w.one()
		w.must(func(tx *db.Tx) error { return w.q.Drop(tx, "send", "a") })
		w.put(send("a"))
		if err := w.done(c); err != nil {
			t.Fatal(err)
		}
		w.one()
	})
}

func TestEqualJobsInOnePutBecomeOneWithTheEarlierTimes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		soon, late := send("a"), send("a")
		soon.Due, late.Due = w.now.Add(time.Second), w.now.Add(time.Hour)
		w.put(late, soon, late)
		r := w.row("send", "a")
		same(t, "due and turn", []db.Time{r.due, r.turn}, []db.Time{soon.Due, soon.Due})
	})
}

func TestANewJobIsPutLikeAnyOtherAndOnlyOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		fresh := send("new")
		fresh.New = true
		both := send("both")
		both.New = true
		w.put(send("old"))
		w.put(fresh, send("old"), both, send("both"))
		same(t, "claimed", keys(w.claim(9)), []string{"both", "new", "old"})
		w.put(send("new")) // wakes it
		if r := w.row("send", "new"); r.rev != 1 {
			t.Errorf("revision %d after it was put again, want 1", r.rev)
		}
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return w.q.Put(tx, send("other"), fresh) })
		if _, taken := errors.AsType[*db.Duplicate](err); !taken {
			t.Errorf("a new job that is there: got %v, want a duplicate", err)
		}
		if r := w.row("send", "other"); r != nil {
			t.Errorf("a job of the failed transaction stands: %+v", r)
		}
	})
}

func TestThousandsOfJobsArePutAndPutAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		var jobs []Job
		for n := range 3000 {
			jobs = append(jobs, send(fmt.Sprintf("%05d", (n*7919)%3000)))
		}
		w.put(jobs[:1500]...)
		w.put(jobs...)
		revs := map[int64]int{}
		for _, c := range w.claim(4000) {
			revs[c.Rev]++
		}
		same(t, "jobs by revision", revs, map[int64]int{0: 1500, 1: 1500})
	})
}

func TestAJobThatItsColumnsCannotHoldIsRefused(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, "sqlite"), Options{})
	for _, j := range []Job{
		{Lane: Send, Kind: "send"}, {Lane: Send, Key: "a"}, {Kind: "send", Key: "a"},
		{Lane: Send, Kind: "send", Key: strings.Repeat("k", 65)}, {Lane: Send, Kind: "send", Key: "예약"},
	} {
		if err := w.try(func(tx *db.Tx) error { return w.q.Put(tx, j) }); !fault.Is(err, fault.Internal) {
			t.Errorf("Put of %+v: got %v, want an Internal fault", j, err)
		}
	}
}

func TestStatsCountWhatWaitsRunsAndIsBuried(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{BuryAfter: 1})
		w.put(send("buried"))
		c := w.one()
		w.must(func(tx *db.Tx) error { return w.q.Fail(tx, "x", c) })
		w.put(send("held"))
		w.one()
		soon := send("due by now")
		soon.Due = w.now.Add(time.Second)
		late := send("not due")
		late.Due = w.now.Add(time.Hour)
		w.put(send("due"), soon, late, Job{Lane: Default, Kind: "sweep", Key: "db"})
		start := w.now
		w.now = w.now.Add(time.Minute / 2)
		var got []Stat
		w.must(func(tx *db.Tx) (err error) {
			got, err = w.q.Stats(tx)
			return err
		})
		same(t, "stats", got, []Stat{
			{Lane: Send, Kind: "send", Ready: 3, Due: 2, Leased: 1, Buried: 1, Oldest: start},
			{Lane: Default, Kind: "sweep", Ready: 1, Due: 1, Oldest: start},
		})
	})
}

func TestThePauseStaysWithinItsLimits(t *testing.T) {
	for n := range 70 {
		whole := min(longestPause, time.Duration(1<<min(max(n-1, 0), 20))*time.Second)
		if got := pause(n); got <= whole/2-1 || got > whole {
			t.Errorf("pause(%d) = %v, want between %v and %v", n, got, whole/2, whole)
		}
	}
}
