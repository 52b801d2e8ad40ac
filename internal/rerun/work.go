package rerun

import (
	"context"
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// kindRun is the job of a run that has something left to do.
const kindRun = "rerun"

func job(d id.ID) queue.Job { return queue.Job{Lane: queue.Webhooks, Kind: kindRun, Key: d.String()} }

// Works are the jobs of the package.
func (s *Service) Works() []queue.Work {
	return []queue.Work{{Lane: queue.Webhooks, Kind: kindRun, Max: 1, Workers: 1, Handle: s.handle}}
}

// stepsAtOnce is how many pages a job does before others get their turn.
const stepsAtOnce = 50

func (s *Service) handle(ctx context.Context, jobs []queue.Claimed) error {
	for _, j := range jobs {
		d, err := id.ParseBare(j.Key)
		if err != nil {
			return err
		}
		more := true
		for i := 0; i < stepsAtOnce && more; i++ {
			if more, err = s.step(ctx, d); err != nil {
				return err
			}
		}
		err = s.d.Update(ctx, "rerun_job", func(tx *db.Tx) error {
			if more {
				return s.queue.Again(tx, 0, "goes on", j)
			}
			return s.queue.Done(tx, j)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Step does the next piece of a run, whoever else works on it. more tells that there is
// something left to do; a run that waits to be applied has nothing.
func (s *Service) Step(ctx context.Context, name string) (more bool, err error) {
	d, err := parse(name)
	if err != nil {
		return false, err
	}
	return s.step(ctx, d)
}

func (s *Service) step(ctx context.Context, d id.ID) (more bool, err error) {
	var v Run
	err = s.d.View(ctx, "rerun_step", func(tx *db.Tx) error {
		v, err = find(tx, d)
		return err
	})
	if err != nil {
		return false, err
	}
	switch v.State {
	case Comparing:
		return s.comparePage(ctx, d)
	case Applying:
		more, err := s.moveSome(ctx, d)
		if err != nil || more {
			return more, err
		}
		return s.refundSome(ctx, d)
	default:
		return false, nil
	}
}

// sweepRows bounds the differences that one transaction deletes.
const sweepRows = 1_000

// Sweep deletes the differences of runs that are older than these are kept. What a run came to
// stays in its row and its sums, and that a leg was given back with the legs.
func (s *Service) Sweep(ctx context.Context) error {
	for more := true; more; {
		err := s.d.Update(ctx, "rerun_sweep", func(tx *db.Tx) error {
			more = false
			var run id.ID
			rows, err := tx.Query(`SELECT id FROM rerun WHERE created_at < ? AND state IN ('applied', 'cancelled', 'compared')
				AND EXISTS (SELECT 1 FROM rerun_difference WHERE run_id = rerun.id) ORDER BY id LIMIT 1`, tx.Now.Add(-s.o.Keep))
			_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) { return none, r.Scan(&run) })
			if err != nil || run.IsZero() {
				return err
			}
			rows, err = tx.Query(`SELECT n FROM rerun_difference WHERE run_id = ? ORDER BY n LIMIT ?`, run, sweepRows)
			list, err := db.Collect(rows, err, func(r *sql.Rows) (n int64, err error) { return n, r.Scan(&n) })
			if err != nil {
				return err
			}
			more = true
			_, err = tx.DeleteMany("rerun_difference", db.Same("run_id", run, len(list)), db.Col("n", list))
			return err
		})
		if err != nil {
			return fmt.Errorf("delete differences that are over: %w", err)
		}
	}
	return nil
}
