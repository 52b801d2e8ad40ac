package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/fault"
)

// planted is part of every secret of these tests, and the numbers are those of their people, as
// they may be written. None of it may stand in a log, a refusal or a measurement.
const planted = "Pl4nted"

var plantedNumbers = []string{"97531864", "9753-1864", "9753 1864"}

// clean looks through what came out.
func clean(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range append([]string{planted, "UGw0bnRlZ", "c0ffee00c0ffee00"}, plantedNumbers...) {
		for rest := text; ; {
			i := strings.Index(rest, secret)
			if i < 0 {
				break
			}
			t.Errorf("%s tells %q: …%s…", what, secret, rest[max(0, i-150):min(len(rest), i+150)])
			rest = rest[i+len(secret):]
		}
	}
}

func TestAConfigurationThatIsWrongTellsNoSecret(t *testing.T) {
	for _, text := range []string{
		"providers: [{name: a, kind: solapi, api_key: Pl4nted, api_secret: [Pl4nted]}]",
		"providers: [{name: a, kind: solapi, api_key: {Pl4nted: x}, api_secret: Pl4nted}]",
		"keys: {master: Pl4nted}",
		"keys:\n  master: 'Pl4nted\n",
		"keys:\n  master: \"Pl4nted\" \"x\"\n",
		"keys:\n  master: *Pl4nted\n",
		"keys: {master_file: /nowhere/x}\n",
		"database: {url: 'postgres://u:Pl4nted@h:bad port/x'}",
		"database: {url: 'postgres:u:Pl4nted@h/x'}",
		"database: {url: 'Pl4nted@h/x'}",
		"database: {url: 'oracle://u:Pl4nted@h/x'}",
		"blob: {url: 's3://KEY:Pl4nted@h/b', access_key: Pl4nted}",
		"blob: {url: 'file:x', secret_key: Pl4nted}",
		"payments: {gateways: [{name: a, kind: toss, secret_key: Pl4nted, client_key: [], webhook_secret: Pl4nted}]}",
		"payments: {gateways: [{name: a, kind: stripe, secret_key: Pl4nted, transfer_to: x}]}",
		"alerts: {smtp: {host: h, password: Pl4nted, from: x}}",
		"alerts: {smtp: {host: h, password: [Pl4nted], from: x}}",
		"console: {url: 'https://c.example', oidc: {issuer: 'https://u:Pl4nted@h', client_id: x, client_secret: Pl4nted, domains: [a.kr]}}",
		"console: {oidc: {issuer: [], client_secret: Pl4nted}}",
		"providers: [{name: a, kind: solapi, url: 'https://u:Pl4nted@h:x', api_key: Pl4nted, api_secret: Pl4nted, webhook: {secret: Pl4nted, allow: [x]}}]",
		"providers: [{name: a, kind: sens, access_key: Pl4nted, api_key: Pl4nted, secret_key: Pl4nted}]",
	} {
		_, err := load(t, text)
		if err == nil {
			t.Errorf("%s is right", text)
			continue
		}
		clean(t, text, err.Error()+complaints(t, err))
	}
	for _, env := range []string{"CREDITMSG_KEYS_MASTER=Pl4nted", "CREDITMSG_DATABASE_URL=x://u:Pl4nted@h", "CREDITMSG_PROVIDERS=[{name: a, api_secret: [Pl4nted]}]", "CREDITMSG_PROVIDERS={Pl4nted", "CREDITMSG_HTTP_STREAMS=Pl4nted", "CREDITMSG_ALERTS_SMTP_PASSWORD=Pl4nted"} {
		if _, err := LoadConfig("", []string{env}); err != nil {
			clean(t, env, err.Error()+complaints(t, err))
		}
	}
}

func TestADatabaseThatCannotBeReachedTellsNoPassword(t *testing.T) {
	for _, url := range []string{"postgres://Pl4nt:Pl4nted@127.0.0.1:1/x", "mysql://Pl4nt:Pl4nted@127.0.0.1:1/x", "postgres://u:Pl4nted@127.0.0.1:1/x?sslmode=Pl4nt&sslpassword=Pl4nted", "mysql://u:Pl4nted@127.0.0.1:1/x?tls=nonsense"} {
		var log bytes.Buffer
		c := testConfig(t)
		c.Database.URL = Address(url)
		_, err := Open(t.Context(), c, Options{ConnectFor: time.Millisecond, Log: NewLog(LogConfig{Level: "debug"}, &log)})
		if err == nil {
			t.Errorf("%s can be reached", url)
			continue
		}
		clean(t, url, err.Error()+fault.Of(err).Public+log.String())
	}
}

