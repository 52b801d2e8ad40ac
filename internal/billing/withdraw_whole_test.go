package billing

import (
	"context"
	"testing"

	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// TestWhatAWithdrawalGivesBackIsWhatItTookToTheWon makes random purses, lets a site spend and
// hold of them between request and approval, and holds the outcome against decimals.
func TestWhatAWithdrawalGivesBackIsWhatItTookToTheWon(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			bounded(t, engine)
			rapid.Check(t, func(rt *rapid.T) {
				g := newGame(t, rt, engine)
				for range rapid.IntRange(1, 5).Draw(rt, "payments") {
					g.comes()
				}
				g.churn(3)
				g.once()
			})
		})
	}
}

// comes brings credit in by one of the ways.
func (g *game) comes() {
	amount := money.Amount(1_000+g.upTo(80_000, "paid")) * won
	switch g.upTo(5, "way") {
	case 0:
		g.world.recorded(amount)
	case 1:
		p := g.begin(g.request(payment.Transfer, amount))
		_, err := g.s.Arrived(context.Background(), "demo", p.ID)
		g.must(err)
	case 2:
		p := g.begin(g.request(payment.VirtualAccount, amount))
		g.deposit(p)
		g.world.ask(p)
	case 3:
		g.charge(g.stored(card(20)), amount) // which the gateway never gives back
	default:
		g.paid(amount)
	}
}

// churn spends, holds and releases, and gives what nobody paid for.
func (g *game) churn(most int) {
	for range g.upTo(most, "churn") {
		rapid.SampledFrom([]func(*game){(*game).reserve, (*game).settle, (*game).bonus, (*game).adjust, (*game).refund}).Draw(g.rt, "use")(g)
	}
}

// withdrawable sums up, by the rows of payments and lots, what may be withdrawn.
func (g *game) withdrawable() (all decimal.Decimal) {
	g.view(func(tx *dbTx) error {
		purses, err := g.s.purses(tx, "demo", false)
		for _, u := range purses {
			var remaining money.Amount
			if err := tx.QueryRow(`SELECT remaining FROM lot WHERE site_id = ? AND seq = ?`, "demo", u.p.lot).Scan(&remaining); err != nil {
				return err
			}
			all = all.Add(exact(remaining).Floor())
		}
		return err
	})
	return all
}

func (g *game) once() {
	to := account
	if g.upTo(2, "nowhere") == 0 {
		to = nil
	}
	before := g.withdrawable()
	amount := money.Amount(0)
	if g.upTo(1, "part") == 1 {
		amount = money.Amount(g.upTo(100_000, "amount")) * won
	}
	asked, err := g.wants(amount, to)
	if err != nil {
		g.refusal(err, amount, before)
		return
	}
	g.same("fee", asked.Fee, exact(asked.Amount).Mul(decimal.New(int64(g.s.o.Withdrawal.FeePercent), -2)).Floor())
	g.churn(2)
	had, can := g.account(), g.withdrawable()
	if _, err = g.approve(asked.ID, approver); err != nil {
		g.refusal(err, asked.Amount, can)
		if got := g.account(); got.Available != had.Available || got.Seq != had.Seq {
			g.rt.Errorf("refused, but the account went from %+v to %+v", had, got)
		}
		return
	}
	g.drain()
	_, begun := g.withdrawn(asked.ID)
	for _, c := range begun {
		if c.State == CancelTransfer {
			_, err := g.s.GivenBack(context.Background(), "demo", c.Payment, c.ID)
			g.must(err)
		}
	}
	now, all := g.withdrawn(asked.ID)
	g.settledWell(now, all, had.Available)
}

// refusal holds a refusal against what could be withdrawn.
func (g *game) refusal(err error, amount money.Amount, can decimal.Decimal) {
	f := fault.Of(err)
	switch {
	case f.Code == fault.CodeCancelExceeds:
		left := f.Extra["cancellable"].(money.Amount)
		g.same("can be withdrawn", left, can)
		if amount > 0 && exact(amount).LessThanOrEqual(can) {
			g.rt.Errorf("%s is refused, where %s can be withdrawn", amount, can)
		}
	case f.Kind == fault.Invalid && (f.Fields[0].Pointer == "/to" || amount < 1_000*won):
	default:
		g.rt.Errorf("refused: %v", err)
	}
	g.proven()
}

