package delivery

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// A process may die between any two of its steps: plan, begin, the requests, the
// outcome. The tests take these steps one by one and stop.

// plan claims what is due of the send jobs and plans their calls; none begins yet.
func (s *shop) plan(key message.Key) *plan {
	s.t.Helper()
	return s.planAnd(key, 0)
}

// planAnd plans calls, of which so many begin with their plan if they can.
func (s *shop) planAnd(key message.Key, begins int) *plan {
	s.t.Helper()
	jobs, err := s.queue.Claim(context.Background(), queue.Send, []string{message.KindSend, message.KindSingle}, 256)
	s.must(err)
	p := &plan{s: s.delivery, begins: begins}
	s.must(p.read(context.Background(), jobs))
	s.must(s.d.Update(context.Background(), "test_plan", p.write))
	if len(p.calls) == 0 {
		s.t.Fatalf("no call is planned for message %s", key.ID)
	}
	return p
}

// begun plans and begins the one call of a message.
func (s *shop) begun(key message.Key) *call {
	s.t.Helper()
	c := s.plan(key).calls[0]
	went, err := s.delivery.begin(context.Background(), c)
	s.must(err)
	if !went {
		s.t.Fatal("the call did not begin")
	}
	return c
}

// requested begins the one call of a message and makes its requests.
func (s *shop) requested(key message.Key) (*call, provider.Result) {
	s.t.Helper()
	c := s.begun(key)
	return c, s.delivery.submit(context.Background(), c)
}

// wantOnce checks that every phone got the message once.
func (s *shop) wantOnce(key message.Key) {
	s.t.Helper()
	legs := map[string]int{}
	for _, r := range s.taken(key) {
		legs[r.To+" "+r.Channel]++
	}
	for leg, n := range legs {
		if n > 1 {
			s.t.Errorf("the vendor took %s %d times", leg, n)
		}
	}
	if want := len(s.people(key)); len(legs) != want {
		s.t.Errorf("the vendor took %d legs, want %d", len(legs), want)
	}
}

func TestAPlannedCallOfADeadProcessIsVoidedAndPlannedAnew(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 2)
		s.plan(key)
		s.pass(59 * time.Second)
		s.wantCalls(key, planned)
		s.wantStates(key, message.Pending, message.Pending)
		s.pass(time.Second)
		s.wantCalls(key, notSent, answered)
		s.wantStates(key, message.Sent, message.Sent)
		if r := s.person(key, 0); r.Try != 1 || len(r.History) != 0 {
			t.Errorf("try %d after %+v, want the first: no call was made before", r.Try, r.History)
		}
		s.wantOnce(key)
		s.wantMoney(964, 36, 0)
	})
}

func TestASlowProcessDoesNotMakeACallThatWasVoided(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 2)
		p := s.plan(key)
		s.pass(time.Minute)
		s.wantCalls(key, notSent, answered)
		s.must(s.delivery.callAll(context.Background(), p.calls))
		s.wantCalls(key, notSent, answered)
		s.wantOnce(key)
	})
}

func TestACallThatDiedBeforeItsGroupWasStoredWasNotSentAndIsMadeAnew(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		s.begun(key)
		s.pass(2*time.Minute - time.Microsecond)
		s.wantCalls(key, calling)
		s.pass(time.Microsecond)
		if a := s.calls(key)[0]; a.State != calling || a.Asked != 1 {
			t.Errorf("the call is %s and was asked for %d times, want calling and once", a.State, a.Asked)
		}
		s.pass(time.Minute)
		s.pass(6 * time.Second)
		s.wantCalls(key, notSent, answered)
		s.wantOnce(key)
		s.wantMoney(982, 18, 0)
	})
}

func TestACallIsNotJudgedByAnUpstreamIDThatWasMissingAMomentAgo(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		c := s.begun(key)
		earlier := s.calls(key)[0]
		result := s.delivery.submit(context.Background(), c)
		s.must(s.delivery.settle(context.Background(), earlier, notSent, nil))
		s.wantCalls(key, calling)
		s.must(s.delivery.conclude(context.Background(), c, result))
		s.wantStates(key, message.Sent)
		s.wantOnce(key)
	})
}

