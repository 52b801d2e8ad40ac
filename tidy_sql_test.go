package creditmsg

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// unknown stands in a text for a part that is not written down there.
const unknown = "\x00"

// constants gives the string constants of each folder by name.
func (t *tree) constants() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, s := range t.goFiles() {
		if out[s.dir()] == nil {
			out[s.dir()] = map[string]string{}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					v := spec.(*ast.ValueSpec)
					for i := range min(len(v.Names), len(v.Values)) {
						if text, ok := constant(v.Values[i], nil); ok {
							out[s.dir()][v.Names[i].Name] = text
						}
					}
				}
			}
			return true
		})
	}
	return out
}

// constant gives the text of a string expression: a literal, a known name, or a sum of
// them. Parts that cannot be known are unknown; ok is false when no part is text.
func constant(e ast.Expr, names map[string]string) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		text, ok := names[e.Name]
		return text, ok
	case *ast.ParenExpr:
		return constant(e.X, names)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		x, okX := constant(e.X, names)
		y, okY := constant(e.Y, names)
		if !okX {
			x = unknown
		}
		if !okY {
			y = unknown
		}
		return x + y, okX || okY
	}
	return "", false
}

// texts visits every string of a file; a sum is visited once, as a whole.
func (s *source) texts(names map[string]string, visit func(n ast.Node, text string)) {
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			if text, ok := constant(n, names); ok {
				visit(n, text)
				return false
			}
		case *ast.BasicLit:
			if text, ok := constant(n, nil); ok {
				visit(n, text)
			}
		}
		return true
	})
}

// Statements are recognised by their words in capitals; a rule sees to the capitals.
var (
	sqlText   = regexp.MustCompile(`\b(SELECT|INSERT INTO|DELETE FROM|CREATE TABLE|ALTER TABLE|DROP TABLE|UPDATE\s+\S+\s+(AS\s+)?(\w+\s+)?SET)\b`)
	sqlWrites = regexp.MustCompile(`\b(?:INSERT\s+INTO|DELETE\s+FROM)\s+([^\s(;]+)|\bUPDATE\s+([^\s(]+)(?:\s+(?:AS\s+)?\w+)?\s+SET\b`)
	tableName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	created   = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS (\w+)`)
	// a test may make tables of its own
	scratchTable = regexp.MustCompile(`CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	// takesSQL are methods whose first argument is a statement, writesTable those
	// whose first argument is a table that they write.
	takesSQL    = []string{"Exec", "Query", "QueryRow", "ForUpdate", "Claim"}
	writesTable = []string{"InsertMany", "InsertAbsent", "UpdateMany", "DeleteMany"}
)

// owners gives the package that owns each table, from the names of the migrations.
func (t *tree) owners() map[string]string {
	out := map[string]string{}
	for _, s := range t.files {
		if name := migrationName.FindStringSubmatch(s.path); name != nil {
			for _, m := range created.FindAllStringSubmatch(s.text, -1) {
				out[m[1]] = name[2]
			}
		}
	}
	return out
}

// breakers may write every table.
var breakers = allowed{"test/": "breaks rows on purpose, to see that the proofs notice"}

// writing is one place where a file writes a table; an empty name is not spelled out there.
type writing struct {
	n     ast.Node
	table string
}

// writings finds where a file writes tables, by statements and by the batch methods.
func (s *source) writings(names map[string]string) (out []writing) {
	add := func(n ast.Node, table string) {
		if !tableName.MatchString(table) {
			table = ""
		}
		out = append(out, writing{n, table})
	}
	s.texts(names, func(n ast.Node, text string) {
		for _, m := range sqlWrites.FindAllStringSubmatch(text, -1) {
			add(n, m[1]+m[2])
		}
	})
	s.firstArguments(writesTable, func(n ast.Expr) {
		table, _ := constant(n, names)
		add(n, table)
	})
	return out
}

// hides reports whether the name of a table that the file writes, and that is not spelled
// out at that place, can be one of the owner's: the file must name one.
func (s *source) hides(owner string, owners, names map[string]string) bool {
	found := false
	s.texts(names, func(_ ast.Node, text string) { found = found || owners[text] == owner })
	return found
}

