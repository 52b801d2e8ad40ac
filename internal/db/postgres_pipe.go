package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
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

// QueryContext implements driver.QueryerContext: the writes that ctx brings go first.
func (p pipe) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	list := brought(ctx)
	if len(list) == 0 {
		return p.Conn.QueryContext(ctx, query, args)
	}
	if p.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	b, plain := batchOf(list), make([]any, len(args))
	for i, a := range args {
		plain[i] = a.Value
	}
	b.Queue(query, plain...)
	answers := p.Conn.Conn().SendBatch(ctx, b)
	if err := written(answers, list); err != nil {
		_ = answers.Close() // says the same
		return nil, err
	}
	rows, err := answers.Query()
	r := &pipedRows{Rows: rows, answers: answers}
	if err == nil {
		r.more = rows.Next() // the columns are known only then, and whether it failed
		err = rows.Err()
	}
	if err != nil {
		_ = r.Close() // says the same
		return nil, err
	}
	return r, nil
}

// pipedRows is the answer to a question that brought writes along.
type pipedRows struct {
	pgx.Rows
	answers pgx.BatchResults
	more    bool // a row was read and not handed on yet
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
	r.Rows.Close()
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
