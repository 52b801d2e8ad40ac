package delivery

import (
	"context"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// arrived waits until the phones got what the vendor took of a message.
func (s *shop) arrived(key message.Key) {
	s.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		open := 0
		for _, r := range s.taken(key) {
			if r.Outcome == "pending" {
				open++
			}
		}
		if open == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("%d legs are still on their way", open)
		}
	}
}

func TestTheProviderIsAskedAboutReportsThatAreMissing(t *testing.T) {
	each(t, func(s *shop) {
		key := s.sent(s.name, request(message.AlimtalkFirst), mobile(10_000_000), mobile(10_000))
		s.drain()
		s.arrived(key)
		s.pass(5*time.Minute - time.Microsecond)
		s.wantStates(key, message.Sent, message.Sent)
		s.pass(time.Microsecond)
		s.wantStates(key, message.Delivered, message.Pending)
		s.pass(3 * time.Second)
		s.arrived(key)
		s.pass(5 * time.Minute)
		s.wantStates(key, message.Delivered, message.Delivered)
		s.wantMoney(1000-27, 0, 27)
	})
}

func TestLookUpsForMissingReportsGrowRare(t *testing.T) {
	s := one(t)
	asked := 0
	key := s.handed(kakaoOnly(), 1)
	s.wrong(trouble{path: "/messages", method: "GET", always: true, pass: true, before: func() { asked++ }})
	var at []time.Duration
	for passed := time.Duration(0); passed < 80*time.Hour; {
		step := time.Minute
		if passed >= 3*time.Hour {
			step = time.Hour
		}
		before := asked
		s.pass(step)
		if passed += step; asked > before {
			at = append(at, passed)
		}
	}
	want := []time.Duration{5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour, 73 * time.Hour}
	if len(at) != len(want) {
		t.Fatalf("asked after %v, want %v", at, want)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Errorf("asked after %v, want %v", at, want)
		}
	}
	s.wantStates(key, message.Expired)
}

// TestALookUpAtTheEndStillCounts lets the vendor know at the last moment.
func TestALookUpAtTheEndStillCounts(t *testing.T) {
	each(t, func(s *shop) {
		key := s.sent(s.name, kakaoOnly(), mobile(10_000_000))
		s.drain()
		s.arrived(key)
		s.wrong(trouble{method: "GET", always: true})
		s.pass(72 * time.Hour)
		s.wantStates(key, message.Sent)
		s.trouble.Store(nil)
		s.pass(time.Hour)
		s.wantStates(key, message.Delivered)
		s.wantMoney(991, 0, 9)
	})
}

func TestACallThatSomebodyMovedIsNobodyElses(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(kakaoOnly(), 1)
		a := s.plan(key).calls[0].attempt
		for _, c := range []struct {
			from, to attemptState
			want     bool
		}{{calling, answered, false}, {planned, calling, true}, {planned, calling, false}, {planned, notSent, false}, {unknown, closed, false},
			{calling, unknown, true}, {calling, answered, false}, {unknown, answered, true}, {unknown, closed, false}} {
			s.update(func(tx *db.Tx) error {
				got, err := move(tx, a, c.from, c.to)
				if got != c.want {
					s.t.Errorf("%s to %s: moved %t, want %t", c.from, c.to, got, c.want)
				}
				return err
			})
		}
	})
}

func TestTheBacklogNamesWhatNobodyMended(t *testing.T) {
	w := still(t, "sqlite", worldOptions{})
	s := w.open(t)
	backlog := func() (b Backlog) {
		s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) (err error) { b, err = Overdue(tx, tx.Now); return err }))
		return b
	}
	if got := backlog(); got != (Backlog{}) {
		t.Errorf("backlog of an empty house %+v, want none", got)
	}
	key := s.accept(kakaoOnly(), 1)
	s.plan(key)
	_, err := s.delivery.receive.Join(context.Background(), letter{id: id.New(), account: upstream, body: []byte(body("x", "4000")), reports: 1})
	s.must(err)
	stored := db.At(s.clock.read())
	s.clock.forward(2 * time.Minute)
	if got := backlog(); got.Calls != 1 || got.Letters != 1 || got.Oldest != stored {
		t.Errorf("backlog %+v, want one call, one letter, the oldest since %v", got, stored)
	}
	s.pass(0)
	if got := backlog(); got != (Backlog{}) {
		t.Errorf("backlog after recovery %+v, want none", got)
	}
}
