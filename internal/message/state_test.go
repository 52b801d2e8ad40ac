package message

import (
	"context"
	"fmt"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// in brings a new message into a state.
func (s *shop) in(state State) Key {
	s.t.Helper()
	r := textOnly("a")
	if state == StateScheduled {
		r.ScheduledAt = s.time().Add(time.Hour)
	}
	key := s.accept(r, 2).Message
	switch state {
	case StatePaused:
		s.act(s.service.Pause, key)
	case StateCancelling, StateCancelled:
		if state == StateCancelling {
			s.hand(key, HandOver)
		}
		s.act(s.service.Cancel, key)
		s.drain()
	case StateDone:
		s.hand(key, Deliver)
	case StateDraft, StateScheduled, StateAccepted:
	}
	if m := s.find(key); m.State != state {
		s.t.Fatalf("the message is %s, want %s", m.State, state)
	}
	return key
}

func (s *shop) act(act func(context.Context, Key) (*Message, error), key Key) *Message {
	s.t.Helper()
	m, err := act(ctx, key)
	s.must(err)
	return m
}

// TestOnlyDrawnMovesOfAMessageArePossible tries every act in every state.
func TestOnlyDrawnMovesOfAMessageArePossible(t *testing.T) {
	const no State = ""
	moves := map[State]struct{ pause, resume, cancel, reschedule State }{
		StateScheduled:  {StatePaused, StateScheduled, StateCancelled, StateScheduled},
		StateAccepted:   {StatePaused, StateAccepted, StateCancelled, no},
		StatePaused:     {StatePaused, StateAccepted, StateCancelled, no},
		StateCancelling: {no, no, StateCancelling, no},
		StateCancelled:  {no, no, StateCancelled, no},
		StateDone:       {no, no, no, no},
	}
	s := one(t)
	reschedule := func(ctx context.Context, k Key) (*Message, error) {
		return s.service.Reschedule(ctx, k, s.time().Add(2*time.Hour))
	}
	for from, to := range moves {
		for name, c := range map[string]struct {
			act  func(context.Context, Key) (*Message, error)
			want State
		}{"pause": {s.service.Pause, to.pause}, "resume": {s.service.Resume, to.resume}, "cancel": {s.service.Cancel, to.cancel}, "reschedule": {reschedule, to.reschedule}} {
			t.Run(fmt.Sprintf("%s %s", name, from), func(t *testing.T) {
				s := one(t)
				key := s.in(from)
				_, err := c.act(ctx, key)
				s.drain()
				if c.want == no {
					wantFault(t, err, fault.Conflict, fault.CodeStateConflict, "")
					c.want = from
				} else if err != nil {
					t.Errorf("refused: %v", err)
				}
				if m := s.find(key); m.State != c.want {
					t.Errorf("the message is %s, want %s", m.State, c.want)
				}
			})
		}
	}
}

func TestAnotherSitesMessageIsNotThere(t *testing.T) {
	s, other := one(t), one(t)
	key := s.in(StateAccepted)
	key.Site = other.name
	for name, act := range map[string]func(context.Context, Key) (*Message, error){"pause": s.service.Pause, "resume": s.service.Resume, "cancel": s.service.Cancel} {
		if _, err := act(ctx, key); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: got %v, want not found", name, err)
		}
	}
	_, err := s.service.Reschedule(ctx, key, s.time())
	wantFault(t, err, fault.NotFound, fault.CodeNotFound, "")
}

func TestRepeatingAnActChangesNothing(t *testing.T) {
	onEach(t, func(s *shop) {
		key := s.in(StateAccepted)
		for _, act := range []func(context.Context, Key) (*Message, error){s.service.Pause, s.service.Pause, s.service.Resume, s.service.Resume, s.service.Cancel, s.service.Cancel} {
			s.act(act, key)
		}
		var kinds []string
		s.view(func(tx *db.Tx) error {
			list, err := event.List(tx, s.name, id.ID{}, 20)
			for _, e := range list {
				kinds = append(kinds, e.Type)
			}
			return err
		})
		if got := fmt.Sprint(kinds); got != "[message.accepted message.paused message.accepted message.cancelling]" {
			s.t.Errorf("events %s, want one for each change", got)
		}
	})
}

