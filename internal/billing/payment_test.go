package billing

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

func TestACardPaymentBecomesCreditOnce(t *testing.T) {
	each(t, func(w *world) {
		p := w.begin(w.request(payment.Card, 50_000*won))
		if p.State != Created || p.Checkout == nil || p.Amount != 50_000*won || p.VAT != 5_000*won || p.Total != 55_000*won {
			w.t.Fatalf("begun: got %+v", p)
		}
		w.holds(0)
		back := w.pays(p.Checkout, card(0), "pay")
		for range 3 { // the browser is reloaded
			got, err := w.s.Return(context.Background(), p.ID.Text(id.Payment), back)
			w.must(err)
			if got.State != Paid || got.Means == "" || !got.Slip || got.PaidAt == 0 {
				w.t.Errorf("returned: got %+v", got)
			}
		}
		w.pass(48 * time.Hour)
		w.holds(50_000 * won)
		if got := w.takings(p); !slices.Equal(got, []string{"55000-0"}) {
			w.t.Errorf("taken: got %v", got)
		}
		if got := w.events("payment."); !slices.Equal(got, []string{"payment.paid"}) {
			w.t.Errorf("events: got %v", got)
		}
		w.proven()
	})
}

func TestAPayerWhoLeavesOrIsDeclinedGetsNothing(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	for action, want := range map[string]payment.Reason{"leave": payment.PayerLeft, "decline": payment.CardDeclined} {
		p := w.begin(w.request(payment.Card, 10_000*won))
		got, err := w.s.Return(context.Background(), p.ID.Text(id.Payment), w.pays(p.Checkout, card(0), action))
		w.must(err)
		if got.State != Declined || got.Reason != want {
			t.Errorf("%s: got %+v", action, got)
		}
	}
	w.holds(0)
}

func TestAPayerWhoNeverComesBackIsGivenUpAfterADay(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	p := w.begin(w.request(payment.Card, 10_000*won))
	w.pass(24 * time.Hour)
	if got := w.payment(p.ID).State; got != Created {
		t.Errorf("after a day: got %s", got)
	}
	w.pass(8 * time.Hour)
	if got := w.payment(p.ID); got.State != Declined || got.Reason != payment.PayerLeft {
		t.Errorf("given up: got %+v", got)
	}
}

func TestWhatABrowserForgesMovesNothing(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	cheap := w.begin(w.request(payment.Card, 1_000*won))
	yes := w.pays(cheap.Checkout, card(0), "pay")
	for name, change := range map[string]func(url.Values){
		"another amount":    func(v url.Values) { v.Set("amount", "1") },
		"another order":     func(v url.Values) { v.Set("orderId", "pay_00000000000000000000000000") },
		"no payment key":    func(v url.Values) { v.Del("paymentKey") },
		"a cheaper payment": func(url.Values) {},
	} {
		dear := w.begin(w.request(payment.Card, 900_000*won))
		back := url.Values{}
		for k, v := range yes {
			back[k] = slices.Clone(v)
		}
		if name != "a cheaper payment" {
			back.Set("orderId", dear.ID.Text(id.Payment))
			back.Set("amount", "990000")
		}
		change(back)
		got, err := w.s.Return(context.Background(), dear.ID.Text(id.Payment), back)
		w.must(err)
		if got.State == Paid {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	w.pass(30 * time.Hour)
	w.holds(0)
	w.proven()
}

// TestACardThatIsChargedIsChargedOnceWhateverBecomesOfTheAnswer goes through the faults of the
// simulator's table: answers lost before and after, in progress, hung, refused.
func TestACardThatIsChargedIsChargedOnceWhateverBecomesOfTheAnswer(t *testing.T) {
	for bb, taken := range map[int]bool{8: true, 9: true, 10: false, 11: false, 13: false, 14: true, 15: true, 16: true} {
		t.Run(card(bb), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "sqlite", Options{})
			p := w.charge(w.stored(card(bb)), 10_000*won)
			if p.State == Created {
				t.Fatalf("charged: got %+v", p)
			}
			w.pass(2 * time.Hour)
			got, takings := w.payment(p.ID), w.takings(p)
			switch {
			case taken && (got.State != Paid || !slices.Equal(takings, []string{"11000-0"})):
				t.Errorf("got %+v, taken %v", got, takings)
			case !taken && (got.State != Failed || len(takings) > 0):
				t.Errorf("got %+v, taken %v", got, takings)
			}
			w.holds(map[bool]money.Amount{true: 10_000 * won}[taken])
			w.proven()
		})
	}
}

