package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Change is what somebody did to a thing.
type Change struct {
	Site   string // "" = the installation
	Action string // dot-separated words, the thing first: template.updated
	Ref    string // public id or name of the thing; may be empty

	// Before and After are what the thing was and what it became, of the same names. What is
	// equal in both is left out. Before is nil of what was made, and After of what is gone.
	Before, After Fields

	By         Actor  // the zero Actor = whoever acts in the transaction
	AskedBy    string // who wanted it, where a second person decides
	ApprovedBy string // who let it happen
}

// Fields are parts of a thing by their names.
type Fields map[string]any

// Note writes changes down, in this order, as done by whoever acts in the transaction unless they
// name somebody else. A change of something to what it was already is none, and nothing is
// written of it.
func Note(tx *db.Tx, changes ...Change) error {
	var r rows
	for _, c := range changes {
		if err := r.add(tx, c); err != nil {
			return err
		}
	}
	n := len(r.ids)
	if n == 0 {
		return nil
	}
	who := func(name string, of func(*Actor) string) db.Column {
		out := make([]string, n)
		for i := range r.actors {
			out[i] = of(&r.actors[i])
		}
		return db.Col(name, out)
	}
	return tx.Later(func(err error) error { return fmt.Errorf("note %d changes: %w", n, err) }, func() error {
		return tx.InsertMany("audit", db.Col("site_id", r.sites), db.Col("id", r.ids), db.Same("at", tx.Now, n),
			who("actor_kind", func(a *Actor) string { return string(a.Kind) }), who("actor_id", func(a *Actor) string { return a.ID }),
			who("actor_name", func(a *Actor) string { return a.Name }), who("address", func(a *Actor) string { return a.Address }),
			who("request", func(a *Actor) string { return a.Request }), who("operation", func(a *Actor) string { return a.Operation }),
			db.Col("action", r.actions), db.Col("ref", r.refs), db.Col("asked_by", r.askers), db.Col("approved_by", r.approvers),
			db.Col("was", r.was), db.Col("became", r.became))
	})
}

// rows are the columns of what is to be written.
type rows struct {
	ids                                                  []id.ID
	actors                                               []Actor
	sites, actions, refs, askers, approvers, was, became []string
}

func (r *rows) add(tx *db.Tx, c Change) error {
	if !isAction(c.Action) || !utf8.ValidString(c.Ref) || len(c.Site) > mostWord {
		return fault.New(fault.Internal, fault.CodeInternal, "audit entry %q of %q: want an action of dot-separated words, and a ref that is text", c.Action, c.Site)
	}
	was, became, same, err := differ(c.Before, c.After)
	if err != nil {
		return fmt.Errorf("note %s: %w", c.Action, err)
	}
	if same {
		return nil
	}
	who := Acting(tx)
	if c.By != (Actor{}) {
		who = c.By.whole(tx)
	}
	r.ids, r.actors = append(r.ids, stamp(tx.Now)), append(r.actors, who)
	r.sites, r.actions, r.refs = append(r.sites, c.Site), append(r.actions, c.Action), append(r.refs, short(c.Ref))
	r.askers, r.approvers = append(r.askers, short(c.AskedBy)), append(r.approvers, short(c.ApprovedBy))
	r.was, r.became = append(r.was, was), append(r.became, became)
	return nil
}

// differ gives both sides as JSON objects without what is equal in them; same says that both
// were given and nothing differs.
func differ(before, after Fields) (was, became string, same bool, err error) {
	b, err := before.plain()
	if err != nil {
		return "", "", false, err
	}
	a, err := after.plain()
	if err != nil {
		return "", "", false, err
	}
	for name, text := range b {
		if other, both := a[name]; both && string(other) == string(text) {
			delete(a, name)
			delete(b, name)
		}
	}
	bs, err := json.Marshal(b)
	if err != nil {
		return "", "", false, err
	}
	as, err := json.Marshal(a)
	return string(bs), string(as), before != nil && after != nil && len(a)+len(b) == 0, err
}

// isAction reports whether a text is two words or more of a-z, 0-9 and _ with dots between.
func isAction(text string) bool {
	last := byte('.')
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_':
		case c == '.' && last != '.':
		default:
			return false
		}
		last = text[i]
	}
	return len(text) <= mostWord && last != '.' && strings.Contains(text, ".")
}

var noted atomic.Uint32 // entries of this process: those of one moment stay in their order

// stamp makes the id of an entry from its transaction's time, so that the ids of a day, on the
// database's clock, lie between its first moment and that of the next. It is a UUIDv7 whose
// first random bits are the microseconds (RFC 9562, 6.2 method 3) and a count.
func stamp(at db.Time) id.ID {
	d, tail, place := id.From(at.Time()), id.New(), noted.Add(1)
	micros := uint16(at%1000) << 2
	d[6], d[7] = 0x70|byte(micros>>8), byte(micros)
	d[8], d[9], d[10] = 0x80|byte(place>>16)&0x3f, byte(place>>8), byte(place)
	copy(d[11:], tail[11:])
	return d
}
