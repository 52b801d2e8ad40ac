package message

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Progress is where one recipient stands; doc.go draws the moves.
type Progress string

// The states of a recipient.
const (
	Pending   Progress = "pending"   // waits for the hand-over of its step
	Sent      Progress = "sent"      // the provider took it, no final report yet
	Unknown   Progress = "unknown"   // nobody can say yet whether the provider took it
	Delivered Progress = "delivered" // final: reached, and charged
	Failed    Progress = "failed"    // final: certainly not reached by any step
	Expired   Progress = "expired"   // final: nothing certain was heard in time
	Cancelled Progress = "cancelled" // final: taken back before its hand-over
)

// Final reports whether nothing can move the recipient any more.
func (p Progress) Final() bool {
	return p == Delivered || p == Failed || p == Expired || p == Cancelled
}

// Valid reports whether p is a state of a recipient.
func (p Progress) Valid() bool {
	return p.Final() || p == Pending || p == Sent || p == Unknown
}

// Place names a recipient of a message.
type Place struct {
	Key
	Seq Seq
}

// Recipient is one person of a message, as its row keeps it together with what
// its message froze for its class.
type Recipient struct {
	Place
	Class       uint8
	Step        int // counted from 1
	Try         int // counted from 1 in each step
	State       Progress
	Mobile      [16]byte // sealed number
	Attempt     id.ID    // the provider call it is, or was last, in; zero = none in this step
	Provider    string
	Reason      provider.Reason
	Code        string // the provider's own code
	EarlierStep int    // a step before this one that was reported delivered after all; 0 = none
	HandedAt    db.Time
	SentAt      db.Time
	ReportedAt  db.Time
	History     []Leg

	Steps          []Step        // of its class
	FallbackWithin time.Duration // of the hand-over
	born           bool          // has a row
}

// Leg is a step that is over, or a report that came when it could not count.
type Leg struct {
	Step       int             `json:"step"`
	Try        int             `json:"try"`
	Attempt    string          `json:"attempt,omitempty"`
	Provider   string          `json:"provider,omitempty"`
	What       string          `json:"what"` // failed | delivered | late | again
	Reason     provider.Reason `json:"reason,omitempty"`
	Code       string          `json:"code,omitempty"`
	HandedAt   db.Time         `json:"handed_at,omitempty"`
	SentAt     db.Time         `json:"sent_at,omitempty"`
	ReportedAt db.Time         `json:"reported_at,omitempty"`
	At         db.Time         `json:"at"`
}

// What a Leg of the history says.
const (
	LegFailed    = "failed"    // the step failed and the next one took over
	LegAgain     = "again"     // a try that certainly reached nobody; the step is tried once more
	LegDelivered = "delivered" // an earlier step was reported delivered after the next had begun
	LegLate      = "late"      // a report that could not move anything any more
)

// maxHistory bounds the remembered legs of one recipient: a provider that
// repeats itself for days must not grow a row without end.
const maxHistory = 32

// Newborn gives the recipient as it is before its first outcome.
func (s *Service) Newborn(m *Message, seq Seq, class uint8, mobile [16]byte) Recipient {
	return Recipient{Place: Place{m.Key, seq}, Class: class, Step: 1, Try: 1, State: Pending, Mobile: mobile,
		Steps: m.Classes[class].Steps, FallbackWithin: s.o.FallbackWithin}
}

// Born reports whether the recipient has a row.
func (r Recipient) Born() bool { return r.born }

// Channel is the channel of the step it is at.
func (r Recipient) Channel() provider.Channel { return r.Steps[r.Step-1].Channel }

// Hold is what is held for the recipient while it is not final.
func (r Recipient) Hold() money.Amount { return Class{Steps: r.Steps}.Hold() }

// HasNextStep reports whether a step is left after this one.
func (r Recipient) HasNextStep() bool { return r.Step < len(r.Steps) }

// InTime reports whether a failure known at this time may still fall back.
func (r Recipient) InTime(at db.Time) bool {
	return r.HandedAt.IsZero() || at <= r.HandedAt.Add(r.FallbackWithin)
}

// Reference is what providers are given for this leg: site.message.seq.step.try.
func (r Recipient) Reference() string {
	return fmt.Sprintf("%s.%s.%d.%d.%d", r.Site, r.ID, r.Seq, r.Step, r.Try)
}

var recipientSelect = []string{"site_id", "message_id", "seq", "class", "step", "try", "state", "mobile", "attempt", "provider",
	"reason", "code", "earlier_step", "handed_at", "sent_at", "reported_at", "history"}

