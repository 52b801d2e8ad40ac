package server

import (
	"context"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// Waiting is a message that waits for a second person.
type Waiting struct {
	ID         string       `json:"id"`
	Title      string       `json:"title"`
	Recipients int64        `json:"recipients"`
	Held       money.Amount `json:"held"`
	Status     string       `json:"status"`
	AskedBy    string       `json:"asked_by"`
	AskedAt    time.Time    `json:"asked_at"`
}

// byOperator is who decides at the command line.
const byOperator = "operator"

// Reviews lists the messages of a site that wait for a second person, newest first. NotFound.
func (p *Operator) Reviews(ctx context.Context, siteID string) (list List[Waiting], err error) {
	err = p.d.Snapshot(ctx, "operator_reviews", func(tx *db.Tx) error {
		list.Data = []Waiting{}
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		all, err := message.List(tx, siteID, message.StateReview, id.ID{}, mostWaiting)
		for _, m := range all {
			one, err := p.waitingOf(tx, m)
			if err != nil {
				return err
			}
			list.Data = append(list.Data, one)
		}
		return err
	})
	return list, err
}

// mostWaiting bounds a list of messages that wait.
const mostWaiting = 1000

func (p *Operator) waitingOf(tx *db.Tx, m *message.Message) (Waiting, error) {
	content, err := p.messages.Content(tx, m)
	if err != nil {
		return Waiting{}, err
	}
	r, _, err := message.ReviewOf(tx, m.Key)
	if err != nil {
		return Waiting{}, err
	}
	sum, err := m.Tally()
	return Waiting{m.ID.Text(id.Message), content.Title, m.Accepted, sum.Held, string(m.State), r.AskedBy, r.AskedAt.Time()}, err
}

// Approve lets a message go that waits for a second person. Faults: NotFound, Conflict.
func (p *Operator) Approve(ctx context.Context, siteID, text string) (Waiting, error) {
	return p.review(ctx, siteID, text, func(key message.Key) (*message.Message, error) { return p.messages.Approve(ctx, key, byOperator) })
}

// Reject cancels a message that waits for a second person. Faults: NotFound, Invalid, Conflict.
func (p *Operator) Reject(ctx context.Context, siteID, text, reason string) (Waiting, error) {
	return p.review(ctx, siteID, text, func(key message.Key) (*message.Message, error) {
		return p.messages.Reject(ctx, key, byOperator, reason)
	})
}

func (p *Operator) review(ctx context.Context, siteID, text string, act func(message.Key) (*message.Message, error)) (out Waiting, err error) {
	of, err := id.Parse(id.Message, text)
	if err != nil {
		return out, fault.Missing("message", text)
	}
	m, err := act(message.Key{Site: siteID, ID: of})
	if err != nil {
		return out, err
	}
	err = p.d.Snapshot(ctx, "operator_reviewed", func(tx *db.Tx) error {
		out, err = p.waitingOf(tx, m)
		return err
	})
	return out, err
}