// echo is a vendor that answers with everything it was told, as some do in their errors.
type echo struct {
	asked atomic.Int64
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := e.asked.Add(1)
	var all bytes.Buffer
	_ = r.Write(&all)
	if n%7 == 6 {
		hijacked, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = hijacked.Write(append([]byte("HTTP/1.1 what? "), all.Bytes()...))
			_ = hijacked.Close()
		}
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader([]int{401, 400, 500, 200, 403, 422, 429}[n%7])
	if n%2 == 0 {
		fmt.Fprintf(w, `{"errorCode":%q,"errorMessage":%q,"message":%q,"header":{"resultCode":-1,"resultMessage":%q,"isSuccessful":false},"result_code":-101,"code":%q}`, all.String(), all.String(), all.String(), all.String(), all.String())
		return
	}
	_, _ = io.Copy(w, &all)
}

// locked is a log that many write at once.
type locked struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// echoing is a configuration whose vendors and gateways echo, full of secrets.
func echoing(t *testing.T, kind, url string) Config {
	t.Helper()
	c := testConfig(t)
	p := ProviderConfig{Name: demoProvider, Kind: kind, URL: Address(url), APIKey: "key-Pl4nted", APISecret: "secret-Pl4nted", Timeout: time.Second,
		Webhook: WebhookConfig{Secret: "hook-Pl4nted"}}
	switch kind {
	case "nhncloud":
		p.AlimtalkKey, p.AlimtalkSecret = "alim-Pl4nted", "alim-secret-Pl4nted"
	case "sens":
		p.SMSService, p.AlimtalkService = "ncp:sms:kr:123456789012:p", "ncp:kkobizmsg:kr:1234567:p"
	case "aligo":
		p.Webhook.Plain = true
	}
	c.Providers = ProviderConfigs{p}
	c.Payments.Gateways = GatewayConfigs{
		{Name: "toss", Kind: "toss", URL: Address(url), ClientKey: "live_ck_Pl4nted", SecretKey: "live_sk_Pl4nted", Timeout: time.Second},
		{Name: "stripe", Kind: "stripe", URL: Address(url), SecretKey: "sk_live_Pl4nted", WebhookSecret: "whsec_Pl4nted", Timeout: time.Second},
	}
	c.Alerts.SMTP = SMTPConfig{Host: "127.0.0.1", Port: 1, User: "u", Password: "mail-Pl4nted", From: "a@credit.example", TLS: "none"}
	c.Keys.Master = Secret(strings.Repeat("c0ffee00", 8))
	c.Log.Level = "debug"
	return c
}

// mischief are requests that go wrong in all ways, most of them full of secrets and numbers.
var mischief = []struct{ method, path, token, body string }{
	{"GET", "/v1/credit", "cm_live_Pl4ntedPl4ntedPl4ntedPl4nted", ""},
	{"GET", "/v1/credit?token=cm_live_Pl4nted&api_key=Pl4nted", "", ""},
	{"GET", "/v1/01097531864?to=010-9753-1864", "rich", ""},
	{"GET", "/v1/opt-outs/01097531864", "rich", ""},
	{"DELETE", "/v1/opt-outs/010-9753-1864", "rich", ""},
	{"GET", "/v1/contacts?to=01097531864&limit=x", "rich", ""},
	{"GET", "/v1/send-logs?to=01097531864", "rich", ""},
	{"GET", "/v1/send-logs?to=0109753186400000", "rich", ""},
	{"POST", "/v1/messages", "rich", `{"strategy":"sms_only","text":{"body":"Pl4nted"},"recipients":[{"to":"01097531864"}],"nonsense":"Pl4nted"}`},
	{"POST", "/v1/messages", "rich", `{"strategy":"sms_only","text":{"body":"Pl4nted","from":"0260000000"},"recipients":[{"to":"01097531864"}]}`},
	{"POST", "/v1/messages", "rich", `{"strategy":"sms_only","text":{"body":"Pl4nted`},
	{"POST", "/v1/messages", "rich", `{"strategy":"sms_only","text":{"body":"Pl4nted"},"recipients":[{"to":"01097531864","variables":{"a":1}}]}`},
	{"POST", "/v1/messages", "rich", `{"strategy":"alimtalk_first","alimtalk":{"template_code":"RESERVE_01"},"text":{"body":"Pl4nted #{이름}"},"recipients":[{"to":"01097531864"}]}`},
	{"POST", "/v1/messages", "poor", `{"strategy":"sms_only","text":{"body":"Pl4nted"},"recipients":[{"to":"01097531864"}]}`},
	{"POST", "/v1/messages", "rich", `{"strategy":"alimtalk_first","alimtalk":{"template_code":"RESERVE_01"},"text":{"body":"Pl4nted #{이름}"},"recipients":[{"to":"01097531864","variables":{"이름":"Pl4nted"}}]}`},
	{"POST", "/v1/messages", "rich", `{"strategy":"sms_only","text":{"body":"Pl4nted"},"recipients":[{"to":"01097531864"}]}`},
	{"POST", "/v1/credit/payments", "rich", `{"gateway":"toss","method":"card","amount":"10000","return_url":"https://shop.example/Pl4nted"}`},
	{"POST", "/v1/credit/payments", "rich", `{"gateway":"stripe","method":"card","amount":"10000","return_url":"https://shop.example/back"}`},
	{"POST", "/v1/payment-methods", "rich", `{"gateway":"stripe","return_url":"https://shop.example/back"}`},
	{"PUT", "/v1/credit/alerts", "rich", `{"emails":["a@example.com"],"mobile":"010-9753-1864","levels":["100000"]}`},
	{"PUT", "/v1/credit/alerts", "rich", `{"mobile":"010-9753-186400"}`},
	{"POST", "/v1/contacts", "rich", `{"to":"010-9753-1864","name":"Pl4nted"}`},
	{"POST", "/v1/contacts", "rich", `{"to":"010-9753-1864","name":"Pl4nted"}`},
	{"POST", "/webhooks/" + demoProvider, "", `[{"to":"01097531864","statusCode":"4000","secret":"Pl4nted"}]`},
	{"POST", "/webhooks/payments/toss", "", `{"eventType":"PAYMENT_STATUS_CHANGED","data":{"paymentKey":"Pl4nted","orderId":"Pl4nted","secret":"Pl4nted"}}`},
	{"POST", "/webhooks/payments/stripe", "", `{"Pl4nted":`},
	{"GET", "/payments/nonsense/return?paymentKey=Pl4nted", "", ""},
}

