package server

import (
	"context"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// Sender is a number that a site may send from.
type Sender struct {
	Number  string `json:"number"`
	State   string `json:"state"` // removed: the site does not have it any more, and documents of it stay
	Default bool   `json:"default"`
	Reason  string `json:"reason,omitempty"` // why it was decided so

	Documents []Document `json:"documents,omitempty"` // by which it is registered
}

// Document is a proof of the right to a sender number.
type Document struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Media   string    `json:"content_type"`
	Bytes   int       `json:"bytes"`
	AddedAt time.Time `json:"added_at"`

	KeptSince time.Time `json:"kept_since,omitzero"` // since when it stays, whatever becomes of the number; zero = it can be removed
}

func senderOf(s site.Sender) Sender {
	return Sender{Number: string(s.Number), State: s.State, Default: s.Default, Reason: s.Reason}
}

// Senders lists the sender numbers of a site with their documents, oldest first, and then those
// that it does not have any more and of which documents stay. NotFound.
func (p *Operator) Senders(ctx context.Context, siteID string) (list List[Sender], err error) {
	err = p.d.Snapshot(ctx, "operator_senders", func(tx *db.Tx) error {
		list.Data = []Sender{}
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		all, err := p.everySender(tx, siteID)
		for _, s := range all {
			one, err := p.documented(tx, s)
			if err != nil {
				return err
			}
			list.Data = append(list.Data, one)
		}
		return err
	})
	return list, err
}

// everySender gives the numbers of a site, and those that are gone.
func (p *Operator) everySender(tx *db.Tx, siteID string) ([]site.Sender, error) {
	all, err := site.Senders(tx, siteID)
	if err != nil {
		return nil, err
	}
	numbers, err := p.registration.Numbers(tx, siteID)
	for _, n := range numbers {
		if !slices.ContainsFunc(all, func(s site.Sender) bool { return s.Number == n }) {
			all = append(all, site.Sender{Site: siteID, Number: n, State: "removed"})
		}
	}
	return all, err
}

func (p *Operator) documented(tx *db.Tx, s site.Sender) (Sender, error) {
	one := senderOf(s)
	all, err := p.registration.List(tx, s.Site, s.Number)
	for _, d := range all {
		one.Documents = append(one.Documents, Document{d.ID.Text(id.Document), string(d.Kind), d.Title, d.Media, d.Size, d.AddedAt.Time(), d.KeptAt.Time()})
	}
	return one, err
}

// DecideSender approves, rejects or blocks a number, and tells its site. Faults: Invalid, NotFound.
func (p *Operator) DecideSender(ctx context.Context, siteID, number, state, reason string) (out Sender, err error) {
	n, err := korea.ParseSender(number)
	if err != nil {
		return out, fault.Missing("sender", number)
	}
	err = p.d.Update(ctx, "operator_decide_sender", func(tx *db.Tx) error {
		s, err := p.registration.Decide(tx, siteID, n, state, reason)
		if err != nil {
			return err
		}
		if out, err = p.documented(tx, s); err != nil {
			return err
		}
		return p.vendors.AskSoon(tx) // the number may be new there
	})
	return out, err
}

// RemoveSender removes a number, blocked or not. Documents by which it was approved or blocked
// stay. NotFound.
func (p *Operator) RemoveSender(ctx context.Context, siteID, number string) error {
	n, err := korea.ParseSender(number)
	if err != nil {
		return fault.Missing("sender", number)
	}
	return p.d.Update(ctx, "operator_remove_sender", func(tx *db.Tx) error { return p.registration.Forget(tx, siteID, n) })
}

// SenderDocument gives a document itself. NotFound.
func (p *Operator) SenderDocument(ctx context.Context, siteID, number, text string) (content []byte, err error) {
	n, err := korea.ParseSender(number)
	of, wrong := id.Parse(id.Document, text)
	if err != nil || wrong != nil {
		return nil, fault.Missing("document", text)
	}
	err = p.d.Snapshot(ctx, "operator_sender_document", func(tx *db.Tx) error {
		_, content, err = p.registration.Content(tx, siteID, n, of)
		return err
	})
	return content, err
}

// AddSender registers an approved sender number; a site's first is its default.
// Faults: Invalid, NotFound, Conflict already_exists.
func (p *Operator) AddSender(ctx context.Context, siteID, number string) (s Sender, err error) {
	err = p.d.Update(ctx, "operator_add_sender", func(tx *db.Tx) error {
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		made, err := site.AddSender(tx, siteID, number, site.Approved)
		if err != nil {
			return err
		}
		s = senderOf(made)
		return p.vendors.AskSoon(tx) // the number may be new there
	})
	return s, err
}
