package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/fault"
)

// Tx is what a closure of Update, View or Snapshot works with. It belongs to
// the goroutine that runs the closure and ends with it.
type Tx struct {
	Now   Time // the time of everything this transaction stores
	Rerun bool // the closure ran before, and what it did then was undone

	d     *DB
	ctx   context.Context
	conn  *sql.Conn
	name  string
	write bool
	rows  *sql.Rows // the last result; closed at the latest when the closure ends
	err   error     // the first failed statement: nothing is committed after it
	after []func()  // what OnCommit was given

	holding bool     // the writes of now wait
	waiting []queued // they were not sent yet
	late    error    // what became of one that waited
}

type txKey struct{}

// Context is the caller's context, marked so that a second transaction inside
// this one is noticed.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Name is what the caller named the transaction.
func (tx *Tx) Name() string { return tx.name }

// OnCommit has f run once, after the transaction committed. What a try that is
// rerun registered is dropped; transactions that only read never call it.
func (tx *Tx) OnCommit(f func()) { tx.after = append(tx.after, f) }

// loud makes a programming mistake a panic.
var loud = testing.Testing()

// misuse reports a programming mistake: loudly in tests, as a fault outside.
func misuse(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if loud {
		panic("db: " + text)
	}
	return fault.Wrap(fmt.Errorf("%s", text), fault.Internal, fault.CodeInternal, "something went wrong on our side")
}

// nested refuses an act that is called inside a transaction: on SQLite it would
// wait for itself, elsewhere it would commit apart from the outer one.
func nested(ctx context.Context, act, name string) error {
	if outer, ok := ctx.Value(txKey{}).(string); ok {
		return misuse("%s %q is called inside the transaction %q", act, name, outer)
	}
	return nil
}

// fail classifies the error of a statement and remembers it.
func (tx *Tx) fail(err error) error {
	if err == nil {
		return nil
	}
	if tx.d.classify(err) == duplicate {
		err = &Duplicate{err}
	}
	if tx.err == nil {
		tx.err = err
	}
	return err
}

// ready prepares the arguments of the next statement. A result still open is
// refused everywhere, because servers cannot answer two questions at once.
func (tx *Tx) ready(args []any) ([]any, error) {
	if tx.rows != nil {
		if _, err := tx.rows.Columns(); err == nil {
			return nil, tx.fail(misuse("%q asks again while rows are still open", tx.name))
		}
		tx.rows = nil
	}
	args, err := plain(args)
	return args, tx.fail(err)
}

func (tx *Tx) closeRows() {
	if tx.rows != nil {
		_ = tx.rows.Close() // an error of reading was the closure's to see
	}
}

// Exec runs a statement and gives the number of rows that it matched.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.asksLater(); err != nil {
		return 0, err
	}
	return tx.exec(query, args...)
}

// exec runs the statement of a bulk act, which may wait.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	args, err := tx.ready(args)
	if err != nil || tx.hold(query, args) {
		return 0, err
	}
	if err := tx.flush(); err != nil {
		return 0, err
	}
	res, err := tx.conn.ExecContext(tx.ctx, tx.d.bind(query), args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := res.RowsAffected()
	return n, tx.fail(err)
}

// Query reads rows. They must be closed before the next statement, which is
// what Collect does.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := tx.asksLater(); err != nil {
		return nil, err
	}
	return tx.query(query, args...)
}

func (tx *Tx) query(query string, args ...any) (*sql.Rows, error) {
	args, err := tx.ready(args)
	if err != nil {
		return nil, err
	}
	ctx, list := tx.bring()
	tx.rows, err = tx.conn.QueryContext(ctx, tx.d.bind(query), args...)
	return tx.rows, tx.sent(list, err)
}

// QueryRow reads at most one row; its Scan gives ErrNoRows when there is none.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	_ = tx.asksLater() // remembered: nothing is committed
	// A value that cannot be stored is left to the driver, whose complaint Scan returns.
	if values, err := tx.ready(args); err == nil {
		args = values
	}
	ctx, list := tx.bring()
	row := tx.conn.QueryRowContext(ctx, tx.d.bind(query), args...)
	_ = tx.sent(list, row.Err())
	return row
}

// ForUpdate reads rows and locks them until the transaction ends. The query
// ends with ORDER BY the primary key, so that all lock in one order.
func (tx *Tx) ForUpdate(query string, args ...any) (*sql.Rows, error) {
	if !strings.Contains(query, "ORDER BY") {
		return nil, tx.fail(misuse("ForUpdate in %q has no ORDER BY", tx.name))
	}
	if err := tx.needWrite("ForUpdate"); err != nil {
		return nil, err
	}
	return tx.Query(query+tx.d.eng.forUpdate, args...)
}

// Claim reads rows, locks them and passes over those that others have locked.
func (tx *Tx) Claim(query string, args ...any) (*sql.Rows, error) {
	if err := tx.needWrite("Claim"); err != nil {
		return nil, err
	}
	return tx.Query(query+tx.d.eng.skipLocked, args...)
}

func (tx *Tx) needWrite(act string) error {
	if tx.write {
		return nil
	}
	return tx.fail(misuse("%s is called in %q, which only reads", act, tx.name))
}

// plain asks values that know their stored form for it, so that every driver
// gets the same plain ones.
func plain(args []any) ([]any, error) {
	out := args
	for i, a := range args {
		v, ok := a.(driver.Valuer)
		if !ok {
			continue
		}
		stored, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		if &out[0] == &args[0] {
			out = append([]any(nil), args...)
		}
		out[i] = stored
	}
	return out, nil
}
