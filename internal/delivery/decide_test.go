package delivery

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

const handedAt = db.Time(1_800_000_000_000_000)

// sentPerson is a recipient whose Alimtalk was handed over, with a text left.
func sentPerson() message.Recipient {
	return message.Recipient{Place: message.Place{Key: message.Key{Site: "shop", ID: id.New()}, Seq: 3}, Step: 1, Try: 1, State: message.Sent,
		Attempt: id.New(), Provider: upstream, HandedAt: handedAt, SentAt: handedAt + 5,
		Steps:          []message.Step{{Channel: provider.Alimtalk, Price: 9 * money.Won}, {Channel: provider.SMS, Price: 18 * money.Won}},
		FallbackWithin: 30 * time.Minute}
}

// The people and reports of the table, by name.
func people() map[string]message.Recipient {
	sent := sentPerson()
	unsure := sent
	unsure.State, unsure.SentAt = message.Unknown, 0
	waiting := message.NextStep(sent, provider.NotKakaoUser, "3104", handedAt+10).To
	texted := message.HandOver(message.Plan(waiting, id.New(), "other").To, handedAt+20).To
	texted.HandedAt = handedAt + 15
	both := decide(texted, told(1, 1, upstream, "4000")).To
	again := message.Again(sent, provider.ProviderBalance, "2230", handedAt+10).To
	retried := message.HandOver(message.Plan(again, id.New(), upstream).To, handedAt+30).To
	return map[string]message.Recipient{"sent": sent, "unknown": unsure, "waiting for the text": waiting, "text sent": texted,
		"text sent, Alimtalk delivered after all": both, "tried again": retried, "waiting to be tried again": again,
		"delivered": message.Deliver(sent, handedAt+10).To, "text delivered": message.Deliver(texted, handedAt+40).To,
		"failed": message.Fail(sent, provider.NumberAbsent, "3032", handedAt+10).To, "expired": message.Expire(sent, handedAt+10).To,
		"cancelled while waiting for the text": message.Cancel(waiting, handedAt+30).To}
}

// told is a report of the vendor in its own codes, a minute after the hand-over.
func told(step, try int, account, status string) report {
	r := report{Step: step, Try: try, Account: account, At: handedAt.Add(time.Minute)}
	r.Code = status
	switch status {
	case "3000":
	case "4000":
		r.Final, r.Delivered = true, true
	default:
		r.Final, r.Reason = true, map[string]provider.Reason{"3104": provider.NotKakaoUser, "3032": provider.NumberAbsent, "2230": provider.ProviderBalance}[status]
	}
	return r
}

