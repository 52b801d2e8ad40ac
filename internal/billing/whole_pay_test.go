package billing

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/payment/simulator"
)

// What payers, the site and the gateway's console do in a random run.

// browser is a payer's browser on its way back from a window.
type browser struct {
	of   Payment
	back url.Values
}

// luck draws a card of the simulator's table. What hangs costs real time, so only a proof
// has it.
func (g *game) luck() int {
	table := []int{0, 0, 0, 0, 1, 2, 3, 8, 9, 10, 11, 14, 15, 20, 21, 22, 23, 24, 25, 26, 28, 29}
	if proof() {
		table = append(table, 12, 13, 27)
	}
	bb, _ := oneOf(g, table, "luck")
	return bb
}

// number is a good card of its own half the time: scenarios act on those alone.
func (g *game) number() string {
	if g.upTo(1, "tabled") == 0 {
		return "4330123412341234"
	}
	return card(g.luck())
}

func (g *game) amount() money.Amount {
	return money.Amount(1_000+g.upTo(99_000, "amount")) * won
}

// started begins a payment and remembers what was asked for.
func (g *game) started(r Request) (Payment, bool) {
	p, err := g.s.Begin(context.Background(), r)
	if fault.Is(err, fault.Invalid) && r.Method == payment.Stored { // its card is dead
		return p, false
	}
	g.must(err)
	g.asked[p.ID] = exact(r.Amount)
	return p, true
}

func (g *game) window() {
	if p, _ := g.started(g.request(payment.Card, g.amount())); p.Checkout != nil {
		g.windows = append(g.windows, p)
	}
}

// pay lets a payer use a window once; his browser comes back later, or never.
func (g *game) pay() {
	if len(g.windows) == 0 {
		g.window()
		return
	}
	i := g.upTo(len(g.windows)-1, "window")
	p := g.windows[i]
	g.windows = append(g.windows[:i:i], g.windows[i+1:]...)
	action := []string{"pay", "pay", "pay", "pay", "decline", "leave"}[g.upTo(5, "action")]
	deaf := g.deaf.Swap(false) // the payer reaches the gateway by other ways than we do
	g.browsers = append(g.browsers, browser{p, g.pays(p.Checkout, g.number(), action)})
	g.deaf.Store(deaf)
}

func (g *game) back() {
	if b, ok := oneOf(g, g.browsers, "browser"); ok {
		_, err := g.s.Return(context.Background(), b.of.ID.Text(id.Payment), b.back)
		g.must(err)
	}
}

// card leaves a card with the gateway, in fair weather.
func (g *game) card() {
	deaf := g.deaf.Swap(false)
	g.sim.Play(simulator.Scenario{})
	g.cards = append(g.cards, g.stored(g.number()))
	g.deaf.Store(deaf)
}

func (g *game) charging() {
	c, ok := oneOf(g, g.cards, "card")
	if !ok {
		g.card()
		return
	}
	r := g.request(payment.Stored, g.amount())
	r.Card = c.ID
	g.started(r)
}

func (g *game) virtual() {
	r := g.request(payment.VirtualAccount, g.amount())
	if g.upTo(1, "tabled") == 1 {
		r.Payer.Name += card(g.luck())[6:8]
		r.Payer.Name = "홍길동 #" + r.Payer.Name[len(r.Payer.Name)-2:]
	}
	g.started(r)
}

// some draws a payment of those that fit.
func (g *game) some(label string, fits func(p *row) bool) (*row, bool) {
	var found []*row
	for _, p := range g.rows() {
		if fits(p) {
			found = append(found, p)
		}
	}
	return oneOf(g, found, label)
}

func (g *game) depositing() {
	p, ok := g.some("account", func(p *row) bool { return p.Method == payment.VirtualAccount && p.State.Open() && !g.moved[p.ID] })
	if !ok {
		return
	}
	deaf := g.deaf.Swap(false) // his bank reaches the gateway in any weather
	reply, err := http.PostForm(g.vendor.URL+"/_sim/deposit", url.Values{"orderId": {p.text()}})
	g.deaf.Store(deaf)
	g.must(err)
	reply.Body.Close() // an account that was never given out takes nothing
	g.moved[p.ID] = true
}

