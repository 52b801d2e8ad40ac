package event

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Filter narrows a list of events; zero values narrow nothing.
type Filter struct {
	Type   string
	Family bool // Type is how the types begin: message.
	Ref    string
	From   db.Time
	Until  db.Time
	Before id.ID // only events whose ids are below this one
	Limit  int
}

func (f Filter) wants(s Stored) bool {
	if f.Ref != "" && s.Ref != f.Ref || s.At < f.From || f.Until > 0 && s.At >= f.Until {
		return false
	}
	if f.Family {
		return strings.HasPrefix(s.Type, f.Type)
	}
	return f.Type == "" || s.Type == f.Type
}

const (
	mostLooked = 5000      // events that one search looks at
	clocks     = time.Hour // by how much the clock that made an id may differ from the database's
)

// Search lists events of a site, the newest first. It looks at a bounded number of them: next
// is from where to go on, zero when there is nothing more, so a list may be short before that.
func Search(tx *db.Tx, site string, f Filter) (list []Stored, next id.ID, err error) {
	where, args := "", []any{site}
	for _, bound := range []struct {
		condition string
		id        id.ID
	}{{" AND id < ?", f.Before}, {" AND id >= ?", boundary(f.From, -clocks)}, {" AND id < ?", boundary(f.Until, clocks)}} {
		if !bound.id.IsZero() {
			where, args = where+bound.condition, append(args, bound.id)
		}
	}
	rows, err := tx.Query(`SELECT id, type, ref, at FROM event WHERE site_id = ?`+where+` ORDER BY id DESC LIMIT ?`, append(args, mostLooked)...)
	looked, err := db.Collect(rows, err, func(r *sql.Rows) (s Stored, err error) {
		s.Site = site
		return s, r.Scan(&s.ID, &s.Type, &s.Ref, &s.At)
	})
	if err != nil {
		return nil, next, fmt.Errorf("search events of %s: %w", site, err)
	}
	for _, s := range looked {
		if !f.wants(s) {
			continue
		}
		if len(list) == f.Limit {
			return list, list[len(list)-1].ID, fill(tx, list)
		}
		list = append(list, s)
	}
	if len(looked) == mostLooked {
		next = looked[len(looked)-1].ID
	}
	return list, next, fill(tx, list)
}

// boundary is the id from which on all were made at a time, give or take.
func boundary(at db.Time, by time.Duration) (d id.ID) {
	if at == 0 {
		return d
	}
	return id.From(at.Add(by).Time())
}

// fill reads what events say.
func fill(tx *db.Tx, list []Stored) error {
	sites, ids := make([]string, len(list)), make([]id.ID, len(list))
	for i, s := range list {
		sites[i], ids[i] = s.Site, s.ID
	}
	asked, said := AskSaid(sites, ids)
	if err := tx.Ask(asked); err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	for i, s := range list {
		list[i].Data = said[Name{s.Site, s.ID}].Data
	}
	return nil
}
