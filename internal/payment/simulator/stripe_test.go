package simulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asStripe makes a request to Stripe; header are pairs.
func (w *world) asStripe(method, path string, form url.Values, header ...string) reply {
	w.Helper()
	body := strings.NewReader(form.Encode())
	if method == http.MethodGet {
		path, body = path+"?"+form.Encode(), strings.NewReader("")
	}
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+DefaultStripeKey)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return w.do(r)
}

// failed is the error of a reply: its most exact code.
func (r reply) failed() string {
	e, _ := r.body["error"].(map[string]any)
	for _, name := range []string{"decline_code", "code", "type"} {
		if code := text(e[name]); code != "" {
			return code
		}
	}
	return ""
}

// pressed does in a page of Stripe's what a payer does.
func (w *world) pressed(session, card, action string) reply {
	w.Helper()
	form := url.Values{"session": {session}, "card": {card}, "action": {action}}
	r := httptest.NewRequest(http.MethodPost, "/_sim/checkout", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

// selling are the parameters of a checkout on which a card is held.
func selling(order string) url.Values {
	return url.Values{"mode": {"payment"}, "success_url": {"http://shop.example/back?a={CHECKOUT_SESSION_ID}"}, "cancel_url": {"http://shop.example/no"},
		"line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {"krw"}, "line_items[0][price_data][unit_amount]": {"11000"},
		"line_items[0][price_data][product_data][name]": {"충전"}, "payment_intent_data[capture_method]": {"manual"},
		"payment_intent_data[metadata][order_id]": {order}, "metadata[order_id]": {order}}
}

// held is the PaymentIntent of an order whose payer said yes.
func (w *world) held(order, card string) string {
	w.Helper()
	id := text(w.asStripe("POST", "/v1/checkout/sessions", selling(order)).body["id"])
	if got := w.pressed(id, card, "pay"); got.header.Get("Location") != "http://shop.example/back?a="+id {
		w.Fatalf("pay: got %d %v", got.status, got.header)
	}
	got := w.asStripe("GET", "/v1/checkout/sessions/"+id, nil)
	if text(got.body["status"]) != "complete" {
		w.Fatalf("session: got %v", got.body)
	}
	return text(got.body["payment_intent"])
}

func (w *world) captured(intent string, header ...string) reply {
	w.Helper()
	return w.asStripe("POST", "/v1/payment_intents/"+intent+"/capture", nil, header...)
}

// leftCard gives a customer and a card that he left.
func (w *world) leftCard(card string) (customer, method string) {
	w.Helper()
	customer = text(w.asStripe("POST", "/v1/customers", url.Values{"metadata[customer]": {"c"}}).body["id"])
	id := text(w.asStripe("POST", "/v1/checkout/sessions", url.Values{"mode": {"setup"}, "customer": {customer}, "success_url": {"http://shop.example/back"}}).body["id"])
	w.pressed(id, card, "pay")
	got := w.asStripe("GET", "/v1/checkout/sessions/"+id, url.Values{"expand[]": {"setup_intent"}})
	setup, _ := got.body["setup_intent"].(map[string]any)
	if text(setup["payment_method"]) == "" {
		w.Fatalf("leave a card: got %v", got.body)
	}
	return customer, text(setup["payment_method"])
}

// charging are the parameters of a charge of a stored card.
func charging(customer, method, order string) url.Values {
	return url.Values{"amount": {"11000"}, "currency": {"krw"}, "customer": {customer}, "payment_method": {method}, "off_session": {"true"},
		"confirm": {"true"}, "metadata[order_id]": {order}}
}

func (w *world) stripeCharged(card, order string, header ...string) reply {
	w.Helper()
	customer, method := w.leftCard(card)
	return w.asStripe("POST", "/v1/payment_intents", charging(customer, method, order), header...)
}

func TestACardIsHeldOnAPageAndCapturedLater(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		id := w.held("order-1", goodCard)
		got := w.asStripe("GET", "/v1/payment_intents/"+id, nil)
		if text(got.body["status"]) != "requires_capture" || w.takenOf("order-1") != 0 {
			t.Errorf("held: got %v and %d takings", got.body, w.takenOf("order-1"))
		}
		if got := w.captured(id); text(got.body["status"]) != "succeeded" || w.takenOf("order-1") != 1 {
			t.Errorf("captured: got %v", got.body)
		}
		if got := w.captured(id); got.failed() != "payment_intent_unexpected_state" {
			t.Errorf("captured twice: got %v", got.body)
		}
		lapsing := w.held("order-2", goodCard)
		time.Sleep(holdFor + time.Second)
		if got := w.asStripe("GET", "/v1/payment_intents/"+lapsing, nil); text(got.body["status"]) != "canceled" || w.captured(lapsing).status != 400 {
			t.Errorf("lapsed: got %v", got.body)
		}
		let := w.held("order-3", goodCard)
		w.asStripe("POST", "/v1/payment_intents/"+let+"/cancel", nil)
		if got := w.captured(let); got.failed() != "payment_intent_unexpected_state" || w.takenOf("order-3") != 0 {
			t.Errorf("let go: got %v", got.body)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"payment_intent.succeeded", "payment_intent.canceled", "payment_intent.canceled"}, w.wire.kinds()); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
	})
}

