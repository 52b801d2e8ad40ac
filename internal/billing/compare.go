package billing

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// DifferenceKind says how a gateway and our rows disagree.
type DifferenceKind string

// The kinds of differences.
const (
	NotOurs      DifferenceKind = "not_ours"       // the gateway moved money for an order that we do not have
	NotCredited  DifferenceKind = "not_credited"   // it took money that became no credit; it is asked about
	NotAtGateway DifferenceKind = "not_at_gateway" // we credited what it does not have
	OtherAmount  DifferenceKind = "other_amount"   // it took or gave back another amount
)

// Difference is one disagreement about one order.
type Difference struct {
	Gateway string
	Day     string // in Korea
	ID      id.ID
	Kind    DifferenceKind
	Order   string
	Ref     string
	Site    string // "" = not ours
	Ours    money.Amount
	Theirs  money.Amount
	At      db.Time
}

// DayCompared is what the comparison of one day found.
type DayCompared struct {
	Gateway, Day string
	Transactions int64 // of the gateway
	Payments     int64 // of ours
	Differences  int64
	At           db.Time
}

// compareAfter is when a day's comparison begins: gateways list a payment a while after it.
const compareAfter = 5 * time.Hour

// Daily has the last two days of each gateway compared once a day, the second time because a
// gateway may list late. The server calls it now and then.
func (s *Service) Daily(ctx context.Context) error {
	for i := range s.gateways {
		g := &s.gateways[i]
		if !g.Adapter.Capabilities().Lists || g.Test { // nobody's money is there, and it forgets
			continue
		}
		err := s.d.Update(ctx, "billing_daily", func(tx *db.Tx) error { return s.plan(tx, g) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) plan(tx *db.Tx, g *Gateway) error {
	today, err := daysBefore(tx.Now)
	if err != nil {
		return err
	}
	for _, back := range []int{1, 2} {
		day := korea.Day(today.AddDate(0, 0, -back))
		done, err := s.compared(tx, g.Name, day)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		if err := s.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: kindCompare, Key: g.Name + "/" + day}); err != nil {
			return err
		}
	}
	return nil
}

// daysBefore is the beginning of the day before which whole days can be compared.
func daysBefore(now db.Time) (time.Time, error) {
	return korea.ParseDay(korea.Day(now.Time().Add(-compareAfter)))
}

// compared reports whether a day was compared since comparisons last began.
func (s *Service) compared(tx *db.Tx, gateway, day string) (bool, error) {
	today, err := daysBefore(tx.Now)
	if err != nil {
		return false, err
	}
	days, err := s.days(tx, gateway, day)
	return slices.ContainsFunc(days, func(d DayCompared) bool { return d.Day == day && d.At.Time().After(today.Add(compareAfter)) }), err
}

// days lists the comparisons of a gateway from a day on; gateway "" = of all.
func (s *Service) days(tx *db.Tx, gateway, from string) ([]DayCompared, error) {
	rows, err := tx.Query(`SELECT gateway, day, transactions, payments, differences, at FROM billing_day
		WHERE (gateway = ? OR ? = '') AND day >= ? ORDER BY gateway, day`, gateway, gateway, from)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (d DayCompared, err error) {
		return d, r.Scan(&d.Gateway, &d.Day, &d.Transactions, &d.Payments, &d.Differences, &d.At)
	})
	if err != nil {
		return nil, fmt.Errorf("read compared days: %w", err)
	}
	return found, nil
}

// comparing handles the job of one day of one gateway. Another process may have put it anew
// while it ran: the day is not compared again.
func (s *Service) comparing(ctx context.Context, j queue.Claimed) error {
	name, day, _ := strings.Cut(j.Key, "/")
	done := false
	err := s.d.View(ctx, "billing_comparing", func(tx *db.Tx) (err error) {
		done, err = s.compared(tx, name, day)
		return err
	})
	if err == nil && !done {
		_, err = s.Compare(ctx, name, day)
	}
	if err != nil {
		return err
	}
	return s.d.Update(ctx, "billing_compared", func(tx *db.Tx) error { return s.queue.Done(tx, j) })
}

// moved is what a gateway lists of one order.
type moved struct {
	ref         string
	taken, back money.Amount
}