// scratch gives the tables that the tests of each folder make for themselves.
func (t *tree) scratch() map[string][]string {
	out := map[string][]string{}
	for _, s := range t.goFiles((*source).isTest) {
		s.texts(nil, func(_ ast.Node, text string) {
			for _, m := range scratchTable.FindAllStringSubmatch(text, -1) {
				out[s.dir()] = append(out[s.dir()], m[1])
			}
		})
	}
	return out
}

func checkOwners(t *tree) (out []offence) {
	owners, consts, scratch := t.owners(), t.constants(), t.scratch()
	for _, s := range t.goFiles(housed, func(s *source) bool { return !breakers.has(s.path) }) {
		owner, _, _ := strings.Cut(s.pkg(), "/")
		free := owner == "db" || owner == "bench" // they also write tables of their own tests and baselines
		for _, w := range s.writings(consts[s.dir()]) {
			has := owners[w.table]
			switch {
			case has == owner, free && has == "", s.isTest() && slices.Contains(scratch[s.dir()], w.table):
			case w.table == "":
				if !s.hides(owner, owners, consts[s.dir()]) {
					out = append(out, t.at(s, w.n, "writes a table that is not named in this file, so that its owner cannot be seen"))
				}
			case has == "":
				out = append(out, t.at(s, w.n, "writes %s, which no migration makes", w.table))
			default:
				out = append(out, t.at(s, w.n, "writes %s, which belongs to %s", w.table, has))
			}
		}
	}
	return out
}

// firstArguments visits the first argument of each call of a method of one of these names.
func (s *source) firstArguments(methods []string, visit func(ast.Expr)) {
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(methods, sel.Sel.Name) {
				visit(call.Args[0])
			}
		}
		return true
	})
}

func checkNoSQL(t *tree) (out []offence) {
	for _, s := range t.goFiles(func(s *source) bool { return s.in("api", "console") }) {
		for _, to := range s.imported() {
			if to == "database/sql" {
				out = append(out, t.at(s, s.ast, "imports database/sql"))
			}
		}
		s.texts(nil, func(n ast.Node, text string) {
			if sqlText.MatchString(text) {
				out = append(out, t.at(s, n, "holds SQL: %.40q", text))
			}
		})
	}
	return out
}

func checkCapitals(t *tree) (out []offence) {
	consts := t.constants()
	for _, s := range t.goFiles(housed) {
		s.firstArguments(takesSQL, func(n ast.Expr) {
			text, ok := constant(n, consts[s.dir()])
			first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
			if ok && first != unknown && (first == "" || first != strings.ToUpper(first)) {
				out = append(out, t.at(s, n, "begins a statement with %q", first))
			}
		})
	}
	return out
}

// engineWords are what the three engines do not share, or understand differently.
var engineWords = []struct {
	pattern *regexp.Regexp
	because string
}{
	{regexp.MustCompile(`\bRETURNING\b|\bLAST_INSERT_ID\b`), "MySQL has no RETURNING; ids are made in Go before the first statement"},
	{regexp.MustCompile(`(?i)\bNOW\s*\(|\bCURRENT_(TIMESTAMP|DATE|TIME)\b`), "time is tx.Now, one value for the whole transaction"},
	{regexp.MustCompile(`\bIGNORE\b`), "IGNORE swallows every error, not only the duplicate"},
	{regexp.MustCompile(`\bON CONFLICT\b|\bON DUPLICATE\b|\bREPLACE INTO\b`), "insert-if-absent is tx.InsertAbsent"},
	{regexp.MustCompile(`\bFOR (UPDATE|SHARE)\b|\bSKIP LOCKED\b`), "locks are tx.ForUpdate and tx.Claim; SQLite has no such words"},
	{regexp.MustCompile(`(?i)\b(BIG)?SERIAL\b|\bAUTO_?INCREMENT\b`), "ids are made in Go"},
	{regexp.MustCompile(`\bILIKE\b`), "only PostgreSQL has it"},
	{regexp.MustCompile(`\b(DECIMAL|NUMERIC|REAL|FLOAT|DOUBLE)\b`), "money is BIGINT; SQLite keeps decimals as floats"},
	{regexp.MustCompile(`\|\|`), "in MySQL this is OR"},
	{regexp.MustCompile(`\$[0-9]`), "the placeholder is ?, which db rewrites"},
	{regexp.MustCompile("[\"`]"), "a double-quoted word is a name on one engine and a text on another"},
	{regexp.MustCompile(`'[^']*\?[^']*'`), "a ? inside quotes would be taken for a placeholder"},
	{regexp.MustCompile(`(?s)\bIN\s*\(\s*SELECT\b[^()]*\bLIMIT\b`), "MySQL refuses LIMIT inside IN"},
}

