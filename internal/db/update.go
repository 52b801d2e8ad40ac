package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

const (
	tries     = 20               // runs of one transaction before its caller hears of it
	patience  = 15 * time.Second // and the time they may take together
	doubtTime = 30 * time.Second // how long a commit in doubt is looked into, even after the caller left
	endTime   = 10 * time.Second // how long COMMIT or ROLLBACK may take
)

// Update runs fn in a write transaction and commits it. On a conflict (ErrStale,
// serialization, deadlock, busy) or a broken connection it runs fn again, so fn
// must have no effect but rows, and must build its answers anew on each try.
//
// It happens at most once: a mark made before the first try is the first row of
// every try, and tells after a connection lost at COMMIT whether that commit
// counted. An error means that nothing was committed, except one that wraps
// ErrInDoubt. name is the metric label, one per use of SQL.
func (d *DB) Update(ctx context.Context, name string, fn func(*Tx) error) error {
	return d.update(ctx, name, lineOf(ctx), fn)
}

func (d *DB) update(ctx context.Context, name string, l turnLine, fn func(*Tx) error) error {
	if err := nested(ctx, "Update", name); err != nil {
		return err
	}
	start := time.Now()
	defer d.meter.took(name, d.eng.name, start)
	u := &update{d: d, name: name, line: l, fn: fn, mark: id.New(), ctx: context.WithValue(ctx, txKey{}, name)}
	err := d.repeat(ctx, name, u.try, &u.inDoubt)
	if err == nil {
		for _, f := range u.after {
			f()
		}
	}
	return err
}

// repeat runs try until it succeeds, fails for good, or patience ends.
func (d *DB) repeat(ctx context.Context, name string, try func(context.Context) error, inDoubt *bool) error {
	deadline, doubting := time.Now().Add(patience), false
	for n := 0; ; n++ {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if *inDoubt && !doubting {
			doubting, deadline = true, time.Now().Add(doubtTime)
		}
		if doubting && ctx.Err() != nil {
			// The caller is gone, but whether its commit counted is still to be found.
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(context.WithoutCancel(ctx), deadline)
			defer cancel()
		}
		c := d.classify(err)
		over := n+1 >= tries && !doubting || time.Now().After(deadline)
		if c != again && c != lost || over || pause(ctx, n) != nil {
			return conclude(ctx, name, err, c, *inDoubt)
		}
		d.meter.reran(name, c)
	}
}

// conclude words the error that ends a transaction.
func conclude(ctx context.Context, name string, err error, c class, inDoubt bool) error {
	switch {
	case inDoubt && c == full:
		return fault.Wrap(&trouble{fmt.Errorf("%s: %w: %w", name, ErrInDoubt, err)}, fault.Unavailable, fault.CodeUnavailable,
			"the disk is full, or cannot be written: free space where the database lies, then look whether this is there before you try again")
	case inDoubt:
		return fault.Wrap(&trouble{fmt.Errorf("%s: %w: %w", name, ErrInDoubt, err)}, fault.Unavailable, fault.CodeUnavailable,
			"the database was lost while it stored this; look whether it is there before you try again")
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w: %w", name, context.Cause(ctx), err)
	case c == again || c == lost || c == full || c == refused:
		return surface(fmt.Errorf("%s: %w", name, err), c)
	}
	return err
}

// update is one call of Update.
type update struct {
	d       *DB
	name    string
	line    turnLine // where it waits for its turn
	fn      func(*Tx) error
	mark    id.ID
	ctx     context.Context // the caller's, marked as inside a transaction
	ran     bool            // fn
	inDoubt bool            // a COMMIT was sent and not answered
	after   []func()        // what the last try that reached COMMIT wants done
}

// try is one transaction: begin, mark, closure, commit.
func (u *update) try(ctx context.Context) (err error) {
	if err := u.d.turns.take(ctx, u.line); err != nil {
		return fmt.Errorf("wait for a turn: %w", err)
	}
	defer u.d.turns.give()
	conn, err := u.d.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	open := true // a transaction may be open on conn
	defer func() {
		if open {
			discard(ctx, conn)
		}
		_ = conn.Close() // gives it back to the pool; a broken one was marked so
	}()
	tx := &Tx{Now: u.d.clock.now(), d: u.d, ctx: u.ctx, conn: conn, name: u.name, write: true, Rerun: u.ran}
	held := time.Now()
	if counted, err := u.begin(ctx, tx); err != nil || counted {
		return err
	}
	u.ran = true
	last, err := tx.run(u.fn)
	if err != nil {
		return err
	}
	open, u.after = false, tx.after
	err = u.commit(ctx, tx, last)
	if u.d.eng.name == "sqlite" {
		u.d.meter.writer.WithLabelValues(u.name).Observe(time.Since(held).Seconds())
	}
	return err
}

// begin starts the transaction and puts the mark in, or has both wait for the first
// statement. It reports whether a commit that is in doubt did count.
func (u *update) begin(ctx context.Context, tx *Tx) (counted bool, err error) {
	const mark = "INSERT INTO db_mark (id) VALUES (?)"
	if u.d.eng.send != nil && !u.inDoubt {
		for _, s := range u.d.eng.begin {
			tx.waiting = append(tx.waiting, queued{statement{query: s}, -1, func(err error) error { return fmt.Errorf("begin: %w", err) }})
		}
		tx.waiting = append(tx.waiting, queued{statement{u.d.bind(mark), []any{u.mark[:]}}, -1, func(err error) error { return fmt.Errorf("mark: %w", err) }})
		return false, nil
	}
	for _, s := range u.d.eng.begin {
		if _, err := tx.conn.ExecContext(ctx, s); err != nil {
			return false, fmt.Errorf("begin: %w", err)
		}
	}
	if u.inDoubt {
		tx.ctx = context.WithValue(ctx, txKey{}, u.name)
	}
	if _, err := tx.Exec(mark, u.mark); err != nil {
		if _, taken := errors.AsType[*Duplicate](err); taken && u.inDoubt {
			return true, nil // the commit whose answer was lost did count
		}
		return false, fmt.Errorf("mark: %w", err)
	}
	if u.inDoubt = false; u.ctx.Err() != nil {
		return false, u.ctx.Err() // our mark went in, so that commit did not count
	}
	return false, nil
}

