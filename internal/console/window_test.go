package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"creditmsg/client"
)

// gatewayAPI answers as the API does of a payment that goes on in the window of a gateway's script.
func gatewayAPI(checkout string) http.Handler {
	mux := http.NewServeMux()
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, body)
		})
	}
	answer("GET /v1/me", `{"permissions":["credit:read","credit:write"],"person":{"id":"usr_1","email":"kim@shop.example","roles":[{"site":"shop","roles":["finance"]}]}}`)
	answer("GET /v1/credit/payments/pay_1", `{"id":"pay_1","status":"created","gateway":"toss","method":"card","amount":"10000.00","vat":"1000.00","total":"11000.00","bonus":"0.00","cancelled":"0.00","returned":"0.00","cancellations":[],"checkout":`+checkout+`}`)
	return mux
}

// opened opens a page of a console before that API.
func opened(t *testing.T, checkout, path string) *httptest.ResponseRecorder {
	t.Helper()
	c, err := New(Options{API: gatewayAPI(checkout)})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.AddCookie(&http.Cookie{Name: "creditmsg", Value: "cm_live_x"})
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

const (
	scripted = `{"url":"","script":"https://js.tosspayments.com/v2/standard","fields":{"call":"requestPayment","method":"CARD","clientKey":"ck</script>","orderId":"pay_1","amount":"11000","successUrl":"https://a.example/s","failUrl":"https://a.example/f"}}`
	foreign  = `{"url":"","script":"https://elsewhere.example/evil.js","fields":{}}`
	paged    = `{"url":"https://checkout.example/x","script":"","fields":{}}`
)

func TestTheWindowOfAGatewayWithoutAPageIsOpenedByItsScriptAlone(t *testing.T) {
	const at = "/console/s/shop/credit/payments/pay_1"
	if page := opened(t, scripted, at); !strings.Contains(page.Body.String(), `href="`+at+`/window"`) || strings.Contains(page.Header().Get("Content-Security-Policy"), "toss") {
		t.Errorf("the page of the payment has the policy %q and says %s", page.Header().Get("Content-Security-Policy"), page.Body)
	}
	window := opened(t, scripted, at+"/window")
	policy, text := window.Header().Get("Content-Security-Policy"), window.Body.String()
	if !strings.Contains(policy, "script-src 'self' https://js.tosspayments.com;") || strings.Contains(policy, "unsafe") {
		t.Errorf("the window's policy is %q", policy)
	}
	if !strings.Contains(text, `<script src="https://js.tosspayments.com/v2/standard" defer>`) || !strings.Contains(text, `"orderId":"pay_1"`) || strings.Contains(text, "ck</script>") {
		t.Errorf("the window is %s", text)
	}
	if page := opened(t, paged, at); !strings.Contains(page.Body.String(), `href="https://checkout.example/x"`) {
		t.Errorf("it does not lead to the gateway's page: %s", page.Body)
	}
	for _, checkout := range []string{foreign, paged, "null"} {
		if w := opened(t, checkout, at+"/window"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != at {
			t.Errorf("of %s the window has status %d and leads to %q", checkout, w.Code, w.Header().Get("Location"))
		}
		if page := opened(t, checkout, at); checkout == foreign && strings.Contains(page.Body.String(), "/window") {
			t.Errorf("it leads to the window of a script that nobody knows: %s", page.Body)
		}
	}
}

func TestWhatAPayerIsChargedIsShownAsTheAPIWillCharge(t *testing.T) {
	for _, c := range []struct {
		typed              string
		included           bool
		supply, vat, total string
	}{
		{"50,000", false, "50000.0000", "5000.0000", "55000.0000"}, {"1005원", false, "1005.0000", "101.0000", "1106.0000"}, {"1004", false, "1004.0000", "100.0000", "1104.0000"},
		{"55000", true, "50000.0000", "5000.0000", "55000.0000"}, {"10000", true, "9091.0000", "909.0000", "10000.0000"},
	} {
		got := sumOf([]client.Gateway{{Name: "toss", VATIncluded: c.included}}, "card@toss", c.typed)
		if want := (paySum{true, client.Amount(c.supply), client.Amount(c.vat), client.Amount(c.total)}); got != want {
			t.Errorf("%s: got %+v, want %+v", c.typed, got, want)
		}
	}
	for _, typed := range []string{"", "x", "-5", "0", "10.5", "99999999999999999"} {
		if got := sumOf([]client.Gateway{{Name: "toss"}}, "card@toss", typed); got.Known {
			t.Errorf("%q gives %+v", typed, got)
		}
	}
}
