package idem

import (
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Put claims keys for work that this transaction does. The answers are in the
// order of records: one that does not exist is ours now, and its reply stands
// from the commit on; for any other the work was done before, or is about to be
// committed by a transaction that Put waited for. Of two equal keys among the
// records the first is put and the second finds it.
func Put(tx *db.Tx, records ...Record) ([]Found, error) {
	first := map[slot]int{} // the record that speaks for its slot
	var want []*row
	for i, r := range records {
		s := r.Key.slot()
		if _, taken := first[s]; !taken {
			first[s] = i
			want = append(want, r.row(s, tx.Now))
		}
	}
	slices.SortFunc(want, func(a, b *row) int { return a.slot.compare(b.slot) })
	stands, err := put(tx, want)
	if err != nil {
		return nil, fmt.Errorf("put %d idempotency keys: %w", len(records), err)
	}
	mine := make(map[slot]id.ID, len(want))
	for _, r := range want {
		mine[r.slot] = r.id
	}
	out := make([]Found, len(records))
	for i, r := range records {
		s := r.Key.slot()
		if first[s] != i || stands[s].id != mine[s] {
			out[i] = stands[s].found(r.Key)
		}
	}
	return out, nil
}

func (r Record) row(s slot, now db.Time) *row {
	v := &row{slot: s, id: id.New(), fingerprint: r.Key.Fingerprint[:], reply: r.Reply}
	if r.Keep > 0 {
		v.expires = now.Add(r.Keep)
	}
	return v
}

// put gives the row that stands in each slot. A row may vanish between two
// statements when Sweep takes it; the slot is then tried again.
func put(tx *db.Tx, want []*row) (map[slot]*row, error) {
	stands := make(map[slot]*row, len(want))
	for round := 0; len(want) > 0; round++ {
		if round == 10 {
			return nil, db.ErrStale
		}
		if err := tx.InsertAbsent("idem", []string{"site_id", "digest"}, "id", rowColumns(want)...); err != nil {
			return nil, err
		}
		there, err := collect(tx.Lookup("idem", columns, slotColumns(slots(want))...))
		if err != nil {
			return nil, err
		}
		var over, again []*row
		for _, w := range want {
			switch r := there[w.slot]; {
			case r == nil:
				again = append(again, w)
			case r.id != w.id && r.over(tx.Now):
				over = append(over, w)
			default:
				stands[w.slot] = r
			}
		}
		gone, err := takeOver(tx, over, stands)
		if err != nil {
			return nil, err
		}
		want = append(again, gone...)
		slices.SortFunc(want, func(a, b *row) int { return a.slot.compare(b.slot) })
	}
	return stands, nil
}

// takeOver puts rows in the place of rows whose time is over, unless somebody
// else was faster; it gives those whose slot is empty now.
func takeOver(tx *db.Tx, want []*row, stands map[slot]*row) (gone []*row, err error) {
	if len(want) == 0 {
		return nil, nil
	}
	there, err := collect(tx.LookupForUpdate("idem", columns, slotColumns(slots(want))...))
	if err != nil {
		return nil, err
	}
	var write []*row
	for _, w := range want {
		switch r := there[w.slot]; {
		case r == nil:
			gone = append(gone, w)
		case r.over(tx.Now):
			stands[w.slot] = w
			write = append(write, w)
		default:
			stands[w.slot] = r
		}
	}
	if len(write) == 0 {
		return gone, nil
	}
	return gone, tx.UpdateMany("idem", []string{"site_id", "digest"}, append(rowColumns(write), tags(write))...)
}

func tags(rows []*row) db.Column {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.reply.Tag
	}
	return db.Col("tag", out)
}

func slots(rows []*row) []slot {
	out := make([]slot, len(rows))
	for i, r := range rows {
		out[i] = r.slot
	}
	return out
}

func rowColumns(rows []*row) []db.Column {
	ids, prints := make([]id.ID, len(rows)), make([][]byte, len(rows))
	status, bodies, expires := make([]int, len(rows)), make([][]byte, len(rows)), make([]int64, len(rows))
	for i, r := range rows {
		ids[i], prints[i], status[i], bodies[i], expires[i] = r.id, r.fingerprint, r.reply.Status, r.reply.Body, int64(r.expires)
	}
	return append(slotColumns(slots(rows)), db.Col("id", ids), db.Col("fingerprint", prints),
		db.Col("status", status), db.Col("body", bodies), db.Col("expires_at", expires))
}

// SetReply fills in the replies of keys that this transaction put. Of two equal
// keys the first counts, as in Put.
func SetReply(tx *db.Tx, records ...Record) error {
	var rows []*row
	for _, r := range records {
		rows = append(rows, &row{slot: r.Key.slot(), reply: r.Reply})
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return a.slot.compare(b.slot) })
	rows = slices.CompactFunc(rows, func(a, b *row) bool { return a.slot == b.slot })
	if len(rows) == 0 {
		return nil
	}
	status, bodies := make([]int, len(rows)), make([][]byte, len(rows))
	for i, r := range rows {
		status[i], bodies[i] = r.reply.Status, r.reply.Body
	}
	cols := append(slotColumns(slots(rows)), db.Col("status", status), db.Col("body", bodies))
	if slices.ContainsFunc(rows, func(r *row) bool { return r.reply.Tag != "" }) { // few replies have one
		cols = append(cols, tags(rows))
	}
	if err := tx.UpdateMany("idem", []string{"site_id", "digest"}, cols...); err != nil {
		return fmt.Errorf("set the replies of %d idempotency keys: %w", len(rows), err)
	}
	return nil
}
