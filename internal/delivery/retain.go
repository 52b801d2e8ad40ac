package delivery

import (
	"context"
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// retainRows bounds the letters that one transaction deletes.
const retainRows = 200

// SweepReports deletes the letters that are older than they are kept. What they did stands in
// the rows of their recipients and in the ledger; a letter is never needed for either. One
// that still waits for somebody is far younger than any that goes.
func (s *Service) SweepReports(ctx context.Context) error {
	for _, state := range LetterStates {
		for more := true; more; {
			err := s.d.Update(ctx, "inbox_sweep", func(tx *db.Tx) error {
				rows, err := tx.Query(`SELECT id FROM inbox WHERE state = ? AND received_at < ? ORDER BY received_at, id LIMIT ?`,
					state, tx.Now.Add(-s.o.KeepReports), retainRows)
				ids, err := db.Collect(rows, err, func(r *sql.Rows) (d id.ID, err error) { return d, r.Scan(&d) })
				if more = len(ids) == retainRows; err != nil || len(ids) == 0 {
					return err
				}
				_, err = tx.DeleteMany("inbox", db.Col("id", ids))
				return err
			})
			if err != nil {
				return fmt.Errorf("delete letters that are over: %w", err)
			}
		}
	}
	return nil
}
