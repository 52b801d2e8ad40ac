package webhook

import (
	"cmp"
	"database/sql"
	"fmt"
	"math"
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

// How many deliveries one reading looks at that narrows them by more than their state: a page at a
// time, as their index has them. One of a time begins and ends that many places around it, since
// places follow times only as far as clocks agree.
const (
	deliveryPage   = 500
	deliveryBudget = 20_000
)

// Deliveries lists what was for an endpoint, the newest first. It looks at a bounded number of
// deliveries: next is the place below which to go on, and more tells that there may be some.
func (s *Service) Deliveries(tx *db.Tx, siteID string, of id.ID, f Filter) (list []Delivery, next int64, more bool, err error) {
	below, floor, err := f.span(tx, siteID, of)
	if err != nil {
		return nil, 0, false, err
	}
	size := f.Limit + 1
	if f.Type != "" || f.From > 0 || f.Until > 0 {
		size = max(size, deliveryPage)
	}
	where, args := Filter{State: f.State}.where([]any{siteID, of})
	for looked := 0; looked < deliveryBudget && below > floor; {
		rows, err := tx.Query(deliverySelect+where+` AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?`, append(args, floor, below, size)...)
		page, err := db.Collect(rows, err, scanDelivery)
		if err != nil {
			return nil, 0, false, fmt.Errorf("list deliveries to endpoint %s: %w", of, err)
		}
		for _, d := range page {
			below = d.Seq
			if !f.takes(d) {
				continue
			}
			if list = append(list, d); len(list) > f.Limit {
				return list[:f.Limit], list[f.Limit-1].Seq, true, nil
			}
		}
		if looked += len(page); len(page) < size {
			return list, 0, false, nil
		}
	}
	return list, below, below-floor > 1, nil
}

// span gives the places between which a filter's deliveries are, without both.
func (f Filter) span(tx *db.Tx, siteID string, of id.ID) (below, floor int64, err error) {
	below = math.MaxInt64
	edge := func(query string, at db.Time) (list []int64) {
		if err != nil {
			return nil
		}
		rows, failed := tx.Query(`SELECT seq FROM webhook_delivery WHERE site_id = ? AND endpoint_id = ? AND `+query+` LIMIT 1`, siteID, of, int64(at))
		if list, failed = db.Collect(rows, failed, scanSeq); failed != nil {
			err = fmt.Errorf("find the time of deliveries to endpoint %s: %w", of, failed)
		}
		return list
	}
	if f.Until > 0 {
		below = 0
		for _, last := range edge(`event_at < ? ORDER BY event_at DESC, event_id DESC`, f.Until) {
			below = last + deliveryBudget
		}
	}
	if f.From > 0 {
		floor = below
		for _, first := range edge(`event_at >= ? ORDER BY event_at, event_id`, f.From) {
			floor = max(first-deliveryBudget, 0)
		}
	}
	if f.Before > 0 {
		below = min(below, f.Before)
	}
	return below, floor, err
}

// takes reports whether a delivery is of the type and time that is asked for.
func (f Filter) takes(d Delivery) bool {
	if f.From > 0 && d.EventAt < f.From || f.Until > 0 && d.EventAt >= f.Until {
		return false
	}
	return f.Type == "" || Topics{f.Type}.Wants(d.Type)
}

// where narrows by the state and the time.
func (f Filter) where(args []any) (string, []any) {
	var b strings.Builder
	add := func(condition string, arg any) {
		b.WriteString(" AND " + condition)
		args = append(args, arg)
	}
	if f.State != "" {
		add("state = ?", string(f.State))
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
