package billing

import (
	"context"
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"

	"github.com/shopspring/decimal"
)

// What a random run is held against: decimals for every amount, the gateway's truth, and the
// laws of the ledger.

func exact(a money.Amount) decimal.Decimal { return decimal.New(int64(a), -4) }

// part is an amount's part in whole won, half a won up.
func part(a decimal.Decimal, of int64) decimal.Decimal {
	return a.DivRound(decimal.NewFromInt(of), 8).Round(0)
}

func (g *game) rows() (all []*row) {
	g.view(func(tx *dbTx) error {
		rows, err := tx.Query(`SELECT ` + list(rowColumns) + ` FROM billing_payment WHERE site_id = 'demo' ORDER BY id`)
		all, err = db.Collect(rows, err, scanRow)
		return err
	})
	return all
}

func (g *game) cancelRows() (all []*cancelRow) {
	g.view(func(tx *dbTx) error {
		rows, err := tx.Query(`SELECT ` + list(cancelColumns) + ` FROM billing_cancel WHERE site_id = 'demo' ORDER BY id`)
		all, err = db.Collect(rows, err, scanCancel)
		return err
	})
	return all
}

// same fails unless two amounts are one.
func (g *game) same(what string, got money.Amount, want decimal.Decimal) {
	if !exact(got).Equal(want) {
		g.rt.Errorf("%s: got %s, want %s", what, got, want)
	}
}

// check holds everything against everything; ended says that nothing is under way any more.
func (g *game) check(ended bool) {
	g.proven()
	cancels := map[id.ID][]*cancelRow{}
	for _, c := range g.cancelRows() {
		cancels[c.Payment] = append(cancels[c.Payment], c)
	}
	all, truth := g.rows(), g.truth()
	for _, p := range all {
		g.priced(p)
		g.cancelled(p, cancels[p.ID])
		g.taken(p, cancels[p.ID], truth[p.text()], ended)
	}
	g.conserved(all, cancels, g.fees(cancels, ended))
	if g.rt.Failed() {
		g.rt.FailNow()
	}
}

func (g *game) proven() {
	proof, err := g.ledger.Prove(context.Background(), g.d, []string{"demo"}, func(*db.Tx, string, []id.ID) (map[id.ID]credit.Outcome, error) {
		all := map[id.ID]credit.Outcome{}
		for _, m := range g.messages {
			o := credit.Outcome{Message: m.id, Open: m.price * money.Amount(m.open)}
			o.Settled[m.channel], o.Count[m.channel] = m.price*money.Amount(m.delivered), m.delivered
			all[m.id] = o
		}
		return all, nil
	})
	g.must(err)
	if len(proof.Broken) > 0 {
		g.rt.Errorf("ledger: %+v", proof.Broken)
	}
}

// priced holds amount, VAT, total and bonus against what was asked for.
func (g *game) priced(p *row) {
	amount := exact(p.Amount)
	vat := part(amount, 10)
	if asked, ours := g.asked[p.ID]; ours && g.s.o.VATIncluded {
		vat = part(asked, 11)
		amount = asked.Sub(vat)
	} else if ours {
		amount, vat = asked, part(asked, 10)
	} else if !p.Auto && !g.recorded[p.ID] {
		g.rt.Errorf("payment %s: nobody asked for it", p.text())
	}
	bonus := decimal.Zero
	switch { // as the game's tiers say
	case amount.GreaterThanOrEqual(decimal.NewFromInt(60_000)):
		bonus = amount.Mul(decimal.New(7, -2)).Floor()
	case amount.GreaterThanOrEqual(decimal.NewFromInt(20_000)):
		bonus = amount.Mul(decimal.New(3, -2)).Floor()
	}
	if g.recorded[p.ID] {
		bonus = decimal.Zero
	}
	g.same("amount of "+p.text(), p.Amount, amount)
	g.same("VAT of "+p.text(), p.VAT, vat)
	g.same("total of "+p.text(), p.Total, amount.Add(vat))
	g.same("bonus of "+p.text(), p.Bonus, bonus)
}

// cancelled holds the cancellations of a payment against its own sums.
func (g *game) cancelled(p *row, all []*cancelRow) {
	amount, total := decimal.Zero, decimal.Zero
	for _, c := range all {
		g.same("total of a cancellation of "+p.text(), c.Total, exact(c.Amount).Add(exact(c.VAT)))
		off := exact(c.VAT).Sub(exact(c.Total).DivRound(decimal.NewFromInt(11), 8)).Abs()
		if p.Returned <= p.Total && off.GreaterThan(decimal.NewFromInt(2)) || c.VAT < 0 || c.Amount < 0 || c.Total == 0 {
			g.rt.Errorf("cancellation of %s: %s with VAT of %s", p.text(), c.Amount, c.VAT)
		}
		if c.State == CancelDone || c.State == CancelTransfer {
			amount, total = amount.Add(exact(c.Amount)), total.Add(exact(c.Total))
		}
	}
	again := decimal.NewFromInt(int64(g.reversals[p.ID]))
	if g.reversals[p.ID] == 0 {
		g.same("cancelled of "+p.text(), p.Cancelled, amount)
		g.same("returned of "+p.text(), p.Returned, total)
	} else {
		g.same("cancelled of "+p.text(), p.Cancelled, amount.Sub(exact(p.Amount).Mul(again)))
		g.same("returned of "+p.text(), p.Returned, total.Sub(exact(p.Total).Mul(again)))
	}
	// What somebody gives back at the console and the operator by hand as well is too much,
	// and is counted as it was.
	most := exact(p.Total + ours(all).byHand)
	if p.Cancelled > p.Amount || exact(p.Returned).GreaterThan(most) || (p.State == Cancelled) != (p.Returned >= p.Total) || p.State == Cancelled && p.Cancelled != p.Amount {
		g.rt.Errorf("%s is %s with %s of %s cancelled and %s of %s returned", p.text(), p.State, p.Cancelled, p.Amount, p.Returned, p.Total)
	}
}

