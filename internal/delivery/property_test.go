package delivery

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
)

// TestEveryOrderOfEventsKeepsTheBooksAndEndsEveryoneOnce lets accept, dispatch,
// reports (early, duplicate, late, contradicting), cancel, pause, resume,
// reschedule, refunds, time, folding and recovery come in any order. After each step the
// ledger is proven against the rows, the statistics of each day are what is counted from
// the rows, and nobody who was final has moved.
func TestEveryOrderOfEventsKeepsTheBooksAndEndsEveryoneOnce(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := still(t, engine, worldOptions{delivery: Options{Rest: time.Microsecond}})
			rounds(t, engine)
			round := 0
			rapid.Check(t, func(rt *rapid.T) {
				round++
				h := &history{world: w, rt: rt, site: fmt.Sprintf("site-%d", round), final: map[message.Place]message.Recipient{}}
				w.site(h.site, int64(rapid.IntRange(300, 2000).Draw(rt, "won")))
				rt.Repeat(map[string]func(*rapid.T){
					"accept": h.accept, "dispatch": h.dispatch, "report": h.report, "early": h.early, "fall": h.fall, "again": h.again,
					"cancel": h.cancel, "pause": h.pause, "resume": h.resume, "reschedule": h.reschedule,
					"trouble": h.trouble, "time": h.time, "recover": h.recover, "refund": h.refund, "fold": h.fold, "": h.check,
				})
				h.finish()
			})
		})
	}
}

// rounds gives the engines that pay for each commit fewer rounds, unless the
// command line says how many.
func rounds(t *testing.T, engine string) {
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	n := "80"
	if engine != "sqlite" {
		n = "20"
	}
	if err := flag.Set("rapid.checks", n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
}

// history is one random run over one site.
type history struct {
	*world
	rt       *rapid.T
	site     string
	messages []message.Key
	final    map[message.Place]message.Recipient
	said     []string // reports given so far, to be repeated
	figures  book
}

func (h *history) must(err error) {
	if err != nil {
		h.rt.Fatal(err)
	}
}

var phones = []int{10_000_000, 10_000_001, 10_000_002, 10_000_003, 10_000_004, 10_000_005}

func (h *history) accept(t *rapid.T) {
	r := request(rapid.SampledFrom([]message.Strategy{message.AlimtalkFirst, message.SMSOnly, message.CostOptimized}).Draw(t, "strategy"))
	r.ValidFor = rapid.SampledFrom([]time.Duration{time.Minute, 24 * time.Hour}).Draw(t, "valid")
	if rapid.Bool().Draw(t, "scheduled") {
		r.ScheduledAt = h.clock.read().Add(time.Duration(rapid.IntRange(1, 7200).Draw(t, "in")) * time.Second)
	}
	var to []string
	for _, n := range phones[:rapid.IntRange(1, len(phones)).Draw(t, "people")] {
		to = append(to, mobile(n))
	}
	receipt, err := h.send(h.site, r, to...)
	if fault.Is(err, fault.NoCredit) {
		return
	}
	h.must(err)
	h.messages = append(h.messages, receipt.Message)
}

func (h *history) dispatch(*rapid.T) { h.drain() }

// any picks a message; before there is one, it makes one.
func (h *history) any(t *rapid.T) message.Key {
	for len(h.messages) == 0 {
		h.accept(t)
	}
	return rapid.SampledFrom(h.messages).Draw(t, "message")
}

// statuses: delivered, not on Kakao, absent number, carrier fault, on its way,
// the operator's balance, a code nobody knows.
var statuses = []string{"4000", "4000", "3104", "3032", "3052", "3000", "2230", "3999"}

func (h *history) someone(t *rapid.T) message.Recipient {
	people := h.people(h.any(t))
	return people[rapid.IntRange(0, len(people)-1).Draw(t, "recipient")].Recipient
}

func (h *history) say(ref, status string) {
	h.said = append(h.said, ref+" "+status)
	h.must(h.world.report(ref, status))
}

func (h *history) report(t *rapid.T) {
	r := h.someone(t)
	h.say(r.Reference(), rapid.SampledFrom(statuses).Draw(t, "status"))
}

// early speaks of legs that may not have been begun, or are long over.
func (h *history) early(t *rapid.T) {
	r := h.someone(t)
	r.Step, r.Try = rapid.IntRange(1, 3).Draw(t, "step"), rapid.IntRange(1, 2).Draw(t, "try")
	h.say(r.Reference(), rapid.SampledFrom(statuses).Draw(t, "status"))
}

// fall hands over what is due, says of some that they are not on Kakao, mostly lets their
// texts go out, and says of some that they were reached after all: by chance alone that
// much would seldom come together.
func (h *history) fall(t *rapid.T) {
	key := h.any(t)
	h.drain()
	for _, r := range h.people(key) {
		if r.State == message.Sent && rapid.Bool().Draw(t, "fails") {
			h.say(r.Reference(), "3104")
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "goes on") > 0 {
		h.checkFigures() // of the day before, if it ends just now
		h.clock.forward(3 * time.Second)
		h.drain()
	}
	for _, r := range h.people(key) {
		for _, l := range r.History {
			if l.What == message.LegFailed && rapid.Bool().Draw(t, "after all") {
				r.Step, r.Try = l.Step, l.Try
				h.say(r.Reference(), "4000")
			}
		}
	}
}

func (h *history) again(t *rapid.T) {
	if len(h.said) == 0 {
		return
	}
	var ref, status string
	_, err := fmt.Sscan(rapid.SampledFrom(h.said).Draw(t, "said"), &ref, &status)
	h.must(err)
	h.must(h.world.report(ref, status))
}

func (h *history) act(t *rapid.T, act func(context.Context, message.Key) (*message.Message, error)) {
	_, err := act(context.Background(), h.any(t))
	if !fault.Is(err, fault.Conflict) {
		h.must(err)
	}
}

func (h *history) cancel(t *rapid.T) { h.act(t, h.world.messages.Cancel) }
func (h *history) pause(t *rapid.T)  { h.act(t, h.world.messages.Pause) }
func (h *history) resume(t *rapid.T) { h.act(t, h.world.messages.Resume) }

func (h *history) reschedule(t *rapid.T) {
	at := h.clock.read().Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "in")) * time.Second)
	h.act(t, func(ctx context.Context, k message.Key) (*message.Message, error) {
		return h.world.messages.Reschedule(ctx, k, at)
	})
}

