package message

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

const noon = db.Time(1_800_000_000_000_000)

// person is a recipient with an Alimtalk and a text, before its first hand-over.
func person() Recipient {
	return Recipient{Place: Place{Key{"shop", id.New()}, 1}, Step: 1, Try: 1, State: Pending, FallbackWithin: 30 * time.Minute,
		Steps: []Step{{provider.Alimtalk, 9 * won}, {provider.SMS, 18 * won}}}
}

// handed is the same after its hand-over.
func handed(r Recipient, at db.Time) Recipient {
	r = Plan(r, id.New(), "solapi").To
	r.HandedAt = at
	return HandOver(r, at).To
}

func TestAChangeLeavesTheRecipientBeforeItAsItWas(t *testing.T) {
	before := handed(person(), noon)
	before.History = make([]Leg, 0, 8) // room that two changes could share
	first := NextStep(before, provider.NotKakaoUser, "3104", noon+1)
	second := Again(before, provider.ProviderBalance, "2230", noon+2)
	if len(before.History) != 0 || first.To.History[0].What != LegFailed || second.To.History[0].What != LegAgain {
		t.Errorf("histories %+v, %+v, %+v are mixed up", before.History, first.To.History, second.To.History)
	}
	if before.State != Sent || before.Step != 1 || first.From.State != Sent {
		t.Errorf("the recipient before the change is %s at step %d, want sent at 1", before.State, before.Step)
	}
}

func TestAHistoryFullOfTriesStillRemembersTheLegThatFailed(t *testing.T) {
	r := handed(person(), noon)
	for range 3 * maxHistory {
		r = handed(Again(r, provider.ProviderBalance, "2230", noon).To, noon)
	}
	r = NextStep(r, provider.NotKakaoUser, "3104", noon+5).To
	if len(r.History) > maxHistory {
		t.Errorf("%d legs remembered, want at most %d", len(r.History), maxHistory)
	}
	leg, known := r.EarlierLeg(1, 3*maxHistory+1)
	if !known || leg.Reason != provider.NotKakaoUser {
		t.Fatalf("the failed Alimtalk is forgotten: %+v", leg)
	}
	leg.At = noon + 9
	c := Earlier(r, leg)
	if c.To.State != Delivered || c.To.Cost() != 9*won || c.To.Provider != "solapi" || c.To.Attempt.IsZero() {
		t.Errorf("delivered after all: %s by %q for %s, want delivered by solapi for 9", c.To.State, c.To.Provider, c.To.Cost())
	}
}

func TestAHistoryOfRepeatedReportsDoesNotGrowWithoutEnd(t *testing.T) {
	r := Fail(handed(person(), noon), provider.NumberAbsent, "3032", noon).To
	for i := range 10 * maxHistory {
		r = Contradict(r, Leg{Step: 1, Try: i}).To
	}
	if len(r.History) > maxHistory {
		t.Errorf("%d legs remembered, want at most %d", len(r.History), maxHistory)
	}
}

func TestLinesShowOneLineForEachStepThatWasReached(t *testing.T) {
	type line struct {
		channel provider.Channel
		state   Progress
		cost    int64
	}
	fallen := handed(NextStep(handed(person(), noon), provider.NotKakaoUser, "3104", noon+1).To, noon+2)
	contrary := Earlier(fallen, Leg{Step: 1, Try: 1, At: noon + 3}).To
	for name, c := range map[string]struct {
		r    Recipient
		want []line
	}{
		"pending":                       {person(), []line{{provider.Alimtalk, Pending, 0}}},
		"delivered at once":             {Deliver(handed(person(), noon), noon+1).To, []line{{provider.Alimtalk, Delivered, 9}}},
		"fallen back":                   {fallen, []line{{provider.Alimtalk, Failed, 0}, {provider.SMS, Sent, 0}}},
		"delivered by text":             {Deliver(fallen, noon+3).To, []line{{provider.Alimtalk, Failed, 0}, {provider.SMS, Delivered, 18}}},
		"both delivered, text charged":  {Deliver(contrary, noon+4).To, []line{{provider.Alimtalk, Delivered, 0}, {provider.SMS, Delivered, 18}}},
		"text failed, Alimtalk counted": {Fail(contrary, provider.NumberAbsent, "3032", noon+4).To, []line{{provider.Alimtalk, Delivered, 9}, {provider.SMS, Failed, 0}}},
	} {
		got := Lines(c.r)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d lines, want %d", name, len(got), len(c.want))
			continue
		}
		for i, want := range c.want {
			if l := got[i]; l.Channel != want.channel || l.State != want.state || int64(l.Cost/won) != want.cost || l.Step != i+1 {
				t.Errorf("%s: step %d is %s %s for %s, want %s %s for %d", name, l.Step, l.Channel, l.State, l.Cost, want.channel, want.state, want.cost)
			}
		}
	}
}

func TestRetriesSpreadFromFiveSecondsToFiveMinutes(t *testing.T) {
	for try, want := range map[int]time.Duration{1: 5 * time.Second, 2: 5 * time.Second, 3: 10 * time.Second, 5: 40 * time.Second, 8: 5 * time.Minute, 1000: 5 * time.Minute} {
		if got := retryDelay(try); got != want {
			t.Errorf("before try %d: %s, want %s", try, got, want)
		}
	}
}
