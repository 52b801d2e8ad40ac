package message

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// The id of a message bears the time when it was drafted, by the clock of the machine that
// did so: so long before its accept at most, and so much after it where that clock is ahead.
const (
	draftedFor = 2 * staleDraft
	clockSkew  = 5 * time.Minute
)

// Past gives the messages of a site that were accepted in a time, from its beginning until
// before its end, behind one of them, in the order of their ids.
func Past(tx *db.Tx, siteID string, from, until db.Time, after id.ID, limit int) ([]*Message, error) {
	if after.IsZero() {
		after = id.From(from.Add(-draftedFor).Time())
	}
	list, err := scanMessages(tx.Query(`SELECT site_id, id, `+messageColumns+` FROM message
		WHERE site_id = ? AND id > ? AND id < ? AND state <> 'draft' AND created_at >= ? AND created_at < ? ORDER BY id LIMIT ?`,
		siteID, after, id.From(until.Add(clockSkew).Time()), from, until, limit))
	if err != nil {
		return nil, fmt.Errorf("read past messages of site %s: %w", siteID, err)
	}
	return list, nil
}

// EndedOf gives those recipients of a few messages of one site who have a row and are final,
// as Ended does; all rows of the messages are read at once.
func (s *Service) EndedOf(tx *db.Tx, list []*Message) (map[Key][]Recipient, error) {
	messages, ended := make(map[Key]*Message, len(list)), map[Key][]Recipient{}
	for _, m := range list {
		messages[m.Key] = m
	}
	rows, err := tx.Lookup("recipient", recipientSelect, db.Col("site_id", pick(list, func(m *Message) string { return m.Site })),
		db.Col("message_id", pick(list, func(m *Message) id.ID { return m.ID })))
	all, err := s.collect(messages, rows, err)
	for _, r := range all {
		if r.State.Final() {
			ended[r.Key] = append(ended[r.Key], r)
		}
	}
	return ended, err
}

// Ended gives those recipients of a message behind a place who have a row and are final,
// with what became of each of their legs. Numbers stay sealed.
func (s *Service) Ended(tx *db.Tx, m *Message, from Seq, limit int) ([]Recipient, error) {
	rows, err := tx.Query(`SELECT `+columnList(recipientSelect)+` FROM recipient
		WHERE site_id = ? AND message_id = ? AND seq >= ? AND state IN ('delivered', 'failed', 'expired', 'cancelled') ORDER BY seq LIMIT ?`,
		m.Site, m.ID, int64(from), limit)
	return s.collect(map[Key]*Message{m.Key: m}, rows, err)
}
