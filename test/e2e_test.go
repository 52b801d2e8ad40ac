// Package test proves the product from outside, as those who use it see it: the real
// program over HTTP and its command line, on every engine. It knows no inner type but
// what the command line itself works with, and nothing here is faked but the provider,
// at its socket.
package test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/server"
)

// onEachEngine runs a test once per engine, on a fresh and empty database.
func onEachEngine(t *testing.T, test func(t *testing.T, database string)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, dbtest.URL(t, engine)) })
	}
}

// onEachEngineAtOnce is onEachEngine for tests that mostly wait.
func onEachEngineAtOnce(t *testing.T, test func(t *testing.T, database string)) {
	onEachEngine(t, func(t *testing.T, database string) {
		t.Parallel()
		test(t, database)
	})
}

func recipients(prefix string, n int) (list []client.Recipient) {
	for i := range n {
		list = append(list, client.Recipient{To: fmt.Sprintf("%s-%04d", prefix, 1000+i), Variables: map[string]string{"이름": fmt.Sprintf("김하나%d", i)}})
	}
	return list
}

func TestTheWorkedExampleComesOutToTheWon(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		workedExample(t, configured(t, database, "http://127.0.0.1:0"))
	})
}

// TestTheWorkedExampleComesOutThroughEachVendor sends it through the other kinds of accounts:
// those that report and those that have to be asked.
func TestTheWorkedExampleComesOutThroughEachVendor(t *testing.T) {
	for kind, settings := range map[string]string{
		"nhncloud": ", webhook: {secret: hook}",
		"sens":     ", sms_service: ncp:sms:kr:123456789012:sim, alimtalk_service: ncp:kkobizmsg:kr:1234567:sim",
		"aligo":    "",
		"sendgo":   "",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c, err := server.LoadConfig("", []string{
				"CREDITMSG_DATABASE_URL=" + dbtest.URL(t, dbtest.Engines()[0]), "CREDITMSG_LISTEN=127.0.0.1:0",
				fmt.Sprintf("CREDITMSG_PROVIDERS=[{name: other, kind: %s, url: 'http://127.0.0.1:0', api_key: %s, api_secret: %s%s}]",
					kind, server.SimulatorKey, server.SimulatorSecret, settings),
			})
			if err != nil {
				t.Fatal(err)
			}
			workedExample(t, c)
		})
	}
}

// workedExample is a message to ten people, of whom three get it by Alimtalk, five by a text
// and two not at all.
func workedExample(t *testing.T, c server.Config) {
	t.Helper()
	p := start(t, c, server.Roles...)
	office := operator(t, c)
	shop := caller(t, p.URL(), tenant(t, office, "shop", map[string]string{"alimtalk": "9", "sms": "18", "lms": "45"}))
	people := slices.Concat(recipients("010-1000", 3), recipients("010-0001", 5), recipients("010-0002", 2))
	m, err := shop.Send(within(t), client.Draft{Strategy: client.AlimtalkFirst, Alimtalk: &client.Alimtalk{TemplateCode: "RESERVE_01"},
		Text: &client.Text{Body: greeting}, Recipients: people})
	if err != nil {
		t.Fatal(err)
	}
	if m.Held != "180.00" || m.EstimatedCost != "90.00" {
		t.Errorf("held %s and expected %s at accept, want 180.00 and 90.00", m.Held, m.EstimatedCost)
	}
	last, err := shop.Wait(within(t), m.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(client.Counts{Delivered: 8, Failed: 2}, last.Counts); diff != "" {
		t.Error(diff)
	}
	if last.ActualCost != "117.00" || last.Released != "63.00" {
		t.Errorf("spent %s and released %s, want 117.00 and 63.00", last.ActualCost, last.Released)
	}
	usages, err := shop.Usages(within(t), client.UsageFilter{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, u := range usages.Data {
		got[u.Channel] = fmt.Sprintf("%d × %s = %s", u.Quantity, u.CostPerUnit, u.TotalCost)
	}
	if diff := cmp.Diff(map[string]string{"alimtalk": "3 × 9.00 = 27.00", "sms": "5 × 18.00 = 90.00"}, got); diff != "" {
		t.Error(diff)
	}
	proven(t, office)
	record, err := shop.Compliance(within(t), m.ID, people[3].To)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := server.VerifyCompliance(bytes.NewReader(record.Raw), nil)
	if err != nil || !checked.OK || !checked.Final || record.Recipients.Accepted != 10 || !bytes.Contains(record.Raw, []byte(`"channel":"alimtalk","provider"`)) {
		t.Errorf("the record of the message: %+v, %v\n%s", checked, err, record.Raw)
	}
}

// phones is a vendor that outlives the programs that use it: its reports come to
// whichever of them runs, and are repeated while none does.
type phones struct {
	*simulator.Simulator
	account string // whose reports these are
	vendor  *httptest.Server
	to      atomic.Pointer[string] // the running program; nil = none
	call    chan struct{}          // closed at the first request
	called  sync.Once
	first   chan struct{} // closed at the first report
	once    sync.Once
}

func newPhones(t *testing.T) *phones {
	t.Helper()
	w := &phones{account: "solapi", call: make(chan struct{}), first: make(chan struct{})}
	hook := httptest.NewServer(http.HandlerFunc(w.forward))
	t.Cleanup(hook.Close)
	w.Simulator = simulator.New(simulator.Options{ReportURL: hook.URL, ReportSecret: "hook", ReportDelay: 20 * time.Millisecond, ReportRetry: time.Second})
	w.vendor = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.called.Do(func() { close(w.call) })
		w.Handler().ServeHTTP(rw, r)
	}))
	t.Cleanup(w.vendor.Close)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = w.Run(ctx); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	return w
}