// Compare holds what a gateway moved on a day in Korea against our rows, both ways, and
// keeps what differs in place of what an earlier comparison of the day found. A payment that
// the gateway has and we do not know yet is asked for at once, but of a site that was erased:
// what differs there is the operator's.
func (s *Service) Compare(ctx context.Context, gateway, day string) ([]Difference, error) {
	g := s.gateway(gateway)
	if g == nil {
		return nil, fault.Missing("payment gateway", gateway)
	}
	if !g.Adapter.Capabilities().Lists {
		return nil, fault.New(fault.Invalid, fault.CodeNotSupported, "the gateway %s lists nothing that could be compared", g.Name)
	}
	from, err := korea.ParseDay(day)
	if err != nil {
		return nil, fault.Check("/day", "want a day such as 2026-12-01")
	}
	theirs, n, err := listed(ctx, g, from, from.AddDate(0, 0, 1))
	if err != nil {
		return nil, fmt.Errorf("list what %s moved on %s: %w", g.Name, day, err)
	}
	c := &comparison{g: g, day: day}
	var ours []*row
	err = s.d.Snapshot(ctx, "billing_compare", func(tx *db.Tx) (err error) {
		c.found = nil
		if ours, err = s.paidBetween(tx, g, from, from.AddDate(0, 0, 1)); err != nil {
			return err
		}
		return s.against(tx, c, theirs)
	})
	if err != nil {
		return nil, err
	}
	for _, p := range ours {
		if theirs[p.text()] == nil {
			s.missing(ctx, c, p)
		}
	}
	return c.found, s.keepDay(ctx, c, n, len(ours))
}

// listed reads all that a gateway moved, by order.
func listed(ctx context.Context, g *Gateway, from, until time.Time) (all map[string]*moved, n int, err error) {
	all = map[string]*moved{}
	for after := ""; ; {
		page, err := g.Adapter.Transactions(ctx, from, until, after)
		if err != nil {
			return nil, 0, err
		}
		for _, t := range page.Transactions {
			m := all[t.OrderID]
			if m == nil {
				m = &moved{ref: t.Ref}
				all[t.OrderID] = m
			}
			if t.Cancel {
				m.back += t.Amount
			} else {
				m.taken += t.Amount
			}
			n++
		}
		if after = page.Next; after == "" {
			return all, n, nil
		}
	}
}

func (s *Service) paidBetween(tx *db.Tx, g *Gateway, from, until time.Time) ([]*row, error) {
	rows, err := tx.Query(`SELECT `+list(rowColumns)+` FROM billing_payment WHERE gateway = ? AND paid_at >= ? AND paid_at < ? ORDER BY id`,
		g.Name, db.At(from), db.At(until))
	found, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("read what was paid: %w", err)
	}
	return found, nil
}

// comparison is the comparison of one day.
type comparison struct {
	g     *Gateway
	day   string
	found []Difference
	ask   []*row // that the gateway knows better, of sites that are there
}

func (c *comparison) differs(kind DifferenceKind, p *row, order, ref string, ours, theirs money.Amount) {
	d := Difference{Gateway: c.g.Name, Day: c.day, ID: id.New(), Kind: kind, Order: order, Ref: ref, Ours: ours, Theirs: theirs}
	if p != nil {
		d.Site = p.Site
	}
	c.found = append(c.found, d)
}

// against holds each order of the gateway against its row, and what was given back of it as of
// the same moment.
func (s *Service) against(tx *db.Tx, c *comparison, theirs map[string]*moved) error {
	for _, order := range slices.Sorted(maps.Keys(theirs)) {
		m := theirs[order]
		p, err := s.named(tx, c.g, payment.Notice{OrderID: order, Ref: m.ref})
		if err != nil {
			return err
		}
		if p == nil {
			c.differs(NotOurs, nil, order, m.ref, 0, m.taken-m.back)
			continue
		}
		all, err := s.cancels(tx, p)
		if err != nil {
			return err
		}
		back := p.Returned - ours(all).byHand
		switch {
		case m.taken > 0 && !p.State.Credited():
			c.differs(NotCredited, p, order, m.ref, 0, m.taken)
		case m.taken > 0 && m.taken != p.Total:
			c.differs(OtherAmount, p, order, m.ref, p.Total, m.taken)
		case m.back > back: // given back on other days too, so less is no difference
			c.differs(OtherAmount, p, order, m.ref, back, m.back)
		default:
			continue
		}
		gone, err := s.erased(tx, p.Site)
		if err != nil {
			return err
		}
		if !gone {
			c.ask = append(c.ask, p)
		}
	}
	return nil
}

