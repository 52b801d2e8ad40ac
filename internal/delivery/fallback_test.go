package delivery

import (
	"context"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// natures says of every reason what it must do to a recipient with a text left:
// column F of the code map, and whose failure it is.
var natures = map[provider.Reason]string{
	provider.InvalidNumber: "ends", provider.NumberAbsent: "ends", provider.NumberSuspended: "ends",
	provider.RecipientPowerOff: "ends", provider.OutOfCoverage: "ends", provider.HandsetBusy: "ends",
	provider.HandsetUnsupported: "falls back", provider.NetworkFailure: "falls back", provider.Expired: "falls back",
	provider.RecipientRejected: "ends", provider.OptedOut: "ends", provider.SpamBlocked: "ends", provider.AdultCheck: "ends",
	provider.ForeignNotAllowed: "ends", provider.Duplicate: "ends", provider.Cancelled: "ends", provider.UnrecognisedCode: "ends",
	provider.NotKakaoUser: "falls back", provider.KakaoUndeliverable: "falls back", provider.AlimtalkBlocked: "falls back",
	provider.NotChannelFriend: "falls back", provider.ChannelBlocked: "falls back", provider.TemplateMismatch: "falls back",
	provider.TemplateNotFound: "falls back", provider.TemplateNotApproved: "falls back",
	provider.OutsideHours: "ends", provider.AdvertRule: "ends", provider.ContentTooLong: "falls back",
	provider.ContentCharacters: "ends", provider.ContentMissing: "ends", provider.AttachmentError: "ends",
	provider.SenderNotRegistered: "ends", provider.SenderSpoofBlock: "ends", provider.SenderBlocked: "ends",
	provider.AuthFailed: "waits", provider.ProviderBalance: "waits", provider.ProviderQuota: "waits", provider.ProviderRateLimited: "waits",
	provider.ProviderInternal: "falls back", provider.Reason("a reason of a newer release"): "ends",
}

func TestFallbackFollowsTheReasonNotEveryFailure(t *testing.T) {
	for reason, want := range natures {
		r := sentPerson()
		c := decide(r, report{Report: provider.Report{Final: true, Reason: reason}, Step: 1, Try: 1, Account: upstream, At: r.HandedAt.Add(time.Minute)})
		got := "ends"
		switch {
		case c.To.State == message.Pending && c.To.Step == 2:
			got = "falls back"
		case c.To.State == message.Pending && c.To.Step == 1:
			got = "waits"
		case c.To.State != message.Failed:
			got = string(c.To.State)
		}
		if got != want {
			t.Errorf("%s: the recipient %s, want %s", reason, got, want)
		}
	}
}

func TestVendorCodesFallBackAsTheCodeMapSays(t *testing.T) {
	each(t, func(s *shop) {
		codes := []struct {
			status string
			state  message.Progress
		}{{"3104", message.Sent}, {"3107", message.Sent}, {"3103", message.Sent}, {"3056", message.Sent}, {"3040", message.Sent},
			{"3032", message.Failed}, {"3043", message.Failed}, {"1026", message.Failed}, {"2061", message.Failed}, {"3108", message.Failed}, {"3999", message.Failed}}
		key := s.handed(request(message.AlimtalkFirst), len(codes))
		var want []message.Progress
		for i, c := range codes {
			s.says(key, i, c.status)
			want = append(want, c.state)
		}
		s.pass(3 * time.Second)
		s.wantStates(key, want...)
		for i, c := range codes {
			if step := s.person(key, i).Step; c.state == message.Sent && step != 2 {
				t.Errorf("code %s: the recipient is at step %d, want the text", c.status, step)
			}
		}
		s.wantMoney(1000-5*18, 5*18, 0)
	})
}

func TestFallbackOnlyWithinFallbackWithinOfTheHandOver(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 2)
		s.clock.forward(30 * time.Minute)
		s.says(key, 0, "3104")
		s.clock.forward(time.Microsecond)
		s.says(key, 1, "3104")
		s.wantStates(key, message.Pending, message.Failed)
		s.wantMoney(982, 18, 0)
		s.pass(3 * time.Second)
		s.wantTaken(key, "alimtalk", "sms", "alimtalk")
	})
}

func TestUnknownByItselfNeverFallsBack(t *testing.T) {
	each(t, func(s *shop) {
		s.wrong(trouble{path: "/send"}) // cut: nobody knows
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.wantStates(key, message.Unknown)
		s.wrong(trouble{method: "GET", always: true})
		for range 20 {
			s.pass(4 * time.Hour)
		}
		s.wantStates(key, message.Expired)
		s.wantTaken(key)
		s.wantMoney(1000, 0, 0)
	})
}

func TestACertainFailureReportedInTimeFallsBackFromUnknown(t *testing.T) {
	each(t, func(s *shop) {
		s.wrong(trouble{path: "/send", after: true}) // taken, the answer is lost
		key := s.handed(request(message.AlimtalkFirst), 2)
		s.wantStates(key, message.Unknown, message.Unknown)
		s.says(key, 0, "3104")
		s.pass(3 * time.Second)
		s.wantTaken(key, "alimtalk", "sms", "alimtalk")
		s.clock.forward(31 * time.Minute)
		s.says(key, 1, "3104")
		s.wantStates(key, message.Sent, message.Failed)
		s.wantMoney(982, 18, 0)
	})
}

