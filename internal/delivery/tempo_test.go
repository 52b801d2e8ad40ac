package delivery

import (
	"context"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
)

// within is a request that goes in these hours alone.
func within(from, until string) message.Request {
	r := textOnly("안내")
	r.Tempo.Window = &message.Hours{From: from, Until: until}
	return r
}

func TestAMessageIsHandedOverInItsHoursAlone(t *testing.T) {
	for _, c := range []struct {
		at  string
		now bool
	}{
		{"09:00:00", true}, {"17:59:59.999999", true}, {"18:00:00", false}, {"23:59:59", false}, {"08:59:59.999999", false},
	} {
		t.Run(c.at, func(t *testing.T) {
			each(t, func(s *shop) {
				s.until(c.at)
				key := s.handed(within("09:00", "18:00"), 2)
				if c.now {
					s.wantStates(key, message.Sent, message.Sent)
					return
				}
				s.wantStates(key, message.Pending, message.Pending)
				s.wantTaken(key)
				s.until("09:00:00")
				s.drain()
				s.wantStates(key, message.Sent, message.Sent)
				s.wantOnce(key)
			})
		})
	}
}

func TestAFallbackWaitsForTheHoursToo(t *testing.T) {
	each(t, func(s *shop) {
		s.until("17:59:00")
		r := request(message.AlimtalkFirst)
		r.Tempo.Window = &message.Hours{From: "09:00", Until: "18:00"}
		key := s.handed(r, 1)
		s.clock.forward(time.Minute)
		s.says(key, 0, "3104") // not a Kakao user
		s.pass(time.Minute)
		s.wantTaken(key, "alimtalk")
		s.until("09:00:00")
		s.drain()
		s.wantTaken(key, "alimtalk", "sms")
	})
}

func TestAMessageThatWouldExpireBeforeItsHoursIsRefused(t *testing.T) {
	s := one(t)
	s.until("18:00:00")
	r := within("09:00", "18:00")
	r.ValidFor = 14 * time.Hour
	if _, err := s.send(s.name, r, silent(0)); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want it refused", err)
	}
	r.ValidFor = 16 * time.Hour
	if _, err := s.send(s.name, r, silent(0)); err != nil {
		t.Error(err)
	}
}

// paced is a request that lets so many go a minute.
func paced(n int64) message.Request {
	r := textOnly("안내")
	r.Tempo.PerMinute = n
	return r
}

// large is another site, with credit for many people at a won each.
func (s *shop) large() *shop {
	s.t.Helper()
	s.prices(1, 1, 1)
	s.site(s.name+"-big", 100_000)
	return &shop{s.world, s.name + "-big"}
}

// gone is how many of a message were handed over.
func (s *shop) gone(key message.Key) int { s.t.Helper(); return len(s.taken(key)) }

func (s *shop) wantGone(key message.Key, when string, want int) {
	s.t.Helper()
	if got := s.gone(key); got != want {
		s.t.Errorf("%s: %d were handed over, want %d", when, got, want)
	}
}

func TestAPacedMessageLetsSoManyGoAMinute(t *testing.T) {
	each(t, func(s *shop) {
		s.until("12:00:00")
		key := s.handed(paced(12), 30)
		s.wantGone(key, "at once", 2)
		for i := range 5 {
			s.pass(10 * time.Second)
			s.wantGone(key, "in the first minute", 2*(i+2))
		}
		s.pass(9 * time.Second)
		s.wantGone(key, "right before the next step", 12)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.pass(time.Hour)
		s.wantGone(key, "while it is paused", 12)
		_, err = s.messages.Resume(context.Background(), key)
		s.must(err)
		s.drain()
		s.wantGone(key, "when it goes on", 14)
		s.pass(time.Hour) // a standstill
		s.wantGone(key, "after a standstill", 16)
		for range 10 {
			s.pass(10 * time.Second)
		}
		s.wantGone(key, "in the end", 30)
		s.wantOnce(key)
		s.pass(25 * time.Hour)
		s.proveOwn()
	})
}

func TestAPacedMessageOfManyBatchesGoesInTheirOrder(t *testing.T) {
	each(t, func(s *shop) {
		big := s.large()
		s.until("12:00:00")
		key := big.handed(paced(9000), 2500) // 1,500 a step: a batch and a half
		big.wantGone(key, "at once", 1500)
		big.pass(10 * time.Second)
		big.wantGone(key, "ten seconds later", 2500)
		big.wantOnce(key)
	})
}

func TestAPaceWaitsForTheHours(t *testing.T) {
	each(t, func(s *shop) {
		s.until("17:59:50")
		r := paced(12)
		r.Tempo.Window = &message.Hours{From: "09:00", Until: "18:00"}
		key := s.handed(r, 6)
		s.wantGone(key, "in the last seconds", 2)
		s.pass(10 * time.Second)
		s.pass(time.Hour)
		s.wantGone(key, "in the evening", 2)
		s.until("09:00:00")
		s.drain()
		s.wantGone(key, "in the morning", 4)
		s.pass(10 * time.Second)
		s.wantGone(key, "ten seconds later", 6)
	})
}

