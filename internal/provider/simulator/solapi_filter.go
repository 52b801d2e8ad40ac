package simulator

import (
	"iter"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/korea"
)

const (
	limitUsual = 20
	limitMost  = 500
)

// condition is one filter of a list: field op value.
type condition struct {
	field, op string
	values    []string
}

// fieldOf reads one field of a thing as text; false = it has no such field.
type fieldOf func(field string) (string, bool)

var operators = []string{"eq", "ne", "like", "gte", "lte", "gt", "lt", "in"}

// conditions reads the three spellings of filters: plain (to=…), operators
// (to[like]=…) and parallel lists (criteria=to&cond=eq&value=…); messageIds and
// startDate, endDate with dateType are short for conditions. fields are those that
// may be asked for.
func conditions(q url.Values, fields ...string) ([]condition, error) {
	var found []condition
	for _, key := range slices.Sorted(maps.Keys(q)) {
		field, op, bracket := strings.Cut(key, "[")
		op = strings.TrimSuffix(op, "]")
		if field == "messageIds" {
			field, bracket = "messageId", false
		}
		if _, err := strconv.Atoi(op); !bracket || err == nil || op == "" {
			op = "in"
		}
		if !slices.Contains(fields, field) {
			continue
		}
		if !slices.Contains(operators, op) {
			return nil, invalid("알 수 없는 조건입니다: " + key)
		}
		found = add(found, condition{field, op, q[key]})
	}
	listed, err := parallel(q, fields)
	if err != nil {
		return nil, err
	}
	ranged, err := dateRange(q)
	if err != nil {
		return nil, err
	}
	return append(append(found, listed...), ranged...), nil
}

// parallel reads criteria, cond and value.
func parallel(q url.Values, fields []string) ([]condition, error) {
	if q.Get("criteria") == "" {
		return nil, nil
	}
	criteria, conds, values := strings.Split(q.Get("criteria"), ","), strings.Split(q.Get("cond"), ","), strings.Split(q.Get("value"), ",")
	if len(criteria) != len(conds) || len(criteria) != len(values) {
		return nil, invalid("criteria, cond, value의 개수가 같아야 합니다.")
	}
	var found []condition
	for i, field := range criteria {
		if !slices.Contains(fields, field) || !slices.Contains(operators, conds[i]) {
			return nil, invalid("알 수 없는 조건입니다: " + field + " " + conds[i])
		}
		op := conds[i]
		if op == "eq" {
			op = "in" // an SDK asks for several ids as messageId,messageId with eq,eq
		}
		found = add(found, condition{field, op, []string{values[i]}})
	}
	return found, nil
}

// add appends c; values of one field to be in become one condition.
func add(conditions []condition, c condition) []condition {
	if c.op != "in" {
		return append(conditions, c)
	}
	var values []string
	for _, v := range c.values {
		values = append(values, strings.Split(v, ",")...)
	}
	for i := range conditions {
		if conditions[i].op == "in" && conditions[i].field == c.field {
			conditions[i].values = append(conditions[i].values, values...)
			return conditions
		}
	}
	return append(conditions, condition{c.field, "in", values})
}

// dateRange reads startDate and endDate.
func dateRange(q url.Values) ([]condition, error) {
	field := "dateCreated"
	switch q.Get("dateType") {
	case "", "CREATED":
	case "UPDATED":
		field = "dateUpdated"
	default:
		return nil, invalid("dateType은 CREATED 또는 UPDATED입니다.")
	}
	var found []condition
	for key, op := range map[string]string{"startDate": "gte", "endDate": "lte"} {
		if value := q.Get(key); value != "" {
			if _, ok := instant(value); !ok {
				return nil, invalid(key + "의 형식이 올바르지 않습니다.")
			}
			found = append(found, condition{field, op, []string{value}})
		}
	}
	return found, nil
}

// instant reads a date filter; without an offset it is Korean time.
func instant(text string) (time.Time, bool) {
	// A plus sign of an offset that a client did not escape arrives as a space.
	text = strings.ReplaceAll(text, " ", "+")
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(form, text, korea.Seoul); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// holds says whether a thing meets the condition.
func (c condition) holds(get fieldOf) bool {
	have, ok := get(c.field)
	if !ok {
		return false
	}
	switch c.op {
	case "in", "eq":
		return slices.ContainsFunc(c.values, func(v string) bool { return compare(have, v) == 0 })
	case "ne":
		return compare(have, c.values[0]) != 0
	case "like":
		return strings.Contains(have, strings.Trim(c.values[0], "%"))
	}
	order := compare(have, c.values[0])
	switch c.op {
	case "gt":
		return order > 0
	case "gte":
		return order >= 0
	case "lt":
		return order < 0
	}
	return order <= 0
}

// compare orders two values: instants by time, anything else as text.
func compare(have, want string) int {
	if len(have) == len(stampForm) {
		a, okA := instant(have)
		b, okB := instant(want)
		if okA && okB {
			return a.Compare(b)
		}
	}
	return strings.Compare(have, want)
}

// all says whether a thing meets every condition.
func all(conditions []condition, get fieldOf) bool {
	return !slices.ContainsFunc(conditions, func(c condition) bool { return !c.holds(get) })
}

// page is a part of a list.
type page struct {
	start *string // the key it begins at, as asked
	next  *string // the key of the next one; nil = finished
	limit int
}

// paging reads startKey and limit.
func paging(q url.Values) (page, error) {
	p := page{limit: limitUsual}
	if key := q.Get("startKey"); key != "" {
		p.start = &key
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return p, invalid("limit은 1 이상의 정수입니다.")
		}
		p.limit = min(n, limitMost)
	}
	return p, nil
}

// cut takes the page out of things, which begin at its start key already when
// started is true.
func cut[T any](p *page, things iter.Seq[T], started bool, key func(T) string) []T {
	shown := []T{}
	for thing := range things {
		if !started && p.start != nil && key(thing) != *p.start {
			continue
		}
		started = true
		if len(shown) == p.limit {
			next := key(thing)
			p.next = &next
			break
		}
		shown = append(shown, thing)
	}
	return shown
}
