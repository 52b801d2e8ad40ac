package simulator

import (
	"container/heap"
	"context"
	"time"
)

// event is something that happens later, under the lock.
type event struct {
	due time.Time
	nth int // of two due at once the one planned first comes first
	do  func(now time.Time)
}

// events is a heap, the next one first.
type events []event

func (e events) Len() int { return len(e) }

func (e events) Less(i, j int) bool {
	if !e[i].due.Equal(e[j].due) {
		return e[i].due.Before(e[j].due)
	}
	return e[i].nth < e[j].nth
}

func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push and Pop are container/heap's.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// after plans do, which is called with the lock held; with no time to wait it is called now.
// The caller holds the lock.
func (s *Simulator) after(now time.Time, d time.Duration, do func(now time.Time)) {
	if d <= 0 {
		do(now)
		return
	}
	s.planned++
	heap.Push(&s.events, event{now.Add(d), s.planned, do})
	signal(s.wake)
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
		next, any := s.advance(time.Now())
		timer.Stop()
		if any {
			timer.Reset(time.Until(next))
		}
	}
}

// advance runs what is due and says when the next event is.
func (s *Simulator) advance(now time.Time) (next time.Time, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.events) > 0 && !s.events[0].due.After(now) {
		heap.Pop(&s.events).(event).do(now)
	}
	if len(s.events) == 0 {
		return time.Time{}, false
	}
	return s.events[0].due, true
}

// signal leaves one wake-up in c, unless one waits there already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
