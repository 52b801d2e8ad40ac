package optout

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// Wish is somebody who is to be put on a list.
type Wish struct {
	To    korea.Number // a mobile number
	Scope Scope
}

// Counts say what became of wishes.
type Counts struct {
	Added     int64 `json:"added"`
	Widened   int64 `json:"widened"`   // of advertising alone before, of everything now
	Unchanged int64 `json:"unchanged"` // on the list already, with that scope or a wider one
}

// MostAtOnce is how many wishes one transaction takes.
const MostAtOnce = 1000

// Add puts people on a site's list, in one transaction with an event. Of the same number
// the widest scope counts. It locks the site's row.
func (l *OptOuts) Add(tx *db.Tx, siteID, source string, wishes []Wish) (c Counts, err error) {
	return l.add(tx, siteID, source, "", wishes)
}

// Reported is Add of those whom a provider account reported.
func (l *OptOuts) Reported(tx *db.Tx, siteID, account string, wishes []Wish) (c Counts, err error) {
	return l.add(tx, siteID, ByProvider, account, wishes)
}

func (l *OptOuts) add(tx *db.Tx, siteID, source, account string, wishes []Wish) (c Counts, err error) {
	if len(wishes) == 0 {
		return c, nil
	}
	p, err := l.begin(tx, siteID)
	if err != nil {
		return c, err
	}
	wanted := map[id.ID]Scope{}
	for _, w := range wishes {
		if mobile, ok := w.To.Mobile(); ok && wanted[p.key.Alias(mobile)] != All {
			wanted[p.key.Alias(mobile)] = w.Scope
		}
	}
	if err := p.read(wanted); err != nil {
		return c, err
	}
	var fresh, wider []row
	for alias, scope := range wanted {
		old, there := p.found[alias]
		switch {
		case !there:
			one := row{alias, OptOut{ID: id.New(), Scope: scope, Source: source, At: tx.Now}}
			fresh = append(fresh, one)
			p.now.put(alias, scope, 1)
		case scope == All && old.Scope == Advertising:
			p.now.put(alias, old.Scope, -1)
			p.now.put(alias, scope, 1)
			old.Scope, old.Source = scope, source
			wider = append(wider, old)
		}
	}
	c = Counts{int64(len(fresh)), int64(len(wider)), int64(len(wishes) - len(fresh) - len(wider))}
	if len(fresh)+len(wider) == 0 {
		return c, nil
	}
	if err := p.write(fresh, wider); err != nil {
		return c, err
	}
	if err := noteAdded(tx, siteID, source, account, append(fresh, wider...), c); err != nil {
		return c, err
	}
	return c, p.end(added(siteID, source, append(fresh, wider...), c))
}

// Remove takes a number off a site's list. NotFound. It locks the site's row.
func (l *OptOuts) Remove(tx *db.Tx, siteID string, to korea.Number) error {
	p, err := l.begin(tx, siteID)
	if err != nil {
		return err
	}
	mobile, _ := to.Mobile()
	alias := p.key.Alias(mobile)
	if err := p.read(map[id.ID]Scope{alias: ""}); err != nil {
		return err
	}
	old, there := p.found[alias]
	if !there {
		return missing(to)
	}
	if _, err := tx.Exec(`DELETE FROM opt_out WHERE site_id = ? AND number = ?`, siteID, alias); err != nil {
		return fmt.Errorf("remove an opt-out of %s: %w", siteID, err)
	}
	p.now.put(alias, old.Scope, -1)
	err = audit.Note(tx, audit.Change{Site: siteID, Action: "opt_out.removed", Ref: old.ID.Text(id.OptOut), Before: audit.Fields{"scope": string(old.Scope)}})
	if err != nil {
		return err
	}
	return p.end(told(siteID, "opt_out.removed", old))
}

// change is one change of a list under way.
type change struct {
	tx          *db.Tx
	site        string
	key         *site.Key
	before, now Standing
	found       map[id.ID]row
}

// begin locks the site and reads how its list stands.
func (l *OptOuts) begin(tx *db.Tx, siteID string) (*change, error) {
	if err := site.Lock(tx, siteID); err != nil {
		return nil, err
	}
	key, err := l.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	s, err := StandingOf(tx, siteID)
	return &change{tx: tx, site: siteID, key: key, before: s, now: s}, err
}

// read looks which of these are on the list.
func (p *change) read(wanted map[id.ID]Scope) error {
	aliases := make([]id.ID, 0, len(wanted))
	for alias := range wanted {
		aliases = append(aliases, alias)
	}
	rows, err := p.tx.Lookup("opt_out", columns, db.Same("site_id", p.site, len(aliases)), db.Col("number", aliases))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (row, error) { return scan(r) })
	if err != nil {
		return fmt.Errorf("read opt-outs of %s: %w", p.site, err)
	}
	p.found = make(map[id.ID]row, len(list))
	for _, o := range list {
		p.found[o.alias] = o
	}
	return nil
}

// write stores those who are new, and those whose scope is wider now.
func (p *change) write(fresh, wider []row) error {
	for _, list := range [][]row{fresh, wider} {
		slices.SortFunc(list, func(a, b row) int { return bytes.Compare(a.alias[:], b.alias[:]) })
	}
	cols := func(list []row) []db.Column {
		return []db.Column{db.Same("site_id", p.site, len(list)), db.Col("number", pick(list, func(o row) id.ID { return o.alias })),
			db.Col("scope", pick(list, func(o row) Scope { return o.Scope })), db.Col("source", pick(list, func(o row) string { return o.Source }))}
	}
	err := p.tx.InsertMany("opt_out", append(cols(fresh), db.Col("id", pick(fresh, func(o row) id.ID { return o.ID })), db.Same("added_at", p.tx.Now, len(fresh)))...)
	if err == nil {
		err = p.tx.UpdateMany("opt_out", []string{"site_id", "number"}, cols(wider)...)
	}
	if err != nil {
		return fmt.Errorf("write opt-outs of %s: %w", p.site, err)
	}
	return nil
}

// end stores how the list stands now, in its own row and in the site's, with the event.
func (p *change) end(e event.Event) error {
	if err := p.now.store(p.tx, p.site, p.before); err != nil {
		return err
	}
	if err := site.SetOptOuts(p.tx, p.site, p.now.kind()); err != nil {
		return err
	}
	return event.Append(p.tx, e)
}

// added tells of one opt-out by its id, of many by their number.
func added(siteID, source string, list []row, c Counts) event.Event {
	if len(list) == 1 {
		return told(siteID, "opt_out.added", list[0])
	}
	return of(siteID, "opt_out.imported", "", struct {
		Source string `json:"source"`
		Counts
	}{source, c})
}

func told(siteID, kind string, o row) event.Event {
	public := o.ID.Text(id.OptOut)
	return of(siteID, kind, public, struct {
		ID     string `json:"opt_out_id"`
		Scope  Scope  `json:"scope"`
		Source string `json:"source"`
	}{public, o.Scope, o.Source})
}

func of(siteID, kind, ref string, data any) event.Event {
	text, _ := json.Marshal(data) // plain structs always marshal
	return event.Event{Site: siteID, Type: kind, Ref: ref, Data: text}
}

func pick[T, V any](list []T, value func(T) V) []V {
	out := make([]V, len(list))
	for i, v := range list {
		out[i] = value(v)
	}
	return out
}
