package server

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	till "creditmsg/internal/payment/simulator"
	"creditmsg/internal/provider"
)

// deadlines is a client's connection that notes which deadlines it is given.
type deadlines struct {
	*httptest.ResponseRecorder
	reading, writing int
}

func (d *deadlines) SetReadDeadline(time.Time) error  { d.reading++; return nil }
func (d *deadlines) SetWriteDeadline(time.Time) error { d.writing++; return nil }

func TestThePagesOfTestPayersStandBehindTheDoorsOwnBounds(t *testing.T) {
	c := testConfig(t)
	c.Limits.Address.RequestsPerMinute = 8
	p := running(t, c, Options{})
	ask := func(method, path, body string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, p.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res
	}
	problem := func(what string, res *http.Response, status int) {
		t.Helper()
		if res.StatusCode != status || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %d %v, want %d as a problem", what, res.StatusCode, res.Header, status)
		}
	}
	for _, path := range []string{checkoutPath, depositPath} {
		problem("a large form at "+path, ask("POST", path, "account="+strings.Repeat("x", 65<<10)), 413)
		problem("DELETE "+path, ask("DELETE", path, ""), 405)
		client := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		p.handler.ServeHTTP(client, httptest.NewRequest("POST", path, strings.NewReader("account=X1")))
		if client.reading == 0 || client.writing == 0 {
			t.Errorf("POST %s: a client that is slow has %d deadlines to send by, and %d to read by", path, client.reading, client.writing)
		}
	}
	res := ask("GET", depositPath, "")
	if res.StatusCode != 200 || res.Header.Get("X-Request-Id") == "" || res.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Errorf("the page of deposits: got %d %v", res.StatusCode, res.Header)
	}
	for range 8 {
		res = ask("GET", checkoutPath, "")
	}
	problem("the ninth request of an address", res, 429)
}

