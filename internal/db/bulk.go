package db

import (
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"creditmsg/internal/fault"
)

// InsertMany inserts one row per position of the columns, all equally long; no
// rows are no statement. A unique key that is taken is a *Duplicate.
func (tx *Tx) InsertMany(table string, cols ...Column) error {
	n, err := tx.batch("InsertMany", table, cols)
	if err != nil || n == 0 {
		return err
	}
	if err := tx.d.eng.insertMany(tx, table, cols, n); err != nil {
		return fmt.Errorf("insert %d rows into %s: %w", n, table, err)
	}
	if tx.holds() {
		tx.meant(-1, "insert %d rows into %s", n, table)
	}
	return nil
}

// InsertAbsent inserts the rows whose unique key is not there yet and passes
// over the others. id is the primary key column. No count is given, because the
// engines count differently: read back with Lookup to see whose row stands.
func (tx *Tx) InsertAbsent(table string, key []string, id string, cols ...Column) error {
	n, err := tx.batch("InsertAbsent", table, cols)
	if err != nil || n == 0 {
		return err
	}
	if err := tx.d.eng.absent(tx, table, key, id, cols, n); err != nil {
		return fmt.Errorf("insert %d absent rows into %s: %w", n, table, err)
	}
	if tx.holds() {
		tx.meant(-1, "insert %d absent rows into %s", n, table)
	}
	return nil
}

// UpdateMany sets, in the row that each tuple of the key columns names, every
// other column. cols include the key columns, no tuple occurs twice. Fewer rows
// there than tuples is ErrStale.
func (tx *Tx) UpdateMany(table string, key []string, cols ...Column) error {
	n, err := tx.batch("UpdateMany", table, cols)
	if err != nil || n == 0 {
		return err
	}
	keys, set, err := split(table, key, cols)
	if err != nil {
		return tx.fail(err)
	}
	if rows, sorted := order(keys, n); len(rows) < n {
		return tx.fail(fault.New(fault.Internal, fault.CodeInternal,
			"update %s: %d rows have only %d keys, %s", table, n, len(rows), names(keys)))
	} else if !sorted {
		keys, set = pickAll(keys, rows), pickAll(set, rows)
	}
	affected, err := tx.d.eng.updateMany(tx, table, keys, set, n)
	if err != nil {
		return fmt.Errorf("update %d rows of %s: %w", n, table, err)
	}
	if tx.holds() {
		tx.meant(int64(n), "update %d rows of %s", n, table)
		return nil
	}
	if affected != int64(n) {
		return tx.fail(fmt.Errorf("update %d rows of %s, %d were there: %w", n, table, affected, ErrStale))
	}
	return nil
}

// DeleteMany deletes the rows whose key columns equal one of the tuples, and
// says how many they were; inside Later nobody knows that yet, and it says 0.
func (tx *Tx) DeleteMany(table string, key ...Column) (int64, error) {
	n, err := tx.batch("DeleteMany", table, key)
	if err != nil || n == 0 {
		return 0, err
	}
	key, n = unique(key, n)
	s, err := tx.d.eng.deleteMany(tx, table, key, n)
	if err != nil {
		return 0, err
	}
	deleted, err := tx.exec(s.query, s.args...)
	if err != nil {
		return 0, fmt.Errorf("delete rows of %s: %w", table, err)
	}
	if tx.holds() {
		tx.meant(-1, "delete %d rows of %s", n, table)
	}
	return deleted, nil
}

// Lookup reads cols of the rows whose key columns equal one of the tuples, each
// row once, ordered by the key. The key should begin an index.
func (tx *Tx) Lookup(table string, cols []string, key ...Column) (*sql.Rows, error) {
	return tx.seek(table, cols, key, false)
}

// LookupForUpdate is Lookup that locks the rows until the transaction ends.
func (tx *Tx) LookupForUpdate(table string, cols []string, key ...Column) (*sql.Rows, error) {
	return tx.seek(table, cols, key, true)
}

func (tx *Tx) seek(table string, cols []string, key []Column, lock bool) (*sql.Rows, error) {
	s, err := tx.sought(table, cols, key, lock)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(s.query, s.args...)
	if err != nil {
		return nil, fmt.Errorf("look up in %s: %w", table, err)
	}
	return rows, nil
}

