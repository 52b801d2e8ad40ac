package billing

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
)

// Shift makes a site's open payments as much older as by says, and the pauses of its
// recharge rule as much shorter. A request to a gateway that may be under way keeps its time,
// since whatever the gateway knows of it depends on the true one; so do payments that have
// ended, and what recharges brought on a day or in a month, which goes by the calendar.
func (s *Service) Shift(tx *db.Tx, siteID string, by time.Duration) error {
	us := by.Microseconds()
	_, err := tx.Exec(`UPDATE billing_payment SET created_at = created_at - ?, posted_at = posted_at - ?
		WHERE site_id = ? AND (state IN ('created', 'waiting_for_deposit', 'unknown') OR state = 'requesting' AND posted_at < ?)`,
		us, us, siteID, tx.Now.Add(-s.o.RequestTimeout))
	if err != nil {
		return fmt.Errorf("shift payments of %s: %w", siteID, err)
	}
	if _, err := tx.Exec(`UPDATE billing_rule SET until = until - ?, timer = timer - ? WHERE site_id = ?`, us, us, siteID); err != nil {
		return fmt.Errorf("shift the recharge rule of %s: %w", siteID, err)
	}
	return nil
}