func TestTheWindowOfTestPayersOpensOnlyForWhoBeganAPayment(t *testing.T) {
	c := testConfig(t)
	p := running(t, c, Options{})
	do := calling(t, http.DefaultClient, p.URL(), testSite(t, c, "shop"))
	window, err := url.Parse(do("POST", "/v1/credit/payments", byCard)["checkout"].(map[string]any)["url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	known := window.Query()
	guessed := window.Query()
	guessed.Set("clientKey", till.DefaultClientKey)
	for _, q := range []struct {
		values url.Values
		want   int
	}{{known, http.StatusOK}, {guessed, http.StatusBadRequest}} {
		if res := fetched(t, http.DefaultClient, p.URL()+checkoutPath+"?"+q.values.Encode()); res.StatusCode != q.want {
			t.Errorf("with the key %s: got %d, want %d", q.values.Get("clientKey"), res.StatusCode, q.want)
		}
	}
}

// testSite makes a site with a test site beside it, and gives the secret of a token of that.
func testSite(t *testing.T, c Config, site string) string {
	t.Helper()
	o, err := OpenOperator(t.Context(), c, OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if _, err = o.CreateSite(t.Context(), NewSite{ID: site, Name: site}); err == nil {
		_, err = o.AddSender(t.Context(), site, "02-6123-4567")
	}
	if err != nil {
		t.Fatal(err)
	}
	token, err := o.CreateTestToken(t.Context(), site, "tests", []string{"*"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return token.Secret
}

// calling gives what calls the API at an address with a token.
func calling(t *testing.T, c *http.Client, url, token string) func(method, path, body string) map[string]any {
	return func(method, path, body string) (out map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode > 299 {
			t.Fatalf("%s %s: got %d %v, %v", method, path, res.StatusCode, out, err)
		}
		return out
	}
}

const (
	textOfTest = `{"strategy":"sms_only","text":{"body":"안녕"},"recipients":[{"to":"010-1234-5678"}]}`
	byCard     = `{"gateway":"toss.test","method":"card","amount":"10000","return_url":"https://shop.example/done"}`
	onAccount  = `{"gateway":"toss.test","method":"virtual_account","amount":"10000","bank":"20","payer":{"name":"홍길동"}}`
)

// TestTestSitesSendAndPayThroughADoorThatSpeaksTLS: the certificate is for a name, and the
// simulators know this machine's address alone.
func TestTestSitesSendAndPayThroughADoorThatSpeaksTLS(t *testing.T) {
	a := newAuthority(t, "", nil)
	c := withTLS(t, a)
	p := running(t, c, Options{})
	browser := browser(p, a, nil)
	do := calling(t, browser, "https://msg.example.com", testSite(t, c, "shop"))
	checkout := do("POST", "/v1/credit/payments", byCard)["checkout"].(map[string]any)["url"].(string)
	if !strings.HasPrefix(checkout, "https://msg.example.com/test/checkout?") {
		t.Errorf("payers are sent to %s", checkout)
	}
	if res := fetched(t, browser, checkout); res.StatusCode != 200 {
		t.Errorf("there they get %d", res.StatusCode)
	}
	of := do("POST", "/v1/messages", textOfTest)["id"].(string)
	paid := do("POST", "/v1/credit/payments", onAccount)
	res, err := browser.PostForm("https://msg.example.com/test/deposit", url.Values{"account": {paid["deposit"].(map[string]any)["number"].(string)}})
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("the deposit: %v, %v", res, err)
	}
	_ = res.Body.Close()
	until(t, "the text is delivered", func() bool { return do("GET", "/v1/messages/"+of, "")["status"] == "done" })
	until(t, "the deposit is credited", func() bool { return do("GET", "/v1/credit/payments/"+paid["id"].(string), "")["status"] == "paid" })
}

func TestPayersOfTestSitesAreSentToWhereTheyReachUs(t *testing.T) {
	c := testConfig(t)
	c.Listen = "0.0.0.0:0"
	c.Payments.PublicURL = "https://credit.example/"
	c.defaults()
	for _, public := range []Address{c.Payments.PublicURL, ""} {
		c.Database.URL, c.Payments.PublicURL = testConfig(t).Database.URL, public
		p := running(t, c, Options{})
		want := "https://credit.example"
		if public == "" {
			_, port, _ := net.SplitHostPort(p.door.Addr().String())
			want = "http://localhost:" + port
		}
		do := calling(t, http.DefaultClient, strings.Replace(p.URL(), "127.0.0.1", "localhost", 1), testSite(t, c, "shop"))
		window, err := url.Parse(do("POST", "/v1/credit/payments", byCard)["checkout"].(map[string]any)["url"].(string))
		if err != nil || window.Scheme+"://"+window.Host+window.Path != want+checkoutPath || !strings.HasPrefix(window.Query().Get("successUrl"), want+"/payments/pay_") {
			t.Errorf("with public_url %q payers are sent to %v, %v", public, window, err)
		}
	}
}

// TestTheVerbsJudgeReportsByTheSettingsOfTheProcesses: what a run would move is decided by them.
func TestTheVerbsJudgeReportsByTheSettingsOfTheProcesses(t *testing.T) {
	account := simulatedAccount("http://127.0.0.1:9")
	account.Cost = CostConfig{SMS: "8.4"}
	c := testConfig(t, account)
	c.Delivery.FallbackWithin, c.Delivery.NightFrom = 7*time.Hour, "19:00"
	p := running(t, c, Options{})
	do := calling(t, http.DefaultClient, p.URL(), testSite(t, c, "shop"))
	name := do("POST", "/v1/messages", textOfTest)["id"].(string)
	until(t, "the text is delivered", func() bool { return do("GET", "/v1/messages/"+name, "")["status"] == "done" })
	o, err := OpenOperator(t.Context(), c, OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	of, err := id.Parse(id.Message, name)
	if err != nil {
		t.Fatal(err)
	}
	for who, s := range map[string]*message.Service{"the process": p.messages, "the verbs": o.messages} {
		err := p.d.View(t.Context(), "test", func(tx *db.Tx) error {
			_, people, err := s.ReadPlaces(tx, []message.Place{{Key: message.Key{Site: "shop.test", ID: of}}})
			if err == nil && (len(people) != 1 || people[0].FallbackWithin != 7*time.Hour || s.Night() != c.Delivery.Night()) {
				t.Errorf("%s judge %+v by a night of %s; want seven hours to fall back and one of %s", who, people, s.Night(), c.Delivery.Night())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if cost, known := o.delivery.Cost("sim", provider.SMS); !known || cost != 84*money.Won/10 {
		t.Errorf("the verbs take a text to cost %s, %v", cost, known)
	}
}
