package site

import (
	"context"
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// erasures are the statements that take from a site what is not sealed.
var erasures = []string{
	`UPDATE site SET state = 'erased', name = '', opt_out_number = '' WHERE id = ?`,
	`UPDATE site_key SET stored = NULL WHERE site_id = ?`,
	`DELETE FROM site_token WHERE site_id = ?`,
	`DELETE FROM site_token_old WHERE site_id = ?`,
	`DELETE FROM site_sender WHERE site_id = ?`,
	`DELETE FROM site_channel WHERE site_id = ?`,
	`DELETE FROM site_opt_out_number WHERE site_id = ?`,
	`DELETE FROM site_word WHERE site_id = ?`,
}

// Erase destroys a site's key, so that nothing can be read any more that was sealed with it,
// and takes its name, tokens, sender numbers and channels. What it may not lose is decided by
// whoever calls this. Other processes may remember the key until their next Refresh.
func Erase(tx *db.Tx, keys *Keys, id string) error {
	was, err := lockSite(tx, id)
	if err != nil {
		return err
	}
	for _, statement := range erasures {
		if _, err := tx.Exec(statement, id); err != nil {
			return fmt.Errorf("erase site %s: %w", id, err)
		}
	}
	tx.OnCommit(func() { keys.forget(id) })
	if err := noteSite(tx, id, "site.erased", "state", was.State, Erased); err != nil {
		return err
	}
	return Changed(tx, id)
}

// LockNotErased locks a site's row until the transaction ends, so that the site is not erased
// meanwhile: whoever writes something new of it that is in the way of its end begins with it. A key
// that is remembered tells nothing, since another process may have erased the site. Faults:
// NotFound, Conflict for a site that was erased.
func LockNotErased(tx *db.Tx, id string) error {
	_, err := lockNotErased(tx, id)
	return err
}

func lockNotErased(tx *db.Tx, id string) (Site, error) {
	s, err := lockSite(tx, id)
	if err == nil && s.State == Erased {
		err = fault.New(fault.Conflict, fault.CodeStateConflict, "site %s was erased and stays so", id)
	}
	return s, err
}

// forget drops what is remembered of a site's key.
func (k *Keys) forget(site string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.data, siteSlot(site))
	delete(k.ready, siteSlot(site))
}

// Refresh drops the keys of sites from memory that some process has erased.
func (k *Keys) Refresh(ctx context.Context) error {
	return k.d.View(ctx, "site_refresh_keys", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT site_id FROM site_key WHERE stored IS NULL`)
		gone, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
		if err != nil {
			return fmt.Errorf("find keys that were erased: %w", err)
		}
		for _, id := range gone {
			k.forget(id)
		}
		return nil
	})
}
