package webhook

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// ending is what is written down of an endpoint's turn: what became of a delivery, and at
// its end how the endpoint does and what becomes of its job.
type ending struct {
	place
	made    *made         // nil = no request
	health  *health       // nil = as it was
	disable Reason        // "" = it goes on
	known   db.Time       // when the endpoint that the turn knew was changed
	job     *queue.Ending // nil = the turn goes on
	then    queue.Job     // it is served by other workers from now on; without a kind it is not
}

// made is a request and what came of it.
type made struct {
	delivery dueDelivery
	answer   answer
	at       db.Time
	again    db.Time // when it is due again; 0 = it is over
	over     State   // what became of it; "" = it waits
}

// endAll writes endings down, those of one moment together.
func (s *Service) endAll(tx *db.Tx, in []ending) ([]struct{}, error) {
	f, err := s.endEndpoints(tx, in)
	if err != nil {
		return nil, err
	}
	if err := s.endDeliveries(tx, in); err != nil {
		return nil, err
	}
	var jobs []queue.Ending
	for _, e := range in {
		if e.job != nil {
			jobs = append(jobs, *e.job)
		}
		if e.then.Kind != "" {
			f.jobs = append(f.jobs, e.then)
		}
	}
	if err := s.queue.End(tx, jobs...); err != nil {
		return nil, err
	}
	if err := s.queue.Put(tx, f.jobs...); err != nil {
		return nil, err
	}
	tx.OnCommit(func() { s.count(in, f.disabled) })
	return make([]struct{}, len(in)), credit.Announce(tx, s.queue, f.told...)
}

// following is what follows from how endpoints do.
type following struct {
	told     []event.Event
	disabled []*Endpoint
	jobs     []queue.Job
}

// endEndpoints writes how endpoints do. One that was changed since its turn began stays as people
// made it, and how it failed before tells nothing of it: what was to disable it is tried again. That
// it was reached ends what it failed at before, whatever was changed.
func (s *Service) endEndpoints(tx *db.Tx, in []ending) (f following, err error) {
	var moved []ending
	for _, e := range in {
		if e.health != nil || e.disable != "" {
			moved = append(moved, e)
		}
	}
	if len(moved) == 0 {
		return f, nil
	}
	rows, err := tx.LookupForUpdate("webhook_endpoint", endpointColumns,
		db.Col("site_id", pick(moved, func(e ending) string { return e.site })), db.Col("id", pick(moved, func(e ending) id.ID { return e.of })))
	found, err := db.Collect(rows, err, scanEndpoint)
	if err != nil {
		return f, fmt.Errorf("lock endpoints: %w", err)
	}
	var list []*Endpoint
	for i := range found {
		e := &found[i].Endpoint
		for _, m := range moved {
			switch {
			case m.place != (place{e.Site, e.ID}) || e.State == removed:
				continue
			case m.known != e.ChangedAt:
				if m.disable != "" && e.State == Enabled {
					f.jobs = append(f.jobs, e.job(tx.Now))
				}
				if m.health == nil || m.health.troubled() || !e.troubled() {
					continue
				}
				e.health, m.disable = health{slow: e.slow}, ""
			case m.health != nil:
				warn := m.health.warnedAt > 0 && e.warnedAt == 0 && m.disable == "" && e.State == Enabled
				if e.health = *m.health; warn {
					f.told = append(f.told, e.warn(s.o.DisableAfter))
				}
			}
			if m.disable != "" && e.State == Enabled {
				f.told, f.disabled = append(f.told, e.disable(m.disable, tx.Now, s.o.KeepAttempts)), append(f.disabled, e)
			}
			if !slices.Contains(list, e) {
				list = append(list, e)
			}
		}
	}
	if len(list) == 0 {
		return f, nil
	}
	cols := append(healthColumns(list), db.Col("state", pick(list, func(e *Endpoint) State { return e.State })),
		db.Col("reason", pick(list, func(e *Endpoint) Reason { return e.Reason })),
		db.Col("disabled_at", pick(list, func(e *Endpoint) db.Time { return e.DisabledAt })))
	return f, tx.Later(func(err error) error { return fmt.Errorf("write how endpoints do: %w", err) }, func() error {
		return tx.UpdateMany("webhook_endpoint", []string{"site_id", "id"}, cols...)
	})
}

// disable stops an endpoint and gives the event that says so.
func (e *Endpoint) disable(why Reason, now db.Time, keep time.Duration) event.Event {
	e.State, e.Reason, e.DisabledAt = Disabled, why, now
	data := map[string]any{"reason": why, "kept_days": int(keep / (24 * time.Hour))}
	if e.failingSince > 0 {
		data["failing_since"] = e.failingSince.Time()
	}
	return e.tells("webhook.disabled", data)
}

// warn gives the event that says when an endpoint that fails will be disabled.
func (e *Endpoint) warn(after time.Duration) event.Event {
	return e.tells("webhook.failing", map[string]any{"failing_since": e.failingSince.Time(), "disabled_at": e.failingSince.Add(after).Time()})
}

func (e *Endpoint) tells(kind string, data map[string]any) event.Event {
	data["endpoint_id"] = e.ID.Text(id.Webhook)
	text, err := json.Marshal(data)
	if err != nil { // it is made of texts and times
		text = nil
	}
	return event.Event{Site: e.Site, Type: kind, Ref: e.ID.Text(id.Webhook), Data: text}
}

