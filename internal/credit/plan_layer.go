package credit

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// KindPlan is the job that brings a plan's newest prices to the sites that have it.
const KindPlan = "plan"

// chunk is how many sites get a plan's prices in one transaction, so that none holds
// SQLite's writer for long.
const chunk = 100

// SetPlanPrices sets the prices of some channels of a plan, from a time on that is not past
// (0 = now); those to drop it no longer names from then on. The sites that have the plan
// get them in chunks, the first in this transaction, the others by a job: until it comes to
// a site, that site pays what it did, and never anything back. A time to come is reached by
// all sites together, if the job has been to them by then. Faults: Invalid, NotFound.
func (l *Ledger) SetPlanPrices(tx *db.Tx, plan string, p map[provider.Channel]money.Amount, since db.Time, drop ...provider.Channel) error {
	row, err := lockPlan(tx, plan)
	if err != nil {
		return err
	}
	c := audit.Change{Action: "plan.prices_updated", Ref: plan}
	if err := notePrices(tx, c, planOwner(plan), p, since, drop); err != nil {
		return err
	}
	if err := setPrices(tx, planOwner(plan), p, since, drop); err != nil {
		return err
	}
	row.reached = "" // also when an earlier change is still on its way
	if row, err = spread(tx, row); err != nil || !row.behind {
		return err
	}
	return l.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: KindPlan, Key: plan})
}

// carryOn brings a plan's prices to the next chunk of sites.
func (l *Ledger) carryOn(tx *db.Tx, j queue.Claimed) error {
	row, err := lockPlan(tx, j.Key)
	if fault.Is(err, fault.NotFound) {
		return l.queue.Done(tx, j)
	}
	if err == nil && row.behind {
		row, err = spread(tx, row)
	}
	switch {
	case err != nil:
		return err
	case row.behind:
		return l.queue.Again(tx, 0, "goes on", j)
	}
	return l.queue.Done(tx, j)
}

// spread brings a plan's prices to the chunk of sites above reached, and notes how far it
// came: each chunk is whole or was not begun. The plan is locked.
func spread(tx *db.Tx, p planRow) (planRow, error) {
	rows, err := tx.Query(`SELECT DISTINCT site_id FROM site_plan WHERE plan_id = ? AND site_id > ? ORDER BY site_id LIMIT ?`, p.id, p.reached, chunk)
	sites, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
	if err != nil {
		return p, fmt.Errorf("find sites of plan %s: %w", p.id, err)
	}
	p.behind = len(sites) == chunk
	if len(sites) > 0 {
		p.reached = sites[len(sites)-1]
	}
	all, err := termsOf(tx, sites)
	if err != nil {
		return p, err
	}
	// Nobody else can get the plan now. Whoever loses it meanwhile is looked at for nothing.
	sites = slices.DeleteFunc(sites, func(s string) bool { return !all[s].has(p.id, tx.Now) })
	if len(sites) > 0 {
		if err := site.Changed(tx, sites...); err != nil {
			return p, err
		}
		if err := relay(tx, sites...); err != nil {
			return p, err
		}
	}
	err = tx.UpdateMany("plan", []string{"id"}, db.Col("id", []string{p.id}), db.Col("behind", []bool{p.behind}), db.Col("reached", []string{p.reached}))
	if err != nil {
		return p, fmt.Errorf("note how far plan %s came: %w", p.id, err)
	}
	return p, nil
}

// relay writes the layers of sites anew, from now on: what was, stays. It is the same
// however often it is done. The caller has raised the sites' Revs, and thereby locked them.
func relay(tx *db.Tx, sites ...string) error {
	plans, lists, err := askLayers(tx, sites)
	if err != nil {
		return err
	}
	var gone, rows tariff
	var goneOf, rowsOf []string
	for _, s := range sites {
		owner := layerOwner(s)
		past, future := lists.byOwner[owner].parted(tx.Now)
		want := layer(plans[s], lists, past.at(tx.Now), tx.Now)
		if slices.Equal(future.sorted(), want.sorted()) {
			continue
		}
		gone, goneOf = append(gone, future...), append(goneOf, slices.Repeat([]string{owner}, len(future))...)
		rows, rowsOf = append(rows, want...), append(rowsOf, slices.Repeat([]string{owner}, len(want))...)
	}
	_, err = tx.DeleteMany("price", db.Col("owner", goneOf), gone.channels(), db.Col("since", each(gone, func(p *listed) db.Time { return p.since })))
	if err != nil {
		return fmt.Errorf("clear the layers of %d sites: %w", len(sites), err)
	}
	return rows.insert(tx, rowsOf)
}

// askLayers reads the plans of sites, and the lists of those plans and of the layers.
func askLayers(tx *db.Tx, sites []string) (map[string]Terms, *Lists, error) {
	plans, err := termsOf(tx, sites)
	if err != nil {
		return nil, nil, err
	}
	owners := map[string]bool{}
	for _, s := range sites {
		owners[layerOwner(s)] = true
		for _, m := range plans[s] {
			owners[planOwner(m.Plan)] = true
		}
	}
	q, lists := askLists(tx, slices.Sorted(maps.Keys(owners)))
	if err := tx.Ask(q); err != nil {
		return nil, nil, fmt.Errorf("read the layers of %d sites: %w", len(sites), err)
	}
	return plans, lists, nil
}

// layer gives what plans make of a site's prices from a time on, as changes of what its
// layer says until then.
func layer(plans Terms, lists *Lists, before Prices, from db.Time) (out tariff) {
	times := map[db.Time]bool{from: true}
	for _, m := range plans {
		times[m.Since] = true
		for _, p := range lists.byOwner[planOwner(m.Plan)] {
			times[p.since] = true
		}
	}
	for _, at := range slices.Sorted(maps.Keys(times)) {
		if at < from {
			continue
		}
		costs := lists.byOwner[planOwner(plans.At(at))].at(at)
		for ch, cost := range costs {
			if cost != before[ch] {
				out = append(out, listed{provider.Channel(ch), at, cost})
			}
		}
		before = costs
	}
	return out
}

// workOnPlans is the handler of KindPlan: one chunk a job and transaction.
func (l *Ledger) workOnPlans(d *db.DB) queue.Work {
	handle := func(ctx context.Context, jobs []queue.Claimed) error {
		for _, j := range jobs {
			if err := d.Update(ctx, "credit_plan", func(tx *db.Tx) error { return l.carryOn(tx, j) }); err != nil {
				return err
			}
		}
		return nil
	}
	return queue.Work{Lane: queue.Default, Kind: KindPlan, Max: 1, Workers: 1, Handle: handle}
}
