package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"time"

	"creditmsg/internal/id"
)

// Make runs DDL written with the marks of migration files.
func Make(ctx context.Context, d *DB, text string) error {
	expanded, err := d.eng.expandText([]byte(text))
	if err != nil {
		return err
	}
	_, err = d.write.ExecContext(ctx, string(expanded))
	return err
}

// Pools gives the writing and the reading pool.
func Pools(d *DB) (write, read *sql.DB) { return d.write, d.read }

// SetLocal replaces the local clock.
func SetLocal(d *DB, now func() time.Time) { d.clock.local = now }

// SetLimit replaces the most bytes of a statement.
func SetLimit(d *DB, bytes int) { d.limit = bytes }

// Quiet makes mistakes faults, as they are outside tests, until the returned call.
func Quiet() (back func()) {
	loud = false
	return func() { loud = true }
}

// OnCommit puts hook in the place of the engine's COMMIT, which it is given.
func OnCommit(d *DB, hook func(ctx context.Context, commit func(context.Context) error) error) {
	plain := d.eng.commit
	d.eng.commit = func(ctx context.Context, conn *sql.Conn, list []queued) error {
		return hook(ctx, func(ctx context.Context) error { return plain(ctx, conn, list) })
	}
}

// Marks counts the marks.
func Marks(ctx context.Context, d *DB) (n int, err error) {
	return n, d.read.QueryRowContext(ctx, "SELECT count(*) FROM db_mark").Scan(&n)
}

// ExpandText expands the marks of a migration file for the engine of d.
func ExpandText(d *DB, text string) (string, error) {
	out, err := d.eng.expandText([]byte(text))
	return string(out), err
}

// Files gives the migration files.
func Files() fs.FS { return migrations }

// AwaitQueued waits until n members are queued.
func AwaitQueued[In, Out any](g *Group[In, Out], n int) {
	for {
		g.mu.Lock()
		queued := len(g.queue)
		g.mu.Unlock()
		if queued >= n {
			return
		}
		runtime.Gosched()
	}
}

// Explain gives the engine's plans of Lookup, UpdateMany and DeleteMany of these columns.
func Explain(tx *Tx, table string, key, set []Column) (plans map[string]string, err error) {
	n := key[0].rows
	look, err := tx.d.eng.lookup(tx, table, []string{set[0].Name}, key, n, tx.write)
	if err != nil {
		return nil, err
	}
	del, err := tx.d.eng.deleteMany(tx, table, key, n)
	if err != nil {
		return nil, err
	}
	up := sqliteUpdateSome(table, key, set, 0, n)
	explain := "EXPLAIN QUERY PLAN "
	switch tx.d.eng.name {
	case "postgres":
		up, explain = postgresUpdateAll(table, key, set, n), "EXPLAIN "
	case "mysql":
		hint, err := mysqlHint(tx, table, key)
		if err != nil {
			return nil, err
		}
		up, explain = statement{mysqlUpdateSome(table, hint, key, set, n), flat(append(append([]Column(nil), set...), key...), 0, n)}, "EXPLAIN "
	}
	plans = map[string]string{}
	for name, s := range map[string]statement{"Lookup": look, "DeleteMany": del, "UpdateMany": up} {
		query, args := explain+s.query, s.args
		if tx.d.eng.name == "postgres" {
			// The plan that is kept is made without looking at any values.
			own := "explained_" + id.New().String()
			if _, err := tx.Exec("PREPARE " + own + " AS " + s.query); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			query, args = "EXPLAIN EXECUTE "+own+" ("+repeat("NULL", ", ", len(s.args))+")", nil
		}
		rows, err := tx.Query(query, args...)
		lines, err := Collect(rows, err, line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		plans[name] = strings.Join(lines, "\n")
	}
	return plans, nil
}

func line(rows *sql.Rows) (string, error) {
	cols, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values, into := make([]sql.NullString, len(cols)), make([]any, len(cols))
	for i := range values {
		into[i] = &values[i]
	}
	err = rows.Scan(into...)
	var out []string
	for i, v := range values {
		out = append(out, cols[i]+"="+v.String)
	}
	return strings.Join(out, " "), err
}
