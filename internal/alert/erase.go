package alert

import (
	"fmt"

	"creditmsg/internal/db"
)

// EraseSite takes the contacts of a site that is being erased: nobody is told anything of it any
// more.
func EraseSite(tx *db.Tx, siteID string) error {
	if _, err := tx.Exec(`DELETE FROM alert_contact WHERE site_id = ?`, siteID); err != nil {
		return fmt.Errorf("erase the contacts of site %s: %w", siteID, err)
	}
	return nil
}