// missing asks the gateway about a payment of ours that it did not list on that day: it may
// have another idea of the day.
func (s *Service) missing(ctx context.Context, c *comparison, p *row) {
	asked, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	switch r := c.g.Adapter.Find(asked, p.order()); {
	case r.State == payment.Unknown: // the second comparison asks again
	case !r.State.Taken():
		c.differs(NotAtGateway, p, p.text(), p.ref, p.Total, 0)
	case r.Amount != p.Total:
		c.differs(OtherAmount, p, p.text(), p.ref, p.Total, r.Amount)
	}
}

// keepDay writes down what a comparison found.
func (s *Service) keepDay(ctx context.Context, c *comparison, transactions, payments int) error {
	slices.SortFunc(c.ask, func(a, b *row) int { return strings.Compare(a.text(), b.text()) })
	err := s.d.Update(ctx, "billing_keep_day", func(tx *db.Tx) error {
		for _, p := range c.ask {
			if err := s.queue.Put(tx, jobOf(p, tx.Now)); err != nil {
				return err
			}
		}
		known, err := s.differences(tx, "gateway = ? AND day = ?", c.g.Name, c.day)
		if err != nil {
			return err
		}
		for _, table := range []string{"billing_day", "billing_difference"} {
			if _, err := tx.DeleteMany(table, one("gateway", c.g.Name), one("day", c.day)); err != nil {
				return fmt.Errorf("forget the former comparison: %w", err)
			}
		}
		err = tx.InsertMany("billing_day", one("gateway", c.g.Name), one("day", c.day), one("transactions", transactions),
			one("payments", payments), one("differences", len(c.found)), one("at", tx.Now))
		if err != nil {
			return fmt.Errorf("write comparison: %w", err)
		}
		for i := range c.found {
			d := &c.found[i]
			d.At = tx.Now
			err := tx.InsertMany("billing_difference", one("gateway", d.Gateway), one("day", d.Day), one("id", d.ID), one("kind", d.Kind),
				one("order_id", d.Order), one("ref", d.Ref), maybe("site_id", d.Site), one("ours", d.Ours), one("theirs", d.Theirs), one("at", d.At))
			if err != nil {
				return fmt.Errorf("write difference: %w", err)
			}
		}
		return s.tellDifferences(tx, c, known)
	})
	if err == nil && len(c.found) > 0 {
		s.log.ErrorContext(ctx, "payments differ from their gateway", "gateway", c.g.Name, "day", c.day, "differences", len(c.found))
	}
	return err
}

// tellDifferences tells the operator of a day's differences, if there is one that an earlier
// comparison of the day did not find.
func (s *Service) tellDifferences(tx *db.Tx, c *comparison, known []Difference) error {
	fresh, kinds := false, map[DifferenceKind]int{}
	for _, d := range c.found {
		kinds[d.Kind]++
		fresh = fresh || !slices.ContainsFunc(known, func(k Difference) bool { return k.Kind == d.Kind && k.Order == d.Order })
	}
	if !fresh {
		return nil
	}
	return s.announce(tx, site.Operator, "payments.differ", c.g.Name, map[string]any{
		"gateway": c.g.Name, "day": c.day, "differences": len(c.found), "kinds": kinds,
	})
}

// Differences lists what the comparisons since a day in Korea found.
func (s *Service) Differences(tx *db.Tx, from string) ([]Difference, []DayCompared, error) {
	days, err := s.days(tx, "", from)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.differences(tx, "day >= ?", from)
	return found, days, err
}

func (s *Service) differences(tx *db.Tx, where string, args ...any) ([]Difference, error) {
	rows, err := tx.Query(`SELECT gateway, day, id, kind, order_id, ref, site_id, ours, theirs, at FROM billing_difference
		WHERE `+where+` ORDER BY gateway, day, id`, args...)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (d Difference, err error) {
		return d, r.Scan(&d.Gateway, &d.Day, &d.ID, &d.Kind, &d.Order, &d.Ref, db.Maybe(&d.Site), &d.Ours, &d.Theirs, &d.At)
	})
	if err != nil {
		return nil, fmt.Errorf("read differences: %w", err)
	}
	return found, nil
}
