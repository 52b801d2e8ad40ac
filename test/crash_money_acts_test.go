package test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"creditmsg/client"
	"creditmsg/internal/server"
)

// moneyAct is something that has a gateway move money. prepare does what comes before and
// gives the last step, over which the program dies.
type moneyAct struct {
	what, gateway string
	fits          func(r *http.Request) bool
	prepare       func(m *reaper, gateway string, n int) (fire func() error)
}

// moneyActs are done in turn.
var moneyActs = []moneyAct{
	{"a charge", "toss", charging, (*reaper).charge},
	{"a recharge", "stripe", charging, (*reaper).recharge},
	{"a cancellation", "toss", cancelling, (*reaper).cancel},
	{"a deposit's look-up", "toss", looking, (*reaper).deposit},
	{"a confirmation", "toss", confirming, (*reaper).confirm},
	{"a cancellation", "stripe", cancelling, (*reaper).cancel},
	{"a recharge", "toss", charging, (*reaper).recharge},
	{"a charge", "stripe", charging, (*reaper).charge},
	{"a confirmation", "stripe", confirming, (*reaper).confirm},
}

func charging(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == "/v1/payment_intents" ||
		strings.HasPrefix(r.URL.Path, "/v1/billing/") && !strings.HasPrefix(r.URL.Path, "/v1/billing/authorizations/"))
}

func confirming(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == "/v1/payments/confirm" || strings.HasSuffix(r.URL.Path, "/capture"))
}

func cancelling(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == "/v1/refunds" || strings.HasPrefix(r.URL.Path, "/v1/payments/") && strings.HasSuffix(r.URL.Path, "/cancel"))
}

func looking(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/payments/")
}

// amountOf is another one for each act, so that no payment is taken for another.
func amountOf(n int) client.Amount { return client.Amount(fmt.Sprint(10_000 + 37*n)) }

func (m *reaper) charge(gateway string, n int) func() error {
	return func() error {
		_, err := m.shops[0].Pay(within(m.t), client.NewPayment{Gateway: gateway, Method: "stored", Amount: amountOf(n), Key: fmt.Sprint("charge-", n)})
		return err
	}
}

// recharge sends a letter that takes a site below its threshold, once the recharge of the
// one before has ended.
func (m *reaper) recharge(gateway string, n int) func() error {
	m.t.Helper()
	shop := m.auto[gateway]
	eventually(m.t, func() error {
		c, err := shop.Credit(within(m.t))
		if err == nil && (c.AutoRecharge.PaymentID != "" || c.Available != autoThreshold+".00") {
			err = fmt.Errorf("auto-%s has %s available, and the recharge %q", gateway, c.Available, c.AutoRecharge.PaymentID)
		}
		return err
	})
	return func() error {
		_, err := shop.Send(within(m.t), letter(n))
		return err
	}
}

