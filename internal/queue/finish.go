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
	return q.finish(tx, "end", jobs, refuseLost, func(r *row, c Claimed) end { return r.done(tx.Now, c.Rev) })
}

// Again puts jobs back to run at due (0 = now), or as soon as somebody puts them,
// without counting a failed try. Why is a short word for people. ErrLost as in Done.
func (q *Queue) Again(tx *db.Tx, due db.Time, why string, jobs ...Claimed) error {
	if due == 0 {
		due = tx.Now
	}
	return q.finish(tx, "put back", jobs, refuseLost, func(r *row, _ Claimed) end { return r.again(tx.Now, due, word(why)) })
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
	return q.finish(tx, "end", jobs, refuseLost, func(r *row, c Claimed) end {
		e := by[name{c.Kind, c.Key}]
		if e.Again == 0 {
			return r.done(tx.Now, c.Rev)
		}
		return r.again(tx.Now, e.Again, word(e.Why))
	})
}

// Fail counts a failed try and puts jobs back after a pause that doubles from one
// second to ten minutes; after Options.BuryAfter tries a job is buried. Why is a
// short word for people. ErrLost as in Done.
func (q *Queue) Fail(tx *db.Tx, why string, jobs ...Claimed) error {
	return q.finish(tx, "fail", jobs, refuseLost, q.failing(tx, why))
}

func (q *Queue) failing(tx *db.Tx, why string) func(*row, Claimed) end {
	return func(r *row, _ Claimed) end {
		return r.fail(tx.Now, tx.Now.Add(pause(r.tries+1)), word(why), q.o.BuryAfter)
	}
}

// lost says what finish does with a job that is no longer held.
type lost bool

const (
	refuseLost lost = true
	passLost   lost = false
)

// finish makes one move with jobs that are held; move tells how the run ended. Of a job that was
// dropped meanwhile nothing is counted: what it was for is gone.
func (q *Queue) finish(tx *db.Tx, act string, jobs []Claimed, l lost, move func(*row, Claimed) end) error {
	found, err := lock(tx, claimedNames(jobs))
	if err != nil {
		return fmt.Errorf("%s jobs: %w", act, err)
	}
	var kept, gone []*row
	ran := make(map[line]Tally, 1)
	for _, c := range jobs {
		r := found[name{c.Kind, c.Key}]
		switch {
		case r == nil || r.lease != c.Lease:
			if l == refuseLost {
				return fmt.Errorf("%s job %s %s: %w", act, c.Kind, c.Key, ErrLost)
			}
			continue
		case r.dropped:
			gone = append(gone, r)
			continue
		}
		e, of := move(r, c), line{c.Lane, c.Kind}
		ran[of] = ran[of].Plus(runOf(e, c, r, tx.Now))
		if e == over {
			gone = append(gone, r)
		} else {
			kept = append(kept, r)
		}
	}
	if err := errors.Join(store(tx, kept), remove(tx, gone)); err != nil {
		return fmt.Errorf("%s jobs: %w", act, err)
	}
	q.ring(tx, kept)
	q.ran(tx, ran)
	return nil
}