// scanRecipient reads a row; the class is resolved by the caller's messages.
func scanRecipient(row scanner) (Recipient, error) {
	r := Recipient{born: true}
	var mobile, history []byte
	err := row.Scan(&r.Site, &r.ID, &r.Seq, &r.Class, &r.Step, &r.Try, &r.State, &mobile, &r.Attempt, &r.Provider,
		&r.Reason, &r.Code, &r.EarlierStep, &r.HandedAt, &r.SentAt, &r.ReportedAt, &history)
	if err != nil {
		return r, err
	}
	if copy(r.Mobile[:], mobile) != len(r.Mobile) {
		return r, fmt.Errorf("read recipient %d of message %s: the sealed number has %d bytes", r.Seq, r.ID, len(mobile))
	}
	if len(history) > 0 {
		if err := json.Unmarshal(history, &r.History); err != nil {
			return r, fmt.Errorf("read history of recipient %d of message %s: %w", r.Seq, r.ID, err)
		}
	}
	return r, nil
}

// resolve gives rows what their message froze for them.
func (s *Service) resolve(messages map[Key]*Message, list []Recipient) error {
	for i := range list {
		r := &list[i]
		m := messages[r.Key]
		if m == nil || int(r.Class) >= len(m.Classes) || r.Step < 1 || r.Step > len(m.Classes[r.Class].Steps) {
			return fmt.Errorf("recipient %d of message %s: class %d step %d does not exist", r.Seq, r.ID, r.Class, r.Step)
		}
		r.Steps, r.FallbackWithin = m.Classes[r.Class].Steps, s.o.FallbackWithin
	}
	return nil
}

// LockRecipients reads the rows of these places for a change, ordered by place;
// those without a row are left out. Their messages are locked already.
func (s *Service) LockRecipients(tx *db.Tx, messages map[Key]*Message, places []Place) ([]Recipient, error) {
	var list []Recipient
	if err := tx.Ask(askRecipients(places, &list)); err != nil {
		return nil, fmt.Errorf("lock recipients: %w", err)
	}
	return list, s.resolve(messages, list)
}

// LockPlaces reads messages and rows of theirs for a change, as Lock and LockRecipients do.
func (s *Service) LockPlaces(tx *db.Tx, keys []Key, places []Place) (map[Key]*Message, []Recipient, error) {
	var list []Recipient
	messages, err := lockWith(tx, keys, askRecipients(places, &list))
	if err != nil {
		return nil, nil, err
	}
	return messages, list, s.resolve(messages, list)
}

func askRecipients(places []Place, out *[]Recipient) db.Question {
	key := []db.Column{
		db.Col("site_id", pick(places, func(p Place) string { return p.Site })),
		db.Col("message_id", pick(places, func(p Place) id.ID { return p.ID })),
		db.Col("seq", pick(places, func(p Place) int64 { return int64(p.Seq) })),
	}
	row := db.Gather(out, func(r *sql.Rows) (Recipient, error) { return scanRecipient(r) })
	return db.Question{Table: "recipient", Cols: recipientSelect, Key: key, Lock: true, Row: row}
}

// LockWaiting reads recipients of one batch for a change: those of a step that
// are pending and in no call.
func (s *Service) LockWaiting(tx *db.Tx, m *Message, batch, step int) ([]Recipient, error) {
	rows, err := tx.ForUpdate(`SELECT `+columnList(recipientSelect)+` FROM recipient
		WHERE site_id = ? AND message_id = ? AND seq >= ? AND seq < ? AND state = 'pending' AND step = ? AND attempt IS NULL
		ORDER BY site_id, message_id, seq`, m.Site, m.ID, batch*BatchSize, (batch+1)*BatchSize, step)
	return s.collect(map[Key]*Message{m.Key: m}, rows, err)
}

// LockOpen reads the recipients of one batch and step that were handed over and
// wait for a report.
func (s *Service) LockOpen(tx *db.Tx, m *Message, batch, step int) ([]Recipient, error) {
	rows, err := tx.ForUpdate(openRecipients+` ORDER BY site_id, message_id, seq`, m.Site, m.ID, batch*BatchSize, (batch+1)*BatchSize, step)
	return s.collect(map[Key]*Message{m.Key: m}, rows, err)
}

// OpenRecipients reads the same without a lock.
func (s *Service) OpenRecipients(tx *db.Tx, m *Message, batch, step int) ([]Recipient, error) {
	rows, err := tx.Query(openRecipients+` ORDER BY seq`, m.Site, m.ID, batch*BatchSize, (batch+1)*BatchSize, step)
	return s.collect(map[Key]*Message{m.Key: m}, rows, err)
}

var openRecipients = `SELECT ` + columnList(recipientSelect) + ` FROM recipient
	WHERE site_id = ? AND message_id = ? AND seq >= ? AND seq < ? AND state IN ('sent', 'unknown') AND step = ?`

func (s *Service) collect(messages map[Key]*Message, rows *sql.Rows, err error) ([]Recipient, error) {
	list, err := db.Collect(rows, err, func(r *sql.Rows) (Recipient, error) { return scanRecipient(r) })
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	return list, s.resolve(messages, list)
}

func columnList(names []string) string {
	text := names[0]
	for _, n := range names[1:] {
		text += ", " + n
	}
	return text
}