func TestAScheduledMessageIsLaunchedWhenItIsDue(t *testing.T) {
	onEach(t, func(s *shop) {
		key := s.in(StateScheduled)
		s.forward(time.Hour - time.Microsecond)
		s.drain()
		if m := s.find(key); m.State != StateScheduled || len(s.sending(key)) != 0 {
			s.t.Errorf("%s with %v before its time", m.State, s.sending(key))
		}
		s.forward(time.Microsecond)
		s.drain()
		if m := s.find(key); m.State != StateAccepted || len(s.sending(key)) != 1 {
			s.t.Errorf("%s with %v at its time, want accepted with one send job", m.State, s.sending(key))
		}
	})
}

func TestReschedulingMovesTheLaunchBothWays(t *testing.T) {
	onEach(t, func(s *shop) {
		later, earlier := s.in(StateScheduled), s.in(StateScheduled)
		_, err := s.service.Reschedule(ctx, later, s.time().Add(3*time.Hour))
		s.must(err)
		m, err := s.service.Reschedule(ctx, earlier, s.time().Add(time.Minute))
		s.must(err)
		if m.ScheduledAt != db.At(s.time().Add(time.Minute)) {
			s.t.Errorf("scheduled at %v", m.ScheduledAt.Time())
		}
		s.forward(time.Minute)
		s.drain()
		s.forward(time.Hour)
		s.drain()
		if a, b := s.find(earlier).State, s.find(later).State; a != StateAccepted || b != StateScheduled {
			s.t.Errorf("the earlier is %s, the later %s; want accepted, scheduled", a, b)
		}
		s.forward(2 * time.Hour)
		s.drain()
		if m := s.find(later); m.State != StateAccepted {
			s.t.Errorf("the later is %s at its time, want accepted", m.State)
		}
	})
}

func TestATimeOutOfRangeIsNotATimeToRescheduleTo(t *testing.T) {
	s := one(t)
	key := s.in(StateScheduled)
	for _, at := range []time.Time{s.time().Add(-61 * time.Second), s.time().Add(61 * 24 * time.Hour)} {
		_, err := s.service.Reschedule(ctx, key, at)
		wantFault(t, err, fault.Invalid, fault.CodeValidation, "/scheduled_at")
	}
}

func TestResumeBeforeItsTimeSchedulesAgain(t *testing.T) {
	onEach(t, func(s *shop) {
		key := s.in(StateScheduled)
		s.act(s.service.Pause, key)
		s.forward(30 * time.Minute)
		s.drain()
		if m := s.act(s.service.Resume, key); m.State != StateScheduled {
			s.t.Errorf("resumed before its time it is %s, want scheduled", m.State)
		}
		s.act(s.service.Pause, key)
		s.forward(time.Hour)
		s.drain()
		if got := s.sending(key); len(got) != 0 {
			s.t.Errorf("a paused message was launched: %v", got)
		}
		if m := s.act(s.service.Resume, key); m.State != StateAccepted {
			s.t.Errorf("resumed after its time it is %s, want accepted", m.State)
		}
		s.drain()
		if got := s.sending(key); len(got) != 1 {
			s.t.Errorf("send jobs %v, want one", got)
		}
	})
}

func TestAPausedMessageWithoutTimeLeftIsLaunchedToExpire(t *testing.T) {
	onEach(t, func(s *shop) {
		key := s.in(StateScheduled)
		s.act(s.service.Pause, key)
		s.forward(25 * time.Hour)
		s.drain()
		if got := s.sending(key); len(got) != 0 {
			s.t.Errorf("send jobs %v while it is still valid", got)
		}
		s.forward(time.Second)
		s.drain()
		if got := s.sending(key); len(got) != 1 {
			s.t.Errorf("send jobs %v after its time, want the one that expires it", got)
		}
	})
}

