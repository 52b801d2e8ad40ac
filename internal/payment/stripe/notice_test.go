package stripe

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/payment"
)

// The vendor's documents give the rule; this value was computed beside it.
const (
	knownBody      = `{"id":"evt_1"}`
	knownMoment    = 1_700_000_000
	knownSignature = "248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a"
)

func TestASignatureIsOfTheSecretTheTimeAndTheBody(t *testing.T) {
	at, right := time.Unix(knownMoment, 0), fmt.Sprintf("t=%d,v1=%s", knownMoment, knownSignature)
	wrong := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		header, secret, body string
		now                  time.Time
		ok                   bool
	}{
		"as it came":                {right, webhookSecret, knownBody, at, true},
		"five minutes later":        {right, webhookSecret, knownBody, at.Add(300 * time.Second), true},
		"five minutes before":       {right, webhookSecret, knownBody, at.Add(-300 * time.Second), true},
		"behind one of old secret":  {fmt.Sprintf("t=%d,v1=%s,v1=%s,v0=x", knownMoment, wrong, knownSignature), webhookSecret, knownBody, at, true},
		"with spaces":               {strings.ReplaceAll(right, ",", ", "), webhookSecret, knownBody, at, true},
		"too late":                  {right, webhookSecret, knownBody, at.Add(301 * time.Second), false},
		"too early":                 {right, webhookSecret, knownBody, at.Add(-301 * time.Second), false},
		"another secret":            {right, webhookSecret + "x", knownBody, at, false},
		"another body":              {right, webhookSecret, knownBody + " ", at, false},
		"another time":              {strings.Replace(right, "t=17", "t=18", 1), webhookSecret, knownBody, time.Unix(1_800_000_000, 0), false},
		"another scheme":            {strings.Replace(right, "v1", "v0", 1), webhookSecret, knownBody, at, false},
		"a part of it":              {right[:len(right)-2], webhookSecret, knownBody, at, false},
		"not in hexadecimal":        {fmt.Sprintf("t=%d,v1=zz", knownMoment), webhookSecret, knownBody, at, false},
		"without a time":            {"v1=" + knownSignature, webhookSecret, knownBody, at, false},
		"without anything":          {"", webhookSecret, knownBody, at, false},
		"with a time out of reason": {"t=99999999999999999999,v1=" + knownSignature, webhookSecret, knownBody, at, false},
	} {
		if err := signed(c.header, []string{"whsec_other", c.secret}, []byte(c.body), c.now); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want it right: %v", name, err, c.ok)
		}
	}
}

// event is one about an object.
func event(kind, object string) string {
	return fmt.Sprintf(`{"id":"evt_1","object":"event","type":%q,"created":1700000000,"data":{"object":%s}}`, kind, object)
}

