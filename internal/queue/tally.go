package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// What a process did of its jobs it counts in memory, by minute and kind, and writes together
// every tallyEvery as rows of its own, which it sets to what they come to. So a job costs no
// row, no statement and no lock that a claim or another process waits for: BenchmarkTally has
// it below a microsecond, and a process that works on twenty kinds writes twenty small rows
// four times a minute, in one transaction, and none when it did nothing. A process that is
// killed forgets what it did since it last wrote.

// Tally is what became of jobs in some time.
type Tally struct {
	Done   int64 // jobs that came to their end
	Again  int64 // those that were put back without having failed: there is more to do, or it is too early
	Failed int64 // tries that failed, and leases that ran out
	Buried int64 // those of Failed that were the last

	Timed       int64         // how many runs the times are of: all but leases that ran out
	Waited      time.Duration // from when they were due until somebody had them, all together
	LongestWait time.Duration
	Took        time.Duration // from then until they ended or were put back, all together
	LongestRun  time.Duration
}

// Plus adds up what became of other jobs.
func (t Tally) Plus(o Tally) Tally {
	return Tally{t.Done + o.Done, t.Again + o.Again, t.Failed + o.Failed, t.Buried + o.Buried, t.Timed + o.Timed,
		t.Waited + o.Waited, max(t.LongestWait, o.LongestWait), t.Took + o.Took, max(t.LongestRun, o.LongestRun)}
}

const (
	tallyEvery  = 15 * time.Second
	tallyWithin = 5 * time.Second // what writing may take, also at the end
	tallyKept   = 48 * time.Hour
	stillOpen   = 5 * time.Minute // a minute takes in what is committed late; after that it counts for a later one
)

// slot is what is counted together.
type slot struct {
	minute db.Time
	line
}

func (s slot) compare(o slot) int {
	if s.minute != o.minute {
		return int(min(max(s.minute-o.minute, -1), 1))
	}
	return compareLines(s.line, o.line)
}

// sum is what a slot comes to, and what of it stands in its row.
type sum struct{ now, written Tally }

// tally is what this process did.
type tally struct {
	process id.ID

	mu    sync.Mutex
	slots map[slot]*sum // guarded by mu
	open  db.Time       // guarded by mu: the first minute whose slots may be made; earlier ones may be forgotten
}

func newTally() *tally { return &tally{process: id.New(), slots: map[slot]*sum{}} }

// add counts what was committed at a time.
func (t *tally) add(at db.Time, l line, what Tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := slot{max(minuteOf(at), t.open), l}
	if t.slots[s] == nil {
		t.slots[s] = &sum{}
	}
	t.slots[s].now = t.slots[s].now.Plus(what)
}

func minuteOf(at db.Time) db.Time { return at - at%db.Time(time.Minute.Microseconds()) }

// ran counts runs once tx has committed.
func (q *Queue) ran(tx *db.Tx, by map[line]Tally) {
	if len(by) == 0 {
		return
	}
	now := tx.Now
	tx.OnCommit(func() {
		for l, what := range by {
			q.tally.add(now, l, what)
		}
	})
}

// runOf is what one run comes to.
func runOf(e end, c Claimed, r *row, now db.Time) Tally {
	wait, run := max(c.At.Sub(c.Due), 0), max(now.Sub(c.At), 0)
	t := Tally{Timed: 1, Waited: wait, LongestWait: wait, Took: run, LongestRun: run}
	switch e {
	case over, afresh:
		t.Done = 1
	case putBack:
		t.Again = 1
	case failed:
		t.Failed = 1
		t.Buried = r.ifBuried()
	}
	return t
}

func (r *row) ifBuried() int64 {
	if r.state == buried {
		return 1
	}
	return 0
}

// changed gives what is not written as it is now, in the order of its rows.
func (t *tally) changed() (slots []slot, sums []Tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s, one := range t.slots {
		if one.now != one.written {
			slots = append(slots, s)
		}
	}
	slices.SortFunc(slots, slot.compare)
	return slots, pluck(slots, func(s slot) Tally { return t.slots[s].now })
}

// written notes what stands in rows, and forgets what is over.
func (t *tally) written(slots []slot, sums []Tally, now db.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, s := range slots {
		t.slots[s].written = sums[i]
	}
	t.open = max(t.open, minuteOf(now.Add(-stillOpen)))
	maps.DeleteFunc(t.slots, func(s slot, one *sum) bool { return s.minute < t.open && one.now == one.written })
}

// count writes what this process did until ctx ends, and once more then.
func (q *Queue) count(ctx context.Context) {
	tick := time.NewTicker(tallyEvery)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			ended = true
		case <-tick.C:
		}
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), tallyWithin)
		if err := q.Flush(within); err != nil {
			slog.WarnContext(ctx, "what was done of jobs not counted yet", "error", err)
		}
		cancel()
	}
}

