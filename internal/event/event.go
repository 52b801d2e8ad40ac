// Package event is the outbox: what happened, written in the transaction in which
// it happened, for tenants' webhooks and for people.
//
// An event that was appended is there exactly when its transaction committed, and
// never changes. Ids are time-ordered and rise in the order of appending within a
// process; those of transactions that run at the same time interleave, so a reader
// that follows the list hands on what jobs told it to, not "all after the last id
// I saw" (credit.Announce puts such jobs). The data is JSON that names things by id: no telephone number and no
// text of a message is ever put into it.
//
// event sends nothing: package webhook does.
//
// Table owned: event.
package event

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Event is something that happened to a thing of a site.
type Event struct {
	Site string
	Type string // dot-separated words: message.accepted
	Ref  string // public id of the thing it happened to; may be empty
	Data []byte // a JSON object; nil = {}
}

// Stored is an event in the outbox.
type Stored struct {
	ID id.ID
	Event
	At db.Time
}

// Append adds events to the outbox, in this order.
func Append(tx *db.Tx, events ...Event) error {
	ids := make([]id.ID, len(events))
	for i := range ids {
		ids[i] = id.New()
	}
	return AppendAs(tx, ids, events...)
}

// AppendAs is Append under ids that the caller has just made, one for each event in this
// order, so that a job can name an event in the transaction that appends it.
func AppendAs(tx *db.Tx, ids []id.ID, events ...Event) error {
	n := len(events)
	if n == 0 {
		return nil
	}
	sites, types, refs, data := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, e := range events {
		if err := check(e); err != nil {
			return err
		}
		sites[i], types[i], refs[i], data[i] = e.Site, e.Type, e.Ref, string(e.Data)
		if e.Data == nil {
			data[i] = "{}"
		}
	}
	return tx.Later(func(err error) error { return fmt.Errorf("append %d events: %w", n, err) }, func() error {
		return tx.InsertMany("event", db.Col("site_id", sites), db.Col("id", ids), db.Col("type", types),
			db.Col("ref", refs), db.Col("data", data), db.Same("at", tx.Now, n))
	})
}

// check refuses an event that could not be stored or sent. Events are made by
// the program, so this is its mistake, not the user's.
func check(e Event) error {
	if e.Site == "" || !isType(e.Type) || len(e.Ref) > 64 {
		return fault.New(fault.Internal, fault.CodeInternal, "event %q of %q: want a site, a type of dot-separated words, and a short ref", e.Type, e.Site)
	}
	if e.Data != nil && !json.Valid(e.Data) {
		return fault.New(fault.Internal, fault.CodeInternal, "event %q of %q: the data is not JSON", e.Type, e.Site)
	}
	return nil
}

// isType reports whether t is made of words of a-z, 0-9 and _ with dots between.
func isType(t string) bool {
	if t == "" || len(t) > 64 {
		return false
	}
	last := byte('.')
	for i := range len(t) {
		switch c := t[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_':
		case c == '.' && last != '.':
		default:
			return false
		}
		last = t[i]
	}
	return last != '.'
}

// List gives up to limit events of a site with ids above after, in the order of
// their ids. The zero after begins at the first.
func List(tx *db.Tx, site string, after id.ID, limit int) ([]Stored, error) {
	rows, err := tx.Query(`SELECT id, type, ref, data, at FROM event WHERE site_id = ? AND id > ? ORDER BY id LIMIT ?`,
		site, after[:], limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (s Stored, err error) {
		s.Site = site
		return s, r.Scan(&s.ID, &s.Type, &s.Ref, &s.Data, &s.At)
	})
	if err != nil {
		return nil, fmt.Errorf("list events of %s: %w", site, err)
	}
	return list, nil
}

// Find gives one event of a site. NotFound.
func Find(tx *db.Tx, site string, of id.ID) (Stored, error) {
	s := Stored{Event: Event{Site: site}, ID: of}
	err := tx.QueryRow(`SELECT type, ref, data, at FROM event WHERE site_id = ? AND id = ?`, site, of[:]).Scan(&s.Type, &s.Ref, &s.Data, &s.At)
	if errors.Is(err, db.ErrNoRows) {
		return Stored{}, fault.Missing("event", of.Text(id.Event))
	}
	if err != nil {
		return Stored{}, fmt.Errorf("find event %s: %w", of.Text(id.Event), err)
	}
	return s, nil
}
