package db_test

import (
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

func TestProcessesThatMigrateAtOnceAllSucceed(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			link := dbtest.URL(t, engine)
			var all sync.WaitGroup
			for range 3 {
				d := dbtest.Connect(t, link, db.Options{})
				all.Go(func() {
					if err := d.Migrate(t.Context()); err != nil {
						t.Errorf("migrate: %v", err)
					}
				})
			}
			all.Wait()
			steps, err := dbtest.Connect(t, link, db.Options{}).Migrations(t.Context())
			if err != nil || len(steps) == 0 || steps[0].Name != "00001_db_mark.sql" || steps[0].Version != 1 {
				t.Fatalf("got %v (%v), want the list that begins with db_mark", steps, err)
			}
			for _, s := range steps {
				if !s.Applied {
					t.Errorf("%s is not applied", s.Name)
				}
			}
		})
	}
}

// MariaDB commits the making of goose's table before the row that completes it; on the other
// engines both are one transaction, and no process leaves a half behind.
func TestAProcessThatDiedMakingTheTableOfVersionsIsHealed(t *testing.T) {
	const half = "CREATE TABLE goose_db_version (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, " +
		"version_id BIGINT NOT NULL, is_applied BOOLEAN NOT NULL, tstamp DATETIME NULL DEFAULT CURRENT_TIMESTAMP)"
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			d := dbtest.Connect(t, dbtest.URL(t, engine), db.Options{})
			if engine == "mysql" {
				if err := db.Make(t.Context(), d, half); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatalf("migrate: %v", err)
			}
			if n, err := db.Marks(t.Context(), d); err != nil {
				t.Errorf("read the marks: %d, %v", n, err)
			}
		})
	}
}

func TestMigrationsAreListedBeforeTheyAreApplied(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		steps, err := dbtest.Connect(t, dbtest.URL(t, engine), db.Options{}).Migrations(t.Context())
		if err != nil || len(steps) == 0 || steps[0].Applied {
			t.Errorf("%s: got %v (%v), want steps that wait", engine, steps, err)
		}
	}
}

func TestMarksBecomeTheEnginesWords(t *testing.T) {
	const text = "CREATE TABLE x (a {id}, b {time}, c {amount}, d {int}, e {word}, f {text}, g {bytes}, h {bool}) {{table: fillfactor=70, narrow}}"
	want := map[string]string{
		"sqlite":   "CREATE TABLE x (a BLOB, b INTEGER, c INTEGER, d INTEGER, e TEXT, f TEXT, g BLOB, h INTEGER) WITHOUT ROWID",
		"postgres": `CREATE TABLE x (a uuid, b bigint, c bigint, d bigint, e text COLLATE "C", f text COLLATE "C", g bytea, h boolean) WITH (fillfactor=70)`,
		"mysql":    "CREATE TABLE x (a BINARY(16), b BIGINT, c BIGINT, d BIGINT, e VARBINARY(64), f LONGTEXT, g LONGBLOB, h BOOLEAN) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if got, err := db.ExpandText(d, text); err != nil || got != want[d.Engine()] {
			t.Errorf("got  %s (%v)\nwant %s", got, err, want[d.Engine()])
		}
		for _, wrong := range []string{"{date}", "{ID}", "{{table", "{{table: sharded}}", "{{tables}}", "{", "a } b", "{{index}}", "{id2}"} {
			if got, err := db.ExpandText(d, wrong); err == nil {
				t.Errorf("%q became %q, want an error", wrong, got)
			}
		}
	})
}

// A migration is one statement that can be run again, because MariaDB commits
// each change of a schema by itself.
func TestEveryMigrationIsOneRepeatableStatement(t *testing.T) {
	repeatable := regexp.MustCompile(`^CREATE TABLE IF NOT EXISTS [a-z_]+ \((?s:.*)\) \{\{table(: [^}]*)?\}\};?$|^ALTER TABLE [a-z_]+ ADD COLUMN \{\{absent\}\} [a-z_]+ [^,;]*;?$|^CREATE INDEX \{\{absent\}\} [a-z_]+ ON [a-z_]+ \([a-z_, ]+\);?$`)
	comment := regexp.MustCompile(`(?m)^\s*--.*$|\s--\s.*$`)
	names, err := fs.Glob(db.Files(), "migration/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(db.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		body, found := strings.CutPrefix(string(text), "-- +goose Up\n")
		body = strings.TrimSpace(comment.ReplaceAllString(body, ""))
		switch {
		case !found:
			t.Errorf("%s does not begin with -- +goose Up", name)
		case strings.Contains(string(text), "+goose Down"):
			t.Errorf("%s has a way down; there is none", name)
		case strings.Count(body, ";") > 1 || !repeatable.MatchString(body):
			t.Errorf("%s is not one repeatable statement:\n%s", name, body)
		}
	}
}
