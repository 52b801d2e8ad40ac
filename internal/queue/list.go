package queue

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// Condition is how a job stands, for people.
type Condition string

// The conditions. Every job is in one of them.
const (
	Due     Condition = "due"     // its time has come, and nobody has it
	Running Condition = "running" // somebody has it, or had it when he was lost
	Later   Condition = "later"   // its time has not come
	Buried  Condition = "buried"  // it failed too often
)

// Listed is a job as people look at it.
type Listed struct {
	Lane      Lane
	Kind, Key string
	Site      string // "" = the installation's own
	Condition Condition
	Tries     int     // failed ones since it last came to an end
	Why       string  // it was put back, or failed, the last time; "" = nothing is known
	Since     db.Time // it is due, in somebody's hands or buried; 0 of one that is later
	Next      db.Time // when it runs: of one that runs, again; 0 = not by itself
	Until     db.Time // when the lease runs out of one that runs, unless it is renewed
	Place     Place   // where it stands in its list
}

// Place is where a job stands in a list. The zero Place is before all.
type Place struct {
	Lane, Kind string
	Part       int // of the condition
	At         db.Time
	Key        string
}

// part is a piece of the index that a condition's jobs of a line are in.
type part struct {
	state state
	more  string // narrows it
	until bool   // those after now are left out
	grace time.Duration
}

// leased is how far ahead of now the end of a lease can be; jobs that wait for later than that
// are not looked through for those that somebody has.
const leased = time.Hour

var parts = map[Condition][]part{
	Due:     {{state: ready}, {state: later, more: " AND lease IS NULL", until: true}}, // the latter as long as nobody claims
	Running: {{state: later, more: " AND lease IS NOT NULL", until: true, grace: leased}},
	Later:   {{state: later, more: " AND lease IS NULL AND place > ?"}},
	Buried:  {{state: buried}},
}

// List gives jobs of a condition behind a place, of all kinds with "", by lane and kind and then
// in the order in which they are claimed or their time comes. It reads index entries of what it
// gives; only those that somebody has stand among the ones that are for the next hour.
func List(tx *db.Tx, c Condition, kind string, after Place, most int) ([]Listed, error) {
	rows, err := tx.Query(`SELECT DISTINCT lane, kind FROM job ORDER BY lane, kind`)
	lines, err := db.Collect(rows, err, func(r *sql.Rows) (l line, err error) { return l, r.Scan(&l.lane, &l.kind) })
	if err != nil {
		return nil, fmt.Errorf("find the kinds of jobs: %w", err)
	}
	var out []Listed
	begun := line{Lane(after.Lane), after.Kind}
	for _, l := range lines {
		if kind != "" && l.kind != kind || compareLines(l, begun) < 0 {
			continue
		}
		for i, p := range parts[c] {
			if len(out) == most || l == begun && i < after.Part {
				continue
			}
			behind := Place{}
			if l == begun && i == after.Part {
				behind = after
			}
			found, err := p.read(tx, l, behind, most-len(out))
			if err != nil {
				return nil, fmt.Errorf("list %s jobs of %s: %w", c, l.kind, err)
			}
			for _, r := range found {
				one := r.listed(c)
				one.Place = Place{string(l.lane), l.kind, i, r.place, r.key}
				out = append(out, one)
			}
		}
	}
	return out, nil
}

func (p part) read(tx *db.Tx, l line, after Place, most int) ([]*row, error) {
	query, args := `SELECT `+strings.Join(columns, ", ")+` FROM job
		WHERE lane = ? AND kind = ? AND state = ? AND place >= ? AND (place > ? OR job_key > ?)`, []any{string(l.lane), l.kind, string(p.state), int64(after.At), int64(after.At), after.Key}
	query += p.more
	switch {
	case p.until:
		query, args = query+" AND place <= ?", append(args, tx.Now.Add(p.grace))
	case p.more != "":
		args = append(args, tx.Now)
	}
	rows, err := tx.Query(query+" ORDER BY place, job_key LIMIT ?", append(args, most)...)
	return db.Collect(rows, err, scan)
}

func (r *row) listed(c Condition) Listed {
	out := Listed{Lane: r.lane, Kind: r.kind, Key: r.key, Site: r.site, Condition: c, Tries: r.tries, Why: r.why}
	switch c {
	case Due:
		out.Since, out.Next = r.due, r.due
	case Running:
		out.Since, out.Until = db.At(r.lease.Time()), r.place
		if r.due != never {
			out.Next = r.due
		}
	case Later:
		out.Next = r.due
	case Buried:
		out.Since = r.turn
	}
	return out
}

