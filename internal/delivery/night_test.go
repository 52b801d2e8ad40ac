package delivery

import (
	"context"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// until moves the clock to the next moment of this time of day in Korea.
func (s *shop) until(clock string) {
	s.t.Helper()
	at, err := time.Parse("15:04:05.999999", clock)
	s.must(err)
	now := s.clock.read().In(korea.Seoul)
	next := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), korea.Seoul)
	if !next.After(now) {
		next = next.Add(24 * time.Hour)
	}
	s.clock.forward(next.Sub(now))
}

// ad is an advertisement to people whose consents are attested.
func ad(night message.NightRule) message.Request {
	r := textOnly("세일")
	r.Text.Advertising, r.Text.OptOut, r.Text.Evidence, r.Night = true, "080-123-4567", "test", night
	return r
}

// advertise accepts a message to silent phones, one for each consent to the night.
func (s *shop) advertise(r message.Request, nightly ...bool) message.Key {
	s.t.Helper()
	draft, err := s.messages.Draft(context.Background(), s.name, r)
	s.must(err)
	for i, consents := range nightly {
		s.must(draft.Take(context.Background(), message.Candidate{To: silent(i), NightConsent: consents}))
	}
	receipt, err := draft.Accept(context.Background(), nil)
	s.must(err)
	return receipt.Message
}

// wake lets the night end and checks that everybody of a message is sent to then, once.
func (s *shop) wake(key message.Key) {
	s.t.Helper()
	s.until("08:00:00")
	s.drain()
	for i, p := range s.people(key) {
		if p.State != message.Sent {
			s.t.Errorf("in the morning recipient %d is %s, want %s", i, p.State, message.Sent)
		}
	}
	s.wantOnce(key)
}

// wantHours checks how many of a message were handed over by day and at night, as its
// record tells it.
func (s *shop) wantHours(key message.Key, day, night int64) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		m, err := message.Find(tx, key)
		if err != nil {
			return err
		}
		outcomes, err := message.Outcomes(tx, m, s.messages.Night())
		for _, o := range outcomes {
			if o.Night {
				night -= o.Count
			} else {
				day -= o.Count
			}
			if night := s.messages.Night(); night.Covers(o.First.Time()) != o.Night || night.Covers(o.Last.Time()) != o.Night {
				s.t.Errorf("from %v to %v is told as night: %v", o.First.Time(), o.Last.Time(), o.Night)
			}
		}
		return err
	}))
	if day != 0 || night != 0 {
		s.t.Errorf("of those wanted by day %d are missing, at night %d", day, night)
	}
}

func TestAdvertisingIsHandedOverByDayAndWaitsAtNight(t *testing.T) {
	for _, c := range []struct {
		at  string
		now bool
	}{
		{"08:00:00", true}, {"14:00:00", true}, {"20:49:59.999999", true},
		{"20:50:00", false}, {"21:00:00", false}, {"00:00:00", false}, {"07:59:59.999999", false},
	} {
		t.Run(c.at, func(t *testing.T) {
			each(t, func(s *shop) {
				s.until(c.at)
				key := s.advertise(ad(""), false)
				s.drain()
				if c.now {
					s.wantStates(key, message.Sent)
					s.wantTaken(key, "sms")
					return
				}
				s.wantStates(key, message.Pending)
				if c.at != "07:59:59.999999" {
					s.until("07:59:59.999999")
					s.drain()
				}
				s.wantTaken(key)
				s.wake(key)
				s.wantTaken(key, "sms")
				s.wantMoney(982, 18, 0)
			})
		})
	}
}

func TestWhoConsentedToTheNightIsSentToAtNight(t *testing.T) {
	each(t, func(s *shop) {
		s.until("22:00:00")
		key := s.advertise(ad(""), false, true, false, true)
		s.drain()
		s.wantStates(key, message.Pending, message.Sent, message.Pending, message.Sent)
		s.until("03:00:00")
		s.drain()
		s.wantStates(key, message.Pending, message.Sent, message.Pending, message.Sent)
		s.wake(key)
		s.wantMoney(1000-4*18, 4*18, 0)
		s.wantHours(key, 2, 2)
	})
}

func TestInformationGoesAtNight(t *testing.T) {
	each(t, func(s *shop) {
		s.until("23:00:00")
		s.wantStates(s.handed(request(message.AlimtalkFirst), 1), message.Sent)
	})
}

func TestWhoIsRefusedAtNightEndsAndCostsNothing(t *testing.T) {
	each(t, func(s *shop) {
		s.until("20:49:59")
		key := s.advertise(ad(message.NightRefuse), false, true)
		s.clock.forward(time.Second)
		s.drain()
		s.wantStates(key, message.Failed, message.Sent)
		if r := s.person(key, 0); r.Reason != provider.OutsideHours {
			t := s.t
			t.Errorf("the reason is %q, want %q", r.Reason, provider.OutsideHours)
		}
		s.wantTaken(key, "sms")
		s.wantMoney(982, 18, 0)
	})
}

