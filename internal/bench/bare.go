package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/fault"
)

// engine is a database server, or a folder of SQLite files, without the product.
type engine interface {
	name() string    // as package db names it
	version() string // for the line about the machine
	create(ctx context.Context) (url string, drop func() error, err error)
	connect(ctx context.Context, url string) (session, error)
	words() words
	bulk(pattern *row) bulk
	size(ctx context.Context, url string) (bytes int64, err error) // of a database
	processes() []int                                              // of this machine; none when the server is elsewhere or is this process
	close()
}

// words are the few in which the engines of baselines differ.
type words struct {
	begin   string // of a transaction that writes
	lock    string // ends a SELECT whose rows are to be locked
	pools   []int  // numbers of connections that a baseline is tried with
	analyze string // what is said before a table's name to have it counted
	settle  string // has the engine write out what it still has to; "" = it has nothing
}

// engineOf reaches the server of a database URL.
func engineOf(ctx context.Context, url string) (engine, error) {
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return newSQLite(url)
	case "postgres", "postgresql":
		return newPostgres(ctx, url)
	case "mysql", "mariadb":
		return newMySQL(ctx, url)
	}
	return nil, fault.Check("--database", "want sqlite:PATH, postgres://user:password@host:port/database or mysql://user:password@host:port/database")
}

// session is one connection, as a baseline's caller has it: statements are prepared at
// their first use and kept. Placeholders are ?.
type session interface {
	do(ctx context.Context, text string, args ...any) (rows int64, err error)
	row(ctx context.Context, text string, args []any, into ...any) error
	// first gives the first row of a query with the names of its columns.
	first(ctx context.Context, text string) (names []string, values []any, err error)
	// plain runs statements that are not worth preparing, such as BEGIN.
	plain(ctx context.Context, text string) error
	copyTable(ctx context.Context, from, to string) error
	close() error
}

// sqlSession is a session over database/sql, for SQLite and MySQL.
type sqlSession struct {
	pool *sql.DB
	conn *sql.Conn
	kept map[string]*sql.Stmt
	copy func(ctx context.Context, s *sqlSession, from, to string) error
}

func newSQLSession(ctx context.Context, pool *sql.DB, copy func(context.Context, *sqlSession, string, string) error) (*sqlSession, error) {
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &sqlSession{pool: pool, conn: conn, kept: map[string]*sql.Stmt{}, copy: copy}, nil
}

func (s *sqlSession) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if p, ok := s.kept[text]; ok {
		return p, nil
	}
	p, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	s.kept[text] = p
	return p, nil
}

func (s *sqlSession) do(ctx context.Context, text string, args ...any) (int64, error) {
	p, err := s.prepared(ctx, text)
	if err != nil {
		return 0, err
	}
	done, err := p.ExecContext(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%.40q: %w", text, err)
	}
	return done.RowsAffected()
}

func (s *sqlSession) row(ctx context.Context, text string, args []any, into ...any) error {
	p, err := s.prepared(ctx, text)
	if err != nil {
		return err
	}
	if err := p.QueryRowContext(ctx, args...).Scan(into...); err != nil {
		return fmt.Errorf("%.40q: %w", text, err)
	}
	return nil
}

func (s *sqlSession) first(ctx context.Context, text string) (names []string, values []any, err error) {
	rows, err := s.conn.QueryContext(ctx, text)
	if err != nil {
		return nil, nil, fmt.Errorf("%.40q: %w", text, err)
	}
	defer rows.Close()
	if names, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	if !rows.Next() {
		return nil, nil, errors.Join(rows.Err(), fmt.Errorf("%.40q: %w", text, sql.ErrNoRows))
	}
	values = make([]any, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	return names, values, rows.Scan(into...)
}

func (s *sqlSession) plain(ctx context.Context, text string) error {
	if _, err := s.conn.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("%.40q: %w", text, err)
	}
	return nil
}

func (s *sqlSession) copyTable(ctx context.Context, from, to string) error {
	return s.copy(ctx, s, from, to)
}

func (s *sqlSession) close() error { return errors.Join(s.conn.Close(), s.pool.Close()) }

// row is a row that the product wrote, as a baseline writes it again and again with
// other keys.
type row struct {
	insert string
	names  []string
	values []any
}

