package billing

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	"github.com/google/uuid"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// CardState is where a stored card stands.
type CardState string

// The states of a card.
const (
	CardPending  CardState = "pending"  // its owner is to confirm it on a page of the gateway
	CardActive   CardState = "active"   // it can be charged
	CardDisabled CardState = "disabled" // it was refused for good, or never confirmed; register it anew
	CardRemoving CardState = "removing" // the gateway is being told to forget it
	CardRemoved  CardState = "removed"
)

// Card is a payment method that was left with a gateway for later charges.
type Card struct {
	Site      string
	ID        id.ID
	Gateway   string
	State     CardState
	Place     int // recharges try lower ones first
	Reason    payment.Reason
	Code      string
	CreatedAt db.Time
	CardPapers
}

// CardPapers is what is kept sealed of a card.
type CardPapers struct {
	Token     payment.Token     `json:"token"`
	Text      string            `json:"text,omitempty"`
	Checkout  *payment.Checkout `json:"checkout,omitempty"`
	ReturnURL string            `json:"return,omitempty"`
	Back      string            `json:"back,omitempty"`
	Payer     payment.Payer     `json:"payer,omitzero"`
}

// cardRow is a card as it is stored.
type cardRow struct {
	Card
	idem   id.ID
	sealed []byte
}

var cardColumns = []string{"site_id", "id", "gateway", "state", "place", "idem_key", "reason", "code", "papers", "created_at"}

func scanCard(rows *sql.Rows) (*cardRow, error) {
	var c cardRow
	return &c, rows.Scan(&c.Site, &c.ID, &c.Gateway, &c.State, &c.Place, &c.idem, db.Maybe(&c.Reason), db.Maybe(&c.Code), &c.sealed, &c.CreatedAt)
}

func (c *cardRow) key() []db.Column { return []db.Column{one("site_id", c.Site), one("id", c.ID)} }

func (c *cardRow) changing() []db.Column {
	var token id.ID
	if c.Token.Secret != "" {
		token = digest(c.Gateway, c.Token.Secret)
	}
	return []db.Column{one("state", c.State), one("place", c.Place), maybe("token_key", token), maybe("reason", c.Reason), maybe("code", c.Code), one("papers", c.sealed)}
}

func (s *Service) addCard(tx *db.Tx, c *cardRow) (err error) {
	if c.sealed, err = s.seal(tx, c.Site, "card", c.ID, c.CardPapers); err != nil {
		return err
	}
	cols := append(append(c.key(), c.changing()...), one("gateway", c.Gateway), maybe("idem_key", c.idem), one("created_at", c.CreatedAt))
	if err := tx.InsertMany("billing_card", cols...); err != nil {
		return fmt.Errorf("write card: %w", err)
	}
	return noteCard(tx, c)
}

func (s *Service) saveCard(tx *db.Tx, c *cardRow) (err error) {
	if c.sealed, err = s.seal(tx, c.Site, "card", c.ID, c.CardPapers); err != nil {
		return err
	}
	if err := tx.UpdateMany("billing_card", []string{"site_id", "id"}, append(c.key(), c.changing()...)...); err != nil {
		return fmt.Errorf("write card: %w", err)
	}
	return nil
}

// gather reads cards and opens their papers.
func (s *Service) gather(tx *db.Tx, rows *sql.Rows, err error) ([]*cardRow, error) {
	found, err := db.Collect(rows, err, scanCard)
	if err != nil {
		return nil, fmt.Errorf("read cards: %w", err)
	}
	for _, c := range found {
		if err := s.unseal(tx, c.Site, "card", c.ID, c.sealed, &c.CardPapers); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// card reads one card of a site, with lock to change it.
func (s *Service) card(tx *db.Tx, site string, card id.ID, lock bool) (*cardRow, error) {
	look := tx.Lookup
	if lock {
		look = tx.LookupForUpdate
	}
	rows, err := look("billing_card", cardColumns, one("site_id", site), one("id", card))
	found, err := s.gather(tx, rows, err)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.Missing("payment method", card.Text(id.Card))
	}
	return found[0], nil
}

// active lists the cards of a site that can be charged, in the order of their places.
func (s *Service) active(tx *db.Tx, site string) ([]*cardRow, error) {
	rows, err := tx.Query(`SELECT `+list(cardColumns)+` FROM billing_card WHERE site_id = ? AND state = 'active' ORDER BY place, id`, site)
	return s.gather(tx, rows, err)
}

// charging checks the card that a payment is to be charged to, and chooses one if none is named.
func (s *Service) charging(tx *db.Tx, p *row) error {
	all, err := s.active(tx, p.Site)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Gateway == p.Gateway && (p.Card.IsZero() || p.Card == c.ID) {
			p.Card = c.ID
			return nil
		}
	}
	return fault.Check("/method_id", "there is no such active payment method at the gateway %s", p.Gateway)
}

