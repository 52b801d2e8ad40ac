package privacy

import (
	"database/sql"
	"fmt"
	"log/slog"

	"creditmsg/internal/audit"
	"creditmsg/internal/book"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
)

// State is where an erasure stands.
type State string

// The states of an erasure.
const (
	Running State = "running" // the work goes on
	Waiting State = "waiting" // some messages are not over yet
	Done    State = "done"
)

// Erasure is the wish that a site forgets a number, and what came of it.
type Erasure struct {
	Site     string
	ID       id.ID
	State    State
	To       korea.Number // "" once it is done
	AskedAt  db.Time
	DoneAt   db.Time
	People   int64 // recipients that do not tell any more whom they were
	Refused  int64 // of those who were not accepted
	Contacts int64
	Series   int64
	Open     int // messages that are not over and may be to the number

	at progress
}

// progress is how far the work came.
type progress struct {
	stage stage
	from  message.BatchName
}

// stage is a part of the work.
type stage string

const (
	atBook     stage = "book" // address book, series, what is remembered
	atMessages stage = "messages"
	atRefusals stage = "refusals"
)

// Service forgets people.
type Service struct {
	d        *db.DB
	keys     *site.Keys
	queue    *queue.Queue
	ledger   *credit.Ledger
	messages *message.Service
	book     *book.Book
	series   *series.Service
	render   func(message.Receipt) []byte
	contacts func(tx *db.Tx, siteID string) error
	unissued func(tx *db.Tx, siteID string) (*fault.Phrase, error)
	log      *slog.Logger

	atOnce int // old messages that are looked at before another site's turn; 0 = as many as are usual
}

// Deps is what the service works with. Render writes the reply to whoever sends a message, as
// the API does. Contacts takes whom a site that is erased has to be told of what happens there
// (alert.EraseSite), and Unissued says in words which papers it is still to get for what it paid,
// "" = none (paper.Papers); nil ones do nothing. A nil Log tells nothing.
type Deps struct {
	DB       *db.DB
	Keys     *site.Keys
	Queue    *queue.Queue
	Ledger   *credit.Ledger
	Messages *message.Service
	Book     *book.Book
	Series   *series.Service
	Render   func(message.Receipt) []byte
	Contacts func(tx *db.Tx, siteID string) error
	Unissued func(tx *db.Tx, siteID string) (*fault.Phrase, error)
	Log      *slog.Logger
}

// New makes the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Contacts == nil {
		d.Contacts = func(*db.Tx, string) error { return nil }
	}
	if d.Unissued == nil {
		d.Unissued = func(*db.Tx, string) (*fault.Phrase, error) { return nil, nil }
	}
	return &Service{d: d.DB, keys: d.Keys, queue: d.Queue, ledger: d.Ledger, messages: d.Messages, book: d.Book, series: d.Series, render: d.Render,
		contacts: d.Contacts, unissued: d.Unissued, log: d.Log}
}

func sealedFor(of id.ID) string { return "erasure " + of.String() }

// Ask has a site forget a number. Invalid for what is no mobile number.
func (s *Service) Ask(tx *db.Tx, siteID string, number korea.Number) (Erasure, error) {
	if _, ok := number.Mobile(); !ok {
		return Erasure{}, fault.Check("/to", "want a mobile number such as 010-1234-5678")
	}
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return Erasure{}, err
	}
	e := Erasure{Site: siteID, ID: id.New(), State: Running, To: number, AskedAt: tx.Now, at: progress{stage: atBook}}
	none := []int64{0}
	err = tx.InsertMany("privacy_erasure", db.Col("site_id", []string{e.Site}), db.Col("id", []id.ID{e.ID}), db.Col("state", []State{e.State}),
		db.Col("number", [][]byte{key.Seal(sealedFor(e.ID), []byte(number))}), db.Col("asked_at", []db.Time{e.AskedAt}), db.Col("done_at", []db.Time{0}),
		db.Col("people", none), db.Col("refused", none), db.Col("contacts", none), db.Col("series", none), db.Col("open", none),
		db.Col("stage", []stage{e.at.stage}), db.Opt("place", []id.ID{{}}), db.Col("batch", none))
	if err != nil {
		return Erasure{}, fmt.Errorf("ask for an erasure: %w", err)
	}
	if err := audit.Note(tx, audit.Change{Site: siteID, Action: "erasure.asked", Ref: e.ID.Text(id.Erasure)}); err != nil {
		return Erasure{}, err
	}
	return e, s.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: kindForget, Key: e.ID.String(), Site: siteID, New: true})
}

const selected = `SELECT site_id, id, state, number, asked_at, done_at, people, refused, contacts, series, open, stage, place, batch FROM privacy_erasure`

// collect reads erasures, with their numbers opened.
func (s *Service) collect(tx *db.Tx, rows *sql.Rows, err error) ([]Erasure, error) {
	var sealed [][]byte
	list, err := db.Collect(rows, err, func(r *sql.Rows) (e Erasure, err error) {
		var number []byte
		err = r.Scan(&e.Site, &e.ID, &e.State, &number, &e.AskedAt, &e.DoneAt, &e.People, &e.Refused, &e.Contacts, &e.Series, &e.Open,
			&e.at.stage, db.Maybe(&e.at.from.Message.ID), &e.at.from.No)
		e.at.from.Message.Site = e.Site
		sealed = append(sealed, number)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	for i := range list {
		if len(sealed[i]) == 0 {
			continue
		}
		key, err := s.keys.Site(tx, list[i].Site)
		if err != nil {
			return nil, err
		}
		number, err := key.Open(sealedFor(list[i].ID), sealed[i])
		if err != nil {
			return nil, fmt.Errorf("open erasure %s: %w", list[i].ID, err)
		}
		list[i].To = korea.Number(number)
	}
	return list, nil
}

// Find reads an erasure of a site. NotFound.
func (s *Service) Find(tx *db.Tx, siteID string, of id.ID) (Erasure, error) {
	rows, err := tx.Query(selected+` WHERE site_id = ? AND id = ?`, siteID, of)
	list, err := s.collect(tx, rows, err)
	if err != nil {
		return Erasure{}, err
	}
	if len(list) == 0 {
		return Erasure{}, fault.Missing("erasure", of.Text(id.Erasure))
	}
	return list[0], nil
}

// List reads a site's erasures, newest first, those before a given one.
func (s *Service) List(tx *db.Tx, siteID string, before id.ID, limit int) ([]Erasure, error) {
	query, args := selected+` WHERE site_id = ?`, []any{siteID}
	if !before.IsZero() {
		query, args = query+` AND id < ?`, append(args, before)
	}
	rows, err := tx.Query(query+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
	return s.collect(tx, rows, err)
}