// key is the key of a delivery.
type key struct {
	place
	seq int64
}

func (k key) compare(o key) int {
	return cmp.Or(strings.Compare(k.site, o.site), slices.Compare(k.of[:], o.of[:]), cmp.Compare(k.seq, o.seq))
}

// endDeliveries writes what became of deliveries, with their attempts. One that is not there
// any more went with its endpoint, and one that was asked for again during the attempt is due as
// it was asked for, whatever the attempt came to.
func (s *Service) endDeliveries(tx *db.Tx, in []ending) error {
	byKey := map[key]*made{}
	for _, e := range in {
		if e.made != nil {
			byKey[key{e.place, e.made.delivery.seq}] = e.made
		}
	}
	if len(byKey) == 0 {
		return nil
	}
	keys := make([]key, 0, len(byKey))
	for k := range byKey {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, key.compare)
	rows, err := tx.LookupForUpdate("webhook_delivery", []string{"site_id", "endpoint_id", "seq", "tries", "attempts", "due", "asked_at"}, deliveryKeys(keys)...)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (o outcome, err error) {
		var due db.Null[int64]
		err = r.Scan(&o.site, &o.of, &o.seq, &o.tries, &o.no, &due, &o.asked)
		o.due = db.Time(due.V)
		return o, err
	})
	if err != nil {
		return fmt.Errorf("lock deliveries: %w", err)
	}
	for i := range list {
		o := &list[i]
		o.made = byKey[o.key]
		o.no++
		o.state = Waiting
		if o.asked == o.delivery.asked {
			o.tries, o.due, o.state = o.tries+1, o.again, cmp.Or(o.over, Waiting)
		}
		if o.sealed, err = s.sealed(tx, o); err != nil {
			return err
		}
	}
	return tx.Later(func(err error) error { return fmt.Errorf("write what became of %d deliveries: %w", len(list), err) }, func() error {
		return writeOutcomes(tx, list)
	})
}

// outcome is a delivery after one more attempt.
type outcome struct {
	key
	*made
	tries, no  int64
	due, asked db.Time
	state      State
	sealed     []byte
}

// sealed is what the attempt's row keeps of the answer; nothing where there is nothing to read.
func (s *Service) sealed(tx *db.Tx, o *outcome) ([]byte, error) {
	if o.answer.said == (said{}) {
		return nil, nil
	}
	key, err := s.keys.Site(tx, o.site)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(o.answer.said)
	if err != nil {
		return nil, fmt.Errorf("write an answer: %w", err)
	}
	return key.Seal(answerSealedFor(o.of, o.seq, o.no), text), nil
}

func deliveryKeys(list []key) []db.Column {
	return []db.Column{
		db.Col("site_id", pick(list, func(k key) string { return k.site })),
		db.Col("endpoint_id", pick(list, func(k key) id.ID { return k.of })),
		db.Col("seq", pick(list, func(k key) int64 { return k.seq })),
	}
}

func writeOutcomes(tx *db.Tx, list []outcome) error {
	keys := deliveryKeys(pick(list, func(o outcome) key { return o.key }))
	number := func(name string, of func(outcome) int64) db.Column { return db.Col(name, pick(list, of)) }
	err := tx.UpdateMany("webhook_delivery", []string{"site_id", "endpoint_id", "seq"}, append(slices.Clone(keys),
		db.Col("state", pick(list, func(o outcome) State { return o.state })),
		db.Opt("due", pick(list, func(o outcome) db.Time { return o.due })),
		number("tries", func(o outcome) int64 { return o.tries }), number("attempts", func(o outcome) int64 { return o.no }),
		number("status", func(o outcome) int64 { return int64(o.answer.status) }),
		db.Col("ended_at", pick(list, func(o outcome) db.Time {
			if o.state == Waiting {
				return 0
			}
			return o.at
		})))...)
	if err != nil {
		return err
	}
	return tx.InsertMany("webhook_attempt", append(keys,
		number("no", func(o outcome) int64 { return o.no }), db.Col("at", pick(list, func(o outcome) db.Time { return o.at })),
		number("status", func(o outcome) int64 { return int64(o.answer.status) }),
		db.Col("result", pick(list, func(o outcome) result { return o.answer.result })),
		number("took_ms", func(o outcome) int64 { return o.answer.took.Milliseconds() }),
		db.Col("sealed", pick(list, func(o outcome) []byte { return o.sealed })))...)
}

// count measures endings that are committed, and tells of endpoints that were disabled.
func (s *Service) count(in []ending, disabled []*Endpoint) {
	for _, e := range in {
		if e.made != nil {
			s.meter.attempts.WithLabelValues(string(e.made.answer.result)).Inc()
			if e.made.delivery.attempts == 0 {
				s.meter.first.Observe(max(e.made.at.Sub(e.made.delivery.at), 0).Seconds())
			}
		}
	}
	for _, e := range disabled {
		s.log.Warn("webhook endpoint disabled", slog.String("site_id", e.Site), slog.String("endpoint", e.ID.Text(id.Webhook)), slog.String("reason", string(e.Reason)))
	}
}
