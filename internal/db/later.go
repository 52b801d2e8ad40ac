package db

import (
	"context"
	"errors"
	"fmt"
)

// queued is a write that was not sent yet.
type queued struct {
	statement
	want  int64             // rows it must match; -1 = any number
	wrong func(error) error // words its error
}

// Later lets the writes of do wait until an answer is needed: they travel together,
// with those of other calls of Later, and with the question that comes next; before any
// other statement they travel alone, and the last few with COMMIT. Each round trip that is
// saved is time for which rows are locked. Where an engine has no such way, do's writes run at once.
//
// do calls InsertMany, InsertAbsent, UpdateMany, DeleteMany and Expect and nothing else of tx. The error of
// one of its writes ends the transaction then, as worded by wrong (nil = as it is),
// whether Later returns it or it comes to light only afterwards.
func (tx *Tx) Later(wrong func(error) error, do func() error) error {
	if wrong == nil {
		wrong = func(err error) error { return err }
	}
	from, was := len(tx.waiting), tx.holding
	tx.holding = true
	err := do()
	tx.holding = was
	for i := from; i < len(tx.waiting); i++ {
		own := tx.waiting[i].wrong
		tx.waiting[i].wrong = func(err error) error { return wrong(own(err)) }
	}
	if err != nil {
		return wrong(err)
	}
	return nil
}

// holds reports whether writes wait now.
func (tx *Tx) holds() bool { return tx.holding && tx.d.eng.send != nil }

// asksLater refuses what needs an answer inside Later.
func (tx *Tx) asksLater() error {
	if !tx.holding {
		return nil
	}
	return tx.fail(misuse("%q wants an answer inside Later", tx.name))
}

// hold keeps a write for later, if that is wanted now.
func (tx *Tx) hold(query string, args []any) bool {
	if tx.holds() {
		tx.waiting = append(tx.waiting, queued{statement{tx.d.bind(query), args}, -1, nil})
	}
	return tx.holds()
}

// meant says of the write that was held last how many rows it must match (-1 = any
// number) and what it is, as said with the number of rows and the table.
func (tx *Tx) meant(rows int64, what string, n int, table string) {
	w := &tx.waiting[len(tx.waiting)-1]
	w.want = rows
	w.wrong = func(err error) error { return fmt.Errorf(what+": %w", n, table, err) }
}

// unwritten is the error of a write that waited.
type unwritten struct {
	at  int // its place among those that travelled together
	err error
}

func (e *unwritten) Error() string { return e.err.Error() }
func (e *unwritten) Unwrap() error { return e.err }

// flush sends what waits. Its first error is the transaction's.
func (tx *Tx) flush() error {
	if len(tx.waiting) == 0 {
		return nil
	}
	list := tx.waiting
	tx.waiting = nil
	return tx.sent(list, tx.d.eng.send(tx.ctx, tx.conn, list))
}

// fewRows is how many rows writes may change that travel with COMMIT. Each of them has
// to prove its count by itself then, which costs more rows more than a round trip.
const fewRows = 64

// last gives what may travel with COMMIT, and sends what may not.
func (tx *Tx) last() ([]queued, error) {
	var rows int64
	for _, w := range tx.waiting {
		rows += max(w.want, 0)
	}
	if rows > fewRows {
		return nil, tx.flush()
	}
	list := tx.waiting
	tx.waiting = nil
	return list, nil
}

// luggage is what a question takes along: the writes that waited go before it, more
// questions come after it.
type luggage struct {
	writes []queued
	more   []statement
}

type luggageKey struct{}

// bring gives a context in which a question takes along what waits, and more questions.
func (tx *Tx) bring(more ...statement) (ctx context.Context, list []queued) {
	list, tx.waiting = tx.waiting, nil
	if len(list) == 0 && len(more) == 0 {
		return tx.ctx, nil
	}
	return context.WithValue(tx.ctx, luggageKey{}, luggage{list, more}), list
}

// brought is what a question takes along.
func brought(ctx context.Context) luggage {
	l, _ := ctx.Value(luggageKey{}).(luggage)
	return l
}

// sent remembers what became of a list that was sent, alone or with a question, and
// words the error of a write as its writer wants it.
func (tx *Tx) sent(list []queued, err error) error {
	if err == nil {
		return nil
	}
	e, late := errors.AsType[*unwritten](err)
	if !late {
		return tx.fail(err)
	}
	err = e.err
	if tx.d.classify(err) == duplicate {
		err = &Duplicate{err}
	}
	tx.late = list[e.at].wrong(err)
	return tx.fail(tx.late)
}