// confirm has a payer go through the gateway's window.
func (m *reaper) confirm(gateway string, n int) func() error {
	m.t.Helper()
	p, err := m.shops[0].Pay(within(m.t), client.NewPayment{Gateway: gateway, Method: "card", Amount: amountOf(n), ReturnURL: "https://shop.example/paid"})
	back := ""
	if err == nil {
		back, err = pays(p.Checkout, goodCard)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return func() error {
		_, err := visit(back)
		return err
	}
}

// deposit pays a virtual account in, and calls about it as the gateway does.
func (m *reaper) deposit(gateway string, n int) func() error {
	m.t.Helper()
	p, err := m.shops[0].Pay(within(m.t), client.NewPayment{Gateway: gateway, Method: "virtual_account", Amount: amountOf(n), Bank: "20", Payer: client.Payer{Name: "홍길동"}})
	if err != nil || p.Status != "waiting_for_deposit" {
		m.t.Fatalf("the payment is %s: %v", p.Status, err)
	}
	eventually(m.t, func() error { // else the look-up of another one might be taken for this one's
		for _, p := range payments(m.t, m.shops[0]) {
			if p.Status == "requesting" || p.Status == "unknown" {
				return fmt.Errorf("payment %s is %s", p.ID, p.Status)
			}
		}
		return nil
	})
	return func() error {
		m.paidIn(p.ID)
		res, err := http.Post(m.programs[0].url+"/webhooks/payments/"+gateway, "application/json",
			strings.NewReader(fmt.Sprintf(`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":%q,"status":"DONE"}}`, p.ID)))
		if err == nil {
			res.Body.Close()
		}
		return err
	}
}

// paidIn plays somebody who transfers to the account of a payment.
func (w *till) paidIn(order string) {
	page := w.programs[0].config.Payments.Gateways[0].URL + "/_sim/deposit"
	res, err := http.PostForm(string(page), url.Values{"orderId": {order}})
	if err != nil {
		w.t.Error(err)
		return
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		w.t.Errorf("the deposit of %s: %d", order, res.StatusCode)
	}
}

// cancel gives back a payment, or half of it, that nothing was given back of.
func (m *reaper) cancel(gateway string, n int) func() error {
	m.t.Helper()
	var of *client.Payment
	find := func() error {
		for _, p := range payments(m.t, m.shops[0]) {
			if p.Gateway == gateway && p.Status == "paid" && p.Method != "virtual_account" && len(p.Cancellations) == 0 {
				of = &p
				return nil
			}
		}
		return fmt.Errorf("there is no paid payment at %s", gateway)
	}
	if find() != nil {
		if err := m.charge(gateway, n)(); err != nil {
			m.t.Fatal(err)
		}
		eventually(m.t, find)
	}
	r := client.CancelRequest{Reason: "고객 요청"}
	if n%2 == 0 {
		r.Amount = "5000"
	}
	return func() error {
		_, err := m.shops[0].CancelPayment(within(m.t), of.ID, r)
		return err
	}
}

// settledUp waits until nothing is uncertain any more, holds what the gateways took and
// gave back against the rows and the ledger, and counts both.
func (m *reaper) settledUp() (taken, back int) {
	m.t.Helper()
	shops := []*client.Client{m.shops[0], m.auto["toss"], m.auto["stripe"]}
	eventually(m.t, func() error {
		for _, shop := range shops {
			for _, p := range payments(m.t, shop) {
				if err := unsettled(p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	credited, returned := m.entered("payment"), m.entered("payment_cancel")
	rows := map[string]client.Payment{}
	for _, shop := range shops {
		for _, p := range payments(m.t, shop) {
			rows[p.ID] = p
		}
	}
	for _, t := range m.sim.Takings() {
		p, known := rows[t.OrderID]
		delete(rows, t.OrderID)
		if !known {
			m.t.Errorf("the gateway took %d won for an order that nobody has, or a second time: %s", t.Amount, t.OrderID)
			continue
		}
		sum := int64(0)
		for _, g := range t.Givings {
			sum += g.Amount
		}
		wantUnits(m.t, p.ID+" took", p.Total, t.Amount)
		wantUnits(m.t, p.ID+" gave back", p.Returned, sum)
		if credited[p.ID] != 1 || returned[p.ID] != len(p.Cancellations) || len(t.Givings) != len(p.Cancellations) || p.PaidAt.IsZero() {
			m.t.Errorf("%s was credited %d times, taken back %d times and given back %d times: %+v", p.ID, credited[p.ID], returned[p.ID], len(t.Givings), p)
		}
		taken, back = taken+1, back+len(t.Givings)
	}
	for _, p := range rows {
		if p.Status != "created" || credited[p.ID] != 0 {
			m.t.Errorf("%s is %s and was credited %d times; the gateway took nothing for it", p.ID, p.Status, credited[p.ID])
		}
	}
	var proof server.Proof
	if object(m.t, m.programs[0].dir, nil, &proof, "ledger", "verify", "--config", m.programs[0].file, "--json"); !proof.OK || proof.Sites != len(shops) {
		m.t.Errorf("the proof is %+v", proof)
	}
	return taken, back
}

// unsettled says what is uncertain of a payment. What was begun and never paid is not.
func unsettled(p client.Payment) error {
	if p.Status == "requesting" || p.Status == "unknown" || p.Status == "waiting_for_deposit" {
		return fmt.Errorf("payment %s is %s", p.ID, p.Status)
	}
	for _, c := range p.Cancellations {
		if c.Status != "done" {
			return fmt.Errorf("cancellation %s is %s", c.ID, c.Status)
		}
	}
	return nil
}
