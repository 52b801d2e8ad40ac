package db

import "fmt"

// queued is a write that was not sent yet.
type queued struct {
	statement
	want  int64             // rows it must match; -1 = any number
	wrong func(error) error // words its error
}

// Later lets the writes of do wait until an answer is needed: they travel together,
// with those of other calls of Later, before the next other statement or before
// COMMIT, whichever comes first. Each round trip that is saved is time for which rows
// are locked. Where an engine has no such way, do's writes run at once.
//
// do calls InsertMany, InsertAbsent and UpdateMany and nothing else of tx. The error of
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
// number) and what it is.
func (tx *Tx) meant(rows int64, what string, n int, table string) {
	w := &tx.waiting[len(tx.waiting)-1]
	w.want = rows
	w.wrong = func(err error) error { return fmt.Errorf("%s %d rows of %s: %w", what, n, table, err) }
}

// flush sends what waits. Its first error is the transaction's.
func (tx *Tx) flush() error {
	if len(tx.waiting) == 0 {
		return nil
	}
	list := tx.waiting
	tx.waiting = nil
	at, err := tx.d.eng.send(tx.ctx, tx.conn, list)
	if err == nil {
		return nil
	}
	if tx.d.classify(err) == duplicate {
		err = &Duplicate{err}
	}
	tx.late = list[at].wrong(err)
	return tx.fail(tx.late)
}
