package credit

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// Term says that a site has a plan from a time on, "" for none.
type Term struct {
	Since db.Time
	Plan  string
}

// Terms are the plans of one site, past and planned, in the order of time.
type Terms []Term

// At gives the plan at a time, "" for none.
func (t Terms) At(now db.Time) (plan string) {
	for _, one := range t {
		if one.Since <= now {
			plan = one.Plan
		}
	}
	return plan
}

// has reports whether the plan is the site's at a time, or later.
func (t Terms) has(plan string, now db.Time) bool {
	return t.At(now) == plan || slices.ContainsFunc(t, func(one Term) bool { return one.Since > now && one.Plan == plan })
}

// AssignPlan gives a site a plan, "" for none, from a time on that is not past; 0 = from now
// on. What was planned for that time or later is forgotten, what comes before it stays.
// Faults: Invalid, and NotFound for the site or the plan.
func AssignPlan(tx *db.Tx, siteID, plan string, since db.Time) error {
	since, err := notPast(tx, since)
	if err != nil {
		return err
	}
	if _, err := site.Find(tx, siteID); err != nil {
		return err
	}
	if plan != "" {
		if _, err := lockPlan(tx, plan); err != nil {
			return err
		}
	}
	if err := site.Changed(tx, siteID); err != nil { // and nobody else changes what the site pays
		return err
	}
	stood, err := SitePlans(tx, siteID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM site_plan WHERE site_id = ? AND since >= ?`, siteID, since); err != nil {
		return fmt.Errorf("forget planned plans of %s: %w", siteID, err)
	}
	before, err := SitePlans(tx, siteID)
	if err != nil {
		return err
	}
	if before.At(since) != plan {
		err = tx.InsertMany("site_plan", db.Col("site_id", []string{siteID}), db.Col("since", []db.Time{since}), db.Col("plan_id", []string{plan}))
		if err != nil {
			return fmt.Errorf("give %s the plan %q: %w", siteID, plan, err)
		}
	}
	was, now := audit.Fields{"plan": stood.At(since)}, audit.Fields{"plan": plan}
	if since > tx.Now {
		now["since"] = since
	}
	if err := audit.Note(tx, audit.Change{Site: siteID, Action: "site.plan_assigned", Ref: siteID, Before: was, After: now}); err != nil {
		return err
	}
	return relay(tx, siteID)
}

// SitePlans gives the plans of a site.
func SitePlans(tx *db.Tx, siteID string) (Terms, error) {
	all, err := termsOf(tx, []string{siteID})
	return all[siteID], err
}

func termsOf(tx *db.Tx, sites []string) (map[string]Terms, error) {
	out := map[string]Terms{}
	rows, err := tx.Lookup("site_plan", []string{"site_id", "since", "plan_id"}, db.Col("site_id", sites))
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var siteID string
		var t Term
		err := r.Scan(&siteID, &t.Since, &t.Plan)
		out[siteID] = append(out[siteID], t)
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("read plans of %d sites: %w", len(sites), err)
	}
	for _, t := range out {
		slices.SortFunc(t, func(a, b Term) int { return cmp.Compare(a.Since, b.Since) })
	}
	return out, nil
}
