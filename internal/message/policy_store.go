package message

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// Policy is a site's own strategy as it is kept.
type Policy struct {
	Site      string
	Name      string
	Steps     PolicySteps
	CreatedAt db.Time
	UpdatedAt db.Time
}

// MostPolicies bounds the policies of a site.
const MostPolicies = 100

var policyColumns = []string{"site_id", "name", "steps", "created_at", "updated_at"}

func scanPolicy(row scanner) (p Policy, err error) {
	var steps []byte
	if err := row.Scan(&p.Site, &p.Name, &steps, &p.CreatedAt, &p.UpdatedAt); err != nil {
		return p, err
	}
	if err := json.Unmarshal(steps, &p.Steps); err != nil {
		return p, fmt.Errorf("read policy %s of site %s: %w", p.Name, p.Site, err)
	}
	return p, nil
}

// policyOf names a policy of a site.
type policyOf struct{ site, name string }

// askPolicies gives the question for policies, and where the answer will stand.
func askPolicies(names []policyOf) (db.Question, map[policyOf]*Policy) {
	found := make(map[policyOf]*Policy, len(names))
	row := func(r *sql.Rows) error {
		p, err := scanPolicy(r)
		found[policyOf{p.Site, p.Name}] = &p
		return err
	}
	key := []db.Column{db.Col("site_id", pick(names, func(n policyOf) string { return n.site })), db.Col("name", pick(names, func(n policyOf) string { return n.name }))}
	return db.Question{Table: "policy", Cols: policyColumns, Key: key, Row: row}, found
}

// FindPolicy reads one policy of a site. NotFound.
func FindPolicy(tx *db.Tx, siteID, name string) (Policy, error) {
	q, found := askPolicies([]policyOf{{siteID, name}})
	if err := tx.Ask(q); err != nil {
		return Policy{}, fmt.Errorf("find policy %s of site %s: %w", name, siteID, err)
	}
	if p := found[policyOf{siteID, name}]; p != nil {
		return *p, nil
	}
	return Policy{}, fault.Missing("policy", name)
}

// Policies lists a site's policies by name, those after a given one.
func Policies(tx *db.Tx, siteID, after string, limit int) ([]Policy, error) {
	rows, err := tx.Query(`SELECT `+columnList(policyColumns)+` FROM policy WHERE site_id = ? AND name > ? ORDER BY name LIMIT ?`, siteID, after, limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (Policy, error) { return scanPolicy(r) })
	if err != nil {
		return nil, fmt.Errorf("list policies of site %s: %w", siteID, err)
	}
	return list, nil
}

// SetPolicy writes a policy, a new one or in place of the one of its name. Messages that were
// accepted keep the steps that they were accepted with. Faults: Invalid with the place of what
// cannot be right, NotFound for the site. It locks the site's row.
func SetPolicy(tx *db.Tx, siteID, name string, steps PolicySteps) (p Policy, err error) {
	if err := checkPolicyName(name); err != nil {
		return p, err
	}
	if err := steps.Check(); err != nil {
		return p, err
	}
	if err := site.Lock(tx, siteID); err != nil {
		return p, err
	}
	p, err = FindPolicy(tx, siteID, name)
	switch {
	case fault.Is(err, fault.NotFound):
		p = Policy{siteID, name, steps, tx.Now, tx.Now}
		if err = addPolicy(tx, p); err == nil {
			err = notePolicy(tx, "policy.created", p, nil, steps)
		}
	case err == nil:
		if err := notePolicy(tx, "policy.updated", p, p.Steps, steps); err != nil {
			return p, err
		}
		p.Steps, p.UpdatedAt = steps, tx.Now
		_, err = tx.Exec(`UPDATE policy SET steps = ?, updated_at = ? WHERE site_id = ? AND name = ?`, jsonText(steps), tx.Now, siteID, name)
	}
	if err != nil {
		return p, fmt.Errorf("set policy %s of site %s: %w", name, siteID, err)
	}
	return p, site.Changed(tx, siteID)
}

func addPolicy(tx *db.Tx, p Policy) error {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM policy WHERE site_id = ?`, p.Site).Scan(&n); err != nil {
		return err
	}
	if n >= MostPolicies {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "a site has at most %d policies; remove one first", MostPolicies)
	}
	_, err := tx.Exec(`INSERT INTO policy (`+columnList(policyColumns)+`) VALUES (?, ?, ?, ?, ?)`, p.Site, p.Name, jsonText(p.Steps), p.CreatedAt, p.UpdatedAt)
	return err
}

// RemovePolicy deletes a policy. NotFound.
func RemovePolicy(tx *db.Tx, siteID, name string) error {
	was, err := FindPolicy(tx, siteID, name)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM policy WHERE site_id = ? AND name = ?`, siteID, name); err != nil {
		return fmt.Errorf("remove policy %s of site %s: %w", name, siteID, err)
	}
	if err := notePolicy(tx, "policy.removed", was, was.Steps, nil); err != nil {
		return err
	}
	return site.Changed(tx, siteID)
}
