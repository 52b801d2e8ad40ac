package db

import (
	"container/list"
	"context"
	"database/sql/driver"
)

// preparing opens SQLite connections that keep their prepared statements:
// preparing costs more than running for the short statements of a transaction.
// The drivers of the servers have their own ways.
type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparedConn{sqliteConn: c.(sqliteConn), known: map[string]*list.Element{}, recent: list.New()}, nil
}

// sqliteConn is what the driver's connection offers and database/sql uses.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedConn is used by one goroutine at a time, as database/sql promises.
type preparedConn struct {
	sqliteConn
	known  map[string]*list.Element
	recent *list.List // of *prepared, the last used first
}

// keptStatements bounds the memory of a connection.
const keptStatements = 256

type prepared struct {
	stmt  sqliteStmt
	query string
	busy  bool // its rows are being read
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// prepare gives the kept statement, or a new one. A statement whose rows are
// still read cannot run again; then it is prepared once more, for this use only.
func (c *preparedConn) prepare(ctx context.Context, query string) (p *prepared, kept bool, err error) {
	if e, ok := c.known[query]; ok {
		if p := e.Value.(*prepared); !p.busy {
			c.recent.MoveToFront(e)
			return p, true, nil
		}
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, false, err
	}
	p = &prepared{stmt: s.(sqliteStmt), query: query}
	if _, ok := c.known[query]; ok {
		return p, false, nil
	}
	c.known[query] = c.recent.PushFront(p)
	for e := c.recent.Back(); c.recent.Len() > keptStatements && e != nil; {
		old, before := e.Value.(*prepared), e.Prev()
		if !old.busy {
			c.recent.Remove(e)
			delete(c.known, old.query)
			if err := old.stmt.Close(); err != nil {
				return nil, false, err
			}
		}
		e = before
	}
	return p, true, nil
}

// ExecContext implements driver.ExecerContext.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	p, kept, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if !kept {
		defer p.stmt.Close()
	}
	return p.stmt.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	p, kept, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := p.stmt.QueryContext(ctx, args)
	if err != nil {
		if !kept {
			_ = p.stmt.Close() // the query's own error says more
		}
		return nil, err
	}
	p.busy = true
	return &preparedRows{Rows: rows, of: p, kept: kept}, nil
}

// Close implements driver.Conn.
func (c *preparedConn) Close() error {
	for e := c.recent.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*prepared).stmt.Close() // closing the connection frees the rest
	}
	return c.sqliteConn.Close()
}

// preparedRows gives its statement back when it is closed.
type preparedRows struct {
	driver.Rows
	of   *prepared
	kept bool
}

// Next implements driver.Rows. Empty bytes come as such, as from the servers: the
// driver's nil would read like NULL.
func (r *preparedRows) Next(dest []driver.Value) error {
	if err := r.Rows.Next(dest); err != nil {
		return err
	}
	for i, v := range dest {
		if b, ok := v.([]byte); ok && b == nil {
			dest[i] = []byte{}
		}
	}
	return nil
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	err := r.Rows.Close()
	r.of.busy = false
	if !r.kept {
		_ = r.of.stmt.Close()
	}
	return err
}
