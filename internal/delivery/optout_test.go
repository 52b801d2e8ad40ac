package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/optout"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// optOut puts silent phones on the site's list.
func (s *shop) optOut(scope optout.Scope, phones ...int) {
	s.t.Helper()
	var wishes []optout.Wish
	for _, n := range phones {
		wishes = append(wishes, optout.Wish{To: korea.Number(silent(n)), Scope: scope})
	}
	s.update(func(tx *db.Tx) error {
		_, err := optout.New(s.keys).Add(tx, s.name, optout.ByAPI, wishes)
		return err
	})
}

func (s *shop) wantReason(key message.Key, seq int, want provider.Reason) {
	s.t.Helper()
	if got := s.person(key, seq).Reason; got != want {
		s.t.Errorf("the reason of recipient %d is %q, want %q", seq, got, want)
	}
}

func TestWhoOptsOutAfterTheAcceptIsNotSentTo(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 3)
		s.optOut(optout.All, 1)
		s.drain()
		s.wantStates(key, message.Sent, message.Failed, message.Sent)
		s.wantReason(key, 1, provider.OptedOut)
		s.wantTaken(key, "alimtalk", "alimtalk")
		s.wantMoney(1000-36, 36, 0)
	})
}

func TestAnOptOutOfAdvertisingStopsAdvertisingAlone(t *testing.T) {
	each(t, func(s *shop) {
		s.until("12:00:00")
		advert, information := s.advertise(ad(""), false), s.accept(request(message.SMSOnly), 1)
		s.optOut(optout.Advertising, 0)
		s.drain()
		s.wantStates(advert, message.Failed)
		s.wantReason(advert, 0, provider.OptedOut)
		s.wantMessage(advert, message.StateDone)
		s.wantStates(information, message.Sent)
		s.wantMoney(982, 18, 0)
	})
}

func TestAFallbackDoesNotGoToWhoOptedOutMeanwhile(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 2)
		s.optOut(optout.All, 0)
		s.says(key, 0, "3104")
		s.says(key, 1, "3104")
		s.pass(3 * time.Second)
		s.wantStates(key, message.Failed, message.Sent)
		s.wantReason(key, 0, provider.OptedOut)
		s.wantTaken(key, "alimtalk", "alimtalk", "sms")
		s.wantMoney(982, 18, 0)
	})
}

func TestAMessageThatIsResumedDoesNotGoToWhoOptedOutMeanwhile(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.SMSOnly), 2)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.drain()
		s.optOut(optout.All, 1)
		_, err = s.messages.Resume(context.Background(), key)
		s.must(err)
		s.drain()
		s.wantStates(key, message.Sent, message.Failed)
		s.wantMoney(982, 18, 0)
	})
}

func TestAScheduledMessageGoesToWhoDidNotOptOutWhenItIsDue(t *testing.T) {
	each(t, func(s *shop) {
		r := request(message.SMSOnly)
		r.ScheduledAt = s.clock.read().Add(time.Hour)
		key := s.accept(r, 3)
		s.optOut(optout.All, 0, 2)
		s.update(func(tx *db.Tx) error { return optout.New(s.keys).Remove(tx, s.name, korea.Number(silent(2))) })
		s.pass(time.Hour)
		s.wantStates(key, message.Failed, message.Sent, message.Sent)
		s.wantReason(key, 0, provider.OptedOut)
		s.wantMoney(964, 36, 0)
	})
}

// TestADeliveredAlimtalkIsChargedAlthoughItsRecipientOptedOut reports the Alimtalk after the
// fallback was due and the opt-out was there: the leg that arrived is the delivery.
func TestADeliveredAlimtalkIsChargedAlthoughItsRecipientOptedOut(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.optOut(optout.All, 0)
		s.says(key, 0, "3104")
		s.saysOf(key, 0, 1, 1, "4000")
		s.pass(3 * time.Second)
		s.wantStates(key, message.Delivered)
		s.wantMoney(991, 0, 9)
	})
}

func TestAnOptOutAtOneSiteIsNoneAtAnother(t *testing.T) {
	each(t, func(s *shop) {
		other := s.open(s.t)
		other.optOut(optout.All, 0)
		key := s.handed(request(message.SMSOnly), 1)
		s.wantStates(key, message.Sent)
	})
}