// Flush writes what this process did and has not written. Run does it by itself.
func (q *Queue) Flush(ctx context.Context) error {
	slots, sums := q.tally.changed()
	if len(slots) == 0 {
		return nil
	}
	var now db.Time
	err := q.d.Update(ctx, "queue_tally", func(tx *db.Tx) error {
		now = tx.Now
		cols, key := tallyColumns(q.tally.process, slots, sums), []string{"minute", "lane", "kind", "process"}
		return tx.Later(nil, func() error {
			return errors.Join(tx.InsertAbsent("queue_minute", key, "minute", cols...), tx.UpdateMany("queue_minute", key, cols...))
		})
	})
	if err != nil {
		return fmt.Errorf("write what was done of jobs: %w", err)
	}
	q.tally.written(slots, sums, now)
	return nil
}

func tallyColumns(process id.ID, slots []slot, sums []Tally) []db.Column {
	number := func(name string, of func(Tally) int64) db.Column { return db.Col(name, pluck(sums, of)) }
	micros := func(name string, of func(Tally) time.Duration) db.Column {
		return number(name, func(t Tally) int64 { return of(t).Microseconds() })
	}
	return []db.Column{
		db.Col("minute", pluck(slots, func(s slot) db.Time { return s.minute })),
		db.Col("lane", pluck(slots, func(s slot) string { return string(s.lane) })),
		db.Col("kind", pluck(slots, func(s slot) string { return s.kind })),
		db.Same("process", process, len(slots)),
		number("done", func(t Tally) int64 { return t.Done }),
		number("again", func(t Tally) int64 { return t.Again }),
		number("failed", func(t Tally) int64 { return t.Failed }),
		number("buried", func(t Tally) int64 { return t.Buried }),
		number("timed", func(t Tally) int64 { return t.Timed }),
		micros("waited", func(t Tally) time.Duration { return t.Waited }),
		micros("longest_wait", func(t Tally) time.Duration { return t.LongestWait }),
		micros("took", func(t Tally) time.Duration { return t.Took }),
		micros("longest_run", func(t Tally) time.Duration { return t.LongestRun }),
	}
}

// Minute is what all processes did of the jobs of one kind in a minute.
type Minute struct {
	Lane Lane
	Kind string
	At   db.Time // its first moment
	Tally
}

// Minutes gives the minutes since a time in which something was done, by lane, kind and time.
// What a process did in the last seconds may not be in it yet.
func Minutes(tx *db.Tx, since db.Time) ([]Minute, error) {
	rows, err := tx.Query(`SELECT lane, kind, minute, SUM(done), SUM(again), SUM(failed), SUM(buried), SUM(timed),
		SUM(waited), MAX(longest_wait), SUM(took), MAX(longest_run)
		FROM queue_minute WHERE minute >= ? GROUP BY lane, kind, minute ORDER BY lane, kind, minute`, minuteOf(since))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (m Minute, err error) {
		var waited, longestWait, took, longestRun int64
		err = r.Scan(&m.Lane, &m.Kind, &m.At, &m.Done, &m.Again, &m.Failed, &m.Buried, &m.Timed, &waited, &longestWait, &took, &longestRun)
		m.Waited, m.LongestWait, m.Took, m.LongestRun = micros(waited), micros(longestWait), micros(took), micros(longestRun)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was done of jobs: %w", err)
	}
	return list, nil
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// sweptAtOnce bounds what one transaction of Sweep deletes.
const sweptAtOnce = 2_000

// Sweep forgets what was done longer ago than two days.
func (q *Queue) Sweep(ctx context.Context) error {
	for n := sweptAtOnce; n == sweptAtOnce; {
		err := q.d.Update(ctx, "queue_sweep", func(tx *db.Tx) error {
			type key struct {
				slot
				process id.ID
			}
			rows, err := tx.Claim(`SELECT minute, lane, kind, process FROM queue_minute WHERE minute < ?
				ORDER BY minute, lane, kind, process LIMIT ?`, tx.Now.Add(-tallyKept), sweptAtOnce)
			old, err := db.Collect(rows, err, func(r *sql.Rows) (k key, err error) { return k, r.Scan(&k.minute, &k.lane, &k.kind, &k.process) })
			if n = len(old); err != nil || n == 0 {
				return err
			}
			_, err = tx.DeleteMany("queue_minute", db.Col("minute", pluck(old, func(k key) db.Time { return k.minute })),
				db.Col("lane", pluck(old, func(k key) string { return string(k.lane) })), db.Col("kind", pluck(old, func(k key) string { return k.kind })),
				db.Col("process", pluck(old, func(k key) id.ID { return k.process })))
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep what was done of jobs: %w", err)
		}
	}
	return nil
}
