package test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
	"creditmsg/internal/db"
	"creditmsg/internal/payment/simulator"
)

// call is something that claims to be a notice of a gateway.
type call struct {
	what, gateway string
	header, body  string // Stripe-Signature, and what is said
	times         int
	outcome       string // as it is counted
}

// What is said about a payment moves nothing, whoever says it and however often: the
// gateway is asked. Each call is counted and logged.
func TestANoticeThatIsForgedReplayedOrWrongNeverChangesABalance(t *testing.T) {
	onEachEngineAtOnce(t, func(t *testing.T, database string) {
		w := newTill(t, database, 1, nil)
		overheard := w.overhears()
		w.leave(w.shops[0], "toss", goodCard)
		w.leave(w.shops[0], "stripe", goodCard)
		calls := append(w.lies(), w.stripeLies()...)
		// The true callback of a deposit credits it; told again it does not.
		account := w.begins(client.NewPayment{Gateway: "toss", Method: "virtual_account", Amount: "30000", Bank: "20", Payer: client.Payer{Name: "홍길동"}}, "waiting_for_deposit")
		calls = append(calls, call{"a deposit that its secret does not prove", "toss", "", fmt.Sprintf(
			`{"createdAt":"2026-11-22T12:00:00.000000","secret":"ps_made_up","status":"DONE","orderId":%q}`, account.ID), 1, "forged"})
		w.unmoved(calls)

		w.paidIn(account.ID)
		callback, secret := w.deposited(overheard, account.ID)
		w.calls(call{"the callback of a deposit", "toss", "", callback, 1, "asked"})
		if w.books(); w.entered("payment")[account.ID] != 1 {
			t.Error("the deposit is not credited")
		}
		replay := call{"the callback of a deposit, replayed", "toss", "", callback, 100, "asked"}
		w.unmoved([]call{replay})
		calls = append(calls, call{gateway: "toss", times: 1, outcome: "asked"}, replay)
		w.countedAndLogged(calls, secret)
		proven(t, w.office)
	})
}

// begins begins a payment and waits until it has come to a state.
func (w *till) begins(p client.NewPayment, state string) (out client.Payment) {
	w.t.Helper()
	begun, err := w.shops[0].Pay(within(w.t), p)
	if err != nil {
		w.t.Fatal(err)
	}
	eventually(w.t, func() error {
		if out, err = w.shops[0].Payment(within(w.t), begun.ID); err == nil && out.Status != state {
			err = fmt.Errorf("the payment is %s, want %s", out.Status, state)
		}
		return err
	})
	return out
}

func stored(gateway string) client.NewPayment {
	return client.NewPayment{Gateway: gateway, Method: "stored", Amount: "10000"}
}

func window(gateway string) client.NewPayment {
	return client.NewPayment{Gateway: gateway, Method: "card", Amount: "20000", ReturnURL: "https://shop.example/paid"}
}

// lies are calls in Toss's form, which it does not sign.
func (w *till) lies() []call {
	w.t.Helper()
	paid, open, gone := w.begins(stored("toss"), "paid"), w.begins(window("toss"), "created"), w.begins(stored("toss"), "paid")
	if _, err := w.shops[0].CancelPayment(within(w.t), gone.ID, client.CancelRequest{Reason: "고객 요청"}); err != nil {
		w.t.Fatal(err)
	}
	eventually(w.t, func() error {
		p, err := w.shops[0].Payment(within(w.t), gone.ID)
		if err == nil && p.Status != "cancelled" {
			err = fmt.Errorf("the payment is %s", p.Status)
		}
		return err
	})
	says := func(order, status string, amount int) string {
		return fmt.Sprintf(`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":%q,"status":%q,"totalAmount":%d}}`, order, status, amount)
	}
	return []call{
		{"a payment that is open is done", "toss", "", says(open.ID, "DONE", 22_000), 1, "asked"},
		{"with another amount", "toss", "", says(open.ID, "DONE", 1), 1, "asked"},
		{"what is paid, with another amount", "toss", "", says(paid.ID, "DONE", 1_100_000), 1, "asked"},
		{"what is paid was cancelled", "toss", "", says(paid.ID, "CANCELED", 11_000), 1, "asked"},
		{"what is paid was not", "toss", "", says(paid.ID, "ABORTED", 11_000), 1, "asked"},
		{"cancelled, again", "toss", "", says(gone.ID, "CANCELED", 11_000), 1, "asked"},
		{"done after it was cancelled", "toss", "", says(gone.ID, "DONE", 11_000), 1, "asked"},
		{"replayed", "toss", "", says(paid.ID, "DONE", 11_000), 100, "asked"},
		{"of another house", "toss", "", says("shop-0017", "DONE", 11_000), 1, "unknown"},
		{"no JSON", "toss", "", "DONE", 1, "forged"},
	}
}

