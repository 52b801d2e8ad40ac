// Package registration is a sender number's way to being approved: a site asks for it and shows
// by which documents it has the right to it, and the operator decides.
//
// What it promises:
//
//   - A number that is asked for is told to the operator, and what he decided to the site, in
//     the transaction in which it happens.
//   - The documents stand in the database, sealed with the site's key: they are few. What a
//     number was approved or blocked by does not change any more, and stays when the number goes:
//     it proves by which right messages went from there.
//   - A number that was blocked is unblocked or removed by the operator alone.
//   - What a document is, its content says, and not its name.
//
// A text may be sent from a number only by who has the right to it, and whoever takes it for
// sending has to have seen the proof beforehand (전기통신사업법 제84조의2 and the ministry's
// notice about it). What is no proof decides nothing: an operator may approve a number that he
// knows of otherwise.
//
// It never sends anything: package message asks whether a number is approved.
//
// Tables owned: registration_document.
package registration

import (
	"encoding/json"
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// Service is the use cases. It is safe for concurrent use.
type Service struct {
	keys  *site.Keys
	queue *queue.Queue
}

// New makes the service.
func New(keys *site.Keys, q *queue.Queue) *Service { return &Service{keys, q} }

// Ask asks for a number, however it is written. Faults: as site.AddSender.
func (s *Service) Ask(tx *db.Tx, siteID, number string) (site.Sender, error) {
	made, err := site.AddSender(tx, siteID, number, site.Requested)
	if err != nil {
		return made, err
	}
	return made, s.tell(tx, siteID, site.Requested)
}

// AskAgain asks anew for a number that was rejected. Asking for one that is being asked for
// changes nothing. Faults: NotFound, StateConflict.
func (s *Service) AskAgain(tx *db.Tx, siteID string, n korea.Number) (site.Sender, error) {
	found, err := openForProof(tx, siteID, n)
	if err != nil || found.State == site.Requested {
		return found, err
	}
	if found, err = site.SetSender(tx, siteID, string(n), site.Requested, ""); err != nil {
		return found, err
	}
	return found, s.tell(tx, siteID, site.Requested)
}

// Decide sets the state of a number, and tells its site why. Faults: as site.SetSender.
func (s *Service) Decide(tx *db.Tx, siteID string, n korea.Number, state, reason string) (site.Sender, error) {
	if err := site.Lock(tx, siteID); err != nil { // its documents do not change meanwhile
		return site.Sender{}, err
	}
	was, err := site.FindSender(tx, siteID, n)
	if err != nil {
		return was, err
	}
	decided, err := site.SetSender(tx, siteID, string(n), state, reason)
	if err == nil && (decides(state) || decides(was.State)) { // the latter of those of before that was noted
		err = keep(tx, siteID, n)
	}
	if err != nil {
		return decided, err
	}
	return decided, s.tell(tx, siteID, state)
}

// tell announces that a number of a site is asked for, or was decided on. Events name no
// numbers, not even those of senders.
func (s *Service) tell(tx *db.Tx, siteID, state string) error {
	data, err := json.Marshal(map[string]string{"state": state})
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return credit.Announce(tx, s.queue, event.Event{Site: siteID, Type: "sender." + state, Ref: siteID, Data: data})
}

// decides reports whether a number's documents stay once it is in this state.
func decides(state string) bool { return state == site.Approved || state == site.Blocked }

// Withdraw removes a number as its site wishes: Forget, of one that is not blocked. Otherwise a
// site would ask anew for what was blocked, as if nothing had been. Faults: NotFound, StateConflict.
func (s *Service) Withdraw(tx *db.Tx, siteID string, n korea.Number) error {
	if err := site.Lock(tx, siteID); err != nil {
		return err
	}
	found, err := site.FindSender(tx, siteID, n)
	if err != nil {
		return err
	}
	if found.State == site.Blocked {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "the sender number %s is blocked; only the operator can unblock or remove it", n.Dashed())
	}
	return s.Forget(tx, siteID, n)
}

// Forget removes a number with those of its documents by which it was never approved or blocked.
// Faults: as site.RemoveSender.
func (s *Service) Forget(tx *db.Tx, siteID string, n korea.Number) error {
	if err := site.Lock(tx, siteID); err != nil {
		return err
	}
	found, err := site.FindSender(tx, siteID, n)
	if err == nil && decides(found.State) { // those of before that was noted
		err = keep(tx, siteID, n)
	}
	if err == nil {
		err = site.RemoveSender(tx, siteID, string(n))
	}
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM registration_document WHERE site_id = ? AND number = ? AND kept_at = 0`, siteID, string(n)); err != nil {
		return fmt.Errorf("forget the documents of sender %s: %w", n.Dashed(), err)
	}
	return nil
}