func TestAnAlimtalkDeliveredAfterAllBeforeItsTextWentIsTheDelivery(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.says(key, 0, "3104")
		s.wantStates(key, message.Pending)
		s.saysOf(key, 0, 1, 1, "4000")
		s.wantStates(key, message.Delivered)
		s.pass(time.Minute)
		s.wantTaken(key, "alimtalk")
		s.wantMoney(991, 0, 9)
	})
}

func TestAnAlimtalkDeliveredAfterAllStopsATextThatIsPlanned(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.says(key, 0, "3104")
		s.clock.forward(3 * time.Second)
		p := s.plan(key)
		s.saysOf(key, 0, 1, 1, "4000")
		s.wantStates(key, message.Pending)
		s.must(s.delivery.callAll(context.Background(), p.calls))
		s.wantStates(key, message.Delivered)
		s.wantTaken(key, "alimtalk")
		if got := s.call(p.calls[0].attempt.ID); got.State != closed {
			t.Errorf("the call of the text is %s, want closed", got.State)
		}
		s.wantMoney(991, 0, 9)
	})
}

func TestATextDeliveredIsChargedAlthoughItsAlimtalkWasDeliveredToo(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.says(key, 0, "3104")
		s.pass(3 * time.Second)
		s.saysOf(key, 0, 1, 1, "4000")
		s.wantStates(key, message.Sent)
		s.wantMoney(982, 18, 0)
		s.saysOf(key, 0, 2, 1, "4000")
		s.wantStates(key, message.Delivered)
		s.wantMoney(982, 0, 18)
	})
}

func TestATextThatFailsOrExpiresLeavesTheDeliveryToTheAlimtalk(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 2)
		for i := range 2 {
			s.says(key, i, "3104")
		}
		s.pass(3 * time.Second)
		for i := range 2 {
			s.saysOf(key, i, 1, 1, "4000")
		}
		s.saysOf(key, 0, 2, 1, "3032")
		s.wantStates(key, message.Delivered, message.Sent)
		s.pass(74 * time.Hour)
		s.wantStates(key, message.Delivered, message.Delivered)
		for i := range 2 {
			if r := s.person(key, i); r.Step != 1 || r.Channel() != provider.Alimtalk {
				t.Errorf("recipient %d is delivered at step %d, want the Alimtalk", i, r.Step)
			}
		}
		s.wantMoney(1000-18, 0, 18)
		text := s.person(key, 0).History
		if last := text[len(text)-1]; last.Reason != provider.NumberAbsent || last.Code != "3032" {
			t.Errorf("the failed text is remembered as %+v, want its reason and code", last)
		}
		s.saysOf(key, 0, 2, 1, "3032")
		if m := s.find(key); m.Late != 0 {
			t.Errorf("a repetition of the text's failure is counted as late")
		}
	})
}

func TestAContradictionOfAFinalRecipientIsCountedAndMovesNothing(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 3)
		s.says(key, 0, "4000")
		s.says(key, 1, "3032")
		s.says(key, 2, "3104")
		s.pass(3 * time.Second)
		s.says(key, 2, "4000")
		s.wantMoney(1000-9-18, 0, 27)
		s.saysOf(key, 0, 1, 1, "3104")
		s.saysOf(key, 1, 1, 1, "4000")
		s.saysOf(key, 2, 1, 1, "4000")
		s.wantStates(key, message.Delivered, message.Failed, message.Delivered)
		s.wantMoney(1000-9-18, 0, 27)
		if m := s.find(key); m.Late != 3 {
			t.Errorf("%d late reports, want 3", m.Late)
		}
		for i := range 3 {
			if h := s.person(key, i).History; len(h) == 0 || h[len(h)-1].What != message.LegLate {
				t.Errorf("recipient %d does not show the contradiction: %+v", i, h)
			}
		}
	})
}

// TestOneLegIsChargedAtMost lets both legs be reported delivered and failed in
// every order.
func TestOneLegIsChargedAtMost(t *testing.T) {
	each(t, func(s *shop) {
		orders := [][]string{{"1 4000", "2 4000"}, {"2 4000", "1 4000"}, {"1 4000", "2 3032", "2 4000"}, {"2 3032", "1 4000", "2 4000"}, {"1 4000", "1 4000", "2 4000", "2 4000"}}
		key := s.handed(request(message.AlimtalkFirst), len(orders))
		for i := range orders {
			s.says(key, i, "3104")
		}
		s.pass(3 * time.Second)
		for i, order := range orders {
			for _, said := range order {
				step, status, _ := strings.Cut(said, " ")
				s.saysOf(key, i, int(step[0]-'0'), 1, status)
			}
		}
		s.wantStates(key, message.Delivered, message.Delivered, message.Delivered, message.Failed, message.Delivered)
		s.wantMoney(1000-18-18-9-18, 0, 18+18+9+18)
	})
}
