package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// This file sends several statements to PostgreSQL before it reads the first answer.
// After a failed one the engine passes over the others.

// pipes makes connections that can do so.
type pipes struct{ driver.Connector }

// Connect implements driver.Connector.
func (p pipes) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return pipe{c.(*stdlib.Conn)}, nil
}

// pipe is a connection whose questions may bring writes along.
type pipe struct{ *stdlib.Conn }

// postgresSend runs writes alone.
func postgresSend(ctx context.Context, conn *sql.Conn, list []queued) error {
	return conn.Raw(func(dc any) error {
		answers := dc.(pipe).Conn.Conn().SendBatch(ctx, batchOf(list))
		err := written(answers, list)
		if closed := answers.Close(); err == nil {
			err = closed
		}
		return err
	})
}

// theCommit names COMMIT as it is prepared with each connection, so that its answer is
// the only one that can be in doubt.
const theCommit = "the COMMIT"

// postgresCommit sends COMMIT behind the writes that still wait. After a failed one the
// engine passes over it, so each proves its count by failing. The answer to COMMIT is
// read, because PostgreSQL says yes to that of a failed transaction and rolls it back.
func postgresCommit(ctx context.Context, conn *sql.Conn, list []queued) error {
	return conn.Raw(func(dc any) error {
		b := batchOf(proving(list))
		b.Queue(theCommit)
		answers := dc.(pipe).Conn.Conn().SendBatch(ctx, b)
		tag, err := committed(answers, list)
		if closed := answers.Close(); err == nil {
			err = closed
		}
		if err == nil && tag.String() != "COMMIT" {
			return fmt.Errorf("the engine answered %s: %w", tag, errRolledBack)
		}
		return err
	})
}

// proving makes writes that fail when they do not match the rows that they must match.
func proving(list []queued) []queued {
	out := slices.Clone(list)
	for i, w := range out {
		if w.want >= 0 {
			query := w.query
			if !strings.HasPrefix(query, "SELECT") {
				query += " RETURNING 1"
			}
			out[i].query = fmt.Sprintf("WITH w AS (%s) SELECT 1 / (count(*) = $%d::bigint)::int FROM w", query, len(w.args)+1)
			out[i].args = append(slices.Clone(w.args), w.want)
		}
	}
	return out
}

// committed reads the answers to proving writes and to the COMMIT behind them. Only the
// engine's own word that a write failed is an *unwritten: without it all is in doubt.
func committed(answers pgx.BatchResults, list []queued) (tag pgconn.CommandTag, err error) {
	for i, w := range list {
		_, err := answers.Exec()
		refused, answered := errors.AsType[*pgconn.PgError](err)
		if answered && refused.Code == "22012" && w.want >= 0 { // division by zero
			err = fmt.Errorf("not all were there: %w", ErrStale)
		}
		if answered {
			return tag, &unwritten{i, err}
		}
		if err != nil {
			return tag, err
		}
	}
	return answers.Exec()
}

func batchOf(list []queued) *pgx.Batch {
	b := &pgx.Batch{}
	for _, w := range list {
		b.Queue(w.query, w.args...)
	}
	return b
}

// written reads the answers to writes; its errors are *unwritten.
func written(answers pgx.BatchResults, list []queued) error {
	for i, w := range list {
		tag, err := answers.Exec()
		if err == nil && w.want >= 0 && tag.RowsAffected() != w.want {
			err = fmt.Errorf("%d were there: %w", tag.RowsAffected(), ErrStale)
		}
		if err != nil {
			return &unwritten{i, err}
		}
	}
	return nil
}

// QueryContext implements driver.QueryerContext with the luggage that ctx brings: each of
// its questions has a result set.
func (p pipe) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	l := brought(ctx)
	if len(l.writes) == 0 && len(l.more) == 0 {
		return p.Conn.QueryContext(ctx, query, args)
	}
	if p.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	b, plain := batchOf(l.writes), make([]any, len(args))
	for i, a := range args {
		plain[i] = a.Value
	}
	b.Queue(query, plain...)
	for _, q := range l.more {
		b.Queue(q.query, q.args...)
	}
	r := &pipedRows{answers: p.Conn.Conn().SendBatch(ctx, b), left: 1 + len(l.more)}
	err := written(r.answers, l.writes)
	if err == nil {
		err = r.NextResultSet()
	}
	if err != nil {
		_ = r.Close() // says the same
		return nil, err
	}
	return r, nil
}

// pipedRows are the answers to questions that were sent together.
type pipedRows struct {
	pgx.Rows
	answers pgx.BatchResults
	left    int  // answers that were not begun yet
	more    bool // a row was read and not handed on yet
}

// HasNextResultSet implements driver.RowsNextResultSet.
func (r *pipedRows) HasNextResultSet() bool { return r.left > 0 }

// NextResultSet implements driver.RowsNextResultSet. It reads the first row, since the
// columns are known only then, and whether the question failed.
func (r *pipedRows) NextResultSet() (err error) {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	if r.Rows, err = r.answers.Query(); err != nil {
		return err
	}
	r.more = r.Rows.Next()
	return r.Err()
}

// Columns implements driver.Rows.
func (r *pipedRows) Columns() []string {
	fields := r.FieldDescriptions()
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// Close implements driver.Rows.
func (r *pipedRows) Close() error {
	if r.Rows != nil {
		r.Rows.Close()
	}
	return r.answers.Close()
}

// Next implements driver.Rows.
func (r *pipedRows) Next(dest []driver.Value) error {
	if !r.more && !r.Rows.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	r.more = false
	fields := r.FieldDescriptions()
	for i, raw := range r.RawValues() {
		v, known := shortcut(&fields[i], raw)
		if !known {
			return r.spellOut(dest)
		}
		dest[i] = v
	}
	return nil
}

// shortcut reads a value of one of the types that tables have, without asking the driver's
// map of all types. Bytes are those of the row, which whoever scans them copies.
func shortcut(f *pgconn.FieldDescription, raw []byte) (v driver.Value, known bool) {
	switch {
	case raw == nil:
		return nil, true
	case f.DataTypeOID == pgtype.TextOID:
		return string(raw), true
	case f.Format != pgx.BinaryFormatCode:
		return nil, false
	case f.DataTypeOID == pgtype.Int8OID && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), true
	case f.DataTypeOID == pgtype.ByteaOID, f.DataTypeOID == pgtype.UUIDOID:
		return raw, true
	}
	return nil, false
}

// spellOut reads a row with types of other kinds.
func (r *pipedRows) spellOut(dest []driver.Value) error {
	values, err := r.Values()
	if err != nil {
		return err
	}
	for i, v := range values {
		if dest[i], err = plainValue(v); err != nil {
			return err
		}
	}
	return nil
}

// plainValue makes a value one of those that database/sql knows.
func plainValue(v any) (driver.Value, error) {
	switch v := v.(type) {
	case [16]byte:
		return v[:], nil
	case int32:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case driver.Valuer: // such as the sum of a bigint
		return v.Value()
	}
	return v, nil
}