func TestWhatAReportDoesToARecipient(t *testing.T) {
	for _, c := range []struct {
		who   string
		rep   report
		what  message.What
		state message.Progress
		step  int
	}{
		{"sent", told(1, 1, upstream, "4000"), message.Moved, message.Delivered, 1},
		{"sent", told(1, 1, upstream, "3104"), message.Moved, message.Pending, 2},
		{"sent", told(1, 1, upstream, "3032"), message.Moved, message.Failed, 1},
		{"sent", told(1, 1, upstream, "2230"), message.Moved, message.Pending, 1},
		{"sent", told(1, 1, upstream, "3000"), message.Ignored, message.Sent, 1},
		{"sent", told(1, 1, "other", "4000"), message.Ignored, message.Sent, 1},
		{"sent", told(2, 1, upstream, "4000"), message.Ignored, message.Sent, 1},
		{"sent", told(1, 2, upstream, "4000"), message.Ignored, message.Sent, 1},
		{"sent", told(0, 1, upstream, "4000"), message.Ignored, message.Sent, 1},
		{"unknown", told(1, 1, upstream, "3000"), message.Moved, message.Sent, 1},
		{"unknown", told(1, 1, upstream, "4000"), message.Moved, message.Delivered, 1},
		{"unknown", told(1, 1, upstream, "3104"), message.Moved, message.Pending, 2},
		{"unknown", told(1, 1, upstream, "3032"), message.Moved, message.Failed, 1},
		{"waiting for the text", told(1, 1, upstream, "4000"), message.Moved, message.Delivered, 1},
		{"waiting for the text", told(1, 1, "other", "4000"), message.Ignored, message.Pending, 2},
		{"waiting for the text", told(1, 1, upstream, "3104"), message.Ignored, message.Pending, 2},
		{"waiting for the text", told(2, 1, upstream, "4000"), message.Ignored, message.Pending, 2},
		{"text sent", told(1, 1, upstream, "4000"), message.Remembered, message.Sent, 2},
		{"text sent", told(1, 1, upstream, "3032"), message.Ignored, message.Sent, 2},
		{"text sent", told(2, 1, "other", "4000"), message.Moved, message.Delivered, 2},
		{"text sent", told(2, 1, upstream, "4000"), message.Ignored, message.Sent, 2},
		{"text sent", told(2, 1, "other", "3104"), message.Moved, message.Failed, 2}, // no step is left
		{"text sent, Alimtalk delivered after all", told(1, 1, upstream, "4000"), message.Ignored, message.Sent, 2},
		{"text sent, Alimtalk delivered after all", told(2, 1, "other", "4000"), message.Moved, message.Delivered, 2},
		{"text sent, Alimtalk delivered after all", told(2, 1, "other", "3032"), message.Moved, message.Delivered, 1},
		{"text sent, Alimtalk delivered after all", told(2, 1, "other", "2230"), message.Moved, message.Delivered, 1},
		{"tried again", told(1, 1, upstream, "4000"), message.Remembered, message.Sent, 1},
		{"tried again", told(1, 2, upstream, "4000"), message.Moved, message.Delivered, 1},
		{"tried again", told(1, 1, upstream, "3032"), message.Ignored, message.Sent, 1},
		{"waiting to be tried again", told(1, 1, upstream, "4000"), message.Moved, message.Delivered, 1},
		{"waiting to be tried again", told(1, 2, upstream, "4000"), message.Ignored, message.Pending, 1},
		{"delivered", told(1, 1, upstream, "4000"), message.Ignored, message.Delivered, 1},
		{"delivered", told(1, 1, upstream, "3000"), message.Ignored, message.Delivered, 1},
		{"delivered", told(1, 1, upstream, "3032"), message.Late, message.Delivered, 1},
		{"delivered", told(1, 1, "other", "3032"), message.Ignored, message.Delivered, 1},
		{"delivered", told(2, 1, upstream, "4000"), message.Ignored, message.Delivered, 1},
		{"text delivered", told(1, 1, upstream, "4000"), message.Late, message.Delivered, 2},
		{"text delivered", told(1, 1, upstream, "3104"), message.Ignored, message.Delivered, 2},
		{"text delivered", told(1, 1, "other", "4000"), message.Ignored, message.Delivered, 2},
		{"failed", told(1, 1, upstream, "3032"), message.Ignored, message.Failed, 1},
		{"failed", told(1, 1, upstream, "4000"), message.Late, message.Failed, 1},
		{"expired", told(1, 1, upstream, "4000"), message.Late, message.Expired, 1},
		{"expired", told(1, 1, upstream, "3032"), message.Late, message.Expired, 1},
		{"expired", told(1, 1, upstream, "3000"), message.Ignored, message.Expired, 1},
		{"cancelled while waiting for the text", told(1, 1, upstream, "4000"), message.Late, message.Cancelled, 2},
		{"cancelled while waiting for the text", told(1, 1, upstream, "3104"), message.Ignored, message.Cancelled, 2},
		{"cancelled while waiting for the text", told(2, 1, upstream, "4000"), message.Ignored, message.Cancelled, 2},
	} {
		got := decide(people()[c.who], c.rep)
		if got.What != c.what || got.To.State != c.state || got.To.Step != c.step {
			t.Errorf("%s, report %d.%d of %s %s: effect %d, %s at step %d (%s); want effect %d, %s at step %d",
				c.who, c.rep.Step, c.rep.Try, c.rep.Account, c.rep.Code, got.What, got.To.State, got.To.Step, got.Note, c.what, c.state, c.step)
		}
	}
}

func TestAFailureFallsBackUntilTheLastMicrosecondOfItsTime(t *testing.T) {
	for at, want := range map[time.Duration]int{30 * time.Minute: 2, 30*time.Minute + time.Microsecond: 1} {
		rep := told(1, 1, upstream, "3104")
		rep.At = handedAt.Add(at)
		if got := decide(sentPerson(), rep).To.Step; got != want {
			t.Errorf("failed %s after the hand-over: step %d, want %d", at, got, want)
		}
	}
}

// drawn are the moves of a recipient as the message package draws them.
var drawn = map[message.Progress][]message.Progress{
	message.Pending: {message.Pending, message.Sent, message.Unknown, message.Delivered, message.Failed, message.Cancelled, message.Expired},
	message.Sent:    {message.Sent, message.Delivered, message.Failed, message.Pending, message.Expired},
	message.Unknown: {message.Unknown, message.Sent, message.Delivered, message.Failed, message.Pending, message.Expired},
}

