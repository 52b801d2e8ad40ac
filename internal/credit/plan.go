package credit

import (
	"database/sql"
	"fmt"
	"strings"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// Plan is a price list that sites share.
type Plan struct {
	ID        string // slug chosen by people
	Name      string
	CreatedAt db.Time
	Prices    []PricePeriod // what it names, as periods by their beginning
	Sites     int           // that have it, or will
	Behind    bool          // some sites do not go by its newest prices yet, but will in moments
}

// NoPlan is the word that people write in the place of a plan for none; no plan can have it
// as its id.
const NoPlan = "none"

// planRow is a plan as it is stored. While it is behind, a job goes on above the site reached.
type planRow struct {
	id, name  string
	behind    bool
	reached   string
	createdAt db.Time
}

var planColumns = []string{"id", "name", "behind", "reached", "created_at"}

func scanPlan(r *sql.Rows) (p planRow, err error) {
	return p, r.Scan(&p.id, &p.name, &p.behind, &p.reached, &p.createdAt)
}

// CreatePlan makes a plan with the prices of some channels from now on; of the others it
// says nothing. Faults: Invalid, and Conflict already_exists.
func CreatePlan(tx *db.Tx, id, name string, p map[provider.Channel]money.Amount) error {
	name = strings.TrimSpace(name)
	if !site.IsSlug(id) || id == NoPlan {
		return fault.Check("/id", "want 2 to 40 characters of a-z, 0-9 and -, beginning with a letter, and not %q: got %q", NoPlan, id)
	}
	if err := checkPlanName(name); err != nil {
		return err
	}
	err := tx.InsertMany("plan", db.Col("id", []string{id}), db.Col("name", []string{name}), db.Col("behind", []bool{false}),
		db.Col("reached", []string{""}), db.Col("created_at", []db.Time{tx.Now}))
	if duplicate(err) {
		return fault.Wrap(err, fault.Conflict, fault.CodeAlreadyExists, "there is a plan %q already", id)
	} else if err != nil {
		return fmt.Errorf("create plan %s: %w", id, err)
	}
	prices := audit.Fields{"name": name}
	for ch, cost := range p {
		prices[ch.String()] = cost
	}
	if err := notePlan(tx, "plan.created", id, nil, prices); err != nil {
		return err
	}
	return setPrices(tx, planOwner(id), p, 0, nil)
}

func checkPlanName(name string) error {
	if !site.IsName(name) {
		return fault.Check("/name", "want 1 to 100 characters without line breaks or other control characters")
	}
	return nil
}

// RenamePlan changes what people call a plan. Faults: Invalid, NotFound.
func RenamePlan(tx *db.Tx, id, name string) error {
	name = strings.TrimSpace(name)
	if err := checkPlanName(name); err != nil {
		return err
	}
	was, err := lockPlan(tx, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE plan SET name = ? WHERE id = ?`, name, id); err != nil {
		return fmt.Errorf("rename plan %s: %w", id, err)
	}
	return notePlan(tx, "plan.renamed", id, audit.Fields{"name": was.name}, audit.Fields{"name": name})
}

// RemovePlan removes a plan that no site has, or will have; what sites paid by it stays as
// their history. Faults: NotFound, Conflict.
func RemovePlan(tx *db.Tx, id string) error {
	was, err := lockPlan(tx, id)
	if err != nil {
		return err
	}
	n, err := sitesOf(tx, id, id)
	if err != nil {
		return err
	}
	if n[id] > 0 {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "the plan %q is that of %d sites, now or from a planned time on: give them another one first", id, n[id])
	}
	if _, err := tx.DeleteMany("price", db.Col("owner", []string{planOwner(id)})); err != nil {
		return fmt.Errorf("remove prices of plan %s: %w", id, err)
	}
	if _, err := tx.DeleteMany("plan", db.Col("id", []string{id})); err != nil {
		return fmt.Errorf("remove plan %s: %w", id, err)
	}
	return notePlan(tx, "plan.removed", id, audit.Fields{"name": was.name}, nil)
}

// lockPlan locks a plan. Whoever changes its prices, or gives it to a site, holds the lock,
// so that no site misses a change. It comes before the locks of sites.
func lockPlan(tx *db.Tx, id string) (planRow, error) {
	rows, err := tx.LookupForUpdate("plan", planColumns, db.Col("id", []string{id}))
	found, err := db.Collect(rows, err, scanPlan)
	if err != nil {
		return planRow{}, fmt.Errorf("lock plan %s: %w", id, err)
	}
	if len(found) == 0 {
		return planRow{}, fault.Missing("plan", id)
	}
	return found[0], nil
}

// LockPlan has a plan stay as it is until the transaction ends. NotFound.
func LockPlan(tx *db.Tx, id string) error {
	_, err := lockPlan(tx, id)
	return err
}

// FindPlan gives a plan, or a NotFound fault.
func FindPlan(tx *db.Tx, id string) (Plan, error) {
	rows, err := tx.Lookup("plan", planColumns, db.Col("id", []string{id}))
	found, err := db.Collect(rows, err, scanPlan)
	if err != nil {
		return Plan{}, fmt.Errorf("find plan %s: %w", id, err)
	}
	if len(found) == 0 {
		return Plan{}, fault.Missing("plan", id)
	}
	all, err := wholePlans(tx, found)
	if err != nil {
		return Plan{}, err
	}
	return all[0], nil
}

// Plans gives up to limit plans with ids above after, in the order of their ids.
func Plans(tx *db.Tx, after string, limit int) ([]Plan, error) {
	rows, err := tx.Query(`SELECT `+names(planColumns)+` FROM plan WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	found, err := db.Collect(rows, err, scanPlan)
	if err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	return wholePlans(tx, found)
}

// wholePlans adds to plans, which are sorted, what stands elsewhere.
func wholePlans(tx *db.Tx, found []planRow) ([]Plan, error) {
	if len(found) == 0 {
		return nil, nil
	}
	q, lists := askLists(tx, each(found, func(p *planRow) string { return planOwner(p.id) }))
	if err := tx.Ask(q); err != nil {
		return nil, fmt.Errorf("read prices of plans: %w", err)
	}
	n, err := sitesOf(tx, found[0].id, found[len(found)-1].id)
	if err != nil {
		return nil, err
	}
	return each(found, func(p *planRow) Plan {
		return Plan{ID: p.id, Name: p.name, CreatedAt: p.createdAt, Prices: ownPeriods(p.id, lists.byOwner[planOwner(p.id)]),
			Sites: n[p.id], Behind: p.behind}
	}), nil
}

// sitesOf counts, for the plans from one id to another, the sites that have it or will.
func sitesOf(tx *db.Tx, first, last string) (map[string]int, error) {
	out := map[string]int{}
	rows, err := tx.Query(`SELECT p.plan_id, COUNT(DISTINCT p.site_id) FROM site_plan p WHERE p.plan_id >= ? AND p.plan_id <= ?
		AND NOT EXISTS (SELECT 1 FROM site_plan q WHERE q.site_id = p.site_id AND q.since > p.since AND q.since <= ?)
		GROUP BY p.plan_id`, first, last, tx.Now)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		var n int
		err := r.Scan(&id, &n)
		out[id] = n
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("count sites of plans: %w", err)
	}
	return out, nil
}