func TestADeclinedCardSaysWhy(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	for bb, want := range map[int]payment.Reason{1: payment.CardDeclined, 3: payment.CardDead} {
		c := w.stored(card(bb))
		p := w.charge(c, 10_000*won)
		if p.State != Declined || p.Reason != want || p.Code == "" {
			t.Errorf("card %02d: got %+v", bb, p)
		}
		w.do(func(tx *dbTx) error {
			after, err := w.s.FindCard(tx, "demo", c.ID)
			if dead := want == payment.CardDead; (after.State == CardDisabled) != dead {
				t.Errorf("card %02d: got %s", bb, after.State)
			}
			return err
		})
	}
	w.holds(0)
}

func TestAGatewayThatIsDownLeavesThePaymentUnknownAndLosesNothing(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	c := w.stored(card(0))
	w.deaf.Store(true)
	p := w.charge(c, 10_000*won)
	if p.State != Unknown {
		t.Errorf("got %+v", p)
	}
	w.holds(0)
	w.deaf.Store(false)
	w.pass(time.Minute)
	if got := w.payment(p.ID); got.State != Paid {
		t.Errorf("later: got %+v", got)
	}
	if got := w.takings(p); !slices.Equal(got, []string{"11000-0"}) {
		t.Errorf("taken: got %v", got)
	}
	w.holds(10_000 * won)
}

func TestADepositBecomesCreditAndAReversedOneIsTakenBack(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	r := w.request(payment.VirtualAccount, 30_000*won)
	p := w.begin(r)
	if p.State != WaitingForDeposit || p.Deposit == nil || p.Deposit.Number == "" {
		t.Fatalf("begun: got %+v", p)
	}
	w.deposit(p)
	w.must(w.notice(`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":"` + p.ID.Text(id.Payment) + `","status":"DONE"}}`))
	w.drain()
	w.holds(30_000 * won)
	// Whoever pays as #19 has a bank that takes its money back.
	r.Payer.Name = "홍길동 #19"
	p = w.begin(r)
	w.deposit(p)
	w.forward(time.Second)
	w.ask(p)
	if got := w.payment(p.ID); got.State != WaitingForDeposit {
		t.Errorf("reversed: got %+v", got)
	}
	w.holds(30_000 * won)
	w.proven()
}

func TestATransferToTheOperatorIsBookedByHand(t *testing.T) {
	each(t, func(w *world) {
		p := w.begin(w.request(payment.Transfer, 20_000*won))
		if p.State != WaitingForDeposit || p.Gateway != "bank" || p.Deposit == nil || p.Deposit.Text == "" {
			w.t.Fatalf("begun: got %+v", p)
		}
		w.pass(100 * time.Hour)
		w.holds(0)
		for range 2 {
			got, err := w.s.Arrived(context.Background(), "demo", p.ID)
			w.must(err)
			if got.State != Paid {
				w.t.Errorf("arrived: got %+v", got)
			}
		}
		w.holds(20_000 * won)
		w.pass(48 * time.Hour)
		w.ask(p)
		if got := w.payment(p.ID); got.State != Paid {
			w.t.Errorf("asked for afterwards: got %+v", got)
		}
		w.holds(20_000 * won)
		w.proven()
	})
}