// CardRequest asks for a card to be left with a gateway.
type CardRequest struct {
	Site      string
	Gateway   string // "" = the first that keeps cards
	ReturnURL string
	Back      func(card string) string
	Payer     payment.Payer
	Key       string
}

// BeginCard writes a card down and gives the page on which its owner confirms it.
func (s *Service) BeginCard(ctx context.Context, r CardRequest) (Card, error) {
	if !isWeb(r.ReturnURL) {
		return Card{}, fault.Check("/return_url", "want the address of a page, such as https://shop.example/credit, to which the browser returns")
	}
	g, err := s.offering(&Request{Site: r.Site, Gateway: r.Gateway, Method: payment.Stored})
	if err != nil {
		return Card{}, err
	}
	c := &cardRow{Card: Card{Site: r.Site, ID: id.New(), Gateway: g.Name, State: CardPending,
		CardPapers: CardPapers{Token: payment.Token{Customer: uuid.NewString()}, ReturnURL: r.ReturnURL, Payer: r.Payer}}}
	c.Back = r.Back(c.ID.Text(id.Card))
	if r.Key != "" {
		c.idem = digest("card", r.Key)
	}
	known := false
	err = s.d.Update(ctx, "billing_begin_card", func(tx *db.Tx) error {
		known = false
		if err := site.LockNotErased(tx, r.Site); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT `+list(cardColumns)+` FROM billing_card WHERE site_id = ? ORDER BY place, id`, r.Site)
		all, err := s.gather(tx, rows, err)
		if err != nil {
			return err
		}
		for _, old := range all {
			c.Place = max(c.Place, old.Place+1)
			if !c.idem.IsZero() && old.idem == c.idem {
				c, known = old, true
				return nil
			}
		}
		c.CreatedAt = tx.Now
		return s.addCard(tx, c)
	})
	if err != nil || known {
		return c.Card, err
	}
	asked, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	return s.cardSaid(context.WithoutCancel(ctx), c, g.Adapter.BeginToken(asked, c.registration()))
}

func (c *cardRow) registration() payment.Registration {
	text := c.ID.Text(id.Card)
	return payment.Registration{ID: text, Key: text + "-1", Customer: c.Token.Customer, ReturnURL: c.Back, Payer: c.Payer}
}

// FinishCard brings the owner's browser back from the gateway: the card is taken over, if
// what it brings is right. It may be repeated while the gateway does not answer.
func (s *Service) FinishCard(ctx context.Context, text string, back url.Values) (Card, error) {
	of, err := id.Parse(id.Card, text)
	if err != nil {
		return Card{}, fault.Missing("payment method", text)
	}
	var c *cardRow
	err = s.d.View(ctx, "billing_finish_card", func(tx *db.Tx) error {
		site, err := s.siteOf(tx, "billing_card", of)
		if err != nil {
			return err
		}
		c, err = s.card(tx, site, of, false)
		return err
	})
	if err != nil || c.State != CardPending {
		if c == nil {
			return Card{}, err
		}
		return c.Card, err
	}
	g := s.gateway(c.Gateway)
	if g == nil {
		return c.Card, fault.New(fault.Unavailable, fault.CodeUnavailable, "the gateway %s is not configured any more", c.Gateway)
	}
	asked, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.RequestTimeout)
	defer cancel()
	return s.cardSaid(context.WithoutCancel(ctx), c, g.Adapter.FinishToken(asked, c.registration(), back))
}

// cardSaid writes down what a gateway said of a card that is pending.
func (s *Service) cardSaid(ctx context.Context, of *cardRow, r payment.TokenResult) (Card, error) {
	var c *cardRow
	err := s.d.Update(ctx, "billing_card_said", func(tx *db.Tx) (err error) {
		if c, err = s.card(tx, of.Site, of.ID, true); err != nil || c.State != CardPending {
			return err
		}
		c.Reason, c.Code, c.Text = r.Reason, r.Code, r.Text
		switch r.State {
		case payment.Paid:
			c.State, c.Token, c.Checkout = CardActive, r.Token, nil
		case payment.Declined, payment.Failed:
			c.State, c.Checkout = CardDisabled, nil
		case payment.Open:
			c.Checkout = r.Checkout
		}
		if c.State != CardPending {
			if err := s.tellCard(tx, c); err != nil {
				return err
			}
		}
		return s.saveCard(tx, c)
	})
	if err != nil {
		return of.Card, fmt.Errorf("register payment method: %w", err)
	}
	return c.Card, nil
}

func (s *Service) tellCard(tx *db.Tx, c *cardRow) error {
	if err := noteCard(tx, c); err != nil {
		return err
	}
	text := c.ID.Text(id.Card)
	return s.announce(tx, c.Site, "payment_method."+string(c.State), text, map[string]any{
		"payment_method_id": text, "gateway": c.Gateway, "reason": string(c.Reason),
	})
}

// disable marks a card that will never be charged again.
func (s *Service) disable(tx *db.Tx, site string, card id.ID, why payment.Reason, code string) error {
	c, err := s.card(tx, site, card, true)
	if err != nil || c.State != CardActive {
		return err
	}
	c.State, c.Reason, c.Code = CardDisabled, why, code
	if err := s.tellCard(tx, c); err != nil {
		return err
	}
	return s.saveCard(tx, c)
}

// RemoveCard has a gateway forget a card; it is not charged from now on. The last active
// card of a site that recharges itself cannot be removed.
func (s *Service) RemoveCard(tx *db.Tx, site string, card id.ID) error {
	r, err := s.rule(tx, site, true)
	if err != nil {
		return err
	}
	c, err := s.card(tx, site, card, true)
	if err != nil || c.State == CardRemoving || c.State == CardRemoved {
		return err
	}
	all, err := s.active(tx, site)
	if err != nil {
		return err
	}
	if r.Enabled && c.State == CardActive && len(all) == 1 {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "it is the only active payment method of an automatic recharge; switch that off, or add another one, first")
	}
	secret := c.Token.Secret
	if c.State = CardRemoving; secret == "" {
		c.State = CardRemoved
	} else if err := s.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: kindCard, Key: c.ID.Text(id.Card), Site: site}); err != nil {
		return err
	}
	if err := noteCard(tx, c); err != nil {
		return err
	}
	return s.saveCard(tx, c)
}

// removing tells the gateway to forget a card, and forgets its secret here.
func (s *Service) removing(ctx context.Context, j queue.Claimed) error {
	of, err := id.Parse(id.Card, j.Key)
	if err != nil {
		return fmt.Errorf("read job %q: %w", j.Key, err)
	}
	var c *cardRow
	err = s.d.View(ctx, "billing_removing", func(tx *db.Tx) (err error) {
		c, err = s.card(tx, j.Site, of, false)
		return err
	})
	if err != nil {
		return err
	}
	g := s.gateway(c.Gateway)
	if g == nil {
		return fault.New(fault.Unavailable, fault.CodeUnavailable, "the gateway %s of a removed payment method is not configured any more", c.Gateway)
	}
	asked, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	if err := g.Adapter.RemoveToken(asked, c.Token); err != nil {
		return fmt.Errorf("remove payment method: %w", err)
	}
	return s.d.Update(ctx, "billing_removed", func(tx *db.Tx) error {
		if err := s.queue.Done(tx, j); err != nil {
			return err
		}
		c, err := s.card(tx, j.Site, of, true)
		if err != nil {
			return err
		}
		c.State, c.Token, c.Checkout = CardRemoved, payment.Token{Label: c.Token.Label}, nil
		if err := s.tellCard(tx, c); err != nil {
			return err
		}
		return s.saveCard(tx, c)
	})
}
