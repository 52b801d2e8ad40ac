package invoice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// NumberKey names the installation's key that numbers of lines are sealed with.
const NumberKey = "invoice"

const (
	storeRows = 1_000  // rows that one transaction writes
	clearRows = 10_000 // rows that one deletes
	matchRows = 2_000  // lines or legs that are compared at a time
)

// clear deletes what an earlier import of the file left.
func (j *run) clear(ctx context.Context) error {
	for _, table := range []struct{ most, drop string }{
		{`SELECT MAX(no) FROM invoice_line WHERE invoice_id = ?`, `DELETE FROM invoice_line WHERE invoice_id = ? AND no > ?`},
		{`SELECT MAX(n) FROM invoice_difference WHERE invoice_id = ?`, `DELETE FROM invoice_difference WHERE invoice_id = ? AND n > ?`},
	} {
		for last := int64(1); last > 0; {
			err := j.step(ctx, "invoice_clear", func(tx *db.Tx) error {
				var most sql.NullInt64
				if err := tx.QueryRow(table.most, j.id).Scan(&most); err != nil {
					return fmt.Errorf("clear invoice: %w", err)
				}
				if last = max(most.Int64-clearRows, 0); most.Int64 == 0 {
					return nil
				}
				_, err := tx.Exec(table.drop, j.id, last)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// store reads the file once more and writes its lines.
func (j *run) store(ctx context.Context, file io.ReadSeeker) error {
	r, err := j.open(file)
	if err != nil {
		return err
	}
	chunk := make([]line, 0, storeRows)
	for end := false; !end; {
		l, bad, err := r.next()
		end = errors.Is(err, io.EOF)
		switch {
		case len(bad) > 0:
			return fault.New(fault.Conflict, fault.CodeStateConflict, "the file changed while it was read; import it again")
		case err != nil && !end:
			return err
		case !end:
			if err := j.count(l); err != nil {
				return err
			}
			chunk = append(chunk, l)
		}
		if len(chunk) == storeRows || end && len(chunk) > 0 {
			if err := j.step(ctx, "invoice_store", func(tx *db.Tx) error { return j.insert(tx, chunk) }); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	return j.step(ctx, "invoice_stored", func(tx *db.Tx) error {
		return tx.UpdateMany("invoice", []string{"id"}, db.Col("id", []id.ID{j.id}), db.Same("state", string(Comparing), 1),
			db.Same("line_count", j.lines, 1), db.Same("billed_count", j.billed, 1), db.Same("amount", j.amount, 1))
	})
}

// count adds a line to the totals.
func (j *run) count(l line) (err error) {
	j.lines++
	j.calls = j.calls || l.Ref == "" && l.Call != ""
	if l.Billed {
		j.billed++
	}
	if j.amount, err = j.amount.Plus(j.bill(l)); err != nil {
		return fault.Check("/lines/"+fmt.Sprint(l.No), "the prices add up to more than can be counted")
	}
	return nil
}

func (j *run) insert(tx *db.Tx, chunk []line) error {
	key, err := j.keys.Installation(tx, NumberKey)
	if err != nil {
		return err
	}
	n := len(chunk)
	legs, calls, sealed := make([]id.ID, n), make([]id.ID, n), make([][]byte, n)
	for i, l := range chunk {
		if l.Ref != "" {
			legs[i] = legKey(l.Ref)
		} else if l.Call != "" {
			calls[i] = callKey(l.Call)
		}
		if mobile, ok := l.To.Mobile(); ok {
			block := key.SealNumber(j.id, uint32(l.No), mobile)
			sealed[i] = block[:]
		}
	}
	err = tx.InsertMany("invoice_line", db.Same("invoice_id", j.id, n), db.Col("no", pick(chunk, func(l line) int { return l.No })),
		db.Opt("leg", legs), db.Opt("ref", pick(chunk, func(l line) string { return l.Ref })),
		db.Opt("call_key", calls), db.Opt("call_id", pick(chunk, func(l line) string { return l.Call })),
		db.Opt("upstream_id", pick(chunk, func(l line) string { return l.Upstream })), db.Opt("mobile", sealed),
		db.Col("channel", pick(chunk, func(l line) string { return l.Channel })), db.Col("outcome", pick(chunk, func(l line) string { return string(l.Outcome) })),
		db.Col("code", pick(chunk, func(l line) string { return l.Code })), db.Col("price", pick(chunk, func(l line) money.Amount { return l.Price })),
		db.Col("billed", pick(chunk, func(l line) bool { return l.Billed })),
		db.Col("sent_at", pick(chunk, func(l line) db.Time { return l.Sent })), db.Col("reported_at", pick(chunk, func(l line) db.Time { return l.Reported })))
	if err != nil {
		return fmt.Errorf("store lines of an invoice: %w", err)
	}
	return nil
}

// pick makes one column's values.
func pick[T, V any](list []T, value func(T) V) []V {
	out := make([]V, len(list))
	for i, v := range list {
		out[i] = value(v)
	}
	return out
}

// scanInto makes a scan of one row into these places.
func scanInto(into ...any) func(*sql.Rows) (struct{}, error) {
	return func(r *sql.Rows) (struct{}, error) { return struct{}{}, r.Scan(into...) }
}
