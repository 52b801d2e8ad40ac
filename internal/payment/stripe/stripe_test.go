package stripe

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

func TestAnAccountIsConfiguredOrSaysWhyNot(t *testing.T) {
	good := payment.Account{Name: "stripe", SecretKey: "sk_test_hidden", WebhookSecret: "whsec_hidden"}
	if g, err := New(good); err != nil || g.(*account).base != DefaultURL {
		t.Errorf("got %v, %v", g, err)
	}
	for name, change := range map[string]func(*payment.Account){
		"secret_key":     func(a *payment.Account) { a.SecretKey = "sk_test_hidden x" },
		"webhook_secret": func(a *payment.Account) { a.WebhookSecret = "" },
		"url":            func(a *payment.Account) { a.URL = "ftp://x" },
		"checkout_url":   func(a *payment.Account) { a.CheckoutURL = "http://x/?a=b" },
	} {
		a := good
		change(&a)
		if _, err := New(a); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

const (
	nothing   = `{"object":"list","has_more":false,"data":[]}`
	someCard  = `"payment_method_details":{"type":"card","card":{"brand":"visa","last4":"1234"}}`
	heldCard  = `{"id":"pi_1","status":"requires_capture","currency":"krw","amount":11000,"metadata":{"order_id":"order-1"}}`
	openedFor = `{"id":"cs_1","mode":"payment","status":"open","url":"https://checkout.example/cs_1","metadata":{"order_id":"order-1"},"payment_intent":null}`
)

// intentOf is a PaymentIntent with these fields besides.
func intentOf(status, more string) string {
	return fmt.Sprintf(`{"id":"pi_1","object":"payment_intent","status":%q,"currency":"krw","amount":11000,"metadata":{"order_id":"order-1"},"unseen":{"a":[1]}%s}`, status, more)
}

// taken is one of which so much was given back.
func taken(back int) string {
	return intentOf("succeeded", fmt.Sprintf(`,"amount_received":11000,"latest_charge":{"id":"ch_1","created":1700000000,"amount_refunded":%d,"balance_transaction":{"created":1700000060},"receipt_url":"https://pay.example/r",%s}`, back, someCard))
}

// complete is a checkout on which a card was held.
func complete(intent string) string {
	return `{"id":"cs_1","mode":"payment","status":"complete","url":null,"metadata":{"order_id":"order-1"},"payment_intent":` + intent + `}`
}

func sale() payment.Order {
	return payment.Order{ID: "order-1", Key: "key-1", Method: payment.Card, Name: "충전", Amount: 11000 * money.Won, Customer: "customer-1",
		ReturnURL: "https://shop.example/back?a=1", Payer: payment.Payer{Name: "홍길동", Email: "hong@example.com"}}
}

// cameBack is what the browser brings of a payer who said yes.
func cameBack() url.Values {
	return url.Values{"order_id": {"order-1"}, "amount": {"11000"}, "session_id": {"cs_1"}, "a": {"1"}}
}

func stored() payment.Token { return payment.Token{Customer: "cus_1", Secret: "pm_1"} }

func TestRequestsAreAsTheVendorWantsThem(t *testing.T) {
	part := payment.Cancellation{OrderID: "order-1", Ref: "pi_1", Key: "key-1", Amount: 1000 * money.Won, Reason: "환불"}
	wholly := part
	wholly.Whole = true
	left := payment.Registration{ID: "card-1", Key: "key-1", Customer: "customer-1", ReturnURL: "https://shop.example/back", Payer: payment.Payer{Email: "hong@example.com"}}
	for name, c := range map[string]struct {
		answers []said
		do      func(context.Context, *account)
		want    []string // method, path, key and form of each request
	}{
		"begin": {[]said{{500, ""}}, func(ctx context.Context, a *account) { a.Begin(ctx, sale()) }, []string{
			"POST /v1/checkout/sessions key-1:checkout cancel_url=https://shop.example/back?a=1&amount=11000&left=1&order_id=order-1 client_reference_id=order-1 " +
				"customer_email=hong@example.com line_items[0][price_data][currency]=krw line_items[0][price_data][product_data][name]=충전 " +
				"line_items[0][price_data][unit_amount]=11000 line_items[0][quantity]=1 locale=ko metadata[order_id]=order-1 mode=payment " +
				"payment_intent_data[capture_method]=manual payment_intent_data[metadata][order_id]=order-1 payment_method_types[0]=card " +
				"success_url=https://shop.example/back?a=1&amount=11000&order_id=order-1&session_id={CHECKOUT_SESSION_ID}"}},
		"confirm": {[]said{{200, complete(heldCard)}, {500, ""}}, func(ctx context.Context, a *account) { a.Confirm(ctx, sale(), cameBack()) }, []string{
			"GET /v1/checkout/sessions/cs_1  expand[0]=payment_intent.latest_charge.balance_transaction",
			"POST /v1/payment_intents/pi_1/capture key-1:capture expand[0]=latest_charge.balance_transaction"}},
		"charge": {[]said{{200, nothing}, {500, ""}}, func(ctx context.Context, a *account) { a.Charge(ctx, sale(), stored()) }, []string{
			"GET /v1/payment_intents  customer=cus_1 limit=100",
			"POST /v1/payment_intents key-1 amount=11000 capture_method=automatic confirm=true currency=krw customer=cus_1 description=충전 " +
				"expand[0]=latest_charge.balance_transaction metadata[order_id]=order-1 off_session=true payment_method=pm_1 payment_method_types[0]=card receipt_email=hong@example.com"}},
		"cancel a part": {[]said{{200, nothing}, {500, ""}}, func(ctx context.Context, a *account) { a.Cancel(ctx, part) }, []string{
			"GET /v1/refunds  limit=100 payment_intent=pi_1",
			"POST /v1/refunds key-1 amount=1000 expand[0]=charge metadata[cancellation]=key-1 metadata[order_id]=order-1 payment_intent=pi_1 reason=requested_by_customer"}},
		"cancel all": {[]said{{200, nothing}, {500, ""}}, func(ctx context.Context, a *account) { a.Cancel(ctx, wholly) }, []string{
			"GET /v1/refunds  limit=100 payment_intent=pi_1",
			"POST /v1/refunds key-1 expand[0]=charge metadata[cancellation]=key-1 metadata[order_id]=order-1 payment_intent=pi_1 reason=requested_by_customer"}},
		"begin to leave a card": {[]said{{200, `{"id":"cus_1"}`}, {500, ""}}, func(ctx context.Context, a *account) { a.BeginToken(ctx, left) }, []string{
			"POST /v1/customers key-1:customer email=hong@example.com metadata[customer]=customer-1",
			"POST /v1/checkout/sessions key-1:checkout cancel_url=https://shop.example/back?left=1&registration_id=card-1 client_reference_id=card-1 customer=cus_1 " +
				"locale=ko metadata[customer]=customer-1 metadata[registration_id]=card-1 mode=setup payment_method_types[0]=card " +
				"success_url=https://shop.example/back?registration_id=card-1&session_id={CHECKOUT_SESSION_ID}"}},
		"leave a card": {[]said{{500, ""}}, func(ctx context.Context, a *account) {
			a.FinishToken(ctx, left, url.Values{"registration_id": {"card-1"}, "session_id": {"cs_1"}})
		}, []string{"GET /v1/checkout/sessions/cs_1  expand[0]=setup_intent.payment_method"}},
		"remove a card": {[]said{{400, ""}, {500, ""}}, func(ctx context.Context, a *account) { _ = a.RemoveToken(ctx, stored()) }, []string{
			"POST /v1/payment_methods/pm_1/detach  ", "GET /v1/payment_methods/pm_1  "}},
		"find by the customer": {[]said{{500, ""}}, func(ctx context.Context, a *account) {
			o := sale()
			o.Customer = "cus_1"
			a.Find(ctx, o)
		}, []string{"GET /v1/payment_intents  customer=cus_1 limit=100"}},
		"find among all": {[]said{{500, ""}}, func(ctx context.Context, a *account) { a.Find(ctx, sale()) }, []string{"GET /v1/payment_intents  limit=100"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, v := answering(t, c.answers...)
			c.do(t.Context(), a)
			var got []string
			for _, r := range v.asked {
				got = append(got, strings.Join([]string{r.method, r.path, r.header.Get("Idempotency-Key"), flat(r.form)}, " "))
				if r.header.Get("Authorization") != "Bearer "+secretKey || r.header.Get("Stripe-Version") != Version {
					t.Errorf("headers: got %v", r.header)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// flat is a form in the order of its names, as people read it.
func flat(f url.Values) string {
	pairs := strings.Split(f.Encode(), "&")
	for i, p := range pairs {
		pairs[i], _ = url.QueryUnescape(p)
	}
	return strings.Join(pairs, " ")
}

func TestNothingIsCapturedThatDoesNotFit(t *testing.T) {
	other := sale()
	other.Ref = "cs_2"
	for what, c := range map[string]struct {
		order  payment.Order
		answer string
		want   payment.State
	}{
		"a checkout of another order":         {sale(), strings.ReplaceAll(complete(heldCard), "order-1", "order-2"), payment.Failed},
		"a payment of another order":          {sale(), complete(strings.ReplaceAll(heldCard, "order-1", "order-2")), payment.Failed},
		"a checkout that leaves a card":       {sale(), strings.Replace(complete(heldCard), `"payment"`, `"setup"`, 1), payment.Failed},
		"another amount":                      {sale(), complete(strings.Replace(heldCard, "11000", "10999", 1)), payment.Failed},
		"a checkout that was not begun last":  {other, complete(heldCard), payment.Failed},
		"another checkout than the one asked": {sale(), strings.Replace(complete(heldCard), "cs_1", "cs_3", 1), payment.Unknown},
		"another currency":                    {sale(), complete(strings.Replace(heldCard, "krw", "usd", 1)), payment.Unknown},
		"a checkout that nobody paid on":      {sale(), openedFor, payment.Open},
		"a checkout that is over":             {sale(), strings.Replace(openedFor, "open", "expired", 1), payment.Declined},
		"a hold that lapsed":                  {sale(), complete(intentOf("canceled", `,"cancellation_reason":"automatic"`)), payment.Declined},
		"a payment that was captured":         {sale(), complete(taken(0)), payment.Paid},
		"a complete checkout without payment": {sale(), complete("null"), payment.Unknown},
		"a page of somebody else's":           {sale(), "<html>", payment.Unknown},
	} {
		a, v := answering(t, said{200, c.answer})
		if r := a.Confirm(t.Context(), c.order, cameBack()); r.State != c.want {
			t.Errorf("%s: got %+v, want %v", what, r, c.want)
		}
		for _, q := range v.asked {
			if q.method != http.MethodGet {
				t.Errorf("%s: asked for %s %s", what, q.method, q.path)
			}
		}
	}
}

func TestAnOrderOfAnotherCustomerIsNotCharged(t *testing.T) {
	a, v := answering(t, said{500, ""})
	o := sale()
	o.Customer = "cus_2"
	if r := a.Charge(t.Context(), o, stored()); r.State != payment.Failed || r.Reason != payment.BadRequest || len(v.asked) > 0 {
		t.Errorf("got %+v after %d requests, want it failed after none", r, len(v.asked))
	}
}

func TestSecretsStayOutOfErrors(t *testing.T) {
	a, _ := answering(t, said{400, `{"error":{"type":"invalid_request_error","code":"unseen","message":"거절: 01012345678"}}`}, said{500, ""})
	err := a.RemoveToken(t.Context(), stored())
	if err == nil || strings.Contains(err.Error(), "pm_1") || strings.Contains(err.Error(), "01012345678") || !strings.Contains(err.Error(), "unseen") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsUnknownSaysWhatToAskFor(t *testing.T) {
	a, _ := answering(t, said{500, ""})
	if r := a.Confirm(t.Context(), sale(), cameBack()); r.State != payment.Unknown || r.Ref != "cs_1" {
		t.Errorf("the checkout cannot be seen: got %+v", r)
	}
	for _, answer := range []said{{500, ""}, {200, "{}"}, {200, strings.Replace(taken(0), "pi_1", "pi_2", 1)}} {
		a, _ := answering(t, said{200, complete(heldCard)}, answer)
		if r := a.Confirm(t.Context(), sale(), cameBack()); r.State != payment.Unknown || r.Ref != "pi_1" {
			t.Errorf("captured with %d %s: got %+v", answer.status, answer.body, r)
		}
	}
}
