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

func setReview(tx *db.Tx, siteID string, above int64) error {
	_, err := site.SetRules(tx, siteID, site.RulesChange{ReviewAbove: &above})
	return err
}

// by is a request of a sender.
func by(who string) message.Request {
	r := textOnly("안내")
	r.By = who
	return r
}

func TestALargeMessageGoesWhenASecondPersonHasApprovedIt(t *testing.T) {
	each(t, func(s *shop) {
		s.review(2)
		small := s.handed(by("tok_1"), 2)
		s.wantMessage(small, message.StateAccepted)
		s.wantStates(small, message.Sent, message.Sent)
		key := s.handed(by("tok_1"), 3)
		s.wantMessage(key, message.StateReview)
		s.pass(time.Hour)
		s.wantTaken(key)
		s.wantMoney(1000-5*18, 5*18, 0)
		if _, err := s.messages.Approve(context.Background(), key, "tok_1"); !fault.Is(err, fault.Denied) {
			s.t.Errorf("approved by its sender: %v, want it denied", err)
		}
		if _, err := s.messages.Pause(context.Background(), key); !fault.Is(err, fault.Conflict) {
			s.t.Errorf("paused: %v, want a conflict", err)
		}
		for range 2 {
			m, err := s.messages.Approve(context.Background(), key, "tok_2")
			s.must(err)
			if m.State != message.StateAccepted || m.ValidUntil() != m.CreatedAt.Add(25*time.Hour) {
				s.t.Errorf("approved: %s, valid until %v", m.State, m.ValidUntil().Time())
			}
		}
		s.drain()
		s.wantTaken(key, "sms", "sms", "sms")
		if _, err := s.messages.Reject(context.Background(), key, "tok_2", ""); !fault.Is(err, fault.Conflict) {
			s.t.Errorf("rejected after that: %v, want a conflict", err)
		}
		s.wantReview(key, message.Review{Message: key, State: message.ReviewApproved, AskedBy: "tok_1", DecidedBy: "tok_2"})
	})
}

// wantReview compares a review, but for its times.
func (s *shop) wantReview(key message.Key, want message.Review) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		got, wanted, err := message.ReviewOf(tx, key)
		if got.AskedAt == 0 || (got.DecidedAt == 0) != (got.DecidedBy == "") {
			s.t.Errorf("the times of %+v cannot be", got)
		}
		got.AskedAt, got.DecidedAt = 0, 0
		if err == nil && (!wanted || got != want) {
			s.t.Errorf("the review is %+v (%t), want %+v", got, wanted, want)
		}
		return err
	}))
}

func TestARejectedMessageGivesBackWhatItHeld(t *testing.T) {
	each(t, func(s *shop) {
		s.review(1)
		key := s.handed(by("tok_1"), 2)
		for range 2 {
			_, err := s.messages.Reject(context.Background(), key, "tok_2", "  오타가 있습니다 ")
			s.must(err)
		}
		s.drain()
		s.wantMessage(key, message.StateCancelled)
		s.wantTaken(key)
		s.wantMoney(1000, 0, 0)
		s.wantReview(key, message.Review{Message: key, State: message.ReviewRejected, AskedBy: "tok_1", DecidedBy: "tok_2", Reason: "오타가 있습니다"})
		if _, err := s.messages.Approve(context.Background(), key, "tok_2"); !fault.Is(err, fault.Conflict) {
			s.t.Errorf("approved after that: %v, want a conflict", err)
		}
	})
}

func TestAMessageThatNobodyLooksAtExpires(t *testing.T) {
	each(t, func(s *shop) {
		s.review(1)
		key := s.handed(by("tok_1"), 2)
		s.pass(24*time.Hour + time.Second)
		s.wantMessage(key, message.StateDone)
		s.wantStates(key, message.Expired, message.Expired)
		s.wantMoney(1000, 0, 0)
	})
}

func TestAScheduledMessageWaitsForBothItsReviewAndItsTime(t *testing.T) {
	each(t, func(s *shop) {
		s.review(1)
		r := by("tok_1")
		r.ScheduledAt = s.clock.read().Add(time.Hour)
		key := s.handed(r, 2)
		s.wantMessage(key, message.StateReview)
		_, err := s.messages.Approve(context.Background(), key, "tok_2")
		s.must(err)
		s.drain()
		s.wantMessage(key, message.StateScheduled)
		s.wantTaken(key)
		s.pass(time.Hour)
		s.wantTaken(key, "sms", "sms")
	})
}

func TestAMessageInReviewCanBeCancelled(t *testing.T) {
	each(t, func(s *shop) {
		s.review(1)
		key := s.handed(by("tok_1"), 2)
		_, err := s.messages.Cancel(context.Background(), key)
		s.must(err)
		s.drain()
		s.wantMessage(key, message.StateCancelled)
		s.wantMoney(1000, 0, 0)
	})
}

func TestATestNeedsNoReviewAndNoPatience(t *testing.T) {
	each(t, func(s *shop) {
		s.review(1)
		r := request(message.SMSOnly)
		r.ScheduledAt, r.Tempo.PerMinute = s.clock.read().Add(time.Hour), 1
		draft, err := s.messages.Draft(context.Background(), s.name, r.AsTest())
		s.must(err)
		for i := range 3 {
			s.must(draft.Add(context.Background(), silent(i), nil))
		}
		receipt, err := draft.Accept(context.Background(), nil)
		s.must(err)
		s.drain()
		got := s.taken(receipt.Message)
		if len(got) != 3 || got[0].Text != "이름님, 예약이 확정되었습니다." {
			s.t.Errorf("the phones got %+v", got)
		}
	})
}
