package billing

import (
	"context"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func (w *world) cancel(p Payment, amount money.Amount) (Cancellation, error) {
	r := CancelRequest{Site: "demo", Payment: p.ID, Amount: amount, Reason: "고객 요청"}
	if p.Method == payment.VirtualAccount {
		r.To = &payment.BankAccount{Bank: "20", Number: "1002123456789", Holder: "홍길동"}
	}
	return w.s.Cancel(context.Background(), r)
}

func TestACancelledPaymentIsGivenBackAndItsCreditTakenBack(t *testing.T) {
	each(t, func(w *world) {
		p := w.paid(50_000 * won)
		c, err := w.cancel(p, 20_000*won)
		w.must(err)
		w.holds(30_000 * won) // out of reach at once
		if c.State != CancelRequested || c.Total != 22_000*won || c.VAT != 2_000*won {
			w.t.Errorf("asked: got %+v", c)
		}
		_, err = w.cancel(p, 1_000*won)
		refused(w.t, "two at once", err, fault.CodeStateConflict, "")
		w.drain()
		if got := w.payment(p.ID); got.State != PartiallyCancelled || got.Cancelled != 20_000*won || got.Returned != 22_000*won {
			w.t.Errorf("a part: got %+v", got)
		}
		w.spend(10_000 * won)
		_, err = w.cancel(p, 20_001*won)
		refused(w.t, "more than is left", err, fault.CodeCancelExceeds, "")
		if left := fault.Of(err).Extra["cancellable"]; left != 20_000*won {
			w.t.Errorf("left: got %v", left)
		}
		c, err = w.cancel(p, 0) // all that is left
		w.must(err)
		w.drain()
		w.holds(0)
		if got := w.payment(p.ID); c.Total != 22_000*won || got.State != PartiallyCancelled || got.Returned != 44_000*won {
			w.t.Errorf("the rest: got %+v and %+v", c, got)
		}
		_, err = w.cancel(p, 0)
		refused(w.t, "nothing is left", err, fault.CodeCancelExceeds, "")
		if got := w.takings(p); !slices.Equal(got, []string{"55000-44000"}) {
			w.t.Errorf("given back: got %v", got)
		}
		w.proven()
	})
}

// TestGivingBackIsDoneOnceWhateverBecomesOfTheAnswer goes through the faults of the
// simulator's table for cancellations.
func TestGivingBackIsDoneOnceWhateverBecomesOfTheAnswer(t *testing.T) {
	for _, bb := range []int{0, 22, 23, 24, 25, 26, 28} {
		t.Run(card(bb), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "sqlite", Options{})
			p := w.charge(w.stored(card(bb)), 10_000*won)
			_, err := w.cancel(p, 10_000*won)
			w.must(err)
			w.drain()
			w.pass(time.Hour)
			if got := w.payment(p.ID); got.State != Cancelled {
				t.Errorf("got %+v", got)
			}
			if got := w.takings(p); !slices.Equal(got, []string{"11000-11000"}) {
				t.Errorf("given back: got %v", got)
			}
			w.holds(0)
			w.proven()
		})
	}
}

func TestAGatewayThatNeverGivesBackGetsTheCreditRestored(t *testing.T) {
	each(t, func(w *world) {
		p := w.charge(w.stored(card(20)), 10_000*won)
		_, err := w.cancel(p, 4_000*won)
		w.must(err)
		w.holds(6_000 * won)
		w.drain()
		w.holds(10_000 * won)
		if all := w.cancellations(p.ID); len(all) != 1 || all[0].State != CancelRefused || all[0].Reason != payment.NotCancellable {
			w.t.Errorf("got %+v", all)
		}
		if got := w.payment(p.ID); got.State != Paid || got.Cancelled != 0 {
			w.t.Errorf("payment: got %+v", got)
		}
		// Then the operator pays it back himself.
		c, err := w.s.Cancel(context.Background(), CancelRequest{Site: "demo", Payment: p.ID, Amount: 10_000 * won, Reason: "계좌로 환불", ByHand: true})
		w.must(err)
		if c.State != CancelTransfer {
			w.t.Errorf("by hand: got %+v", c)
		}
		for range 2 {
			c, err = w.s.GivenBack(context.Background(), "demo", p.ID, c.ID)
			w.must(err)
		}
		w.ask(p) // the gateway knows nothing of it
		if got := w.payment(p.ID); c.State != CancelDone || got.State != Cancelled || got.Returned != 11_000*won {
			w.t.Errorf("given back: got %+v and %+v", c, got)
		}
		w.holds(0)
		w.proven()
	})
}

func TestMoneyThatTheGatewayGaveBackItselfIsTakenBackAndTheRestIsOwed(t *testing.T) {
	each(t, func(w *world) {
		p := w.paid(50_000 * won)
		w.spend(40_000 * won)
		w.giveBackAtGateway(p, 33_000)
		w.ask(p)
		w.ask(p) // asking again takes nothing more
		got := w.payment(p.ID)
		if got.State != PartiallyCancelled || got.Cancelled != 30_000*won || got.Returned != 33_000*won {
			w.t.Errorf("got %+v", got)
		}
		if a := w.account(); a.Available != 0 || a.Owed != 20_000*won {
			w.t.Errorf("account: got %+v", a)
		}
		if all := w.cancellations(p.ID); len(all) != 1 || !all[0].Outside || all[0].Owed != 20_000*won {
			w.t.Errorf("cancellations: got %+v", all)
		}
		w.proven()
	})
}

