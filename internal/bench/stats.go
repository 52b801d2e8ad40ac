package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

// A year of statistics as they are read: every day has every channel, strategy and account,
// and a minute's work is not folded yet.
const (
	yearDays    = 366
	peopleEach  = 10 // people of the product for each of the baseline's
	deltaPeople = 40 // people of one row that is not folded yet
	unfoldedOf  = 50 // of so many people one is in such a row: with the usual size more than a minute at full speed leaves
)

var (
	yearStrategies = []string{"alimtalk_first", "cost_optimized", "sms_only"}
	yearAccounts   = []string{"one", "two", "three"}
	lastDay        = time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC) // noon in Korea
)

// groupings are the single ones that a person asks for, by the column of the baseline.
var groupings = []struct {
	column string
	by     stat.By
}{{"kst_day", stat.ByDay}, {"channel", stat.ByChannel}, {"strategy", stat.ByStrategy}, {"provider", stat.ByProvider}}

// statsContest compares reading a year of a site's statistics, by one grouping after
// another: sums that the settling transactions left, folded by day but for the last
// rows, and the usual design, sums over the people themselves by an index that has all
// that is asked for. The product's site has ten times the people.
func statsContest(r *run) (contest, error) {
	var slowest []Latency
	return contest{unit: "read",
		baseline: side{fmt.Sprintf("%d people: SELECT SUM … GROUP BY over their rows, by an index that covers it", r.o.Size), statsBare},
		product: side{fmt.Sprintf("%d people of one of %d sites: stat.Read", r.o.Size*peopleEach, r.o.Sites), func(ctx context.Context, a *arena) (sample, error) {
			out, l, err := statsProduct(ctx, a)
			slowest = append(slowest, l)
			return out, err
		}},
		after: func(out *Result) {
			slices.SortFunc(slowest, func(x, y Latency) int { return int(x.P99*1e3 - y.P99*1e3) })
			out.Latency = &slowest[len(slowest)/2]
		},
	}, nil
}

// year is a database whose clock a round moves.
type year struct {
	*db.DB
	now atomic.Int64
}

func (a *arena) openYear(ctx context.Context) (*year, error) {
	y := &year{}
	var err error
	y.DB, err = db.Open(ctx, a.url, db.Options{Now: func() time.Time { return time.UnixMicro(y.now.Load()) }})
	if err != nil {
		return nil, err
	}
	a.defers(y.Close)
	y.now.Store(lastDay.UnixMicro())
	return y, y.Migrate(ctx)
}

func yearSite(n int) string { return fmt.Sprintf("bench-%05d", n) }

// fill has so many people of each site counted and folded but for those in rows of the
// last day, all by the package's own hands. The rows of a day are one transaction's.
func (y *year) fill(ctx context.Context, people int64, sites int) error {
	rows := people / unfoldedOf / deltaPeople
	folded := people - rows*deltaPeople
	slots := int64(yearDays * provider.Channels * len(yearStrategies) * len(yearAccounts))
	next := int64(0)
	for day := range yearDays {
		y.now.Store(lastDay.AddDate(0, 0, day-yearDays+1).UnixMicro())
		var deltas []stat.Delta
		for ch := range provider.Channel(provider.Channels) {
			for _, s := range yearStrategies {
				for _, account := range yearAccounts {
					n := folded*(next+1)/slots - folded*next/slots
					next++
					for i := range sites {
						deltas = append(deltas, stat.Delta{Site: yearSite(i), Channel: ch, Strategy: s, Provider: account, Figures: outcomeOf(n)})
					}
				}
			}
		}
		if err := y.Update(ctx, "bench_day", func(tx *db.Tx) error { return stat.Append(tx, deltas...) }); err != nil {
			return fmt.Errorf("count a day: %w", err)
		}
	}
	if _, err := stat.FoldAll(ctx, y.DB); err != nil {
		return err
	}
	return y.leave(ctx, rows)
}