// stripeLies are calls in Stripe's form, which it signs.
func (w *till) stripeLies() []call {
	w.t.Helper()
	paid, open := w.begins(stored("stripe"), "paid"), w.begins(window("stripe"), "created")
	ref := ""
	for _, t := range w.sim.Takings() {
		if t.OrderID == paid.ID {
			ref = t.Ref
		}
	}
	says := func(kind, ref, order string, amount int) string {
		return fmt.Sprintf(`{"id":"evt_1","object":"event","type":%q,"data":{"object":{"id":%q,"object":"payment_intent","amount":%d,"amount_received":%[3]d,"status":"succeeded","metadata":{"order_id":%q}}}}`,
			kind, ref, amount, order)
	}
	now, right := time.Now(), simulator.DefaultStripeSecret
	truth := says("payment_intent.succeeded", ref, paid.ID, 11_000)
	dear := says("payment_intent.succeeded", ref, paid.ID, 9_999_999)
	other := says("payment_intent.succeeded", "pi_3NotThere", open.ID, 1)
	failed, gone := says("payment_intent.payment_failed", ref, paid.ID, 11_000), says("payment_intent.canceled", ref, paid.ID, 11_000)
	return []call{
		{"another's signature", "stripe", signedBy("whsec_of_somebody_else", now, truth), truth, 1, "forged"},
		{"the signature of another body", "stripe", signedBy(right, now, truth), dear, 1, "forged"},
		{"no signature", "stripe", "", truth, 1, "forged"},
		{"an old signature", "stripe", signedBy(right, now.Add(-10*time.Minute), truth), truth, 1, "forged"},
		{"another amount", "stripe", signedBy(right, now, dear), dear, 1, "asked"},
		{"an open one is paid, with another amount", "stripe", signedBy(right, now, other), other, 1, "asked"},
		{"failed after it was paid", "stripe", signedBy(right, now, failed), failed, 1, "asked"},
		{"cancelled after it was paid", "stripe", signedBy(right, now, gone), gone, 1, "asked"},
		{"replayed", "stripe", signedBy(right, now, truth), truth, 100, "asked"},
	}
}

// signedBy is what Stripe proves a call with.
func signedBy(secret string, at time.Time, body string) string {
	sum := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(sum, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(sum.Sum(nil)))
}

