package delivery

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// health is how well an account does: whether its calls succeed, whether they are answered
// at all, and for each channel whether messages reach people in time. What it says is only
// ever a preference among accounts, except that nothing goes to one whose calls fail.
type health struct {
	o     healthOptions
	calls circuitbreaker.CircuitBreaker[any] // opens on calls that fail

	mu     sync.Mutex
	rests  rests
	flying map[id.ID]flight // calls under way
	alone  time.Time        // it is asked nothing until then
	lanes  [provider.Channels]lane
}

// healthOptions are the settings that judge accounts.
type healthOptions struct {
	Rest time.Duration // how long an account is left alone at first
	Hang time.Duration // a call that is unanswered for longer hangs
	Late time.Duration // a message whose end is not told by then is late
}

const (
	breakerFailures = 5   // calls, of the last breakerCalls, that an account fails before it rests
	breakerCalls    = 10  //
	lateShare       = 0.3 // messages, of those of the last minute, that may be late
	lateSample      = 20  // messages that say something about it; also how many one second counts for at most
	trickle         = 0.05
	judgeAfter      = 5 * time.Second // news of other processes may take that long
	mostUnanswered  = 8               // calls that hang, of one account, before it gets no more
)

func newHealth(o healthOptions, changed func(circuitbreaker.State)) *health {
	h := &health{o: o, flying: map[id.ID]flight{}}
	h.calls = circuitbreaker.NewBuilder[any]().WithFailureThresholdRatio(breakerFailures, breakerCalls).WithSuccessThreshold(1).WithDelay(o.Rest).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			h.mu.Lock()
			h.rests.moved(e, time.Now(), o.Rest)
			h.mu.Unlock()
			changed(e.NewState)
		}).Build()
	for i := range h.lanes {
		h.lanes[i] = newLane(o)
	}
	return h
}

// share is the part of its usual traffic that an account gets over a channel: 1 when it is
// well, 0 when it rests or hangs, little when its messages are late or it just came back.
func (h *health) share(ch provider.Channel) float64 {
	if h.calls.IsOpen() && h.calls.RemainingDelay() > 0 {
		return 0
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hangs(now) {
		return 0
	}
	return min(h.rests.share(now), h.lanes[ch].share(now))
}

// rest is how long no call may go, while calls fail.
func (h *health) rest() time.Duration {
	if !h.calls.IsOpen() {
		return 0
	}
	return h.calls.RemainingDelay()
}

// flight is a call under way.
type flight struct {
	since time.Time
	large bool // of messages to several people
}

// take notes that a call is under way, and gives what notes its end.
func (h *health) take(attempt id.ID, large bool) (landed func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flying[attempt] = flight{time.Now(), large}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.flying, attempt)
	}
}

// overrun reports whether so many calls hang that more of them would only pile up: nobody
// waits for them any more, so workers alone do not bound them. Large calls are counted apart:
// eight that a vendor is slow with must not keep single messages from it.
func (h *health) overrun(large bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, now := 0, time.Now()
	for _, f := range h.flying {
		if f.large == large && now.Sub(f.since) >= h.o.Hang {
			n++
		}
	}
	return n >= mostUnanswered
}

func (h *health) hanging() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hangs(time.Now())
}

func (h *health) hangs(now time.Time) bool {
	for _, f := range h.flying {
		if now.Sub(f.since) >= h.o.Hang {
			return true
		}
	}
	return false
}

// question has the account asked something, and leaves it alone for a while when it does not
// answer: when that fails after so long that a call would be said to hang, whatever the error.
func (h *health) question(ask func() error) error {
	start := time.Now()
	err := ask()
	if now := time.Now(); err != nil && now.Sub(start) >= h.o.Hang {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.alone = now.Add(leftAlone)
	}
	return err
}

func (h *health) leftAlone() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Before(h.alone)
}

// count adds what is known of legs of one second, from this process or another one.
func (h *health) count(s second, c counts) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lanes[s.Channel].count(s.At, c)
}

// judge takes the seconds into account whose messages have had their time, and reports
// whether others are left.
func (h *health) judge(now db.Time) (left bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.lanes {
		h.lanes[i].judge(now, h.o.Late)
		left = left || len(h.lanes[i].open) > 0
	}
	return left
}

// rate is the learned share of messages that are delivered in time over a channel; known
// only after enough of them.
func (h *health) rate(ch provider.Channel) (rate float64, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lanes[ch].rate()
}