// trueMoney is what really moved for an order.
type trueMoney struct {
	times       int
	taken, back decimal.Decimal
}

func (g *game) truth() map[string]trueMoney {
	all := map[string]trueMoney{}
	for _, t := range g.sim.Takings() {
		m := all[t.OrderID]
		m.times, m.taken = m.times+1, m.taken.Add(decimal.NewFromInt(t.Amount))
		for _, b := range t.Givings {
			m.back = m.back.Add(decimal.NewFromInt(b.Amount))
		}
		all[t.OrderID] = m
	}
	return all
}

// taken holds a row against what the gateway really took and gave back.
func (g *game) taken(p *row, all []*cancelRow, m trueMoney, ended bool) {
	if want := g.reversals[p.ID] + map[bool]int{true: 1}[p.State.Credited()]; p.times != want {
		g.rt.Errorf("%s, %s, became credit %d times, want %d", p.text(), p.State, p.times, want)
	}
	if p.Gateway != "toss" {
		return
	}
	if m.times > 1 {
		g.rt.Errorf("%s was taken %d times", p.text(), m.times)
	}
	open := openOf(all)
	// A yes in a window that was not asked for its money lapses by the gateway's own clock.
	lapses := p.Method == payment.Card && p.State == Unknown && m.times == 0
	// A card whose every charge meets a fault is charged anew when the last charge has failed.
	fresh := p.Auto && p.CreatedAt >= g.calm
	if ended && !lapses && !fresh && (open != nil || p.State == Requesting || p.State == Unknown || p.State == Created) {
		g.rt.Errorf("%s never ends: %s, cancellation %+v", p.text(), p.State, open)
	}
	known := exact(p.Returned - ours(all).byHand)
	switch {
	case p.State.Credited() && !m.taken.Equal(exact(p.Total)):
		g.rt.Errorf("%s, %s of %s, but %s was taken", p.text(), p.State, p.Total, m.taken)
	case g.moved[p.ID]:
	case p.State.Credited() && open == nil && !m.back.Equal(known):
		g.rt.Errorf("%s: %s was given back, we know of %s", p.text(), m.back, known)
	case p.State.Credited() && open != nil && !m.back.Equal(known) && !m.back.Equal(known.Add(exact(open.Total))):
		g.rt.Errorf("%s: %s was given back, we know of %s and ask for %s", p.text(), m.back, known, open.Total)
	case !p.State.Open() && !p.State.Credited() && !m.taken.Equal(m.back):
		g.rt.Errorf("%s is %s, but %s was taken and %s given back", p.text(), p.State, m.taken, m.back)
	}
}

// conserved accounts for every won of the site: what came is available, held, spent, expired
// or taken back.
func (g *game) conserved(all []*row, cancels map[id.ID][]*cancelRow, fees decimal.Decimal) {
	came, back, owed, paid := g.given.Sub(fees), decimal.Zero, decimal.Zero, decimal.Zero
	for _, p := range all {
		paid = paid.Add(exact(p.Amount).Mul(decimal.NewFromInt(int64(p.times))))
		came = came.Add(exact(p.Bonus).Mul(decimal.NewFromInt(int64(p.times))))
		for _, c := range cancels[p.ID] {
			if c.State != CancelRefused {
				back, owed = back.Add(exact(c.taken.Paid)).Add(exact(c.taken.Bonus)), owed.Add(exact(c.Owed))
			}
		}
	}
	held, spent := decimal.Zero, decimal.Zero
	for _, m := range g.messages {
		held = held.Add(exact(m.price).Mul(decimal.NewFromInt(m.open)))
		spent = spent.Add(exact(m.price).Mul(decimal.NewFromInt(m.delivered))).Sub(exact(m.refunded))
	}
	booked := g.booked()
	a := g.account()
	repaid := owed.Sub(exact(a.Owed))
	g.same("held", a.Held, held)
	g.same("spent", a.Spent, spent)
	if !booked[credit.Payment].Equal(paid) {
		g.rt.Errorf("payments in the ledger: got %s, want %s", booked[credit.Payment], paid)
	}
	rest := came.Add(paid).Sub(back).Sub(repaid).Sub(held).Sub(spent).Sub(booked[credit.Expire])
	g.same(fmt.Sprintf("available (came %s, paid %s, back %s, owed %s)", came, paid, back, owed), a.Available, rest)
}

// booked sums up the site's entries by kind.
func (g *game) booked() map[credit.Kind]decimal.Decimal {
	sums := map[credit.Kind]decimal.Decimal{}
	g.view(func(tx *dbTx) error {
		all, err := g.ledger.Entries(tx, "demo", 0, 100_000)
		for _, e := range all {
			sums[e.Kind] = sums[e.Kind].Add(exact(e.Amount))
		}
		return err
	})
	return sums
}
