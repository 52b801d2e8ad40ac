package queue

import (
	"errors"
	"fmt"

	"creditmsg/internal/db"
)

// Done ends jobs in the transaction that did their work. A job that was put since
// it was claimed stays and runs again. ErrLost: a lease ran out and the work may
// be somebody else's now; tx must not commit.
func (q *Queue) Done(tx *db.Tx, jobs ...Claimed) error {
	return q.finish(tx, "end", jobs, refuseLost, func(r *row, c Claimed) bool { return r.done(tx.Now, c.Rev) })
}

// Again puts jobs back to run at due (0 = now), or as soon as somebody puts them,
// without counting a failed try. Why is a short word for people. ErrLost as in Done.
func (q *Queue) Again(tx *db.Tx, due db.Time, why string, jobs ...Claimed) error {
	if due == 0 {
		due = tx.Now
	}
	return q.finish(tx, "put back", jobs, refuseLost, func(r *row, _ Claimed) bool {
		r.again(tx.Now, due, word(why))
		return false
	})
}

// Ending says what becomes of a job that was claimed.
type Ending struct {
	Claimed
	Again db.Time // when it runs again, unless it was put for before that; 0 = it is done
	Why   string  // it runs again: a short word for people
}

// End does Done and Again for many jobs at once, in the one order in which jobs are locked.
// ErrLost as in Done.
func (q *Queue) End(tx *db.Tx, endings ...Ending) error {
	jobs, by := make([]Claimed, len(endings)), make(map[name]Ending, len(endings))
	for i, e := range endings {
		jobs[i], by[name{e.Kind, e.Key}] = e.Claimed, e
	}
	return q.finish(tx, "end", jobs, refuseLost, func(r *row, c Claimed) bool {
		e := by[name{c.Kind, c.Key}]
		if e.Again == 0 {
			return r.done(tx.Now, c.Rev)
		}
		r.again(tx.Now, e.Again, word(e.Why))
		return false
	})
}

// Fail counts a failed try and puts jobs back after a pause that doubles from one
// second to ten minutes; after Options.BuryAfter tries a job is buried. Why is a
// short word for people. ErrLost as in Done.
func (q *Queue) Fail(tx *db.Tx, why string, jobs ...Claimed) error {
	return q.finish(tx, "fail", jobs, refuseLost, q.failing(tx, why))
}

func (q *Queue) failing(tx *db.Tx, why string) func(*row, Claimed) bool {
	return func(r *row, _ Claimed) bool {
		r.fail(tx.Now, tx.Now.Add(pause(r.tries+1)), word(why), q.o.BuryAfter)
		return false
	}
}

// lost says what finish does with a job that is no longer held.
type lost bool

const (
	refuseLost lost = true
	passLost   lost = false
)

// finish makes one move with jobs that are held; move reports whether the job is over.
func (q *Queue) finish(tx *db.Tx, act string, jobs []Claimed, l lost, move func(*row, Claimed) bool) error {
	found, err := lock(tx, claimedNames(jobs))
	if err != nil {
		return fmt.Errorf("%s jobs: %w", act, err)
	}
	var kept, gone []*row
	for _, c := range jobs {
		r := found[name{c.Kind, c.Key}]
		switch {
		case r == nil || r.lease != c.Lease:
			if l == refuseLost {
				return fmt.Errorf("%s job %s %s: %w", act, c.Kind, c.Key, ErrLost)
			}
		case r.dropped || move(r, c):
			gone = append(gone, r)
		default:
			kept = append(kept, r)
		}
	}
	if err := errors.Join(store(tx, kept), remove(tx, gone)); err != nil {
		return fmt.Errorf("%s jobs: %w", act, err)
	}
	q.ring(tx, kept)
	return nil
}
