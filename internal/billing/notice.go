package billing

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
)

// What became of notices, as they are counted.
const (
	noticeAsked   = "asked"   // it names a payment of ours, which is asked for
	noticeForged  = "forged"  // its form, signature or secret is not right
	noticeUnknown = "unknown" // it concerns no payment of ours
	noticeOther   = "other"   // it concerns nobody here
	noticeAlien   = "alien"   // it comes from an address that the gateway does not have
)

// Notice takes a call of a gateway. Nothing that it says is believed: it has the payment that
// it names asked for, and is answered once that is written down. A forged one is refused; it
// and one about nobody are logged and counted, and change nothing.
func (s *Service) Notice(ctx context.Context, gateway string, from netip.Addr, h http.Header, body []byte) error {
	g := s.gateway(gateway)
	if g == nil {
		return fault.New(fault.NotFound, fault.CodeNotFound, "there is no payment gateway of this name")
	}
	if len(g.Allow) > 0 && !slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(from) }) {
		s.meter.notices.WithLabelValues(g.Name, noticeAlien).Inc()
		s.log.WarnContext(ctx, "payment notice refused", "gateway", g.Name, "from", from.String())
		return fault.New(fault.Denied, fault.CodeForbidden, "notices of the gateway %s do not come from this address", g.Name)
	}
	var n payment.Notice
	outcome, about := noticeForged, ""
	err := s.d.Update(ctx, "billing_notice", func(tx *db.Tx) (err error) {
		outcome, about = noticeForged, ""
		if n, err = g.Adapter.Notice(h, body, tx.Now.Time()); err != nil {
			return nil // said below
		}
		outcome, about, err = s.noticed(tx, g, n)
		return err
	})
	if err != nil {
		return err
	}
	s.meter.notices.WithLabelValues(g.Name, outcome).Inc()
	if outcome != noticeForged {
		s.log.InfoContext(ctx, "payment notice", "gateway", g.Name, "kind", n.Kind, "outcome", outcome, "payment", about)
		return nil
	}
	s.log.WarnContext(ctx, "payment notice refused", "gateway", g.Name, "kind", n.Kind, "payment", about)
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "this is not a notice of the gateway %s", g.Name)
}

// noticed has what a notice names asked for.
func (s *Service) noticed(tx *db.Tx, g *Gateway, n payment.Notice) (outcome, about string, err error) {
	if n.Token != "" {
		return s.tokenGone(tx, g, n.Token)
	}
	if n.OrderID == "" && n.Ref == "" {
		return noticeOther, "", nil
	}
	p, err := s.named(tx, g, n)
	if err != nil || p == nil {
		return noticeUnknown, "", err
	}
	if n.Secret != "" && (p.NoticeSecret == "" || subtle.ConstantTimeCompare([]byte(n.Secret), []byte(p.NoticeSecret)) != 1) {
		return noticeForged, p.text(), nil
	}
	return noticeAsked, p.text(), s.queue.Put(tx, jobOf(p, tx.Now))
}

// named finds the payment that a notice names, among those of the gateway that called.
func (s *Service) named(tx *db.Tx, g *Gateway, n payment.Notice) (*row, error) {
	key := one("ref_key", digest(g.Name, n.Ref))
	if n.OrderID != "" {
		of, err := id.Parse(id.Payment, n.OrderID)
		if err != nil {
			return nil, nil
		}
		key = one("id", of)
	}
	rows, err := tx.Lookup("billing_payment", rowColumns, key)
	found, err := db.Collect(rows, err, scanRow)
	if err != nil || len(found) == 0 || found[0].Gateway != g.Name {
		return nil, err
	}
	return found[0], s.open(tx, found[0])
}

// tokenGone disables a card that was removed at its gateway. A forged notice could only name
// a card whose secret it knows.
func (s *Service) tokenGone(tx *db.Tx, g *Gateway, secret string) (outcome, about string, err error) {
	rows, err := tx.Lookup("billing_card", cardColumns, one("token_key", digest(g.Name, secret)))
	found, err := db.Collect(rows, err, scanCard)
	if err != nil || len(found) == 0 {
		return noticeUnknown, "", err
	}
	c := found[0]
	return noticeAsked, c.ID.Text(id.Card), s.disable(tx, c.Site, c.ID, payment.CardDead, "")
}
