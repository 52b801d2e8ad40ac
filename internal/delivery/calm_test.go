package delivery

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"creditmsg/internal/message"
)

func TestWhatIsLargeStepsAsideForWhatIsSmallButNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c calm
		waits := func(what string, want time.Duration) {
			t.Helper()
			start := time.Now()
			if c.wait(t.Context()); time.Since(start) != want {
				t.Errorf("%s: waited %s, want %s", what, time.Since(start), want)
			}
		}
		waits("nothing is under way", 0)
		first, second := c.rush(), c.rush()
		go func() { time.Sleep(20 * time.Millisecond); first() }()
		waits("one of two ends", aside)
		go func() { time.Sleep(30 * time.Millisecond); second() }()
		waits("the last one ends", 30*time.Millisecond)
		waits("nothing is under way any more", 0)
		defer c.rush()()
		waits("the next one", aside)
	})
}

func TestLargeStepsAreTakenOneAtATimeWhileSinglesCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c calm
		took := func(hold time.Duration) (waited time.Duration) {
			start := time.Now()
			end := c.step(t.Context())
			waited = time.Since(start)
			time.Sleep(hold)
			end()
			return waited
		}
		both := func() (first, second time.Duration) {
			var wg sync.WaitGroup
			wg.Go(func() { first = took(100 * time.Millisecond) })
			synctest.Wait()
			wg.Go(func() { second = took(0) })
			wg.Wait()
			return first, second
		}
		if first, second := both(); first != 0 || second != 0 {
			t.Errorf("nothing is under way: waited %s and %s", first, second)
		}
		c.rush()()
		if first, second := both(); first != 0 || second != 100*time.Millisecond {
			t.Errorf("a single one came just now: waited %s and %s", first, second)
		}
		time.Sleep(lately)
		if first, second := both(); first != 0 || second != 0 {
			t.Errorf("none came lately: waited %s and %s", first, second)
		}
	})
}

func TestALargeStepWaitsForItsTurnForASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c calm
		c.rush()()
		end := c.step(t.Context())
		start := time.Now()
		c.step(t.Context())()
		if got := time.Since(start); got != queueing {
			t.Errorf("waited %s, want %s", got, queueing)
		}
		end()
		c.rush()()
		start = time.Now()
		c.step(t.Context())()
		if got := time.Since(start); got != 0 {
			t.Errorf("after that: waited %s", got)
		}
	})
}

// TestTheCallsOfASplitOneDoNotWaitForIt looks at the turn when the first of them is made.
func TestTheCallsOfASplitOneDoNotWaitForIt(t *testing.T) {
	s := one(t)
	first, second := s.accept(kakaoOnly(), 2), s.sent(s.name, kakaoOnly(), silent(5), silent(6))
	held, asked := 0, 0
	s.wrong(trouble{path: "/messages", method: "PUT", status: 400, body: `{"errorCode":"ValidationError","errorMessage":"-"}`, before: func() {
		s.delivery.calm.rush()() // a single message was under way
		s.wrong(trouble{path: "/groups", pass: true, before: func() { asked, held = asked+1, len(s.delivery.calm.turn) }})
	}})
	s.drain()
	s.wantStates(first, message.Sent, message.Sent)
	s.wantStates(second, message.Sent, message.Sent)
	if asked != 1 || held != 0 {
		t.Errorf("of %d calls that were looked at, %d waited for the one that they are parts of", asked, held)
	}
}
