package message

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// Outcomes says of messages what their recipients still hold and have spent,
// from the rows alone; the ledger's proof compares it with the reservations.
func (s *Service) Outcomes(tx *db.Tx, siteID string, messages []id.ID) (map[id.ID]credit.Outcome, error) {
	keys := make([]Key, len(messages))
	for i, m := range messages {
		keys[i] = Key{siteID, m}
	}
	found, err := ReadMessages(tx, keys)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	out := make(map[id.ID]credit.Outcome, len(found))
	for k := range found {
		out[k.ID] = credit.Outcome{Message: k.ID}
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(messages)), ", ")
	args := []any{siteID}
	for _, m := range messages {
		args = append(args, m)
	}
	if err := openBatches(tx, found, out, marks, args); err != nil {
		return nil, fmt.Errorf("sum up batches of site %s: %w", siteID, err)
	}
	if err := bornRecipients(tx, found, out, marks, args); err != nil {
		return nil, fmt.Errorf("sum up recipients of site %s: %w", siteID, err)
	}
	return out, nil
}

// openBatches adds what is held for everyone in a waiting or taken batch.
func openBatches(tx *db.Tx, messages map[Key]*Message, out map[id.ID]credit.Outcome, marks string, args []any) error {
	rows, err := tx.Query(`SELECT site_id, message_id, class_counts FROM batch
		WHERE site_id = ? AND message_id IN (`+marks+`) AND state IN ('waiting', 'taken')`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var k Key
		var text []byte
		var counts []int64
		if err := r.Scan(&k.Site, &k.ID, &text); err != nil {
			return none, err
		}
		if err := json.Unmarshal(text, &counts); err != nil {
			return none, err
		}
		for class, n := range counts {
			if err := hold(messages[k], out, class, n); err != nil {
				return none, err
			}
		}
		return none, nil
	})
	return err
}

func hold(m *Message, out map[id.ID]credit.Outcome, class int, n int64) error {
	if class >= len(m.Classes) {
		return fmt.Errorf("message %s has no class %d", m.ID, class)
	}
	held, err := m.Classes[class].Hold().Times(n)
	if err != nil {
		return err
	}
	o := out[m.ID]
	o.Open, err = o.Open.Plus(held)
	out[m.ID] = o
	return err
}

// bornRecipients takes off what is no longer held for those with a final row
// and adds what the delivered ones spent.
func bornRecipients(tx *db.Tx, messages map[Key]*Message, out map[id.ID]credit.Outcome, marks string, args []any) error {
	rows, err := tx.Query(`SELECT site_id, message_id, class, state, step, COUNT(*) FROM recipient
		WHERE site_id = ? AND message_id IN (`+marks+`) AND state IN ('delivered', 'failed', 'expired', 'cancelled')
		GROUP BY site_id, message_id, class, state, step`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var k Key
		var class, step int
		var state Progress
		var n int64
		if err := r.Scan(&k.Site, &k.ID, &class, &state, &step, &n); err != nil {
			return none, err
		}
		if err := hold(messages[k], out, class, -n); err != nil {
			return none, err
		}
		if state != Delivered {
			return none, nil
		}
		return none, spend(messages[k], out, class, step, n)
	})
	return err
}

func spend(m *Message, out map[id.ID]credit.Outcome, class, step int, n int64) error {
	steps := m.Classes[class].Steps
	if step < 1 || step > len(steps) {
		return fmt.Errorf("message %s: class %d has no step %d", m.ID, class, step)
	}
	s := steps[step-1]
	o := out[m.ID]
	o.Count[s.Channel] += n
	var err error
	var cost money.Amount
	if cost, err = s.Price.Times(n); err == nil {
		o.Settled[s.Channel], err = o.Settled[s.Channel].Plus(cost)
	}
	out[m.ID] = o
	return err
}