func TestAPageKeepsAPayerWhoseCardIsRefused(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		id := text(w.asStripe("POST", "/v1/checkout/sessions", selling("order-1")).body["id"])
		for what, got := range map[string]reply{"refused": w.pressed(id, cardOf("01"), "pay"), "declined": w.pressed(id, goodCard, "decline")} {
			if got.status != http.StatusPaymentRequired {
				t.Errorf("%s: got %d", what, got.status)
			}
		}
		if got := w.pressed(id, "1", "pay"); got.status != http.StatusUnprocessableEntity {
			t.Errorf("no card: got %d", got.status)
		}
		if got := w.pressed(id, goodCard, "leave"); got.header.Get("Location") != "http://shop.example/no" {
			t.Errorf("left: got %v", got.header)
		}
		if got := w.pressed(id, cardOf("06"), "pay"); got.status != http.StatusSeeOther {
			t.Errorf("a card whose issuer asks the payer: got %d", got.status)
		}
		if got := w.pressed(id, goodCard, "pay"); got.status != http.StatusNotFound {
			t.Errorf("a page that is over: got %d", got.status)
		}
		late := text(w.asStripe("POST", "/v1/checkout/sessions", selling("order-2")).body["id"])
		time.Sleep(sessionFor + time.Second)
		if got := w.asStripe("GET", "/v1/checkout/sessions/"+late, nil); text(got.body["status"]) != "expired" || w.pressed(late, goodCard, "pay").status != 404 {
			t.Errorf("expired: got %v", got.body)
		}
	})
}

func TestAStoredCardOfStripeIsChargedUntilItIsDetached(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		customer, method := w.leftCard(goodCard)
		post := func(form url.Values) reply { return w.asStripe("POST", "/v1/payment_intents", form) }
		if got := post(charging(customer, method, "order-1")); text(got.body["status"]) != "succeeded" || w.takenOf("order-1") != 1 {
			t.Fatalf("charged: got %v", got.body)
		}
		other, _ := w.leftCard(goodCard)
		for want, change := range map[string]url.Values{
			"resource_missing": {"customer": {other}}, "parameter_unknown": {"amont": {"1"}}, "amount_too_small": {"amount": {"99"}}, "invalid_request_error": {"currency": {"usd"}},
		} {
			form := charging(customer, method, "order-2")
			for name, value := range change {
				form[name] = value
			}
			if got := post(form); got.failed() != want || got.status/100 != 4 {
				t.Errorf("%v: got %d %v, want %s", change, got.status, got.body, want)
			}
		}
		detach := "/v1/payment_methods/" + method + "/detach"
		if w.asStripe("POST", detach, nil).status != 200 || w.asStripe("POST", detach, nil).status != 400 {
			t.Error("detached once and twice: want 200, then 400")
		}
		if got := post(charging(customer, method, "order-3")); got.status != 400 || len(w.Takings()) != 1 {
			t.Errorf("charged after: got %d %v", got.status, got.body)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"payment_intent.succeeded", "payment_method.detached"}, w.wire.kinds()); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
	})
}