// TestWhoCallsTheNumberThatAnAdvertisementShowedIsOnTheList has the number of the site changed
// since, and a message that named one of its own.
func TestWhoCallsTheNumberThatAnAdvertisementShowedIsOnTheList(t *testing.T) {
	each(t, func(s *shop) {
		s.until("12:00:00")
		number := func(n int64) string { return fmt.Sprintf("080%07d", 1_000_000*n+shops.Load()) }
		set := func(to string) {
			s.update(func(tx *db.Tx) error {
				_, err := site.SetRules(tx, s.name, site.RulesChange{OptOutNumber: &to})
				return err
			})
		}
		sites, named := ad(""), ad("")
		sites.Text.OptOut, named.Text.OptOut = "", number(3)
		set(number(1))
		s.accept(sites, 3)
		set(number(2))
		s.accept(named, 3)
		none := ""
		set(none)
		written := ad("")
		written.Text.Body, written.Text.OptOut = "세일\n무료수신거부 "+number(5), ""
		s.accept(written, 3)
		s.drain()
		set(number(2))
		_, err := s.delivery.intake.Join(context.Background(), delivery{account: upstream, reports: []provider.Report{
			{OptOut: korea.Number(number(1)), To: korea.Number(silent(0))}, {OptOut: korea.Number(number(3)), To: korea.Number(silent(1))},
			{OptOut: korea.Number(number(5)), To: korea.Number(silent(2))}, {OptOut: korea.Number(number(4)), To: korea.Number(silent(3))},
		}})
		s.must(err)
		again, err := s.send(s.name, sites, silent(0), silent(1), silent(2), silent(3))
		s.must(err)
		if again.Accepted != 1 || again.RejectedBy[message.OptedOut] != 3 {
			s.t.Errorf("%d accepted, rejected %v; want three who opted out", again.Accepted, again.RejectedBy)
		}
	})
}

// TestWhoCallsTheNumberOfASiteIsOnItsList lets a provider report calls of 080 numbers, once
// more than once.
func TestWhoCallsTheNumberOfASiteIsOnItsList(t *testing.T) {
	each(t, func(s *shop) {
		other := s.open(s.t)
		ours, theirs := fmt.Sprintf("080%07d", shops.Load()), "0809999999"
		s.update(func(tx *db.Tx) error {
			_, err := site.SetRules(tx, s.name, site.RulesChange{OptOutNumber: &ours})
			return err
		})
		key := s.accept(ad(""), 3)
		calls := []provider.Report{{OptOut: korea.Number(ours), To: korea.Number(silent(1))}, {OptOut: korea.Number(theirs), To: korea.Number(silent(2))},
			{OptOut: korea.Number(ours), To: korea.Number(silent(1))}}
		for range 2 {
			sum, err := s.delivery.intake.Join(context.Background(), delivery{account: upstream, reports: calls})
			s.must(err)
			if sum != (applied{}) {
				s.t.Errorf("they are taken for reports of legs: %+v", sum)
			}
		}
		s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
			said, err := audit.List(tx, audit.Filter{Site: s.name, Action: "opt_out"}, id.ID{}, 5)
			if err == nil && (len(said) != 1 || said[0].Actor.Kind != audit.Provider || said[0].Actor.ID != upstream || !strings.HasPrefix(said[0].Ref, "opt_")) {
				s.t.Errorf("noted as %+v, want one opt-out of the account", said)
			}
			return err
		}))
		s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
			o, err := optout.New(s.keys).Find(tx, s.name, korea.Number(silent(1)))
			if err == nil && (o.Scope != optout.Advertising || o.Source != optout.ByProvider) {
				s.t.Errorf("the opt-out is %+v", o)
			}
			if found, err := optout.StandingOf(tx, other.name); err != nil || found.Count() != 0 {
				s.t.Errorf("another site has %d opt-outs, %v", found.Count(), err)
			}
			return err
		}))
		s.until("12:00:00")
		s.drain()
		s.wantStates(key, message.Sent, message.Failed, message.Sent)
	})
}

// TestTheNumberOfAnErasedSiteStandsForTheOthersThatUseIt has the number be the present one of
// two sites, and one of earlier advertisements, and one of the two erased.
func TestTheNumberOfAnErasedSiteStandsForTheOthersThatUseIt(t *testing.T) {
	each(t, func(s *shop) {
		other := s.open(s.t)
		shared := fmt.Sprintf("080%07d", shops.Load())
		set := func(name, number string) {
			s.update(func(tx *db.Tx) error {
				_, err := site.SetRules(tx, name, site.RulesChange{OptOutNumber: &number})
				return err
			})
		}
		set(s.name, shared)
		set(other.name, shared)
		s.update(func(tx *db.Tx) error { return site.Erase(tx, s.keys, other.name) })
		_, err := s.delivery.intake.Join(context.Background(), delivery{account: upstream,
			reports: []provider.Report{{OptOut: korea.Number(shared), To: korea.Number(silent(1))}}})
		s.must(err)
		s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
			_, err := optout.New(s.keys).Find(tx, s.name, korea.Number(silent(1)))
			gone, err2 := site.Find(tx, other.name)
			if gone.Rules.OptOutNumber != "" {
				s.t.Error("the erased site has its number yet")
			}
			return errors.Join(err, err2)
		}))
	})
}

func TestACallOfANumberOfNoSiteIsLoggedWithoutAnyNumber(t *testing.T) {
	var log bytes.Buffer
	s := resting(t, &log, nil)
	_, err := s.delivery.intake.Join(context.Background(), delivery{account: upstream, reports: []provider.Report{{OptOut: "0807654321", To: korea.Number(silent(1))}}})
	s.must(err)
	if text := log.String(); !strings.Contains(text, "opted out by a number of no site") || strings.Contains(text, "0807654321") || strings.Contains(text, silent(1)) {
		t.Errorf("logged: %s", text)
	}
}
