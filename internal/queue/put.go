package queue

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Put adds jobs, or wakes those that exist: their revision rises, they become due
// at the earlier of both times, and a buried one is dug out. It wakes the runners
// of this process when tx commits. Thousands of jobs take a few statements.
func (q *Queue) Put(tx *db.Tx, jobs ...Job) error {
	want, err := merge(jobs, tx.Now)
	if err != nil {
		return err
	}
	rung, want, err := insert(tx, want)
	if err != nil {
		return err
	}
	// A job may be finished by somebody else between the look that found it and
	// the lock on it; it is then inserted anew. Each round meets only the few
	// that had this luck.
	for round := 0; len(want) > 0; round++ {
		if round == 10 {
			return fmt.Errorf("put %d jobs: %w", len(want), db.ErrStale)
		}
		var rows []*row
		if rows, want, err = put(tx, want); err != nil {
			return fmt.Errorf("put jobs: %w", err)
		}
		rung = append(rung, rows...)
	}
	q.ring(tx, rung)
	return nil
}

// insert puts the jobs that are new, and gives the others back.
func insert(tx *db.Tx, jobs []Job) (rows []*row, others []Job, err error) {
	var fresh []Job
	for _, j := range jobs {
		if j.New {
			fresh = append(fresh, j)
		} else {
			others = append(others, j)
		}
	}
	rows = newRows(fresh, tx.Now)
	wrong := func(err error) error { return fmt.Errorf("put new jobs: %w", err) }
	return rows, others, tx.Later(wrong, func() error { return tx.InsertMany("job", newColumns(rows)...) })
}

// newRows makes the rows of jobs as they begin.
func newRows(jobs []Job, now db.Time) []*row {
	rows := make([]*row, len(jobs))
	for i, j := range jobs {
		rows[i] = &row{kind: j.Kind, key: j.Key, id: id.New(), lane: j.Lane, site: j.Site, due: j.Due, turn: j.Rank, weight: j.Weight}
		rows[i].free(now)
	}
	return rows
}

func newColumns(rows []*row) []db.Column {
	return append(rowColumns(rows), db.Col("id", pluck(rows, func(r *row) id.ID { return r.id })))
}

// put gives the rows that now stand for jobs, and the jobs that vanished between
// two statements.
func put(tx *db.Tx, jobs []Job) (rows []*row, again []Job, err error) {
	fresh := newRows(jobs, tx.Now)
	err = tx.Later(nil, func() error {
		return tx.InsertAbsent("job", []string{"job_key", "kind"}, "id", newColumns(fresh)...)
	})
	if err != nil {
		return nil, nil, err
	}
	stands, err := tx.Lookup("job", []string{"id"}, nameColumns(pluck(fresh, (*row).name))...)
	ids, err := db.Collect(stands, err, func(r *sql.Rows) (d id.ID, err error) { return d, r.Scan(&d) })
	if err != nil {
		return nil, nil, err
	}
	ours := make(map[id.ID]bool, len(ids))
	for _, d := range ids {
		ours[d] = true
	}
	var old []Job
	for i, r := range fresh {
		if ours[r.id] {
			rows = append(rows, r)
		} else {
			old = append(old, jobs[i])
		}
	}
	woken, again, err := wake(tx, old)
	return append(rows, woken...), again, err
}

// wake does to jobs that exist what Put promises, and gives those that do not.
func wake(tx *db.Tx, jobs []Job) (rows []*row, again []Job, err error) {
	found, err := lock(tx, pluck(jobs, func(j Job) name { return name{j.Kind, j.Key} }))
	if err != nil {
		return nil, nil, err
	}
	for _, j := range jobs {
		r := found[name{j.Kind, j.Key}]
		if r == nil {
			again = append(again, j)
			continue
		}
		r.wake(j, tx.Now)
		rows = append(rows, r)
	}
	return rows, again, store(tx, rows)
}

// merge checks jobs, fills in their times, makes one of those with the same kind
// and key, and sorts them.
func merge(jobs []Job, now db.Time) ([]Job, error) {
	out := make([]Job, len(jobs))
	for i, j := range jobs {
		if err := check(j); err != nil {
			return nil, err
		}
		if j.Due == 0 {
			j.Due = now
		}
		j.Rank, j.Weight = max(j.Rank, j.Due), max(j.Weight, 1)
		out[i] = j
	}
	slices.SortStableFunc(out, func(a, b Job) int { return name{a.Kind, a.Key}.compare(name{b.Kind, b.Key}) })
	kept := out[:0]
	for _, j := range out {
		if n := len(kept); n > 0 && kept[n-1].Kind == j.Kind && kept[n-1].Key == j.Key {
			kept[n-1].Due, kept[n-1].Rank = min(kept[n-1].Due, j.Due), min(kept[n-1].Rank, j.Rank)
			kept[n-1].Weight = max(kept[n-1].Weight, j.Weight)
			kept[n-1].New = kept[n-1].New && j.New
			continue
		}
		kept = append(kept, j)
	}
	return kept, nil
}

// check refuses what the columns cannot hold. Jobs are made by the program, so
// this is its mistake, not the user's.
func check(j Job) error {
	for _, w := range []string{string(j.Lane), j.Kind, j.Key} {
		if w == "" || w != word(w) {
			return fault.New(fault.Internal, fault.CodeInternal, "job %q %q of lane %q: want 1 to 64 printable ASCII characters each", j.Kind, j.Key, j.Lane)
		}
	}
	return nil
}

// Drop removes jobs that lost their purpose. Keys without a job are ignored. One
// that is being worked on is removed when its handler ends it, or its lease does.
func (q *Queue) Drop(tx *db.Tx, kind string, keys ...string) error {
	names := pluck(keys, func(k string) name { return name{kind, k} })
	slices.SortFunc(names, name.compare)
	found, err := lock(tx, slices.Compact(names))
	if err != nil {
		return fmt.Errorf("drop %s jobs: %w", kind, err)
	}
	var held, gone []*row
	for _, r := range found {
		if r.lease.IsZero() {
			gone = append(gone, r)
			continue
		}
		r.dropped, r.due = true, never
		held = append(held, r)
	}
	if err := store(tx, held); err != nil {
		return fmt.Errorf("drop %s jobs: %w", kind, err)
	}
	if err := remove(tx, gone); err != nil {
		return fmt.Errorf("drop %s jobs: %w", kind, err)
	}
	return nil
}

// DropSite removes all jobs of a site, as Drop does.
func (q *Queue) DropSite(tx *db.Tx, site string) error {
	rows, err := tx.Query(`SELECT kind, job_key FROM job WHERE site_id = ? ORDER BY job_key, kind`, site)
	keys := map[string][]string{}
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var kind, key string
		err = r.Scan(&kind, &key)
		keys[kind] = append(keys[kind], key)
		return none, err
	})
	if err != nil {
		return fmt.Errorf("find the jobs of site %s: %w", site, err)
	}
	for _, kind := range slices.Sorted(maps.Keys(keys)) {
		if err := q.Drop(tx, kind, keys[kind]...); err != nil {
			return err
		}
	}
	return nil
}