func TestFaultsOfTheTableAreSaidInStripesWords(t *testing.T) {
	for bb, c := range map[string]struct {
		status, taken int
		failed        string
		again         int // what the same key gets a moment later
		takenThen     int
	}{
		"01": {402, 0, "insufficient_funds", 402, 0}, "03": {402, 0, "lost_card", 402, 0}, "04": {402, 0, "expired_card", 402, 0},
		"06": {402, 0, "authentication_required", 402, 0}, "08": {500, 1, "api_error", 500, 1}, "10": {500, 0, "api_error", 500, 0},
		"11": {429, 0, "rate_limit", 200, 1}, "14": {409, 0, "idempotency_key_in_use", 200, 1}, "15": {424, 1, "api_error", 424, 1},
	} {
		inFakeTime(t, Options{}, func(w *world) {
			customer, method := w.leftCard(cardOf(bb))
			do := func() reply {
				return w.asStripe("POST", "/v1/payment_intents", charging(customer, method, "order-1"), "Idempotency-Key", "k1")
			}
			got := do()
			if got.status != c.status || got.failed() != c.failed || w.takenOf("order-1") != c.taken || got.header.Get("Request-Id") == "" {
				t.Errorf("%s: got %d %v and %d takings", bb, got.status, got.body, w.takenOf("order-1"))
			}
			time.Sleep(2 * time.Second)
			again := do()
			if again.status != c.again || w.takenOf("order-1") != c.takenThen {
				t.Errorf("%s, again: got %d %v and %d takings", bb, again.status, again.body, w.takenOf("order-1"))
			}
			if replayed := again.header.Get("Idempotent-Replayed") != ""; replayed != (bb != "11") {
				t.Errorf("%s, again: said to be a repeat: %v", bb, replayed)
			}
			list := w.asStripe("GET", "/v1/payment_intents", url.Values{"customer": {customer}}).body["data"].([]any)
			if refused := c.status == 402; len(list) != max(c.takenThen, map[bool]int{true: 1}[refused]) {
				t.Errorf("%s: got %d payments listed", bb, len(list))
			}
		})
	}
}

func TestOneKeyOfStripesIsOneRequest(t *testing.T) {
	inFakeTime(t, Options{Scenario: Scenario{AnswerDelay: time.Second}}, func(w *world) {
		customer, method := w.leftCard(goodCard)
		form := charging(customer, method, "order-1")
		var both sync.WaitGroup
		codes := make([]int, 2)
		for i := range codes {
			both.Go(func() {
				codes[i] = w.asStripe("POST", "/v1/payment_intents", form, "Idempotency-Key", "k1").status
			})
		}
		both.Wait()
		if codes[0]+codes[1] != 200+409 || w.takenOf("order-1") != 1 {
			t.Errorf("at once: got %v and %d takings", codes, w.takenOf("order-1"))
		}
		form.Set("amount", "12000")
		for what, got := range map[string]reply{
			"other parameters": w.asStripe("POST", "/v1/payment_intents", form, "Idempotency-Key", "k1"),
			"another path":     w.asStripe("POST", "/v1/customers", nil, "Idempotency-Key", "k1"),
		} {
			if got.status != 400 || got.failed() != "idempotency_error" {
				t.Errorf("%s: got %d %v", what, got.status, got.body)
			}
		}
		if w.asStripe("POST", "/v1/customers", url.Values{"x": {"1"}}, "Idempotency-Key", "k2").status != 400 || w.asStripe("POST", "/v1/customers", nil, "Idempotency-Key", "k2").status != 200 {
			t.Error("a request that did not fit used its key up")
		}
		time.Sleep(stripeKeyLasts + time.Hour)
		if got := w.asStripe("POST", "/v1/payment_intents", form, "Idempotency-Key", "k1"); got.status != 200 || w.takenOf("order-1") != 2 {
			t.Errorf("after its time: got %d %v", got.status, got.body)
		}
	})
}

func TestRefundsOfStripeNeverExceedTheCharge(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		id := text(w.stripeCharged(goodCard, "order-1").body["id"])
		refund := func(of, amount string) reply {
			form := url.Values{"payment_intent": {of}}
			if amount != "" {
				form.Set("amount", amount)
			}
			return w.asStripe("POST", "/v1/refunds", form)
		}
		if got := refund(id, "1000"); got.status != 200 || text(got.body["status"]) != "succeeded" {
			t.Errorf("a part: got %v", got.body)
		}
		if got := refund(id, "10001"); got.status != 400 {
			t.Errorf("too much: got %v", got.body)
		}
		if got := refund(id, ""); got.status != 200 || w.Takings()[0].back() != 11000 {
			t.Errorf("the rest: got %v", got.body)
		}
		if got := refund(id, ""); got.failed() != "charge_already_refunded" {
			t.Errorf("nothing left: got %v", got.body)
		}
		for bb, want := range map[string]string{"20": "charge_disputed", "21": "charge_not_refundable", "22": "lock_timeout", "26": "rate_limit"} {
			if got := refund(text(w.stripeCharged(cardOf(bb), "order-"+bb).body["id"]), ""); got.failed() != want {
				t.Errorf("%s: got %v, want %s", bb, got.body, want)
			}
		}
		if got := refund(text(w.stripeCharged(cardOf("29"), "order-29").body["id"]), "1000"); got.status != 400 {
			t.Errorf("a part of what goes whole: got %v", got.body)
		}
		if got := refund(w.held("order-9", goodCard), ""); got.failed() != "payment_intent_unexpected_state" {
			t.Errorf("a card that is only held: got %v", got.body)
		}
	})
}

