package queue

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
)

// Stat counts the jobs of one kind.
type Stat struct {
	Lane   Lane
	Kind   string
	Ready  int64   // in nobody's hands and not buried
	Due    int64   // those of Ready whose time has come
	Leased int64   // being worked on
	Buried int64   // failed too often
	Oldest db.Time // the earliest time that a job of Due was due at; 0 = none
}

// Know names the kinds of jobs that there are, besides those of which there are jobs: Stats has
// them with zeros. It is called before anything else.
func (q *Queue) Know(works ...Work) {
	for _, w := range works {
		q.known = append(q.known, line{w.Lane, w.Kind})
	}
}

// Stats counts all jobs by lane and kind, in that order, in one pass over the jobs there are.
func (q *Queue) Stats(tx *db.Tx) ([]Stat, error) {
	type group struct {
		line
		state       state
		leased, due bool
		count       int64
		oldest      db.Time
	}
	rows, err := tx.Query(`SELECT lane, kind, state, CASE WHEN lease IS NULL THEN 0 ELSE 1 END AS leased,
		CASE WHEN due <= ? THEN 1 ELSE 0 END AS come, COUNT(*), MIN(due)
		FROM job GROUP BY lane, kind, state, leased, come`, int64(tx.Now))
	groups, err := db.Collect(rows, err, func(r *sql.Rows) (g group, err error) {
		return g, r.Scan(&g.lane, &g.kind, &g.state, &g.leased, &g.due, &g.count, &g.oldest)
	})
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	sums := map[line]*Stat{}
	for _, l := range q.known {
		sums[l] = &Stat{Lane: l.lane, Kind: l.kind}
	}
	for _, g := range groups {
		s := sums[g.line]
		if s == nil {
			s = &Stat{Lane: g.lane, Kind: g.kind}
			sums[g.line] = s
		}
		switch {
		case g.state == buried:
			s.Buried += g.count
		case g.leased:
			s.Leased += g.count
		default:
			s.Ready += g.count
		}
		if g.state != buried && !g.leased && g.due {
			s.Due += g.count
			if s.Oldest == 0 || g.oldest < s.Oldest {
				s.Oldest = g.oldest
			}
		}
	}
	out := make([]Stat, 0, len(sums))
	for _, l := range slices.SortedFunc(maps.Keys(sums), compareLines) {
		out = append(out, *sums[l])
	}
	return out, nil
}

func compareLines(a, b line) int {
	return cmp.Or(cmp.Compare(a.lane, b.lane), cmp.Compare(a.kind, b.kind))
}

// newOldest makes the gauge, or gives the one that another database's queue
// registered already.
func newOldest(r prometheus.Registerer) *prometheus.GaugeVec {
	if r == nil {
		return nil
	}
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "creditmsg_queue_oldest_seconds",
		Help: "For how long the job whose turn is next has been due, by lane.",
	}, []string{"lane"})
	err := r.Register(g)
	if known, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if old, ok := known.ExistingCollector.(*prometheus.GaugeVec); ok {
			return old
		}
	}
	if err != nil {
		panic(fmt.Errorf("register the queue's metrics: %w", err))
	}
	return g
}

// observeEvery is how often the age of the oldest job is looked up.
const observeEvery = 5 * time.Second

// observe keeps the gauge of these lines' lanes until ctx ends.
func (q *Queue) observe(ctx context.Context, lines []line) {
	tick := time.NewTicker(observeEvery)
	defer tick.Stop()
	for {
		if err := q.measure(ctx, lines); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "queue age not measured", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// measure reads two index entries per line: the job whose turn is next, and the
// first whose time has come without being in line yet.
func (q *Queue) measure(ctx context.Context, lines []line) error {
	var age map[Lane]time.Duration
	err := q.d.View(ctx, "queue_oldest", func(tx *db.Tx) error {
		age = map[Lane]time.Duration{}
		for _, l := range lines {
			due, err := firstDue(tx, l)
			if err != nil {
				return err
			}
			age[l.lane] = max(age[l.lane], tx.Now.Sub(min(due, tx.Now)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for lane, a := range age {
		q.oldest.WithLabelValues(string(lane)).Set(a.Seconds())
	}
	return nil
}

func firstDue(tx *db.Tx, l line) (db.Time, error) {
	first := never
	for _, s := range []state{ready, later} {
		var due db.Time
		err := tx.QueryRow(`SELECT CASE WHEN lease IS NULL THEN due ELSE place END FROM job
			WHERE lane = ? AND kind = ? AND state = ? ORDER BY place, job_key LIMIT 1`,
			string(l.lane), l.kind, string(s)).Scan(&due)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return 0, err
		}
		if err == nil {
			first = min(first, due)
		}
	}
	return first, nil
}
