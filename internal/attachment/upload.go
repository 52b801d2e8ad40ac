package attachment

import (
	"database/sql"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Uploaded gives what an account at a provider calls attachments that were uploaded there,
// as far as it still has them.
func Uploaded(tx *db.Tx, provider string, names []Name) (map[Name]string, error) {
	known := map[Name]string{}
	if len(names) == 0 {
		return known, nil
	}
	cols := append(ofAttachment(names), db.Same("provider", provider, len(names)))
	rows, err := tx.Lookup("attachment_upload", []string{"site_id", "attachment_id", "upstream_id", "expires_at"}, cols...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (n Name, err error) {
		var upstream string
		var expires db.Time
		if err := r.Scan(&n.Site, &n.ID, &upstream, &expires); err != nil {
			return n, err
		}
		if expires == 0 || expires > tx.Now {
			known[n] = upstream
		}
		return n, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what %s calls attachments: %w", provider, err)
	}
	return known, nil
}

// Remember notes what an account at a provider calls an attachment, and for how long it keeps
// it; 0 = for as long as it says nothing else. Somewhat before that it is uploaded anew. An
// attachment that was deleted meanwhile is passed over.
func Remember(tx *db.Tx, provider string, n Name, upstream string, keeps time.Duration) error {
	found, err := Lock(tx, []Name{n})
	if err != nil || !found[n] {
		return err
	}
	expires := db.Time(0)
	if keeps > 0 {
		expires = tx.Now.Add(keeps * 9 / 10)
	}
	row := append(ofAttachment([]Name{n}), db.Col("provider", []string{provider}), db.Col("upstream_id", []string{upstream}),
		db.Col("uploaded_at", []db.Time{tx.Now}), db.Col("expires_at", []db.Time{expires}))
	key := []string{"site_id", "attachment_id", "provider"}
	if err = tx.InsertAbsent("attachment_upload", key, "site_id", row...); err == nil {
		err = tx.UpdateMany("attachment_upload", key, row...)
	}
	if err != nil {
		return fmt.Errorf("remember what %s calls attachment %s: %w", provider, n.ID, err)
	}
	return nil
}

// Forget gives up what an account at a provider called an attachment, unless it was uploaded
// anew meanwhile.
func Forget(tx *db.Tx, provider string, n Name, upstream string) error {
	_, err := tx.Exec(`DELETE FROM attachment_upload WHERE site_id = ? AND attachment_id = ? AND provider = ? AND upstream_id = ?`,
		n.Site, n.ID, provider, upstream)
	if err != nil {
		return fmt.Errorf("forget what %s called attachment %s: %w", provider, n.ID, err)
	}
	return nil
}

// UpstreamName is how an attachment is called in requests to providers: it tells nothing of
// its owner, and is one of all names for ever.
func UpstreamName(d id.ID) string { return d.String() + ".jpg" }
