package billing

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
)

// What became of notices, as they are counted.
const (
	noticeAsked   = "asked"   // it names a payment of ours, which is asked for
	noticeForged  = "forged"  // its form, signature or secret is not right
	noticeUnknown = "unknown" // it concerns no payment of ours, or one of a site that was erased
	noticeOther   = "other"   // it concerns nobody here
	noticeAlien   = "alien"   // it comes from an address that the gateway does not have
	noticeEncoded = "encoded" // its body is compressed, which no gateway does
)

// Expects reports whether notices of a gateway are taken at all.
func (s *Service) Expects(gateway string) bool { return s.gateway(gateway) != nil }

// Notice takes a call of a gateway. Nothing that it says is believed: it has the payment that
// it names asked for, and is answered once that is written down. A forged one is refused; it
// and one about nobody are logged and counted, and change nothing.
func (s *Service) Notice(ctx context.Context, gateway string, from netip.Addr, h http.Header, body []byte) error {
	g := s.gateway(gateway)
	if g == nil {
		return fault.New(fault.NotFound, fault.CodeNotFound, "there is no payment gateway of this name")
	}
	n, err := g.Adapter.Notice(h, body, s.d.Now().Time())
	if err != nil {
		return s.refuseNotice(ctx, g, n, noticeForged, "")
	}
	if len(g.Allow) > 0 && !slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(from.Unmap()) }) {
		return s.refuseNotice(ctx, g, n, noticeAlien, "")
	}
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return s.refuseNotice(ctx, g, n, noticeEncoded, "")
	}
	outcome, about, err := s.heard(ctx, g, n)
	if err != nil {
		return err
	}
	if outcome == noticeForged {
		return s.refuseNotice(ctx, g, n, outcome, about)
	}
	s.meter.notices.WithLabelValues(g.Name, outcome).Inc()
	s.log.InfoContext(ctx, "payment notice", "gateway", g.Name, "kind", n.Kind, "outcome", outcome, "payment", about)
	return nil
}

// refuseNotice counts and logs a notice that is not taken, and says why.
func (s *Service) refuseNotice(ctx context.Context, g *Gateway, n payment.Notice, outcome, about string) error {
	s.meter.notices.WithLabelValues(g.Name, outcome).Inc()
	s.log.WarnContext(ctx, "payment notice refused", "gateway", g.Name, "kind", n.Kind, "why", outcome, "payment", about)
	switch outcome {
	case noticeAlien:
		return fault.New(fault.Denied, fault.CodeForbidden, "notices of the gateway %s do not come from this address", g.Name)
	case noticeEncoded:
		return fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "notices are taken as they are, without a Content-Encoding")
	default:
		return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "this is not a notice of the gateway %s, or not of the time in which it can be", g.Name)
	}
}

// heard acts on a notice. Not every gateway signs them, so anybody can make one up: one that
// names nobody of ours, or not with its secret, is found out by reading and changes nothing.
func (s *Service) heard(ctx context.Context, g *Gateway, n payment.Notice) (outcome, about string, err error) {
	if n.Token == "" && n.OrderID == "" && n.Ref == "" {
		return noticeOther, "", nil
	}
	if n.OrderID != "" {
		if _, err := id.Parse(id.Payment, n.OrderID); err != nil {
			return noticeUnknown, "", nil
		}
	}
	err = s.d.View(ctx, "billing_notice_about", func(tx *db.Tx) (err error) {
		outcome, about, _, err = s.noticed(tx, g, n)
		return err
	})
	if err != nil || outcome != noticeAsked {
		return outcome, about, err
	}
	err = s.d.Update(ctx, "billing_notice", func(tx *db.Tx) error {
		var act func() error
		if outcome, about, act, err = s.noticed(tx, g, n); err != nil || act == nil {
			return err
		}
		return act()
	})
	return outcome, about, err
}

// noticed says what a notice is about, and has act what is to be done then: what it names is
// asked for.
func (s *Service) noticed(tx *db.Tx, g *Gateway, n payment.Notice) (outcome, about string, act func() error, err error) {
	if n.Token != "" {
		return s.tokenGone(tx, g, n.Token)
	}
	p, err := s.named(tx, g, n)
	if err != nil || p == nil {
		return noticeUnknown, "", nil, err
	}
	if gone, err := s.erased(tx, p.Site); gone || err != nil {
		return noticeUnknown, p.text(), nil, err
	}
	if n.Secret != "" && (p.NoticeSecret == "" || subtle.ConstantTimeCompare([]byte(n.Secret), []byte(p.NoticeSecret)) != 1) {
		return noticeForged, p.text(), nil, nil
	}
	return noticeAsked, p.text(), func() error { return s.queue.Put(tx, jobOf(p, tx.Now)) }, nil
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
func (s *Service) tokenGone(tx *db.Tx, g *Gateway, secret string) (outcome, about string, act func() error, err error) {
	rows, err := tx.Lookup("billing_card", cardColumns, one("token_key", digest(g.Name, secret)))
	found, err := db.Collect(rows, err, scanCard)
	if err != nil || len(found) == 0 {
		return noticeUnknown, "", nil, err
	}
	c := found[0]
	return noticeAsked, c.ID.Text(id.Card), func() error { return s.disable(tx, c.Site, c.ID, payment.CardDead, "") }, nil
}
