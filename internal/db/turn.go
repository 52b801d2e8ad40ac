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
	urgent            // small, and somebody waits for each: see Urgent
	lines
)

type urgentKey struct{}

// Urgent marks what is done under a context as urgent: its transactions go before those of
// others that wait for a connection, as far as those do not wait too long. It is meant for
// small ones.
func Urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgentKey{}, true) }

// lineOf is where a transaction of nobody's group waits.
func lineOf(ctx context.Context) turnLine {
	if ctx.Value(urgentKey{}) != nil {
		return urgent
	}
	return ordinary
}

// groupedInRow is how many grouped transactions may pass a waiting ordinary one. What
// is taken in (messages, reports) should not fall behind what workers send.
const groupedInRow = 2

// urgentInRow is how many urgent transactions may pass all others that wait.
const urgentInRow = 4

// turns hands out the writers' connections. Each line is served in order of arrival,
// the urgent one first, then the grouped one: a crowd of workers never holds a group up for
// longer than one transaction, and busy groups leave the workers every third. What is urgent
// leaves every fifth turn to the others.
type turns struct {
	mu      sync.Mutex
	free    int                    // connections that nobody uses; guarded by mu
	waiting [lines][]chan struct{} // guarded by mu; a channel is closed when its turn has come
	row     int                    // grouped transactions that passed the ordinary line; guarded by mu
	rush    int                    // urgent transactions that passed all others; guarded by mu
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
	l := t.next()
	if len(t.waiting[l]) == 0 {
		t.free++
		return
	}
	close(t.waiting[l][0])
	t.waiting[l] = slices.Delete(t.waiting[l], 0, 1)
}

// next is the line whose turn it is.
func (t *turns) next() turnLine {
	others := len(t.waiting[grouped]) + len(t.waiting[ordinary])
	if len(t.waiting[urgent]) > 0 && (t.rush < urgentInRow || others == 0) {
		t.rush++
		return urgent
	}
	t.rush = 0
	if len(t.waiting[grouped]) == 0 || t.row >= groupedInRow && len(t.waiting[ordinary]) > 0 {
		t.row = 0
		return ordinary
	}
	t.row++
	return grouped
}
