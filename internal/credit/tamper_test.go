package credit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// sort of a stored column, which says how it can be falsified.
type sort uint8

const (
	number sort = iota
	word
	text
	blob
	uid
	boolean
)

// row is a stored row by column; NULL is nil.
type row map[string]any

// where is the clause that finds the row by its table's key.
func (r row) where(key []string) (string, []any) {
	parts, args := []string{}, []any{}
	for _, k := range key {
		parts, args = append(parts, k+" = ?"), append(args, r[k])
	}
	return strings.Join(parts, " AND "), args
}

// richBook writes at least one row of every sort: all kinds of top-up with and
// without note, key, ref and expiry, holds over several lots, holds of nothing,
// settlements over several channels, free ones too, and a release into an
// expired lot. The site other shares its tables.
func richBook(t *testing.T, d *db.DB) *world {
	w := newWorld(t, d)
	w.now = noon
	for _, name := range []string{"demo", "other"} {
		w.site(name)
		w.add(TopUp{Site: name, Kind: Payment, Amount: 1000 * won, Note: "카드 결제", Ref: "pay_1", Key: "first"})
		w.add(TopUp{Site: name, Kind: Bonus, Amount: 100 * won, ExpiresAt: noon + 1000})
		w.add(TopUp{Site: name, Kind: Adjustment, Amount: 50 * won, Note: "sorry", Ref: "ticket 7"})
		a, b, c, free := id.New(), id.New(), id.New(), id.New()
		w.reserve(
			Hold{Site: name, Message: a, Amount: 180 * won, Classes: []byte("alimtalk 9,sms 18")},
			Hold{Site: name, Message: b, Amount: 36 * won, Classes: []byte("sms 18")},
			Hold{Site: name, Message: c, Amount: 18 * won, Classes: []byte("alimtalk 0,sms 18")},
			Hold{Site: name, Message: free, Classes: []byte("alimtalk 0")},
			Hold{Site: name, Message: id.New()},
		)
		w.add(TopUp{Site: name, Kind: Adjustment, Amount: -20 * won, Note: "too much", Key: "minus"})
		w.now += 2000
		w.settle(
			Settlement{Site: name, Message: a, Delivered: []Delivered{delivered(provider.Alimtalk, 3, 9*won), delivered(provider.SMS, 2, 18*won)}, Released: 100 * won},
			Settlement{Site: name, Message: c, Delivered: []Delivered{delivered(provider.Alimtalk, 1, 0)}, Released: 18 * won},
			Settlement{Site: name, Message: free, Delivered: []Delivered{delivered(provider.Alimtalk, 2, 0)}},
		)
		w.settle(Settlement{Site: name, Message: a, Delivered: []Delivered{delivered(provider.LMS, 0, 0), delivered(provider.SMS, 0, 0)}, Released: 5 * won})
		for _, u := range w.usages(name, a)[:2] {
			for i, part := range []money.Amount{9 * won, 1 + won} {
				w.do(func(tx *db.Tx) error {
					_, _, err := w.l.Refund(tx, bySMS(RefundRequest{Site: name, Usage: u.ID, Amount: part, Reason: "늦은 도착", Key: []string{"", "refund " + u.Channel.String()}[i]}))
					return err
				})
			}
		}
		w.add(TopUp{Site: name, Kind: Adjustment, Amount: -900 * won})
		// A cancellation that the gateway refuses leaves all as it was.
		w.do(func(tx *db.Tx) error {
			back := PaymentBack{Site: name, Lot: 1, Bonus: 2, Amount: 10 * won, Ref: "pay_1"}
			taken, err := w.l.TakeBack(tx, back)
			_, again := w.l.Restore(tx, back, taken)
			return errors.Join(err, again)
		})
		// The payment is taken back when some of it was spent, and credit that comes later repays.
		w.do(func(tx *db.Tx) error {
			_, err := w.l.TakeBack(tx, PaymentBack{Site: name, Lot: 1, Bonus: 2, Amount: 1000 * won, Ref: "pay_1", Gone: true})
			return err
		})
		w.add(TopUp{Site: name, Kind: Payment, Amount: 5 * won})
		w.now -= 2000
	}
	w.proven()
	if w.account("demo").Owed == 0 {
		t.Fatal("the site owes nothing, so nothing of that is tried")
	}
	return w
}

