package providertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ provider.Provider = (*Instant)(nil)

// inbox receives reports and parses them.
type inbox struct {
	t *testing.T
	*Instant
	mu      sync.Mutex
	reports []provider.Report
	sizes   []int
	err     error
}

func newInbox(t *testing.T, o InstantOptions) *inbox {
	b := &inbox{t: t}
	o.Secret, o.Receive = reportSecret, b.receive
	b.Instant = NewInstant(o)
	return b
}

func (b *inbox) receive(_ context.Context, h http.Header, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	if !b.Authentic(h, body) {
		b.t.Error("a report is not authentic")
	}
	reports, err := b.Parse(body)
	if err != nil {
		b.t.Errorf("parse: %v", err)
	}
	b.reports, b.sizes = append(b.reports, reports...), append(b.sizes, len(reports))
	return nil
}

// got are the ends so far, by reference.
func (b *inbox) got() map[string][]ending {
	b.mu.Lock()
	defer b.mu.Unlock()
	return endings(b.reports)
}

func (b *inbox) submit(legs ...provider.Leg) provider.Result {
	return b.Submit(b.t.Context(), provider.Call{ID: id.New(), Legs: legs}, stored)
}

func (b *inbox) deliver() {
	b.t.Helper()
	if _, err := b.Deliver(b.t.Context()); err != nil {
		b.t.Errorf("deliver: %v", err)
	}
}

func kakao(ref string, to korea.Number) provider.Leg {
	return provider.Leg{Ref: ref, To: to, Channel: provider.Alimtalk, Text: someText, Alimtalk: &provider.Template{}}
}

func TestEveryLegEndsByTheTable(t *testing.T) {
	failed := func(r provider.Reason) []ending { return []ending{{Reason: r}} }
	once, none := []ending{arrived}, []ending(nil)
	for row, want := range map[int][2][]ending{
		0: {once, once}, 1: {failed(provider.NotKakaoUser), once}, 2: {failed(provider.NotKakaoUser), failed(provider.NumberAbsent)},
		3: {once, failed(provider.NumberAbsent)}, 4: {none, none}, 5: {{arrived, arrived}, {arrived, arrived}},
		7: {{{Reason: provider.NotKakaoUser}, arrived}, once}, 13: {once, once}, 14: {once, once},
	} {
		b := newInbox(t, InstantOptions{})
		for _, l := range []provider.Leg{kakao("k", numbered(row, 1)), text("t", numbered(row, 1))} {
			if r := b.submit(l); r.Outcome != provider.Accepted || len(r.Members) != 1 || r.Members[0].Refused {
				t.Fatalf("%02d: got %+v, want it taken", row, r)
			}
			b.deliver()
		}
		got := b.got()
		if diff := cmp.Diff(want, [2][]ending{got["k"], got["t"]}); diff != "" {
			t.Errorf("%02d: ends of Alimtalk and text (-want +got):\n%s", row, diff)
		}
		if b.Taken() != 2 || b.Waiting() != 0 {
			t.Errorf("%02d: got %d taken and %d waiting, want 2 and 0", row, b.Taken(), b.Waiting())
		}
	}
}

func TestAForcedCodeEndsItsLeg(t *testing.T) {
	b := newInbox(t, InstantOptions{})
	r := b.submit(text("no", "01000991062"), text("dead", "01000993059"), text("fine", "01000994000"), text("never", "01000993000"))
	if r.Outcome != provider.Accepted || !r.Members[0].Refused || r.Members[0].Code != "1062" || r.Members[1].Refused {
		t.Fatalf("got %+v, want the first alone refused", r)
	}
	b.deliver()
	want := map[string][]ending{"dead": {{Reason: provider.UnrecognisedCode}}, "fine": {arrived}}
	if diff := cmp.Diff(want, b.got()); diff != "" {
		t.Errorf("ends (-want +got):\n%s", diff)
	}
	found, err := b.Lookup(t.Context(), provider.Enquiry{UpstreamID: r.UpstreamID, Refs: []string{"no", "dead", "fine", "never"}})
	if err != nil || found.Verdict != provider.LookupTaken || !found.Complete || len(found.Reports) != 3 || found.Reports[2].Final {
		t.Errorf("look-up: got %+v, %v, want the three that were taken, the last not final", found, err)
	}
}

