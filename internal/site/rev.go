package site

import (
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
)

// Rev counts the changes of what a site's messages go by: its state and data key, the end
// of its tokens, its senders, prices and templates. Who remembers what was read at one Rev may
// use it for as long as the Rev is the same, if the transaction that writes confirms
// that. What changes by time alone, as a token that expires does, has to be remembered
// with its time. Zero is no Rev: nothing may be remembered.
type Rev int64

const firstRev Rev = 1

// begin gives sites their first Rev, unless they have one.
func begin(tx *db.Tx, ids ...string) error {
	err := tx.InsertAbsent("site_rev", []string{"site_id"}, "site_id", db.Col("site_id", ids), db.Same("rev", firstRev, len(ids)))
	if err != nil {
		return fmt.Errorf("count the changes of %d sites: %w", len(ids), err)
	}
	return nil
}

// Changed raises the Revs of some sites, or of all with "". It is part of every transaction
// that changes what the Rev counts. The Revs stay locked: until the transaction ends nobody
// else changes anything that they count.
func Changed(tx *db.Tx, ids ...string) error {
	if slices.Contains(ids, "") {
		if _, err := tx.Exec(`UPDATE site_rev SET rev = rev + 1`); err != nil {
			return fmt.Errorf("note a change of all sites: %w", err)
		}
		return nil
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	revs, err := lockRevs(tx, ids)
	if err == nil && len(revs) < len(ids) {
		if err = begin(tx, ids...); err == nil {
			revs, err = lockRevs(tx, ids)
		}
	}
	if err != nil {
		return err
	}
	for i := range revs {
		revs[i]++
	}
	if err := tx.UpdateMany("site_rev", []string{"site_id"}, db.Col("site_id", ids), db.Col("rev", revs)); err != nil {
		return fmt.Errorf("note a change of %d sites: %w", len(ids), err)
	}
	return nil
}

// lockRevs locks the Revs of sites, whose ids are sorted; those that have none are left out.
func lockRevs(tx *db.Tx, ids []string) ([]Rev, error) {
	rows, err := tx.LookupForUpdate("site_rev", []string{"rev"}, db.Col("site_id", ids))
	revs, err := db.Collect(rows, err, func(r *sql.Rows) (rev Rev, err error) { return rev, r.Scan(&rev) })
	if err != nil {
		return nil, fmt.Errorf("lock what changes of %d sites: %w", len(ids), err)
	}
	return revs, nil
}

// Expect makes sure, at the latest when the next question is answered, that sites still
// have these Revs; db.ErrStale says that one has not.
func Expect(tx *db.Tx, revs map[string]Rev) error {
	var ids []string
	var want []Rev
	for id, rev := range revs {
		ids, want = append(ids, id), append(want, rev)
	}
	return tx.Later(nil, func() error { return tx.Expect("site_rev", db.Col("site_id", ids), db.Col("rev", want)) })
}

// Revs gives the present Rev of each of the sites that have one.
func Revs(tx *db.Tx, ids []string) (map[string]Rev, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	out := make(map[string]Rev, len(ids))
	rows, err := tx.Lookup("site_rev", []string{"site_id", "rev"}, db.Col("site_id", ids))
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		var rev Rev
		err := r.Scan(&id, &rev)
		out[id] = rev
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what changed of %d sites: %w", len(ids), err)
	}
	return out, nil
}
