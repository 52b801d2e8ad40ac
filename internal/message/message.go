package message

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/billing"
	"creditmsg/internal/book"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// State is where a message stands; doc.go draws the moves.
type State string

// The states of a message.
const (
	StateDraft      State = "draft"
	StateReview     State = "review"
	StateScheduled  State = "scheduled"
	StateAccepted   State = "accepted"
	StatePaused     State = "paused"
	StateCancelling State = "cancelling"
	StateCancelled  State = "cancelled"
	StateDone       State = "done"
)

// Final reports whether nothing can happen to the message any more.
func (s State) Final() bool { return s == StateDone || s == StateCancelled }

// Key names a message: every look-up carries the site.
type Key struct {
	Site string
	ID   id.ID
}

// Counts is how many recipients are in each state. Those that are in none of
// these are pending.
type Counts struct {
	Sent, Unknown, Delivered, Failed, Expired, Cancelled int64
}

func (c Counts) final() int64 { return c.Delivered + c.Failed + c.Expired + c.Cancelled }

// Message is a campaign as its row keeps it.
type Message struct {
	Key
	State       State
	Strategy    Strategy
	CreatedAt   db.Time
	ScheduledAt db.Time // 0 = at once
	ValidFor    time.Duration
	DoneAt      db.Time
	Classes     []Class
	ClassCounts []int64
	RejectedBy  map[string]int64
	Estimated   money.Amount
	Batches     int
	Total       int64
	Accepted    int64
	Duplicate   int64
	Rejected    int64
	Counts      Counts
	By          [provider.Channels]int64 // delivered, by channel
	Late        int64                    // reports that came when nothing could move any more
	Notify      Notice
	Released    int64 // recipients that are let go by its pace; of a paced message

	sealed []byte
	reply  id.ID           // the idempotency key of its accept, by its digest; zero = it had none, or its reply names nobody; set by the accept alone
	heard  event.Listeners // who listens to its site; nil = not asked, of a message that was not locked
}

// Pending is the number of recipients that wait for a hand-over.
func (m *Message) Pending() int64 {
	c := m.Counts
	return m.Accepted - c.Sent - c.Unknown - c.final()
}

// Due is when the message may first be handed over.
func (m *Message) Due() db.Time { return max(m.CreatedAt, m.ScheduledAt) }

// ValidUntil is when recipients that were not handed over expire.
func (m *Message) ValidUntil() db.Time { return m.Due().Add(m.ValidFor) }

// Tally sums up the message's frozen classes.
func (m *Message) Tally() (Tally, error) { return tally(m.Classes, m.ClassCounts) }

