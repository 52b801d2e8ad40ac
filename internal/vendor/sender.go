package vendor

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// Missing is the state of a sender number that an account's vendor does not list.
const Missing provider.SenderState = "missing"

// Standing is where a sender number stands at a provider account.
type Standing struct {
	Account   string
	State     provider.SenderState // or Missing
	CheckedAt db.Time
}

// askSenders is the question about an account's sender numbers.
func (s *Service) askSenders(ctx context.Context, a *Account) (func(*db.Tx) error, time.Duration) {
	l := a.holds(provider.HoldsSenders)
	if l == nil {
		return nil, 0
	}
	asked, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	list, wrong := l.Senders(asked)
	next := sendersEvery
	if wrong != nil {
		next = againAfter
		s.o.Log.WarnContext(ctx, "sender numbers not listed", "provider", a.Name, "error", wrong)
	}
	return func(tx *db.Tx) error {
		return s.change(tx, a.Name, func(r *row) error {
			if r.sendersWrong = words(wrong); wrong != nil {
				return nil
			}
			r.sendersAt = tx.Now
			return replace(tx, a.Name, list)
		})
	}, next
}

// replace writes the list of an account in place of the former one. The caller has locked the
// account's row.
func replace(tx *db.Tx, account string, list []provider.ListedSender) error {
	rows, err := tx.Query(`SELECT number, state FROM vendor_sender WHERE account = ? ORDER BY number`, account)
	before, err := db.Collect(rows, err, func(r *sql.Rows) (l provider.ListedSender, err error) { return l, r.Scan(&l.Number, &l.State) })
	if err != nil {
		return fmt.Errorf("read the sender numbers of %s: %w", account, err)
	}
	byNumber := func(a, b provider.ListedSender) int { return cmp.Compare(a.Number, b.Number) }
	list = slices.Clone(list)
	slices.SortStableFunc(list, byNumber)
	list = slices.CompactFunc(list, func(a, b provider.ListedSender) bool { return a.Number == b.Number })
	if slices.Equal(before, list) {
		return nil
	}
	if _, err := tx.Exec(`DELETE FROM vendor_sender WHERE account = ?`, account); err != nil {
		return fmt.Errorf("forget the sender numbers of %s: %w", account, err)
	}
	if len(list) == 0 {
		return nil
	}
	numbers, states := make([]korea.Number, len(list)), make([]provider.SenderState, len(list))
	for i, l := range list {
		numbers[i], states[i] = l.Number, l.State
	}
	err = tx.InsertMany("vendor_sender", db.Col("number", numbers), db.Same("account", account, len(list)), db.Col("state", states))
	if err != nil {
		return fmt.Errorf("write the sender numbers of %s: %w", account, err)
	}
	return nil
}

// StandingOf tells where sender numbers stand at each account whose vendor has listed its own,
// by number; accounts come in the order of Views. Where none is configured, as for who works
// beside the processes of the installation, those count that are known.
func (s *Service) StandingOf(tx *db.Tx, numbers []korea.Number) (map[korea.Number][]Standing, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	views, err := s.Views(tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Lookup("vendor_sender", []string{"number", "account", "state"}, db.Col("number", numbers))
	type key struct {
		number  korea.Number
		account string
	}
	states := map[key]provider.SenderState{}
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var k key
		var state provider.SenderState
		err := r.Scan(&k.number, &k.account, &state)
		states[k] = state
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("read where sender numbers stand: %w", err)
	}
	all := map[korea.Number][]Standing{}
	for _, n := range numbers {
		for _, v := range views {
			if v.SendersAt != 0 && (v.Kind != "" || len(s.accounts) == 0) {
				all[n] = append(all[n], Standing{v.Name, cmp.Or(states[key{n, v.Name}], Missing), v.SendersAt})
			}
		}
	}
	return all, nil
}
