package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"creditmsg/internal/fault"
)

// ErrStale says that fewer rows were there than the writer meant: somebody was
// faster. Update runs the closure again on it.
var ErrStale = errors.New("the row changed meanwhile")

// ErrNoRows is what Scan of QueryRow returns for an empty result.
var ErrNoRows = sql.ErrNoRows

// Duplicate says that a row with the same unique key is there already.
type Duplicate struct{ err error }

// Error gives the engine's text, for the log.
func (e *Duplicate) Error() string { return "duplicate key: " + e.err.Error() }

// Unwrap gives the driver's error.
func (e *Duplicate) Unwrap() error { return e.err }

// class is what an engine's error means to a transaction. It is decided by
// SQLSTATE or number, never by text.
type class uint8

const (
	other     class = iota // a mistake in the statement or the data
	duplicate              // a unique key is taken
	again                  // serialization, deadlock, busy, lock wait: run again
	lost                   // the connection broke or could not be made
	full                   // no space, or the disk fails
	refused                // the server is there but does not let us in: retrying is useless
)

// brokenLink is the part of classification that all engines share.
func brokenLink(err error) bool {
	var netErr net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &netErr)
}

// classify tells what err means, ErrStale included. A context's end is not the
// engine's doing and stays other.
func (d *DB) classify(err error) class {
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return other
	case errors.Is(err, ErrStale):
		return again
	}
	if c := d.eng.classify(err); c != other {
		return c
	}
	if brokenLink(err) {
		return lost
	}
	return other
}

// errRolledBack is a COMMIT that the engine answered with a rollback.
var errRolledBack = errors.New("the transaction had failed and was rolled back")

// trouble marks an error that lies in the database, not in what was asked: a
// group does not look for an offender then.
type trouble struct{ err error }

func (t *trouble) Error() string { return t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// ErrInDoubt is wrapped by the fault of an Update whose COMMIT was sent and
// never answered, and whose mark could not be looked up in time either: the
// transaction may or may not have happened.
var ErrInDoubt = errors.New("the connection was lost at commit, so the outcome is not known")

// surface turns what stopped a transaction into what its caller sees.
func surface(err error, c class) error {
	var text string
	switch c {
	case again:
		text = "the database is too busy at the moment; try again"
	case lost, refused:
		text = "the database cannot be reached; try again"
	case full:
		text = "the disk is full, or cannot be written: free space where the database lies, then try again"
	default:
		return err
	}
	return fault.Wrap(&trouble{err}, fault.Unavailable, fault.CodeUnavailable, "%s", fault.Word(text))
}

// oneLine keeps an error's chain and puts its text on a single line.
type oneLine struct{ err error }

func (o oneLine) Error() string { return strings.Join(strings.Fields(o.err.Error()), " ") }
func (o oneLine) Unwrap() error { return o.err }
