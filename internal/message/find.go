package message

import (
	"database/sql"
	"errors"
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// Shown is a recipient as people see it: with the number, and also where it has
// no row yet.
type Shown struct {
	Recipient
	To korea.Number
}

// Cost is what the recipient was charged.
func (r Recipient) Cost() money.Amount {
	if r.State != Delivered {
		return 0
	}
	return r.Steps[r.Step-1].Price
}

// Filter narrows a list of recipients; zero values do not.
type Filter struct {
	State Progress
	To    korea.Number
	From  Seq // first place to look at
	Limit int
}

// Recipients lists a message's recipients in their order. next is the place to
// go on from, and more whether anything may be there.
func (s *Service) Recipients(tx *db.Tx, m *Message, f Filter) (list []Shown, next Seq, more bool, err error) {
	key, err := s.keys.Site(tx, m.Site)
	if err != nil {
		return nil, 0, false, err
	}
	if f.To != "" {
		return s.byNumber(tx, m, key, f)
	}
	if f.State.outcome() {
		return s.byOutcome(tx, m, key, f)
	}
	for no := f.From.Batch(); no < m.Batches; no++ {
		people, err := s.showBatch(tx, m, key, no)
		if err != nil {
			return nil, 0, false, err
		}
		for _, p := range people {
			if p.Seq < f.From || f.State != "" && p.State != f.State {
				continue
			}
			if len(list) == f.Limit {
				return list, p.Seq, true, nil
			}
			list = append(list, p)
		}
	}
	return list, 0, false, nil
}

// outcome reports whether only recipients with a row can be in this state.
func (p Progress) outcome() bool {
	return p == Sent || p == Unknown || p == Delivered || p == Failed
}

// byOutcome lists those whose state only a row can have, without unpacking
// anything: the row holds the number too.
func (s *Service) byOutcome(tx *db.Tx, m *Message, key *site.Key, f Filter) (list []Shown, next Seq, more bool, err error) {
	rows, err := tx.Query(`SELECT `+columnList(recipientSelect)+` FROM recipient
		WHERE site_id = ? AND message_id = ? AND seq >= ? AND state = ? ORDER BY seq LIMIT ?`, m.Site, m.ID, int64(f.From), string(f.State), f.Limit+1)
	born, err := s.collect(map[Key]*Message{m.Key: m}, rows, err)
	if err != nil {
		return nil, 0, false, err
	}
	for _, r := range born {
		if len(list) == f.Limit {
			return list, r.Seq, true, nil
		}
		mobile, ok := key.OpenNumber(r.ID, uint32(r.Seq), r.Mobile)
		if !ok {
			return nil, 0, false, fmt.Errorf("recipient %d of message %s: the sealed number is damaged", r.Seq, r.ID)
		}
		list = append(list, Shown{Recipient: r, To: numberOf(mobile)})
	}
	return list, 0, false, nil
}

// showBatch joins a batch's body with the rows of those who have one.
func (s *Service) showBatch(tx *db.Tx, m *Message, key *site.Key, no int) ([]Shown, error) {
	name := BatchName{m.Key, no}
	var state BatchState
	err := tx.QueryRow(`SELECT state FROM batch WHERE site_id = ? AND message_id = ? AND no = ?`, m.Site, m.ID, no).Scan(&state)
	if err != nil {
		return nil, fmt.Errorf("read batch %d of message %s: %w", no, m.ID, err)
	}
	messages := map[Key]*Message{m.Key: m}
	bodies, err := s.People(tx, messages, []BatchName{name})
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`SELECT `+columnList(recipientSelect)+` FROM recipient WHERE site_id = ? AND message_id = ? AND seq >= ? AND seq < ? ORDER BY seq`,
		m.Site, m.ID, no*BatchSize, (no+1)*BatchSize)
	born, err := s.collect(messages, rows, err)
	if err != nil {
		return nil, err
	}
	people := bodies[name]
	out := make([]Shown, len(people))
	for i, p := range people {
		seq := Seq(no*BatchSize + i)
		r := s.Newborn(m, seq, p.Class, [16]byte{})
		r.State = state.progress()
		out[i] = Shown{r, numberOf(p.Mobile)}
	}
	for _, r := range born {
		if i := int(r.Seq) - no*BatchSize; i < len(out) {
			out[i].Recipient = r
		}
	}
	return out, nil
}

// byNumber finds everyone with a number through the finders, without unpacking
// batches that cannot hold it.
func (s *Service) byNumber(tx *db.Tx, m *Message, key *site.Key, f Filter) (list []Shown, next Seq, more bool, err error) {
	mobile, ok := f.To.Mobile()
	if !ok {
		return nil, 0, false, nil
	}
	rows, err := tx.Query(`SELECT no, finder FROM batch WHERE site_id = ? AND message_id = ? AND no >= ? ORDER BY no`, m.Site, m.ID, f.From.Batch())
	hits, err := finderHits(rows, err, key.Fingerprint(mobile))
	if err != nil {
		return nil, 0, false, fmt.Errorf("search message %s: %w", m.ID, err)
	}
	for _, no := range hits {
		people, err := s.showBatch(tx, m, key, no)
		if err != nil {
			return nil, 0, false, err
		}
		for _, p := range people {
			if p.To != f.To || p.Seq < f.From || f.State != "" && p.State != f.State {
				continue
			}
			if len(list) == f.Limit {
				return list, p.Seq, true, nil
			}
			list = append(list, p)
		}
	}
	return list, 0, false, nil
}

func finderHits(rows *sql.Rows, err error, finger uint32) (hits []int, _ error) {
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var no int
		var finder []byte
		if err := r.Scan(&no, &finder); err != nil {
			return none, err
		}
		if inFinder(finder, finger) {
			hits = append(hits, no)
		}
		return none, nil
	})
	return hits, err
}

// Rejections lists those who were not accepted, in their order, from a position
// in the request on.
func (s *Service) Rejections(tx *db.Tx, m *Message, from int64, limit int) (list []Rejection, more bool, err error) {
	key, err := s.keys.Site(tx, m.Site)
	if err != nil {
		return nil, false, err
	}
	for no := 0; ; no++ {
		pack, err := rejectPack(tx, m, key, no)
		if errors.Is(err, db.ErrNoRows) {
			return list, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		for _, r := range pack {
			if r.Index < from {
				continue
			}
			if len(list) == limit {
				return list, true, nil
			}
			list = append(list, r)
		}
	}
}

// rejectPack reads one pack of a message's rejections; db.ErrNoRows behind the last.
func rejectPack(tx *db.Tx, m *Message, key *site.Key, no int) ([]Rejection, error) {
	var body []byte
	err := tx.QueryRow(`SELECT body FROM reject WHERE site_id = ? AND message_id = ? AND no = ?`, m.Site, m.ID, no).Scan(&body)
	if err != nil {
		return nil, fmt.Errorf("read rejections %d of message %s: %w", no, m.ID, err)
	}
	return openRejects(key, m.ID, no, body)
}

// Content opens what a message says.
func (s *Service) Content(tx *db.Tx, m *Message) (Content, error) {
	key, err := s.keys.Site(tx, m.Site)
	if err != nil {
		return Content{}, err
	}
	return m.Content(key)
}

// Movements gives the ledger's entries about a message.
func (s *Service) Movements(tx *db.Tx, key Key) ([]credit.Movement, error) {
	return s.ledger.Movements(tx, key.Site, key.ID)
}