func (h *history) time(t *rapid.T) {
	h.clock.forward(rapid.SampledFrom([]time.Duration{3 * time.Second, 6 * time.Minute, 40 * time.Minute, 25 * time.Hour, 82 * time.Hour}).Draw(t, "passes"))
}

func (h *history) recover(*rapid.T) { h.must(h.delivery.Recover(context.Background())) }

// troubles are what can go wrong at the vendor's socket in one hand-over.
var troubles = []trouble{
	{path: "/send"}, {path: "/send", after: true},
	{path: "/send", status: 500, body: `{}`}, {path: "/send", status: 503, body: `{}`, after: true},
	{path: "/send", status: 402, body: `{"errorCode":"NotEnoughBalance","errorMessage":"-"}`},
	{path: "/groups"}, {path: "/groups", status: 429, body: `{"errorCode":"TooManyRequests","errorMessage":"-"}`},
	{path: "/groups", after: true}, {path: "/messages", method: "PUT"}, {path: "/messages", method: "PUT", after: true},
	{path: "/messages", method: "PUT", status: 400, body: `{"errorCode":"ValidationError","errorMessage":"-"}`},
}

func (h *history) trouble(t *rapid.T) {
	x := rapid.SampledFrom(troubles).Draw(t, "trouble")
	h.world.trouble.Store(&x)
}

// check holds the books against the rows, and everyone against their past.
func (h *history) check(t *rapid.T) {
	proof, err := h.ledger.Prove(context.Background(), h.d, []string{h.site}, h.world.messages.Outcomes)
	h.must(err)
	if len(proof.Broken) > 0 {
		t.Fatalf("ledger broken: %+v", proof.Broken)
	}
	for _, key := range h.messages {
		h.checkMessage(t, key)
	}
	h.checkFigures()
}

func (h *history) checkMessage(t *rapid.T, key message.Key) {
	m, count := h.find(key), map[message.Progress]int64{}
	for _, r := range h.people(key) {
		count[r.State]++
		if before, was := h.final[r.Place]; was {
			if before.State != r.State || before.Step != r.Step || before.Cost() != r.Cost() {
				t.Fatalf("recipient %d of %s moved from %s (step %d) to %s (step %d)", r.Seq, key.ID, before.State, before.Step, r.State, r.Step)
			}
		}
		if r.State.Final() {
			h.final[r.Place] = r.Recipient
		}
	}
	want := map[message.Progress]int64{message.Pending: m.Pending(), message.Sent: m.Counts.Sent, message.Unknown: m.Counts.Unknown,
		message.Delivered: m.Counts.Delivered, message.Failed: m.Counts.Failed, message.Expired: m.Counts.Expired, message.Cancelled: m.Counts.Cancelled}
	for _, p := range slices.Collect(maps.Keys(want)) {
		if count[p] != want[p] {
			t.Fatalf("message %s counts %d %s, its recipients are %d", key.ID, want[p], p, count[p])
		}
	}
}

// finish lets time pass until everyone must have ended.
func (h *history) finish() {
	h.world.trouble.Store(nil)
	for _, key := range h.messages {
		if _, err := h.world.messages.Resume(context.Background(), key); err != nil && !fault.Is(err, fault.Conflict) {
			h.rt.Fatal(err)
		}
	}
	for range 6 {
		h.clock.forward(26 * time.Hour)
		h.must(h.delivery.Recover(context.Background()))
		h.drain()
		h.checkFigures()
	}
	h.fold(h.rt)
	h.check(h.rt)
	for _, key := range h.messages {
		if m := h.find(key); !m.State.Final() {
			h.rt.Fatalf("message %s is still %s: pending %d, %+v", key.ID, m.State, m.Pending(), m.Counts)
		}
	}
	if a := h.world.account(h.site); a.Held != 0 {
		h.rt.Fatalf("%s is still held", a.Held)
	}
}
