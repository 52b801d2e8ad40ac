package invoice

import (
	"context"
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
)

// match compares every line, chunk by chunk in the order of the file.
func (j *run) match(ctx context.Context) error {
	if err := j.neighbours(ctx); err != nil {
		return err
	}
	for after := 0; ; {
		var page []line
		var found []Difference
		err := j.d.View(ctx, "invoice_match", func(tx *db.Tx) (err error) {
			found = nil
			if page, err = linesAfter(tx, j.id, after, matchRows); err != nil {
				return err
			}
			known, err := j.legsOf(tx, page)
			if err != nil {
				return err
			}
			elsewhere, err := j.twinsOf(tx, page)
			if err != nil {
				return err
			}
			for _, l := range page {
				var of *leg
				if k, ok := known[l.Ref]; ok {
					of = &k
				}
				found = append(found, compare(j.terms, l, of, elsewhere[legKey(l.Ref)])...)
			}
			return nil
		})
		if err == nil {
			err = j.note(ctx, found, len(page) < matchRows)
		}
		if err != nil || len(page) < matchRows {
			return err
		}
		after = page[len(page)-1].No
	}
}

// neighbours finds the account's invoices of the months around: a leg that was handed over
// at the turn of a month may stand on either.
func (j *run) neighbours(ctx context.Context) error {
	return j.d.View(ctx, "invoice_neighbours", func(tx *db.Tx) error {
		first := j.from.Time().In(korea.Seoul)
		rows, err := tx.Query(`SELECT id FROM invoice WHERE provider = ? AND kst_month IN (?, ?) AND state = 'ready' ORDER BY id`,
			j.account, korea.Month(first.AddDate(0, -1, 0)), korea.Month(first.AddDate(0, 1, 0)))
		j.beside, err = db.Collect(rows, err, func(r *sql.Rows) (d id.ID, err error) { return d, r.Scan(&d) })
		if err != nil {
			return fmt.Errorf("find invoices of the months around: %w", err)
		}
		return nil
	})
}

// legsOf reads the legs that lines are about, by reference. A recipient who is in a call
// for the first time has no row yet: his leg is open.
func (j *run) legsOf(tx *db.Tx, page []line) (map[string]leg, error) {
	refs := make([]delivery.Reference, 0, len(page))
	for _, l := range page {
		if ref, err := delivery.ReadReference(l.Ref); err == nil {
			refs = append(refs, ref)
		}
	}
	return j.legs(tx, refs)
}

func (j *run) legs(tx *db.Tx, refs []delivery.Reference) (map[string]leg, error) {
	out := make(map[string]leg, len(refs))
	if len(refs) == 0 {
		return out, nil
	}
	messages, rows, err := j.messages.ReadPlaces(tx, pick(refs, func(r delivery.Reference) message.Place { return r.Place }))
	if err != nil {
		return nil, err
	}
	born := make(map[message.Place]message.Recipient, len(rows))
	for _, r := range rows {
		born[r.Place] = r
	}
	for _, ref := range refs {
		r, ok := born[ref.Place]
		if ok {
			if l, was := delivery.LegOf(r, ref); was {
				out[ref.String()] = l
			}
			continue
		}
		m := messages[ref.Key]
		if m != nil && int64(ref.Seq) < m.Accepted && !m.State.Final() && ref.Step == 1 && ref.Try == 1 {
			out[ref.String()] = leg{Reference: ref, End: Open, Channel: m.Classes[0].Steps[0].Channel}
		}
	}
	return out, nil
}

// twinsOf says of the legs of these lines which line speaks for each, the first that bills
// it or else the first, and which line of an earlier invoice bills it.
func (j *run) twinsOf(tx *db.Tx, page []line) (map[id.ID]twins, error) {
	var legs []id.ID
	for _, l := range page {
		if l.Ref != "" {
			legs = append(legs, legKey(l.Ref))
		}
	}
	out, billed := make(map[id.ID]twins, len(legs)), make(map[id.ID]bool, len(legs))
	err := j.lookLegs(tx, append([]id.ID{j.id}, j.beside...), legs, func(invoice, leg id.ID, no int, bills bool) {
		t := out[leg]
		switch {
		case invoice == j.id:
			if t.decides == 0 || bills && !billed[leg] || bills == billed[leg] && no < t.decides {
				t.decides, billed[leg] = no, bills
			}
		case bills && earlier(invoice, j.id) && t.earlier.line == 0:
			t.earlier = twin{invoice, no}
		}
		out[leg] = t
	})
	return out, err
}

// earlier reports whether an invoice was imported before another: ids rise with time.
func earlier(a, b id.ID) bool { return string(a[:]) < string(b[:]) }

// lookLegs visits the lines of invoices that are about legs.
func (j *run) lookLegs(tx *db.Tx, invoices, legs []id.ID, visit func(invoice, leg id.ID, no int, billed bool)) error {
	if len(legs) == 0 {
		return nil
	}
	for _, invoice := range invoices {
		rows, err := tx.Lookup("invoice_line", []string{"leg", "no", "billed"}, db.Same("invoice_id", invoice, len(legs)), db.Col("leg", legs))
		_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
			var leg id.ID
			var no int
			var billed bool
			if err = r.Scan(&leg, &no, &billed); err == nil {
				visit(invoice, leg, no, billed)
			}
			return none, err
		})
		if err != nil {
			return fmt.Errorf("find lines of legs: %w", err)
		}
	}
	return nil
}
