package test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/examples/testmode/walk"
	"creditmsg/internal/server"
)

// playing gives the address of a program with a site, its live token, and a token of its
// test site.
func playing(t *testing.T, c server.Config, roles ...string) (p *running, office *server.Operator, live, test string) {
	t.Helper()
	c.Blob.Shared = true // where several processes share the work
	p, office = start(t, c, roles...), operator(t, c)
	live = tenant(t, office, "shop", nil)
	made, err := office.CreateTestToken(within(t), "shop", "tests", []string{"*"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return p, office, live, made.Secret
}

func TestTheWalkThroughTestModeTakesSeconds(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		c := configured(t, database, "http://127.0.0.1:0")
		c.Webhooks.Allow = server.Networks{"127.0.0.1/32"} // where the walk has its receiver
		p, office, live, test := playing(t, c, server.Roles...)
		for _, token := range []string{test, live} {
			var out bytes.Buffer
			if err := walk.Walk(within(t), &out, walk.Options{URL: p.URL(), Token: token}); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			for _, want := range []string{"delivered by SMS: 1", "expired: 1, released: 18.00 won", "it is done, delivered: 1", "automatic recharge is enabled: false", "it was called again, and took it"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not tell %q:\n%s", want, out.String())
				}
			}
		}
		proven(t, office)
		shop := caller(t, p.URL(), live)
		if credit, err := shop.Credit(within(t)); err != nil || credit.Held != "0.00" || credit.AutoRecharge != nil {
			t.Errorf("the live site has %+v, %v; want what it began with", credit, err)
		}
		if all, err := shop.Messages(within(t), client.MessageFilter{}); err != nil || len(all.Data) != 0 {
			t.Errorf("the live site has %d messages, %v", len(all.Data), err)
		}
	})
}

// TestTestModeWorksInProductionAndReachesNobody has an account at a vendor that is not there:
// whatever went to it would be seen to fail.
func TestTestModeWorksInProductionAndReachesNobody(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		c := configured(t, database, "http://127.0.0.1:9")
		c.Production = true
		c.Providers[0].APIKey, c.Providers[0].APISecret = "LIVEKEY000000001", "livesecret"
		p, office, _, test := playing(t, c)
		shop := caller(t, p.URL(), test)
		m, err := shop.Send(within(t), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Recipients: recipients("010-1000", 5)})
		if err == nil {
			m, err = shop.Wait(within(t), m.ID, nil)
		}
		if err != nil || m.Counts.Delivered != 5 {
			t.Errorf("got %+v, %v; want five delivered", m.Counts, err)
		}
		logs, err := shop.SendLogs(within(t), client.SendLogFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range logs.Data {
			if l.Provider != "solapi.test" {
				t.Errorf("a text of the test site went to %s", l.Provider)
			}
		}
		proven(t, office)
	})
}

// TestAProcessThatOnlyWorksTakesTheReportsOfItsSimulator has no door but that of the simulators.
func TestAProcessThatOnlyWorksTakesTheReportsOfItsSimulator(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		c := configured(t, database, "http://127.0.0.1:9")
		c.Blob.Shared = true
		start(t, c, server.RoleWorker)
		front, _, _, test := playing(t, c, server.RoleAPI)
		shop := caller(t, front.URL(), test)
		m, err := shop.Send(within(t), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Recipients: recipients("010-1000", 3)})
		if err == nil {
			m, err = shop.Wait(within(t), m.ID, nil)
		}
		if err != nil || m.Counts.Delivered != 3 {
			t.Errorf("got %+v, %v; want three delivered", m.Counts, err)
		}
	})
}

// TestWhatASimulatorForgotIsSettledAllTheSame restarts the process between hand-over and report.
func TestWhatASimulatorForgotIsSettledAllTheSame(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		c := configured(t, database, "http://127.0.0.1:0")
		p, office, _, test := playing(t, c, server.Roles...)
		shop := caller(t, p.URL(), test)
		m, err := shop.Send(within(t), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Recipients: recipients("010-0004", 3)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := shop.AdvanceTestClock(within(t), time.Second); err != nil { // which waits until they are handed over
			t.Fatal(err)
		}
		p.halt()
		again := start(t, c, server.Roles...)
		shop = caller(t, again.URL(), test)
		if _, err := shop.AdvanceTestClock(within(t), 73*time.Hour); err != nil {
			t.Fatal(err)
		}
		if m, err = shop.Wait(within(t), m.ID, nil); err != nil || m.Counts.Expired != 3 || m.Released != "54.00" {
			t.Errorf("got %+v, released %s, %v; want all expired and their credit back", m.Counts, m.Released, err)
		}
		proven(t, office)
	})
}

// TestProcessesThatShareASimulatorAreOneTestMode has a card left with one process charged by
// another one, and reports come to the first.
func TestProcessesThatShareASimulatorAreOneTestMode(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		var front atomic.Pointer[running]
		door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, err := url.Parse(front.Load().URL())
			if err != nil {
				t.Error(err)
				return
			}
			httputil.NewSingleHostReverseProxy(u).ServeHTTP(w, r)
		}))
		t.Cleanup(door.Close)
		ctx, stop := context.WithCancel(context.Background())
		ended, started := make(chan error, 1), make(chan string, 1)
		go func() {
			ended <- server.RunSimulator(ctx, server.SimulatorOptions{Listen: "127.0.0.1:0", ReportURL: door.URL + "/webhooks/solapi.test", ReportSecret: "shared",
				NoticeURL: door.URL + "/webhooks/payments/toss.test"}, slog.New(slog.DiscardHandler), func(url string) { started <- url })
		}()
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Errorf("the simulator ended with %v", err)
			}
		})
		c := configured(t, database, "http://127.0.0.1:9")
		c.TestMode.SimulatorURL, c.TestMode.WebhookSecret = server.Address(<-started), "shared"
		c.Blob.Shared = true
		start(t, c, server.RoleWorker)
		p, office, _, test := playing(t, c, server.RoleAPI)
		front.Store(p)
		var out bytes.Buffer
		if err := walk.Walk(within(t), &out, walk.Options{URL: p.URL(), Token: test}); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		proven(t, office)
	})
}
