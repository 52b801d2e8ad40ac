package api

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// Paging is the parameters of every list.
type Paging struct {
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"Rows per page."`
	Cursor string `query:"cursor" doc:"next_cursor of the page before, with the same filters."`
}

// listOf is one page of a list.
type listOf[T any] struct {
	Data       []T     `json:"data"`
	HasMore    bool    `json:"has_more"`
	NextCursor *string `json:"next_cursor" doc:"Of the next page; null on the last one."`
}

// cursorMAC is how much of its MAC a cursor carries.
const cursorMAC = 16

// list is one reading of a list: which one, of whom, and narrowed how. A cursor is
// good for exactly the list that gave it.
type list struct {
	key  *site.Key
	what string
}

// list begins the reading of a list; filters are the values that narrow it.
func (a *api) list(tx *db.Tx, x *exchange, name string, filters ...string) (list, error) {
	key, err := a.Keys.Installation(tx, site.CursorKey)
	if err != nil {
		return list{}, err
	}
	what, err := json.Marshal(append([]string{name, x.site}, filters...))
	return list{key, string(what)}, err
}

func (l list) mac(place []byte) []byte {
	sum := l.key.MAC(append([]byte(l.what+"\x00"), place...))
	return sum[:cursorMAC]
}

// after reads where a cursor points to, into a place; an absent one leaves it zero.
func (l list) after(cursor string, place any) error {
	if cursor == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && len(raw) > cursorMAC {
		text := raw[cursorMAC:]
		if hmac.Equal(raw[:cursorMAC], l.mac(text)) {
			return json.Unmarshal(text, place)
		}
	}
	return fault.Check("/cursor", "this cursor is not of this list with these filters; begin without one")
}

// cursor is the text of a place.
func (l list) cursor(place any) (*string, error) {
	text, err := json.Marshal(place)
	if err != nil {
		return nil, err
	}
	out := base64.RawURLEncoding.EncodeToString(append(l.mac(text), text...))
	return &out, nil
}

// pageOf makes the page of rows that were read with one more than the limit: place
// names where the last row that is shown stands.
func pageOf[R, T any](l list, rows []R, limit int, show func(R) (T, error), place func(R) any) (listOf[T], error) {
	out := listOf[T]{Data: make([]T, 0, min(limit, len(rows))), HasMore: len(rows) > limit}
	for _, r := range rows[:min(limit, len(rows))] {
		one, err := show(r)
		if err != nil {
			return out, err
		}
		out.Data = append(out.Data, one)
	}
	var err error
	if out.HasMore {
		out.NextCursor, err = l.cursor(place(rows[limit-1]))
	}
	return out, err
}

// place is where a row stands in a list that is ordered by age, and of equal ages by name.
type place struct {
	At   db.Time
	Name string
}

// rest gives the rows behind a cursor of a list that was read whole, in the order of their
// places. The row that it names may be gone: the next one stands for it then.
func rest[R any](l list, cursor string, rows []R, where func(R) place) ([]R, error) {
	var after place
	if err := l.after(cursor, &after); err != nil || cursor == "" {
		return rows, err
	}
	for i, r := range rows {
		switch p := where(r); {
		case p == after:
			return rows[i+1:], nil
		case p.At > after.At, p.At == after.At && p.Name > after.Name:
			return rows[i:], nil
		}
	}
	return nil, nil
}
