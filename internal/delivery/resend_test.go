package delivery

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

func TestAMessageIsSentAgainToWhomItDidNotReach(t *testing.T) {
	each(t, func(s *shop) {
		s.window(time.Hour)
		key := s.handed(request(message.SMSOnly), 3)
		ctx := context.Background()
		if _, err := s.messages.ResendFailed(ctx, key, "tok_1", (*message.Draft).Accept); !fault.Is(err, fault.Conflict) {
			s.t.Errorf("before it is over: %v, want a conflict", err)
		}
		s.says(key, 0, "4000")
		s.says(key, 1, "3059")
		s.says(key, 2, "3059")
		s.drain()
		s.wantMessage(key, message.StateDone)
		again, err := s.messages.ResendFailed(ctx, key, "tok_1", (*message.Draft).Accept)
		s.must(err)
		s.drain()
		got := s.taken(again.Key)
		if again.ID == key.ID || len(got) != 2 || got[0].To != silent(1) || got[1].To != silent(2) || got[1].Text != "김하나2님, 예약이 확정되었습니다." {
			s.t.Errorf("message %s was sent again as %s to %+v", key.ID, again.ID, got)
		}
		twice, err := s.messages.ResendFailed(ctx, key, "tok_2", (*message.Draft).Accept)
		s.must(err)
		if twice.ID != again.ID {
			s.t.Errorf("asked twice, it was sent as %s and %s", again.ID, twice.ID)
		}
		s.says(again.Key, 0, "4000")
		s.says(again.Key, 1, "4000")
		s.drain()
		if _, err := s.messages.ResendFailed(ctx, again.Key, "tok_1", (*message.Draft).Accept); !fault.Is(err, fault.Conflict) {
			s.t.Errorf("where everybody was reached: %v, want a conflict", err)
		}
		s.wantMoney(1000-3*18, 0, 3*18)
	})
}

func TestAResendingIsFoundAgainWhenItsPeopleAreForgotten(t *testing.T) {
	each(t, func(s *shop) {
		s.window(time.Hour)
		ctx := context.Background()
		key := s.handed(request(message.SMSOnly), 1)
		s.says(key, 0, "3059")
		s.drain()
		again, err := s.messages.ResendFailed(ctx, key, "tok_1", (*message.Draft).Accept)
		s.must(err)
		s.drain()
		s.says(again.Key, 0, "3059")
		s.drain()
		f := message.Forgetting{Site: s.name, Render: func(message.Receipt) []byte { return []byte("{}") }}
		out, _, err := s.messages.ForgetMessages(ctx, f, db.At(s.clock.read().AddDate(1, 0, 0)), id.ID{})
		s.must(err)
		if out.People != 2 {
			s.t.Errorf("forgot %d, want both", out.People)
		}
		twice, err := s.messages.ResendFailed(ctx, key, "tok_1", (*message.Draft).Accept)
		s.must(err)
		if twice.ID != again.ID {
			s.t.Errorf("asked again, it was sent as %s, and as %s before", twice.ID, again.ID)
		}
	})
}

func TestAnAdvertisementIsSentAgainWithItsConsents(t *testing.T) {
	each(t, func(s *shop) {
		s.until("12:00:00")
		r := ad(message.NightRefuse)
		r.Text.Evidence = ""
		draft, err := s.messages.Draft(context.Background(), s.name, r)
		s.must(err)
		consent := s.clock.read().Add(-48 * time.Hour).Truncate(time.Second)
		for i := range 2 {
			s.must(draft.Take(context.Background(), message.Candidate{To: silent(i), ConsentAt: consent, NightConsent: true}))
		}
		receipt, err := draft.Accept(context.Background(), nil)
		s.must(err)
		s.drain()
		s.says(receipt.Message, 0, "4000")
		s.says(receipt.Message, 1, "3059")
		s.drain()
		s.until("23:00:00")
		again, err := s.messages.ResendFailed(context.Background(), receipt.Message, "", (*message.Draft).Accept)
		s.must(err)
		s.drain()
		got := s.taken(again.Key)
		first := s.taken(receipt.Message)
		if len(got) != 1 || got[0].Text != first[1].Text || got[0].To != silent(1) {
			s.t.Errorf("it was sent again as %+v, first as %+v", got, first)
		}
	})
}

