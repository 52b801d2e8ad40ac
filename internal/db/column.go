package db

import (
	"bytes"
	"cmp"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"creditmsg/internal/fault"
)

// kind is the sort of values that a column of a batch holds.
type kind uint8

const (
	ints  kind = iota // any integer type, money.Amount and Time among them
	texts             // any string type
	blobs             // any byte slice type; nil is NULL
	ids               // any [16]byte type
	bools
)

// Column is one column of a columnar batch: a name and one value per row. Only
// the slice of its kind is set.
type Column struct {
	Name string

	kind  kind
	rows  int
	same  bool // one value stands for all rows
	opt   bool // the zero value is stored as NULL
	ints  []int64
	texts []string
	blobs [][]byte
	ids   [][16]byte
	bools []bool
}

// Col is a column with the values v. A nil []byte is stored as NULL; every
// other value is stored as it is.
func Col[T ~int64 | ~int32 | ~int | ~string | ~bool | ~[]byte | ~[16]byte](name string, v []T) Column {
	return column(name, v)
}

// Opt is a column whose zero values (0, "", a zero id, nil or empty bytes) are
// stored as NULL. Maybe reads them back.
func Opt[T ~int64 | ~int32 | ~int | ~string | ~[]byte | ~[16]byte](name string, v []T) Column {
	c := column(name, v)
	c.opt = true
	return c
}

// Same is a column with one value for all n rows.
func Same[T ~int64 | ~int32 | ~int | ~string | ~bool | ~[]byte | ~[16]byte](name string, v T, n int) Column {
	c := column(name, []T{v})
	c.same, c.rows = true, n
	return c
}

// column tells the kind apart. The values are looked at under their plain type,
// not copied: a named type has the same layout. Only int and int32 are widened.
func column[T any](name string, v []T) Column {
	c := Column{Name: name, rows: len(v)}
	switch t := reflect.TypeFor[T](); t.Kind() {
	case reflect.Int64:
		c.kind, c.ints = ints, recast[int64](v)
	case reflect.Int32:
		c.kind, c.ints = ints, widen(recast[int32](v))
	case reflect.Int:
		c.kind, c.ints = ints, widen(recast[int](v))
	case reflect.String:
		c.kind, c.texts = texts, recast[string](v)
	case reflect.Bool:
		c.kind, c.bools = bools, recast[bool](v)
	case reflect.Slice:
		c.kind, c.blobs = blobs, recast[[]byte](v)
	default:
		c.kind, c.ids = ids, recast[[16]byte](v)
	}
	return c
}

// recast views a slice of a named type as one of its underlying type U.
func recast[U, T any](v []T) []U {
	return unsafe.Slice((*U)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}

func widen[I int | int32](v []I) []int64 {
	out := make([]int64, len(v))
	for i, n := range v {
		out[i] = int64(n)
	}
	return out
}

// slot is the index of row i in the slice that is set.
func (c *Column) slot(i int) int {
	if c.same {
		return 0
	}
	return i
}

// null reports whether row i is stored as NULL.
func (c *Column) null(i int) bool {
	i = c.slot(i)
	switch c.kind {
	case ints:
		return c.opt && c.ints[i] == 0
	case texts:
		return c.opt && c.texts[i] == ""
	case blobs:
		return c.blobs[i] == nil || c.opt && len(c.blobs[i]) == 0
	case ids:
		return c.opt && c.ids[i] == [16]byte{}
	}
	return false
}

// value is what a driver binds for row i.
func (c *Column) value(i int) any {
	if c.null(i) {
		return nil
	}
	i = c.slot(i)
	switch c.kind {
	case ints:
		return c.ints[i]
	case texts:
		return c.texts[i]
	case blobs:
		return c.blobs[i]
	case ids:
		return c.ids[i][:]
	}
	return c.bools[i]
}

// size is about how many bytes row i takes on the wire.
func (c *Column) size(i int) int {
	i = c.slot(i)
	switch c.kind {
	case texts:
		return len(c.texts[i])
	case blobs:
		return len(c.blobs[i])
	case ids:
		return 16
	}
	return 8
}

// compare orders two rows of the column as a binary collation does.
func (c *Column) compare(i, j int) int {
	if c.same {
		return 0
	}
	switch c.kind {
	case ints:
		return cmp.Compare(c.ints[i], c.ints[j])
	case texts:
		return strings.Compare(c.texts[i], c.texts[j])
	case blobs:
		return bytes.Compare(c.blobs[i], c.blobs[j])
	case ids:
		return bytes.Compare(c.ids[i][:], c.ids[j][:])
	}
	switch {
	case c.bools[i] == c.bools[j]:
		return 0
	case c.bools[j]:
		return -1
	}
	return 1
}

// constant reports whether rows [from, to) are all stored as one value.
func (c *Column) constant(from, to int) bool {
	if c.same {
		return true
	}
	for i := from + 1; i < to; i++ {
		if c.compare(from, i) != 0 || c.null(from) != c.null(i) {
			return false
		}
	}
	return true
}

// pick gives a copy with only these rows, in this order.
func (c *Column) pick(rows []int) Column {
	out := *c
	out.rows = len(rows)
	if c.same {
		return out
	}
	switch c.kind {
	case ints:
		out.ints = pick(c.ints, rows)
	case texts:
		out.texts = pick(c.texts, rows)
	case blobs:
		out.blobs = pick(c.blobs, rows)
	case ids:
		out.ids = pick(c.ids, rows)
	case bools:
		out.bools = pick(c.bools, rows)
	}
	return out
}

func pick[T any](v []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = v[r]
	}
	return out
}

// height is the number of rows that all columns agree on.
func height(table string, cols []Column) (int, error) {
	if len(cols) == 0 {
		return 0, fault.New(fault.Internal, fault.CodeInternal, "table %s: a batch needs a column", table)
	}
	for _, c := range cols[1:] {
		if c.rows != cols[0].rows {
			return 0, fault.New(fault.Internal, fault.CodeInternal,
				"table %s: column %s has %d rows, column %s has %d", table, c.Name, c.rows, cols[0].Name, cols[0].rows)
		}
	}
	return cols[0].rows, nil
}

// Null reads a column that may be NULL; V is its value when Valid.
type Null[T any] = sql.Null[T]

// Maybe scans into dst, making NULL the zero value: the reading side of Opt.
func Maybe[T any](dst *T) sql.Scanner { return maybe[T]{dst} }

type maybe[T any] struct{ dst *T }

// Scan implements sql.Scanner.
func (m maybe[T]) Scan(src any) error {
	var n sql.Null[T]
	if err := n.Scan(src); err != nil {
		return err
	}
	*m.dst = n.V
	return nil
}

// Collect scans all rows with scan and closes them. It takes the two results of
// a query, so that the two calls nest.
func Collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) (out []T, rerr error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("scan row %d: %w", len(out), err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	return out, nil
}
