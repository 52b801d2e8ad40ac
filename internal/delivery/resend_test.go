package delivery

import (
	"context"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

func TestAMessageIsSentAgainToWhomItDidNotReach(t *testing.T) {
	each(t, func(s *shop) {
		window := time.Hour
		s.update(func(tx *db.Tx) error {
			_, err := site.SetRules(tx, s.name, site.RulesChange{DuplicateWindow: &window})
			return err
		})
		key := s.handed(request(message.SMSOnly), 3)
		ctx := context.Background()
		if _, err := s.messages.ResendFailed(ctx, key, "tok_1"); !fault.Is(err, fault.Conflict) {
			s.t.Errorf("before it is over: %v, want a conflict", err)
		}
		s.says(key, 0, "4000")
		s.says(key, 1, "3059")
		s.says(key, 2, "3059")
		s.drain()
		s.wantMessage(key, message.StateDone)
		again, err := s.messages.ResendFailed(ctx, key, "tok_1")
		s.must(err)
		s.drain()
		got := s.taken(again.Key)
		if again.ID == key.ID || len(got) != 2 || got[0].To != silent(1) || got[1].To != silent(2) || got[1].Text != "김하나2님, 예약이 확정되었습니다." {
			s.t.Errorf("message %s was sent again as %s to %+v", key.ID, again.ID, got)
		}
		twice, err := s.messages.ResendFailed(ctx, key, "tok_2")
		s.must(err)
		if twice.ID != again.ID {
			s.t.Errorf("asked twice, it was sent as %s and %s", again.ID, twice.ID)
		}
		s.says(again.Key, 0, "4000")
		s.says(again.Key, 1, "4000")
		s.drain()
		if _, err := s.messages.ResendFailed(ctx, again.Key, "tok_1"); !fault.Is(err, fault.Conflict) {
			s.t.Errorf("where everybody was reached: %v, want a conflict", err)
		}
		s.wantMoney(1000-3*18, 0, 3*18)
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
		again, err := s.messages.ResendFailed(context.Background(), receipt.Message, "")
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
		again, err := s.messages.ResendFailed(context.Background(), key, "")
		s.must(err)
		s.drain()
		s.wantTaken(again.Key, "sms", "sms", "sms")
	})
}
