package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// A write reads what it decides upon under a lock, decides, and writes; the
// answer leaves the closure as a value that each try builds anew.
func ExampleDB_Update() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "example.db"), db.Options{})
	if err != nil {
		panic(err)
	}
	defer d.Close()
	if err := d.Migrate(ctx); err != nil {
		panic(err)
	}
	mine := []id.ID{id.New(), id.New()}
	var there int
	err = d.Update(ctx, "example", func(tx *db.Tx) error {
		if err := tx.InsertMany("db_mark", db.Col("id", mine)); err != nil {
			return err
		}
		rows, err := tx.LookupForUpdate("db_mark", []string{"id"}, db.Col("id", mine))
		found, err := db.Collect(rows, err, func(rows *sql.Rows) (m id.ID, err error) { return m, rows.Scan(&m) })
		there = len(found)
		return err
	})
	fmt.Println(there, err)
	// Output: 2 <nil>
}
