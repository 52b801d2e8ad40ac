package whatif

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

var (
	kakao = message.Step{Channel: provider.Alimtalk, Price: 9 * money.Won}
	sms   = message.Step{Channel: provider.SMS, Price: 18 * money.Won}
	lms   = message.Step{Channel: provider.LMS, Price: 45 * money.Won}
)

const begun = db.Time(1_700_000_000_000_000)

// person is a final recipient whose present leg took four seconds.
func person(state message.Progress, step int, reason provider.Reason, steps ...message.Step) message.Recipient {
	return message.Recipient{State: state, Step: step, Try: 1, Reason: reason, Steps: steps, HandedAt: begun, ReportedAt: begun.Add(4 * time.Second)}
}

// after has an earlier step of three seconds fail before.
func after(r message.Recipient, step int, reason provider.Reason) message.Recipient {
	r.History = append(r.History, message.Leg{Step: step, Try: 1, What: message.LegFailed, Reason: reason, HandedAt: begun.Add(-10 * time.Second), ReportedAt: begun.Add(-7 * time.Second)})
	return r
}

func TestAPersonWouldHaveBeenReachedAsHeWas(t *testing.T) {
	s := 4 * time.Second
	both := after(person(message.Delivered, 2, "", kakao, sms), 1, provider.NotKakaoUser)
	for _, c := range []struct {
		name  string
		who   message.Recipient
		steps []message.Step
		want  path
	}{
		{"by Alimtalk, as he was", person(message.Delivered, 1, "", kakao, sms), []message.Step{kakao, sms}, path{cost: kakao.Price, delivered: true, took: s}},
		{"by text after Alimtalk, as he was", both, []message.Step{kakao, sms}, path{cost: sms.Price, delivered: true, took: 9 * time.Second}},
		{"by the same text at once", both, []message.Step{sms}, path{cost: sms.Price, delivered: true, took: s}},
		{"by Alimtalk alone: not at all", both, []message.Step{kakao}, path{}},
		{"by a text that he never had", person(message.Delivered, 1, "", kakao, sms), []message.Step{sms}, path{open: []message.Step{sms}}},
		{"by Alimtalk that he never had, then his text", person(message.Delivered, 1, "", sms), []message.Step{kakao, sms}, path{open: []message.Step{kakao, sms}}},
		{"an Alimtalk that ended it for good", person(message.Failed, 1, provider.InvalidNumber, kakao, sms), []message.Step{kakao, sms}, path{}},
		{"too late to fall back, as it was", person(message.Failed, 1, provider.NotKakaoUser, kakao, sms), []message.Step{kakao, sms}, path{}},
		{"with a text that was not given", person(message.Failed, 1, provider.NotKakaoUser, kakao), []message.Step{kakao, sms}, path{open: []message.Step{sms}}},
		{"nothing was heard", person(message.Expired, 1, provider.Expired, sms), []message.Step{sms}, path{}},
	} {
		if diff := cmp.Diff(c.want, walk(c.steps, lived(c.who)), cmp.AllowUnexported(path{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// replayed has these people be one message with both parts.
func replayed(t *testing.T, q Question, people ...message.Recipient) Answer {
	t.Helper()
	s := newSum(q, credit.Prices{provider.Alimtalk: kakao.Price, provider.SMS: sms.Price, provider.LMS: lms.Price})
	m := &message.Message{Accepted: int64(len(people)) + 1}
	for _, p := range people {
		m.Classes = append(m.Classes, message.Class{Steps: p.Steps})
	}
	s.begin(m, message.Content{Alimtalk: &message.Alimtalk{Code: "RESERVE_01"}, Text: &message.Text{}})
	for i, p := range people {
		p.Class = uint8(i) // each of a class of its own
		s.add(p)
	}
	out, err := s.answer(q)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnAnswerAddsUpWhatIsKnownAndWhatIsGuessed(t *testing.T) {
	var people []message.Recipient
	for range 6 {
		people = append(people, person(message.Delivered, 1, "", kakao, sms))
	}
	for range 3 {
		people = append(people, after(person(message.Delivered, 2, "", kakao, sms), 1, provider.NotKakaoUser))
	}
	people = append(people, after(person(message.Failed, 2, provider.NumberAbsent, kakao, sms), 1, provider.NotKakaoUser), person(message.Cancelled, 1, "", kakao, sms))

	as := replayed(t, Question{}, people...)
	if as.Actual.Cost != (6*9+3*18)*money.Won || as.Alternative.Cost != as.Actual.Cost || as.Alternative.Delivered != 9 || as.Extrapolated != (Guessed{}) {
		t.Errorf("as it was: %+v", as)
	}
	if as.Recipients != 10 || as.LeftOut != 2 || as.ByTemplate[0].Verdict != "same" || cmp.Diff(as.Actual.Latency, as.Alternative.Latency) != "" {
		t.Errorf("as it was: %+v", as)
	}
	// Three of four texts arrived, so of six that nobody knows of four do.
	texts := replayed(t, Question{Strategy: message.SMSOnly}, people...)
	if want := (Guessed{Recipients: 6, Cost: 4 * 18 * money.Won, Delivered: 4}); texts.Extrapolated != want {
		t.Errorf("sms_only guesses %+v, want %+v", texts.Extrapolated, want)
	}
	if texts.Alternative.Cost != (3+4)*18*money.Won || texts.Alternative.Delivered != 7 || texts.ByTemplate[0].Verdict != "dearer" || texts.ByTemplate[0].Difference != 18*money.Won {
		t.Errorf("sms_only: %+v", texts)
	}
	cheap := replayed(t, Question{Prices: map[provider.Channel]money.Amount{provider.SMS: 10 * money.Won}}, people...)
	if cheap.Alternative.Cost != (6*9+3*10)*money.Won || cheap.ByTemplate[0].Verdict != "cheaper" || cheap.Extrapolated.Recipients != 0 {
		t.Errorf("at 10 won: %+v", cheap)
	}
}

func TestStepsThatAreTriedOutAreReplayed(t *testing.T) {
	people := []message.Recipient{person(message.Delivered, 1, "", kakao, sms), person(message.Delivered, 1, "", kakao, lms), person(message.Delivered, 1, "", lms)}
	q := Question{Strategy: message.ByPolicy, Steps: message.PolicySteps{{Send: message.PartAlimtalk, When: &message.When{TextIs: []string{"lms"}}}, {Send: message.PartText}}}
	got := replayed(t, q, people...)
	// The second keeps his Alimtalk, and of the first a text is guessed and of the third an Alimtalk.
	if got.Extrapolated.Recipients != 2 || got.Extrapolated.Cost != sms.Price+kakao.Price || got.Alternative.Cost != kakao.Price+sms.Price+kakao.Price {
		t.Errorf("got %+v, of which %+v is guessed", got.Alternative, got.Extrapolated)
	}
}

// TestAClassIsChargedWhatTheMessageFroze has the prices changed since. By the strategy that it
// was sent by, a message costs what it did.
func TestAClassIsChargedWhatTheMessageFroze(t *testing.T) {
	dear := message.Step{Channel: provider.Alimtalk, Price: 20 * money.Won} // now 9 won
	// Short texts went as SMS for 18 won, long ones as Alimtalk for 20, since LMS is 45.
	people := []message.Recipient{person(message.Delivered, 1, "", sms), person(message.Delivered, 1, "", dear, lms)}
	own := replayed(t, Question{Strategy: message.CostOptimized}, people...)
	if own.Alternative.Cost != 38*money.Won || own.Alternative.Cost != own.Actual.Cost || own.Extrapolated != (Guessed{}) {
		t.Errorf("by its own strategy: got %+v of which %+v is guessed, want what really was: %+v", own.Alternative, own.Extrapolated, own.Actual)
	}
	first := replayed(t, Question{Strategy: message.AlimtalkFirst}, people...)
	if first.Extrapolated.Cost != dear.Price {
		t.Errorf("an Alimtalk of who had none: got %+v, want it at the price of then", first.Extrapolated)
	}
	named := replayed(t, Question{Strategy: message.AlimtalkFirst, Prices: map[provider.Channel]money.Amount{provider.Alimtalk: 7 * money.Won}}, people...)
	if named.Alternative.Cost != 14*money.Won {
		t.Errorf("at a price that is named: got %+v", named.Alternative)
	}
}

// TestALegThatWasNeverHandedOverTellsNothingOfItsChannel has people opt out before their turn.
func TestALegThatWasNeverHandedOverTellsNothingOfItsChannel(t *testing.T) {
	out := person(message.Failed, 1, provider.OptedOut, sms)
	out.HandedAt = 0
	skipped := after(person(message.Delivered, 2, "", kakao, sms), 1, provider.NotKakaoUser)
	skipped.History[0].HandedAt = 0
	got := replayed(t, Question{}, person(message.Delivered, 1, "", sms), out, skipped)
	if diff := cmp.Diff([]Rate{{Channel: "sms", Tried: 2, Arrived: 2}}, got.DeliveryRates); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
	if got.Recipients != 3 || got.Alternative.Cost != got.Actual.Cost || got.Alternative.Delivered != 2 {
		t.Errorf("got %+v", got)
	}
}

// TestAStrategyThatNeedsWhatAMessageHasNotLeavesItAsItWas asks for texts of a message without one.
func TestAStrategyThatNeedsWhatAMessageHasNotLeavesItAsItWas(t *testing.T) {
	q := Question{Strategy: message.SMSOnly}
	s := newSum(q, credit.Prices{})
	s.begin(&message.Message{Accepted: 1, Classes: []message.Class{{Steps: []message.Step{kakao}}}}, message.Content{Alimtalk: &message.Alimtalk{Code: "A"}})
	s.add(person(message.Delivered, 1, "", kakao))
	out, err := s.answer(q)
	if err != nil || out.Unchanged != 1 || out.Alternative.Cost != kakao.Price {
		t.Errorf("got %+v, %v; want it unchanged", out, err)
	}
}

func TestAQuestionThatCannotBeIsRefused(t *testing.T) {
	for name, q := range map[string]Question{
		"no days":         {},
		"a day":           {From: "2026-11-31", To: "2026-12-01"},
		"the wrong order": {From: "2026-11-02", To: "2026-11-01"},
		"too many days":   {From: "2026-01-01", To: "2026-12-01"},
		"a strategy":      {From: "2026-11-01", To: "2026-11-01", Strategy: "luck"},
		"no policy":       {From: "2026-11-01", To: "2026-11-01", Strategy: message.ByPolicy},
		"two policies":    {From: "2026-11-01", To: "2026-11-01", Strategy: message.ByPolicy, Policy: "a", Steps: message.PolicySteps{{Send: message.PartText}}},
		"a needless one":  {From: "2026-11-01", To: "2026-11-01", Strategy: message.SMSOnly, Policy: "a"},
		"a wrong step":    {From: "2026-11-01", To: "2026-11-01", Strategy: message.ByPolicy, Steps: message.PolicySteps{{Send: "fax"}}},
		"a price":         {From: "2026-11-01", To: "2026-11-01", Prices: map[provider.Channel]money.Amount{provider.SMS: 2 * mostPrice}},
	} {
		if _, _, err := q.check(); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}
