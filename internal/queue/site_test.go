package queue

import (
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// TestTheJobsOfASiteAreFoundByAnIndex asks the engine that tells its plan whatever the table holds.
func TestTheJobsOfASiteAreFoundByAnIndex(t *testing.T) {
	w := newWorld(t, dbtest.Connect(t, dbtest.Migrated(t, "sqlite"), db.Options{}), Options{})
	w.must(func(tx *db.Tx) error {
		var id, parent, unused int
		var plan string
		err := tx.QueryRow(`EXPLAIN QUERY PLAN SELECT kind, job_key FROM job WHERE site_id = ?`, "demo").Scan(&id, &parent, &unused, &plan)
		if !strings.Contains(plan, "INDEX job_site (site_id=?)") {
			t.Errorf("the plan is %q", plan)
		}
		return err
	})
}