// leave counts people in rows of their own, a few hundred rows in a transaction, and
// leaves them unfolded.
func (y *year) leave(ctx context.Context, rows int64) error {
	for from := int64(0); from < rows; from += 500 {
		err := y.Update(ctx, "bench_rest", func(tx *db.Tx) error {
			for i := from; i < min(from+500, rows); i++ {
				err := stat.Append(tx, stat.Delta{Site: yearSite(0), Channel: provider.Channel(i % provider.Channels),
					Strategy: yearStrategies[i%3], Provider: yearAccounts[i/3%3], Figures: outcomeOf(deltaPeople)})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("leave rows unfolded: %w", err)
		}
	}
	return nil
}

// outcomeOf is what becomes of so many people at their last step.
func outcomeOf(n int64) stat.Figures {
	failed, expired := n/50, n/300
	delivered := n - failed - expired
	return stat.Figures{Delivered: delivered, Failed: failed + n/20, FellBack: n / 20, Expired: expired, Cost: money.Amount(delivered) * price}
}

func statsProduct(ctx context.Context, a *arena) (sample, Latency, error) {
	y, err := a.openYear(ctx)
	if err != nil {
		return sample{}, Latency{}, err
	}
	people := int64(a.o.Size) * peopleEach
	if err := y.fill(ctx, people, a.o.Sites); err != nil {
		return sample{}, Latency{}, err
	}
	out, took, err := a.inTurns(ctx, func(g int) (int64, error) {
		q := stat.Query{From: lastDay.AddDate(0, 0, 1-yearDays).Format(time.DateOnly), Until: lastDay.Format(time.DateOnly), By: groupings[g].by}
		var final int64
		err := y.View(ctx, "bench_stats", func(tx *db.Tx) error {
			rows, err := stat.Read(tx, yearSite(0), q)
			final = 0
			for _, r := range rows {
				final += r.Final
			}
			return err
		})
		return final, err
	}, people)
	return out, a.tellGroupings(took), err
}

// inTurns reads by one grouping after the other until the time is over. Every answer must
// be of so many people.
func (a *arena) inTurns(ctx context.Context, read func(grouping int) (int64, error), people int64) (sample, [][]time.Duration, error) {
	took := make([][]time.Duration, len(groupings))
	var reads int64
	for g := range groupings { // the first of a connection has to prepare its statement
		if _, err := read(g); err != nil {
			return sample{}, took, err
		}
	}
	out, err := a.measure(ctx, func(ctx context.Context) error {
		for deadline := time.Now().Add(a.o.Lasting); time.Now().Before(deadline) || reads == 0; {
			for g := range groupings {
				start := time.Now()
				n, err := read(g)
				if err := errors.Join(err, ctx.Err(), counted(n, people)); err != nil {
					return err
				}
				took[g] = append(took[g], time.Since(start))
				reads++
			}
		}
		return nil
	})
	out.units = reads
	return out, took, err
}

// tellGroupings tells how long each grouping takes, and gives the slowest.
func (a *arena) tellGroupings(took [][]time.Duration) (slowest Latency) {
	for g, list := range took {
		if len(list) == 0 {
			continue
		}
		slices.Sort(list)
		l := Latency{Rate: 1 / at(list, .50) * 1e3, P50: at(list, .50), P99: at(list, .99)}
		a.o.Progress(fmt.Sprintf("  by %s: p50 %.1f ms, p99 %.1f ms", groupings[g].column, l.P50, l.P99))
		if l.P99 > slowest.P99 {
			slowest = l
		}
	}
	return slowest
}

// Rows of people, each of one leg. Their numbers are made of columns of digits, which
// every engine can join.
const (
	bareLeg = `CREATE TABLE bare_leg (site_id VARCHAR(20) NOT NULL, seq BIGINT NOT NULL, kst_day VARCHAR(10) NOT NULL, channel VARCHAR(10) NOT NULL,
		strategy VARCHAR(20) NOT NULL, provider VARCHAR(20) NOT NULL, state VARCHAR(10) NOT NULL, cost BIGINT NOT NULL, PRIMARY KEY (site_id, seq))`
	bareLegIndex = `CREATE INDEX bare_leg_stats ON bare_leg (site_id, kst_day, channel, strategy, provider, state, cost)`
	bareLegFill  = `INSERT INTO bare_leg SELECT 'bench-00000', k.n, y.kst_day,
		CASE k.n %% 7 WHEN 0 THEN 'sms' WHEN 1 THEN 'lms' WHEN 2 THEN 'mms' ELSE 'alimtalk' END,
		CASE k.n %% 11 WHEN 0 THEN 'sms_only' WHEN 1 THEN 'cost_optimized' ELSE 'alimtalk_first' END,
		CASE k.n %% 5 WHEN 0 THEN 'one' WHEN 1 THEN 'two' ELSE 'three' END,
		CASE k.n %% 50 WHEN 0 THEN 'failed' WHEN 1 THEN 'expired' ELSE 'delivered' END, 180000
		FROM (SELECT %s AS n FROM %s) AS k JOIN bare_year y ON y.no = k.n %% 366 WHERE k.n < %d`
	bareLegRead = `SELECT SUM(delivered + failed + expired), SUM(cost) FROM (SELECT %[1]s,
		SUM(CASE WHEN state = 'delivered' THEN 1 ELSE 0 END) AS delivered, SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END) AS failed,
		SUM(CASE WHEN state = 'expired' THEN 1 ELSE 0 END) AS expired, SUM(cost) AS cost
		FROM bare_leg WHERE site_id = ? AND kst_day >= ? AND kst_day <= ? GROUP BY %[1]s) AS g`
)

// fillLegs makes so many people, spread over the year.
func fillLegs(ctx context.Context, s session, people int) error {
	for _, text := range []string{"CREATE TABLE bare_digit (d BIGINT NOT NULL)", "CREATE TABLE bare_year (no BIGINT NOT NULL PRIMARY KEY, kst_day VARCHAR(10) NOT NULL)", bareLeg} {
		if err := s.plain(ctx, text); err != nil {
			return err
		}
	}
	for d := range 10 {
		if _, err := s.do(ctx, "INSERT INTO bare_digit VALUES (?)", int64(d)); err != nil {
			return err
		}
	}
	for day := range yearDays {
		if _, err := s.do(ctx, "INSERT INTO bare_year VALUES (?, ?)", int64(day), lastDay.AddDate(0, 0, day-yearDays+1).Format(time.DateOnly)); err != nil {
			return err
		}
	}
	var sum, from []string
	for place := 1; place < people; place *= 10 {
		name := fmt.Sprintf("d%d", len(from))
		sum, from = append(sum, fmt.Sprintf("%s.d * %d", name, place)), append(from, "bare_digit "+name)
	}
	if err := s.plain(ctx, fmt.Sprintf(bareLegFill, strings.Join(sum, " + "), strings.Join(from, ", "), people)); err != nil {
		return err
	}
	return s.plain(ctx, bareLegIndex)
}

func statsBare(ctx context.Context, a *arena) (sample, error) {
	sessions, done, err := a.sessions(ctx, 1)
	if err != nil {
		return sample{}, err
	}
	defer done()
	s := sessions[0]
	if err := fillLegs(ctx, s, a.o.Size); err != nil {
		return sample{}, fmt.Errorf("make people: %w", err)
	}
	settle := a.engine.words().analyze + "bare_leg"
	if a.engine.name() == "postgres" {
		settle = "VACUUM ANALYZE bare_leg" // without it the index alone is not enough
	}
	if err := s.plain(ctx, settle); err != nil {
		return sample{}, err
	}
	first, last := lastDay.AddDate(0, 0, 1-yearDays).Format(time.DateOnly), lastDay.Format(time.DateOnly)
	out, took, err := a.inTurns(ctx, func(g int) (n int64, err error) {
		var cost int64
		err = s.row(ctx, fmt.Sprintf(bareLegRead, groupings[g].column), []any{yearSite(0), first, last}, &n, &cost)
		return n, err
	}, int64(a.o.Size))
	a.tellGroupings(took)
	return out, err
}