// Find gives one job; ok is false when there is none.
func Find(tx *db.Tx, kind, key string) (out Listed, ok bool, err error) {
	rows, err := tx.Lookup("job", columns, nameColumns([]name{{kind, key}})...)
	found, err := db.Collect(rows, err, scan)
	if err != nil || len(found) == 0 {
		return Listed{}, false, err
	}
	return found[0].listed(found[0].condition(tx.Now)), true, nil
}

func (r *row) condition(now db.Time) Condition {
	switch {
	case r.state == buried:
		return Buried
	case !r.lease.IsZero():
		return Running
	case r.due <= now:
		return Due
	}
	return Later
}

// Retry makes a buried job run again at once, its failures forgotten, and tells how many buried
// ones of its kind are left. Faults: NotFound, and Conflict when the job is not buried.
func (q *Queue) Retry(tx *db.Tx, kind, key string) (left int64, err error) {
	found, err := lock(tx, []name{{kind, key}})
	if err != nil {
		return 0, fmt.Errorf("retry %s job: %w", kind, err)
	}
	r := found[name{kind, key}]
	switch {
	case r == nil:
		return 0, fault.Missing("job", kind+" "+key)
	case r.state != buried:
		return 0, fault.New(fault.Conflict, fault.CodeStateConflict, "the job %s %s is not buried: it runs by itself", kind, key)
	}
	if err := q.digOut(tx, kind, r); err != nil {
		return 0, err
	}
	lanes, err := lanesOf(tx, kind)
	if err != nil {
		return 0, err
	}
	return stillBuried(tx, kind, lanes)
}

// RetryAll does Retry for the first buried jobs of a kind, at most so many of them, and tells how
// many those were and how many are left. Those that other transactions hold are passed over.
func (q *Queue) RetryAll(tx *db.Tx, kind string, most int) (woken int, left int64, err error) {
	lanes, err := lanesOf(tx, kind)
	if err != nil {
		return 0, 0, err
	}
	var list []*row
	for _, lane := range lanes {
		if len(list) == most {
			break
		}
		some, err := first(tx, kind, `SELECT job_key FROM job WHERE lane = ? AND kind = ? AND state = ?
			ORDER BY place, job_key LIMIT ?`, string(lane), kind, string(buried), most-len(list))
		if err != nil {
			return 0, 0, fmt.Errorf("find buried %s jobs: %w", kind, err)
		}
		list = append(list, some...)
	}
	if err := q.digOut(tx, kind, list...); err != nil {
		return 0, 0, err
	}
	left, err = stillBuried(tx, kind, lanes)
	return len(list), left, err
}

func lanesOf(tx *db.Tx, kind string) ([]Lane, error) {
	rows, err := tx.Query(`SELECT DISTINCT lane FROM job WHERE kind = ? ORDER BY lane`, kind)
	lanes, err := db.Collect(rows, err, func(r *sql.Rows) (l Lane, err error) { return l, r.Scan(&l) })
	if err != nil {
		return nil, fmt.Errorf("find the lanes of %s jobs: %w", kind, err)
	}
	return lanes, nil
}

func stillBuried(tx *db.Tx, kind string, lanes []Lane) (left int64, err error) {
	for _, lane := range lanes {
		var n int64
		if err := tx.QueryRow(`SELECT COUNT(*) FROM job WHERE lane = ? AND kind = ? AND state = ?`, string(lane), kind, string(buried)).Scan(&n); err != nil {
			return 0, fmt.Errorf("count buried %s jobs: %w", kind, err)
		}
		left += n
	}
	return left, nil
}

// digOut wakes buried jobs of a kind, and notes that somebody did.
func (q *Queue) digOut(tx *db.Tx, kind string, rows ...*row) error {
	if len(rows) == 0 {
		return nil
	}
	for _, r := range rows {
		r.wake(Job{Lane: r.lane, Site: r.site, Due: tx.Now, Rank: tx.Now, Weight: r.weight}, tx.Now)
	}
	ref, after := kind, audit.Fields{"jobs": len(rows)}
	if len(rows) == 1 {
		ref, after = kind+" "+rows[0].key, audit.Fields{"jobs": 1, "site": rows[0].site}
	}
	if err := audit.Note(tx, audit.Change{Action: "job.retried", Ref: ref, After: after}); err != nil {
		return err
	}
	q.ring(tx, rows)
	return store(tx, rows)
}