func TestTheOperatorIssuesTheCashReceiptOfATransferHimself(t *testing.T) {
	each(t, func(w *world) {
		r := w.request(payment.Transfer, 20_000*won)
		without := w.begin(r)
		r.Receipt = &CashReceipt{Identity: "01012345678"}
		p := w.begin(r)
		issued := func(of Payment, number string) (Payment, error) {
			return w.s.ReceiptIssued(context.Background(), "demo", of.ID, number)
		}
		_, err := issued(p, "123456789")
		refused(w.t, "nothing has come", err, "state_conflict", "")
		for _, one := range []Payment{p, without} {
			_, err = w.s.Arrived(context.Background(), "demo", one.ID)
			w.must(err)
		}
		_, err = issued(without, "123456789")
		refused(w.t, "nobody wants one", err, "state_conflict", "")
		_, err = issued(p, "12-3")
		refused(w.t, "no number", err, "validation", "/number")
		for range 2 {
			got, err := issued(p, "123456789")
			w.must(err)
			if c := got.Receipt; c.State != ReceiptIssued || c.Ref != "123456789" || c.Amount != 22_000*won || !got.Slip {
				w.t.Errorf("issued: got %+v, slip %v", c, got.Slip)
			}
		}
		if got := w.payment(p.ID); got.Receipt.State != ReceiptIssued || !got.Slip {
			w.t.Errorf("kept: got %+v", got)
		}
		_, err = issued(p, "987654321")
		refused(w.t, "another number", err, "state_conflict", "")
		r.Method = payment.VirtualAccount
		_, err = issued(w.begin(r), "123456789")
		refused(w.t, "a gateway's", err, "state_conflict", "")
		w.proven()
	})
}

func TestADepositThatIsReversedWhileACancellationIsUnderWayIsTakenBackOnce(t *testing.T) {
	each(t, func(w *world) {
		w.give(50_000 * won)
		p := w.begin(w.request(payment.VirtualAccount, 30_000*won))
		w.deposit(p)
		w.ask(p)
		w.holds(80_000 * won)
		_, err := w.s.Cancel(context.Background(), CancelRequest{Site: "demo", Payment: p.ID, Amount: 10_000 * won, Reason: "less is needed",
			To: &payment.BankAccount{Bank: "20", Number: "1002123456789", Holder: "홍길동"}})
		w.must(err)
		w.holds(70_000 * won)
		var now *row
		w.view(func(tx *dbTx) (err error) { now, err = w.s.find(tx, "demo", p.ID, false); return err })
		_, err = w.s.conclude(context.Background(), now, payment.Result{State: payment.Waiting}, nil)
		w.must(err)
		w.holds(50_000 * won)
		if got := w.cancellations(p.ID); len(got) != 2 || got[0].State != CancelDone || got[1].State != CancelDone ||
			got[0].Total+got[1].Total != 33_000*won || got[0].Amount+got[1].Amount != 30_000*won {
			w.t.Errorf("cancellations: got %+v", got)
		}
		w.pass(100 * time.Hour) // the gateway, which still has it, says so again
		if got := w.payment(p.ID); got.State != Paid || got.Cancelled != 0 {
			w.t.Errorf("come again: got %+v", got)
		}
		w.holds(80_000 * won)
		w.proven()
	})
}

func TestTheSameKeyIsTheSamePayment(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	w.stored(card(0))
	r := w.request(payment.Stored, 10_000*won)
	r.Key = "order 1"
	first, again := w.begin(r), w.begin(r)
	if first.ID != again.ID {
		t.Errorf("got %v and %v", first.ID, again.ID)
	}
	r.Amount += 1000 * won
	_, err := w.s.Begin(context.Background(), r)
	refused(t, "another amount", err, "idempotency_mismatch", "")
	w.drain()
	w.holds(10_000 * won)
}

func TestAPaymentWhoseProcessDiedBeforeItsWindowGetsOneByTheSameKey(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	r := w.request(payment.Card, 10_000*won)
	r.Key = "order 1"
	g, err := w.s.check(&r)
	w.must(err)
	died := w.s.newRow(r, g)
	w.do(func(tx *dbTx) error { return w.s.write(tx, died) })
	p := w.begin(r)
	if p.ID != died.ID || p.Checkout == nil {
		t.Errorf("got %+v", p)
	}
}