func engineWord(text string) (because string, ok bool) {
	for _, w := range engineWords {
		if m := w.pattern.FindString(text); m != "" {
			return fmt.Sprintf("%q: %s", m, w.because), true
		}
	}
	return "", false
}

func checkEngineWords(t *tree) (out []offence) {
	consts := t.constants()
	for _, s := range t.goFiles(housed, func(s *source) bool { return !s.in("db", "bench") }) {
		s.texts(consts[s.dir()], func(n ast.Node, text string) {
			if sqlText.MatchString(text) {
				if because, ok := engineWord(text); ok {
					out = append(out, t.at(s, n, "%s", because))
				}
			}
		})
	}
	return out
}

const migrated = "== internal/db/migration/00030_credit_account.sql ==\n-- +goose Up\nCREATE TABLE IF NOT EXISTS account (\n)"

func sqlRules() []rule {
	code := func(body string) string { return migrated + "\n== internal/site/a.go ==\npackage site\n" + body }
	credit := func(body string) string { return migrated + "\n== internal/credit/a.go ==\npackage credit\n" + body }
	return []rule{
		{
			name:  "a table is written by its owner alone",
			why:   "the laws of a table can only be proven where all its writes are in sight; others call the owner inside the same transaction",
			check: checkOwners,
			bad: []string{
				code("const q = `UPDATE account a SET available = ? WHERE site_id = ?`"),
				code("var q = \"DELETE FROM \" + \"account\""),
				code("func f(tx *db.Tx) { tx.InsertMany(\"account\") }"),
				code("func f(tx *db.Tx, table string) { tx.UpdateMany(table, nil) }"),
				code("func f(tx *db.Tx) { for _, table := range []string{\"account\"} { tx.UpdateMany(table) } }"),
				code("const q = `INSERT INTO acount (site_id) VALUES (?)`"),
			},
			good: []string{
				credit("const table = \"account\"\nfunc f(tx *db.Tx) { tx.InsertMany(table); tx.Exec(\"DELETE FROM \" + table + \" WHERE site_id = ?\") }"),
				migrated + "\n== internal/site/a_test.go ==\npackage site\nvar q = []string{`CREATE TABLE mine (a BIGINT)`, `DELETE FROM mine`}",
				credit("func f(tx *db.Tx) { for _, table := range []string{\"account\"} { tx.UpdateMany(table) } }"),
				code("const q = `SELECT available FROM account WHERE site_id = ?`"),
			},
		}, {
			name:  "api and console hold no SQL",
			why:   "who shows things does not decide them: rules behind a screen would be missing behind the API",
			check: checkNoSQL,
			bad: []string{
				"== internal/api/a.go ==\npackage api\nconst q = `SELECT 1`",
				"== internal/console/a.go ==\npackage console\nimport _ \"database/sql\"",
			},
			good: []string{"== internal/api/a.go ==\npackage api\nconst help = `select a sender from the list`"},
		}, {
			name:  "SQL keywords are in capitals",
			why:   "the rules about SQL find statements by their capitals",
			check: checkCapitals,
			bad:   []string{code("func f(tx *db.Tx) { tx.Query(`select 1`) }")},
			good:  []string{code("func f(tx *db.Tx) { tx.Query(`SELECT 1`) }")},
		}, {
			name:  "SQL outside db is what the three engines share",
			why:   "one text runs on SQLite, PostgreSQL and MySQL; what they do not share belongs to package db",
			check: checkEngineWords,
			bad: []string{
				code("const q = `INSERT INTO t (a) VALUES (?) RETURNING a`"),
				code("const q = `SELECT a FROM t WHERE a < now()`"),
				code("const q = `SELECT a || b FROM t`"),
				code("const q = `SELECT a FROM t WHERE a = '?'`"),
				code("const q = `DELETE FROM t WHERE a IN (SELECT a FROM t LIMIT 5)`"),
				code("const q = `SELECT a FROM t` + ` FOR UPDATE`"),
			},
			good: []string{
				code("const q = `SELECT a FROM t WHERE b = 'now' LIMIT ?`"),
				"== internal/db/a.go ==\npackage db\nconst q = `SELECT a FROM t FOR UPDATE SKIP LOCKED`",
			},
		},
	}
}