func TestNoLogRefusalOrMeasurementTellsASecretOrANumber(t *testing.T) {
	for _, kind := range providerKinds {
		t.Run(kind, func(t *testing.T) {
			vendor := &echo{}
			box := httptest.NewServer(vendor)
			defer box.Close()
			var log locked
			c := echoing(t, kind, box.URL)
			p, err := Open(t.Context(), c, Options{Log: NewLog(c.Log, &log, c.Secrets()...)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- p.Run(ctx) }()
			demo := Demo{Provider: DemoProvider{Name: demoProvider}, TemplateCode: demoTemplate, Tokens: map[string]string{}, Senders: map[string]string{}}
			if err := p.furnish(ctx, &demo); err != nil {
				t.Fatal(err)
			}
			for _, m := range mischief {
				r, err := http.NewRequest(m.method, p.URL()+m.path, strings.NewReader(m.body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Idempotency-Key", "Pl4nted-"+kind+m.path+fmt.Sprint(len(m.body)))
				r.Header.Set("X-Request-Id", "no id: Pl4nted 01097531864")
				r.Header.Set("Toss-Signature", "Pl4nted")
				r.Header.Set("Stripe-Signature", "t=1,v1=Pl4nted")
				if secret := demo.Tokens["demo-"+m.token]; secret != "" || m.token != "" {
					if secret == "" {
						secret = m.token
					}
					r.Header.Set("Authorization", "Bearer "+secret)
				}
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(res.Body)
				if _ = res.Body.Close(); err != nil {
					t.Fatal(err)
				}
				if res.StatusCode >= 400 {
					clean(t, m.method+" "+m.path, string(text))
				}
			}
			until(t, "the vendor was called", func() bool { return vendor.asked.Load() > 12 })
			res, err := http.Get(p.URL() + "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			if _ = res.Body.Close(); err != nil {
				t.Fatal(err)
			}
			clean(t, "/metrics", string(text))
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			for name, secret := range demo.Tokens {
				if strings.Contains(log.text.String(), secret) {
					t.Errorf("the log has the token of %s", name)
				}
			}
			clean(t, "the log", log.text.String())
			if log.text.Len() < 1000 {
				t.Errorf("the log has only %s", log.text.String())
			}
		})
	}
}

func TestWhatOthersSayOfOurSecretsIsMasked(t *testing.T) {
	c := fullConfig()
	c.Database.URL = "postgres://u:p%40ssword@h/x?sslpassword=secret-2"
	secrets := c.Secrets()
	for _, want := range []string{"p@ssword", "secret-2", "naversecret", "hooksecret", "mailsecret", "s3secret", masterHex, "live_sk_y"} {
		if !slices.Contains(secrets, want) {
			t.Errorf("%q is none of the secrets %q", want, secrets)
		}
	}
	for _, form := range []string{"json", "text"} {
		var out bytes.Buffer
		log := NewLog(LogConfig{Format: form}, &out, secrets...)
		log.Error("x", "error", fmt.Errorf("the vendor says: Basic %s, naversecret, ?key=p%%40ssword", base64.StdEncoding.EncodeToString([]byte("live_sk_y:"))))
		log.Error("x", "panic", "no such recipient: 010-9753-1864, naversecret")
		clean(t, form, out.String())
		for _, secret := range []string{"naversecret", "ssword", "bGl2ZV9za195"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s: %s", form, &out)
			}
		}
		if !strings.Contains(out.String(), "the vendor says: Basic ********, ********") || !strings.Contains(out.String(), "010****1864") {
			t.Errorf("%s: %s", form, &out)
		}
	}
}
