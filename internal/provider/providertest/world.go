package providertest

import (
	"context"
	"encoding/json"
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

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

const (
	reportSecret = "hook-secret-of-the-suite"
	sender       = korea.Number("0261234567")
	someText     = "예약이 확정되었습니다."

	// patience is how long the suite waits for what must come: it only decides how
	// soon a failure is told.
	patience = time.Minute

	// askEvery lies between two questions to a vendor that does not report by itself.
	askEvery = 5 * time.Millisecond

	// soon is the longest that a call may go on after its context ended.
	soon = 10 * time.Second

	// hasty is the time-out of requests in tests in which one must run out. It is long
	// enough for every other request on a busy machine.
	hasty = 2 * time.Second
)

// world is one test's vendor behind a line, adapter and webhook.
type world struct {
	*testing.T
	provider.Provider
	h       Harness
	account provider.Account
	vendor  http.Handler
	line    *line
	hook    *hook
	took    *ledger
}

// ledger is the calls that the vendor accepted, for an adapter that asks about them.
type ledger struct {
	mu    sync.Mutex
	calls []trial
}

func (k *ledger) add(t trial) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, t)
}

func (k *ledger) all() []trial {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]trial(nil), k.calls...)
}

// hook is the webhook: it keeps what came.
type hook struct {
	mu    sync.Mutex
	calls []hookCall
	more  chan struct{}
}

type hookCall struct {
	header http.Header
	body   []byte
}

// ServeHTTP takes one call.
func (k *hook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // not whole: the vendor comes again
	}
	k.mu.Lock()
	k.calls = append(k.calls, hookCall{r.Header, body})
	k.mu.Unlock()
	select {
	case k.more <- struct{}{}:
	default:
	}
}

// again is when a vendor that has to be asked may be asked once more.
func (k *hook) again() chan struct{} {
	soon := make(chan struct{})
	time.AfterFunc(askEvery, func() { close(soon) })
	return soon
}

func (k *hook) all() []hookCall {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]hookCall(nil), k.calls...)
}

// newWorld starts everything; change makes the adapter's account another one.
func newWorld(t *testing.T, h Harness, change ...func(*provider.Account)) *world {
	t.Helper()
	w := &world{T: t, h: h, hook: &hook{more: make(chan struct{}, 1)}, took: &ledger{}}
	hookServer := httptest.NewServer(w.hook)
	vendor := h.Vendor(hookServer.URL, reportSecret)
	ctx, stop := context.WithCancel(context.Background())
	w.vendor = vendor.Handler
	w.line = newLine(ctx, vendor.Handler, h.HandsOver)
	vendorServer := httptest.NewServer(w.line)
	ended := make(chan error, 1)
	go func() { ended <- vendor.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("vendor: %v", err)
		}
		vendorServer.Close()
		hookServer.Close()
	})
	w.account = h.Account
	w.account.URL, w.account.Webhook = vendorServer.URL, provider.Webhook{Secret: reportSecret}
	for _, c := range change {
		c(&w.account)
	}
	w.Provider = w.adapter(w.account)
	return w
}

func (w *world) adapter(a provider.Account) provider.Provider {
	w.Helper()
	p, err := w.h.New(a)
	if err != nil {
		w.Fatalf("make the adapter: %v", err)
	}
	return p
}

// inHaste makes requests time out.
func inHaste(a *provider.Account) { a.Timeout = hasty }

// play puts a scenario into force.
func (w *world) play(scenario string) {
	w.Helper()
	rec := httptest.NewRecorder()
	w.vendor.ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/_sim/scenario", strings.NewReader(scenario)))
	if rec.Code != http.StatusOK {
		w.Fatalf("scenario: got %d %s", rec.Code, rec.Body)
	}
}

// name is what a leg is told apart by: its reference, or its channel and number where the
// vendor does not keep that.
func (w *world) name(l provider.Leg) string {
	if w.h.Nameless {
		return l.Channel.String() + " " + string(l.To)
	}
	return l.Ref
}

