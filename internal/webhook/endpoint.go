package webhook

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// State is whether an endpoint gets events.
type State string

// The states of an endpoint. What happens while it is disabled waits for it, for as long as
// deliveries are kept.
const (
	Enabled  State = "enabled"
	Disabled State = "disabled"

	removed State = "removed" // its rows are deleted by and by
)

// Reason is why an endpoint is disabled.
type Reason string

// The reasons.
const (
	Asked   Reason = "asked"   // its site wished it
	Gone    Reason = "gone"    // it answered 410
	Failing Reason = "failing" // nothing reached it for days
)

// Endpoint is where a site wants its events.
type Endpoint struct {
	Site        string
	ID          id.ID
	State       State
	Reason      Reason // of being disabled
	URL         string
	Description string
	Topics      Topics
	Seq         int64 // the place that was given last
	CreatedAt   db.Time
	ChangedAt   db.Time
	DisabledAt  db.Time

	health
	secrets []held // the newest first
}

// String names the endpoint; its secrets and its address are printed nowhere.
func (e Endpoint) String() string { return e.Site + " " + e.ID.Text(id.Webhook) }

// host is where it is, without what may be secret in its address.
func (e Endpoint) host() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// FailingSince is since when every attempt has failed; 0 = the last one did not.
func (e *Endpoint) FailingSince() db.Time { return e.failingSince }

// OldSecretUntil is until when the secret before the present one signs along; 0 = there is none.
func (e *Endpoint) OldSecretUntil(now db.Time) db.Time {
	if len(e.secrets) > 1 && e.secrets[1].Until > now {
		return e.secrets[1].Until
	}
	return 0
}

// held is a secret and until when it is signed with; 0 = for good.
type held struct {
	Secret Secret  `json:"secret"`
	Until  db.Time `json:"until,omitempty"`
}

// signers are the secrets to sign with now.
func (e *Endpoint) signers(now db.Time) []Secret {
	var list []Secret
	for _, h := range e.secrets {
		if h.Until == 0 || h.Until > now {
			list = append(list, h.Secret)
		}
	}
	return list
}

// papers are what of an endpoint is kept sealed.
type papers struct {
	URL         string `json:"url"`
	Description string `json:"description,omitempty"`
	Secrets     []held `json:"secrets"`
}

func sealedFor(of id.ID) string { return "webhook endpoint " + of.String() }

func answerSealedFor(of id.ID, seq, no int64) string {
	return fmt.Sprintf("webhook attempt %s %d %d", of, seq, no)
}

var endpointColumns = []string{"site_id", "id", "state", "reason", "topics", "sealed", "seq", "failures", "failing_since", "resting_until", "slow",
	"created_at", "changed_at", "disabled_at", "warned_at"}

// sealedEndpoint is an endpoint as its row has it.
type sealedEndpoint struct {
	Endpoint
	sealed []byte
}

func scanEndpoint(r *sql.Rows) (e sealedEndpoint, err error) {
	var topics string
	err = r.Scan(&e.Site, &e.ID, &e.State, &e.Reason, &topics, &e.sealed, &e.Seq, &e.failures, &e.failingSince, &e.restingUntil, &e.slow,
		&e.CreatedAt, &e.ChangedAt, &e.DisabledAt, &e.warnedAt)
	e.Topics = strings.Fields(topics)
	return e, err
}

// open gives the endpoint with what is sealed.
func (e sealedEndpoint) open(key *site.Key) (Endpoint, error) {
	plain, err := key.Open(sealedFor(e.ID), e.sealed)
	if err != nil {
		return Endpoint{}, fmt.Errorf("open endpoint %s: %w", e.ID, err)
	}
	var p papers
	if err := json.Unmarshal(plain, &p); err != nil {
		return Endpoint{}, fmt.Errorf("read endpoint %s: %w", e.ID, err)
	}
	e.URL, e.Description, e.secrets = p.URL, p.Description, p.Secrets
	return e.Endpoint, nil
}