// TestWhoWasNeverHandedOverIsSentToAgain lets a whole message expire while it is paused.
func TestWhoWasNeverHandedOverIsSentToAgain(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(textOnly("안내"), 3)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.pass(25 * time.Hour)
		s.wantStates(key, message.Expired, message.Expired, message.Expired)
		again, err := s.messages.ResendFailed(context.Background(), key, "", (*message.Draft).Accept)
		s.must(err)
		s.drain()
		s.wantTaken(again.Key, "sms", "sms", "sms")
	})
}

// window has the site refuse the same words within a time.
func (s *shop) window(t time.Duration) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		_, err := site.SetRules(tx, s.name, site.RulesChange{DuplicateWindow: &t})
		return err
	})
}

func TestTheSameListScheduledTwiceGoesOnce(t *testing.T) {
	each(t, func(s *shop) {
		s.window(10 * time.Minute)
		r := textOnly("내일 봐요")
		r.ScheduledAt = s.clock.read().Add(24 * time.Hour)
		first := s.accept(r, 1)
		s.clock.forward(30 * time.Minute)
		if _, err := s.send(s.name, r, silent(0)); !fault.Is(err, fault.Invalid) {
			s.t.Errorf("the same words at the same time: %v, want them refused", err)
		}
		s.sent(s.name, textOnly("내일 봐요"), silent(0)) // at once is another time
		s.pass(24 * time.Hour)
		s.wantTaken(first, "sms")
	})
}

// TestWhatWentToNobodyMayBeSentAgain lets a message expire before anybody approved it.
func TestWhatWentToNobodyMayBeSentAgain(t *testing.T) {
	each(t, func(s *shop) {
		s.window(48 * time.Hour)
		s.review(1)
		key := s.handed(by("tok_1"), 2)
		s.pass(24*time.Hour + time.Second)
		s.wantStates(key, message.Expired, message.Expired)
		if _, err := s.send(s.name, by("tok_1"), silent(0), silent(1)); err != nil {
			s.t.Errorf("nothing was ever handed over: %v", err)
		}
	})
}

func TestAResendingThatWasCancelledIsSentAgainFromThere(t *testing.T) {
	each(t, func(s *shop) {
		s.review(1)
		ctx := context.Background()
		key := s.handed(by("tok_1"), 2)
		_, err := s.messages.Approve(ctx, key, "tok_2")
		s.must(err)
		s.drain()
		s.says(key, 0, "3059")
		s.says(key, 1, "3059")
		s.drain()
		rejected, err := s.messages.ResendFailed(ctx, key, "tok_1", (*message.Draft).Accept)
		s.must(err)
		_, err = s.messages.Reject(ctx, rejected.Key, "tok_2", "not now")
		s.must(err)
		s.drain()
		again, err := s.messages.ResendFailed(ctx, rejected.Key, "tok_1", (*message.Draft).Accept)
		s.must(err)
		_, err = s.messages.Approve(ctx, again.Key, "tok_2")
		s.must(err)
		s.drain()
		s.wantStates(again.Key, message.Sent, message.Sent)
		first := s.sent(s.name, textOnly("그냥"), silent(7)) // no resending: who is cancelled is meant to be
		_, err = s.messages.Cancel(ctx, first)
		s.must(err)
		s.drain()
		if _, err := s.messages.ResendFailed(ctx, first, "tok_1", (*message.Draft).Accept); !fault.Is(err, fault.Conflict) {
			s.t.Errorf("of a cancelled message: %v, want a conflict", err)
		}
	})
}

func TestAskingTwiceAtOnceToSendAgainIsOneResending(t *testing.T) {
	each(t, func(s *shop) {
		s.window(time.Hour)
		key := s.handed(request(message.SMSOnly), 2)
		s.says(key, 0, "3059")
		s.says(key, 1, "3059")
		s.drain()
		var all sync.WaitGroup
		got := make([]message.Key, 4)
		for i := range got {
			all.Go(func() {
				m, err := s.messages.ResendFailed(context.Background(), key, "tok_1", (*message.Draft).Accept)
				if err != nil {
					s.t.Error(err)
					return
				}
				got[i] = m.Key
			})
		}
		all.Wait()
		if slices.ContainsFunc(got, func(k message.Key) bool { return k != got[0] }) {
			s.t.Errorf("it was sent again as %v", got)
		}
	})
}
