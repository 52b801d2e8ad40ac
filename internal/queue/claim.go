package queue

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// promoteAtOnce bounds how many jobs whose time has come one claim moves into
// line, so that a claim stays short when very many become due at one moment.
const promoteAtOnce = 500

// Claim takes up to most jobs of these kinds that are due, lowest rank first, and
// leases them. Jobs that other transactions hold at this moment are passed over.
func (q *Queue) Claim(ctx context.Context, lane Lane, kinds []string, most int) ([]Claimed, error) {
	return q.take(ctx, lane, kinds, most, 0, alsoLater)
}

// reach says whether a claim also takes in jobs whose time has come meanwhile.
type reach bool

const (
	alsoLater reach = true
	onlyReady reach = false
)

// take is Claim of jobs that together weigh no more than heaviest; 0 = any.
func (q *Queue) take(ctx context.Context, lane Lane, kinds []string, most, heaviest int, how reach) ([]Claimed, error) {
	lease := id.New()
	var out []Claimed
	err := q.d.Update(ctx, "queue_claim", func(tx *db.Tx) (err error) {
		out, err = q.claim(tx, lease, lane, kinds, most, heaviest, how)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs of lane %s: %w", lane, err)
	}
	return out, nil
}

func (q *Queue) claim(tx *db.Tx, lease id.ID, lane Lane, kinds []string, most, heaviest int, how reach) ([]Claimed, error) {
	var rows []*row
	for _, kind := range kinds {
		if how == alsoLater {
			if err := q.promote(tx, line{lane, kind}); err != nil {
				return nil, err
			}
		}
		next, err := inLine(tx, line{lane, kind}, most)
		if err != nil {
			return nil, err
		}
		rows = append(rows, next...)
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(a.turn, b.turn) })
	rows = carried(rows[:min(len(rows), most)], heaviest)
	until := tx.Now.Add(q.o.Lease)
	out := make([]Claimed, len(rows))
	for i, r := range rows {
		job := Job{Lane: r.lane, Kind: r.kind, Key: r.key, Site: r.site, Due: r.due, Rank: r.turn, Weight: r.weight}
		out[i] = Claimed{Job: job, Lease: lease, Rev: r.rev, Tries: r.tries, At: tx.Now, Until: until}
		r.hold(lease, until)
	}
	return out, store(tx, rows)
}

// carried gives the first rows that together weigh no more than heaviest, and at
// least one. The others stay in line as they are.
func carried(rows []*row, heaviest int) []*row {
	if heaviest <= 0 {
		return rows
	}
	weight := 0
	for i, r := range rows {
		if weight += r.weight; weight > heaviest && i > 0 {
			return rows[:i]
		}
	}
	return rows
}

// inLine locks the first jobs that can be claimed, in their order.
func inLine(tx *db.Tx, l line, most int) ([]*row, error) {
	return first(tx, l.kind, `SELECT job_key FROM job WHERE lane = ? AND kind = ? AND state = ?
		ORDER BY place, job_key LIMIT ?`, string(l.lane), l.kind, string(ready), most)
}

// first locks the jobs whose keys query gives, and reads them whole. The query
// asks for nothing that its index does not hold: a server that reads the table
// instead would lock every job of the kind on its way, and other workers would
// find nothing to claim.
func first(tx *db.Tx, kind, query string, args ...any) ([]*row, error) {
	rows, err := tx.Claim(query, args...)
	names, err := db.Collect(rows, err, func(r *sql.Rows) (name, error) {
		n := name{kind: kind}
		return n, r.Scan(&n.key)
	})
	if err != nil {
		return nil, err
	}
	inOrder := slices.Clone(names)
	slices.SortFunc(names, name.compare)
	found, err := lock(tx, names)
	if err != nil {
		return nil, err
	}
	return pluck(inOrder, func(n name) *row { return found[n] }), nil
}

// promote moves jobs into line whose time has come, and takes those back whose
// lease ran out.
func (q *Queue) promote(tx *db.Tx, l line) error {
	list, err := first(tx, l.kind, `SELECT job_key FROM job WHERE lane = ? AND kind = ? AND state = ? AND place <= ?
		ORDER BY place, job_key LIMIT ?`, string(l.lane), l.kind, string(later), int64(tx.Now), promoteAtOnce)
	if err != nil {
		return err
	}
	var kept, gone []*row
	var ran Tally // of leases that ran out
	for _, r := range list {
		switch {
		case r.lease.IsZero():
			r.free(tx.Now)
		case r.dropped:
			gone = append(gone, r)
			continue
		default:
			r.fail(tx.Now, tx.Now, "lease ran out", q.o.BuryAfter)
			ran = ran.Plus(Tally{Failed: 1, Buried: r.ifBuried()})
		}
		kept = append(kept, r)
	}
	if ran != (Tally{}) {
		q.ran(tx, map[line]Tally{l: ran})
	}
	return errors.Join(store(tx, kept), remove(tx, gone))
}

// next tells when a look at the line makes sense: now when something is in line,
// else when the first job gets there, else never.
func (q *Queue) next(ctx context.Context, l line) (at, now db.Time, err error) {
	err = q.d.View(ctx, "queue_next", func(tx *db.Tx) error {
		var first, second db.Null[int64]
		err := tx.QueryRow(`SELECT (SELECT MIN(place) FROM job WHERE lane = ? AND kind = ? AND state = ?),
			(SELECT MIN(place) FROM job WHERE lane = ? AND kind = ? AND state = ?)`,
			string(l.lane), l.kind, string(ready), string(l.lane), l.kind, string(later)).Scan(&first, &second)
		at, now = never, tx.Now
		if second.Valid {
			at = db.Time(second.V)
		}
		if first.Valid {
			at = min(at, now)
		}
		return err
	})
	return at, now, err
}

// Renew extends the leases of jobs that are still held to a full lease from now.
// Jobs that were ended meanwhile, or lost, are left as they are.
func (q *Queue) Renew(ctx context.Context, jobs ...Claimed) error {
	err := q.d.Update(ctx, "queue_renew", func(tx *db.Tx) error { return q.renew(tx, jobs) })
	if err != nil {
		return fmt.Errorf("renew leases of %d jobs: %w", len(jobs), err)
	}
	return nil
}

func (q *Queue) renew(tx *db.Tx, jobs []Claimed) error {
	found, err := lock(tx, claimedNames(jobs))
	if err != nil {
		return err
	}
	var rows []*row
	for _, c := range jobs {
		if r := found[name{c.Kind, c.Key}]; r != nil && r.lease == c.Lease {
			r.place = tx.Now.Add(q.o.Lease)
			rows = append(rows, r)
		}
	}
	return store(tx, rows)
}

func claimedNames(jobs []Claimed) []name {
	names := pluck(jobs, func(c Claimed) name { return name{c.Kind, c.Key} })
	slices.SortFunc(names, name.compare)
	return names
}
