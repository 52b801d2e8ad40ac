package billing

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
)

// work does what is due of one payment: it is charged, asked about, or money is given back.
func (s *Service) work(ctx context.Context, j queue.Claimed) error {
	of, err := id.Parse(id.Payment, j.Key)
	if err != nil {
		return fmt.Errorf("read job %q: %w", j.Key, err)
	}
	p, todo, token, err := s.claim(ctx, j, of)
	if err != nil {
		return err
	}
	g := s.gateway(p.Gateway)
	if g == nil {
		return fault.New(fault.Unavailable, fault.CodeUnavailable,
			"payment %s was begun at the gateway %s, which is not configured any more; put it back under payments.gateways", p.text(), p.Gateway)
	}
	asked, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	switch todo {
	case toCharge:
		said := payment.Result{State: payment.Declined, Reason: payment.CardDead, Text: "the card was removed before it was charged"}
		if token.Secret != "" {
			said = g.Adapter.Charge(asked, p.order(), token)
		}
		_, err = s.conclude(ctx, p, said, &j)
	case toCancel:
		err = s.cancelAt(asked, g, p, j)
	case toIssue:
		err = s.issueAt(asked, g, p, j)
	default:
		_, err = s.conclude(ctx, p, g.Adapter.Find(asked, p.order()), &j)
	}
	return err
}

// task is what is to be done of a payment.
type task uint8

const (
	toFind task = iota
	toCharge
	toCancel
	toIssue
)

// claim decides what to do, in a transaction that writes it down: whoever finds a payment
// that is requesting asks what became of it and never charges.
func (s *Service) claim(ctx context.Context, j queue.Claimed, of id.ID) (p *row, todo task, token payment.Token, err error) {
	err = s.d.Update(ctx, "billing_claim", func(tx *db.Tx) error {
		if p, err = s.find(tx, j.Site, of, true); err != nil {
			return err
		}
		if todo, err = s.due(tx, p); err != nil {
			return err
		}
		switch todo {
		case toCharge:
			c, err := s.card(tx, p.Site, p.Card, false)
			if err != nil {
				return err
			}
			if c.State == CardActive {
				token = c.Token
			}
			p.Customer = c.Token.Customer
			p.State, p.postedAt = Requesting, tx.Now
			return s.save(tx, p)
		}
		return nil
	})
	return p, todo, token, err
}

// due tells what a payment waits for.
func (s *Service) due(tx *db.Tx, p *row) (task, error) {
	switch {
	case p.State == Created && p.Method == payment.Stored:
		return toCharge, nil
	case p.State.Credited():
		all, err := s.cancels(tx, p)
		switch {
		case err != nil:
			return toFind, err
		case openOf(all) != nil:
			return toCancel, nil
		case p.Receipt.open(p):
			return toIssue, nil
		}
	}
	return toFind, nil // a notice may have put the job, of whatever state
}

// Return brings a payer's browser back from the gateway: the money is taken now, if what it
// brings is right. It gives the payment as it stands then.
func (s *Service) Return(ctx context.Context, payment string, back url.Values) (Payment, error) {
	p, ours, err := s.returned(ctx, payment)
	if err != nil || !ours {
		return p.Payment, err
	}
	g := s.gateway(p.Gateway)
	if g == nil {
		return p.Payment, fault.New(fault.Unavailable, fault.CodeUnavailable, "the gateway %s is not configured any more", p.Gateway)
	}
	asked, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.RequestTimeout)
	defer cancel()
	// A browser that is closed meanwhile changes nothing about the payment.
	return s.conclude(context.WithoutCancel(ctx), p, g.Adapter.Confirm(asked, p.order(), back), nil)
}

// returned moves a payment that waits for its payer to requesting; ours says whether it was
// this call that did.
func (s *Service) returned(ctx context.Context, text string) (p *row, ours bool, err error) {
	p = &row{}
	of, err := id.Parse(id.Payment, text)
	if err != nil {
		return p, false, fault.Missing("payment", text)
	}
	err = s.d.Update(ctx, "billing_return", func(tx *db.Tx) error {
		site, err := s.siteOf(tx, "billing_payment", of)
		if err != nil {
			return err
		}
		if p, err = s.find(tx, site, of, true); err != nil {
			return err
		}
		if ours = p.State == Created && p.Method == payment.Card; !ours {
			return nil
		}
		p.State, p.postedAt, p.asks = Requesting, tx.Now, 0
		if err := s.queue.Put(tx, jobOf(p, tx.Now.Add(2*s.o.RequestTimeout))); err != nil {
			return err
		}
		return s.save(tx, p)
	})
	return p, ours, err
}

// siteOf finds whose row an id is, for callers from outside who know nothing of sites.
func (s *Service) siteOf(tx *db.Tx, table string, of id.ID) (site string, err error) {
	rows, err := tx.Lookup(table, []string{"site_id"}, one("id", of))
	found, err := db.Collect(rows, err, scanSite)
	if err != nil {
		return "", fmt.Errorf("find whose it is: %w", err)
	}
	if len(found) == 0 {
		return "", fault.New(fault.NotFound, fault.CodeNotFound, "there is no such payment")
	}
	return found[0], nil
}

func scanSite(rows *sql.Rows) (site string, err error) { return site, rows.Scan(&site) }