// calls makes a call, as often as it says.
func (w *till) calls(c call) {
	w.t.Helper()
	want := http.StatusOK
	if c.outcome == "forged" {
		want = http.StatusUnauthorized
	}
	for range c.times {
		req, err := http.NewRequestWithContext(within(w.t), http.MethodPost, w.programs[0].url+"/webhooks/payments/"+c.gateway, strings.NewReader(c.body))
		if err != nil {
			w.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if c.header != "" {
			req.Header.Set("Stripe-Signature", c.header)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			w.t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			w.t.Errorf("%s: %s is answered with %d, want %d", c.gateway, c.what, res.StatusCode, want)
		}
	}
}

// unmoved makes calls, and wants every balance and entry to stay as it was.
func (w *till) unmoved(calls []call) {
	w.t.Helper()
	for _, c := range calls {
		before := w.books()
		w.calls(c)
		if diff := cmp.Diff(before, w.books()); diff != "" {
			w.t.Errorf("%s: %s moves something: %s", c.gateway, c.what, diff)
		}
	}
}

// books are the site's purse, payments and number of entries, once nobody works on its
// payments any more.
func (w *till) books() map[string]string {
	w.t.Helper()
	out, entries := map[string]string{}, 0
	eventually(w.t, func() error {
		return w.look.View(within(w.t), "look", func(tx *db.Tx) error {
			busy := 0
			if err := tx.QueryRow(`SELECT COUNT(*) FROM job WHERE kind = 'payment' AND (state = 'ready' OR lease IS NOT NULL)`).Scan(&busy); err != nil {
				return err
			}
			if busy > 0 {
				return fmt.Errorf("%d payments are worked on", busy)
			}
			return tx.QueryRow(`SELECT COUNT(*) FROM entry WHERE site_id = 'shop'`).Scan(&entries)
		})
	})
	c, err := w.shops[0].Credit(within(w.t))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range payments(w.t, w.shops[0]) {
		out[p.ID] = fmt.Sprintf("%s %s %s %s %d", p.Status, p.Total, p.Cancelled, p.Returned, len(p.Cancellations))
	}
	out["balance"], out["available"], out["entries"] = string(c.Balance), string(c.Available), fmt.Sprint(entries)
	return out
}

// overhears gets what the simulated Toss calls about.
func (w *till) overhears() <-chan string {
	heard := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err == nil {
			heard <- string(text)
		}
	}))
	w.t.Cleanup(hook.Close)
	w.sim.NoticeTo(hook.URL)
	return heard
}

// deposited waits for the callback of a deposit, and gives it with its secret.
func (w *till) deposited(heard <-chan string, order string) (callback, secret string) {
	w.t.Helper()
	for late := time.After(patience); ; {
		select {
		case callback = <-heard:
		case <-late:
			w.t.Fatal("the gateway does not call about the deposit")
		}
		var said struct{ Secret, OrderID, Status string }
		if err := json.Unmarshal([]byte(callback), &said); err != nil {
			w.t.Fatal(err)
		}
		if said.Secret != "" && said.OrderID == order && said.Status == "DONE" {
			return callback, said.Secret
		}
	}
}

// countedAndLogged wants each call in the metrics and, without any secret, in the log.
func (w *till) countedAndLogged(calls []call, secret string) {
	w.t.Helper()
	want, got := map[string]int{}, map[string]int{}
	for _, c := range calls {
		want[c.gateway+" "+c.outcome] += c.times
	}
	text, err := os.ReadFile(w.programs[0].logFile())
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var said struct{ Msg, Gateway, Outcome string }
		if json.Unmarshal([]byte(line), &said) != nil {
			continue
		}
		switch said.Msg {
		case "payment notice":
			got[said.Gateway+" "+said.Outcome]++
		case "payment notice refused":
			got[said.Gateway+" forged"]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("logged (-want +got):\n%s", diff)
	}
	clear(got)
	for name := range maps.Keys(want) {
		gateway, outcome, _ := strings.Cut(name, " ")
		got[name] = w.metric(0, fmt.Sprintf(`creditmsg_payment_notices_total{gateway=%q,outcome=%q}`, gateway, outcome))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("counted (-want +got):\n%s", diff)
	}
	for _, s := range []string{secret, "ps_made_up", "v1=", simulator.DefaultSecretKey, simulator.DefaultStripeKey, simulator.DefaultStripeSecret, "홍길동"} {
		if s == "" || strings.Contains(string(text), s) {
			w.t.Errorf("the log tells %q", s)
		}
	}
}
