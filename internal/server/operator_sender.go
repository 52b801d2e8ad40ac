package server

import (
	"context"

	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// Sender is a number that a site may send from.
type Sender struct {
	Number  string `json:"number"`
	State   string `json:"state"`
	Default bool   `json:"default"`
}

func senderOf(s site.Sender) Sender {
	return Sender{Number: string(s.Number), State: s.State, Default: s.Default}
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