func TestOnlyANoThatWasSaidTwiceBecomesNotSent(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 2)
		// The group stays at the vendor, unsent, as after a crash.
		s.wrong(trouble{always: true, match: func(r *http.Request) bool { return r.Method == "PUT" || r.Method == "DELETE" }})
		s.requested(key)
		s.trouble.Store(nil)
		s.pass(2 * time.Minute)
		s.wantCalls(key, calling)
		if a := s.calls(key)[0]; a.Asked != 1 || a.UpstreamID == "" {
			t.Errorf("asked %d times about %q, want once about the group", a.Asked, a.UpstreamID)
		}
		s.pass(59 * time.Second)
		s.wantCalls(key, calling)
		s.pass(time.Second)
		s.wantCalls(key, notSent)
		s.wantTaken(key)
		s.pass(6 * time.Second)
		s.wantCalls(key, notSent, answered)
		s.wantOnce(key)
	})
}

func TestACallThatDiedAfterItsRequestsIsFoundAndNotMadeAgain(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 2)
		s.requested(key)
		s.pass(2 * time.Minute)
		s.wantCalls(key, answered)
		s.wantStates(key, message.Sent, message.Sent)
		s.says(key, 0, "4000")
		s.pass(time.Hour)
		s.wantOnce(key)
		s.wantMoney(1000-27, 18, 9)
	})
}

func TestAnOutcomeThatComesAfterRecoveryIsRefused(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		c, result := s.requested(key)
		s.pass(2 * time.Minute)
		s.says(key, 0, "4000")
		if err := s.delivery.conclude(context.Background(), c, result); !errors.Is(err, errTaken) {
			t.Errorf("got %v, want that the attempt was taken over", err)
		}
		s.wantStates(key, message.Delivered)
		s.wantMoney(991, 0, 9)
	})
}

func TestACallThatRecoveryTookOverDoesNotGoOn(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		c, _ := s.requested(key)
		note := func(upstream string) error {
			return s.d.Update(context.Background(), "test", func(tx *db.Tx) error { return begun(tx, c.attempt.ID, upstream) })
		}
		s.must(note("G-ours"))
		s.pass(2 * time.Minute)
		if err := note("G-late"); !errors.Is(err, errTaken) {
			t.Errorf("got %v, want that the attempt was taken over", err)
		}
		s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
			found, err := readAttempts(tx, []id.ID{c.attempt.ID})
			if got := found[c.attempt.ID].UpstreamID; got != "G-ours" {
				t.Errorf("the provider's id of the call is %q, want the one from before", got)
			}
			return err
		}))
	})
}

func TestAReportOfACallWhoseProcessDiedIsAppliedOnceItIsFound(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		s.requested(key)
		s.must(s.report(refOf(key, 0, 1, 1), "4000"))
		s.wantStates(key, message.Pending)
		s.pass(2 * time.Minute)
		s.pass(2 * time.Minute)
		s.wantStates(key, message.Delivered)
		s.wantMoney(991, 0, 9)
	})
}

func TestAnUnknownCallThatTheProviderTookIsFound(t *testing.T) {
	each(t, func(s *shop) {
		s.wrong(trouble{path: "/send", after: true})
		key := s.handed(request(message.AlimtalkFirst), 2)
		s.wantCalls(key, unknown)
		s.wantStates(key, message.Unknown, message.Unknown)
		s.pass(time.Minute)
		s.wantCalls(key, answered)
		s.wantStates(key, message.Sent, message.Sent)
		s.wantOnce(key)
	})
}

func TestAnUnknownCallThatTheProviderNeverGotIsMadeAgain(t *testing.T) {
	each(t, func(s *shop) {
		s.wrong(trouble{path: "/send"})
		key := s.handed(request(message.AlimtalkFirst), 2)
		s.wantCalls(key, unknown)
		s.pass(time.Minute)
		s.wantCalls(key, unknown)
		s.pass(time.Minute)
		s.wantCalls(key, notSent)
		s.wantStates(key, message.Pending, message.Pending)
		s.pass(6 * time.Second)
		s.wantCalls(key, notSent, answered)
		s.wantOnce(key)
	})
}

