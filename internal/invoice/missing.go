package invoice

import (
	"context"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
)

// missing walks the legs that the account carried in the month, and notes those that were
// delivered and stand neither on this invoice nor on one of a month beside it.
func (j *run) missing(ctx context.Context) error {
	var waiting []delivery.Reference
	err := j.eachCall(ctx, j.from, j.until, func(ctx context.Context, page []delivery.Handed) error {
		for _, call := range page {
			waiting = append(waiting, call.Legs...)
		}
		for len(waiting) >= matchRows {
			if err := j.missingOf(ctx, waiting[:matchRows]); err != nil {
				return err
			}
			waiting = append(waiting[:0], waiting[matchRows:]...)
		}
		return nil
	})
	if err == nil {
		err = j.missingOf(ctx, waiting)
	}
	if err != nil {
		return err
	}
	return j.note(ctx, nil, true)
}

func (j *run) missingOf(ctx context.Context, refs []delivery.Reference) error {
	var found []Difference
	err := j.d.View(ctx, "invoice_missing", func(tx *db.Tx) error {
		found = nil
		known, err := j.legs(tx, refs)
		if err != nil {
			return err
		}
		var arrived []leg
		for _, ref := range refs {
			if l, ok := known[ref.String()]; ok && l.Arrived() && l.Account == j.account {
				arrived = append(arrived, l)
			}
		}
		keys := pick(arrived, func(l leg) id.ID { return legKey(l.String()) })
		billed := make(map[id.ID]bool, len(keys))
		err = j.lookLegs(tx, append([]id.ID{j.id}, j.beside...), keys, func(invoice, leg id.ID, _ int, bills bool) {
			billed[leg] = billed[leg] || invoice == j.id || bills
		})
		if err != nil {
			return err
		}
		for i, l := range arrived {
			if !billed[keys[i]] {
				found = append(found, j.terms.missing(l))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return j.note(ctx, found, false)
}
