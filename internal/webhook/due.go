package webhook

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// place names an endpoint.
type place struct {
	site string
	of   id.ID
}

// dueDelivery is an event that waits to be sent, with its text.
type dueDelivery struct {
	seq      int64
	event    id.ID
	kind     string
	tries    int // since it began, or was asked for again
	attempts int // in all
	due, at  db.Time
	asked    db.Time // when it was last asked for again; 0 = never
	data     []byte
}

// task is what an endpoint is to be sent, as one moment saw it.
type task struct {
	endpoint Endpoint
	there    bool
	now      db.Time
	due      []dueDelivery
	more     bool    // is due
	next     db.Time // when the next one is due that is not yet; 0 = none
	err      error
}

// page bounds what one turn of an endpoint reads, and holds in memory.
const page = 32

// readTasks reads what endpoints are to be sent. Those that ask at the same moment are
// answered together.
func (s *Service) readTasks(tx *db.Tx, in []place) ([]task, error) {
	var found []sealedEndpoint
	sites := pick(in, func(p place) string { return p.site })
	err := tx.Ask(s.keys.Ask(tx, slices.Clone(sites)), db.Question{Table: "webhook_endpoint", Cols: endpointColumns,
		Key: []db.Column{db.Col("site_id", sites), db.Col("id", pick(in, func(p place) id.ID { return p.of }))}, Row: db.Gather(&found, scanEndpoint)})
	if err != nil {
		return nil, fmt.Errorf("read endpoints: %w", err)
	}
	byPlace := make(map[place]sealedEndpoint, len(found))
	for _, e := range found {
		byPlace[place{e.Site, e.ID}] = e
	}
	out := make([]task, len(in))
	var texts []*dueDelivery
	var of []string
	for i, p := range in {
		t := &out[i]
		t.now = tx.Now
		e, there := byPlace[p]
		if !there {
			continue
		}
		if t.err = s.read(tx, t, e); t.err != nil {
			continue
		}
		for d := range t.due {
			texts, of = append(texts, &t.due[d]), append(of, p.site)
		}
	}
	return out, s.readTexts(tx, of, texts)
}

func (s *Service) read(tx *db.Tx, t *task, e sealedEndpoint) error {
	key, err := s.keys.Site(tx, e.Site)
	if fault.Is(err, fault.NotFound) || e.State == removed {
		return nil // the site was erased, and its endpoints with it
	}
	if err != nil {
		return err
	}
	if t.endpoint, err = e.open(key); err != nil {
		return err
	}
	t.there = e.State == Enabled
	if !t.there || e.restingUntil > tx.Now {
		return nil
	}
	most := page
	if e.troubled() {
		most = 1
	}
	rows, err := tx.Query(`SELECT seq, event_id, type, tries, attempts, due, event_at, asked_at FROM webhook_delivery
		WHERE site_id = ? AND endpoint_id = ? AND due > 0 ORDER BY due, seq LIMIT ?`, e.Site, e.ID, most+1)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (d dueDelivery, err error) {
		return d, r.Scan(&d.seq, &d.event, &d.kind, &d.tries, &d.attempts, &d.due, &d.at, &d.asked)
	})
	if err != nil {
		return fmt.Errorf("read what is due to endpoint %s: %w", e.ID, err)
	}
	for i, d := range list {
		if d.due > tx.Now {
			t.next = d.due
			break
		}
		if i == most {
			t.more = true
			break
		}
		t.due = append(t.due, d)
	}
	return nil
}

// readTexts reads what the events say.
func (s *Service) readTexts(tx *db.Tx, sites []string, list []*dueDelivery) error {
	asked, said := event.AskSaid(sites, pick(list, func(d *dueDelivery) id.ID { return d.event }))
	if err := tx.Ask(asked); err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	for i, d := range list {
		key, err := s.keys.Site(tx, sites[i])
		if err != nil {
			return err
		}
		e := said[event.Name{Site: sites[i], ID: d.event}]
		if d.data, err = event.Reveal(key.Open, e.Ref, e.Data); err != nil {
			return err
		}
	}
	return nil
}

// body is what an endpoint gets of an event. The place in its sequence stands in the body, so
// that it is signed with it.
type body struct {
	Type      string          `json:"type"`
	Timestamp string          `json:"timestamp"`
	Sequence  int64           `json:"sequence"`
	Site      string          `json:"site_id"`
	Data      json.RawMessage `json:"data"`
}

// unsealed gives what of an attempt was sealed.
func unsealed(key *site.Key, of id.ID, seq, no int64, sealed []byte) (said, error) {
	var a said
	if len(sealed) == 0 {
		return a, nil
	}
	plain, err := key.Open(answerSealedFor(of, seq, no), sealed)
	if err == nil {
		err = a.read(plain)
	}
	if err != nil {
		return a, fmt.Errorf("open attempt %d of delivery %d: %w", no, seq, err)
	}
	return a, nil
}

// Payload gives what an endpoint gets of a delivery, as it would be sent now.
func (s *Service) Payload(tx *db.Tx, siteID string, d Delivery) ([]byte, error) {
	one := &dueDelivery{seq: d.Seq, event: d.Event, kind: d.Type, at: d.EventAt}
	if err := s.readTexts(tx, []string{siteID}, []*dueDelivery{one}); err != nil {
		return nil, err
	}
	return one.payload(siteID)
}

func (d *dueDelivery) payload(siteID string) ([]byte, error) {
	text, err := json.Marshal(body{Type: d.kind, Timestamp: d.at.Time().Format("2006-01-02T15:04:05.000000Z07:00"), Sequence: d.seq, Site: siteID, Data: d.data})
	if err != nil {
		return nil, fmt.Errorf("write event %s: %w", d.event, err)
	}
	return text, nil
}
