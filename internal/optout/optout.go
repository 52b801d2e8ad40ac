// Package optout is whom a site may not write to any more, and to what extent.
//
// What it promises:
//
//   - Who opted out is asked for by number in one look, however long the list is; a site
//     without opt-outs is not asked for at all, because its row says so (site.Rules).
//   - A number is never stored: its place is taken by its alias, which only the site's key
//     opens. No event and no log names one.
//   - A wish is never narrowed by another: who wants nothing at all stays so when a
//     provider's list, which is about advertising, names him too. Only removing ends it.
//   - What a list was at a moment can be told later by its digest, which follows from who is
//     on it, in whatever order they came.
//
// It never sends or stops anything: packages message and delivery ask before they accept and
// before each leg.
//
// Tables owned: opt_out, opt_out_list.
//
// Reading order: optout.go (what an opt-out is), change.go (adding and removing), list.go
// (the list as a whole, and its digest), import.go, ask.go, noted.go.
package optout

import (
	"database/sql"
	"errors"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// Scope is how much somebody does not want.
type Scope string

// The scopes.
const (
	Advertising Scope = "advertising"
	All         Scope = "all" // information too
)

// Covers reports whether an opt-out keeps a message from its recipient.
func (s Scope) Covers(advertising bool) bool { return s == All || s == Advertising && advertising }

// ParseScope reads a scope; an empty one is Advertising, which is what people mean who
// call an 080 number.
func ParseScope(text string) (Scope, error) {
	switch s := Scope(text); s {
	case "":
		return Advertising, nil
	case Advertising, All:
		return s, nil
	}
	return "", fault.Check("/scope", "want advertising or all")
}

// Sources say where an opt-out came from.
const (
	ByAPI      = "api"
	ByImport   = "import"
	ByProvider = "provider" // somebody called the 080 number, as a provider reported
)

// OptOut is one person's wish.
type OptOut struct {
	ID     id.ID
	To     korea.Number
	Scope  Scope
	Source string
	At     db.Time
}

// OptOuts are those of all sites. It is safe for concurrent use.
type OptOuts struct{ keys *site.Keys }

// New makes them over the sites' keys, which aliases are made with.
func New(keys *site.Keys) *OptOuts { return &OptOuts{keys} }

var columns = []string{"number", "id", "scope", "source", "added_at"}

const selectOptOuts = `SELECT number, id, scope, source, added_at FROM opt_out WHERE site_id = ?`

// row is an opt-out as it is stored.
type row struct {
	alias id.ID
	OptOut
}

func scan(r interface{ Scan(...any) error }) (o row, err error) {
	return o, r.Scan(&o.alias, &o.ID, &o.Scope, &o.Source, &o.At)
}

// open gives an opt-out with its number.
func (o row) open(key *site.Key) (OptOut, error) {
	mobile, ok := key.OpenAlias(o.alias)
	if !ok {
		return OptOut{}, fmt.Errorf("open opt-out %s: the alias is damaged", o.ID)
	}
	o.To = korea.MobileNumber(mobile)
	return o.OptOut, nil
}

// Find gives a number's opt-out. NotFound.
func (l *OptOuts) Find(tx *db.Tx, siteID string, to korea.Number) (OptOut, error) {
	key, err := l.keys.Site(tx, siteID)
	if err != nil {
		return OptOut{}, err
	}
	mobile, _ := to.Mobile()
	o, err := scan(tx.QueryRow(selectOptOuts+` AND number = ?`, siteID, key.Alias(mobile)))
	if errors.Is(err, db.ErrNoRows) {
		return OptOut{}, missing(to)
	}
	if err != nil {
		return OptOut{}, fmt.Errorf("find an opt-out of %s: %w", siteID, err)
	}
	return o.open(key)
}

// missing does not repeat the number: faults are logged.
func missing(to korea.Number) error { return fault.Missing("opt-out of", korea.Mask(string(to))) }

// Spot is a place in a list of opt-outs, newest first.
type Spot struct {
	At    db.Time
	Alias id.ID
}

// Listed is an opt-out with its place.
type Listed struct {
	OptOut
	Spot Spot
}

// List gives up to limit opt-outs of a site behind a spot, newest first. The zero Spot is
// before all.
func (l *OptOuts) List(tx *db.Tx, siteID string, after Spot, limit int) ([]Listed, error) {
	key, err := l.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	query, args := selectOptOuts, []any{siteID}
	if after.At != 0 {
		query, args = query+` AND (added_at < ? OR added_at = ? AND number < ?)`, append(args, after.At, after.At, after.Alias)
	}
	rows, err := tx.Query(query+` ORDER BY added_at DESC, number DESC LIMIT ?`, append(args, limit)...)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (Listed, error) {
		o, err := scan(r)
		if err != nil {
			return Listed{}, err
		}
		opened, err := o.open(key)
		return Listed{opened, Spot{o.At, o.alias}}, err
	})
	if err != nil {
		return nil, fmt.Errorf("list opt-outs of %s: %w", siteID, err)
	}
	return list, nil
}
