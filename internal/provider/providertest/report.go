package providertest

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// The sentences about Authentic and Parse.

// parse reads one call of the webhook, which must be the vendor's, or one answer to a poll.
func (w *world) parse(c hookCall) []provider.Report {
	w.Helper()
	if w.poller() == nil && !w.Authentic(c.header, c.body) {
		w.Fatalf("a report of the vendor is not authentic: %v", c.header)
	}
	reports, err := w.Parse(c.body)
	if err != nil {
		w.Fatalf("parse: %v in %s", err, c.body)
	}
	return w.named(reports)
}

// named gives reports that name their leg by call and number its reference, in a list of
// their own.
func (w *world) named(reports []provider.Report) []provider.Report {
	w.Helper()
	var out []provider.Report
	for _, r := range reports {
		if r.Ref == "" && !r.Call.IsZero() {
			for _, t := range w.took.all() {
				at := slices.IndexFunc(t.legs, func(l provider.Leg) bool { return l.To == r.To })
				if t.id == r.Call && at >= 0 {
					r.Ref, r.Call, r.To = t.legs[at].Ref, id.ID{}, ""
				}
			}
		}
		out = append(out, r)
	}
	return out
}

// poller is the adapter of a vendor that is asked; nil when it reports by itself.
func (w *world) poller() provider.Poller {
	p, _ := w.Provider.(provider.Poller)
	return p
}

// bodies are what the vendor has told so far: the calls of the webhook, or what it answers
// about each accepted call.
func (w *world) bodies() (all []hookCall) {
	w.Helper()
	p := w.poller()
	if p == nil {
		return w.hook.all()
	}
	for _, t := range w.took.all() {
		bodies, err := p.Poll(w.Context(), t.enquiry())
		if err != nil {
			w.Fatalf("poll: %v", err)
		}
		for _, b := range bodies {
			all = append(all, hookCall{body: b})
		}
	}
	return all
}

// reports are what the vendor has told so far.
func (w *world) reports() (all []provider.Report) {
	w.Helper()
	for _, c := range w.bodies() {
		all = append(all, w.parse(c)...)
	}
	return all
}

// finals waits for n final reports, and gives all of them that came.
func (w *world) finals(n int) []provider.Report {
	w.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		finals := slices.DeleteFunc(w.reports(), func(r provider.Report) bool { return !r.Final })
		if len(finals) >= n {
			return finals
		}
		more := w.hook.more
		if w.poller() != nil {
			more = w.hook.again()
		}
		select {
		case <-more:
		case <-late.C:
			w.Fatalf("final reports: got %d, want %d", len(finals), n)
		}
	}
}

// everyEnd are legs that end in the ways that legs end, by the table.
func (w *world) everyEnd() []provider.Leg {
	legs := texts(4)
	legs[1].To, legs[2].To = numbered(0, 1), numbered(3, 1)
	legs[3].Channel, legs[3].Subject = provider.LMS, "제목"
	if w.Capabilities().Carries(provider.Alimtalk) {
		legs = append(legs, w.alimtalk(legs[0].Ref+"0", numbered(0, 2)), w.alimtalk(legs[0].Ref+"1", numbered(1, 1)))
	}
	if w.Capabilities().Carries(provider.MMS) {
		shown := texts(1)[0]
		legs = append(legs, w.mms(shown.Ref, shown.To, pictures(1)...))
	}
	return slices.DeleteFunc(legs, func(l provider.Leg) bool { return !w.Capabilities().Carries(l.Channel) })
}

// ending is what a report says in the end.
type ending struct {
	Delivered bool
	Reason    provider.Reason
}

var arrived = ending{Delivered: true}

// endings are those of each reference, in the order in which they came.
func endings(reports []provider.Report) map[string][]ending {
	out := map[string][]ending{}
	for _, r := range reports {
		out[r.Ref] = append(out[r.Ref], ending{r.Delivered, r.Reason})
	}
	return out
}

// expected is how a leg ends by the table.
func expected(l provider.Leg) ending {
	switch {
	case l.Channel == provider.Alimtalk && (l.To == numbered(1, 1) || l.To == numbered(7, 1)):
		return ending{Reason: provider.NotKakaoUser}
	case l.To == numbered(3, 1):
		return ending{Reason: provider.NumberAbsent}
	}
	return arrived
}