// Content is what the message says, sealed with the site's key.
type Content struct {
	Title     string          `json:"title,omitempty"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
	Variables []string        `json:"variables,omitempty"`
	Text      *Text           `json:"text,omitempty"`
	Alimtalk  *Alimtalk       `json:"alimtalk,omitempty"`
	Checked   *Checked        `json:"checked,omitempty"`  // nil = of before that was kept
	Tempo     *Tempo          `json:"tempo,omitempty"`    // nil = as fast as it goes
	Reviewed  bool            `json:"reviewed,omitempty"` // a second person has to look at it
	Test      bool            `json:"test,omitempty"`     // it was sent to try it out
	Resends   string          `json:"resends,omitempty"`  // the message whose failures it is sent to again
	Policy    *Policied       `json:"policy,omitempty"`   // of ByPolicy
}

// Text is the text leg of a message, with its variables still in it.
type Text struct {
	From    string  `json:"from"`
	Subject string  `json:"subject,omitempty"`
	Body    string  `json:"body"`
	Replace bool    `json:"replace,omitempty"` // replace characters that cannot be sent where that is safe
	Advert  *Advert `json:"advert,omitempty"`  // nil = it is no advertisement

	// Attachments are the bare ids of the pictures of an MMS.
	Attachments []string `json:"attachments,omitempty"`
}

// Alimtalk is the Alimtalk leg, as the template stood at accept.
type Alimtalk struct {
	Code    string            `json:"code"`
	Channel string            `json:"channel"`
	Body    string            `json:"body"`
	Buttons []provider.Button `json:"buttons,omitempty"`

	QuickReplies []provider.Button  `json:"quick_replies,omitempty"`
	Title        string             `json:"title,omitempty"` // emphasised
	Items        *provider.ItemList `json:"items,omitempty"`

	Providers map[string]ProviderTemplate `json:"providers"`
}

func contentContext(m id.ID) string { return "content " + m.String() }

// Content opens what the message says.
func (m *Message) Content(key *site.Key) (Content, error) {
	var c Content
	plain, err := key.Open(contentContext(m.ID), m.sealed)
	if err != nil {
		return c, fmt.Errorf("open content of message %s: %w", m.ID, err)
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c, fmt.Errorf("read content of message %s: %w", m.ID, err)
	}
	return c, nil
}

// Options are the settings of the service; zero values are useful.
type Options struct {
	FallbackWithin time.Duration                                    // how long after hand-over a failure may still fall back; 0 = 30 min
	Offered        func(siteID string, c provider.Channel) bool     // whether any account that the site may use carries the channel; nil = every one does
	Accounts       func(siteID string, c provider.Channel) []string // names of the accounts that carry it; nil = not known
	Pictures       func(siteID string) int                          // how many one MMS may have, at the account that takes most; nil = 3
	Cost           Cost                                             // what accounts charge the operator; nil = not known
	Billing        *billing.Service                                 // recharges sites whose sends are refused; nil = nobody does
	Registerer     prometheus.Registerer                            // nil = no metrics
	Log            *slog.Logger                                     // nil = slog.Default
	Book           *book.Book                                       // whose groups can be sent to; nil = there are none
	Night          korea.Night                                      // when advertising needs a consent of its own; zero = 20:50 to 08:00
}

// Service is the use cases of messages. Its methods open their transactions;
// the package's functions that take a transaction join it.
type Service struct {
	d          *db.DB
	keys       *site.Keys
	ledger     *credit.Ledger
	queue      *queue.Queue
	o          Options
	meter      *meter
	group      *db.Group[joining, joined]
	facts      *db.Group[question, facts]
	keyed      *db.Group[idem.Key, earlier]
	asked      *db.Group[inquiry, answers]
	memory     memory
	vocabulary vocabulary
	turns      turns
}

const messageColumns = `state, strategy, created_at, scheduled_at, valid_for, done_at, content, classes, class_counts, rejected_by,
	estimated, batches, total, accepted, duplicate, rejected, sent, unknown, delivered, failed, expired, cancelled,
	by_alimtalk, by_sms, by_lms, by_mms, late, notify, released`

var messageSelect = []string{"site_id", "id", "state", "strategy", "created_at", "scheduled_at", "valid_for", "done_at", "content",
	"classes", "class_counts", "rejected_by", "estimated", "batches", "total", "accepted", "duplicate", "rejected",
	"sent", "unknown", "delivered", "failed", "expired", "cancelled", "by_alimtalk", "by_sms", "by_lms", "by_mms", "late", "notify", "released"}

func scanMessage(row scanner) (*Message, error) {
	m := &Message{}
	var classes, counts, rejected []byte
	var valid int64
	err := row.Scan(&m.Site, &m.ID, &m.State, &m.Strategy, &m.CreatedAt, &m.ScheduledAt, &valid, &m.DoneAt, &m.sealed,
		&classes, &counts, &rejected, &m.Estimated, &m.Batches, &m.Total, &m.Accepted, &m.Duplicate, &m.Rejected,
		&m.Counts.Sent, &m.Counts.Unknown, &m.Counts.Delivered, &m.Counts.Failed, &m.Counts.Expired, &m.Counts.Cancelled,
		&m.By[provider.Alimtalk], &m.By[provider.SMS], &m.By[provider.LMS], &m.By[provider.MMS], &m.Late, &m.Notify, &m.Released)
	if err != nil {
		return nil, err
	}
	m.ValidFor = time.Duration(valid) * time.Microsecond
	for _, part := range []struct {
		text []byte
		into any
	}{{classes, &m.Classes}, {counts, &m.ClassCounts}, {rejected, &m.RejectedBy}} {
		if err := json.Unmarshal(part.text, part.into); err != nil {
			return nil, fmt.Errorf("read row of message %s: %w", m.ID, err)
		}
	}
	return m, nil
}

func scanMessages(rows *sql.Rows, err error) ([]*Message, error) {
	return db.Collect(rows, err, func(r *sql.Rows) (*Message, error) { return scanMessage(r) })
}

// Find reads one message of a site. A draft is not there yet.
func Find(tx *db.Tx, key Key) (*Message, error) {
	list, err := lookup(tx.Lookup, []Key{key})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || list[0].State == StateDraft {
		return nil, fault.Missing("message", key.ID.Text(id.Message))
	}
	return list[0], nil
}

// Lock reads messages for a change, in the order of their keys. Those that do
// not exist are left out.
func Lock(tx *db.Tx, keys []Key) (map[Key]*Message, error) { return lockWith(tx, keys) }

// lockWith locks messages and, in the same look, rows of theirs.
func lockWith(tx *db.Tx, keys []Key, theirs ...db.Question) (map[Key]*Message, error) {
	sites, ids := columns(keys)
	found := make(map[Key]*Message, len(ids))
	row := func(r *sql.Rows) error {
		m, err := scanMessage(r)
		if err == nil {
			found[m.Key] = m
		}
		return err
	}
	messages := db.Question{Table: "message", Cols: messageSelect, Key: []db.Column{db.Col("site_id", sites), db.Col("id", ids)}, Lock: true, Row: row}
	listeners, heard := event.AskListeners(sites)
	if err := tx.Ask(append([]db.Question{messages, listeners}, theirs...)...); err != nil {
		return nil, fmt.Errorf("lock messages: %w", err)
	}
	for _, m := range found {
		m.heard = heard
	}
	return found, nil
}

// ReadMessages reads messages without a lock; those that do not exist are left out.
func ReadMessages(tx *db.Tx, keys []Key) (map[Key]*Message, error) {
	list, err := lookup(tx.Lookup, keys)
	return byKey(list), err
}

func byKey(list []*Message) map[Key]*Message {
	found := make(map[Key]*Message, len(list))
	for _, m := range list {
		found[m.Key] = m
	}
	return found
}

type lookups func(table string, cols []string, key ...db.Column) (*sql.Rows, error)

func lookup(read lookups, keys []Key) ([]*Message, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	sites, ids := columns(keys)
	list, err := scanMessages(read("message", messageSelect, db.Col("site_id", sites), db.Col("id", ids)))
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return list, nil
}

// columns splits keys, each named once.
func columns(keys []Key) (sites []string, ids []id.ID) {
	seen := make(map[Key]bool, len(keys))
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			sites, ids = append(sites, k.Site), append(ids, k.ID)
		}
	}
	return sites, ids
}

// lockOne reads one message for a change.
func lockOne(tx *db.Tx, key Key) (*Message, error) {
	found, err := Lock(tx, []Key{key})
	if err != nil {
		return nil, err
	}
	m, ok := found[key]
	if !ok || m.State == StateDraft {
		return nil, fault.Missing("message", key.ID.Text(id.Message))
	}
	return m, nil
}

// List reads a site's messages, newest first, those before a given one; state
// "" means every state.
func List(tx *db.Tx, site string, state State, before id.ID, limit int) ([]*Message, error) {
	query := `SELECT site_id, id, ` + messageColumns + ` FROM message WHERE site_id = ? AND state <> 'draft'`
	args := []any{site}
	if state != "" {
		query, args = query+` AND state = ?`, append(args, string(state))
	}
	if !before.IsZero() {
		query, args = query+` AND id < ?`, append(args, before)
	}
	list, err := scanMessages(tx.Query(query+` ORDER BY id DESC LIMIT ?`, append(args, limit)...))
	if err != nil {
		return nil, fmt.Errorf("list messages of site %s: %w", site, err)
	}
	return list, nil
}

// Running counts the messages of a site that are not over, up to a limit.
func Running(tx *db.Tx, siteID string, limit int) (n int, err error) {
	rows, err := tx.Query(`SELECT id FROM message WHERE site_id = ? AND state NOT IN ('draft', 'done', 'cancelled') LIMIT ?`, siteID, limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (d id.ID, err error) { return d, r.Scan(&d) })
	if err != nil {
		return 0, fmt.Errorf("count the messages of site %s that are not over: %w", siteID, err)
	}
	return len(list), nil
}

var errState = errors.New("state")

// conflict is the answer to an act that the message's state does not allow.
func conflict(m *Message, act string) error {
	return fault.Wrap(errState, fault.Conflict, fault.CodeStateConflict,
		"message %s is %s and cannot be %s", m.ID.Text(id.Message), m.State, fault.Word(act))
}
