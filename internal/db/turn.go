package db

import (
	"context"
	"slices"
	"sync"
)

// line is where a transaction waits for a writer's connection.
type line uint8

const (
	ordinary line = iota
	grouped       // of a group: many callers wait for it together
	lines
)

// turns hands out the writers' connections. The two lines are served in turn, and
// each in order of arrival: a crowd of workers never holds a group up for longer than
// one transaction, and a busy group leaves the workers every other one.
type turns struct {
	mu      sync.Mutex
	free    int                    // connections that nobody uses; guarded by mu
	waiting [lines][]chan struct{} // guarded by mu; a channel is closed when its turn has come
	last    line                   // the line that was served last; guarded by mu
}

// take waits for a connection; give must follow, unless ctx ended first.
func (t *turns) take(ctx context.Context, l line) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.last = l
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	t.waiting[l] = append(t.waiting[l], mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(t.waiting[l], mine)
	if i >= 0 {
		t.waiting[l] = slices.Delete(t.waiting[l], i, i+1)
	}
	t.mu.Unlock()
	if i < 0 {
		t.give() // the turn came while we left
	}
	return ctx.Err()
}

// give passes a connection on to whose turn it is.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := lines - 1 - t.last
	if len(t.waiting[l]) == 0 {
		l = t.last
	}
	if len(t.waiting[l]) == 0 {
		t.free++
		return
	}
	close(t.waiting[l][0])
	t.waiting[l] = slices.Delete(t.waiting[l], 0, 1)
	t.last = l
}