func testReports(t *testing.T, h Harness) {
	w := newWorld(t, h)
	legs := w.everyEnd()
	want := map[string][]ending{}
	ids := map[string]string{}
	for _, call := range w.accept(legs) {
		for i, l := range call.legs {
			want[l.Ref] = []ending{expected(l)}
			ids[l.Ref] = call.Members[i].UpstreamID
		}
	}
	finals := w.finals(len(legs))
	for _, r := range finals {
		if id := ids[r.Ref]; id != "" && r.UpstreamID != id {
			t.Errorf("id of %s: the report says %q, the member %q", r.Ref, r.UpstreamID, id)
		}
		if !r.At.IsZero() && (r.At.Location() != time.UTC || time.Since(r.At).Abs() > time.Hour) {
			t.Errorf("time of %s: got %v, want now in UTC", r.Ref, r.At)
		}
		if !r.Delivered && (r.Code == "" || r.Reason.Korean() == "") {
			t.Errorf("a failure without a code: %+v", r)
		}
	}
	if w.Capabilities().Carries(provider.Alimtalk) && w.poller() == nil {
		contradicted := []provider.Leg{w.alimtalk(legs[0].Ref+"7", numbered(7, 1)), text(legs[0].Ref+"8", numbered(7, 1))}
		for _, l := range contradicted {
			w.line.mark(-1, passes)
			w.submit(t.Context(), []provider.Leg{l}).mustBe(w, provider.Accepted)
			finals = w.finals(len(finals) + 1)
		}
		finals = w.finals(len(legs) + 3)
		want[contradicted[0].Ref] = []ending{expected(contradicted[0]), arrived}
		want[contradicted[1].Ref] = []ending{arrived}
	}
	if diff := cmp.Diff(want, endings(finals)); diff != "" {
		t.Errorf("ends (-want +got):\n%s", diff)
	}
}

func testEarlyReport(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if w.poller() != nil {
		return // nobody asks before the reply
	}
	legs := texts(1)
	legs[0].To = numbered(13, 1)
	w.submit(t.Context(), legs).mustBe(w, provider.Accepted)
	if diff := cmp.Diff(map[string][]ending{legs[0].Ref: {arrived}}, endings(w.finalsSoFar())); diff != "" {
		t.Errorf("reports when the call is answered (-want +got):\n%s", diff)
	}
}

// finalsSoFar are those that came already.
func (w *world) finalsSoFar() []provider.Report {
	w.Helper()
	return w.finals(0)
}

// testSweepPoll breaks every request of a question about a call: nothing may be learnt from
// it, and the next one says what it would have said.
func testSweepPoll(t *testing.T, h Harness) {
	w := newWorld(t, h)
	p := w.poller()
	if p == nil {
		return // nobody asks
	}
	legs := w.everyEnd()
	calls := w.accept(legs)
	want := endings(w.finals(len(legs)))
	for _, how := range broken {
		for _, call := range calls {
			w.line.mark(all, how)
			if bodies, err := p.Poll(t.Context(), call.enquiry()); err == nil || len(bodies) > 0 {
				t.Errorf("%v: got %d bodies and the error %v, want an error alone", how, len(bodies), err)
			} else {
				w.discreet(err.Error(), call.legs)
			}
		}
		w.line.mark(-1, passes)
		if diff := cmp.Diff(want, endings(w.finals(len(legs)))); diff != "" {
			t.Errorf("asked again after %v (-want +got):\n%s", how, diff)
		}
	}
}

func testReportsAnyhow(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if w.poller() != nil {
		return // what is asked twice is said twice: testSweepPoll
	}
	w.play("{duplicate: 1, reorder: 0.5, late: 0.5}")
	legs := texts(20)
	w.submit(t.Context(), legs).mustBe(w, provider.Accepted)
	byRef := map[string][]provider.Report{}
	for _, r := range w.finals(2 * len(legs)) {
		byRef[r.Ref] = append(byRef[r.Ref], r)
	}
	for _, l := range legs {
		if got := byRef[l.Ref]; len(got) != 2 || !cmp.Equal(got[0], got[1]) || !got[0].Delivered {
			t.Errorf("reports of one leg: got %+v, want two that are equal", got)
		}
	}
	calls := w.hook.all()
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
	for _, c := range calls {
		for _, r := range w.parse(c) {
			if r.Final && !cmp.Equal(r, byRef[r.Ref][0]) {
				t.Errorf("a report read later: got %+v, want %+v", r, byRef[r.Ref][0])
			}
		}
	}
}

