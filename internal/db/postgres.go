package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"creditmsg/internal/fault"
)

// postgresEngine sends batches as one array per column, which unnest turns into
// rows: one short statement, prepared once, for any number of rows.
func postgresEngine(text string) (engine, error) {
	cfg, err := pgx.ParseConfig(text)
	if err != nil {
		return engine{}, errURL(fault.Word("")) // the driver's text could repeat parts of the URL
	}
	return engine{
		name:        "postgres",
		place:       net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))) + "/" + cfg.Database,
		numbers:     true,
		begin:       []string{"BEGIN ISOLATION LEVEL READ COMMITTED"},
		snapshot:    []string{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
		forUpdate:   " FOR UPDATE",
		skipLocked:  " FOR UPDATE SKIP LOCKED",
		clock:       "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
		types:       postgresTypes,
		classify:    postgresClass,
		commit:      postgresCommit,
		send:        postgresSend,
		insertMany:  postgresInsert,
		absent:      postgresAbsent,
		updateMany:  postgresUpdate,
		lookup:      postgresLookup,
		deleteMany:  postgresDelete,
		unlessThere: "IF NOT EXISTS",
		tableSuffix: func(o map[string]string) string {
			if f, ok := o["fillfactor"]; ok {
				return "WITH (fillfactor=" + f + ")"
			}
			return ""
		},
		open: func(_ context.Context, o Options) (write, read *sql.DB, err error) {
			return postgresPool(cfg, o.Writers, postgresWriter), postgresPool(cfg, o.Readers, postgresReader), nil
		},
		admin: func() (*sql.DB, error) { return postgresPool(cfg, 4), nil },
	}, nil
}

// postgresSession is the same for reading and writing. It pins index plans: a statement
// planned while a table is small otherwise scans it, locks its way through rows of
// others, and stays that way until somebody has the server analyse the table. And it has
// every statement to itself: to start other processes for one costs more than the sums of
// a year, and takes their processors from those who are answered meanwhile.
const postgresSession = "SET TimeZone = 'UTC'; SET jit = off; SET idle_in_transaction_session_timeout = '60s'; " +
	"SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET max_parallel_workers_per_gather = 0; "

// postgresWriter has a plan made once and kept, there being nothing left to choose:
// planning each statement anew costs more than running the short ones.
var postgresWriter = postgresSession + "SET plan_cache_mode = force_generic_plan; SET lock_timeout = " + strconv.FormatInt(busyWait.Milliseconds(), 10)

const postgresReader = postgresSession + "SET default_transaction_read_only = on"

func postgresPool(cfg *pgx.ConnConfig, size int, setup ...string) *sql.DB {
	own := cfg.Copy()
	own.RuntimeParams["application_name"] = "creditmsg"
	pool := sql.OpenDB(pipes{stdlib.GetConnector(*own, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		for _, s := range setup {
			if _, err := c.PgConn().Exec(ctx, s).ReadAll(); err != nil {
				return err
			}
		}
		_, err := c.Prepare(ctx, theCommit, "COMMIT")
		return err
	}))})
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool
}

var postgresTypes = map[string]string{
	"id": "uuid", "time": "bigint", "amount": "bigint", "int": "bigint", "bool": "boolean",
	"word": `text COLLATE "C"`, "text": `text COLLATE "C"`, "bytes": "bytea",
}

func postgresClass(err error) class {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case e.Code == "23505":
			return duplicate
		case e.Code == "40001", e.Code == "40P01", e.Code == "55P03": // serialization, deadlock, lock wait
			return again
		case e.Code == "53100": // disk full
			return full
		case strings.HasPrefix(e.Code, "28"), e.Code == "3D000": // password, no such database
			return refused
		case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P"), e.Code == "53300", e.Code == "25P03":
			return lost // connection, shutdown or start, too many clients, idle too long
		}
		return other
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || pgconn.SafeToRetry(err) {
		return lost
	}
	return other
}

// elements is the array type of each kind, as a cast names it.
var elements = [...]string{ints: "bigint", texts: "text", blobs: "bytea", ids: "uuid", bools: "boolean"}

// array is the column as one argument.
func (c *Column) array() any {
	switch c.kind {
	case ints:
		if c.opt {
			return pointers(c.ints)
		}
		return c.ints
	case texts:
		if c.opt {
			return pointers(c.texts)
		}
		return c.texts
	case blobs:
		if c.opt {
			return c.values()
		}
		return c.blobs
	case ids:
		out := make(pgtype.FlatArray[pgtype.UUID], len(c.ids))
		for i, d := range c.ids {
			out[i] = pgtype.UUID{Bytes: d, Valid: !c.null(i)}
		}
		return out
	}
	return c.bools
}

// pointers makes zero values nil.
func pointers[T comparable](v []T) []*T {
	var zero T
	out := make([]*T, len(v))
	for i := range v {
		if v[i] != zero {
			out[i] = &v[i]
		}
	}
	return out
}

// values makes empty bytes nil.
func (c *Column) values() [][]byte {
	out := make([][]byte, len(c.blobs))
	for i, b := range c.blobs {
		if len(b) > 0 {
			out[i] = b
		}
	}
	return out
}

