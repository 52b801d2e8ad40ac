package db_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// scans recognises, in an engine's plan, that the big table is read as a whole.
var scans = map[string]*regexp.Regexp{
	"sqlite":   regexp.MustCompile(`SCAN (t\b|line|thing)`),
	"postgres": regexp.MustCompile(`Seq Scan on|Hash Join|Merge Join|Index Scan using \S+ on (line|thing) t +\([^)]*\)$`),
	"mysql":    regexp.MustCompile(`table=t type=(ALL|index) `),
}

var seeks = map[string]*regexp.Regexp{
	"sqlite":   regexp.MustCompile(`SEARCH (t|line|thing) USING (PRIMARY KEY|(COVERING )?INDEX sqlite_autoindex_\w+_1) \(`),
	"postgres": regexp.MustCompile(`(Index (Only )?Scan using|Bitmap Index Scan on) (line|thing)_pkey`),
	"mysql":    regexp.MustCompile(`table=t type=(eq_ref|ref) possible_keys=\S* key=PRIMARY`),
}

func TestBulkActsLookUpByPrimaryKeyInTablesSmallAndLarge(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		m := id.New()
		for _, rows := range []int{0, 30, 20_000} {
			if rows > 0 {
				fill(t, d, m, rows)
			}
			for _, n := range []int{2, 400} {
				checkPlans(t, d, m, rows, n)
			}
		}
	})
}

func fill(t *testing.T, d *db.DB, m id.ID, n int) {
	t.Helper()
	seqs := make([]int, n)
	for i := range seqs {
		seqs[i] = n + i
	}
	things := some(n)
	for i := range things {
		things[i].Label = label(fmt.Sprintf("fill-%d", n))
	}
	update(t, d, func(tx *db.Tx) error {
		if err := tx.InsertMany("thing", columns(things)...); err != nil {
			return err
		}
		return tx.InsertMany("line", db.Same("site", "demo", n), db.Same("message", m, n), db.Col("seq", seqs), db.Same("state", "pending", n))
	})
}

func checkPlans(t *testing.T, d *db.DB, m id.ID, rows, n int) {
	t.Helper()
	seqs, keys, states := make([]int, n), make([]id.ID, n), make([]string, n)
	for i := range seqs {
		seqs[i], keys[i], states[i] = i, id.New(), fmt.Sprint("state ", i)
	}
	line := []db.Column{db.Same("site", "demo", n), db.Same("message", m, n), db.Col("seq", seqs)}
	update(t, d, func(tx *db.Tx) error {
		one, err := db.Explain(tx, "thing", []db.Column{db.Col("id", keys)}, []db.Column{db.Same("cost", 1, n)})
		if err != nil {
			return err
		}
		three, err := db.Explain(tx, "line", line, []db.Column{db.Same("state", "sent", n)})
		if err != nil {
			return err
		}
		each, err := db.Explain(tx, "line", line, []db.Column{db.Col("state", states)})
		if err != nil {
			return err
		}
		three["UpdateMany to different values"] = each["UpdateMany"]
		if d.Engine() == "sqlite" {
			// The more rows share the beginning of their keys, the worse is a plan that uses only that.
			two, err := db.Explain(tx, "pair", []db.Column{db.Same("site", "demo", n), db.Col("digest", keys)}, []db.Column{db.Col("state", states)})
			if err != nil {
				return err
			}
			if plan := two["UpdateMany"]; !strings.Contains(plan, "(site=? AND digest=?)") {
				t.Errorf("UpdateMany of %d keys in %d rows does not use the whole key:\n%s", n, rows, plan)
			}
		}
		if whole := map[string]string{"postgres": "(seq = k.", "sqlite": "seq=?"}[d.Engine()]; whole != "" {
			for act, plan := range three {
				if !strings.Contains(plan, whole) {
					t.Errorf("%s of %d keys in %d rows does not use the whole key:\n%s", act, n, rows, plan)
				}
			}
		}
		for _, plans := range []map[string]string{one, three} {
			for act, plan := range plans {
				if scans[d.Engine()].MatchString(plan) || !seeks[d.Engine()].MatchString(plan) {
					t.Errorf("%s of %d keys in %d rows does not look up by key:\n%s", act, n, rows, plan)
				}
			}
		}
		return nil
	})
}