func TestABonusGoesBackInProportion(t *testing.T) {
	w := newWorld(t, "sqlite", Options{Bonus: []Tier{{From: 10_000 * won, Percent: 10}}})
	p := w.paid(50_000 * won)
	w.holds(55_000 * won)
	_, err := w.cancel(p, 10_000*won)
	w.must(err)
	w.drain()
	w.holds(44_000 * won)
	_, err = w.cancel(p, 0)
	w.must(err)
	w.drain()
	w.holds(0)
	w.proven()
}

func TestAKeyCancelsOnce(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	p := w.paid(50_000 * won)
	r := CancelRequest{Site: "demo", Payment: p.ID, Amount: 10_000 * won, Reason: "오류", Key: "back 1"}
	first, err := w.s.Cancel(context.Background(), r)
	w.must(err)
	w.drain()
	again, err := w.s.Cancel(context.Background(), r)
	w.must(err)
	if first.ID != again.ID || again.State != CancelDone {
		t.Errorf("got %+v, then %+v", first, again)
	}
	w.holds(40_000 * won)
}

func TestWhatCannotBeCancelledIsRefusedInItsPlace(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	paid, waiting := w.paid(50_000*won), w.begin(w.request(payment.Transfer, 10_000*won))
	for name, c := range map[string]struct {
		change      func(*CancelRequest)
		code, place string
	}{
		"a fraction of a won": {func(r *CancelRequest) { r.Amount = 1 }, "validation", "/amount"},
		"negative":            {func(r *CancelRequest) { r.Amount = -won }, "validation", "/amount"},
		"no reason":           {func(r *CancelRequest) { r.Reason = " " }, "validation", "/reason"},
		"no payment":          {func(r *CancelRequest) { r.Payment = id.New() }, "not_found", ""},
		"another site's":      {func(r *CancelRequest) { r.Site = "other" }, "not_found", ""},
		"not paid":            {func(r *CancelRequest) { r.Payment = waiting.ID }, "state_conflict", ""},
		"nowhere to":          {func(r *CancelRequest) { r.To = &payment.BankAccount{Bank: "20", Number: "x", Holder: "홍"} }, "validation", "/to"},
	} {
		r := CancelRequest{Site: "demo", Payment: paid.ID, Amount: 1_000 * won, Reason: "오류"}
		c.change(&r)
		_, err := w.s.Cancel(context.Background(), r)
		refused(t, name, err, c.code, c.place)
	}
	w.holds(50_000 * won)
}

// TestPartsOfAPaymentHaveExactlyItsVAT gives a payment back in random parts.
func TestPartsOfAPaymentHaveExactlyItsVAT(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &Service{o: Options{VATIncluded: rapid.Bool().Draw(rt, "within")}}
		p := &row{}
		p.Amount, p.VAT, p.Total = s.priced(money.Amount(rapid.Int64Range(1_000, 5_000_000).Draw(rt, "asked")) * won)
		if p.Amount+p.VAT != p.Total {
			rt.Fatalf("%s + %s is not %s", p.Amount, p.VAT, p.Total)
		}
		var vat money.Amount
		for p.Cancelled < p.Amount {
			part := min(money.Amount(rapid.Int64Range(1, 100_000).Draw(rt, "part"))*won, p.Amount-p.Cancelled)
			share := p.share(part)
			if share < 0 {
				rt.Fatalf("the VAT of %s after %s is %s", part, p.Cancelled, share)
			}
			vat, p.Cancelled = vat+share, p.Cancelled+part
		}
		if vat != p.VAT {
			rt.Fatalf("the parts have %s, the payment %s", vat, p.VAT)
		}
	})
}

// TestPartsThatWeAndTheGatewayGiveBackAddUp gives a payment back in random parts, some by us
// and some at the gateway, whose parts have no VAT of their own.
func TestPartsThatWeAndTheGatewayGiveBackAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &Service{o: Options{VATIncluded: rapid.Bool().Draw(rt, "within")}}
		p := &row{}
		p.Amount, p.VAT, p.Total = s.priced(money.Amount(rapid.Int64Range(1_000, 20_000).Draw(rt, "asked")) * won)
		for p.Returned < p.Total {
			var amount, total money.Amount
			if rest := p.Amount - p.Cancelled; rest > 0 && rapid.Bool().Draw(rt, "ours") {
				amount = min(money.Amount(rapid.Int64Range(1, 3_000).Draw(rt, "part"))*won, rest)
				total = p.totalOf(amount)
			} else {
				total = min(money.Amount(rapid.Int64Range(1, 100).Draw(rt, "gone"))*won, p.Total-p.Returned)
				amount = p.creditOf(total)
			}
			if amount < 0 || total < amount {
				rt.Fatalf("%s of credit are given back as %s, after %s of %s as %s", amount, total, p.Cancelled, p.Amount, p.Returned)
			}
			p.returnedNow(amount, total)
			fair := decimal.NewFromInt(int64(p.Cancelled)).Mul(decimal.NewFromInt(int64(p.Total))).DivRound(decimal.NewFromInt(int64(p.Amount)), 4)
			if off := decimal.NewFromInt(int64(p.Returned)).Sub(fair).Abs(); off.GreaterThan(decimal.NewFromInt(int64(2 * won))) {
				rt.Fatalf("%s of credit are gone for %s, which would be %s", p.Cancelled, p.Returned, fair)
			}
		}
		if p.State != Cancelled || p.Cancelled != p.Amount {
			rt.Fatalf("%s with %s of %s", p.State, p.Cancelled, p.Amount)
		}
	})
}
