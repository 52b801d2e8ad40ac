package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"creditmsg/internal/fault"
)

// sqliteEngine keeps everything in one file. One connection writes, so writers
// queue in this process before they meet the file's lock; readers have a pool
// and see committed rows through the write-ahead log.
func sqliteEngine(text string) (engine, error) {
	path := strings.TrimPrefix(strings.TrimPrefix(text, "sqlite:"), "//")
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.Contains(path, "?") {
		return engine{}, errURL(fault.Word(" (sqlite needs the path of a file, without parameters)"))
	}
	return engine{
		name:       "sqlite",
		place:      path,
		begin:      []string{"BEGIN IMMEDIATE"},
		snapshot:   []string{"BEGIN DEFERRED"},
		clock:      "SELECT CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
		types:      sqliteTypes,
		classify:   sqliteClass,
		commit:     plainCommit,
		insertMany: sqliteInsert,
		absent:     sqliteAbsent,
		updateMany: sqliteUpdate,
		lookup:     sqliteLookup,
		deleteMany: sqliteDelete,
		tableSuffix: func(o map[string]string) string {
			if _, ok := o["narrow"]; ok {
				return "WITHOUT ROWID"
			}
			return ""
		},
		open: func(ctx context.Context, o Options) (write, read *sql.DB, err error) {
			return sqliteOpen(ctx, path, o)
		},
	}, nil
}

var sqliteTypes = map[string]string{
	"id": "BLOB", "time": "INTEGER", "amount": "INTEGER", "int": "INTEGER", "bool": "INTEGER",
	"word": "TEXT", "text": "TEXT", "bytes": "BLOB",
}

// sqliteOpen makes the folder and the file, readable by its owner alone, and the two pools.
func sqliteOpen(ctx context.Context, path string, o Options) (write, read *sql.DB, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("make its folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("make its file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, nil, fmt.Errorf("make its file: %w", err)
	}
	if write, err = sqlitePool(path, 1); err != nil {
		return nil, nil, err
	}
	// The first connection switches the file to the write-ahead log, alone.
	if err := write.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	if read, err = sqlitePool(path, o.Readers, "query_only(1)"); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return write, read, nil
}

func sqlitePool(path string, size int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", busyWait.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-32000)", "temp_store(MEMORY)",
	}, pragmas...)}
	name := (&url.URL{Path: path}).EscapedPath()
	c, err := sqlite.NewConnector("file:" + name + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(preparing{c})
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

func sqliteClass(err error) class {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return other
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return duplicate
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return again
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return full
	}
	return other
}

// sqliteSteps are the rows that one statement takes: three sizes keep the
// prepared statements few, whatever the size of a batch.
var sqliteSteps = []int{100, 10, 1}

// sqliteVariables is the most that one statement may bind.
const sqliteVariables = 32_766

// stepwise calls do for rows [from, to), with to-from one of the steps.
func stepwise(n, width int, do func(from, to int) error) error {
	from := 0
	for _, step := range sqliteSteps {
		if step*width > sqliteVariables {
			continue
		}
		for ; n-from >= step; from += step {
			if err := do(from, from+step); err != nil {
				return err
			}
		}
	}
	return nil
}

func sqliteInsert(tx *Tx, table string, cols []Column, n int) error {
	return sqliteInsertAnd(tx, table, cols, n, "")
}

func sqliteAbsent(tx *Tx, table string, key []string, _ string, cols []Column, n int) error {
	return sqliteInsertAnd(tx, table, cols, n, " ON CONFLICT ("+strings.Join(key, ", ")+") DO NOTHING")
}

func sqliteInsertAnd(tx *Tx, table string, cols []Column, n int, suffix string) error {
	return stepwise(n, len(cols), func(from, to int) error {
		same, own := alike(cols, from, to)
		if len(same) == 0 || len(own) == 0 {
			_, err := tx.exec("INSERT INTO "+table+" ("+names(cols)+") VALUES "+rowsOf(len(cols), to-from)+suffix, flat(cols, from, to)...)
			return err
		}
		// The WHERE keeps a suffix's ON from being read as a join's.
		_, err := tx.exec("INSERT INTO "+table+" ("+names(own)+", "+names(same)+") SELECT k.*, "+repeat("?", ", ", len(same))+
			" FROM (VALUES "+rowsOf(len(own), to-from)+") AS k WHERE 1"+suffix, append(flat(same, from, from+1), flat(own, from, to)...)...)
		return err
	})
}

