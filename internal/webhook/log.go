package webhook

import (
	"cmp"
	"database/sql"
	"fmt"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// The states of a delivery.
const (
	Waiting        State = "waiting" // to be sent, or sent again
	stateDelivered State = "delivered"
	stateFailed    State = "failed" // given up after its last attempt
)

// Delivery is one event for one endpoint.
type Delivery struct {
	Seq      int64 // its place in the endpoint's sequence
	Event    id.ID
	Type     string
	State    State
	Due      db.Time // of one that waits: when it is sent next; 0 = it does not wait
	Attempts int
	Status   int // that the last attempt was answered; 0 = there was no answer
	EventAt  db.Time
	EndedAt  db.Time // when it was delivered or given up; 0 = it waits
}

// Attempt is one request to an endpoint.
type Attempt struct {
	No       int
	At       db.Time
	Status   int // 0 = there was no answer
	Result   string
	TookMS   int64
	Error    string // what went wrong, in words
	Response string // the first 4 kB of the answer
}

// Filter narrows a list of deliveries; zero values narrow nothing.
type Filter struct {
	State  State
	Type   string  // a type, or a family such as message.*
	From   db.Time // of the event
	Until  db.Time
	Before int64 // only places below this one
	Limit  int
}

const deliverySelect = `SELECT seq, event_id, type, state, due, attempts, status, event_at, ended_at FROM webhook_delivery WHERE site_id = ? AND endpoint_id = ?`

func scanDelivery(r *sql.Rows) (d Delivery, err error) {
	var due db.Null[int64]
	err = r.Scan(&d.Seq, &d.Event, &d.Type, &d.State, &due, &d.Attempts, &d.Status, &d.EventAt, &d.EndedAt)
	d.Due = db.Time(due.V)
	return d, err
}

// Deliveries lists what was for an endpoint, the newest first.
func (s *Service) Deliveries(tx *db.Tx, siteID string, of id.ID, f Filter) ([]Delivery, error) {
	where, args := f.where([]any{siteID, of})
	if f.Before > 0 {
		where, args = where+` AND seq < ?`, append(args, f.Before)
	}
	rows, err := tx.Query(deliverySelect+where+` ORDER BY seq DESC LIMIT ?`, append(args, f.Limit)...)
	list, err := db.Collect(rows, err, scanDelivery)
	if err != nil {
		return nil, fmt.Errorf("list deliveries to endpoint %s: %w", of, err)
	}
	return list, nil
}

// where narrows by all but the place.
func (f Filter) where(args []any) (string, []any) {
	var b strings.Builder
	add := func(condition string, arg any) {
		b.WriteString(" AND " + condition)
		args = append(args, arg)
	}
	if f.State != "" {
		add("state = ?", string(f.State))
	}
	if family, ok := strings.CutSuffix(f.Type, "*"); ok && family != "" {
		add("type >= ?", family)
		add("type < ?", family[:len(family)-1]+"/") // the character after the dot
	} else if !ok && f.Type != "" {
		add("type = ?", f.Type)
	}
	if f.From > 0 {
		add("event_at >= ?", int64(f.From))
	}
	if f.Until > 0 {
		add("event_at < ?", int64(f.Until))
	}
	return b.String(), args
}

// FindDelivery gives a delivery with its attempts, the first first. NotFound.
func (s *Service) FindDelivery(tx *db.Tx, siteID string, of id.ID, seq int64) (d Delivery, made []Attempt, err error) {
	rows, err := tx.Query(deliverySelect+` AND seq = ?`, siteID, of, seq)
	found, err := db.Collect(rows, err, scanDelivery)
	if err != nil {
		return d, nil, fmt.Errorf("find delivery %d to endpoint %s: %w", seq, of, err)
	}
	if len(found) == 0 {
		return d, nil, fault.Missing("delivery", fmt.Sprint(seq))
	}
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return d, nil, err
	}
	rows, err = tx.Query(`SELECT no, at, status, result, took_ms, sealed FROM webhook_attempt
		WHERE site_id = ? AND endpoint_id = ? AND seq = ? ORDER BY no`, siteID, of, seq)
	made, err = db.Collect(rows, err, func(r *sql.Rows) (a Attempt, err error) {
		var sealed []byte
		if err := r.Scan(&a.No, &a.At, &a.Status, &a.Result, &a.TookMS, &sealed); err != nil {
			return a, err
		}
		words, err := unsealed(key, of, seq, int64(a.No), sealed)
		a.Error, a.Response = words.Error, words.Response
		return a, err
	})
	if err != nil {
		return d, nil, fmt.Errorf("read attempts of delivery %d to endpoint %s: %w", seq, of, err)
	}
	return found[0], made, nil
}

// Since gives when the oldest event happened that waits for an endpoint; 0 = none does.
func (s *Service) Since(tx *db.Tx, siteID string, of id.ID) (db.Time, error) {
	rows, err := tx.Query(`SELECT event_at FROM webhook_delivery WHERE site_id = ? AND endpoint_id = ? AND state = ? ORDER BY seq LIMIT 1`, siteID, of, string(Waiting))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (at db.Time, err error) { return at, r.Scan(&at) })
	if err != nil {
		return 0, fmt.Errorf("read what waits for endpoint %s: %w", of, err)
	}
	return append(list, 0)[0], nil
}

// Name gives what a site calls an endpoint: its description, or else where it is. NotFound.
func (s *Service) Name(tx *db.Tx, siteID string, of id.ID) (string, error) {
	e, err := s.Find(tx, siteID, of)
	return cmp.Or(e.Description, e.host()), err
}
