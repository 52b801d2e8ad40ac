package queue

import (
	"cmp"
	"database/sql"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// state tells what a row's place means; see doc.go for the moves.
type state string

const (
	ready  state = "ready"  // can be claimed; place is its turn
	later  state = "later"  // cannot be claimed before place: its due time, or the end of its lease
	buried state = "buried" // failed too often; place is never, turn since when it lies
)

// never is the due time of a job that nobody asked to run (again): one that is
// leased, dropped or buried and was not put since.
const never db.Time = math.MaxInt64

// row is one job as the table holds it.
type row struct {
	kind, key string
	id        id.ID // tells whose insert stands
	lane      Lane
	site      string
	state     state
	place     db.Time
	due       db.Time // when it may run; while leased, the earliest time asked for since the claim
	turn      db.Time // rank, never before due
	rev       int64   // raised by every Put
	tries     int
	lease     id.ID
	dropped   bool // deleted as soon as the lease ends
	why       string
	weight    int
}

// name is the identity of a row; jobs are locked and written in its order.
type name struct{ kind, key string }

func (r *row) name() name { return name{r.kind, r.key} }

func (n name) compare(m name) int {
	return cmp.Or(strings.Compare(n.key, m.key), strings.Compare(n.kind, m.kind))
}

// free takes the job out of anybody's hands and gives it its place in line.
func (r *row) free(now db.Time) {
	r.lease = id.ID{}
	r.turn = max(r.turn, r.due)
	r.state, r.place = later, r.due
	if r.due <= now {
		r.state, r.place = ready, r.turn
	}
}

// wake is what Put does to a job that exists.
func (r *row) wake(j Job, now db.Time) {
	r.rev++
	r.lane, r.site, r.weight = j.Lane, j.Site, j.Weight
	r.due = min(r.due, j.Due)
	switch {
	case r.state == buried:
		r.tries, r.why, r.turn = 0, "", j.Rank
		r.free(now)
	case r.lease.IsZero():
		r.turn = min(r.turn, j.Rank)
		r.free(now)
	default:
		r.turn = min(r.turn, j.Rank)
		r.dropped = false
	}
}

// hold puts the job under a lease. From here on due collects what is asked for
// while it runs.
func (r *row) hold(lease id.ID, until db.Time) {
	r.state, r.place, r.due, r.lease = later, until, never, lease
}

// end is how a run ended.
type end uint8

const (
	over    end = iota // the job is done, and its row goes
	afresh             // it is done, and was put meanwhile: it runs again
	putBack            // there is more to do, or it is too early
	failed
)

// again puts a held job back to run at due, or earlier if somebody asked so.
func (r *row) again(now, due db.Time, why string) end {
	r.due, r.why = min(r.due, due), why
	r.free(now)
	return putBack
}

// fail counts a try of a held job and puts it back to run at due, or buries it
// when that was the last try and nobody asked for it meanwhile. Its turn then says since when
// it lies.
func (r *row) fail(now, due db.Time, why string, buryAfter int) end {
	r.tries++
	if r.tries >= buryAfter && r.due == never {
		r.state, r.place, r.turn, r.lease, r.why = buried, never, now, id.ID{}, why
		return failed
	}
	r.again(now, due, why)
	return failed
}

// done ends a held job of this revision. One that was put meanwhile starts afresh.
func (r *row) done(now db.Time, rev int64) end {
	if r.rev == rev {
		return over
	}
	r.tries = 0
	r.again(now, never, "")
	return afresh
}

// Limits of the pause after a failed try.
const (
	firstPause   = time.Second
	longestPause = 10 * time.Minute
)

// pause is the time to wait after the n-th failed try: doubling from one second
// to ten minutes, shortened by a random part of up to a half, so that jobs which
// failed together do not come back together.
func pause(n int) time.Duration {
	whole := longestPause
	if n < 11 {
		whole = min(longestPause, firstPause<<max(0, n-1))
	}
	return whole - rand.N(whole/2)
}

// word makes a reason fit its column: printable ASCII, 64 characters at most.
func word(why string) string {
	clean := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, why)
	return clean[:min(len(clean), 64)]
}

var columns = []string{"kind", "job_key", "id", "lane", "site_id", "state", "place", "due", "turn", "rev", "tries", "lease", "dropped", "why", "weight"}

func scan(rows *sql.Rows) (*row, error) {
	r := &row{}
	err := rows.Scan(&r.kind, &r.key, &r.id, &r.lane, &r.site, &r.state, &r.place, &r.due, &r.turn, &r.rev, &r.tries, &r.lease, &r.dropped, &r.why, &r.weight)
	return r, err
}

// lock reads the named jobs for a change, in their order. Names must be sorted.
func lock(tx *db.Tx, names []name) (map[name]*row, error) {
	found := make(map[name]*row, len(names))
	if len(names) == 0 {
		return found, nil
	}
	rows, err := tx.LookupForUpdate("job", columns, nameColumns(names)...)
	list, err := db.Collect(rows, err, scan)
	for _, r := range list {
		found[r.name()] = r
	}
	return found, err
}

// store writes what a move may change. The rows must be locked.
func store(tx *db.Tx, rows []*row) error {
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b *row) int { return a.name().compare(b.name()) })
	return tx.UpdateMany("job", []string{"job_key", "kind"}, rowColumns(rows)...)
}

// remove deletes rows. They must be locked.
func remove(tx *db.Tx, rows []*row) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Later(nil, func() error {
		_, err := tx.DeleteMany("job", nameColumns(pluck(rows, (*row).name))...)
		return err
	})
}

func nameColumns(names []name) []db.Column {
	return []db.Column{
		db.Col("job_key", pluck(names, func(n name) string { return n.key })),
		db.Col("kind", pluck(names, func(n name) string { return n.kind })),
	}
}

func rowColumns(rows []*row) []db.Column {
	return append(nameColumns(pluck(rows, (*row).name)),
		db.Col("lane", pluck(rows, func(r *row) string { return string(r.lane) })),
		db.Col("site_id", pluck(rows, func(r *row) string { return r.site })),
		db.Col("state", pluck(rows, func(r *row) string { return string(r.state) })),
		db.Col("place", pluck(rows, func(r *row) int64 { return int64(r.place) })),
		db.Col("due", pluck(rows, func(r *row) int64 { return int64(r.due) })),
		db.Col("turn", pluck(rows, func(r *row) int64 { return int64(r.turn) })),
		db.Col("rev", pluck(rows, func(r *row) int64 { return r.rev })),
		db.Col("tries", pluck(rows, func(r *row) int64 { return int64(r.tries) })),
		db.Opt("lease", pluck(rows, func(r *row) id.ID { return r.lease })),
		db.Col("dropped", pluck(rows, func(r *row) bool { return r.dropped })),
		db.Col("why", pluck(rows, func(r *row) string { return r.why })),
		db.Col("weight", pluck(rows, func(r *row) int64 { return int64(r.weight) })),
	)
}

func pluck[T, V any](list []T, of func(T) V) []V {
	out := make([]V, len(list))
	for i, v := range list {
		out[i] = of(v)
	}
	return out
}
