package stat

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
)

// By says what a Row is about: any of these together. Zero is one row of all.
type By uint8

// What figures can be grouped by, in the order of slotColumns.
const (
	BySite By = 1 << iota
	ByDay
	ByChannel
	ByStrategy
	ByProvider
)

// Query says which figures to read.
type Query struct {
	From, Until string // Korean days such as 2026-12-01, both inclusive
	By          By
}

// Row is the figures of one group. What it is not grouped by is empty.
type Row struct {
	Site     string
	Day      string // a Korean day
	Channel  provider.Channel
	Strategy string
	Provider string
	Figures
	Final      int64 // recipients about whom all is known
	Success    Rate  // Delivered of Final without Cancelled
	Fallback   Rate  // FellBack of the same; by channel or provider it compares the legs of one step with the recipients who ended there
	KakaoReach Rate  // of the Alimtalk legs in the group, those that arrived
}

// Read gives the figures of a site, ordered by day, channel, strategy and provider. A
// group is there when something was ever appended to it; the one row of all always is.
// Days that are not dates are an Invalid fault, sums that do not fit an error.
func Read(tx *db.Tx, site string, q Query) ([]Row, error) {
	if site == "" {
		return nil, fault.New(fault.Internal, fault.CodeInternal, "read statistics: of no site; all sites are ReadAll")
	}
	return read(tx, site, "", q)
}

// ReadAll gives the figures of all sites, for the operator: together, or ordered by
// site first with BySite. Sites whose ids are like except, a pattern of SQL, are left out.
func ReadAll(tx *db.Tx, q Query, except string) ([]Row, error) { return read(tx, "", except, q) }

func read(tx *db.Tx, site, except string, q Query) ([]Row, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	query, args := q.statement(site, except)
	answer, err := tx.Query(query, args...)
	parts, err := db.Collect(answer, err, q.scan)
	if err != nil {
		return nil, fmt.Errorf("read statistics: %w", err)
	}
	rows, err := conclude(parts)
	if err != nil {
		return nil, fmt.Errorf("read statistics: %w", err)
	}
	slices.SortFunc(rows, compareRows)
	out := make([]Row, len(rows))
	for i, r := range rows {
		out[i] = *r
	}
	return out, nil
}

func compareRows(a, b *Row) int {
	return cmp.Or(strings.Compare(a.Site, b.Site), strings.Compare(a.Day, b.Day), cmp.Compare(a.Channel, b.Channel),
		strings.Compare(a.Strategy, b.Strategy), strings.Compare(a.Provider, b.Provider))
}

func (q *Query) check() error {
	for _, d := range []struct{ at, day string }{{"from", q.From}, {"until", q.Until}} {
		if _, err := time.Parse(time.DateOnly, d.day); err != nil {
			return fault.Check(d.at, "want a day such as 2026-12-01")
		}
	}
	if q.Until < q.From {
		return fault.Check("until", "must not be before the first day")
	}
	return nil
}

// summed are the sums of each part: the figures, and those of Alimtalk alone.
const summed = `SUM(delivered), SUM(failed), SUM(fell_back), SUM(expired), SUM(cancelled), SUM(cost), SUM(refunded), SUM(upstream), SUM(priced),
	SUM(CASE WHEN channel = 'alimtalk' THEN delivered ELSE 0 END), SUM(CASE WHEN channel = 'alimtalk' THEN failed ELSE 0 END)`

// statement asks both tables at once, since between two statements rows may be folded.
// Each adds up its own rows, so that few of them travel and none is stored in between.
func (q *Query) statement(site, except string) (query string, args []any) {
	where, of := " WHERE kst_day >= ? AND kst_day <= ? AND site_id NOT LIKE ?", []any{q.From, q.Until, except}
	if site != "" {
		where, of = " WHERE site_id = ? AND kst_day >= ? AND kst_day <= ?", []any{site, q.From, q.Until}
	}
	list, group := "", ""
	for i, name := range slotColumns {
		if q.By&(1<<i) != 0 {
			list += name + ", "
		}
	}
	if list != "" {
		group = " GROUP BY " + strings.TrimSuffix(list, ", ")
	}
	query = "SELECT " + list + summed + " FROM stat_day" + where + group +
		" UNION ALL SELECT " + list + summed + " FROM stat_delta" + where + group
	return query, append(of, of...)
}

// part is what one table has of a group.
type part struct {
	slot
	sums [measures + 2]sum
}

func (q *Query) scan(r *sql.Rows) (*part, error) {
	p, into := &part{}, make([]any, 0, len(slotColumns)+measures+2)
	for i, word := range p.slot.into() {
		if q.By&(1<<i) != 0 {
			into = append(into, word)
		}
	}
	for i := range p.sums {
		into = append(into, &p.sums[i])
	}
	return p, r.Scan(into...)
}

// sum reads what SUM gives: a number, the text of one that may be too large for 64
// bits, or NULL of no rows.
type sum int64

// Scan implements sql.Scanner.
func (s *sum) Scan(src any) error {
	var text string
	switch v := src.(type) {
	case nil:
		*s = 0
		return nil
	case int64:
		*s = sum(v)
		return nil
	case []byte:
		text = string(v)
	case string:
		text = v
	default:
		return fmt.Errorf("read a sum from %T", src)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s: %w", text, ErrOverflow)
	}
	*s = sum(n)
	return err
}