// settledWell holds what really moved against the withdrawal.
func (g *game) settledWell(w Withdrawal, all []Cancellation, had money.Amount) {
	truth := g.truth()
	atGateway, byHand, refused, credit, vat, bonus := decimal.Zero, decimal.Zero, decimal.Zero, decimal.Zero, decimal.Zero, decimal.Zero
	for _, m := range truth {
		atGateway = atGateway.Add(m.back)
	}
	for _, c := range all {
		credit, vat = credit.Add(exact(c.Amount)), vat.Add(exact(c.VAT))
		switch {
		case c.State == CancelRefused:
			refused = refused.Add(exact(c.Amount))
			vat = vat.Sub(exact(c.VAT))
			continue
		case c.ByHand:
			byHand = byHand.Add(exact(c.Total))
		}
		bonus = bonus.Add(exact(c.Bonus))
	}
	g.same("credit of the cancellations", w.Amount-w.Fee, credit)
	given := atGateway.Add(byHand)
	if want := credit.Sub(refused).Add(vat); !given.Equal(want) || !exact(w.Returned).Equal(want) {
		g.rt.Errorf("%s given back by the gateway and %s by hand, where the withdrawal of %s with a fee of %s says %s", atGateway, byHand, w.Amount, w.Fee, w.Returned)
	}
	if off := vat.Sub(credit.Sub(refused).DivRound(decimal.NewFromInt(10), 4)).Abs(); off.GreaterThan(decimal.NewFromInt(int64(len(all)))) {
		g.rt.Errorf("VAT of %s for %s", vat, credit)
	}
	back := decimal.Zero
	if w.Fee > 0 && refused.IsPositive() {
		back = exact(w.Fee).Mul(refused).DivRound(credit, 12).Truncate(0)
	}
	g.same("fee given back", w.FeeBack, back)
	g.same("available", g.account().Available, exact(had).Sub(exact(w.Amount)).Sub(bonus).Add(refused).Add(back))
	want := WithdrawalDone
	if refused.Equal(credit) {
		want = WithdrawalFailed
	} else if refused.IsPositive() {
		want = WithdrawalPartiallyDone
	}
	if w.State != want || want != WithdrawalDone && w.To != nil {
		g.rt.Errorf("got %s, want %s", w.State, want)
	}
	g.proven()
}

// In a run of whatever comes: a site asks, takes back, and operators decide.

func (g *game) withdrawing() {
	to := account
	if g.upTo(1, "nowhere") == 0 {
		to = nil
	}
	amount := money.Amount(g.upTo(60_000, "amount")) * won
	if _, err := g.wants(amount, to); err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		g.must(err)
	}
}

func (g *game) approving() {
	for _, w := range g.withdrawals() {
		if w.State != WithdrawalRequested {
			continue
		}
		if g.upTo(3, "no") == 0 {
			g.do(func(tx *dbTx) error {
				_, err := g.s.RejectWithdrawal(tx, "demo", w.ID, approver, "아니오")
				return err
			})
			continue
		}
		if _, err := g.approve(w.ID, approver); err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
			g.must(err)
		}
	}
}

func (g *game) withdrawals() (all []Withdrawal) {
	g.view(func(tx *dbTx) (err error) {
		all, err = g.s.Withdrawals(tx, "", "", id.ID{}, 1000)
		return err
	})
	return all
}

// fees holds every withdrawal against the cancellations that it became, and gives what
// was kept as fees.
func (g *game) fees(cancels map[id.ID][]*cancelRow, ended bool) (kept decimal.Decimal) {
	for _, w := range g.withdrawals() {
		if !w.State.Granted() {
			continue
		}
		kept = kept.Add(exact(w.Fee)).Sub(exact(w.FeeBack))
		amount, total, done, open, refused := exact(w.Fee), decimal.Zero, decimal.Zero, 0, 0
		for _, of := range cancels {
			for _, c := range of {
				if c.Withdrawal != w.ID {
					continue
				}
				amount, total = amount.Add(exact(c.Amount)), total.Add(exact(c.Total))
				switch c.State {
				case CancelDone:
					done = done.Add(exact(c.Total))
				case CancelRefused:
					refused++
				default:
					open++
				}
				if ended && c.State == CancelRequested {
					g.rt.Errorf("a cancellation of %s never ends: %+v", w.ID, c)
				}
			}
		}
		g.same("amount of a withdrawal", w.Amount, amount)
		g.same("total of a withdrawal", w.Total, total)
		g.same("returned of a withdrawal", w.Returned, done)
		if (w.State == WithdrawalApproved) != (open > 0) || (w.State == WithdrawalDone) != (open+refused == 0) {
			g.rt.Errorf("%+v, with %d open and %d refused", w, open, refused)
		}
	}
	return kept
}