// bareRow copies a table, empty, and gives its newest row as the pattern for new ones.
func bareRow(ctx context.Context, s session, table, where string) (*row, error) {
	if err := s.copyTable(ctx, table, "bare_"+table); err != nil {
		return nil, fmt.Errorf("copy table %s: %w", table, err)
	}
	names, values, err := s.first(ctx, "SELECT * FROM "+table+" WHERE "+where)
	if err != nil {
		return nil, fmt.Errorf("read a row of %s: %w", table, err)
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ")
	return &row{"INSERT INTO bare_" + table + " (" + strings.Join(names, ", ") + ") VALUES (" + marks + ")", names, values}, nil
}

// with gives the row's values with some columns changed: name, value, name, value.
func (r *row) with(changes ...any) []any {
	values := slices.Clone(r.values)
	for i := 0; i < len(changes); i += 2 {
		values[slices.Index(r.names, changes[i].(string))] = changes[i+1]
	}
	return values
}

// add inserts the row with some columns changed.
func (r *row) add(ctx context.Context, s session, changes ...any) error {
	_, err := s.do(ctx, r.insert, r.with(changes...)...)
	return err
}

// within runs do in a transaction of its own. A failed one ends with its connection:
// the first error ends the round.
func (a *arena) within(ctx context.Context, s session, do func() error) error {
	if err := s.plain(ctx, a.engine.words().begin); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return s.plain(ctx, "COMMIT")
}

// bareCrowd measures a baseline: with each number of connections that the engine is tried
// with, one caller a connection, for a part of the time; the best counts.
func (a *arena) bareCrowd(ctx context.Context, do func(ctx context.Context, s session, caller, turn int) error, count func(ctx context.Context, s session) (int64, error)) (best sample, err error) {
	pools := a.engine.words().pools
	for _, n := range pools {
		one, err := a.barePool(ctx, n, a.o.Lasting/2, do, count)
		if err != nil {
			return sample{}, fmt.Errorf("with %d connections: %w", n, err)
		}
		a.o.Progress(fmt.Sprintf("  %d connections: %.0f per second", n, one.rate()))
		if best.units == 0 || one.rate() > best.rate() {
			best = one
		}
	}
	return best, nil
}

// sessions opens so many connections; done closes them.
func (a *arena) sessions(ctx context.Context, n int) (list []session, done func(), err error) {
	done = func() {
		for _, s := range list {
			_ = s.close() // the round's work is committed
		}
	}
	for range n {
		s, err := a.engine.connect(ctx, a.url)
		if err != nil {
			done()
			return nil, nil, fmt.Errorf("connect: %w", err)
		}
		list = append(list, s)
	}
	return list, done, nil
}

func (a *arena) barePool(ctx context.Context, n int, during time.Duration, do func(ctx context.Context, s session, caller, turn int) error, count func(ctx context.Context, s session) (int64, error)) (out sample, err error) {
	sessions, done, err := a.sessions(ctx, n)
	if err != nil {
		return sample{}, err
	}
	defer done()
	before, err := count(ctx, sessions[0])
	if err != nil {
		return sample{}, err
	}
	var answered int64
	out, err = a.measure(ctx, func(ctx context.Context) (err error) {
		answered, err = crowd(ctx, n, during, func(ctx context.Context, caller, turn int) error {
			return do(ctx, sessions[caller], caller, turn)
		})
		return err
	})
	if err != nil {
		return sample{}, err
	}
	after, err := count(ctx, sessions[0])
	out.units = after - before
	return out, errors.Join(err, counted(answered, out.units))
}

// bound names the columns that are not taken from elsewhere.
func (r *row) bound(elsewhere map[string]string) (names []string) {
	for _, n := range r.names {
		if elsewhere[n] == "" {
			names = append(names, n)
		}
	}
	return names
}

// selecting is the insert as a SELECT from a, whose columns elsewhere names; the other
// columns are bound, their values appended to args.
func (r *row) selecting(elsewhere map[string]string, args []any) (text string, all []any) {
	from := make([]string, len(r.names))
	for i, n := range r.names {
		if from[i] = elsewhere[n]; from[i] == "" {
			from[i], args = "?", append(args, r.values[i])
		}
	}
	head, _, _ := strings.Cut(r.insert, " VALUES ")
	return head + " SELECT " + strings.Join(from, ", ") + " FROM a", args
}
