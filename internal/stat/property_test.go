package stat

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// model is what one run appended, and the way to ask the database about it. Runs share
// a database, in which each has weeks of its own.
type model struct {
	t     testing.TB
	rt    *rapid.T
	d     *db.DB
	first time.Time // noon of the first day
	rows  []counted
	last  Place // of the walk that folds
}

// counted is a delta with the day it counts on.
type counted struct {
	Delta
	day string
}

const modelDays = 5

var modelSites = []string{"a", "ab", "b"}

// check fails the run, not only the test, so that it is made smaller.
func (m *model) check(err error) {
	if err != nil {
		m.rt.Fatal(err)
	}
}

func (m *model) update(now time.Time, fn func(*db.Tx) error) error {
	return m.d.Update(m.t.Context(), "test", func(tx *db.Tx) error {
		tx.Now = db.At(now)
		return fn(tx)
	})
}

func drawDelta(rt *rapid.T) Delta {
	n := func(name string) int64 { return int64(rapid.IntRange(-2, 50).Draw(rt, name)) }
	return Delta{
		Site:     rapid.SampledFrom(modelSites).Draw(rt, "site"),
		Channel:  provider.Channel(rapid.IntRange(0, provider.Channels-1).Draw(rt, "channel")),
		Strategy: rapid.SampledFrom([]string{"alimtalk_first", "sms_only"}).Draw(rt, "strategy"),
		Provider: rapid.SampledFrom([]string{"", "nhn", "solapi"}).Draw(rt, "provider"),
		Figures: Figures{
			Delivered: n("delivered"), Failed: n("failed"), FellBack: n("fell back"), Expired: n("expired"), Cancelled: n("cancelled"),
			// Something always costs: deltas that add up to nothing have no row.
			Cost: money.Amount(n("cost") + 3), Refunded: money.Amount(n("refunded")),
		},
	}
}

func (m *model) append(rt *rapid.T) {
	deltas := rapid.SliceOfN(rapid.Custom(drawDelta), 1, 6).Draw(rt, "deltas")
	now := m.first.AddDate(0, 0, rapid.IntRange(0, modelDays-1).Draw(rt, "day"))
	commits := rapid.IntRange(0, 4).Draw(rt, "commits") > 0
	err := m.update(now, func(tx *db.Tx) error {
		if err := Append(tx, deltas...); err != nil || commits {
			return err
		}
		return errUndone
	})
	if !commits {
		if !errors.Is(err, errUndone) {
			rt.Fatalf("got %v, want the transaction undone", err)
		}
		return
	}
	m.check(err)
	for _, d := range deltas {
		m.rows = append(m.rows, counted{d, korea.Day(now)})
	}
}

var errUndone = errors.New("undone")

// fold goes on with the walk, or begins a new one at its end.
func (m *model) fold(rt *rapid.T) {
	limit, commits := rapid.IntRange(1, 12).Draw(rt, "limit"), rapid.Bool().Draw(rt, "commits")
	before := count(m.t, m.d, unfolded)
	var f Folded
	err := m.update(m.first, func(tx *db.Tx) (err error) {
		if f, err = Fold(tx, m.last, limit); err != nil || commits {
			return err
		}
		return errUndone
	})
	after := count(m.t, m.d, unfolded)
	if !commits {
		if !errors.Is(err, errUndone) || after != before {
			rt.Fatalf("got %v and %d rows unfolded, want the transaction undone and %d rows", err, after, before)
		}
		return
	}
	m.check(err)
	if f.Rows > limit || before-after != f.Rows || f.End != (f.Rows < limit) || f.Stuck != 0 {
		rt.Fatalf("got %+v, with limit %d, and %d rows unfolded of %d", f, limit, after, before)
	}
	if m.last = f.Last; f.End {
		m.last = Place{}
	}
}

// read asks by some grouping, about every site, and about all together.
func (m *model) read(rt *rapid.T) {
	by := By(rapid.IntRange(0, 1<<len(slotColumns)-1).Draw(rt, "by"))
	m.compare(rt, append(modelSites, ""), by)
}

// compare reads the figures of these sites by these groupings, at one moment.
func (m *model) compare(rt *rapid.T, sites []string, groupings ...By) {
	from := rapid.IntRange(0, modelDays-1).Draw(rt, "from")
	until := rapid.IntRange(from, modelDays-1).Draw(rt, "until")
	day := func(n int) string { return korea.Day(m.first.AddDate(0, 0, n)) }
	err := m.d.Snapshot(m.t.Context(), "test", func(tx *db.Tx) error {
		for _, by := range groupings {
			q := Query{From: day(from), Until: day(until), By: by}
			for _, site := range sites {
				got, err := read(tx, site, "", q)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(m.expect(site, q), got); diff != "" {
					return fmt.Errorf("site %q, %+v (-want +got):\n%s", site, q, diff)
				}
			}
		}
		return nil
	})
	m.check(err)
}

// compareAll reads by every grouping, about one site or all.
func (m *model) compareAll(rt *rapid.T) {
	var every []By
	for by := range By(1 << len(slotColumns)) {
		every = append(every, by)
	}
	m.compare(rt, []string{rapid.SampledFrom(append(modelSites, "")).Draw(rt, "of site")}, every...)
}

// expect answers from memory, row by row.
func (m *model) expect(site string, q Query) []Row {
	groups := map[Row]Figures{}
	kakao := map[Row]Rate{}
	if q.By == 0 {
		groups[Row{}] = Figures{}
	}
	for _, c := range m.rows {
		if site != "" && c.Site != site || c.day < q.From || c.day > q.Until {
			continue
		}
		var k Row
		if q.By&BySite != 0 {
			k.Site = c.Site
		}
		if q.By&ByDay != 0 {
			k.Day = c.day
		}
		if q.By&ByChannel != 0 {
			k.Channel = c.Channel
		}
		if q.By&ByStrategy != 0 {
			k.Strategy = c.Strategy
		}
		if q.By&ByProvider != 0 {
			k.Provider = c.Provider
		}
		f := groups[k]
		f.Delivered += c.Delivered
		f.Failed += c.Failed
		f.FellBack += c.FellBack
		f.Expired += c.Expired
		f.Cancelled += c.Cancelled
		f.Cost += c.Cost
		f.Refunded += c.Refunded
		groups[k] = f
		if c.Channel == provider.Alimtalk {
			kakao[k] = Rate{kakao[k].Part + c.Delivered, kakao[k].Whole + c.Delivered + c.Failed}
		}
	}
	out := []Row{}
	for k, f := range groups {
		r := k
		r.Figures, r.KakaoReach = f, kakao[k]
		r.Final = f.Delivered + f.Failed - f.FellBack + f.Expired + f.Cancelled
		r.Success, r.Fallback = Rate{f.Delivered, r.Final - f.Cancelled}, Rate{f.FellBack, r.Final - f.Cancelled}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Row) int { return compareRows(&a, &b) })
	return out
}

func TestReadsAgreeWithAModelInMemory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			m := &model{t: t, rt: rt, d: d, first: noon.Time().AddDate(0, 0, run*modelDays)}
			rt.Repeat(map[string]func(*rapid.T){
				"append": m.append, "append more": m.append, "fold": m.fold, "read": m.read,
			})
			m.compareAll(rt)
			_, err := FoldAll(t.Context(), d)
			m.check(err)
			if n := count(t, d, unfolded); n != 0 {
				rt.Fatalf("%d rows stay unfolded", n)
			}
			m.compareAll(rt)
		})
	})
}