func TestAnUnknownCallOfACancelledMessageEndsAsCancelledOnceItCertainlyWasNotSent(t *testing.T) {
	each(t, func(s *shop) {
		s.wrong(trouble{path: "/send"})
		key := s.handed(request(message.AlimtalkFirst), 1)
		_, err := s.messages.Cancel(context.Background(), key)
		s.must(err)
		s.drain()
		s.wantMessage(key, message.StateCancelling)
		s.wantMoney(982, 18, 0)
		s.pass(time.Minute)
		s.pass(time.Minute)
		s.wantStates(key, message.Cancelled)
		s.wantMessage(key, message.StateCancelled)
		s.wantTaken(key)
		s.wantMoney(1000, 0, 0)
	})
}

func TestAPlannedCallOfACancelledMessageIsNotMade(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 2)
		p := s.plan(key)
		_, err := s.messages.Cancel(context.Background(), key)
		s.must(err)
		s.drain()
		s.must(s.delivery.callAll(context.Background(), p.calls))
		s.wantStates(key, message.Cancelled, message.Cancelled)
		s.wantMessage(key, message.StateCancelled)
		s.wantTaken(key)
		s.wantMoney(1000, 0, 0)
	})
}

func TestACallThatIsBeingMadeRunsOutAlthoughItsMessageIsCancelled(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		c, result := s.requested(key)
		_, err := s.messages.Cancel(context.Background(), key)
		s.must(err)
		s.drain()
		s.must(s.delivery.conclude(context.Background(), c, result))
		s.wantStates(key, message.Sent)
		s.wantMessage(key, message.StateCancelling)
		s.says(key, 0, "4000")
		s.wantMessage(key, message.StateCancelled)
		s.wantMoney(991, 0, 9)
	})
}

func TestPausedBetweenPlanAndCallWaitsUntilItIsResumed(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		p := s.plan(key)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.must(s.delivery.callAll(context.Background(), p.calls))
		s.pass(time.Hour)
		s.wantStates(key, message.Pending)
		s.wantTaken(key)
		_, err = s.messages.Resume(context.Background(), key)
		s.must(err)
		s.drain()
		s.wantStates(key, message.Sent)
		s.wantOnce(key)
	})
}

// TestCallsInDoubtAreAskedAboutAtOnce lets each look-up wait for another one: asked
// about one after the other, they would never meet.
func TestCallsInDoubtAreAskedAboutAtOnce(t *testing.T) {
	s := one(t)
	s.wrong(trouble{path: "/send", always: true})
	var keys []message.Key
	for range 2 {
		keys = append(keys, s.handed(request(message.AlimtalkFirst), 1))
	}
	var arrived atomic.Int32
	met := make(chan struct{})
	s.wrong(trouble{always: true, pass: true, match: func(r *http.Request) bool { return r.Method == "GET" }, before: func() {
		if arrived.Add(1) == 2 {
			close(met)
		}
		select {
		case <-met:
		case <-time.After(10 * time.Second):
			t.Error("a look-up waited in vain for another one")
		}
	}})
	s.pass(time.Minute)
	s.trouble.Store(nil)
	for _, key := range keys {
		if a := s.calls(key)[0]; a.Asked != 1 {
			t.Errorf("asked %d times about call %s, want once", a.Asked, a.ID)
		}
	}
}

func TestLettersDoNotWaitForAProviderThatHangs(t *testing.T) {
	s := one(t)
	s.wrong(trouble{path: "/send"})
	s.handed(request(message.AlimtalkFirst), 1)
	key := s.sent(s.name, textOnly("a"), silent(7))
	s.drain()
	r := s.person(key, 0)
	_, err := s.delivery.receive.Join(context.Background(), letter{id: id.New(), account: r.Provider, body: []byte(body(r.Reference(), "4000")), reports: 1})
	s.must(err)
	release := make(chan struct{})
	defer close(release)
	s.wrong(trouble{always: true, match: func(r *http.Request) bool { return r.Method == "GET" }, before: func() { <-release }})
	s.clock.forward(time.Minute)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = s.delivery.Run(ctx); close(ended) }()
	defer func() { stop(); <-ended }()
	if m := s.done(key); m.Counts.Delivered != 1 {
		t.Errorf("counts %+v, want one delivered", m.Counts)
	}
}
