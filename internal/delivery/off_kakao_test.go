package delivery

import (
	"context"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
)

// fallsBack sends to one phone, which turns out not to be on Kakao.
func (s *shop) fallsBack(r message.Request) message.Key {
	s.t.Helper()
	key := s.handed(r, 1)
	s.says(key, 0, "3104")
	s.pass(3 * time.Second)
	s.says(key, 0, "4000")
	s.drain()
	s.wantTaken(key, "alimtalk", "sms")
	return key
}

// remembered counts what a site remembers of who is not on Kakao.
func (s *shop) remembered() (n int) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM off_kakao WHERE site_id = ?`, s.name).Scan(&n)
	}))
	return n
}

func TestWhoWasNotOnKakaoIsSparedTheDetourWhereItSavesNothing(t *testing.T) {
	for _, strategy := range []message.Strategy{message.AlimtalkFirst, message.CostOptimized} {
		t.Run(string(strategy), func(t *testing.T) {
			each(t, func(s *shop) {
				s.prices(9, 9, 30)
				s.fallsBack(request(strategy))
				key := s.handed(request(strategy), 2)
				s.wantTaken(key, "sms", "alimtalk")
				if c := s.find(key).Classes; !c[0].OffKakao || c[1].OffKakao {
					s.t.Errorf("the classes are %+v", c)
				}
				r := request(strategy)
				r.Text.Body = long // for which an Alimtalk is cheaper
				s.wantTaken(s.handed(r, 1), "alimtalk")
				s.pass(29 * 24 * time.Hour)
				s.wantTaken(s.handed(request(strategy), 1), "sms")
				s.pass(2 * 24 * time.Hour)
				s.wantTaken(s.handed(request(strategy), 1), "alimtalk")
				s.must(s.messages.SweepOffKakao(context.Background()))
				if n := s.remembered(); n != 0 {
					s.t.Errorf("%d are remembered after 31 days", n)
				}
			})
		})
	}
}

func TestNothingIsRememberedWhereAlimtalkIsCheaper(t *testing.T) {
	each(t, func(s *shop) {
		s.fallsBack(request(message.AlimtalkFirst))
		if n := s.remembered(); n != 0 {
			s.t.Errorf("%d are remembered", n)
		}
		s.wantTaken(s.handed(request(message.AlimtalkFirst), 1), "alimtalk")
	})
}

func TestAPolicySparesTheDetourWhateverItCosts(t *testing.T) {
	each(t, func(s *shop) {
		no := false
		s.update(func(tx *db.Tx) error {
			_, err := message.SetPolicy(tx, s.name, "quick", message.PolicySteps{
				{Send: message.PartAlimtalk, When: &message.When{OffKakao: &no}}, {Send: message.PartText}})
			return err
		})
		r := request(message.ByPolicy)
		r.Policy = "quick"
		s.fallsBack(r)
		s.fallsBack(request(message.AlimtalkFirst)) // which does not ask
		key := s.handed(r, 2)
		s.wantTaken(key, "sms", "alimtalk")
		lines, err := s.delivery.Trace(context.Background(), key, s.people(key)[0].To)
		s.must(err)
		if want := "accepted recipient 0: sms 18.00; the number was reported not to be a Kakao user within the 30 days before"; lines[0].Detail != want {
			s.t.Errorf("the trace begins with %q, want %q", lines[0].Detail, want)
		}
	})
}

func TestAPolicyMayHaveTheAlimtalkFollowTheText(t *testing.T) {
	each(t, func(s *shop) {
		s.update(func(tx *db.Tx) error {
			_, err := message.SetPolicy(tx, s.name, "text", message.PolicySteps{{Send: message.PartText}, {Send: message.PartAlimtalk}})
			return err
		})
		r := request(message.ByPolicy)
		r.Policy = "text"
		key := s.handed(r, 1)
		s.says(key, 0, "3059")
		s.pass(3 * time.Second)
		s.wantTaken(key, "sms", "alimtalk")
		s.says(key, 0, "4000")
		s.drain()
		s.wantMoney(991, 0, 9)
	})
}