// rowsOf is n rows of placeholders.
func rowsOf(width, n int) string {
	return repeat("("+repeat("?", ", ", width)+")", ", ", n)
}

// alike parts the columns that have one value in all rows [from, to) from the others.
// Binding costs as much as storing, and of one message's recipients most columns are
// alike.
func alike(cols []Column, from, to int) (same, own []Column) {
	for _, c := range cols {
		if c.constant(from, to) {
			same = append(same, c)
		} else {
			own = append(own, c)
		}
	}
	return same, own
}

func sqliteUpdate(tx *Tx, table string, key, set []Column, n int) (int64, error) {
	var affected int64
	err := stepwise(n, len(set)+len(key), func(from, to int) error {
		s := statement{updateOne(table, key, set), append(flat(set, from, to), flat(key, from, to)...)}
		if to-from > 1 {
			s = sqliteUpdateSome(table, key, set, from, to)
		}
		m, err := tx.exec(s.query, s.args...)
		affected += m
		return err
	})
	return affected, err
}

// sqliteUpdateSome sets several rows, which have different keys. What they are given
// alike is bound once.
func sqliteUpdateSome(table string, key, set []Column, from, to int) statement {
	same, own := alike(set, from, to)
	assign, args := equals(same), flat(same, from, from+1)
	if sameKey, ownKey := alike(key, from, to); len(own) == 0 && len(ownKey) == 1 {
		match := append(equals(sameKey), ownKey[0].Name+" IN ("+repeat("?", ", ", to-from)+")")
		return statement{
			"UPDATE " + table + " SET " + strings.Join(assign, ", ") + " WHERE " + strings.Join(match, " AND "),
			append(append(args, flat(sameKey, from, from+1)...), flat(ownKey, from, to)...),
		}
	}
	// The keys come whole from the rows: with a part of one at hand, SQLite would read
	// all that the table has of it.
	var match []string
	for i, c := range own {
		assign = append(assign, fmt.Sprintf("%s = k.column%d", c.Name, i+1))
	}
	for i, c := range key {
		match = append(match, fmt.Sprintf("t.%s = k.column%d", c.Name, len(own)+i+1))
	}
	rows := append(own, key...)
	return statement{
		"UPDATE " + table + " AS t SET " + strings.Join(assign, ", ") +
			" FROM (VALUES " + rowsOf(len(rows), to-from) + ") AS k WHERE " + strings.Join(match, " AND "),
		append(args, flat(rows, from, to)...),
	}
}

// updateOne sets one row; it binds the set columns, then the key.
func updateOne(table string, key, set []Column) string {
	return "UPDATE " + table + " SET " + strings.Join(equals(set), ", ") + " WHERE " + strings.Join(equals(key), " AND ")
}

// equals is each column with a placeholder.
func equals(cols []Column) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.Name + " = ?"
	}
	return out
}

// sqliteKeys is the condition that the key is one of the tuples of a JSON argument.
func sqliteKeys(key []Column) string {
	left, right := make([]string, len(key)), make([]string, len(key))
	for i, c := range key {
		left[i] = c.Name
		right[i] = fmt.Sprintf("value ->> %d", i)
		if c.kind == ids || c.kind == blobs {
			right[i] = "unhex(" + right[i] + ")"
		}
	}
	return "(" + strings.Join(left, ", ") + ") IN (SELECT " + strings.Join(right, ", ") + " FROM json_each(?))"
}

func sqliteLookup(_ *Tx, table string, cols []string, key []Column, n int, _ bool) (statement, error) {
	return statement{
		"SELECT " + strings.Join(cols, ", ") + " FROM " + table + " WHERE " + sqliteKeys(key) + " ORDER BY " + names(key),
		[]any{tuples(key, n)},
	}, nil
}

func sqliteDelete(_ *Tx, table string, key []Column, n int) (statement, error) {
	return statement{"DELETE FROM " + table + " WHERE " + sqliteKeys(key), []any{tuples(key, n)}}, nil
}
