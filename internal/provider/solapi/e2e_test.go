package solapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
)

const webhookSecret = "my-webhook-secret"

// world is the adapter, the simulated vendor, and between them a line that can be
// made to fail.
type world struct {
	provider.Provider
	reports chan webhookCall
	line    atomic.Pointer[func(http.Handler) http.Handler]
}

type webhookCall struct {
	header http.Header
	body   []byte
}

func newWorld(t *testing.T) *world {
	w := &world{reports: make(chan webhookCall, 100)}
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read report: %v", err)
		}
		w.reports <- webhookCall{r.Header, body}
	}))
	t.Cleanup(receiver.Close)
	sim := simulator.New(simulator.Options{
		Seed: 1, AcceptDelay: time.Millisecond, ReportDelay: time.Millisecond,
		ReportURL: receiver.URL, ReportSecret: webhookSecret,
	})
	vendor := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := sim.Handler()
		if line := w.line.Load(); line != nil {
			h = (*line)(h)
		}
		h.ServeHTTP(rw, r)
	}))
	t.Cleanup(vendor.Close)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := sim.Run(ctx); err != nil {
			t.Errorf("simulator: %v", err)
		}
	}()
	t.Cleanup(func() { stop(); <-ended })

	p, err := solapi.New(provider.Account{
		Name: "solapi", URL: vendor.URL, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret,
		Webhook: provider.Webhook{Secret: webhookSecret},
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	w.Provider = p
	return w
}

// cutting lets requests of this form reach the vendor, or not, and then cuts the
// connection instead of replying.
func (w *world) cutting(reaches bool, is func(*http.Request) bool) {
	line := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if !is(r) {
				h.ServeHTTP(rw, r)
				return
			}
			if reaches {
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
			if conn, _, err := rw.(http.Hijacker).Hijack(); err == nil {
				conn.Close()
			}
		})
	}
	w.line.Store(&line)
}

func (w *world) repaired() { w.line.Store(nil) }

func text(ref string, to korea.Number) provider.Leg {
	return provider.Leg{Ref: ref, To: to, From: "0261234567", Channel: provider.SMS, Text: "예약이 확정되었습니다."}
}

func alimtalk(ref string, to korea.Number) provider.Leg {
	return provider.Leg{Ref: ref, To: to, Channel: provider.Alimtalk, Text: "김하나님, 예약이 확정되었습니다.", Alimtalk: &provider.Template{
		ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV",
	}}
}

func stored(context.Context, string) error { return nil }

func isSend(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/send")
}

// finals waits until the vendor has reported the end of n legs.
func (w *world) finals(t *testing.T, n int) map[string]provider.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := map[string]provider.Report{}
	for len(got) < n {
		select {
		case <-ctx.Done():
			t.Fatalf("got %d final reports, want %d", len(got), n)
		case call := <-w.reports:
			if !w.Authentic(call.header, call.body) {
				t.Fatalf("a report of the vendor is not authentic: %v", call.header)
			}
			reports, err := w.Parse(call.body)
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			for _, r := range reports {
				if r.Final {
					got[r.Ref] = r
				}
			}
		}
	}
	return got
}

// ends are outcome and reason by reference.
func ends(reports map[string]provider.Report) map[string]string {
	out := map[string]string{}
	for ref, r := range reports {
		switch {
		case r.Delivered:
			out[ref] = "delivered"
		case r.Final:
			out[ref] = string(r.Reason)
		default:
			out[ref] = "on its way"
		}
	}
	return out
}

func byRef(reports []provider.Report) map[string]provider.Report {
	out := map[string]provider.Report{}
	for _, r := range reports {
		out[r.Ref] = r
	}
	return out
}

