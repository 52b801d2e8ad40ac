package message

import (
	"fmt"

	"creditmsg/internal/db"
)

// ReadPlaces reads messages and rows of theirs without a lock, for who only judges them.
// Messages that do not exist are left out, and recipients without a row.
func (s *Service) ReadPlaces(tx *db.Tx, places []Place) (map[Key]*Message, []Recipient, error) {
	keys := pick(places, func(p Place) Key { return p.Key })
	messages, err := ReadMessages(tx, keys)
	if err != nil {
		return nil, nil, err
	}
	var list []Recipient
	there := make([]Place, 0, len(places))
	for _, p := range places {
		if messages[p.Key] != nil {
			there = append(there, p)
		}
	}
	q := askRecipients(there, &list)
	q.Lock = false
	if err := tx.Ask(q); err != nil {
		return nil, nil, fmt.Errorf("read recipients: %w", err)
	}
	return messages, list, s.resolve(messages, list)
}