func TestNoticesNameWhatTheyAreAbout(t *testing.T) {
	for text, want := range map[string]payment.Notice{
		event("payment_intent.succeeded", `{"id":"pi_1","object":"payment_intent","metadata":{"order_id":"order-1"}}`):                     {OrderID: "order-1", Ref: "pi_1"},
		event("charge.refunded", `{"id":"ch_1","object":"charge","payment_intent":"pi_1","metadata":{"order_id":"order-1"}}`):              {OrderID: "order-1", Ref: "pi_1"},
		event("charge.refund.updated", `{"id":"re_1","object":"refund","payment_intent":{"id":"pi_1"},"metadata":{"order_id":"../../x"}}`): {Ref: "pi_1"},
		event("charge.dispute.created", `{"id":"dp_1","object":"dispute","payment_intent":"pi_1","metadata":{}}`):                          {Ref: "pi_1"},
		event("checkout.session.completed", `{"id":"cs_1","object":"checkout.session","mode":"payment","payment_intent":null}`):            {Ref: "cs_1"},
		event("checkout.session.completed", `{"id":"cs_1","object":"checkout.session","mode":"setup","payment_intent":null}`):              {},
		event("payment_method.detached", `{"id":"pm_1","object":"payment_method","customer":null}`):                                        {Token: "pm_1"},
		event("payment_method.attached", `{"id":"pm_1","object":"payment_method"}`):                                                        {},
		event("charge.succeeded", `{"id":"ch_1","object":"charge","payment_intent":null}`):                                                 {},
		event("payout.paid", `{"id":"po_1","object":"payout"}`):                                                                            {},
	} {
		want.ID = "evt_1"
		got, err := readNotice([]byte(text))
		if want.Kind = got.Kind; err != nil || got != want || !strings.Contains(text, `"`+got.Kind+`"`) {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		knownBody, `{"id":"","object":"event","type":"x"}`, `{"id":"evt_1","object":"list","type":"x"}`,
		event("payment_intent.succeeded", `{"id":"../../x","object":"payment_intent"}`), event("", `{}`),
	} {
		if got, err := readNotice([]byte(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", text, got)
		}
	}
	a, _ := answering(t, said{500, ""})
	if n, err := a.Notice(nil, []byte(event("payout.paid", "{}")), time.Now()); err == nil {
		t.Errorf("without headers: got %+v, want an error", n)
	}
}

func FuzzNotice(f *testing.F) {
	for _, object := range []string{
		`{"id":"pi_1","object":"payment_intent","metadata":{"order_id":"order-1"}}`, `{"id":"ch_1","object":"charge","payment_intent":{"id":"pi_1"}}`,
		`{"id":"pm_1","object":"payment_method"}`, `{"id":"cs_1","object":"checkout.session","mode":"payment"}`,
	} {
		f.Add([]byte(event("payment_method.detached", object)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := readNotice(body)
		if err != nil && n != (payment.Notice{}) {
			t.Errorf("got %+v beside %v", n, err)
		}
		if n.OrderID != "" && !payment.ValidOrderID(n.OrderID) || n.Ref != "" && !validRef(n.Ref) || n.Token != "" && !validRef(n.Token) {
			t.Errorf("got %+v, which cannot be asked for", n)
		}
		if err == nil && (n.Kind == "" || n.ID == "") {
			t.Errorf("got %+v without a kind or an id", n)
		}
	})
}

func FuzzSignature(f *testing.F) {
	f.Add(fmt.Sprintf("t=%d,v1=%s", knownMoment, knownSignature))
	f.Add("t=1,v1=,v1=00,,=,t=2")
	f.Fuzz(func(t *testing.T, header string) {
		a := &account{secrets: []string{webhookSecret}}
		h := http.Header{signatureHeader: {header}}
		if n, err := a.Notice(h, []byte(event("payout.paid", "{}")), time.Unix(knownMoment, 0)); err == nil {
			t.Errorf("%q: got %+v, want an error: nobody signed it", header, n)
		}
	})
}

func FuzzPayment(f *testing.F) {
	f.Add([]byte(taken(1000)))
	for _, status := range []string{statusHeld, statusNoMethod, statusAction, statusCanceled, statusProcessing, "other"} {
		f.Add([]byte(intentOf(status, `,"last_payment_error":{"code":"x"},"latest_charge":"ch_1"`)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := readIntent(body)
		if err != nil {
			return
		}
		for _, m := range []payment.Method{payment.Card, payment.Stored} {
			r := p.result(m)
			if r.State.Taken() && (r.Amount < 0 || p.Status != statusSucceeded) || r.Cancelled < 0 || r.Cancelled > r.Amount {
				t.Errorf("got %+v of %s", r, body)
			}
			if (r.State == payment.Declined || r.State == payment.Failed) && r.Reason == "" {
				t.Errorf("got %+v without a reason", r)
			}
		}
	})
}

func FuzzSession(f *testing.F) {
	f.Add([]byte(complete(taken(0))))
	f.Add([]byte(openedFor))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := readSession(body)
		if err != nil {
			return
		}
		if r := s.result(); r.State.Taken() && (s.Intent == nil || s.Intent.Status != statusSucceeded) {
			t.Errorf("got %+v of %s", r, body)
		}
		if got := s.token(); got.State == payment.Paid && (got.Token.Secret == "" || got.Token.Customer == "") {
			t.Errorf("got %+v of %s", got, body)
		}
	})
}

func FuzzLists(f *testing.F) {
	f.Add([]byte(listOf(refundOf("re_1", "succeeded", "key-1", 1000))))
	f.Add([]byte(listOf(moved("txn_1", "refund", knownMoment, `{"object":"refund","currency":"krw","amount":5,"payment_intent":"pi_1"}`))))
	f.Fuzz(func(t *testing.T, body []byte) {
		if page, _, err := readRefunds(body, "pi_1"); err == nil {
			for _, one := range page {
				if one.given() < 0 || one.Intent != "pi_1" {
					t.Errorf("got %+v", one)
				}
			}
		}
		lines, _, err := readMovements(body, time.Unix(1, 0), time.Unix(lastMoment, 0))
		for _, m := range lines {
			if m.Amount <= 0 || m.ID == "" || err != nil {
				t.Errorf("got %+v, %v", m, err)
			}
		}
	})
}
