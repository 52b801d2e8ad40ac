package webhook

import (
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
)

// EraseSite removes the endpoints of a site that is being erased: their secrets go with its key,
// so nothing could be signed for them any more. What was sent to them is deleted by and by. It
// locks who listens to the site, and its endpoints; their jobs go with the site's.
func EraseSite(tx *db.Tx, siteID string) error {
	if _, err := event.LockListening(tx, siteID); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE webhook_endpoint SET state = ?, topics = '', sealed = ? WHERE site_id = ?`, string(removed), []byte{}, siteID)
	if err != nil {
		return fmt.Errorf("remove the endpoints of site %s: %w", siteID, err)
	}
	return event.Listen(tx, siteID, 0)
}