func TestListsOfStripeBeginWithTheNewest(t *testing.T) {
	inFakeTime(t, Options{MaxPage: 2}, func(w *world) {
		var want []string
		start := time.Now()
		for i := range 5 {
			time.Sleep(time.Minute)
			order := fmt.Sprintf("order-%d", i)
			w.stripeCharged(goodCard, order)
			want = append([]string{order}, want...)
		}
		var got []string
		q := url.Values{"limit": {"100"}, "expand[]": {"data.source"}, "created[gt]": {fmt.Sprint(start.Add(time.Minute).Unix())}}
		for more := true; more; {
			page := w.asStripe("GET", "/v1/balance_transactions", q)
			for _, e := range page.body["data"].([]any) {
				line := e.(map[string]any)
				charge := line["source"].(map[string]any)
				got = append(got, text(charge["metadata"].(map[string]any)["order_id"]))
				q.Set("starting_after", text(line["id"]))
			}
			more = page.body["has_more"].(bool)
		}
		if !slices.Equal(got, want[:4]) {
			t.Errorf("got %v, want %v", got, want[:4])
		}
		if got := w.asStripe("GET", "/v1/payment_intents", url.Values{"limit": {"101"}}); got.status != 400 {
			t.Errorf("too long a page: got %d", got.status)
		}
		if got := w.asStripe("GET", "/v1/payment_intents", url.Values{"customer": {"cus_none"}}); got.failed() != "resource_missing" {
			t.Errorf("of nobody: got %v", got.body)
		}
	})
}

func TestBothVendorsAreTheSameHouse(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		w.bought("order-1", goodCard)
		w.stripeCharged(goodCard, "order-2")
		var got []string
		for _, one := range w.Takings() {
			got = append(got, one.Gateway+" "+one.OrderID)
		}
		if diff := cmp.Diff([]string{"toss order-1", "stripe order-2"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for what, header := range map[string]string{"Toss's key": "Basic " + DefaultSecretKey, "another key": "Bearer sk_test_other", "none": ""} {
			if got := w.asStripe("GET", "/v1/payment_intents", nil, "Authorization", header); got.status != 401 || got.failed() != "invalid_request_error" {
				t.Errorf("%s: got %d %v", what, got.status, got.body)
			}
		}
		w.Play(Scenario{NoLookup: true})
		if got := w.asStripe("GET", "/v1/payment_intents", nil); got.status != 500 {
			t.Errorf("a gateway that cannot be asked: got %d", got.status)
		}
		w.Play(Scenario{Refuse: map[string]Share{"REJECT_CARD_COMPANY": whole}})
		if got := w.stripeCharged(goodCard, "order-3"); got.failed() != "generic_decline" {
			t.Errorf("refused by the scenario: got %v", got.body)
		}
		w.Reset()
		if got := w.asStripe("GET", "/v1/payment_intents", nil); len(got.body["data"].([]any)) != 0 {
			t.Errorf("after the reset: got %v", got.body)
		}
	})
}

func TestNoticesOfStripeAreSignedAndRepeated(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		w.wire.answer = func(int) int { return 500 }
		start := time.Now()
		w.stripeCharged(goodCard, "order-1")
		time.Sleep(5 * 24 * time.Hour)
		all := w.wire.all()
		if len(all) != len(stripePauses)+1 || all[len(all)-1].at.Sub(start) < 48*time.Hour {
			t.Errorf("got %d calls, the last after %v", len(all), all[len(all)-1].at.Sub(start))
		}
		for _, c := range all {
			if want := stripeSignature(DefaultStripeSecret, c.at, c.raw); c.signature != want || c.body.ID != all[0].body.ID {
				t.Errorf("got %s signed %q, want %q", c.body.ID, c.signature, want)
			}
		}
	})
	inFakeTime(t, Options{}, func(w *world) {
		w.wire.answer = func(int) int { return 204 }
		w.stripeCharged(cardOf("30"), "order-1")
		time.Sleep(5 * 24 * time.Hour)
		all := w.wire.all()
		if len(all) != 2 || all[0].signature == stripeSignature(DefaultStripeSecret, all[0].at, all[0].raw) || all[1].signature != stripeSignature(DefaultStripeSecret, all[1].at, all[1].raw) {
			t.Errorf("got %d calls, want a forged one and a true one", len(all))
		}
	})
}