func TestEverybodyRefusedAtNightEndsTheMessage(t *testing.T) {
	each(t, func(s *shop) {
		s.until("20:49:59")
		key := s.advertise(ad(message.NightRefuse), false, false)
		s.clock.forward(time.Second)
		s.drain()
		s.wantMessage(key, message.StateDone)
		s.wantStates(key, message.Failed, message.Failed)
		s.wantMoney(1000, 0, 0)
	})
}

// TestACallPlannedInTimeAndMadeTooLateDoesNotGo takes the steps of a hand-over apart: the
// plan at 20:49:59, the call two seconds later.
func TestACallPlannedInTimeAndMadeTooLateDoesNotGo(t *testing.T) {
	for name, begins := range map[string]int{"it began with its plan": callsAtOnce, "it was only planned": 0} {
		t.Run(name, func(t *testing.T) {
			each(t, func(s *shop) {
				s.until("20:49:59")
				key := s.advertise(ad(""), false, true)
				p := s.planAnd(key, begins)
				s.clock.forward(2 * time.Second)
				s.must(s.delivery.callAll(context.Background(), p.calls))
				s.wantTaken(key)
				s.wantCalls(key, notSent)
				s.wantStates(key, message.Pending, message.Pending)
				s.drain()
				s.wantStates(key, message.Pending, message.Sent)
				s.wake(key)
				s.wantMoney(964, 36, 0)
			})
		})
	}
}

// TestACallWhoseSecondPhaseComesTooLateDoesNotGo lets the night begin between the two
// requests of a call: nothing was handed over by the first.
func TestACallWhoseSecondPhaseComesTooLateDoesNotGo(t *testing.T) {
	each(t, func(s *shop) {
		s.until("20:49:59")
		key := s.advertise(ad(""), false)
		s.wrong(trouble{path: "/groups", method: http.MethodPost, pass: true, before: func() { s.clock.forward(2 * time.Second) }})
		s.drain()
		s.wantTaken(key)
		s.wantStates(key, message.Pending)
		s.until("07:59:59")
		s.drain()
		s.wantTaken(key)
		s.wake(key)
		s.wantMoney(982, 18, 0)
	})
}

func TestAMessageThatIsResumedAtNightWaits(t *testing.T) {
	each(t, func(s *shop) {
		s.until("19:00:00")
		key := s.advertise(ad(""), false)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.drain()
		s.until("21:30:00")
		_, err = s.messages.Resume(context.Background(), key)
		s.must(err)
		s.drain()
		s.wantStates(key, message.Pending)
		s.wake(key)
	})
}

func TestAnotherTryThatFallsIntoTheNightWaits(t *testing.T) {
	each(t, func(s *shop) {
		s.until("20:49:59")
		key := s.advertise(ad(""), false)
		s.wrong(trouble{path: "/groups", method: http.MethodPost, status: http.StatusServiceUnavailable})
		s.drain()
		s.wantStates(key, message.Pending)
		s.clock.forward(10 * time.Minute)
		s.drain()
		s.wantTaken(key)
		s.wake(key)
	})
}

// TestAFallbackThatFallsIntoTheNightWaits plans the second step of a message as if its
// text were an advertisement: what may not go at night does not depend on the step.
func TestAFallbackThatFallsIntoTheNightWaits(t *testing.T) {
	each(t, func(s *shop) {
		s.until("20:49:00")
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.until("20:50:00")
		s.says(key, 0, "3104")
		s.clock.forward(3 * time.Second)
		jobs, err := s.queue.Claim(context.Background(), queue.Send, []string{message.KindSingle}, 256)
		s.must(err)
		p := &plan{s: s.delivery}
		s.must(p.read(context.Background(), jobs))
		p.facts[key].wording.Text.Advert = &message.Advert{OptOut: "0801234567"}
		s.must(s.d.Update(context.Background(), "test_plan", p.write))
		for _, c := range p.calls {
			for _, one := range c.members {
				if one.Key == key {
					s.t.Error("the fallback is planned at night")
				}
			}
		}
		s.wantStates(key, message.Pending)
		s.wantTaken(key, "alimtalk")
	})
}

func TestAScheduleThatFallsIntoTheNightWaits(t *testing.T) {
	each(t, func(s *shop) {
		s.until("12:00:00")
		r := ad("")
		r.ScheduledAt = s.clock.read().Add(10 * time.Hour) // 22:00
		key := s.advertise(r, false, true)
		s.until("22:00:00")
		s.drain()
		s.wantStates(key, message.Pending, message.Sent)
		s.wake(key)
	})
}

