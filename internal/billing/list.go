package billing

import (
	"cmp"
	"fmt"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// Find gives one payment of a site and its cancellations, oldest first.
func (s *Service) Find(tx *db.Tx, site string, of id.ID) (Payment, []Cancellation, error) {
	p, err := s.find(tx, site, of, false)
	if err != nil {
		return Payment{}, nil, err
	}
	all, err := s.cancels(tx, p)
	out := make([]Cancellation, len(all))
	for i, c := range all {
		out[i] = c.Cancellation
	}
	return p.Payment, out, err
}

// Payments lists a site's payments ("" = those of all sites but test sites), newest first, from the one before a given id (zero =
// from the newest). state "" = of any state.
func (s *Service) Payments(tx *db.Tx, siteID string, state State, before id.ID, limit int) ([]Payment, error) {
	where, order, args := `site_id NOT LIKE ?`, `id DESC`, []any{site.TestPattern}
	if siteID != "" {
		where, order, args = `site_id = ?`, `site_id DESC, id DESC`, []any{siteID}
	}
	if !before.IsZero() {
		where, args = where+` AND id < ?`, append(args, before)
	}
	if state != "" {
		where, args = where+` AND state = ?`, append(args, string(state))
	}
	rows, err := tx.Query(`SELECT `+list(rowColumns)+` FROM billing_payment WHERE `+where+` ORDER BY `+order+` LIMIT ?`, append(args, limit)...)
	found, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("list payments of %s: %w", cmp.Or(siteID, "all sites"), err)
	}
	out := make([]Payment, len(found))
	for i, p := range found {
		if err := s.open(tx, p); err != nil {
			return nil, err
		}
		out[i] = p.Payment
	}
	return out, nil
}

// Cards lists a site's cards that are not removed, in the order in which recharges try them.
func (s *Service) Cards(tx *db.Tx, site string) ([]Card, error) {
	rows, err := tx.Query(`SELECT `+list(cardColumns)+` FROM billing_card WHERE site_id = ? AND state <> 'removed' ORDER BY place, id`, site)
	found, err := s.gather(tx, rows, err)
	if err != nil {
		return nil, err
	}
	out := make([]Card, len(found))
	for i, c := range found {
		out[i] = c.Card
	}
	return out, nil
}

// FindCard gives one card of a site.
func (s *Service) FindCard(tx *db.Tx, site string, card id.ID) (Card, error) {
	c, err := s.card(tx, site, card, false)
	if err != nil {
		return Card{}, err
	}
	return c.Card, nil
}

// MoveCard gives a card another place in the order in which recharges try them.
func (s *Service) MoveCard(tx *db.Tx, site string, card id.ID, place int) (Card, error) {
	c, err := s.card(tx, site, card, true)
	if err != nil {
		return Card{}, err
	}
	err = audit.Note(tx, audit.Change{Site: site, Action: "payment_method.moved", Ref: card.Text(id.Card), Before: audit.Fields{"place": c.Place}, After: audit.Fields{"place": place}})
	if err != nil {
		return Card{}, err
	}
	c.Place = place
	return c.Card, s.saveCard(tx, c)
}
