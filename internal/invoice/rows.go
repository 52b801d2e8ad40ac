package invoice

import (
	"context"
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// linesAfter reads lines in the order of the file. Numbers stay sealed.
func linesAfter(tx *db.Tx, invoice id.ID, after, limit int) ([]line, error) {
	rows, err := tx.Query(`SELECT no, ref, upstream_id, channel, outcome, code, price, billed, sent_at FROM invoice_line
		WHERE invoice_id = ? AND no > ? ORDER BY no LIMIT ?`, invoice, after, limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (l line, err error) {
		return l, r.Scan(&l.No, db.Maybe(&l.Ref), db.Maybe(&l.Upstream), &l.Channel, &l.Outcome, &l.Code, &l.Price, &l.Billed, &l.Sent)
	})
	if err != nil {
		return nil, fmt.Errorf("read lines of an invoice: %w", err)
	}
	return list, nil
}

// note adds differences to those that wait to be written, and writes them when they are
// many, or all.
func (j *run) note(ctx context.Context, found []Difference, all bool) error {
	for _, d := range found {
		j.n++
		d.N = j.n
		j.pending = append(j.pending, d)
		if err := j.sum(d); err != nil {
			return err
		}
	}
	for len(j.pending) >= storeRows || all && len(j.pending) > 0 {
		n := min(len(j.pending), storeRows)
		err := j.step(ctx, "invoice_differ", func(tx *db.Tx) error { return insertDifferences(tx, j.id, j.pending[:n]) })
		if err != nil {
			return err
		}
		j.pending = append(j.pending[:0], j.pending[n:]...)
	}
	return nil
}

// sum adds a difference to its kind's tally.
func (j *run) sum(d Difference) (err error) {
	t := j.tally[d.Kind]
	if t == nil {
		t = &KindSum{Kind: d.Kind}
		j.tally[d.Kind] = t
	}
	t.Count++
	if t.Refund, err = t.Refund.Plus(d.Refund); err == nil {
		t.Claim, err = t.Claim.Plus(d.Claim)
	}
	return err
}

func insertDifferences(tx *db.Tx, invoice id.ID, list []Difference) error {
	n := len(list)
	text := func(name string, of func(Difference) string) db.Column { return db.Col(name, pick(list, of)) }
	amount := func(name string, of func(Difference) money.Amount) db.Column { return db.Col(name, pick(list, of)) }
	err := tx.InsertMany("invoice_difference", db.Same("invoice_id", invoice, n), db.Col("n", pick(list, func(d Difference) int64 { return d.N })),
		text("kind", func(d Difference) string { return string(d.Kind) }),
		db.Col("no", pick(list, func(d Difference) int { return d.Line })), db.Col("twin_no", pick(list, func(d Difference) int { return d.Twin })),
		db.Opt("twin_id", pick(list, func(d Difference) id.ID { return d.twinID })),
		db.Opt("ref", pick(list, func(d Difference) string { return d.Reference })), db.Opt("leg", pick(list, func(d Difference) id.ID { return d.leg })),
		text("site_id", func(d Difference) string { return d.site }), db.Opt("message_id", pick(list, func(d Difference) id.ID { return d.message })),
		db.Opt("upstream_id", pick(list, func(d Difference) string { return d.UpstreamID })),
		text("ours", func(d Difference) string { return string(d.Ours) }), text("channel", func(d Difference) string { return d.Channel }),
		text("theirs", func(d Difference) string { return string(d.Theirs) }), text("their_channel", func(d Difference) string { return d.TheirChannel }),
		text("code", func(d Difference) string { return d.Code }),
		amount("charged", func(d Difference) money.Amount { return d.Charged }), amount("billed", func(d Difference) money.Amount { return d.Billed }),
		amount("agreed", func(d Difference) money.Amount { return d.Agreed }), amount("refund", func(d Difference) money.Amount { return d.Refund }),
		amount("claim", func(d Difference) money.Amount { return d.Claim }), db.Col("sent_at", pick(list, func(d Difference) db.Time { return d.sent })),
		db.Same("posted_at", db.Time(0), n))
	if err != nil {
		return fmt.Errorf("write differences: %w", err)
	}
	return nil
}

const differenceColumns = `n, kind, no, twin_no, twin_id, ref, leg, site_id, message_id, upstream_id, ours, channel, theirs, their_channel, code,
	charged, billed, agreed, refund, claim, sent_at, posted_at`

func scanDifference(r *sql.Rows) (d Difference, err error) {
	var posted db.Time
	err = r.Scan(&d.N, &d.Kind, &d.Line, &d.Twin, &d.twinID, db.Maybe(&d.Reference), &d.leg, &d.site, &d.message, db.Maybe(&d.UpstreamID),
		&d.Ours, &d.Channel, &d.Theirs, &d.TheirChannel, &d.Code, &d.Charged, &d.Billed, &d.Agreed, &d.Refund, &d.Claim, &d.sent, &posted)
	d.Korean, d.English, d.Posted = d.Kind.Korean(), d.Kind.English(), posted != 0
	if !d.twinID.IsZero() {
		d.TwinInvoice = d.twinID.Text(id.Invoice)
	}
	return d, err
}

// Differences reads differences of an invoice in their order, those after one; kind "" =
// every kind.
func Differences(tx *db.Tx, invoice id.ID, kind Kind, after int64, limit int) ([]Difference, error) {
	query, args := `SELECT `+differenceColumns+` FROM invoice_difference WHERE invoice_id = ? AND n > ?`, []any{invoice, after}
	if kind != "" {
		query, args = query+` AND kind = ?`, append(args, string(kind))
	}
	rows, err := tx.Query(query+` ORDER BY n LIMIT ?`, append(args, limit)...)
	list, err := db.Collect(rows, err, scanDifference)
	if err != nil {
		return nil, fmt.Errorf("read differences: %w", err)
	}
	return list, nil
}
