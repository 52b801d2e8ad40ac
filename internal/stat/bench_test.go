package stat

import (
	"context"
	"fmt"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// The size of the benchmark: a year of a site that sends to ten million people, beside
// other sites, with more rows unfolded than a few minutes leave behind.
const (
	year       = 366
	others     = 9
	waiting    = 20_000
	recipients = 10_000_000
	atOnce     = 5_000
)

var (
	strategies = []string{"alimtalk_first", "cost_optimized", "sms_only"}
	accounts   = []string{"nhn", "sens", "solapi"}
)

// filler fills a database once for all reads of a benchmark.
type filler struct {
	b *testing.B
	d *db.DB
}

// days inserts a site's year as it is after folding.
func (f *filler) days(site string) {
	var rows []*group
	per := int64(recipients / (year * provider.Channels * len(strategies) * len(accounts)))
	for n := range year {
		day := noon.Time().AddDate(0, 0, n-year+1).Format(time.DateOnly)
		for ch := range provider.Channel(provider.Channels) {
			for _, s := range strategies {
				for _, p := range accounts {
					rows = append(rows, &group{
						slot: slot{site, day, ch.String(), s, p},
						sum:  Figures{Delivered: per - 9, Failed: 7, FellBack: 2, Expired: 3, Cancelled: 1, Cost: money.Amount(per) * 9 * money.Won, Refunded: 9 * money.Won},
					})
				}
			}
		}
	}
	for len(rows) > 0 {
		some := rows[:min(atOnce, len(rows))]
		rows = rows[len(some):]
		at(f.b, f.d, noon, func(tx *db.Tx) error {
			return tx.InsertMany("stat_day", columnsOf(some, (*group).about, func(g *group) Figures { return g.sum })...)
		})
	}
}

// backlog leaves n rows of a site unfolded, in transactions of one row each as far as
// the table can tell.
func (f *filler) backlog(site string, n int) {
	for i := range n / atOnce {
		at(f.b, f.d, noon.Add(-time.Duration(i)*time.Hour), func(tx *db.Tx) error {
			for k := range atOnce {
				d := Delta{
					Site: site, Channel: provider.Channel(k % provider.Channels), Strategy: strategies[k%3], Provider: accounts[k/3%3],
					Figures: Figures{Delivered: 40, Failed: 2, FellBack: 1, Cost: 360 * money.Won},
				}
				if err := Append(tx, d); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func fill(b *testing.B, engine string) *filler {
	f := &filler{b, dbtest.Open(b, engine)}
	f.days("site-5")
	for n := range others {
		f.days(fmt.Sprintf("site-%d", n+10))
	}
	f.backlog("site-5", waiting)
	return f
}

const (
	slowest    = 100 * time.Millisecond // what a read of a site's year may take on PostgreSQL
	everything = ByDay | ByChannel | ByStrategy | ByProvider
)

// BenchmarkReadAYear reads the year of one site by each grouping. By everything the answer
// is as long as the year has rows, so that one is only told.
func BenchmarkReadAYear(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		b.Run(engine, func(b *testing.B) {
			f := fill(b, engine)
			for _, by := range []struct {
				name string
				By
			}{
				{"all", 0}, {"day", ByDay}, {"channel", ByChannel}, {"strategy", ByStrategy}, {"provider", ByProvider},
				{"day and channel", ByDay | ByChannel}, {"everything", everything},
			} {
				b.Run(by.name, func(b *testing.B) {
					q := Query{From: noon.Time().AddDate(0, 0, 1-year).Format(time.DateOnly), Until: december1, By: by.By}
					for b.Loop() {
						rows := readSite(b, f.d, "site-5", q)
						if len(rows) == 0 {
							b.Fatal("got no rows")
						}
					}
					per := b.Elapsed() / time.Duration(b.N)
					b.ReportMetric(float64(per.Microseconds())/1000, "ms/read")
					if engine == "postgres" && by.By != everything && per > slowest {
						b.Errorf("a read takes %s, more than %s", per, slowest)
					}
				})
			}
		})
	}
}

// BenchmarkReadAllSites reads one day of all sites, as an operator does.
func BenchmarkReadAllSites(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		b.Run(engine, func(b *testing.B) {
			f := fill(b, engine)
			for b.Loop() {
				readAll(b, f.d, Query{From: december1, Until: december1, By: BySite})
			}
		})
	}
}

// BenchmarkFold folds the rows of a busy moment: many of one site, and one of each of
// many sites, which is the most work.
func BenchmarkFold(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		for _, sites := range []int{1, foldAtOnce} {
			b.Run(fmt.Sprintf("%s/%d sites", engine, sites), func(b *testing.B) {
				f := &filler{b, dbtest.Open(b, engine)}
				for b.Loop() {
					b.StopTimer()
					at(b, f.d, noon, func(tx *db.Tx) error {
						for n := range foldAtOnce {
							if err := Append(tx, delta1(fmt.Sprintf("site-%d", n%sites), Figures{Delivered: 1})); err != nil {
								return err
							}
						}
						return nil
					})
					b.StartTimer()
					var got Folded
					err := f.d.Update(context.Background(), "test", func(tx *db.Tx) (err error) {
						got, err = Fold(tx, Place{}, foldAtOnce)
						return err
					})
					if err != nil || got.Rows != foldAtOnce {
						b.Fatalf("folded %+v, %v; want %d rows", got, err, foldAtOnce)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*foldAtOnce), "us/row")
			})
		}
	}
}