// TestOnlyDrawnMovesHappen lets every report, every answer to a call and every
// recovery meet every kind of recipient.
func TestOnlyDrawnMovesHappen(t *testing.T) {
	check := func(what string, c message.Change) {
		from, to := c.From, c.To
		switch {
		case from.State.Final():
			if to.State != from.State || to.Step != from.Step || to.Cost() != from.Cost() {
				t.Errorf("%s: a recipient that is %s moved to %s, step %d", what, from.State, to.State, to.Step)
			}
		case !slices.Contains(drawn[from.State], to.State):
			t.Errorf("%s: moved from %s to %s, which is not drawn", what, from.State, to.State)
		case to.State == message.Delivered && to.Cost() > from.Hold():
			t.Errorf("%s: costs %s, held are %s", what, to.Cost(), from.Hold())
		}
		if c.What == message.Ignored && !cmp.Equal(from, to, cmpopts.IgnoreUnexported(message.Recipient{})) {
			t.Errorf("%s: an ignored change changes %s", what, cmp.Diff(from, to, cmpopts.IgnoreUnexported(message.Recipient{})))
		}
	}
	for name, who := range people() {
		for step := range 4 {
			for try := range 4 {
				for _, account := range []string{upstream, "other"} {
					for _, status := range []string{"4000", "3104", "3032", "2230", "3000"} {
						check(name+" "+status, decide(who, told(step, try, account, status)))
					}
				}
			}
		}
		if who.State.Final() {
			continue
		}
		for _, result := range []provider.Result{{Outcome: provider.Accepted, Members: make([]provider.Member, 1)}, {Outcome: provider.Unknown},
			{Outcome: provider.Accepted, Members: []provider.Member{{Refused: true, Reason: provider.InvalidNumber}}},
			{Outcome: provider.Refused, Reason: provider.ContentMissing}, {Outcome: provider.Refused, Reason: provider.AuthFailed},
			{Outcome: provider.NotSent, Reason: provider.ProviderInternal}} {
			check(name+" answered "+result.Outcome.String(), outcome(who, result, 0, handedAt))
		}
		for _, next := range []attemptState{answered, notSent, unknown, closed} {
			for _, taken := range []bool{true, false} {
				found := &provider.Lookup{Verdict: provider.LookupTaken, Complete: true}
				check(name+" recovered as "+string(next), recovered(who, next, found, taken, handedAt))
			}
		}
	}
}

func TestAProvidersCodeIsBoundedToItsColumn(t *testing.T) {
	for given, want := range map[string]string{"4000": "4000", " a\nb ": "ab", "코드": "", strings.Repeat("x", 100): strings.Repeat("x", 64)} {
		if got := code(given); got != want {
			t.Errorf("code of %q is %q, want %q", given, got, want)
		}
	}
}

func FuzzReadReference(f *testing.F) {
	r := sentPerson()
	for _, seed := range []string{"", r.Reference(), "a.b.c.d.e", "shop..1.1.1", strings.Replace(r.Reference(), "shop.", "shop.test.", 1), strings.Replace(r.Reference(), "shop.", "shop.other.", 1), r.Reference() + ".1", strings.Replace(r.Reference(), ".3.", ".03.", 1),
		strings.Replace(r.Reference(), ".3.", ".-3.", 1), strings.Replace(r.Reference(), ".3.", ".99999999999999999999.", 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := ReadReference(text)
		if err != nil {
			return
		}
		who := message.Recipient{Place: ref.Place, Step: ref.Step, Try: ref.Try}
		if back := who.Reference(); back != text {
			t.Errorf("%q is read as a reference that is written %q", text, back)
		}
	})
}

func TestAReferenceIsReadAsItWasWritten(t *testing.T) {
	r := sentPerson()
	r.Step, r.Try, r.Seq = 2, 17, 999_999
	ref, err := ReadReference(r.Reference())
	if err != nil || ref.Place != r.Place || ref.Step != 2 || ref.Try != 17 {
		t.Errorf("read %+v, %v; want %+v step 2 try 17", ref, err, r.Place)
	}
	r.Site = "shop.test"
	if ref, err = ReadReference(r.Reference()); err != nil || ref.Place != r.Place {
		t.Errorf("read %+v, %v of a test site; want %+v", ref, err, r.Place)
	}
	r.Site = "shop"
	if n := len(strings.Repeat("s", 40)+".test") + len(r.Reference()[len("shop"):]); n > 100 {
		t.Errorf("the longest reference has %d characters, a provider keeps 100", n)
	}
}
