package message

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// BatchState is where a batch stands; doc.go draws the moves.
type BatchState string

// The states of a batch.
const (
	BatchWaiting   BatchState = "waiting"
	BatchTaken     BatchState = "taken"
	BatchCancelled BatchState = "cancelled"
	BatchExpired   BatchState = "expired"
)

// progress is the state of the batch's recipients that have no row.
func (b BatchState) progress() Progress {
	switch b {
	case BatchCancelled:
		return Cancelled
	case BatchExpired:
		return Expired
	default:
		return Pending
	}
}

// BatchName names a batch of a message.
type BatchName struct {
	Message Key
	No      int
}

// Batch is a batch without its body.
type Batch struct {
	BatchName
	State  BatchState
	Size   int64
	Counts []int64 // by class
}

// End is the ending of the batch's recipients, none of which has a row.
func (b Batch) End(s BatchState) BatchEnd {
	return BatchEnd{Message: b.Message, No: b.No, State: s, Size: b.Size, Counts: b.Counts}
}

func batchColumns(names []BatchName) []db.Column {
	return []db.Column{
		db.Col("site_id", pick(names, func(n BatchName) string { return n.Message.Site })),
		db.Col("message_id", pick(names, func(n BatchName) id.ID { return n.Message.ID })),
		db.Col("no", pick(names, func(n BatchName) int64 { return int64(n.No) })),
	}
}

var batchSelect = []string{"site_id", "message_id", "no", "state", "size", "class_counts"}

func scanBatch(row scanner) (b Batch, err error) {
	var counts []byte
	if err := row.Scan(&b.Message.Site, &b.Message.ID, &b.No, &b.State, &b.Size, &counts); err != nil {
		return b, err
	}
	return b, json.Unmarshal(counts, &b.Counts)
}

// LockBatches reads messages and batches of theirs for a change, and answers more in the
// same look. Those that do not exist are left out.
func LockBatches(tx *db.Tx, keys []Key, names []BatchName, more ...db.Question) (map[Key]*Message, map[BatchName]Batch, error) {
	found := make(map[BatchName]Batch, len(names))
	row := func(r *sql.Rows) error {
		b, err := scanBatch(r)
		found[b.BatchName] = b
		return err
	}
	batches := db.Question{Table: "batch", Cols: batchSelect, Key: batchColumns(names), Lock: true, Row: row}
	messages, err := lockWith(tx, keys, append([]db.Question{batches}, more...)...)
	return messages, found, err
}

// TakeBatches marks locked, waiting batches as taken for the hand-over.
func TakeBatches(tx *db.Tx, names []BatchName) error {
	if len(names) == 0 {
		return nil
	}
	cols := append(batchColumns(names), db.Same("state", string(BatchTaken), len(names)))
	return tx.Later(func(err error) error { return fmt.Errorf("take batches: %w", err) }, func() error {
		return tx.UpdateMany("batch", []string{"site_id", "message_id", "no"}, cols...)
	})
}

// MarkAccepted turns a scheduled message that is due into an accepted one.
func MarkAccepted(tx *db.Tx, list []*Message) error {
	for _, m := range list {
		m.State = StateAccepted
	}
	return updateCounters(tx, list)
}

// Bodies are the bodies of batches, as they are stored.
type Bodies []body

type body struct {
	BatchName
	sealed []byte
}

// AskBodies gives the question for bodies of batches, and where the answer will stand.
// They do not change before their message is over: no lock is needed.
func AskBodies(names []BatchName) (db.Question, *Bodies) {
	out := &Bodies{}
	row := db.Gather((*[]body)(out), func(r *sql.Rows) (b body, err error) {
		return b, r.Scan(&b.Message.Site, &b.Message.ID, &b.No, &b.sealed)
	})
	return db.Question{Table: "batch", Cols: []string{"site_id", "message_id", "no", "body"}, Key: batchColumns(names), Row: row}, out
}

// People reads and unpacks the bodies of batches.
func (s *Service) People(tx *db.Tx, messages map[Key]*Message, names []BatchName) (map[BatchName][]Person, error) {
	q, bodies := AskBodies(names)
	if err := tx.Ask(q); err != nil {
		return nil, fmt.Errorf("read batch bodies: %w", err)
	}
	return s.Unpack(tx, messages, *bodies)
}

// Unpack opens bodies of batches.
func (s *Service) Unpack(tx *db.Tx, messages map[Key]*Message, bodies Bodies) (map[BatchName][]Person, error) {
	out := make(map[BatchName][]Person, len(bodies))
	for _, b := range bodies {
		key, err := s.keys.Site(tx, b.Message.Site)
		if err != nil {
			return nil, err
		}
		content, err := messages[b.Message].Content(key)
		if err != nil {
			return nil, err
		}
		if out[b.BatchName], err = unpack(key, b.Message.ID, b.No, b.sealed, content.values()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SealedMobile seals a number for a recipient's row.
func SealedMobile(key *site.Key, m Key, seq Seq, mobile uint32) [16]byte {
	return key.SealNumber(m.ID, uint32(seq), mobile)
}

// Wording fills in what a message says; it is compiled once for many recipients.
type Wording struct {
	Content
	text, subject pattern
	kakao         []pattern
	shows         []id.ID
	pictures      []provider.Picture // of an MMS, by name alone
}

// NewWording compiles a message's texts against its own list of variables.
func NewWording(c Content) *Wording {
	n := names{list: c.Variables[:len(c.Variables):len(c.Variables)]}
	w := &Wording{Content: c}
	if c.Text != nil {
		w.text, w.subject = compile(c.Text.Body, &n), compile(c.Text.Subject, &n)
		w.picture(c.Text.Attachments)
	}
	if c.Alimtalk != nil {
		w.kakao = compileTemplate(c.Alimtalk, &n)
	}
	return w
}

// Leg gives what one recipient is sent over a channel of its class.
func (w *Wording) Leg(channel provider.Channel, to Person, account string) provider.Leg {
	leg := provider.Leg{To: korea.MobileNumber(to.Mobile), Channel: channel}
	w.carried(&leg)
	if w.Text != nil {
		leg.From = korea.Number(w.Text.From)
	}
	if channel == provider.Alimtalk {
		leg.Text, leg.Alimtalk = w.kakaoLeg(to, account)
		return leg
	}
	leg.Text = w.sendable(w.text.fill(to.Values))
	if channel == provider.MMS {
		leg.Pictures = w.pictures
	}
	if channel != provider.SMS {
		if leg.Subject = w.sendable(w.subject.fill(to.Values)); leg.Subject == "" {
			leg.Subject = korea.FirstLine(leg.Text)
		}
	}
	return leg
}

func (w *Wording) sendable(text string) string {
	if w.Text.Replace {
		text = korea.Replace(text)
	}
	return text
}