// reverse brings a word that a bank took its transfer back, and later the gateway says again
// that it came.
func (g *game) reverse() {
	p, ok := g.some("reversed", func(p *row) bool { return p.Method == payment.VirtualAccount && p.State.Credited() })
	if !ok {
		return
	}
	said, err := g.s.conclude(context.Background(), p, payment.Result{State: payment.Waiting}, nil)
	g.must(err)
	g.moved[p.ID] = true
	if said.State == WaitingForDeposit {
		g.reversals[p.ID]++
	}
}

func (g *game) transfer() { g.started(g.request(payment.Transfer, g.amount())) }

func (g *game) arrive() {
	if p, ok := g.some("arrived", func(p *row) bool { return p.Method == payment.Transfer && p.Gateway == "bank" }); ok {
		_, err := g.s.Arrived(context.Background(), "demo", p.ID)
		g.must(err)
	}
}

func (g *game) record() {
	amount := g.amount()
	g.do(func(tx *dbTx) error {
		p, _, err := g.s.Record(tx, Recording{Site: "demo", Amount: amount, Note: "현금"})
		g.recorded[p.ID] = true
		return err
	})
}

func (g *game) cancelling() {
	p, ok := g.some("cancelled", func(p *row) bool { return p.State.Credited() })
	if !ok {
		return
	}
	r := CancelRequest{Site: "demo", Payment: p.ID, Reason: "고객 요청", ByHand: g.upTo(3, "by hand") == 0,
		To: &payment.BankAccount{Bank: "20", Number: "1002123456789", Holder: "홍길동"}}
	switch g.upTo(2, "how much") {
	case 0:
		r.Amount = p.Amount
	case 1:
		r.Amount = money.Amount(1+g.upTo(int(p.Amount/won)-1, "part")) * won
	}
	_, err := g.s.Cancel(context.Background(), r)
	if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		g.must(err)
	}
}

func (g *game) givenByHand() {
	for _, c := range g.cancelRows() {
		if c.State == CancelTransfer {
			_, err := g.s.GivenBack(context.Background(), "demo", c.Payment, c.ID)
			g.must(err)
		}
	}
}

// console gives money back at the gateway's own console.
func (g *game) console() {
	t, ok := oneOf(g, g.sim.Takings(), "taking")
	if !ok {
		return
	}
	for _, b := range t.Givings {
		t.Amount -= b.Amount
	}
	of, err := id.Parse(id.Payment, t.OrderID)
	g.must(err)
	if t.Amount == 0 {
		return
	}
	most := int(t.Amount)
	if g.upTo(1, "small") == 1 {
		most = min(most, 30)
	}
	deaf := g.deaf.Swap(false)
	g.refundAtGateway(t.Ref, 1+g.upTo(most-1, "given"))
	g.deaf.Store(deaf)
	g.moved[of] = true
}

func (g *game) noticing() {
	if p, ok := g.some("noticed", func(p *row) bool { return p.Gateway == "toss" }); ok {
		word := []string{"DONE", "CANCELED", "PARTIAL_CANCELED", "ABORTED"}[g.upTo(3, "word")]
		g.must(g.notice(`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":"` +
			p.text() + `","status":"` + word + `","totalAmount":` + strings.TrimSuffix((p.Total+won).String(), ".00") + `}}`))
	}
}

func (g *game) ruling() {
	r := Rule{Enabled: g.upTo(3, "on") > 0, Threshold: 10_000 * won, Amount: 30_000 * won}
	if g.upTo(1, "to a target") == 1 {
		r.Amount, r.Target = 0, 40_000*won
	}
	if g.upTo(2, "capped") == 0 {
		r.DailyCap = 100_000 * won
	}
	err := g.d.Update(context.Background(), "test", func(tx *dbTx) error { _, err := g.s.SetRule(tx, "demo", r); return err })
	if !fault.Is(err, fault.Invalid) { // without a card there is no rule
		g.must(err)
	}
}

// short is a send that was refused for credit.
func (g *game) short() {
	_, err := g.s.Recharge(context.Background(), "demo", g.amount())
	g.must(err)
}