// run calls the closure and holds it to its word: after a failed statement there
// is no success, whatever it returns. It may answer ErrStale and Duplicate in its
// own words; trouble of the engine decides however it was worded. last are the
// writes that are to travel with COMMIT.
func (tx *Tx) run(fn func(*Tx) error) (last []queued, err error) {
	defer tx.closeRows()
	if err = fn(tx); err == nil && tx.err == nil {
		last, err = tx.last()
	}
	if tx.late != nil {
		return nil, tx.late // what the closure said of it, it said of what followed
	}
	if tx.err == nil {
		if err == nil {
			err = tx.ctx.Err()
		}
		return last, err
	}
	if err == nil {
		return nil, fmt.Errorf("%s went on after a failed statement: %w", tx.name, tx.err)
	}
	c := tx.d.classify(tx.err)
	if (c == again || c == lost || c == full) && tx.d.classify(err) != c && !errors.Is(tx.err, ErrStale) {
		return nil, fmt.Errorf("%w, upon which: %w", tx.err, err)
	}
	return nil, err
}

// commit sends COMMIT with the last writes, which the caller's leaving does not
// interrupt. Without a clear answer the outcome is in doubt.
func (u *update) commit(ctx context.Context, tx *Tx, last []queued) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	err := u.d.eng.commit(ctx, tx.conn, last)
	if err == nil {
		return nil
	}
	if _, clear := errors.AsType[*unwritten](err); clear {
		discard(ctx, tx.conn)
		_ = tx.sent(last, err)
		return tx.late
	}
	if c := u.d.classify(err); c != again && c != duplicate && !errors.Is(err, errRolledBack) {
		u.inDoubt = true
		breakUp(tx.conn)
		if c == other { // our own time limit: as good as lost
			err = errors.Join(driver.ErrBadConn, err)
		}
		return fmt.Errorf("commit: %w", err)
	}
	discard(ctx, tx.conn)
	return fmt.Errorf("commit: %w", err)
}

// discard rolls back what is open on conn; when that fails the connection is
// not used again.
func discard(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		breakUp(conn)
	}
}

// plainCommit is COMMIT where its answer is plain.
func plainCommit(ctx context.Context, conn *sql.Conn, _ []queued) error {
	_, err := conn.ExecContext(ctx, "COMMIT")
	return err
}

// breakUp makes the pool close conn instead of lending it again.
func breakUp(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// View runs fn with reading statements, each of which sees what is committed
// when it starts.
func (d *DB) View(ctx context.Context, name string, fn func(*Tx) error) error {
	return d.reading(ctx, "View", name, nil, fn)
}

// Snapshot runs fn with reading statements that all see one moment.
func (d *DB) Snapshot(ctx context.Context, name string, fn func(*Tx) error) error {
	return d.reading(ctx, "Snapshot", name, d.eng.snapshot, fn)
}

func (d *DB) reading(ctx context.Context, act, name string, begin []string, fn func(*Tx) error) error {
	if err := nested(ctx, act, name); err != nil {
		return err
	}
	defer d.meter.took(name, d.eng.name, time.Now())
	try := func(ctx context.Context) error {
		conn, err := d.read.Conn(ctx)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		defer conn.Close()
		if len(begin) > 0 {
			defer discard(ctx, conn)
		}
		for _, s := range begin {
			if _, err := conn.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("begin: %w", err)
			}
		}
		tx := &Tx{Now: d.clock.now(), d: d, ctx: context.WithValue(ctx, txKey{}, name), conn: conn, name: name}
		_, err = tx.run(fn)
		return err
	}
	return d.repeat(ctx, name, try, new(bool))
}

// Sweep deletes the marks of transactions that are a day old, a thousand at a
// time, and says how many. Marks are UUIDv7, so their key tells their age.
func (d *DB) Sweep(ctx context.Context) (int64, error) {
	var swept int64
	for {
		var n int64
		err := d.Update(ctx, "db.sweep", func(tx *Tx) error {
			old, err := before(tx, tx.Now.Add(-24*time.Hour))
			if err == nil && len(old) > 0 {
				n, err = tx.DeleteMany("db_mark", Col("id", old))
			} else {
				n = 0
			}
			return err
		})
		swept += n
		if err != nil || n == 0 {
			return swept, err
		}
	}
}

// before gives up to a thousand marks made before t.
func before(tx *Tx, t Time) ([]id.ID, error) {
	var first id.ID // the smallest UUIDv7 of that millisecond
	ms := uint64(t) / 1000
	for i := range 6 {
		first[i] = byte(ms >> (40 - 8*i))
	}
	rows, err := tx.Query("SELECT id FROM db_mark WHERE id < ? ORDER BY id LIMIT 1000", first)
	return Collect(rows, err, func(rows *sql.Rows) (m id.ID, err error) { return m, rows.Scan(&m) })
}
