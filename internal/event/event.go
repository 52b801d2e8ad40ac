// Package event is the outbox: what happened, written in the transaction in which
// it happened, for tenants' webhooks and for people.
//
// An event that was appended is there exactly when its transaction committed, and
// never changes. Ids are time-ordered and rise in the order of appending within a
// process; those of transactions that run at the same time interleave, so a reader
// that follows the list hands on what jobs told it to, not "all after the last id
// I saw" (credit.Announce puts such jobs), or takes those that are pending: an event of a
// site to which somebody listens is, from the same transaction on, until it is handed on.
// The data is JSON that names things by id: no telephone number and no text of a message is
// ever put into it.
//
// event sends nothing: package webhook does, and says to which sites it listens.
//
// Tables owned: event, event_listener, event_pending.
//
// Reading order: event.go, types.go, listen.go (who hears of a site's events), sealed.go (what of
// one is), search.go.
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

// Append adds events to the outbox, in this order. It asks who listens to their sites.
func Append(tx *db.Tx, events ...Event) error { return AppendAs(tx, newIDs(len(events)), events...) }

func newIDs(n int) []id.ID {
	ids := make([]id.ID, n)
	for i := range ids {
		ids[i] = id.New()
	}
	return ids
}

// AppendAs is Append under ids that the caller has just made, one for each event in this
// order, so that a job can name an event in the transaction that appends it.
func AppendAs(tx *db.Tx, ids []id.ID, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	sites := make([]string, len(events))
	for i, e := range events {
		sites[i] = e.Site
	}
	asked, l := AskListeners(sites)
	if err := tx.Ask(asked); err != nil {
		return fmt.Errorf("append %d events: %w", len(events), err)
	}
	return l.AppendAs(tx, ids, events...)
}

// Append is Append where it is known who listens.
func (l Listeners) Append(tx *db.Tx, events ...Event) error {
	return l.AppendAs(tx, newIDs(len(events)), events...)
}

// AppendAs is AppendAs where it is known who listens.
func (l Listeners) AppendAs(tx *db.Tx, ids []id.ID, events ...Event) error {
	n := len(events)
	if n == 0 {
		return nil
	}
	var waiting []Pending
	sites, types, refs, data := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, e := range events {
		if err := check(e); err != nil {
			return err
		}
		sites[i], types[i], refs[i], data[i] = e.Site, e.Type, e.Ref, string(e.Data)
		if e.Data == nil {
			data[i] = "{}"
		}
		if l[e.Site]&FamilyOf(e.Type) != 0 {
			waiting = append(waiting, Pending{ids[i], e.Site, e.Type, tx.Now})
		}
	}
	return tx.Later(func(err error) error { return fmt.Errorf("append %d events: %w", n, err) }, func() error {
		err := tx.InsertMany("event", db.Col("site_id", sites), db.Col("id", ids), db.Col("type", types),
			db.Col("ref", refs), db.Col("data", data), db.Same("at", tx.Now, n))
		if err == nil && len(waiting) > 0 {
			err = insertPending(tx, waiting)
		}
		return err
	})
}

func insertPending(tx *db.Tx, list []Pending) error {
	sites, types := make([]string, len(list)), make([]string, len(list))
	for i, p := range list {
		sites[i], types[i] = p.Site, p.Type
	}
	return tx.InsertMany("event_pending", db.Col("id", ids(list)), db.Col("site_id", sites), db.Col("type", types), db.Same("at", tx.Now, len(list)))
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

// Name names an event.
type Name struct {
	Site string
	ID   id.ID
}

// AskSaid gives the question what events say, and where the answer will stand.
func AskSaid(sites []string, ids []id.ID) (db.Question, map[Name]Event) {
	found := make(map[Name]Event, len(ids))
	row := func(r *sql.Rows) error {
		var n Name
		var e Event
		err := r.Scan(&n.Site, &n.ID, &e.Type, &e.Ref, &e.Data)
		e.Site = n.Site
		found[n] = e
		return err
	}
	return db.Question{Table: "event", Cols: []string{"site_id", "id", "type", "ref", "data"}, Key: []db.Column{db.Col("site_id", sites), db.Col("id", ids)}, Row: row}, found
}