func (s *Service) opened(tx *db.Tx, siteID string, rows *sql.Rows, err error) ([]Endpoint, error) {
	found, err := db.Collect(rows, err, scanEndpoint)
	if err != nil {
		return nil, fmt.Errorf("read endpoints of %s: %w", siteID, err)
	}
	var list []Endpoint
	if len(found) == 0 {
		return nil, nil
	}
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if f.State == removed {
			continue
		}
		e, err := f.open(key)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// Endpoints gives all endpoints of a site, oldest first.
func (s *Service) Endpoints(tx *db.Tx, siteID string) ([]Endpoint, error) {
	rows, err := tx.Lookup("webhook_endpoint", endpointColumns, db.Col("site_id", []string{siteID}))
	return s.opened(tx, siteID, rows, err)
}

// Find gives an endpoint of a site. NotFound.
func (s *Service) Find(tx *db.Tx, siteID string, of id.ID) (Endpoint, error) {
	return s.find(tx, siteID, of, tx.Lookup)
}

type lookups func(table string, cols []string, key ...db.Column) (*sql.Rows, error)

func (s *Service) find(tx *db.Tx, siteID string, of id.ID, look lookups) (Endpoint, error) {
	rows, err := look("webhook_endpoint", endpointColumns, db.Col("site_id", []string{siteID}), db.Col("id", []id.ID{of}))
	list, err := s.opened(tx, siteID, rows, err)
	if err == nil && len(list) == 0 {
		err = fault.Missing("webhook endpoint", of.Text(id.Webhook))
	}
	if err != nil {
		return Endpoint{}, err
	}
	return list[0], nil
}

// store writes an endpoint: a new one, or one that is locked.
func (s *Service) store(tx *db.Tx, e *Endpoint, fresh bool) error {
	key, err := s.keys.Site(tx, e.Site)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(papers{e.URL, e.Description, e.secrets})
	if err != nil {
		return fmt.Errorf("write endpoint %s: %w", e.ID, err)
	}
	one := func(name string, at db.Time) db.Column { return db.Col(name, []db.Time{at}) }
	cols := append(healthColumns([]*Endpoint{e}), db.Col("state", []State{e.State}), db.Col("reason", []Reason{e.Reason}),
		db.Col("topics", []string{strings.Join(e.Topics, " ")}), db.Col("sealed", [][]byte{key.Seal(sealedFor(e.ID), plain)}),
		one("changed_at", tx.Now), one("disabled_at", e.DisabledAt))
	e.ChangedAt = tx.Now
	if fresh {
		err = tx.InsertMany("webhook_endpoint", append(cols, one("created_at", e.CreatedAt), db.Col("seq", []int64{e.Seq}))...)
	} else {
		err = tx.UpdateMany("webhook_endpoint", []string{"site_id", "id"}, cols...)
	}
	if err != nil {
		return fmt.Errorf("write endpoint %s: %w", e.ID, err)
	}
	return nil
}

func endpointKeys(list []*Endpoint) []db.Column {
	return []db.Column{
		db.Col("site_id", pick(list, func(e *Endpoint) string { return e.Site })),
		db.Col("id", pick(list, func(e *Endpoint) id.ID { return e.ID })),
	}
}

// healthColumns are the key of endpoints and what attempts change of them.
func healthColumns(list []*Endpoint) []db.Column {
	return append(endpointKeys(list),
		db.Col("failures", pick(list, func(e *Endpoint) int { return e.failures })),
		db.Col("failing_since", pick(list, func(e *Endpoint) db.Time { return e.failingSince })),
		db.Col("resting_until", pick(list, func(e *Endpoint) db.Time { return e.restingUntil })),
		db.Col("warned_at", pick(list, func(e *Endpoint) db.Time { return e.warnedAt })),
		db.Col("slow", pick(list, func(e *Endpoint) bool { return bool(e.slow) })))
}

func pick[T, V any](list []T, of func(T) V) []V {
	out := make([]V, len(list))
	for i, v := range list {
		out[i] = of(v)
	}
	return out
}

// flag reads a boolean that is stored as 0 or 1.
type flag bool

// Scan implements sql.Scanner.
func (f *flag) Scan(src any) error {
	var b sql.Null[bool]
	err := b.Scan(src)
	*f = flag(b.V)
	if err != nil {
		return errors.Join(errors.New("read a flag"), err)
	}
	return nil
}
