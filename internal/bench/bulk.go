package bench

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
)

// bulk writes many rows of recipients as an engine does it fastest.
type bulk interface {
	// insert adds the recipients from ≤ seq < to of one message, as they are when they
	// were handed over.
	insert(ctx context.Context, s session, from, to int64) error
	// update gives these recipients their outcome, each its own time of the report.
	update(ctx context.Context, s session, seqs []int64) error
}

// set gives the row with one column changed for good.
func (r *row) set(name string, value any) *row {
	own := *r
	own.values = r.with(name, value)
	return &own
}

func (r *row) value(name string) any { return r.values[slices.Index(r.names, name)] }

// sealed stands for a number's 16 sealed bytes.
func sealed(seq int64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8, 16), uint64(seq)) }

// arrayBulk sends columns as arrays that unnest turns into rows: PostgreSQL. Columns
// that are equal for all rows travel once.
type arrayBulk struct{ pattern *row }

func (b arrayBulk) insert(ctx context.Context, s session, from, to int64) error {
	var args []any
	selects := make([]string, len(b.pattern.names))
	for i, name := range b.pattern.names {
		switch name {
		case "seq", "mobile":
			selects[i] = "k." + name
		case "state":
			selects[i] = "'sent'"
		case "reported_at":
			selects[i] = "0"
		default:
			selects[i], args = "?", append(args, b.pattern.values[i])
		}
	}
	seqs, mobiles := make([]int64, 0, to-from), make([][]byte, 0, to-from)
	for seq := from; seq < to; seq++ {
		seqs, mobiles = append(seqs, seq), append(mobiles, sealed(seq))
	}
	_, err := s.do(ctx, "INSERT INTO bare_recipient ("+strings.Join(b.pattern.names, ", ")+") SELECT "+strings.Join(selects, ", ")+
		" FROM unnest(?::bigint[], ?::bytea[]) AS k (seq, mobile)", append(args, seqs, mobiles)...)
	return err
}

func (b arrayBulk) update(ctx context.Context, s session, seqs []int64) error {
	times := make([]int64, len(seqs))
	for i, seq := range seqs {
		times[i] = 1 + seq
	}
	_, err := s.do(ctx, "UPDATE bare_recipient AS t SET state = k.state, reported_at = k.at FROM"+
		" (SELECT ?::text AS site, ?::uuid AS message, 'delivered' AS state, seq, at FROM unnest(?::bigint[], ?::bigint[]) AS a (seq, at)) AS k"+
		" WHERE t.site_id = k.site AND t.message_id = k.message AND t.seq = k.seq",
		b.pattern.value("site_id"), b.pattern.value("message_id"), seqs, times)
	return err
}

// listBulk inserts a hundred rows with one prepared statement and updates as many with
// the engine's own form: SQLite and MySQL. A rest smaller than that is written row by row.
type listBulk struct {
	pattern *row
	// some is the text that updates n rows; each binds reported_at and seq, and after
	// all of them come site and message.
	some func(n int) string
}

const listed = 100

func (b listBulk) insert(ctx context.Context, s session, from, to int64) error {
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(b.pattern.names)), ", ") + ")"
	head, _, _ := strings.Cut(b.pattern.insert, " VALUES ")
	for n := int64(listed); from < to; from += n {
		if to-from < n {
			n = 1
		}
		var args []any
		for seq := from; seq < from+n; seq++ {
			args = append(args, b.pattern.with("seq", seq, "mobile", sealed(seq), "state", "sent", "reported_at", int64(0))...)
		}
		if _, err := s.do(ctx, head+" VALUES "+strings.TrimSuffix(strings.Repeat(marks+", ", int(n)), ", "), args...); err != nil {
			return err
		}
	}
	return nil
}

func (b listBulk) update(ctx context.Context, s session, seqs []int64) error {
	for n := listed; len(seqs) > 0; seqs = seqs[n:] {
		if len(seqs) < n {
			n = 1
		}
		args := make([]any, 0, 2*n+2)
		for _, seq := range seqs[:n] {
			args = append(args, 1+seq, seq)
		}
		if _, err := s.do(ctx, b.some(n), append(args, b.pattern.value("site_id"), b.pattern.value("message_id"))...); err != nil {
			return err
		}
	}
	return nil
}
