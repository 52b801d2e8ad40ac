package kakao

import (
	"fmt"

	"creditmsg/internal/db"
)

// EraseSite forgets what accounts have of the templates and channels of a site that is being
// erased: nobody asks for it any more. What vendors have stays theirs.
func EraseSite(tx *db.Tx, siteID string) error {
	for _, statement := range []string{`DELETE FROM kakao_template WHERE site_id = ?`, `DELETE FROM kakao_channel WHERE site_id = ?`} {
		if _, err := tx.Exec(statement, siteID); err != nil {
			return fmt.Errorf("erase what accounts have of site %s: %w", siteID, err)
		}
	}
	return nil
}