func TestCancelTakesBackWhatWasNotHandedOver(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		r := kakaoFirst()
		key := s.accept(r, 2_500).Message // three batches
		s.hand(key, func(r Recipient, at db.Time) Change {
			switch {
			case r.Seq < 3:
				return HandOver(r, at)
			case r.Seq < 5:
				return NextStep(r, provider.NotKakaoUser, "3104", at)
			default:
				return Release(r)
			}
		})
		fresh := s.accept(r, 2_500).Message // none was handed over
		s.act(s.service.Cancel, key)
		s.act(s.service.Cancel, fresh)
		s.drain()
		if m := s.find(key); m.State != StateCancelling || m.Counts.Cancelled != 2_497 || m.Counts.Sent != 3 {
			s.t.Errorf("%s with %+v, want cancelling with 2,497 cancelled and 3 sent", m.State, m.Counts)
		}
		if m := s.find(fresh); m.State != StateCancelled || m.Counts.Cancelled != 2_500 || m.DoneAt == 0 {
			s.t.Errorf("%s with %+v, want cancelled with everyone", m.State, m.Counts)
		}
		s.wantMoney(1_000_000-54, 54, 0)
		for i := range 3 {
			s.move(key, i, Deliver)
		}
		if m := s.find(key); m.State != StateCancelled || m.Counts.Delivered != 3 {
			s.t.Errorf("%s with %+v, want cancelled once the three had ended", m.State, m.Counts)
		}
		s.wantMoney(1_000_000-27, 0, 27)
	})
}

func TestSomebodyWhoWouldWaitAgainIsCancelledWithTheMessage(t *testing.T) {
	onEach(t, func(s *shop) {
		key := s.accept(kakaoFirst(), 2).Message
		s.hand(key, HandOver)
		s.act(s.service.Cancel, key)
		s.drain()
		s.move(key, 0, falling)
		s.move(key, 1, failing)
		if m := s.find(key); m.State != StateCancelled || m.Counts.Cancelled != 1 || m.Counts.Failed != 1 {
			s.t.Errorf("%s with %+v, want cancelled: one cancelled, one failed", m.State, m.Counts)
		}
		s.wantMoney(1000, 0, 0)
	})
}

func TestABatchThatExpiresReleasesItsPeople(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		key := s.accept(kakaoFirst(), 1_200).Message // one batch of 1,000 and one of 200
		s.update(func(tx *db.Tx) error {
			messages, found, err := LockBatches(tx, []Key{key}, []BatchName{{key, 1}})
			if err != nil {
				return err
			}
			return s.service.Record(tx, Writing{Messages: messages, Batches: []BatchEnd{found[BatchName{key, 1}].End(BatchExpired)}})
		})
		m := s.find(key)
		if m.Counts.Expired != 200 || m.Pending() != 1_000 || m.State != StateAccepted {
			s.t.Errorf("%s with %+v, pending %d; want 200 expired", m.State, m.Counts, m.Pending())
		}
		list, _, _ := s.list(key, Filter{State: Expired})
		if len(list) != 200 || list[0].Seq != 1_000 {
			s.t.Errorf("%d recipients listed as expired, want the 200 of the second batch", len(list))
		}
	})
}

func TestAMessageIsDoneWhenItsLastRecipientIsFinal(t *testing.T) {
	onEach(t, func(s *shop) {
		key := s.accept(kakaoFirst(), 3).Message
		s.hand(key, HandOver)
		s.act(s.service.Pause, key) // reports settle as usual
		for i, end := range []func(Recipient, db.Time) Change{Deliver, failing, Expire} {
			if m := s.find(key); m.State != StatePaused || m.DoneAt != 0 {
				s.t.Errorf("%s with %d left", m.State, 3-i)
			}
			s.forward(time.Second)
			s.move(key, i, end)
		}
		if m := s.find(key); m.State != StateDone || m.DoneAt != db.At(s.time()) {
			s.t.Errorf("%s at %v, want done now", m.State, m.DoneAt.Time())
		}
		s.wantMoney(991, 0, 9)
	})
}