func TestAPaceThatTakesLongerThanTheMessageIsValidIsRefused(t *testing.T) {
	s := one(t)
	s.until("12:00:00")
	r := paced(1)
	r.ValidFor = 3 * time.Minute
	if _, err := s.send(s.name, r, silentPhones(4)...); !fault.Is(err, fault.Invalid) {
		t.Errorf("four at one a minute in three minutes: %v, want it refused", err)
	}
	if _, err := s.send(s.name, r, silentPhones(3)...); err != nil {
		t.Errorf("three: %v", err)
	}
	for name, tempo := range map[string]message.Tempo{
		"no pace": {PerMinute: -1}, "a pace that is none": {PerMinute: message.MostPace + 1}, "no hours": {Window: &message.Hours{From: "9", Until: "18"}},
	} {
		r.Tempo = tempo
		if _, err := s.send(s.name, r, silent(0)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
}

// TestWhoIsNotLetGoExpiresWithTheMessage stops the pace by pausing.
func TestWhoIsNotLetGoExpiresWithTheMessage(t *testing.T) {
	each(t, func(s *shop) {
		s.until("12:00:00")
		r := paced(60)
		r.ValidFor = time.Hour
		key := s.handed(r, 20)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.pass(61 * time.Minute)
		m := s.find(key)
		if m.Counts.Expired != 10 || m.Counts.Sent != 10 {
			s.t.Errorf("%d expired and %d are sent, want 10 of each", m.Counts.Expired, m.Counts.Sent)
		}
		s.proveOwn()
	})
}

// review sets above how many recipients a second person has to approve.
func (s *shop) review(above int64) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error { return setReview(tx, s.name, above) })
}

// TestWhoWasLetGoAndDidNotGoIsNotForgotten pauses a message between its pace and its plans.
func TestWhoWasLetGoAndDidNotGoIsNotForgotten(t *testing.T) {
	each(t, func(s *shop) {
		s.until("12:00:00")
		key := s.accept(paced(60), 5)
		for _, kind := range []string{message.KindLaunch, "pace"} {
			jobs, err := s.queue.Claim(context.Background(), queue.Send, []string{kind}, 1)
			s.must(err)
			for _, w := range s.messages.Works() {
				if w.Kind == kind {
					s.must(w.Handle(context.Background(), jobs))
				}
			}
		}
		if n := s.find(key).Released; n != 5 {
			s.t.Fatalf("%d are let go, want all", n)
		}
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.pass(time.Minute)
		s.wantGone(key, "while it is paused", 0)
		_, err = s.messages.Resume(context.Background(), key)
		s.must(err)
		s.pass(time.Minute)
		s.wantGone(key, "after it", 5)
		s.wantOnce(key)
	})
}

func TestThePaceOfAnAdvertisementRestsAtNight(t *testing.T) {
	for _, c := range []struct {
		name    string
		nightly []bool
		night   int // two minutes after it began, from ten seconds before it on
		morning int // at 08:00:00
	}{
		{"nobody consented to it", make([]bool, 50), 1, 2},
		{"one did not", append(slices.Repeat([]bool{true}, 49), false), 1, 2},
		{"everybody did", slices.Repeat([]bool{true}, 50), 14, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(s *shop) {
				s.until("20:49:50")
				r := ad("")
				r.Tempo.PerMinute = 6
				key := s.advertise(r, c.nightly...)
				s.drain()
				s.until("20:50:00")
				s.drain()
				for range 12 {
					s.pass(10 * time.Second)
				}
				s.wantGone(key, "at night", c.night)
				s.until("07:59:59")
				s.drain()
				s.until("08:00:00")
				s.drain()
				s.wantGone(key, "in the morning", c.morning)
			})
		})
	}
}

func TestAPacedMessageThatIsOverGivesBackAtOnceWhatItHeld(t *testing.T) {
	each(t, func(s *shop) {
		big := s.large()
		s.until("12:00:00")
		r := paced(60)
		r.ValidFor = 51 * time.Minute
		key := big.handed(r, 3000)
		big.pass(45 * time.Minute) // a standstill
		big.pass(6 * time.Minute)
		for range 4 {
			big.pass(10 * time.Second)
		}
		m := big.find(key)
		if m.Pending() != 0 || m.Counts.Expired < 2900 {
			s.t.Errorf("%d wait after its time, %d have expired", m.Pending(), m.Counts.Expired)
		}
	})
}

func TestAPacedMessageThatStaysPausedExpires(t *testing.T) {
	each(t, func(s *shop) {
		big := s.large()
		s.until("12:00:00")
		r := paced(600)
		r.ValidFor = time.Hour
		key := big.handed(r, 2500) // two batches and a half
		big.wantGone(key, "at once", 100)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		big.pass(time.Hour - time.Second)
		if m := big.find(key); m.Pending() == 0 {
			s.t.Error("nobody waits any more, before its time")
		}
		big.pass(2 * time.Second)
		if m := big.find(key); m.Counts.Expired != 2400 {
			s.t.Errorf("%+v, want 2400 expired", m.Counts)
		}
	})
}

// TestAPaceThatCannotWaitForTheMorningGoesOnAtNight resumes a message in the night, in which only
// some of its people may be reached, and which expires before the morning.
func TestAPaceThatCannotWaitForTheMorningGoesOnAtNight(t *testing.T) {
	each(t, func(s *shop) {
		s.until("20:00:00")
		r := ad("")
		r.Tempo.PerMinute, r.ValidFor = 60, 4*time.Hour
		key := s.advertise(r, true, false, true)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.drain()
		s.until("21:00:00")
		_, err = s.messages.Resume(context.Background(), key)
		s.must(err)
		s.pass(time.Minute)
		s.wantStates(key, message.Sent, message.Pending, message.Sent)
	})
}