func (w *phones) forward(rw http.ResponseWriter, r *http.Request) {
	w.once.Do(func() { close(w.first) })
	url := w.to.Load()
	if url == nil {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	out, err := http.NewRequestWithContext(r.Context(), http.MethodPost, *url+"/webhooks/"+w.account, r.Body)
	if err == nil {
		out.Header = r.Header.Clone()
		var res *http.Response
		if res, err = http.DefaultClient.Do(out); err == nil {
			defer res.Body.Close()
			rw.WriteHeader(res.StatusCode)
			_, _ = io.Copy(rw, res.Body)
			return
		}
	}
	rw.WriteHeader(http.StatusBadGateway)
}

func TestAStopInTheMiddleLosesNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		const people = 3000
		w := newPhones(t)
		c := configured(t, database, w.vendor.URL)
		p := start(t, c)
		office := operator(t, c)
		token := tenant(t, office, "shop", nil)
		url := p.URL()
		w.to.Store(&url)
		m, err := caller(t, url, token).Send(within(t), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Recipients: recipients("010-1000", people)})
		if err != nil {
			t.Fatal(err)
		}
		// Once in the middle of handing over, once in the middle of the reports.
		for _, moment := range []<-chan struct{}{w.call, w.first} {
			select {
			case <-moment:
			case <-within(t).Done():
				t.Fatal("nothing came to the simulator")
			}
			begun := time.Now()
			w.to.Store(nil)
			p.halt()
			if took := time.Since(begun); took > 15*time.Second {
				t.Errorf("stopping took %s", took)
			}
			p = start(t, c)
			url = p.URL()
			w.to.Store(&url)
		}
		last, err := caller(t, url, token).Wait(within(t), m.ID, nil)
		if err != nil {
			t.Fatalf("%v: %+v", err, last.Counts)
		}
		if diff := cmp.Diff(client.Counts{Delivered: people}, last.Counts); diff != "" {
			t.Error(diff)
		}
		got := map[string]int{}
		for _, leg := range w.Received() {
			got[leg.To]++
		}
		if twice := slices.DeleteFunc(slices.Collect(maps.Keys(got)), func(to string) bool { return got[to] == 1 }); len(got) != people || len(twice) > 0 {
			t.Errorf("%d phones got a message, want %d; these got several: %v", len(got), people, twice)
		}
		proven(t, office)
	})
}