func TestWhoIsHeldAtNightExpiresWhenTheMessageIsNotValidAnyMore(t *testing.T) {
	each(t, func(s *shop) {
		s.until("20:49:00")
		r := ad("")
		r.ValidFor = time.Hour
		key := s.advertise(r, false, true)
		alone := s.advertise(r, false)
		s.until("20:55:00")
		s.drain()
		s.wantStates(key, message.Pending, message.Sent)
		s.clock.forward(time.Hour + time.Second)
		s.drain()
		s.wantStates(key, message.Expired, message.Sent)
		s.wantStates(alone, message.Expired)
		s.wantMoney(982, 18, 0)
	})
}

func TestWhoIsHeldAtNightCanBeCancelled(t *testing.T) {
	each(t, func(s *shop) {
		s.until("20:55:00")
		key := s.advertise(ad(""), false, true)
		s.drain()
		_, err := s.messages.Cancel(context.Background(), key)
		s.must(err)
		s.drain()
		s.wantStates(key, message.Cancelled, message.Sent)
		s.wantMoney(982, 18, 0)
	})
}

// TestWhateverHappensNobodyIsReachedAtNightWhoDidNotConsent plays random days.
func TestWhateverHappensNobodyIsReachedAtNightWhoDidNotConsent(t *testing.T) {
	s := one(t)
	rapid.Check(t, func(rt *rapid.T) {
		keys := map[message.Key][]bool{}
		for range rapid.IntRange(5, 20).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"accept", "pass", "pass", "pause", "resume", "plan"}).Draw(rt, "step") {
			case "accept":
				nightly := rapid.SliceOfN(rapid.Bool(), 1, 3).Draw(rt, "consents")
				if r := ad(""); s.account(s.name).Available > 100*10_000 {
					keys[s.advertise(r, nightly...)] = nightly
				}
			case "pass":
				s.pass(time.Duration(rapid.Int64Range(0, int64(5*time.Hour)).Draw(rt, "time")))
			case "pause", "resume":
				for key := range keys {
					if rapid.Bool().Draw(rt, "pause") {
						_, _ = s.messages.Pause(context.Background(), key)
					} else {
						_, _ = s.messages.Resume(context.Background(), key)
					}
				}
			case "plan":
				jobs, err := s.queue.Claim(context.Background(), queue.Send, []string{message.KindSend}, 256)
				s.must(err)
				p := &plan{s: s.delivery, begins: callsAtOnce}
				s.must(p.read(context.Background(), jobs))
				s.must(s.d.Update(context.Background(), "test_plan", p.write))
				s.clock.forward(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(rt, "late")))
				_ = s.delivery.callAll(context.Background(), p.calls) // recovery may have taken one over
			}
		}
		for key, consents := range keys {
			for i, r := range s.people(key) {
				if at := r.HandedAt; at != 0 && !consents[i] && (korea.Night{}).Covers(at.Time()) {
					rt.Errorf("recipient %d was handed over at %s", i, at.Time().In(korea.Seoul))
				}
			}
			_, _ = s.messages.Cancel(context.Background(), key)
		}
		s.pass(100 * time.Hour)
	})
}

func TestTheRuleOfTheHourIsOfAdvertisingAlone(t *testing.T) {
	night, day := db.At(time.Date(2026, 12, 1, 22, 0, 0, 0, korea.Seoul)), db.At(time.Date(2026, 12, 1, 12, 0, 0, 0, korea.Seoul))
	morning := db.At(time.Date(2026, 12, 2, 8, 0, 0, 0, korea.Seoul))
	for name, c := range map[string]struct {
		ad   *message.Advert
		of   message.Consent
		now  db.Time
		want verdict
	}{
		"information at night":         {nil, message.Consent{}, night, verdict{}},
		"advertising by day":           {&message.Advert{}, message.Consent{}, day, verdict{}},
		"advertising at night":         {&message.Advert{}, message.Consent{}, night, verdict{until: morning}},
		"refused at night":             {&message.Advert{Refuse: true}, message.Consent{}, night, verdict{why: provider.OutsideHours}},
		"consented to the night":       {&message.Advert{}, message.Consent{Night: true}, night, verdict{}},
		"consented, though refused":    {&message.Advert{Refuse: true}, message.Consent{Night: true}, night, verdict{}},
		"consented to the day alone":   {&message.Advert{}, message.Consent{At: day}, night, verdict{until: morning}},
		"at the very end of the night": {&message.Advert{}, message.Consent{}, morning, verdict{}},
	} {
		if got := atHour(&message.Content{Text: &message.Text{Advert: c.ad}}, c.of, korea.Night{}, c.now); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