func TestAFaultActsOnTheWholeCallOncePerNumber(t *testing.T) {
	for row, want := range map[int]struct {
		outcome provider.Outcome
		taken   bool
	}{8: {provider.Unknown, true}, 9: {provider.Unknown, true}, 10: {provider.Unknown, false}, 12: {provider.Unknown, false}, 11: {provider.Refused, false}} {
		b := newInbox(t, InstantOptions{})
		legs := []provider.Leg{text("a", numbered(row, 1)), text("b", numbered(0, 1))}
		r := b.submit(legs...)
		if r.Outcome != want.outcome || (r.Outcome == provider.Refused) != (r.RetryAfter == time.Second && r.Reason == provider.ProviderRateLimited) {
			t.Errorf("%d: got %+v, want %v", row, r, want.outcome)
		}
		found, err := b.Lookup(t.Context(), provider.Enquiry{UpstreamID: r.UpstreamID, Refs: []string{"a", "b"}})
		if err != nil || (found.Verdict == provider.LookupTaken) != want.taken || (found.Verdict == provider.LookupNotSent) == want.taken {
			t.Errorf("%d: look-up: got %+v, %v, want taken %v", row, found, err, want.taken)
		}
		if again := b.submit(legs...); again.Outcome != provider.Accepted {
			t.Errorf("%d: a second time: got %+v, want accepted", row, again)
		}
		if got, want := b.Taken(), map[bool]uint64{true: 4, false: 2}[want.taken]; got != want {
			t.Errorf("%d: taken: got %d, want %d", row, got, want)
		}
	}
	b := newInbox(t, InstantOptions{})
	mixed := []provider.Leg{text("a", numbered(8, 1)), text("b", numbered(11, 1)), text("c", numbered(10, 1))}
	for i, want := range []provider.Outcome{provider.Refused, provider.Unknown, provider.Unknown, provider.Accepted} {
		if r := b.submit(mixed...); r.Outcome != want {
			t.Errorf("call %d: got %v, want %v", i, r.Outcome, want)
		}
	}
}

func TestAnEarlyReportComesBeforeSubmitReturns(t *testing.T) {
	b := newInbox(t, InstantOptions{})
	b.submit(text("early", numbered(13, 1)), text("usual", numbered(0, 1)))
	if diff := cmp.Diff(map[string][]ending{"early": {arrived}}, b.got()); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	b.err = errors.New("closed")
	b.submit(text("refused", numbered(13, 2)))
	if b.err = nil; b.Waiting() != 2 {
		t.Errorf("waiting: got %d, want the usual one and the one that was refused", b.Waiting())
	}
}

