package console

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// rows are the fields of a form that come as often as somebody wants: NAME.0.FIELD, NAME.1.FIELD and so
// on. Its first field is always sent, so a row is there if that is.
type rows struct {
	name   string
	fields []string
	most   int
}

// Buttons of a form by which its rows are changed; the form is shown again, and nothing is written.
const (
	addField  = "_add"  // NAME: one more row
	dropField = "_drop" // NAME.i: this row goes
	upField   = "_up"   // NAME.i: this row goes before the one before it
)

func (r rows) at(i int, field string) string { return r.name + "." + strconv.Itoa(i) + "." + field }

// in is how many there are in a form.
func (r rows) in(f form) (n int) {
	for n < r.most && f.Has(r.at(n, r.fields[0])) {
		n++
	}
	return n
}

// numbers are their indices, for a page.
func (r rows) numbers(f form) (out []int) {
	for i := range r.in(f) {
		out = append(out, i)
	}
	return out
}

func (r rows) take(f form, i int) map[string][]string {
	out := map[string][]string{}
	for _, field := range r.fields {
		if v, ok := f.Values[r.at(i, field)]; ok {
			out[field] = v
		}
	}
	return out
}

// put replaces all rows.
func (r rows) put(f form, list []map[string][]string) {
	for i := range r.in(f) {
		for _, field := range r.fields {
			f.Del(r.at(i, field))
		}
	}
	for i, one := range list {
		f.Set(r.at(i, r.fields[0]), "")
		for field, v := range one {
			f.Values[r.at(i, field)] = v
		}
	}
}

func (r rows) all(f form) (out []map[string][]string) {
	for i := range r.in(f) {
		out = append(out, r.take(f, i))
	}
	return out
}

// pack leaves out rows in which nothing is, so that their numbers are those of the API's list.
func (r rows) pack(f form) int {
	list := slices.DeleteFunc(r.all(f), func(one map[string][]string) bool {
		for v := range maps.Values(one) {
			if strings.TrimSpace(strings.Join(v, "")) != "" {
				return false
			}
		}
		return true
	})
	r.put(f, list)
	return len(list)
}

// edited does what a button of the form wants done with its rows, and reports whether one was pressed.
func edited(f form, all ...rows) bool {
	add, drop, up := f.Get(addField), f.Get(dropField), f.Get(upField)
	if f.Kept || add+drop+up == "" {
		return false
	}
	for _, button := range []string{addField, dropField, upField} {
		f.Del(button)
	}
	for _, r := range all {
		list := r.all(f)
		switch at, moved := r.index(drop), r.index(up); {
		case add == r.name && len(list) < r.most:
			list = append(list, map[string][]string{})
		case at >= 0 && at < len(list):
			list = slices.Delete(list, at, at+1)
		case moved > 0 && moved < len(list):
			list[moved-1], list[moved] = list[moved], list[moved-1]
		default:
			continue
		}
		r.put(f, list)
	}
	return true
}

// index is the row that NAME.i means; -1 = none of these.
func (r rows) index(text string) int {
	rest, ok := strings.CutPrefix(text, r.name+".")
	if i, err := strconv.Atoi(rest); ok && err == nil {
		return i
	}
	return -1
}
