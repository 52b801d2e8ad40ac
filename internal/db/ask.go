package db

import (
	"database/sql"
	"fmt"
)

// Question is a Lookup that is asked together with others.
type Question struct {
	Table string
	Cols  []string
	Key   []Column
	Lock  bool                  // as LookupForUpdate does
	Row   func(*sql.Rows) error // is called for each row
}

// Gather makes a Question's Row that adds what scan gives to out.
func Gather[T any](out *[]T, scan func(*sql.Rows) (T, error)) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		v, err := scan(rows)
		*out = append(*out, v)
		return err
	}
}

// Ask answers questions in their order, each as if it were asked after those before it,
// and in one round trip where the engine has a way to do so. One about no keys is not asked.
func (tx *Tx) Ask(list ...Question) error {
	if err := tx.asksLater(); err != nil {
		return err
	}
	var asked []Question
	for _, q := range list {
		n, err := height(q.Table, q.Key)
		if err != nil {
			return q.wrong(tx.fail(err))
		}
		if n > 0 {
			asked = append(asked, q)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	if tx.d.eng.send == nil {
		return tx.askEach(asked)
	}
	return tx.askAll(asked)
}

func (tx *Tx) askEach(list []Question) error {
	for _, q := range list {
		rows, err := tx.seek(q.Table, q.Cols, q.Key, q.Lock)
		if _, err = Collect(rows, err, q.scan); err != nil {
			return q.wrong(tx.fail(err))
		}
	}
	return nil
}

func (tx *Tx) askAll(list []Question) error {
	asked := make([]statement, len(list))
	for i, q := range list {
		s, err := tx.sought(q.Table, q.Cols, q.Key, q.Lock)
		if err != nil {
			return err
		}
		if s.args, err = tx.ready(s.args); err != nil {
			return err
		}
		asked[i] = statement{tx.d.bind(s.query), s.args}
	}
	ctx, waited := tx.bring(asked[1:]...)
	rows, err := tx.conn.QueryContext(ctx, asked[0].query, asked[0].args...)
	if tx.rows = rows; err != nil {
		return list[0].wrong(tx.sent(waited, err))
	}
	defer rows.Close()
	for i, q := range list {
		if i > 0 && !rows.NextResultSet() {
			return q.wrong(tx.fail(rows.Err()))
		}
		if err := q.read(rows); err != nil {
			return q.wrong(tx.fail(err))
		}
	}
	return tx.fail(rows.Close())
}

// read scans one answer.
func (q *Question) read(rows *sql.Rows) error {
	for rows.Next() {
		if err := q.Row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (q *Question) scan(rows *sql.Rows) (struct{}, error) { return struct{}{}, q.Row(rows) }

func (q *Question) wrong(err error) error { return fmt.Errorf("look up in %s: %w", q.Table, err) }

// Expect makes sure that each tuple of the columns has a row, which is ErrStale
// otherwise. A closure that expects something knows at its Rerun that it may be so.
func (tx *Tx) Expect(table string, cols ...Column) error {
	n, err := height(table, cols)
	if err != nil || n == 0 {
		return tx.fail(err)
	}
	cols, n = unique(cols, n)
	s, err := tx.d.eng.lookup(tx, table, []string{cols[0].Name}, cols, n, false)
	if err != nil {
		return err
	}
	args, err := tx.ready(s.args)
	if err != nil {
		return err
	}
	if tx.hold(s.query, args) {
		tx.meant(int64(n), "expect %d rows of %s", n, table)
		return nil
	}
	rows, err := tx.query(s.query, args...)
	found, err := Collect(rows, err, func(*sql.Rows) (struct{}, error) { return struct{}{}, nil })
	if err == nil && len(found) != n {
		err = tx.fail(fmt.Errorf("%d were there: %w", len(found), ErrStale))
	}
	if err != nil {
		return fmt.Errorf("expect %d rows of %s: %w", n, table, err)
	}
	return nil
}
