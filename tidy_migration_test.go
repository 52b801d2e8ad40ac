package creditmsg

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// migrationName is NNNNN_owner_table.sql: number, owner, rest.
var migrationName = regexp.MustCompile(`^internal/db/migration/([0-9]{5})_([a-z]+)_([a-z0-9_]+)\.sql$`)

// ranges are the numbers that the tables of the first release have, by owner. Later
// changes count on from firstLater, whoever makes them.
var ranges = []struct {
	from, to int
	owners   []string
}{
	{1, 9, []string{"db"}},
	{10, 19, []string{"site"}},
	{20, 29, []string{"event", "idem", "queue"}},
	{30, 39, []string{"credit"}},
	{40, 59, []string{"message"}},
	{60, 69, []string{"delivery"}},
}

const firstLater = 100

var (
	marks       = []string{"id", "time", "amount", "word", "text", "bytes", "bool", "int"}
	mark        = regexp.MustCompile(`\{\{?[^{}]*\}?\}`)
	tableMark   = regexp.MustCompile(`\)\s*\{\{table(: [^{}]+)?\}\}\s*;?\s*$`)
	sqlComment  = regexp.MustCompile(`(?m)--.*$`)
	nativeType  = regexp.MustCompile(`(?mi)^\s*[a-z_0-9]+\s+(integer|int|bigint|smallint|text|longtext|varchar|char|blob|bytea|binary|boolean|bool|timestamp\w*|datetime|date|json|jsonb|uuid|decimal|numeric|real|float|double)\b`)
	addsColumn  = regexp.MustCompile(`^ALTER TABLE \w+ ADD COLUMN \{\{absent\}\} \w+ `)
	addsIndex   = regexp.MustCompile(`^CREATE INDEX \{\{absent\}\} \w+ ON `)
	laterChange = regexp.MustCompile(`^(CREATE TABLE IF NOT EXISTS|ALTER TABLE \w+ ADD|CREATE (UNIQUE )?INDEX)\b`)
)

func (t *tree) migrations() []*source {
	return slices.DeleteFunc(slices.Clone(t.files), func(s *source) bool {
		return path.Dir(s.path) != "internal/db/migration" || path.Ext(s.path) != ".sql"
	})
}

func checkMigrationNames(t *tree) (out []offence) {
	seen := map[int]string{}
	for _, s := range t.migrations() {
		name := migrationName.FindStringSubmatch(s.path)
		if name == nil {
			out = append(out, offence{s.path, "the name is not NNNNN_owner_table.sql"})
			continue
		}
		number, _ := strconv.Atoi(name[1]) // the pattern has digits alone
		if seen[number] != "" {
			out = append(out, offence{s.path, "has the number of " + seen[number]})
		}
		seen[number] = s.path
		if !owns(number, name[2]) {
			out = append(out, offence{s.path, fmt.Sprintf("number %d is not one that %s may take: see ranges in tidy_migration_test.go", number, name[2])})
		}
	}
	return out
}

func owns(number int, owner string) bool {
	if number >= firstLater {
		_, ok := floors[owner]
		return ok
	}
	for _, r := range ranges {
		if r.from <= number && number <= r.to {
			return slices.Contains(r.owners, owner)
		}
	}
	return false
}

func checkMigrations(t *tree) (out []offence) {
	for _, s := range t.migrations() {
		for _, what := range migrationFaults(s.text) {
			out = append(out, offence{s.path, what})
		}
	}
	return out
}

