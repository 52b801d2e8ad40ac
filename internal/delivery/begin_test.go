package delivery

import (
	"context"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// Calls that nothing holds back begin with their plan.

func TestACallThatBeganWithItsPlanIsMadeWithoutAnotherStep(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 2)
		p := s.planAnd(key, callsAtOnce)
		s.wantCalls(key, calling)
		timeout := p.calls[0].carrier.callTimeout()
		a := s.calls(key)[0]
		if a.CalledAt != a.CreatedAt || a.Deadline != a.CalledAt.Add(timeout) || a.AskAt != a.Deadline.Add(time.Minute) {
			t.Errorf("called at %v, deadline %v, asked for at %v; want now, %s and a minute more later", a.CalledAt, a.Deadline, a.AskAt, timeout)
		}
		s.must(s.delivery.callAll(context.Background(), p.calls))
		s.wantCalls(key, answered)
		s.wantStates(key, message.Sent, message.Sent)
		if r := s.person(key, 0); r.HandedAt != a.CalledAt {
			t.Errorf("handed over at %v, want when the call began, %v", r.HandedAt, a.CalledAt)
		}
		s.wantOnce(key)
		s.wantMoney(964, 36, 0)
	})
}

func TestACallThatBeganWithItsPlanAndDiedIsAskedForBeforeItIsMadeAnew(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		p := s.planAnd(key, callsAtOnce)
		s.pass(2*time.Minute - time.Microsecond)
		s.wantCalls(key, calling)
		s.pass(time.Microsecond)
		s.pass(time.Minute)
		s.pass(6 * time.Second)
		s.wantCalls(key, notSent, answered)
		// The process was slow, not dead: what it does now comes too late.
		if err := s.delivery.callAll(context.Background(), p.calls); err == nil {
			t.Error("the outcome of a call that recovery took over was written")
		}
		s.wantCalls(key, notSent, answered)
		s.wantOnce(key)
		s.wantMoney(982, 18, 0)
	})
}

func TestMoreCallsThanAreMadeAtOnceStayPlanned(t *testing.T) {
	each(t, func(s *shop) {
		// An account that takes a phone once in each call: one call for each message.
		var keys []message.Key
		for range callsAtOnce + 1 {
			keys = append(keys, s.accept(textOnly("a"), 1))
		}
		p := s.planAnd(keys[0], callsAtOnce)
		states := map[attemptState]int{}
		for _, c := range p.calls {
			states[s.call(c.attempt.ID).State]++
		}
		if states[calling] != callsAtOnce || states[planned] != 1 {
			t.Errorf("calls are %v, want %d under way and one planned", states, callsAtOnce)
		}
		s.must(s.delivery.callAll(context.Background(), p.calls))
		for _, key := range keys {
			s.wantCalls(key, answered)
			s.wantOnce(key)
		}
	})
}

func TestACallThatMustWaitForItsTurnDoesNotBeginWithItsPlan(t *testing.T) {
	for name, hold := range map[string]func(*carrier){
		"a speed limit":   func(k *carrier) { k.limit = rate.NewLimiter(10, 10) },
		"a tried account": func(k *carrier) { k.health.calls.HalfOpen() },
		"no certain word": func(k *carrier) { k.caps.Lookup = provider.LookupPositive },
	} {
		t.Run(name, func(t *testing.T) {
			s := still(t, "sqlite", worldOptions{}).open(t)
			hold(s.delivery.carriers.byName[upstream])
			key := s.accept(request(message.AlimtalkFirst), 1)
			p := s.planAnd(key, callsAtOnce)
			s.wantCalls(key, planned)
			s.must(s.delivery.callAll(context.Background(), p.calls))
			s.wantCalls(key, answered)
			s.wantOnce(key)
		})
	}
}

// TestNobodyWhoHasItAlreadyIsInACallThatBeginsWithItsPlan lets an Alimtalk turn out to be
// delivered while its text is planned, and the text be put back: who comes back so is
// looked at again before any call.
func TestNobodyWhoHasItAlreadyIsInACallThatBeginsWithItsPlan(t *testing.T) {
	s := still(t, "sqlite", worldOptions{}).open(t)
	key := s.handed(request(message.AlimtalkFirst), 1)
	s.says(key, 0, "3104")
	s.clock.forward(3 * time.Second)
	p := s.plan(key)
	s.saysOf(key, 0, 1, 1, "4000")
	breaker := s.delivery.carriers.byName[upstream].health.calls
	breaker.Open()
	s.must(s.delivery.callAll(context.Background(), p.calls))
	breaker.Close()
	s.clock.forward(time.Minute)
	p = s.planAnd(key, callsAtOnce)
	if got := s.call(p.calls[0].attempt.ID).State; got != planned {
		t.Errorf("the call is %s, want planned", got)
	}
	s.must(s.delivery.callAll(context.Background(), p.calls))
	s.wantStates(key, message.Delivered)
	s.wantTaken(key, "alimtalk")
	s.wantMoney(991, 0, 9)
}

func TestACallThatBeganAndMayNotGoAfterAllIsNoCall(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		s := still(t, engine, worldOptions{}).open(t)
		key := s.accept(request(message.AlimtalkFirst), 2)
		p := s.planAnd(key, callsAtOnce)
		s.delivery.carriers.byName[upstream].health.calls.Open()
		s.must(s.delivery.callAll(context.Background(), p.calls))
		s.wantCalls(key, notSent)
		if a := s.calls(key)[0]; a.CalledAt != 0 || a.Deadline != 0 || a.AskAt != 0 {
			t.Errorf("called at %v, deadline %v, asked for at %v; want none of them", a.CalledAt, a.Deadline, a.AskAt)
		}
		s.wantStates(key, message.Pending, message.Pending)
		s.wantTaken(key)
		if r := s.person(key, 0); r.Try != 1 || len(r.History) != 0 {
			t.Errorf("try %d after %+v, want the first: no call was made", r.Try, r.History)
		}
		s.delivery.carriers.byName[upstream].health.calls.Close()
		s.pass(time.Minute)
		s.wantStates(key, message.Sent, message.Sent)
		s.wantOnce(key)
		s.proveOwn()
	}
}

// TestACallThatIsNotBegunWhenTheProcessStopsIsAnotherOnes looks that nobody waits for a lease.
func TestACallThatIsNotBegunWhenTheProcessStopsIsAnotherOnes(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		s := still(t, engine, worldOptions{}).open(t)
		key := s.accept(request(message.AlimtalkFirst), 2)
		p := s.plan(key)
		ctx, stop := context.WithCancel(context.Background())
		stop()
		s.must(s.delivery.callAll(ctx, p.calls))
		s.wantCalls(key, notSent)
		s.drain()
		s.wantOnce(key)
		s.wantStates(key, message.Sent, message.Sent)
	}
}