func TestNothingIsTakenOfACallThatDoesNotBegin(t *testing.T) {
	b := newInbox(t, InstantOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	for name, begun := range map[string]provider.Begun{
		"begun fails":      func(context.Context, string) error { return errors.New("no database") },
		"the context ends": func(context.Context, string) error { cancel(); return nil },
		"it is looked up": func(_ context.Context, upstream string) error {
			if found, err := b.Lookup(t.Context(), provider.Enquiry{UpstreamID: upstream}); err != nil || found.Verdict != provider.LookupNotSent {
				t.Errorf("look-up before it is taken: got %+v, %v, want not sent", found, err)
			}
			return nil
		},
	} {
		live := t.Context()
		if name == "the context ends" {
			live = ctx
		}
		r := b.Submit(live, provider.Call{ID: id.New(), Legs: []provider.Leg{text("a", numbered(0, 1))}}, begun)
		if r.Outcome != provider.NotSent || b.Taken() != 0 {
			t.Errorf("%s: got %+v and %d taken, want not sent", name, r, b.Taken())
		}
		if found, err := b.Lookup(t.Context(), provider.Enquiry{UpstreamID: r.UpstreamID}); err != nil || found.Verdict != provider.LookupNotSent {
			t.Errorf("%s: look-up: got %+v, %v, want not sent", name, found, err)
		}
	}
	<-ctx.Done()
	if r := b.Submit(ctx, provider.Call{Legs: []provider.Leg{text("a", numbered(0, 1))}}, stored); r.Outcome != provider.NotSent || r.UpstreamID != "" {
		t.Errorf("after the context has ended: got %+v, want not sent", r)
	}
}

func TestALookUpKnowsOnlyItsOwnCalls(t *testing.T) {
	b, other := newInbox(t, InstantOptions{}), newInbox(t, InstantOptions{})
	mine := b.submit(text("a", numbered(0, 1))).UpstreamID
	for _, stranger := range []string{"", "nonsense", mine + "0", mine[:len(mine)-1] + "0"} {
		if found, err := b.Lookup(t.Context(), provider.Enquiry{UpstreamID: stranger}); err == nil {
			t.Errorf("%q: got %+v, want an error", stranger, found)
		}
	}
	if found, err := other.Lookup(t.Context(), provider.Enquiry{UpstreamID: mine}); err == nil {
		t.Errorf("a call of another: got %+v, want an error", found)
	}
	one := newInbox(t, InstantOptions{OnePhase: true})
	r := one.Submit(t.Context(), provider.Call{Legs: []provider.Leg{text("a", numbered(0, 1))}}, func(context.Context, string) error {
		t.Error("begun is called in one phase")
		return nil
	})
	if found, err := one.Lookup(t.Context(), provider.Enquiry{UpstreamID: r.UpstreamID, Refs: []string{"a"}}); err != nil || found.Verdict != provider.LookupUnknown || r.UpstreamID != "" {
		t.Errorf("one phase: got %+v, %v of call %q, want nothing", found, err, r.UpstreamID)
	}
	if one.Capabilities().Lookup != provider.LookupNone || b.Capabilities().Lookup != provider.LookupAuthoritative {
		t.Error("the capabilities do not say so")
	}
}

func TestReportsComeInBodiesOfTheBatchAndAgainWhenRefused(t *testing.T) {
	b := newInbox(t, InstantOptions{Batch: 10})
	b.submit(texts(25)...)
	b.err = errors.New("closed")
	if n, err := b.Deliver(t.Context()); n != 0 || !errors.Is(err, b.err) {
		t.Errorf("a closed door: got %d, %v", n, err)
	}
	b.err = nil
	if n, err := b.Deliver(t.Context()); n != 25 || err != nil {
		t.Errorf("an open door: got %d, %v, want 25", n, err)
	}
	if diff := cmp.Diff([]int{10, 10, 5}, b.sizes); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	if n, err := b.Deliver(t.Context()); n != 0 || err != nil {
		t.Errorf("nothing left: got %d, %v", n, err)
	}
}

func TestASeedShufflesReportsTheSameWayEachTime(t *testing.T) {
	order := func(seed uint64) (refs []string) {
		b := newInbox(t, InstantOptions{Batch: 30, Seed: seed})
		for i := range 100 {
			b.submit(text(fmt.Sprint(i), numbered(0, i)))
		}
		b.deliver()
		for _, r := range b.reports {
			refs = append(refs, r.Ref)
		}
		return refs
	}
	plain, one := order(0), order(7)
	if diff := cmp.Diff(one, order(7)); diff != "" {
		t.Errorf("the same seed (-one +again):\n%s", diff)
	}
	if slices.Equal(plain, one) || slices.Equal(one, order(8)) {
		t.Error("got the same order for another seed, want another one")
	}
	slices.Sort(plain)
	slices.Sort(one)
	if diff := cmp.Diff(plain, one); diff != "" {
		t.Errorf("reports lost or doubled (-plain +shuffled):\n%s", diff)
	}
}

func TestRunHandsReportsOverAtOnceAndLateOnesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInbox(t, InstantOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		r := b.submit(text("now", numbered(0, 1)), text("late", numbered(6, 1)))
		synctest.Wait()
		if diff := cmp.Diff(map[string][]ending{"now": {arrived}}, b.got()); diff != "" {
			t.Errorf("at once (-want +got):\n%s", diff)
		}
		if found, _ := b.Lookup(t.Context(), provider.Enquiry{UpstreamID: r.UpstreamID, Refs: []string{"now", "late"}}); found.Reports[1].Final {
			t.Errorf("look-up at once: got %+v, want the late one not final", found.Reports)
		}
		time.Sleep(59 * time.Second)
		b.mu.Lock()
		b.err = errors.New("closed")
		b.mu.Unlock()
		time.Sleep(10 * time.Second)
		b.mu.Lock()
		b.err = nil
		b.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff(map[string][]ending{"now": {arrived}, "late": {arrived}}, b.got()); diff != "" {
			t.Errorf("a minute later, after a closed door (-want +got):\n%s", diff)
		}
		if found, _ := b.Lookup(t.Context(), provider.Enquiry{UpstreamID: r.UpstreamID, Refs: []string{"late"}}); !found.Reports[0].Delivered {
			t.Errorf("look-up later: got %+v, want it delivered", found.Reports)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestABlockGivesOtherNumbersARow(t *testing.T) {
	b := newInbox(t, InstantOptions{Block: func(to korea.Number) int { return int(to[10] - '0') }})
	b.submit(text("0", "01012345670"), text("3", "01012345673"), text("table", numbered(0, 3)))
	b.deliver()
	want := map[string][]ending{"0": {arrived}, "3": {{Reason: provider.NumberAbsent}}, "table": {arrived}}
	if diff := cmp.Diff(want, b.got()); diff != "" {
		t.Errorf("ends (-want +got):\n%s", diff)
	}
}

func TestALegThatCannotBeTakenIsRefused(t *testing.T) {
	b := newInbox(t, InstantOptions{Channels: []provider.Channel{provider.SMS}})
	r := b.submit(text("", numbered(0, 1)), text("a\nb", numbered(0, 1)), kakao("k", numbered(0, 1)))
	for i, m := range r.Members {
		if !m.Refused || m.Reason != provider.ContentMissing {
			t.Errorf("member %d: got %+v, want it refused", i, m)
		}
	}
	if found, err := b.Lookup(t.Context(), provider.Enquiry{UpstreamID: r.UpstreamID, Refs: []string{"k"}}); err != nil || found.Verdict != provider.LookupNotSent || b.Taken() != 0 {
		t.Errorf("look-up: got %+v, %v, want not sent", found, err)
	}
	if r := b.submit(); r.Outcome != provider.Accepted || len(r.Members) != 0 {
		t.Errorf("no legs: got %+v, want accepted", r)
	}
}

func TestOnlyTheSecretIsAuthentic(t *testing.T) {
	header := http.Header{secretHeader: {reportSecret}}
	for secret, want := range map[string]bool{reportSecret: true, "": false, reportSecret + "x": false} {
		if got := NewInstant(InstantOptions{Secret: secret}).Authentic(header, nil); got != want {
			t.Errorf("secret %q: got %v, want %v", secret, got, want)
		}
	}
	if NewInstant(InstantOptions{}).Authentic(http.Header{}, nil) || NewInstant(InstantOptions{Secret: "s"}).Authentic(nil, nil) {
		t.Error("an empty report is authentic")
	}
}

func FuzzInstantParse(f *testing.F) {
	p := NewInstant(InstantOptions{})
	f.Add(p.body([]report{{ref: "demo-rich.m.0.1.1", code: codeDelivered}, {ref: "b", code: codeAbsent}}))
	f.Add([]byte(bodyHead + "12\n4000 a"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, err := p.Parse(body)
		if err != nil && reports != nil {
			t.Fatalf("got %v beside an error", reports)
		}
		again, _ := p.Parse(body)
		if diff := cmp.Diff(reports, again); diff != "" {
			t.Fatalf("the same body (-one +again):\n%s", diff)
		}
		for _, r := range reports {
			if r.Ref == "" || len(r.Code) != codeLength {
				t.Fatalf("got %+v", r)
			}
		}
	})
}

// BenchmarkInstant is the whole life of a leg: taken, reported, proven, parsed.
func BenchmarkInstant(b *testing.B) {
	legs := make([]provider.Leg, 1000)
	for i := range legs {
		legs[i] = text(fmt.Sprintf("demo-rich.01k0000000000000000000000.%d.0.1", i), korea.MobileNumber(uint32(12_000_000+i)))
	}
	var p *Instant
	reports := 0
	p = NewInstant(InstantOptions{Secret: reportSecret, Receive: func(_ context.Context, h http.Header, body []byte) error {
		parsed, err := p.Parse(body)
		if reports += len(parsed); err != nil || !p.Authentic(h, body) {
			b.Errorf("report: %v", err)
		}
		return nil
	}})
	b.ReportAllocs()
	for b.Loop() {
		if r := p.Submit(b.Context(), provider.Call{Legs: legs}, stored); r.Outcome != provider.Accepted {
			b.Fatalf("submit: %+v", r)
		}
		if _, err := p.Deliver(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if reports != b.N*len(legs) {
		b.Errorf("reports: got %d, want %d", reports, b.N*len(legs))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(legs)), "ns/leg")
}

func TestManyMayCallAndDeliverAtOnce(t *testing.T) {
	b := newInbox(t, InstantOptions{Batch: 7, Seed: 3})
	ctx, cancel := context.WithCancel(t.Context())
	var running, calling sync.WaitGroup
	running.Go(func() {
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for range 4 {
		calling.Go(func() {
			for range 20 {
				legs := texts(10)
				r := b.submit(legs...)
				if found, err := b.Lookup(ctx, provider.Enquiry{UpstreamID: r.UpstreamID, Refs: references(legs)}); err != nil || len(found.Reports) != len(legs) {
					t.Errorf("look-up: got %+v, %v", found, err)
				}
				b.deliver()
			}
		})
	}
	calling.Wait()
	cancel()
	running.Wait()
	b.deliver()
	if got := len(b.got()); got != 800 || b.Waiting() != 0 {
		t.Errorf("got reports of %d legs and %d waiting, want 800 and 0", got, b.Waiting())
	}
}
