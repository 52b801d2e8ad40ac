package db

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"
)

// engine holds the few real differences between the databases. Everything else
// in this package, and all SQL outside it, is the same on each.
type engine struct {
	name    string
	numbers bool // placeholders are $1, $2 … instead of ?

	begin       []string // statements that start a write transaction
	snapshot    []string // statements that start a consistent read
	forUpdate   string   // suffix of ForUpdate
	skipLocked  string   // suffix of Claim
	clock       string   // query for the database's clock in microseconds since 1970
	types       map[string]string
	tableSuffix func(options map[string]string) string
	unlessThere string // makes ADD COLUMN and CREATE INDEX repeatable where it commits by itself

	classify func(error) class
	// commit sends COMMIT, and the writes of list in the same round trip before it; an
	// *unwritten is the engine's word that one of them failed and nothing was committed.
	commit func(ctx context.Context, conn *sql.Conn, list []queued) error
	// send runs writes in one round trip; an *unwritten says which failed. An engine that
	// has it takes luggage along with a question too, from its context. nil = no such way.
	send  func(ctx context.Context, conn *sql.Conn, list []queued) error
	open  func(ctx context.Context, o Options) (write, read *sql.DB, err error)
	admin func() (*sql.DB, error) // a pool with plain sessions for migrations; nil = the writer's
	place string                  // where the database is, without secrets

	insertMany func(tx *Tx, table string, cols []Column, n int) error
	absent     func(tx *Tx, table string, key []string, id string, cols []Column, n int) error
	updateMany func(tx *Tx, table string, key, set []Column, n int) (int64, error)
	lookup     func(tx *Tx, table string, cols []string, key []Column, n int, lock bool) (statement, error)
	deleteMany func(tx *Tx, table string, key []Column, n int) (statement, error)
}

// statement is SQL with what it binds.
type statement struct {
	query string
	args  []any
}

// busyWait is how long a statement waits for a lock before its transaction is
// run again.
const busyWait = 3 * time.Second

// bind writes a query with the engine's placeholders. Queries are constants, so
// the answer is kept.
func (d *DB) bind(query string) string {
	if !d.eng.numbers {
		return query
	}
	if q, ok := d.bound.Load(query); ok {
		return q.(string)
	}
	q := numbered(query)
	d.bound.Store(query, q)
	return q
}

// numbered replaces each ? by $1, $2 and so on. The common subset has no ?
// inside literals, so there is nothing to parse.
func numbered(query string) string {
	var b strings.Builder
	n := 0
	for {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

// names lists the columns' names, separated by commas.
func names(cols []Column) string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.Name
	}
	return strings.Join(out, ", ")
}

// repeat gives n times s, separated by sep.
func repeat(s, sep string, n int) string {
	if n == 0 {
		return ""
	}
	return s + strings.Repeat(sep+s, n-1)
}

// prefixed lists names as prefix.name, separated by commas.
func prefixed(prefix string, names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + n
	}
	return strings.Join(out, ", ")
}