// taken counts what the vendor took, by name, once no request is under way.
func (w *world) taken() map[string]int {
	w.Helper()
	w.line.counts()
	return w.received()
}

// received counts what the vendor has taken so far, by name.
func (w *world) received() map[string]int {
	w.Helper()
	count := map[string]int{}
	w.rows(func(name string, _ []string) { count[name]++ })
	return count
}

// rows tells of everything that the vendor has taken so far: its name, and the digests of its
// pictures.
func (w *world) rows(tell func(name string, pictures []string)) {
	w.Helper()
	for cursor := ""; ; {
		rec := httptest.NewRecorder()
		w.vendor.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/_sim/received?limit=10000&cursor="+cursor, nil))
		var page struct {
			Data []struct {
				Reference, To, Channel string
				Pictures               []struct{ SHA256 string }
			}
			Next *string `json:"next_cursor"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &page); err != nil || rec.Code != http.StatusOK {
			w.Fatalf("received: %d %v", rec.Code, err)
		}
		for _, row := range page.Data {
			name := row.Reference
			if w.h.Nameless {
				name = row.Channel + " " + row.To
			}
			var pictures []string
			for _, p := range row.Pictures {
				pictures = append(pictures, p.SHA256)
			}
			tell(name, pictures)
		}
		if page.Next == nil {
			return
		}
		cursor = *page.Next
	}
}

// text is an SMS.
func text(ref string, to korea.Number) provider.Leg {
	return provider.Leg{Ref: ref, To: to, From: sender, Channel: provider.SMS, Text: someText}
}

// alimtalk is one of the harness's template.
func (w *world) alimtalk(ref string, to korea.Number) provider.Leg {
	template := w.h.Template
	return provider.Leg{Ref: ref, To: to, Channel: provider.Alimtalk, Text: "김하나님, " + someText, Alimtalk: &template}
}

// given is how many numbers texts has given away.
var given atomic.Uint32

// texts are n SMS to numbers outside the table that nobody else has, with references as
// ours are.
func texts(n int) []provider.Leg {
	call := strings.ToLower(id.New().String())
	first := 12_345_000 + given.Add(uint32(n)) - uint32(n)
	legs := make([]provider.Leg, n)
	for i := range legs {
		legs[i] = text(fmt.Sprintf("demo-rich.%s.%d.1.1", call, i), korea.MobileNumber(first+uint32(i)))
	}
	return legs
}

// calls parts legs into what may share a call.
func (w *world) calls(legs []provider.Leg) (parts [][]provider.Leg) {
	together := w.Capabilities().Together
	if together == nil {
		return [][]provider.Leg{legs}
	}
	at := map[string]int{}
	for _, l := range legs {
		kind := together(&l)
		i, known := at[kind]
		if !known {
			i = len(parts)
			at[kind] = i
			parts = append(parts, nil)
		}
		parts[i] = append(parts[i], l)
	}
	return parts
}

// accept makes the calls that legs need, and wants them taken.
func (w *world) accept(legs []provider.Leg) (all []trial) {
	w.Helper()
	for _, part := range w.calls(legs) {
		w.line.mark(-1, passes)
		got := w.submit(w.Context(), part)
		got.mustBe(w, provider.Accepted)
		all = append(all, got)
	}
	return all
}

// numbered is a number 010-00BB-xxxx of the table.
func numbered(block, n int) korea.Number {
	return korea.MobileNumber(uint32(block*10_000 + n))
}

// refusedNumber is one that the vendor refuses.
func (w *world) refusedNumber() korea.Number { return korea.Number("0100099" + w.h.Refused) }

// trial is one Submit and what was seen of it.
type trial struct {
	provider.Result
	id    id.ID
	at    time.Time
	legs  []provider.Leg
	begun []string // what begun was called with
	early bool     // begun was called after a request that hands over
}

// enquiry is how the provider is asked about the call.
func (t trial) enquiry() provider.Enquiry {
	e := provider.Enquiry{ID: t.id, UpstreamID: t.UpstreamID, At: t.at, Refs: references(t.legs)}
	for _, l := range t.legs {
		if !slices.Contains(e.Channels, l.Channel) {
			e.Channels = append(e.Channels, l.Channel)
		}
	}
	return e
}

// submit makes one call and holds it to the laws. begin, if any, is what begun answers.
func (w *world) submit(ctx context.Context, legs []provider.Leg, begin ...func() error) trial {
	w.Helper()
	t := w.call(ctx, legs, begin...)
	w.judge(t)
	return t
}

// call makes one call.
func (w *world) call(ctx context.Context, legs []provider.Leg, begin ...func() error) trial {
	t := trial{id: id.New(), at: time.Now(), legs: legs}
	t.Result = w.Provider.Submit(ctx, provider.Call{ID: t.id, Legs: legs}, func(_ context.Context, upstream string) error {
		w.line.mu.Lock()
		t.early = t.early || w.line.handed > 0
		w.line.mu.Unlock()
		t.begun = append(t.begun, upstream)
		for _, b := range begin {
			return b()
		}
		return nil
	})
	if t.Outcome == provider.Accepted && t.UpstreamID != "" {
		w.took.add(t)
	}
	return t
}

// judge holds a call to the laws that hold whatever happened.
func (w *world) judge(t trial) {
	w.Helper()
	taken := w.taken()
	_, handed, _ := w.line.counts()
	for i, l := range t.legs {
		want := 0
		if t.Outcome == provider.Accepted && i < len(t.Members) && !t.Members[i].Refused {
			want = 1
		}
		if got := taken[w.name(l)]; got != want && (t.Outcome != provider.Unknown || got > 1) {
			w.Errorf("%v, %q: the vendor took leg %d %d times, want %d", t.Outcome, t.Text, i, got, want)
		}
	}
	if t.Outcome == provider.Accepted && len(t.Members) != len(t.legs) {
		w.Errorf("members: got %d, want %d", len(t.Members), len(t.legs))
	}
	if t.Outcome == provider.Refused && t.Reason == "" {
		w.Errorf("refused without a reason: %+v", t.Result)
	}
	if handed > 1 {
		w.Errorf("requests that hand over: got %d, want at most one", handed)
	}
	switch {
	case w.h.OnePhase && len(t.begun) > 0:
		w.Errorf("begun: got %d calls, want none in one phase", len(t.begun))
	case len(t.begun) > 1 || t.early:
		w.Errorf("begun: got %d calls, the last after the hand-over %v; want one, before it", len(t.begun), t.early)
	case len(t.begun) == 1 && (t.begun[0] == "" || t.UpstreamID != t.begun[0]):
		w.Errorf("id of the call: begun got %q, the result says %q", t.begun[0], t.UpstreamID)
	case !w.h.OnePhase && handed > 0 && len(t.begun) == 0:
		w.Error("handed over without begun")
	}
	w.discreet(t.Text+" "+t.Code, t.legs)
}

// discreet finds what a text for logs must not hold.
func (w *world) discreet(said string, legs []provider.Leg) {
	w.Helper()
	for _, l := range legs[:min(len(legs), 10)] {
		for _, secret := range []string{string(l.To), l.Text, w.account.APISecret, reportSecret} {
			if secret != "" && strings.Contains(said, secret) {
				w.Errorf("a text for logs holds a secret, a number or a message: %q", said)
			}
		}
	}
}

// mustBe fails unless the outcome is this one.
func (t trial) mustBe(w *world, want provider.Outcome) {
	w.Helper()
	if t.Outcome != want {
		w.Fatalf("outcome: got %v (%s, %q), want %v", t.Outcome, t.Code, t.Text, want)
	}
}