// unnested is a batch as a table k, and how each of its columns is read there. A
// value that is the same for all rows travels once.
type unnested struct {
	from string   // FROM item
	refs []string // per column
	args []any
}

func unnest(cols []Column, n int) unnested {
	var u unnested
	var arrays, as []string
	for i := range cols {
		c := &cols[i]
		kind := elements[c.kind]
		if c.same {
			u.refs = append(u.refs, "?::"+kind)
			continue
		}
		name := fmt.Sprintf("c%d", i)
		arrays, as = append(arrays, "?::"+kind+"[]"), append(as, name)
		u.refs = append(u.refs, "k."+name)
	}
	if len(arrays) == 0 {
		u.from = "generate_series(1, ?::bigint) AS k"
		u.args = []any{int64(n)}
		return u
	}
	u.from = "unnest(" + strings.Join(arrays, ", ") + ") AS k (" + strings.Join(as, ", ") + ")"
	for i := range cols {
		if !cols[i].same {
			u.args = append(u.args, cols[i].array())
		}
	}
	return u
}

// sames are the arguments of the columns that travel once.
func sames(cols []Column) []any {
	var out []any
	for i := range cols {
		if cols[i].same {
			out = append(out, cols[i].value(0))
		}
	}
	return out
}

// manyRows is the number of rows from which it is looked at whether values are alike.
// In fewer they may be so by chance, and each chance is a statement of its own that has
// to be prepared.
const manyRows = 16

// alikeOnce has columns travel once whose values are all alike: unnest takes its time
// for each column, and of the rows of one moment most columns are alike.
func alikeOnce(cols []Column, n int) []Column {
	if n > 1 && n < manyRows {
		return cols
	}
	out := slices.Clone(cols)
	for i := range out {
		out[i].same = out[i].constant(0, n)
	}
	return out
}

func postgresInsert(tx *Tx, table string, cols []Column, n int) error {
	return postgresInsertAnd(tx, table, cols, n, "")
}

func postgresAbsent(tx *Tx, table string, key []string, _ string, cols []Column, n int) error {
	return postgresInsertAnd(tx, table, cols, n, " ON CONFLICT ("+strings.Join(key, ", ")+") DO NOTHING")
}

func postgresInsertAnd(tx *Tx, table string, cols []Column, n int, suffix string) error {
	cols = alikeOnce(cols, n)
	u := unnest(cols, n)
	_, err := tx.exec("INSERT INTO "+table+" ("+names(cols)+") SELECT "+strings.Join(u.refs, ", ")+" FROM "+u.from+suffix,
		append(sames(cols), u.args...)...)
	return err
}

func postgresUpdate(tx *Tx, table string, key, set []Column, n int) (int64, error) {
	s := postgresUpdateAll(table, key, set, n)
	return tx.exec(s.query, s.args...)
}

func postgresUpdateAll(table string, key, set []Column, n int) statement {
	set = alikeOnce(set, n)
	all := append(append([]Column(nil), set...), spread(key)...)
	u := unnest(all, n)
	var assign, match []string
	for i, c := range all {
		if i < len(set) {
			assign = append(assign, c.Name+" = "+u.refs[i])
		} else {
			match = append(match, "t."+c.Name+" = "+u.refs[i])
		}
	}
	return statement{
		"UPDATE " + table + " AS t SET " + strings.Join(assign, ", ") + " FROM " + u.from + " WHERE " + strings.Join(match, " AND "),
		append(sames(set), u.args...),
	}
}

// spread writes the values of a key out for every row. Were one a constant, the
// planner of a young table would expect few rows of it and compare each of them
// with each of ours.
func spread(key []Column) []Column {
	out := make([]Column, len(key))
	for i, c := range key {
		if out[i] = c; c.same {
			c.same = false
			out[i] = c.pick(make([]int, c.rows))
		}
	}
	return out
}

// postgresKeys matches table t with the tuples of a key.
func postgresKeys(key []Column, n int) (from, match string, args []any) {
	u := unnest(spread(key), n)
	on := make([]string, len(key))
	for i, c := range key {
		on[i] = "t." + c.Name + " = " + u.refs[i]
	}
	return u.from, strings.Join(on, " AND "), u.args
}

func postgresLookup(_ *Tx, table string, cols []string, key []Column, n int, lock bool) (statement, error) {
	from, match, args := postgresKeys(key, n)
	order := make([]string, len(key))
	for i, c := range key {
		order[i] = "t." + c.Name
	}
	query := "SELECT " + prefixed("t.", cols) + " FROM " + from + " JOIN " + table + " AS t ON " + match +
		" ORDER BY " + strings.Join(order, ", ")
	if lock {
		query += " FOR UPDATE OF t"
	}
	return statement{query, args}, nil
}

func postgresDelete(_ *Tx, table string, key []Column, n int) (statement, error) {
	from, match, args := postgresKeys(key, n)
	return statement{"DELETE FROM " + table + " AS t USING " + from + " WHERE " + match, args}, nil
}