func TestACardThatIsRemovedBeforeItsChargeIsNotCharged(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	c := w.stored(card(0))
	r := w.request(payment.Stored, 10_000*won)
	p := w.begin(r)
	w.must(w.remove(c))
	w.drain()
	if got := w.payment(p.ID); got.State != Declined || got.Reason != payment.CardDead || len(w.takings(p)) > 0 {
		t.Errorf("got %+v", got)
	}
}

func TestWhatCannotBePaidIsRefusedInItsPlace(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	for name, c := range map[string]struct {
		change func(*Request)
		place  string
	}{
		"a fraction of a won":  {func(r *Request) { r.Amount++ }, "/amount"},
		"too little":           {func(r *Request) { r.Amount = 999 * won }, "/amount"},
		"negative":             {func(r *Request) { r.Amount = -5000 * won }, "/amount"},
		"too much":             {func(r *Request) { r.Amount = MostAmount + won }, "/amount"},
		"no such gateway":      {func(r *Request) { r.Gateway = "other" }, "/gateway"},
		"no such way":          {func(r *Request) { r.Method = "shells" }, "/method"},
		"not there":            {func(r *Request) { r.Gateway, r.Method = "bank", payment.Card }, "/method"},
		"no way back":          {func(r *Request) { r.ReturnURL = "shop" }, "/return_url"},
		"no bank":              {func(r *Request) { r.Method, r.Bank = payment.VirtualAccount, "" }, "/bank"},
		"no payer":             {func(r *Request) { r.Method, r.Payer.Name = payment.VirtualAccount, "" }, "/payer/name"},
		"no card":              {func(r *Request) { r.Method = payment.Stored }, "/method_id"},
		"a receipt for a card": {func(r *Request) { r.Receipt = &CashReceipt{Identity: "01012345678"} }, "/cash_receipt"},
		"a bad identity": {func(r *Request) {
			r.Method, r.Receipt = payment.Transfer, &CashReceipt{Identity: "124-81", Business: true}
		}, "/cash_receipt/identity"},
	} {
		r := w.request(payment.Card, 10_000*won)
		c.change(&r)
		_, err := w.s.Begin(context.Background(), r)
		refused(t, name, err, "validation", c.place)
	}
	w.view(func(tx *dbTx) error {
		all, err := w.s.Payments(tx, "demo", "", id.ID{}, 10)
		if len(all) > 0 {
			t.Errorf("got %+v, want no payment", all)
		}
		return err
	})
}

func TestBonusTiersGiveTheHighestReached(t *testing.T) {
	w := newWorld(t, "sqlite", Options{Bonus: []Tier{{From: 10_000 * won, Percent: 1}, {From: 100_000 * won, Percent: 5, Days: 30}}})
	w.paid(9_999 * won)
	w.holds(9_999 * won)
	w.paid(10_050 * won) // 100.5 won, of which whole won are given
	w.holds(20_149 * won)
	w.paid(100_000 * won)
	w.holds(125_149 * won)
	w.forward(31 * 24 * time.Hour)
	w.drain()
	w.holds(120_149 * won)
	w.proven()
}

func TestVATMayBeWithinTheAmount(t *testing.T) {
	w := newWorld(t, "sqlite", Options{VATIncluded: true})
	p := w.begin(w.request(payment.Card, 11_000*won))
	if p.Amount != 10_000*won || p.VAT != 1_000*won || p.Total != 11_000*won {
		t.Errorf("got %+v", p)
	}
}

func TestCreditThatWasPaidForOutsideIsRecordedAsPaid(t *testing.T) {
	each(t, func(w *world) {
		w.do(func(tx *dbTx) error {
			p, _, err := w.s.Record(tx, Recording{Site: "demo", Amount: 50_000 * won, Note: "현금"})
			if p.State != Paid || p.Total != 55_000*won {
				w.t.Errorf("got %+v", p)
			}
			return err
		})
		w.holds(50_000 * won)
		w.proven()
	})
}