func TestACallIsReportedAndLookedUpAlike(t *testing.T) {
	w := newWorld(t)
	result := w.Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{
		alimtalk("a", "01012345678"), alimtalk("b", "01000010001"), text("c", "01000031234"), text("d", "01000991062"), text("e", "01000992230"),
	}}, stored)
	if result.Outcome != provider.Accepted || len(result.Members) != 5 {
		t.Fatalf("Submit: got %+v", result)
	}
	refused := slices.IndexFunc(result.Members, func(m provider.Member) bool { return m.Refused })
	if refused != 3 || result.Members[3].Reason != provider.SenderNotRegistered {
		t.Errorf("members: got %+v, want the fourth alone refused", result.Members)
	}
	reported := w.finals(t, 4)
	want := map[string]string{"a": "delivered", "b": "not_kakao_user", "c": "number_absent", "e": "insufficient_provider_balance"}
	if diff := cmp.Diff(want, ends(reported)); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	found, err := w.Lookup(t.Context(), provider.Enquiry{UpstreamID: result.UpstreamID, Refs: []string{"a", "b", "c", "d", "e"}})
	if err != nil || found.Verdict != provider.LookupTaken || !found.Complete {
		t.Fatalf("Lookup: got %+v, %v", found, err)
	}
	looked := byRef(found.Reports)
	delete(looked, "d")                                        // was refused, whether the list names it or not
	wording := cmpopts.IgnoreFields(provider.Report{}, "Text") // a list leaves out what a report says of a success
	if diff := cmp.Diff(reported, looked, wording); diff != "" {
		t.Errorf("look-up against reports (-reports +look-up):\n%s", diff)
	}
}

func TestACutAfterSendingIsFoundTaken(t *testing.T) {
	w := newWorld(t)
	w.cutting(true, isSend)
	result := w.Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{text("a", "01012345678"), text("b", "01000031234")}}, stored)
	if result.Outcome != provider.Unknown {
		t.Fatalf("Submit: got %+v, want unknown", result)
	}
	w.repaired()
	w.finals(t, 2)
	found, err := w.Lookup(t.Context(), provider.Enquiry{UpstreamID: result.UpstreamID, Refs: []string{"a", "b"}})
	if err != nil || found.Verdict != provider.LookupTaken || !found.Complete {
		t.Fatalf("Lookup: got %+v, %v", found, err)
	}
	if diff := cmp.Diff(map[string]string{"a": "delivered", "b": "number_absent"}, ends(byRef(found.Reports))); diff != "" {
		t.Errorf("look-up (-want +got):\n%s", diff)
	}
}

func TestACutBeforeSendingIsFoundNotSentAndStaysSo(t *testing.T) {
	w := newWorld(t)
	w.cutting(false, isSend)
	result := w.Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{text("a", "01012345678")}}, stored)
	if result.Outcome != provider.Unknown {
		t.Fatalf("Submit: got %+v, want unknown", result)
	}
	w.repaired()
	for range 2 {
		if found, err := w.Lookup(t.Context(), provider.Enquiry{UpstreamID: result.UpstreamID, Refs: []string{"a"}}); err != nil || found.Verdict != provider.LookupNotSent {
			t.Errorf("Lookup: got %+v, %v, want not sent", found, err)
		}
	}
}

func TestAGroupThatWasGivenUpIsFoundNotSent(t *testing.T) {
	w := newWorld(t)
	w.cutting(true, func(r *http.Request) bool { return r.Method == http.MethodPut })
	result := w.Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{text("a", "01012345678")}}, stored)
	if result.Outcome != provider.NotSent || result.UpstreamID == "" {
		t.Fatalf("Submit: got %+v, want not sent", result)
	}
	w.repaired()
	if found, err := w.Lookup(t.Context(), provider.Enquiry{UpstreamID: result.UpstreamID, Refs: []string{"a"}}); err != nil || found.Verdict != provider.LookupNotSent {
		t.Errorf("Lookup: got %+v, %v, want not sent", found, err)
	}
}

func BenchmarkSubmit(b *testing.B) {
	sim := httptest.NewServer(simulator.New(simulator.Options{}).Handler())
	defer sim.Close()
	p, err := solapi.New(provider.Account{Name: "solapi", URL: sim.URL, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret})
	if err != nil {
		b.Fatal(err)
	}
	legs := make([]provider.Leg, 10_000)
	for i := range legs {
		legs[i] = text(id.New().String(), korea.MobileNumber(uint32(10_000_000+i)))
	}
	for b.Loop() {
		if r := p.Submit(b.Context(), provider.Call{ID: id.New(), Legs: legs}, stored); r.Outcome != provider.Accepted {
			b.Fatalf("Submit: got %v: %s", r.Outcome, r.Text)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(legs)), "ns/leg")
}
