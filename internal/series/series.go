package series

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// State is where a series stands.
type State string

// The states of a series.
const (
	Active State = "active"
	Paused State = "paused"
	Ended  State = "ended" // there is no time to come
)

// Limits of series.
const (
	MostSeries     = 100   // of one site
	MostRecipients = 1_000 // that a series names; more stand in groups
	mostFirings    = 200   // that are kept of a series
	nextShown      = 5
)

// Recipient is somebody whom a series names.
type Recipient struct {
	To           string            `json:"to"`
	Variables    map[string]string `json:"variables,omitempty"`
	ConsentAt    time.Time         `json:"consent_at,omitzero"` // to advertising
	NightConsent bool              `json:"night_consent,omitempty"`
}

// Content is what a series sends. It is kept sealed.
type Content struct {
	Name       string          `json:"name,omitempty"`
	Asked      json.RawMessage `json:"asked,omitempty"` // the message in the words of who asked for it
	Request    message.Request `json:"request"`
	Recipients []Recipient     `json:"recipients,omitempty"`
	Groups     []id.ID         `json:"groups,omitempty"`
	By         string          `json:"by,omitempty"` // the token that wrote it last; "" = not known
}

// Series is a message that is sent again and again.
type Series struct {
	Site string
	ID   id.ID
	Plan
	Content
	State     State
	NextAt    db.Time // 0 = none
	FiringAt  db.Time // the firing that has begun; 0 = none
	CreatedAt db.Time
	ChangedAt db.Time
}

// Next are the next times at which it fires.
func (s Series) Next(now db.Time) []db.Time {
	when, err := schedule(s.Cron)
	if err != nil || s.State == Ended {
		return nil
	}
	return timetable{s.Plan, when}.following(now, nextShown)
}

// Outcome is what became of a firing.
type Outcome string

// The outcomes of firings.
const (
	Begun   Outcome = "begun"   // the message is being put together
	Sent    Outcome = "sent"    // the message was accepted
	Failed  Outcome = "failed"  // it was refused
	Skipped Outcome = "skipped" // it was missed
)

// Firing is one time of a series.
type Firing struct {
	At      db.Time
	Outcome Outcome
	Skipped int    // how many times were missed until then, this one included where it was
	Message id.ID  // zero = there is none
	Code    string // of the fault that refused it
	DoneAt  db.Time
}

// Service is the series of all sites.
type Service struct {
	d        *db.DB
	keys     *site.Keys
	queue    *queue.Queue
	messages *message.Service
}

// New makes the service.
func New(d *db.DB, keys *site.Keys, q *queue.Queue, m *message.Service) *Service {
	return &Service{d: d, keys: keys, queue: q, messages: m}
}

func sealedFor(of id.ID) string { return "series " + of.String() }

var seriesColumns = []string{"id", "state", "cron", "missed", "starts_at", "ends_at", "next_at", "firing_at", "sealed", "created_at", "changed_at"}

const seriesList = `id, state, cron, missed, starts_at, ends_at, next_at, firing_at, sealed, created_at, changed_at`

func (s *Service) collect(tx *db.Tx, siteID string, rows *sql.Rows, err error) ([]Series, error) {
	var sealed [][]byte
	list, err := db.Collect(rows, err, func(r *sql.Rows) (one Series, err error) {
		one.Site = siteID
		var content []byte
		err = r.Scan(&one.ID, &one.State, &one.Cron, &one.Missed, &one.StartsAt, &one.EndsAt, &one.NextAt, &one.FiringAt, &content, &one.CreatedAt, &one.ChangedAt)
		sealed = append(sealed, content)
		return one, err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		plain, err := key.Open(sealedFor(list[i].ID), sealed[i])
		if err != nil {
			return nil, fmt.Errorf("open series %s: %w", list[i].ID, err)
		}
		if err := json.Unmarshal(plain, &list[i].Content); err != nil {
			return nil, fmt.Errorf("read series %s: %w", list[i].ID, err)
		}
		if r := &list[i].Request; string(r.Metadata) == "null" { // as what is absent is written
			r.Metadata = nil
		}
	}
	return list, nil
}

// Find reads one series. NotFound.
func (s *Service) Find(tx *db.Tx, siteID string, of id.ID) (Series, error) {
	return s.look(tx, siteID, of, tx.Lookup)
}

type lookup func(table string, cols []string, key ...db.Column) (*sql.Rows, error)

func (s *Service) look(tx *db.Tx, siteID string, of id.ID, look lookup) (Series, error) {
	rows, err := look("series", seriesColumns, db.Col("site_id", []string{siteID}), db.Col("id", []id.ID{of}))
	list, err := s.collect(tx, siteID, rows, err)
	if err != nil {
		return Series{}, fmt.Errorf("find series %s of %s: %w", of, siteID, err)
	}
	if len(list) == 0 {
		return Series{}, fault.Missing("series", of.Text(id.Series))
	}
	return list[0], nil
}

// Name gives the name of a series. NotFound.
func (s *Service) Name(tx *db.Tx, siteID string, of id.ID) (string, error) {
	one, err := s.Find(tx, siteID, of)
	return one.Name, err
}

// List reads up to limit series of a site behind one, in the order in which they were made.
func (s *Service) List(tx *db.Tx, siteID string, after id.ID, limit int) ([]Series, error) {
	rows, err := tx.Query(`SELECT `+seriesList+` FROM series WHERE site_id = ? AND id > ? ORDER BY id LIMIT ?`, siteID, after[:], limit)
	list, err := s.collect(tx, siteID, rows, err)
	if err != nil {
		return nil, fmt.Errorf("list series of %s: %w", siteID, err)
	}
	return list, nil
}

// Firings reads up to limit firings of a series before a time (0 = the newest), newest first.
// The last 200 are kept.
func (s *Service) Firings(tx *db.Tx, siteID string, of id.ID, before db.Time, limit int) ([]Firing, error) {
	if before == 0 {
		before = db.Time(1) << 62
	}
	rows, err := tx.Query(`SELECT at, outcome, skipped, message_id, code, done_at FROM series_firing
		WHERE site_id = ? AND series_id = ? AND at < ? ORDER BY at DESC LIMIT ?`, siteID, of, before, limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (f Firing, err error) {
		return f, r.Scan(&f.At, &f.Outcome, &f.Skipped, db.Maybe(&f.Message), &f.Code, &f.DoneAt)
	})
	if err != nil {
		return nil, fmt.Errorf("list firings of series %s: %w", of, err)
	}
	return list, nil
}
