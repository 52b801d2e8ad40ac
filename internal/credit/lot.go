package credit

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"strconv"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
)

// The kinds of lots: bonus is consumed before paid.
const (
	paidLot  = "paid"
	bonusLot = "bonus"
)

// lot is credit that came together: one payment, bonus, refund or positive
// adjustment. opened = remaining + held + spent + expired + cancelled, always.
type lot struct {
	site                                       string
	seq                                        int64 // of the entry that opened it; older is smaller
	kind                                       string
	opened                                     money.Amount
	expires                                    db.Time // 0 = never
	remaining, held, spent, expired, cancelled money.Amount
	fresh, dirty                               bool // to be inserted, to be updated
}

// live says whether the lot can still change: only live lots are read.
func (l *lot) live() bool { return l.remaining > 0 || l.held > 0 }

// over says whether the lot has expired at a time.
func (l *lot) over(at db.Time) bool { return l.expires != 0 && l.expires <= at }

// digest covers what never changes of the lot.
func (l *lot) digest() []byte {
	b := append([]byte("lot\n"), l.kind...)
	b = appendExact(append(b, '\n'), l.opened)
	b = append(b, '\n')
	if l.expires != 0 {
		b = strconv.AppendInt(b, int64(l.expires), 10)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// consumption orders lots as they are taken from: bonus before paid, nearest
// expiry first, then oldest.
func consumption(a, b *lot) int {
	if a.kind != b.kind {
		return cmp.Compare(a.kind, b.kind) // "bonus" < "paid"
	}
	// Never is the farthest expiry: as an unsigned number 0-1 is the largest.
	if c := cmp.Compare(uint64(a.expires)-1, uint64(b.expires)-1); c != 0 {
		return c
	}
	return cmp.Compare(a.seq, b.seq)
}

var lotColumns = []string{"site_id", "seq", "kind", "opened", "expires_at", "remaining", "held", "spent", "expired", "cancelled"}

// fields are where lotColumns are scanned into.
func (l *lot) fields() []any {
	return []any{&l.site, &l.seq, &l.kind, &l.opened, &l.expires, &l.remaining, &l.held, &l.spent, &l.expired, &l.cancelled}
}

func scanLot(rows *sql.Rows) (*lot, error) {
	var l lot
	return &l, rows.Scan(l.fields()...)
}

// writeLots inserts the fresh lots and updates the changed ones.
func writeLots(tx *db.Tx, lots []*lot) error {
	var fresh, dirty []*lot
	for _, l := range lots {
		switch {
		case l.fresh:
			fresh = append(fresh, l)
		case l.dirty:
			dirty = append(dirty, l)
		}
	}
	if len(fresh) > 0 {
		cols := append(changing(fresh),
			db.Col("kind", each(fresh, func(l **lot) string { return (*l).kind })),
			db.Col("opened", each(fresh, func(l **lot) money.Amount { return (*l).opened })),
			db.Col("expires_at", each(fresh, func(l **lot) db.Time { return (*l).expires })))
		if err := tx.InsertMany("lot", cols...); err != nil {
			return err
		}
	}
	if len(dirty) == 0 {
		return nil
	}
	return tx.UpdateMany("lot", []string{"site_id", "seq"}, changing(dirty)...)
}

// changing lists the key and what changes of lots.
func changing(lots []*lot) []db.Column {
	amounts := func(name string, of func(*lot) money.Amount) db.Column {
		return db.Col(name, each(lots, func(l **lot) money.Amount { return of(*l) }))
	}
	return []db.Column{
		db.Col("site_id", each(lots, func(l **lot) string { return (*l).site })),
		db.Col("seq", each(lots, func(l **lot) int64 { return (*l).seq })),
		amounts("remaining", func(l *lot) money.Amount { return l.remaining }),
		amounts("held", func(l *lot) money.Amount { return l.held }),
		amounts("spent", func(l *lot) money.Amount { return l.spent }),
		amounts("expired", func(l *lot) money.Amount { return l.expired }),
		amounts("cancelled", func(l *lot) money.Amount { return l.cancelled }),
		db.Col("live", each(lots, func(l **lot) bool { return (*l).live() })),
	}
}
