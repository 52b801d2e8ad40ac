package server

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	till "creditmsg/internal/payment/simulator"
)

// office is an operator with the site shop, the simulated gateway toss and his own account.
type office struct {
	*testing.T
	*Operator
	sim  *till.Simulator
	pays string // the card that payers use
}

// eachOffice runs a test on every engine.
func eachOffice(t *testing.T, test func(o *office)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			sim := till.New(till.Options{})
			s := httptest.NewServer(sim.Handler())
			t.Cleanup(s.Close)
			test(newOffice(t, dbtest.Migrated(t, engine), sim, s.URL))
		})
	}
}

func newOffice(t *testing.T, database string, sim *till.Simulator, url string) *office {
	t.Helper()
	c := testConfig(t)
	c.Database.URL = Address(database)
	toss := tossAt(url)
	toss.CheckoutURL = Address(url + "/_sim/checkout")
	c.Payments.Gateways = GatewayConfigs{toss, {Name: "bank", Kind: "manual", TransferTo: "국민은행 123-45-6789"}}
	p, err := OpenOperator(t.Context(), c, OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	o := &office{t, p, sim, "4330123412341234"}
	_, err = p.CreateSite(t.Context(), NewSite{ID: "shop", Name: "꽃집"})
	o.must(err)
	return o
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// refused wants a fault with these words.
func (o *office) refused(err error, kind fault.Kind, words string) {
	o.Helper()
	text := ""
	if err != nil {
		text = err.Error()
		for _, f := range fault.Of(err).Fields {
			text += " " + f.Pointer + ": " + f.Detail
		}
	}
	if !fault.Is(err, kind) || !strings.Contains(text, words) {
		o.Errorf("the error is %q, want one of kind %v with %q", text, kind, words)
	}
}

func (o *office) transfer(won money.Amount) string {
	o.Helper()
	p, err := o.billing.Begin(o.Context(), billing.Request{Site: "shop", Method: payment.Transfer, Amount: won * money.Won})
	o.must(err)
	return p.ID.Text(id.Payment)
}

// paid pays by a card in the gateway's window.
func (o *office) paid(won money.Amount) string {
	o.Helper()
	p, err := o.billing.Begin(o.Context(), billing.Request{Site: "shop", Method: payment.Card, Amount: won * money.Won, ReturnURL: "https://shop.example/paid",
		Back: func(id string) string { return "https://credit.example/payments/" + id + "/return" }})
	o.must(err)
	back, err := url.Parse(o.sim.Pay(p.Checkout.URL, o.pays))
	o.must(err)
	p, err = o.billing.Return(o.Context(), p.ID.Text(id.Payment), back.Query())
	o.must(err)
	if p.State != billing.Paid {
		o.Fatalf("got %+v", p)
	}
	return p.ID.Text(id.Payment)
}

// card leaves a card with the gateway.
func (o *office) card() string {
	o.Helper()
	c, err := o.billing.BeginCard(o.Context(), billing.CardRequest{Site: "shop", Gateway: "toss", ReturnURL: "https://shop.example/cards",
		Back: func(id string) string { return "https://credit.example/payment-methods/" + id + "/return" }})
	o.must(err)
	back, err := url.Parse(o.sim.Pay(c.Checkout.URL, o.pays))
	o.must(err)
	c, err = o.billing.FinishCard(o.Context(), c.ID.Text(id.Card), back.Query())
	o.must(err)
	return c.ID.Text(id.Card)
}

// work does what workers would, until nothing is due.
func (o *office) work() {
	o.Helper()
	for ran := true; ran; {
		ran = false
		for _, w := range slices.Concat(o.billing.Works(), o.ledger.Works(o.d)) {
			jobs, err := o.queue.Claim(o.Context(), w.Lane, []string{w.Kind}, 1)
			o.must(err)
			if len(jobs) > 0 {
				ran = true
				o.must(w.Handle(o.Context(), jobs))
			}
		}
	}
}

func (o *office) available() money.Amount {
	o.Helper()
	c, err := o.Credit(o.Context(), "shop")
	o.must(err)
	return c.Available
}

func TestATransferIsBookedAndGivenBackByHand(t *testing.T) {
	eachOffice(t, func(o *office) {
		ctx := o.Context()
		pay := o.transfer(50_000)
		shown, err := o.Payment(ctx, "shop", pay)
		o.must(err)
		if shown.Status != "waiting_for_deposit" || shown.Total != 55_000*money.Won || shown.PaidAt != nil || o.available() != 0 {
			o.Errorf("before: got %+v", shown)
		}
		for range 2 {
			shown, err = o.PaymentArrived(ctx, "shop", pay)
			o.must(err)
		}
		if shown.Status != "paid" || shown.PaidAt == nil || o.available() != 50_000*money.Won {
			o.Errorf("arrived: got %+v, available %s", shown, o.available())
		}
		made, err := o.CancelPayment(ctx, CancelPayment{Site: "shop", Payment: pay, Amount: "20000", Reason: "해지", To: BankAccount{"20", "1002-123-456789", "홍길동"}})
		o.must(err)
		if made.Status != "transfer" || made.Total != 22_000*money.Won || made.To == nil || made.To.Number != "1002123456789" || o.available() != 30_000*money.Won {
			o.Errorf("cancelled: got %+v, available %s", made, o.available())
		}
		for range 2 {
			made, err = o.PaymentGivenBack(ctx, "shop", pay, made.ID)
			o.must(err)
		}
		shown, err = o.Payment(ctx, "shop", pay)
		o.must(err)
		if len(shown.Cancellations) != 1 || shown.Cancellations[0].Status != "done" || shown.Cancellations[0].DoneAt == nil || shown.Returned != 22_000*money.Won {
			o.Errorf("given back: got %+v", shown)
		}
		_, err = o.CancelPayment(ctx, CancelPayment{Site: "shop", Payment: pay, Amount: "30001", Reason: "x"})
		o.refused(err, fault.Conflict, "30000")
		_, err = o.AskPayment(ctx, "shop", pay)
		o.refused(err, fault.Conflict, "nobody can be asked")
		_, err = o.PaymentArrived(ctx, "shop", o.paid(10_000))
		o.refused(err, fault.Conflict, "toss says itself")
	})
}

// TestAPaymentIsShownWithAllThatItCountsAsGivenBack has one given back a little at a time while it
// is looked at.
func TestAPaymentIsShownWithAllThatItCountsAsGivenBack(t *testing.T) {
	eachOffice(t, func(o *office) {
		pay := o.paid(50_000)
		var over atomic.Bool
		var hand sync.WaitGroup
		hand.Go(func() {
			defer over.Store(true)
			for range 50 {
				if _, err := o.CancelPayment(o.Context(), CancelPayment{Site: "shop", Payment: pay, Amount: "100", Reason: "해지", ByHand: true}); err != nil {
					o.Errorf("give back by hand: %v", err)
				}
			}
		})
		for !over.Load() {
			shown, err := o.Payment(o.Context(), "shop", pay)
			if err != nil {
				o.Errorf("look at it: %v", err)
			}
			var sum money.Amount
			for _, c := range shown.Cancellations {
				sum += c.Amount
			}
			if sum != shown.Cancelled {
				o.Errorf("%s is cancelled, and %s by %d cancellations", shown.Cancelled, sum, len(shown.Cancellations))
			}
		}
		hand.Wait()
	})
}

func TestAPaymentIsGivenBackByAWorkerAndAskedFor(t *testing.T) {
	eachOffice(t, func(o *office) {
		ctx := o.Context()
		pay := o.paid(50_000)
		made, err := o.CancelPayment(ctx, CancelPayment{Site: "shop", Payment: pay, Amount: "20000", Reason: "해지"})
		o.must(err)
		if made.Status != "requested" || o.available() != 30_000*money.Won {
			o.Errorf("asked for: got %+v, available %s", made, o.available())
		}
		o.work()
		asked, err := o.AskPayment(ctx, "shop", pay)
		o.must(err)
		if asked.Status != "partially_cancelled" || asked.Returned != 22_000*money.Won {
			o.Errorf("done: got %+v", asked)
		}
		if n := dueJobs(o); n != 1 {
			o.Errorf("asking put %d jobs", n)
		}
		o.work()
		if got := o.sim.Takings(); len(got) != 1 || len(got[0].Givings) != 1 || got[0].Givings[0].Amount != 22_000 {
			o.Errorf("the gateway gave back: %+v", got)
		}
	})
}

func dueJobs(o *office) (n int64) {
	o.must(o.d.View(o.Context(), "test", func(tx *db.Tx) error {
		all, err := o.queue.Stats(tx)
		for _, s := range all {
			if s.Kind == "payment" { // not those that tell people of it
				n += s.Due
			}
		}
		return err
	}))
	return n
}

func TestPaymentsAreListedTheNewestFirst(t *testing.T) {
	eachOffice(t, func(o *office) {
		ctx := o.Context()
		first, second, third := o.transfer(10_000), o.paid(20_000), o.transfer(30_000)
		_, err := o.CreateSite(ctx, NewSite{ID: "other", Name: "다른 곳"})
		o.must(err)
		ids := func(f PaymentFilter) (out []string) {
			list, err := o.Payments(ctx, f)
			o.must(err)
			for _, p := range list.Data {
				out = append(out, p.ID)
			}
			return out
		}
		for what, tt := range map[string]struct {
			f    PaymentFilter
			want []string
		}{
			"all":      {PaymentFilter{Limit: 50}, []string{third, second, first}},
			"two":      {PaymentFilter{Limit: 2}, []string{third, second}},
			"a site":   {PaymentFilter{Site: "shop", Limit: 50}, []string{third, second, first}},
			"another":  {PaymentFilter{Site: "other", Limit: 50}, nil},
			"a status": {PaymentFilter{Status: "waiting_for_deposit", Limit: 50}, []string{third, first}},
		} {
			if got := ids(tt.f); !slices.Equal(got, tt.want) {
				o.Errorf("%s: got %v, want %v", what, got, tt.want)
			}
		}
		_, err = o.Payments(ctx, PaymentFilter{Status: "lost", Limit: 1})
		o.refused(err, fault.Invalid, "--status")
		_, err = o.Payments(ctx, PaymentFilter{Limit: 1001})
		o.refused(err, fault.Invalid, "--limit")
		_, err = o.Payments(ctx, PaymentFilter{Site: "nobody", Limit: 1})
		o.refused(err, fault.NotFound, "nobody")
	})
}

func TestADayIsComparedOnRequest(t *testing.T) {
	eachOffice(t, func(o *office) {
		ctx, today := o.Context(), korea.Day(time.Now())
		o.paid(10_000)
		c, err := o.ComparePayments(ctx, "toss", today)
		o.must(err)
		if !c.OK || len(c.Differences) != 0 {
			o.Errorf("all is well: got %+v", c)
		}
		// Another house takes money with the same keys.
		newOffice(o.T, dbtest.Migrated(o, "sqlite"), o.sim, string(o.config.Payments.Gateways[0].URL)).paid(30_000)
		c, err = o.ComparePayments(ctx, "toss", today)
		o.must(err)
		if c.OK || len(c.Differences) != 1 || c.Differences[0].Kind != "not_ours" || c.Differences[0].Theirs != 33_000*money.Won || c.Differences[0].Site != nil {
			o.Errorf("not ours: got %+v", c)
		}
		c, err = o.PaymentDifferences(ctx, "")
		o.must(err)
		if c.OK || len(c.Differences) != 1 || len(c.Days) != 1 || c.Days[0].Transactions != 2 || c.Days[0].Payments != 1 {
			o.Errorf("kept: got %+v", c)
		}
		c, err = o.PaymentDifferences(ctx, korea.Day(time.Now().AddDate(0, 0, 1)))
		o.must(err)
		if !c.OK || len(c.Days) != 0 {
			o.Errorf("since tomorrow: got %+v", c)
		}
		_, err = o.ComparePayments(ctx, "toss", "yesterday")
		o.refused(err, fault.Invalid, "DAY")
		_, err = o.ComparePayments(ctx, "other", today)
		o.refused(err, fault.NotFound, "other")
		_, err = o.ComparePayments(ctx, "bank", today)
		o.refused(err, fault.Invalid, "bank lists nothing")
		_, err = o.PaymentDifferences(ctx, "x")
		o.refused(err, fault.Invalid, "--since")
	})
}

func TestARechargeIsSetAFlagAtATime(t *testing.T) {
	eachOffice(t, func(o *office) {
		ctx := o.Context()
		set := func(c RechargeChange) (Recharge, error) { return o.Recharge(ctx, "shop", &c) }
		_, err := set(RechargeChange{Threshold: new("10000"), Amount: new("50000")})
		o.refused(err, fault.Invalid, "add one first")
		card := o.card()
		methods, err := o.PaymentMethods(ctx, "shop")
		o.must(err)
		if len(methods.Data) != 1 || methods.Data[0].ID != card || methods.Data[0].Status != "active" || methods.Data[0].Label == "" {
			o.Errorf("methods: got %+v", methods)
		}
		r, err := set(RechargeChange{Threshold: new("10000"), Amount: new("50000"), Method: &card, MonthlyCap: new("300000")})
		o.must(err)
		if !r.Enabled || r.PaymentID == nil || *r.MethodID != card || *r.Amount != 50_000*money.Won || r.Target != nil || *r.MonthlyCap != 300_000*money.Won {
			o.Errorf("set: got %+v", r)
		}
		o.work() // it was low, so it is recharged at once
		if o.available() != 50_000*money.Won {
			o.Errorf("available %s", o.available())
		}
		r, err = set(RechargeChange{Target: new("80000"), MonthlyCap: new("0"), Method: new("")})
		o.must(err)
		if r.Amount != nil || *r.Target != 80_000*money.Won || r.MonthlyCap != nil || r.MethodID != nil || r.Threshold != 10_000*money.Won {
			o.Errorf("changed: got %+v", r)
		}
		r, err = set(RechargeChange{Off: true})
		o.must(err)
		if r.Enabled || *r.Target != 80_000*money.Won {
			o.Errorf("off: got %+v", r)
		}
		r, err = set(RechargeChange{})
		o.must(err)
		shown, err := o.Recharge(ctx, "shop", nil)
		o.must(err)
		if !r.Enabled || !shown.Enabled || *shown.Target != 80_000*money.Won {
			o.Errorf("on again: got %+v, shown %+v", r, shown)
		}
		for words, c := range map[string]RechargeChange{
			"--threshold": {Threshold: new("10000.5")}, "--amount": {Amount: new("-1")}, "--daily-cap": {DailyCap: new("many")}, "--method": {Method: new("card")},
			"/method_id": {Method: new(id.New().Text(id.Card))}, "/daily_cap": {DailyCap: new("1000")}, "leave one out": {Amount: new("1000"), Target: new("90000")},
		} {
			_, err := set(c)
			o.refused(err, fault.Invalid, words)
		}
		_, err = o.Recharge(ctx, "nobody", nil)
		o.refused(err, fault.NotFound, "nobody")
		_, err = o.Recharge(ctx, "nobody", &RechargeChange{})
		o.refused(err, fault.NotFound, "nobody")
	})
}

func TestLevelsAreSetAndCleared(t *testing.T) {
	eachOffice(t, func(o *office) {
		ctx := o.Context()
		for _, tt := range []struct{ set, want []string }{
			{nil, nil}, {[]string{"5000", "20000", "5000"}, []string{"20000.00", "5000.00"}}, {nil, []string{"20000.00", "5000.00"}}, {[]string{}, nil}, {nil, nil},
		} {
			got, err := o.Levels(ctx, "shop", tt.set)
			o.must(err)
			var texts []string
			for _, l := range got.Levels {
				texts = append(texts, l.String())
			}
			if !slices.Equal(texts, tt.want) || got.Levels == nil {
				o.Errorf("%v: got %v, want %v", tt.set, texts, tt.want)
			}
		}
		_, err := o.Levels(ctx, "shop", []string{"5000", "low"})
		o.refused(err, fault.Invalid, "LEVEL 2")
		_, err = o.Levels(ctx, "shop", []string{"0"})
		o.refused(err, fault.Invalid, "/levels/0")
		_, err = o.Levels(ctx, "nobody", []string{"5000"})
		o.refused(err, fault.NotFound, "nobody")
	})
}