// sought is a look-up as a statement.
func (tx *Tx) sought(table string, cols []string, key []Column, lock bool) (statement, error) {
	if lock {
		if err := tx.needWrite("LookupForUpdate"); err != nil {
			return statement{}, err
		}
	}
	n, err := height(table, key)
	if err != nil {
		return statement{}, tx.fail(err)
	}
	key, n = unique(key, n)
	return tx.d.eng.lookup(tx, table, cols, key, n, lock)
}

// batch checks what every writing bulk act needs.
func (tx *Tx) batch(act, table string, cols []Column) (int, error) {
	if err := tx.needWrite(act); err != nil {
		return 0, err
	}
	n, err := height(table, cols)
	return n, tx.fail(err)
}

// split parts the key columns, in the order of key, from those that are set.
func split(table string, key []string, cols []Column) (keys, set []Column, err error) {
	for _, k := range key {
		i := slices.IndexFunc(cols, func(c Column) bool { return c.Name == k })
		if i < 0 {
			return nil, nil, fault.New(fault.Internal, fault.CodeInternal, "update %s: there is no key column %s", table, k)
		}
		keys = append(keys, cols[i])
	}
	for _, c := range cols {
		if !slices.Contains(key, c.Name) {
			set = append(set, c)
		}
	}
	if len(keys) == 0 || len(set) == 0 {
		return nil, nil, fault.New(fault.Internal, fault.CodeInternal, "update %s: it needs a key and a column to set", table)
	}
	return keys, set, nil
}

// unique sorts the tuples of a key and drops repeated ones.
func unique(key []Column, n int) ([]Column, int) {
	rows, sorted := order(key, n)
	if sorted {
		return key, n
	}
	return pickAll(key, rows), len(rows)
}

// order gives the rows in the order of their key, repeated keys left out, and
// whether they stand so already. Everybody who looks up, updates or deletes by
// key does it in this order, and so takes locks in one order.
func order(key []Column, n int) (rows []int, sorted bool) {
	compare := func(i, j int) int {
		for k := range key {
			if c := key[k].compare(i, j); c != 0 {
				return c
			}
		}
		return 0
	}
	rows, sorted = make([]int, n), true
	for i := range rows {
		rows[i] = i
		sorted = sorted && (i == 0 || compare(i-1, i) < 0)
	}
	if !sorted {
		slices.SortFunc(rows, compare)
		rows = slices.CompactFunc(rows, func(i, j int) bool { return compare(i, j) == 0 })
	}
	return rows, sorted
}

// pickAll gives copies of the columns with only these rows.
func pickAll(cols []Column, rows []int) []Column {
	out := make([]Column, len(cols))
	for i := range cols {
		out[i] = cols[i].pick(rows)
	}
	return out
}

// flat lists the values of rows [from, to) as one statement binds them.
func flat(cols []Column, from, to int) []any {
	args := make([]any, 0, len(cols)*(to-from))
	for i := from; i < to; i++ {
		for k := range cols {
			args = append(args, cols[k].value(i))
		}
	}
	return args
}

// tuples writes the tuples of a key as a JSON array of arrays, ids and bytes in
// hexadecimal: one argument of one prepared statement for any number of keys.
func tuples(key []Column, n int) string {
	out := make([]byte, 0, n*len(key)*24)
	out = append(out, '[')
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '[')
		for k := range key {
			if k > 0 {
				out = append(out, ',')
			}
			out = key[k].appendJSON(out, i)
		}
		out = append(out, ']')
	}
	return string(append(out, ']'))
}

func (c *Column) appendJSON(out []byte, i int) []byte {
	if c.null(i) {
		return append(out, "null"...)
	}
	i = c.slot(i)
	switch c.kind {
	case ints:
		return strconv.AppendInt(out, c.ints[i], 10)
	case texts:
		return appendText(out, c.texts[i])
	case blobs:
		return appendHex(out, c.blobs[i])
	case ids:
		return appendHex(out, c.ids[i][:])
	}
	if c.bools[i] {
		return append(out, '1')
	}
	return append(out, '0')
}

const hexDigits = "0123456789ABCDEF"

func appendHex(out, b []byte) []byte {
	out = append(out, '"')
	for _, x := range b {
		out = append(out, hexDigits[x>>4], hexDigits[x&15])
	}
	return append(out, '"')
}

// appendText escapes only what JSON demands, so that the text arrives as it is.
func appendText(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch b := s[i]; {
		case b == '"' || b == '\\':
			out = append(out, '\\', b)
		case b < ' ':
			out = append(out, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		default:
			out = append(out, b)
		}
	}
	return append(out, '"')
}
