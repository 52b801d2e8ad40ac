package billing

import (
	"fmt"

	"creditmsg/internal/db"
)

// EraseSite takes the recharge rule of a site that is being erased. Its payments stay, with the
// ledger that they stand in; what was sealed of them cannot be read any more.
func EraseSite(tx *db.Tx, siteID string) error {
	if _, err := tx.Exec(`DELETE FROM billing_rule WHERE site_id = ?`, siteID); err != nil {
		return fmt.Errorf("erase the recharge rule of site %s: %w", siteID, err)
	}
	return nil
}
