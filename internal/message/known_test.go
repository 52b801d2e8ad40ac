package message

import (
	"errors"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// rev is the site's present one.
func (s *shop) rev() (r site.Rev) {
	s.t.Helper()
	s.view(func(tx *db.Tx) error {
		revs, err := site.Revs(tx, []string{s.name})
		r = revs[s.name]
		return err
	})
	return r
}

// changes are all acts after which a message may have to go differently, made through
// another process than the one that remembers.
var changes = map[string]func(tx *db.Tx, s *shop) error{
	"the site is suspended": func(tx *db.Tx, s *shop) error { return site.SetState(tx, s.name, site.Suspended) },
	"a sender is added": func(tx *db.Tx, s *shop) error {
		_, err := site.AddSender(tx, s.name, "0269876543", site.Approved)
		return err
	},
	"a sender is blocked": func(tx *db.Tx, s *shop) error {
		_, err := site.SetSender(tx, s.name, "0261234567", site.Blocked, "")
		return err
	},
	"a sender is removed": func(tx *db.Tx, s *shop) error { return site.RemoveSender(tx, s.name, "0261234567") },
	"the site's price is set": func(tx *db.Tx, s *shop) error {
		return credit.SetPrices(tx, s.name, map[provider.Channel]money.Amount{provider.SMS: 20 * won}, 0)
	},
	"the installation's price is set": func(tx *db.Tx, _ *shop) error {
		return credit.SetPrices(tx, "", map[provider.Channel]money.Amount{provider.MMS: 120 * won}, 0)
	},
	"a plan is given": func(tx *db.Tx, s *shop) error {
		if err := credit.CreatePlan(tx, "for-"+s.name, "plan", nil); err != nil {
			return err
		}
		return credit.AssignPlan(tx, s.name, "for-"+s.name, 0)
	},
	"a template is added": func(tx *db.Tx, s *shop) error {
		_, err := AddTemplate(tx, Template{Site: s.name, Code: "NEW_01", Name: "새", Channel: "@demo", Body: "새"})
		return err
	},
	"a template is changed": func(tx *db.Tx, s *shop) error {
		t, err := FindTemplate(tx, s.name, "RESERVE_01")
		if err == nil {
			t.State = TemplateBlocked
			_, err = SetTemplate(tx, t)
		}
		return err
	},
	"a word is blocked for the site": func(tx *db.Tx, s *shop) error {
		_, err := site.AddWords(tx, s.name, []string{"아무 낱말"})
		return err
	},
	"a word is blocked for all": func(tx *db.Tx, s *shop) error {
		_, err := site.AddWords(tx, "", []string{"낱말 " + s.name})
		return err
	},
	"a rule of the site is set": func(tx *db.Tx, s *shop) error {
		number := "0801234567"
		_, err := site.SetRules(tx, s.name, site.RulesChange{OptOutNumber: &number})
		return err
	},
	"a template is removed": func(tx *db.Tx, s *shop) error { return RemoveTemplate(tx, s.name, "RESERVE_01") },
}

func TestWhatIsKnownAcceptsWhatASiteWouldAcceptNow(t *testing.T) {
	onEach(t, func(s *shop) {
		s.accept(kakaoFirst(), 1) // from which the next learns
		d, err := s.service.DraftKnown(s.name, Known{Rev: s.rev()}, kakaoFirst())
		s.must(err)
		receipt, err := s.add(d, 2).Accept(ctx, once(s.name, "k", "a"))
		s.must(err)
		if m := s.find(receipt.Message); m.State != StateAccepted || m.Accepted != 2 {
			s.t.Errorf("got %s with %d people, want it accepted with 2", m.State, m.Accepted)
		}
		s.wantMoney(1000-54, 54, 0)
	})
}

func TestWhatIsKnownNeverOutlivesAChange(t *testing.T) {
	onEach(t, func(s *shop) {
		for name, change := range changes {
			own := s.house.open(s.t, 1000)
			own.accept(kakaoFirst(), 1)
			d, err := s.service.DraftKnown(own.name, Known{Rev: own.rev()}, kakaoFirst())
			s.must(err)
			own.add(d, 1)
			own.update(func(tx *db.Tx) error { return change(tx, own) })
			if _, err := d.Accept(ctx, once(own.name, "k", "a")); !errors.Is(err, ErrOutdated) {
				s.t.Errorf("%s: got %v, want what was known to be out of date", name, err)
			}
			if n := own.count(); n != 1 {
				s.t.Errorf("%s: %d messages, want the one before", name, n)
			}
			if found, err := own.service.Earlier(ctx, once(own.name, "k", "a").Key); err != nil || found.Exists {
				s.t.Errorf("%s: the key is taken: %+v, %v", name, found, err)
			}
			if _, err := s.service.DraftKnown(own.name, Known{Rev: own.rev()}, kakaoFirst()); !errors.Is(err, ErrOutdated) {
				s.t.Errorf("%s: got %v for what nobody has read since, want it not to be known", name, err)
			}
			own.wantMoney(1000-18, 18, 0)
		}
	})
}

func TestAMemberWhoKnowsTooLittleDisturbsNoOther(t *testing.T) {
	onEach(t, func(s *shop) {
		s.accept(textOnly("a"), 1)
		known := func(k Known) *Draft {
			d, err := s.service.DraftKnown(s.name, k, textOnly("a"))
			s.must(err)
			return s.add(d, 1)
		}
		rev := s.rev()
		old := known(Known{Rev: rev})
		old.known.Rev--
		out := s.together(joining{draft: known(Known{Rev: rev})}, joining{old, once(s.name, "k", "a")},
			joining{draft: known(Known{Rev: rev, Until: 1})}, joining{draft: s.add(s.draft(textOnly("a")), 1)},
			joining{known(Known{Rev: rev}), once(s.name, "k", "a")})
		for i, outdated := range []bool{false, true, true, false, false} {
			if out[i].outdated != outdated || outdated == (out[i].receipt.Message != Key{}) {
				s.t.Errorf("member %d: outdated %t with %+v, want %t", i, out[i].outdated, out[i].receipt, outdated)
			}
		}
		s.wantMoney(1000-4*18, 4*18, 0)
	})
}

func TestWhatWasNotReadIsNotKnown(t *testing.T) {
	onEach(t, func(s *shop) {
		s.accept(textOnly("a"), 1)
		k, later := Known{Rev: s.rev()}, textOnly("a")
		later.ScheduledAt = s.draft(textOnly("a")).now.Time()
		hours, paced := textOnly("a"), textOnly("a")
		hours.Tempo.Window, paced.Tempo.PerMinute = &Hours{From: "09:00", Until: "18:00"}, 60
		for name, r := range map[string]Request{"another question": kakaoFirst(), "a time": later, "hours": hours, "a pace": paced} {
			if _, err := s.service.DraftKnown(s.name, k, r); !errors.Is(err, ErrOutdated) {
				s.t.Errorf("%s: got %v, want it not to be known", name, err)
			}
		}
	})
}

func TestWhatIsKnownEndsWhenPlannedPricesBegin(t *testing.T) {
	onEach(t, func(s *shop) {
		s.update(func(tx *db.Tx) error {
			return credit.SetPrices(tx, s.name, map[provider.Channel]money.Amount{provider.SMS: 30 * won}, tx.Now.Add(time.Hour))
		})
		s.accept(textOnly("a"), 1) // learns today's price, and until when
		known := func() *Draft {
			d, err := s.service.DraftKnown(s.name, Known{Rev: s.rev()}, textOnly("a"))
			s.must(err)
			return s.add(d, 1)
		}
		before, after := known(), known()
		if _, err := before.Accept(ctx, once(s.name, "before", "a")); err != nil {
			s.t.Errorf("before the new price: %v", err)
		}
		s.house.forward(time.Hour)
		if _, err := after.Accept(ctx, once(s.name, "after", "a")); !errors.Is(err, ErrOutdated) {
			s.t.Errorf("at the new price: got %v, want what was known to be out of date", err)
		}
		s.accept(textOnly("a"), 1)
		s.wantMoney(1000-2*18-30, 2*18+30, 0)
	})
}

func TestWhatIsKnownNeverOutlivesAPriceOfThePlan(t *testing.T) {
	onEach(t, func(s *shop) {
		sms := func(price money.Amount) map[provider.Channel]money.Amount {
			return map[provider.Channel]money.Amount{provider.SMS: price * won}
		}
		s.update(func(tx *db.Tx) error {
			if err := credit.CreatePlan(tx, "gold", "금", sms(15)); err != nil {
				return err
			}
			return credit.AssignPlan(tx, s.name, "gold", 0)
		})
		s.accept(textOnly("a"), 1)
		known := func() *Draft {
			d, err := s.service.DraftKnown(s.name, Known{Rev: s.rev()}, textOnly("a"))
			s.must(err)
			return s.add(d, 1)
		}
		outdated := func(why string, d *Draft) {
			if _, err := d.Accept(ctx, once(s.name, why, "a")); !errors.Is(err, ErrOutdated) {
				s.t.Errorf("%s: got %v, want what was known to be out of date", why, err)
			}
		}
		before := known()
		s.update(func(tx *db.Tx) error {
			if err := s.ledger.SetPlanPrices(tx, "gold", sms(16), 0); err != nil {
				return err
			}
			return s.ledger.SetPlanPrices(tx, "gold", sms(17), tx.Now.Add(time.Hour))
		})
		outdated("a new price", before)
		s.accept(textOnly("a"), 1)
		before = known()
		s.house.forward(time.Hour)
		outdated("a planned price", before)
		s.accept(textOnly("a"), 1)
		s.wantMoney(1000-15-16-17, 15+16+17, 0)
	})
}
