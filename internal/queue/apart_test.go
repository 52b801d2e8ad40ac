package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// Jobs of a work that wants them apart come one to each call, however many are claimed
// together, and one that takes long holds up none of the others.
func TestJobsApartAreWorkedOnEachByItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const jobs, workers = 30, 8
		hold, all := make(chan struct{}), make(chan string, jobs)
		var mu sync.Mutex
		now, most := 0, 0
		r := start(t, d, Options{}, Work{Max: 5, Workers: workers, Apart: true}, func(ctx context.Context, r *running, list []Claimed) error {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			defer func() { mu.Lock(); now--; mu.Unlock() }()
			if len(list) != 1 {
				t.Errorf("a call got %d jobs", len(list))
			}
			if list[0].Key == "job-0" {
				<-hold
			}
			all <- list[0].Key
			return r.d.Update(ctx, "test", func(tx *db.Tx) error { return r.q.Done(tx, list...) })
		})
		var put []Job
		for n := range jobs {
			put = append(put, Job{Lane: Send, Kind: "send", Key: fmt.Sprint("job-", n)})
		}
		r.put(put...)
		seen := map[string]bool{}
		for range jobs - 1 {
			seen[<-all] = true
		}
		if seen["job-0"] || len(seen) != jobs-1 {
			t.Errorf("%d others were worked on while one took long", len(seen))
		}
		close(hold)
		<-all
		r.finish()
		if most > workers || most < 2 {
			t.Errorf("%d ran at once, want 2 to %d", most, workers)
		}
		if row := r.row("job-3"); row != nil {
			t.Errorf("a job that is done is there still: %+v", row)
		}
	})
}

func TestEndingsOfSeveralJobsAreWrittenTogetherAndNoneWhenOneIsLost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := New(d, Options{})
		update := func(fn func(tx *db.Tx) error) error { return d.Update(t.Context(), "test", fn) }
		err := update(func(tx *db.Tx) error {
			return q.Put(tx, Job{Lane: Send, Kind: "send", Key: "a"}, Job{Lane: Send, Kind: "send", Key: "b"}, Job{Lane: Send, Kind: "send", Key: "c"})
		})
		if err != nil {
			t.Fatal(err)
		}
		jobs, err := q.Claim(t.Context(), Send, []string{"send"}, 10)
		if err != nil || len(jobs) != 3 {
			t.Fatalf("claimed %d, %v", len(jobs), err)
		}
		lost := jobs[2]
		lost.Lease[0] ^= 1
		if err := update(func(tx *db.Tx) error { return q.End(tx, Ending{Claimed: jobs[0]}, Ending{Claimed: lost}) }); !errors.Is(err, ErrLost) {
			t.Errorf("with one that is lost: got %v", err)
		}
		if err := update(func(tx *db.Tx) error { return q.Put(tx, Job{Lane: Send, Kind: "send", Key: "c"}) }); err != nil { // put meanwhile
			t.Fatal(err)
		}
		var later db.Time
		err = update(func(tx *db.Tx) error {
			later = tx.Now.Add(1e12)
			return q.End(tx, Ending{Claimed: jobs[1], Again: later, Why: "more"}, Ending{Claimed: jobs[0]}, Ending{Claimed: jobs[2]})
		})
		if err != nil {
			t.Fatal(err)
		}
		err = update(func(tx *db.Tx) error {
			rows, err := lock(tx, []name{{"send", "a"}, {"send", "b"}, {"send", "c"}})
			if err != nil || rows[name{"send", "a"}] != nil || rows[name{"send", "b"}] == nil || rows[name{"send", "b"}].due != later || rows[name{"send", "c"}] == nil {
				t.Errorf("got %v, %v; want the first gone, the second later, the third to run again", rows, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
