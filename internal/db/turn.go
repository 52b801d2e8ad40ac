package db

import (
	"context"
	"slices"
	"sync"
)

// turnLine is where a transaction waits for a writer's connection.
type turnLine uint8

const (
	ordinary turnLine = iota
	grouped           // of a group: many callers wait for it together
	lines
)

// groupedInRow is how many grouped transactions may pass a waiting ordinary one. What
// is taken in (messages, reports) should not fall behind what workers send.
const groupedInRow = 2

// turns hands out the writers' connections. Each line is served in order of arrival,
// the grouped one first: a crowd of workers never holds a group up for longer than one
// transaction, and busy groups leave the workers every third.
type turns struct {
	mu      sync.Mutex
	free    int                    // connections that nobody uses; guarded by mu
	waiting [lines][]chan struct{} // guarded by mu; a channel is closed when its turn has come
	row     int                    // grouped transactions that passed the ordinary line; guarded by mu
}

// take waits for a connection; give must follow, unless ctx ended first.
func (t *turns) take(ctx context.Context, l turnLine) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
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
	l := grouped
	if len(t.waiting[grouped]) == 0 || t.row >= groupedInRow && len(t.waiting[ordinary]) > 0 {
		l = ordinary
	}
	if t.row++; l == ordinary {
		t.row = 0
	}
	if len(t.waiting[l]) == 0 {
		t.free++
		return
	}
	close(t.waiting[l][0])
	t.waiting[l] = slices.Delete(t.waiting[l], 0, 1)
}
