package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// Entry is a change as it stands in the log.
type Entry struct {
	Site       string
	ID         id.ID // rises with At
	At         db.Time
	Actor      Actor
	Action     string
	Ref        string
	AskedBy    string
	ApprovedBy string
	Before     json.RawMessage // an object
	After      json.RawMessage // likewise
}

// Filter says which entries are wanted; zero values narrow nothing.
type Filter struct {
	Site   string // "" = the installation's
	All    bool   // of all sites and of the installation, whatever Site is
	Action string // the whole of it, or its first words
	Actor  string // id, name or kind
	Ref    string
	From   db.Time // at this time or later
	Until  db.Time // before it
}

// Between narrows a filter to some time: moments, or Korean days, of which the last one is
// included; "" = from the first entry, up to now. Invalid with the place.
func (f *Filter) Between(from, until string) error {
	for _, t := range []struct {
		at, text string
		into     *db.Time
		days     int
	}{{"/from", from, &f.From, 0}, {"/until", until, &f.Until, 1}} {
		if t.text == "" {
			continue
		}
		moment, err := korea.ParseTime(t.text)
		if err != nil {
			if moment, err = korea.ParseDay(t.text); err != nil {
				return fault.Check(t.at, "want a time such as 2026-12-01T09:00:00Z, or a Korean day such as 2026-12-01")
			}
			moment = moment.AddDate(0, 0, t.days)
		}
		*t.into = db.At(moment)
	}
	return nil
}

const entryColumns = `site_id, id, at, actor_kind, actor_id, actor_name, address, request, operation, action, ref, asked_by, approved_by, was, became`

func scanEntry(r *sql.Rows) (e Entry, err error) {
	var was, became []byte
	a := &e.Actor
	err = r.Scan(&e.Site, &e.ID, &e.At, &a.Kind, &a.ID, &a.Name, &a.Address, &a.Request, &a.Operation, &e.Action, &e.Ref, &e.AskedBy, &e.ApprovedBy, &was, &became)
	e.Before, e.After = was, became
	return e, err
}

// where gives the condition that a filter is, before an entry (zero = from the newest on).
func (f Filter) where(before id.ID) (text string, args []any) {
	var parts []string
	add := func(part string, values ...any) { parts, args = append(parts, part), append(args, values...) }
	if !f.All {
		add("site_id = ?", f.Site)
	}
	if f.Action != "" { // / comes right after the dot
		add("(action = ? OR action > ? AND action < ?)", f.Action, f.Action+".", f.Action+"/")
	}
	if f.Actor != "" {
		add("(actor_id = ? OR actor_name = ? OR actor_kind = ?)", f.Actor, f.Actor, f.Actor)
	}
	if f.Ref != "" {
		add("ref = ?", f.Ref)
	}
	if f.From != 0 {
		first := id.From(f.From.Time())
		add("id >= ? AND at >= ?", first[:], f.From)
	}
	if f.Until != 0 {
		end := id.From((f.Until + 999).Time()) // the millisecond that begins then or later
		add("id < ? AND at < ?", end[:], f.Until)
	}
	if !before.IsZero() {
		add("id < ?", before[:])
	}
	if len(parts) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(parts, " AND "), args
}

// List gives up to limit entries before one (zero = the newest), the newest first.
func List(tx *db.Tx, f Filter, before id.ID, limit int) ([]Entry, error) {
	where, args := f.where(before)
	rows, err := tx.Query(`SELECT `+entryColumns+` FROM audit`+where+` ORDER BY id DESC LIMIT ?`, append(slices.Clone(args), limit)...)
	list, err := db.Collect(rows, err, scanEntry)
	if err != nil {
		return nil, fmt.Errorf("list audit entries of %q: %w", f.Site, err)
	}
	return list, nil
}

// page is how many entries Each reads at a time.
const page = 500

// Each hands out all entries that a filter takes, the newest first. None that is written
// meanwhile is among them.
func Each(ctx context.Context, d *db.DB, f Filter, take func(Entry) error) error {
	var last id.ID
	for {
		var list []Entry
		err := d.View(ctx, "audit_each", func(tx *db.Tx) (err error) {
			list, err = List(tx, f, last, page)
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := take(e); err != nil {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
		last = list[len(list)-1].ID
	}
}
