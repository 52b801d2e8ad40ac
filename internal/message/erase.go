package message

import (
	"fmt"

	"creditmsg/internal/db"
)

// EraseSite takes what of a site that is being erased no message needs: its templates, strategies
// and saved texts, and why somebody rejected a message. Messages have their own copies,
// which go with the site's key.
func EraseSite(tx *db.Tx, siteID string) error {
	for _, statement := range []string{
		`UPDATE review SET reason = NULL WHERE site_id = ?`,
		`DELETE FROM policy WHERE site_id = ?`,
		`DELETE FROM saved_text WHERE site_id = ?`,
		`DELETE FROM template WHERE site_id = ?`,
	} {
		if _, err := tx.Exec(statement, siteID); err != nil {
			return fmt.Errorf("erase the templates of site %s: %w", siteID, err)
		}
	}
	return nil
}
