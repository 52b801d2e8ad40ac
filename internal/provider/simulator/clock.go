package simulator

import (
	"context"
	"slices"
	"time"
)

// tickLength is how finely time passes: what falls into one tick happens
// together, so reports gather into full webhook bodies and a million waiting
// messages need no heap of a million timers.
const tickLength = 20 * time.Millisecond

// burst is how many events one hold of the lock may run.
const burst = 5000

// event is something that happens to a message (do with msg) or to anything
// else (do is a closure, msg is nil).
type event struct {
	do  func(s *Simulator, m *message, now time.Time)
	msg *message
}

// wheel holds future events by tick. The zero value is empty.
type wheel struct {
	slots map[int64][]event
	ticks []int64 // the keys of slots, latest first
}

// add puts e into the first tick that is not before due.
func (w *wheel) add(due time.Time, e event) {
	tick := (due.UnixNano() + int64(tickLength) - 1) / int64(tickLength)
	if w.slots == nil {
		w.slots = map[int64][]event{}
	}
	if _, ok := w.slots[tick]; !ok {
		at, _ := slices.BinarySearchFunc(w.ticks, tick, func(a, b int64) int { return int(min(max(b-a, -1), 1)) })
		w.ticks = slices.Insert(w.ticks, at, tick)
	}
	w.slots[tick] = append(w.slots[tick], e)
}

// next is when the first event is due.
func (w *wheel) next() (time.Time, bool) {
	if len(w.ticks) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, w.ticks[len(w.ticks)-1]*int64(tickLength)), true
}

// take removes up to n events that are due.
func (w *wheel) take(now time.Time, n int) []event {
	due, ok := w.next()
	if !ok || due.After(now) {
		return nil
	}
	tick := w.ticks[len(w.ticks)-1]
	events := w.slots[tick]
	if len(events) > n {
		w.slots[tick] = events[n:]
		return events[:n]
	}
	delete(w.slots, tick)
	w.ticks = w.ticks[:len(w.ticks)-1]
	return events
}

// after plans e and wakes the clock when it waits for something later. The
// caller holds the lock.
func (s *Simulator) after(now time.Time, d time.Duration, e event) {
	before, any := s.wheel.next()
	s.wheel.add(now.Add(d), e)
	if first, _ := s.wheel.next(); !any || first.Before(before) {
		signal(s.wake)
	}
}

// tick runs events when they are due until ctx ends.
func (s *Simulator) tick(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wake:
		}
		for s.advance(time.Now()) && ctx.Err() == nil {
		}
		s.mu.Lock()
		next, ok := s.wheel.next()
		s.mu.Unlock()
		timer.Stop()
		if ok {
			timer.Reset(time.Until(next))
		}
	}
}

// advance runs one burst of due events and says whether there were any.
func (s *Simulator) advance(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.wheel.take(now, burst)
	for _, e := range events {
		e.do(s, e.msg, now)
	}
	return len(events) > 0
}

// signal leaves one wake-up in c, unless one waits there already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fifo is a queue whose memory follows its length.
type fifo[T any] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

func (q *fifo[T]) push(v T) { q.items = append(q.items, v) }

// first is the oldest item; the queue must not be empty.
func (q *fifo[T]) first() T { return q.items[q.head] }

// pop removes and returns the oldest item; the queue must not be empty.
func (q *fifo[T]) pop() T {
	v := q.items[q.head]
	var none T
	q.items[q.head] = none
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = nil, 0
	} else if q.head >= 1024 && q.head > len(q.items)/2 {
		q.items, q.head = slices.Clone(q.items[q.head:]), 0
	}
	return v
}
