package kakao

import (
	"database/sql"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/queue"
)

// Shift brings the next looks at a site's templates forward. What was begun at a vendor keeps
// its time.
func (s *Service) Shift(tx *db.Tx, siteID string, by time.Duration) error {
	rows, err := tx.Query(`SELECT account, MIN(look_at) FROM kakao_template WHERE site_id = ? GROUP BY account ORDER BY account`, siteID)
	jobs, err := db.Collect(rows, err, func(r *sql.Rows) (queue.Job, error) {
		var account string
		var at db.Time
		err := r.Scan(&account, &at)
		return lookJob(account, at.Add(-by)), err
	})
	if err != nil {
		return fmt.Errorf("find templates of %s at vendors: %w", siteID, err)
	}
	if len(jobs) == 0 {
		return nil
	}
	if _, err := tx.Exec(`UPDATE kakao_template SET look_at = look_at - ? WHERE site_id = ?`, by.Microseconds(), siteID); err != nil {
		return fmt.Errorf("shift the looks at templates of %s: %w", siteID, err)
	}
	return s.put(tx, jobs...)
}
