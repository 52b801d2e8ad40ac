package event

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Listeners says of sites which families of their events somebody outside wants. A site that
// is not there has none.
type Listeners map[string]Families

// AskListeners gives the question who listens, and where the answer will stand: who has
// something to ask anyway can append events without a question more (Listeners.AppendAs).
func AskListeners(sites []string) (db.Question, Listeners) {
	found := Listeners{}
	row := func(r *sql.Rows) error {
		var site string
		var of Families
		err := r.Scan(&site, &of)
		found[site] = of
		return err
	}
	return db.Question{Table: "event_listener", Cols: []string{"site_id", "families"}, Key: []db.Column{db.Col("site_id", sites)}, Row: row}, found
}

// LockListening locks what of a site's events is wanted, so that one transaction at a time
// changes it, and gives it.
func LockListening(tx *db.Tx, site string) (of Families, err error) {
	for range 2 {
		rows, err := tx.LookupForUpdate("event_listener", []string{"families"}, db.Col("site_id", []string{site}))
		found, err := db.Collect(rows, err, func(r *sql.Rows) (f Families, err error) { return f, r.Scan(&f) })
		if err != nil || len(found) > 0 {
			return append(found, 0)[0], err
		}
		err = tx.InsertAbsent("event_listener", []string{"site_id"}, "site_id", db.Col("site_id", []string{site}), db.Same("families", Families(0), 1))
		if err != nil {
			return 0, fmt.Errorf("begin to listen to %s: %w", site, err)
		}
	}
	return 0, fault.New(fault.Internal, fault.CodeInternal, "lock who listens to %s: the row is not there", site)
}

// Listen says which families of a site's events are wanted from now on; it is locked by
// LockListening. Events of transactions that are under way may still go by what was before.
func Listen(tx *db.Tx, site string, of Families) error {
	err := tx.UpdateMany("event_listener", []string{"site_id"}, db.Col("site_id", []string{site}), db.Col("families", []Families{of}))
	if err != nil {
		return fmt.Errorf("listen to %s: %w", site, err)
	}
	return nil
}

// Pending is an event that nobody gave to those who listen yet.
type Pending struct {
	ID   id.ID
	Site string
	Type string
	At   db.Time
}

var pendingColumns = []string{"id", "site_id", "type", "at"}

func scanPending(r *sql.Rows) (p Pending, err error) {
	return p, r.Scan(&p.ID, &p.Site, &p.Type, &p.At)
}

// FirstPending gives the first events of all sites that wait, in the order of their ids, which each
// process makes by its own clock.
func FirstPending(tx *db.Tx, limit int) ([]Pending, error) {
	rows, err := tx.Query(`SELECT id, site_id, type, at FROM event_pending ORDER BY id LIMIT ?`, limit)
	list, err := db.Collect(rows, err, scanPending)
	if err != nil {
		return nil, fmt.Errorf("read events that wait: %w", err)
	}
	return list, nil
}

// StillPending gives those of some events that wait, in the order in which they happened: strictly
// those of one process, others as far as the processes know the database's time.
func StillPending(tx *db.Tx, list []Pending) ([]Pending, error) {
	rows, err := tx.Lookup("event_pending", pendingColumns, db.Col("id", ids(list)))
	still, err := db.Collect(rows, err, scanPending)
	if err != nil {
		return nil, fmt.Errorf("read events that wait: %w", err)
	}
	// Ids are made by the clock of a process, times are the database's.
	slices.SortStableFunc(still, func(a, b Pending) int { return cmp.Compare(a.At, b.At) })
	return still, nil
}

// HandedOn notes that events wait no more.
func HandedOn(tx *db.Tx, list []Pending) error {
	return tx.Later(func(err error) error { return fmt.Errorf("note %d events as handed on: %w", len(list), err) }, func() error {
		_, err := tx.DeleteMany("event_pending", db.Col("id", ids(list)))
		return err
	})
}

func ids(list []Pending) []id.ID {
	out := make([]id.ID, len(list))
	for i, p := range list {
		out[i] = p.ID
	}
	return out
}