// migrationFaults says what is wrong with the text of one migration.
func migrationFaults(text string) (out []string) {
	if n := strings.Count(text, "-- +goose"); n != 1 || !strings.HasPrefix(text, "-- +goose Up\n") {
		out = append(out, "begins with -- +goose Up and has no other such line: there is no way down")
	}
	body := strings.TrimSpace(sqlComment.ReplaceAllString(text, ""))
	if strings.Contains(strings.TrimSuffix(body, ";"), ";") {
		out = append(out, "has more than one statement")
	}
	if !laterChange.MatchString(body) {
		out = append(out, "is none of CREATE TABLE IF NOT EXISTS, ALTER TABLE … ADD, CREATE INDEX")
	}
	if strings.HasPrefix(body, "CREATE TABLE") && !tableMark.MatchString(body) {
		out = append(out, "does not end its table in {{table}}")
	}
	for _, m := range mark.FindAllString(body, -1) {
		name := strings.Trim(m, "{}")
		if !slices.Contains(marks, name) && name != "table" && name != "absent" && !strings.HasPrefix(name, "table: ") {
			out = append(out, fmt.Sprintf("has the mark %s, which nobody knows; there are %s", m, strings.Join(marks, " ")))
		}
	}
	if strings.HasPrefix(body, "ALTER TABLE") && !addsColumn.MatchString(body) {
		out = append(out, "does not add its column with ADD COLUMN {{absent}}, so a crash in the middle would not be healed")
	}
	if strings.HasPrefix(body, "CREATE INDEX") && !addsIndex.MatchString(body) {
		out = append(out, "does not make its index with CREATE INDEX {{absent}}, so a crash in the middle would not be healed")
	}
	if m := nativeType.FindStringSubmatch(body); m != nil {
		out = append(out, fmt.Sprintf("has the type %s of one engine; write a mark such as {int}", m[1]))
	}
	if strings.Contains(body, "WHERE") {
		out = append(out, "has a partial index, which MySQL lacks; at most one open row is a nullable unique column")
	}
	if because, ok := engineWord(body); ok {
		out = append(out, because)
	}
	return out
}

func checkOneMaker(t *tree) (out []offence) {
	makers := map[string][]string{}
	for _, s := range t.migrations() {
		for _, m := range created.FindAllStringSubmatch(s.text, -1) {
			makers[m[1]] = append(makers[m[1]], s.path)
		}
	}
	for _, table := range slices.SortedFunc(maps.Keys(makers), cmp.Compare[string]) {
		if len(makers[table]) > 1 {
			out = append(out, offence{table, "is made by " + strings.Join(makers[table], " and ")})
		}
	}
	return out
}

func migrationRules() []rule {
	file := func(name, body string) string { return "== internal/db/migration/" + name + " ==\n" + body }
	const fine = "-- +goose Up\n-- the purse of a site\nCREATE TABLE IF NOT EXISTS account (\n  site_id {word} NOT NULL PRIMARY KEY,\n  text {text}\n) {{table: fillfactor=70}};"
	return []rule{
		{
			name:  "migrations say whose tables they make",
			why:   "the owner of a table is read from the name of its migration, and numbers must not meet",
			check: checkMigrationNames,
			bad: []string{
				file("00010_credit_account.sql", fine),
				file("30_credit_account.sql", fine),
				file("00030_credit_account.sql", fine) + "\n" + file("00030_credit_lot.sql", fine),
				file("00100_utils_thing.sql", fine),
			},
			good: []string{file("00030_credit_account.sql", fine), file("00100_site_more.sql", fine)},
		}, {
			name:  "migrations are one repeatable statement for all engines",
			why:   "MariaDB commits each DDL statement by itself, so a file of two can stop half done; and one text must mean the same on every engine",
			check: checkMigrations,
			bad: []string{
				file("00030_credit_account.sql", fine+"\nDROP TABLE account;"),
				file("00030_credit_account.sql", strings.Replace(fine, "{word}", "{txt}", 1)),
				file("00030_credit_account.sql", strings.Replace(fine, "{word}", "BIGINT", 1)),
				file("00030_credit_account.sql", strings.Replace(fine, " {{table: fillfactor=70}}", "", 1)),
				file("00030_credit_account.sql", fine+"\n-- +goose Down"),
				file("00101_credit_index.sql", "-- +goose Up\nCREATE INDEX account_open ON account (site_id) WHERE open = 1;"),
				file("00101_credit_drop.sql", "-- +goose Up\nALTER TABLE account DROP COLUMN text;"),
				file("00101_credit_more.sql", "-- +goose Up\nALTER TABLE account ADD COLUMN note {text};"),
				file("00101_credit_index.sql", "-- +goose Up\nCREATE INDEX account_open ON account (open);"),
			},
			good: []string{
				file("00030_credit_account.sql", fine),
				file("00101_credit_index.sql", "-- +goose Up\nCREATE INDEX {{absent}} account_open ON account (open);"),
				file("00101_credit_more.sql", "-- +goose Up\nALTER TABLE account ADD COLUMN {{absent}} note {text};"),
			},
		}, {
			name:  "a table is made once",
			why:   "a second CREATE TABLE IF NOT EXISTS would do nothing, silently",
			check: checkOneMaker,
			bad:   []string{file("00030_credit_account.sql", fine) + "\n" + file("00031_credit_other.sql", fine)},
			good:  []string{file("00030_credit_account.sql", fine)},
		},
	}
}