// reported is a call of the webhook with reports of several legs.
func (w *world) reported() hookCall {
	w.Helper()
	w.accept(w.everyEnd())
	w.finals(3)
	return w.bodies()[0]
}

func testParsePure(t *testing.T, h Harness) {
	w := newWorld(t, h)
	c := w.reported()
	body := bytes.Clone(c.body)
	one := w.parse(c)
	if !bytes.Equal(body, c.body) {
		t.Error("the body was changed")
	}
	other, err := w.adapter(w.account).Parse(body)
	other = w.named(other)
	if diff := cmp.Diff(one, other); diff != "" || err != nil {
		t.Errorf("the same body read by another: %v (-one +other):\n%s", err, diff)
	}
	at := -1
	for _, r := range one {
		if h.Nameless {
			break // numbers may stand in many forms
		}
		next := bytes.Index(body, []byte(r.Ref))
		if next < at {
			t.Errorf("reports are not in the order of the body: %s", r.Ref)
		}
		at = next
	}
	for i := range c.body {
		c.body[i] = 'x'
	}
	if diff := cmp.Diff(other, one); diff != "" {
		t.Errorf("reports after their body was written over (-before +after):\n%s", diff)
	}
}

func testParseGarbage(t *testing.T, h Harness) {
	w := newWorld(t, h)
	body := w.reported().body
	for _, garbage := range []string{"", " \n", "garbage", "\x00\xff\xfe", "<html><body>Bad Gateway</body></html>"} {
		if got, err := w.Parse([]byte(garbage)); err == nil {
			t.Errorf("%q: got %+v, want an error", garbage, got)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		broken := bytes.Clone(body[:random.IntN(len(body)+1)])
		for range min(len(broken), random.IntN(4)) {
			broken[random.IntN(len(broken))] = byte(random.Uint32())
		}
		reports, err := w.Parse(broken)
		if err != nil && len(reports) > 0 {
			t.Fatalf("got %d reports beside an error: %v in %q", len(reports), err, broken)
		}
	}
}

func testAuthentic(t *testing.T, h Harness) {
	w := newWorld(t, h)
	c := w.reported()
	if w.poller() != nil {
		if w.Authentic(c.header, c.body) || w.Authentic(http.Header{}, c.body) {
			t.Error("a vendor that does not report has an authentic report")
		}
		return
	}
	if !w.Authentic(c.header, c.body) {
		t.Fatal("a report of the vendor is not authentic")
	}
	for name, change := range map[string]func(*provider.Webhook){
		"no secret":      func(h *provider.Webhook) { h.Secret = "" },
		"another secret": func(h *provider.Webhook) { h.Secret += "x" },
	} {
		account := w.account
		change(&account.Webhook)
		if w.adapter(account).Authentic(c.header, c.body) {
			t.Errorf("%s: a report is authentic, want none", name)
		}
		if w.adapter(account).Authentic(http.Header{}, nil) || w.adapter(account).Authentic(nil, nil) {
			t.Errorf("%s: an empty report is authentic, want none", name)
		}
	}
	if w.Authentic(http.Header{}, c.body) || w.Authentic(nil, c.body) {
		t.Error("a report without headers is authentic")
	}
	proofs := 0
	for name, values := range c.header {
		forged := c.header.Clone()
		last := len(values[0]) - 1
		forged.Set(name, values[0][:last]+string(values[0][last]^1))
		without := c.header.Clone()
		without.Del(name)
		if !w.Authentic(forged, c.body) && !w.Authentic(without, c.body) {
			proofs++
		}
	}
	if proofs == 0 {
		t.Error("no header is a proof: any may be forged or left out")
	}
	if h.SignsBody && w.Authentic(c.header, append(bytes.Clone(c.body), ' ')) {
		t.Error("another body with the same headers is authentic")
	}
}
