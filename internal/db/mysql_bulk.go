package db

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// mysqlRows is the most rows of one statement.
const mysqlRows = 1000

// mysqlChunks calls do for rows [from, to) that stay below the row limit and,
// with every byte escaped, below the server's packet. A row that is larger alone
// is sent alone.
func mysqlChunks(tx *Tx, cols []Column, n, rows int, do func(from, to int) error) error {
	most := min(tx.d.limit, 16<<20) / 2
	for from := 0; from < n; {
		to, bytes := from, 0
		for ; to < n && to-from < rows; to++ {
			size := 0
			for k := range cols {
				size += 2*cols[k].size(to) + 32
			}
			if to > from && bytes+size > most {
				break
			}
			bytes += size
		}
		if err := do(from, to); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func mysqlInsert(tx *Tx, table string, cols []Column, n int) error {
	return mysqlInsertAnd(tx, table, cols, n, "")
}

// mysqlAbsent never uses IGNORE, which would also swallow values that do not fit.
func mysqlAbsent(tx *Tx, table string, _ []string, id string, cols []Column, n int) error {
	return mysqlInsertAnd(tx, table, cols, n, " ON DUPLICATE KEY UPDATE "+id+" = "+id)
}

func mysqlInsertAnd(tx *Tx, table string, cols []Column, n int, suffix string) error {
	row := "(" + repeat("?", ", ", len(cols)) + ")"
	head := "INSERT INTO " + table + " (" + names(cols) + ") VALUES "
	return mysqlChunks(tx, cols, n, mysqlRows, func(from, to int) error {
		_, err := tx.exec(head+repeat(row, ", ", to-from)+suffix, flat(cols, from, to)...)
		return err
	})
}

// mysqlArms is the most rows of an update: each is a SELECT of its own to the server.
const mysqlArms = 250

func mysqlUpdate(tx *Tx, table string, key, set []Column, n int) (int64, error) {
	all := append(append([]Column(nil), set...), key...)
	hint, err := mysqlHint(tx, table, key)
	if err != nil {
		return 0, err
	}
	var affected int64
	err = mysqlChunks(tx, all, n, mysqlArms, func(from, to int) error {
		query := updateOne(table, key, set)
		if to-from > 1 {
			query = mysqlUpdateSome(table, hint, key, set, to-from)
		}
		m, err := tx.exec(query, flat(all, from, to)...)
		affected += m
		return err
	})
	return affected, err
}

// mysqlUpdateSome joins the rows, as a table of their own, with the big table:
// first the rows, then one look-up by key for each.
func mysqlUpdateSome(table, hint string, key, set []Column, n int) string {
	first, row := make([]string, 0, len(set)+len(key)), make([]string, 0, len(set)+len(key))
	var assign, match []string
	for i, c := range set {
		name := fmt.Sprintf("c%d", i)
		first, row = append(first, "? AS "+name), append(row, "?")
		assign = append(assign, "t."+c.Name+" = k."+name)
	}
	for i := range key {
		name := fmt.Sprintf("c%d", len(set)+i)
		first, row = append(first, "? AS "+name), append(row, "?")
		match = append(match, "t."+key[i].Name+" = k."+name)
	}
	derived := "SELECT " + strings.Join(first, ", ") + strings.Repeat(" UNION ALL SELECT "+strings.Join(row, ", "), n-1)
	return "UPDATE (" + derived + ") AS k STRAIGHT_JOIN " + table + " AS t" + hint +
		" ON " + strings.Join(match, " AND ") + " SET " + strings.Join(assign, ", ")
}

// mysqlLongest is how many characters the engine lets a text of such a table have. No key is as
// long, so what is longer is none, however it is cut.
const mysqlLongest = 16383

// mysqlKeys is the tuples of a key as a table k, in their order n, and the
// condition that matches the big table t with it.
func mysqlKeys(key []Column, n int) (table, match string) {
	cols, on := []string{"n FOR ORDINALITY"}, make([]string, len(key))
	for i := range key {
		c := &key[i]
		sort, ref := "BIGINT", fmt.Sprintf("k.c%d", i)
		switch c.kind {
		case ids, blobs:
			sort, ref = fmt.Sprintf("VARCHAR(%d) CHARACTER SET ascii COLLATE ascii_bin", c.longest(n)*2), "UNHEX("+ref+")"
		case texts:
			sort = fmt.Sprintf("VARCHAR(%d) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", min(c.longest(n), mysqlLongest))
		}
		cols = append(cols, fmt.Sprintf("c%d %s PATH '$[%d]'", i, sort, i))
		on[i] = "t." + c.Name + " = " + ref
	}
	return "JSON_TABLE(?, '$[*]' COLUMNS (" + strings.Join(cols, ", ") + ")) AS k", strings.Join(on, " AND ")
}

// longest is the most bytes of a row, at least 64 and in powers of two.
func (c *Column) longest(n int) int {
	most := 64
	for i := range n {
		for c.size(i) > most {
			most *= 2
		}
	}
	return most
}

func mysqlLookup(tx *Tx, table string, cols []string, key []Column, n int, lock bool) (statement, error) {
	hint, err := mysqlHint(tx, table, key)
	if err != nil {
		return statement{}, err
	}
	keys, match := mysqlKeys(key, n)
	// The tuples are sorted, so their number is the order of the key.
	query := "SELECT " + prefixed("t.", cols) + " FROM " + keys + " STRAIGHT_JOIN " + table + " AS t" + hint +
		" ON " + match + " ORDER BY k.n"
	if lock {
		query += tx.d.eng.forUpdate
	}
	return statement{query, []any{tuples(key, n)}}, nil
}

func mysqlDelete(tx *Tx, table string, key []Column, n int) (statement, error) {
	hint, err := mysqlHint(tx, table, key)
	if err != nil {
		return statement{}, err
	}
	keys, match := mysqlKeys(key, n)
	return statement{"DELETE t FROM " + keys + " STRAIGHT_JOIN " + table + " AS t" + hint + " ON " + match, []any{tuples(key, n)}}, nil
}

// index is an index of a table with its columns in order.
type index struct {
	name string
	cols []string
}

// mysqlHint names the index that serves the key best. Left alone, the optimizer
// scans a table that it believes to be small, and the scan locks rows of others.
func mysqlHint(tx *Tx, table string, key []Column) (string, error) {
	known, err := mysqlIndexes(tx, table)
	if err != nil {
		return "", err
	}
	best, most := "", 0
	for _, ix := range known {
		n := 0
		for n < len(ix.cols) && slices.ContainsFunc(key, func(c Column) bool { return c.Name == ix.cols[n] }) {
			n++
		}
		if n > most {
			best, most = ix.name, n
		}
	}
	if best == "" {
		return "", nil
	}
	return " FORCE INDEX (" + best + ")", nil
}

// mysqlIndexes reads the indexes of a table, the primary key first, once per process.
func mysqlIndexes(tx *Tx, table string) ([]index, error) {
	if known, ok := tx.d.keys.Load(table); ok {
		return known.([]index), nil
	}
	var out []index
	rows, err := tx.query(`SELECT index_name, column_name FROM information_schema.statistics
WHERE table_schema = DATABASE() AND table_name = ?
ORDER BY CASE index_name WHEN 'PRIMARY' THEN 0 ELSE 1 END, index_name, seq_in_index`, table)
	_, err = Collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var name, column string
		err := rows.Scan(&name, &column)
		if len(out) == 0 || out[len(out)-1].name != name {
			out = append(out, index{name: name})
		}
		out[len(out)-1].cols = append(out[len(out)-1].cols, column)
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the indexes of %s: %w", table, err)
	}
	if len(out) > 0 {
		tx.d.keys.Store(table, out)
	}
	return out, nil
}