// rowsOf reads all rows of a table that belong to the site demo.
func rowsOf(tx *db.Tx, table string, cols []stored) ([]row, error) {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.name
	}
	rows, err := tx.Query(`SELECT ` + strings.Join(names, ", ") + ` FROM ` + table + ` WHERE site_id = 'demo' ORDER BY site_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		r, dst := row{}, make([]any, len(cols))
		for i, c := range cols {
			switch c.sort {
			case number:
				dst[i] = new(db.Null[int64])
			case word, text:
				dst[i] = new(db.Null[string])
			case blob:
				dst[i] = new([]byte)
			case uid:
				dst[i] = new(id.ID)
			case boolean:
				dst[i] = new(bool)
			}
		}
		if err := rows.Scan(dst...); err != nil {
			return nil, err
		}
		for i, c := range cols {
			r[c.name] = plainValue(dst[i])
		}
		if r["classes"] == nil { // not every driver tells empty bytes from NULL
			r["classes"] = []byte{}
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func plainValue(v any) any {
	switch v := v.(type) {
	case *db.Null[int64]:
		if v.Valid {
			return v.V
		}
	case *db.Null[string]:
		if v.Valid {
			return v.V
		}
	case *[]byte:
		if *v != nil {
			return *v
		}
	case *id.ID:
		if !v.IsZero() {
			return *v
		}
	case *bool:
		return *v
	}
	return nil
}

// falsified lists other values that somebody may have put into a column. Every
// byte of a long value is changed where every is set, else one that depends on n.
func falsified(s sort, v any, n int, every bool) (out []any) {
	at := func(length int) []int {
		if every {
			return slices.Collect(func(yield func(int) bool) {
				for i := range length {
					if !yield(i) {
						return
					}
				}
			})
		}
		return []int{n % length}
	}
	switch v := v.(type) {
	case nil:
		switch s {
		case number:
			return []any{int64(0), int64(1)}
		case blob:
			return []any{[]byte{}, []byte{0}, bytes.Repeat([]byte{7}, 32)}
		case uid:
			return []any{id.New()}
		default:
			return []any{"", "x", "1:1.0000"}
		}
	case int64:
		return []any{v + 1, v - 1, v + 10_000*10_000, nil}
	case bool:
		return []any{!v, nil}
	case string:
		out = []any{v + "x", "", nil}
		if v == "" {
			return out
		}
		for _, i := range at(len(v)) {
			out = append(out, v[:i]+string(rune(v[i]^1))+v[i+1:])
		}
		if s == word {
			out = append(out, "bonus", "expire", "available", "paid", "sms", "other")
		}
	case []byte:
		out = []any{append(bytes.Clone(v), 0), nil}
		if len(v) == 0 {
			return out
		}
		out = append(out, v[1:], []byte{})
		for _, i := range at(len(v)) {
			changed := bytes.Clone(v)
			changed[i] ^= 1 << (n % 8)
			out = append(out, changed)
		}
	case id.ID:
		out = []any{nil}
		for _, i := range at(len(v)) {
			changed := v
			changed[i] ^= 1 << (n % 8)
			out = append(out, changed)
		}
	}
	return out
}

func same(a, b any) bool {
	if x, ok := a.([]byte); ok {
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	}
	return a == b
}

// called is what Prove calls a row.
func called(table string, r row) string {
	switch table {
	case "entry", "lot":
		return fmt.Sprintf("%s %d", table, r["seq"])
	case "reservation":
		return reservationRow(idOf(r["message_id"]))
	case "credit_refund":
		return refundRow(idOf(r["id"]))
	case "credit_usage":
		return "usage " + idOf(r["id"]).Text(id.Usage)
	case "credit_head":
		return headRow(fmt.Sprint(r["kst_day"]))
	case "credit_carry":
		channel, _ := provider.ParseChannel(fmt.Sprint(r["channel"]))
		return carryRow(&carry{month: fmt.Sprint(r["kst_month"]), message: idOf(r["message_id"]), channel: channel})
	}
	return table
}

func idOf(v any) id.ID {
	d, _ := v.(id.ID)
	return d
}

// names reports whether a proof names one of the rows.
func anyNamed(broken []Broken, rows ...string) bool {
	return slices.ContainsFunc(broken, func(b Broken) bool { return slices.Contains(rows, b.Row) })
}

func TestEveryChangedByteIsNamedByRow(t *testing.T) { changeEveryByte(t, richBook, tables) }

// changeEveryByte changes the rows of tables in a book, one value after the other.
func changeEveryByte(t *testing.T, book func(*testing.T, *db.DB) *world, tables []provenTable) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := book(t, d)
		tried := 0
		for _, table := range tables {
			var rows []row
			w.view(func(tx *db.Tx) (err error) { rows, err = rowsOf(tx, table.name, table.cols); return err })
			seen := map[string]int{}
			for n, r := range rows {
				for _, c := range table.cols {
					// Of each column one present value is changed in every byte.
					every := r[c.name] != nil && seen[c.name] == 0
					if every {
						seen[c.name]++
					}
					for _, v := range falsified(c.sort, r[c.name], n, every) {
						if same(v, r[c.name]) || unprovable(table.name, c.name, r) {
							continue
						}
						tried++
						w.falsify(table.name, table.key, c, r, v)
					}
				}
			}
		}
		t.Logf("%d falsified values", tried)
	})
}

// unprovable are the values of a usage that moved no money, which only the
// recipients can tell: TestOutcomesProveWhatNoEntryTells.
func unprovable(table, column string, r row) bool {
	if table != "credit_usage" || r["unit_cost"] != int64(0) {
		return false
	}
	return column == "quantity" || r["seq"] == int64(0)
}

// falsify changes one value, proves, and takes the change back.
func (w *world) falsify(table string, key []string, c stored, r row, v any) {
	w.t.Helper()
	where, args := r.where(key)
	var broken []Broken
	impossible := false
	err := w.undone(func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE `+table+` SET `+c.name+` = ? WHERE `+where, append([]any{v}, args...)...)
		if impossible = err != nil; impossible {
			return err
		}
		if n != 1 {
			return fmt.Errorf("%d rows changed, want 1", n)
		}
		broken, err = w.proveIn(tx, 2)
		return err
	})
	if impossible && (v == nil || duplicate(err)) {
		return // the schema does not let it in
	}
	changed := row{}
	for k, old := range r {
		changed[k] = old
	}
	changed[c.name] = v
	before, after, last := called(table, r), called(table, changed), w.account("demo").Seq
	switch {
	case err != nil:
		w.t.Errorf("%s: %s = %v instead of %v: %v", before, c.name, v, r[c.name], err)
	case !anyNamed(broken, before, after):
		w.t.Errorf("%s: %s = %v instead of %v is not named: %v", before, c.name, v, r[c.name], broken)
	}
	for _, b := range broken {
		var seq int64
		n, _ := fmt.Sscanf(b.Row, "entry %d", &seq)
		if table == "entry" && n == 1 && b.Site == "demo" && seq <= last && b.Row != before && b.Row != after {
			w.t.Errorf("%s: %s = %v instead of %v: the innocent %s is named too: %s", before, c.name, v, r[c.name], b.Row, b.Detail)
		}
	}
}
