package creditmsg

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// acrossSites are the tables with a site_id that a file asks for without one, as "file table" or
// "folder/ table", each with the reason. Whoever adds a line here says why no site can see
// another one's rows by it.
var acrossSites = allowed{
	"internal/access/member.go access_member":           "a person is of no site: these are all his roles, by his id, and what they are worth where is decided by their sites",
	"internal/access/invite.go access_invitation":       "who is asked is of no site: these are what he is asked to have, by his address; and the sweep",
	"internal/access/role.go access_role":               "a name of the installation must not be any site's",
	"internal/access/role.go access_member":             "a role of the installation can be given on every site; this only counts",
	"internal/audit/list.go audit":                      "of one site where it is named; the operator lists all",
	"internal/audit/seal.go audit_seal":                 "days are sealed for all sites together",
	"internal/audit/seal.go audit":                      "as above",
	"internal/audit/sweep.go audit":                     "the sweep, by keys that it read with their sites",
	"internal/event/listen.go event_pending":            "what waits is given out for all sites together, each event with its site",
	"internal/billing/compare.go billing_payment":       "the operator's: what a gateway lists is of all sites",
	"internal/billing/compare.go billing_difference":    "as above",
	"internal/billing/list.go billing_payment":          "of one site where it is named; the operator lists all",
	"internal/billing/notice.go billing_payment":        "a gateway's notice names a payment and no site; it is asked for at the gateway before it counts",
	"internal/billing/notice.go billing_card":           "as above",
	"internal/billing/trouble.go billing_payment":       "the doctor's, who looks at all sites",
	"internal/billing/trouble.go billing_cancel":        "as above",
	"internal/billing/trouble.go billing_withdrawal":    "as above",
	"internal/billing/ billing_refund_request":          "of one site where it is named; the operator lists all",
	"internal/billing/withdraw.go billing_withdrawal":   "open_site is the site, while something is open",
	"internal/billing/withdrawal.go billing_withdrawal": "of one site where it is named; the operator lists all",
	"internal/invoice/ invoice_difference":              "a carrier's invoice is the operator's, over all sites",
	"internal/kakao/look.go kakao_template":             "an account looks at all its templates, of whichever site",
	"internal/message/policy_store.go policy":           "an insert, whose columns are a list with the site",
	"internal/message/template.go template":             "an insert, whose columns are a list with the site",
	"internal/message/stage.go message":                 "the sweep, which deletes each by its site",
	"internal/paper/tax_store.go paper_tax_row":         "tax invoices of a month are the operator's, over all sites",
	"internal/queue/ job":                               "workers work for all sites; a job is known by its kind and key",
	"internal/rerun/ rerun_difference":                  "runs over the letters of an account are the operator's, over all sites",
	"internal/rerun/ rerun_sum":                         "as above",
	"internal/site/keys.go site_key":                    "any one key, to try the master key by",
	"internal/site/erase.go site_key":                   "which keys were erased, for whoever remembers them",
	"internal/site/rev.go site_rev":                     "a change for all sites",
	"internal/site/token.go site_token":                 "whose a secret or an id is, is what is asked; last uses are written by the ids of tokens that were met",
	"internal/site/token_change.go site_token":          "the sweep, of sessions of people",
	"internal/site/token_change.go site_token_old":      "whose a secret is, is what is asked; and the sweep",
	"internal/stat/fold.go stat_day":                    "by whole slots, whose columns begin with the site",
	"internal/stat/read.go stat_day":                    "of one site where it is named; the operator sums up all",
	"internal/stat/read.go stat_delta":                  "as above",
}

// acrossOf reports whether a file may ask for a table without a site, and which line says so.
func acrossOf(file, table string) (line string, ok bool) {
	for _, line := range []string{file + " " + table, path.Dir(file) + "/ " + table} {
		if acrossSites[line] != "" {
			return line, true
		}
	}
	return "", false
}

var (
	siteColumn = regexp.MustCompile(`(?m)^\s*site_id\s`)
	namesTable = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)`)
	// keyedActs are methods whose first argument is a table, and at which argument its key begins
	// and ends; 0 = with the last.
	keyedActs = map[string][2]int{"Lookup": {2, 0}, "LookupForUpdate": {2, 0}, "UpdateMany": {1, 2}, "DeleteMany": {1, 0}, "Expect": {1, 0}}
)

// ofSites gives the tables that have a site_id.
func (t *tree) ofSites() map[string]bool {
	out := map[string]bool{}
	for _, s := range t.migrations() {
		for _, m := range created.FindAllStringSubmatch(s.text, -1) {
			out[m[1]] = siteColumn.MatchString(s.text)
		}
	}
	return out
}

// says reports whether a column of the name site_id is made somewhere below a node: it is the
// first argument of a call, as in db.Col("site_id", …). In a list of columns that are read it is not.
func says(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
			lit, ok := call.Args[0].(*ast.BasicLit)
			found = found || ok && lit.Value == `"site_id"`
		}
		return !found
	})
	return found
}

// siteKeys gives, by folder, the functions that give keys with a site in them, and those that
// give what such a function gave.
func (t *tree) siteKeys() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, s := range t.goFiles(product) {
			if out[s.dir()] == nil {
				out[s.dir()] = map[string]bool{}
			}
			for _, d := range s.ast.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || out[s.dir()][f.Name.Name] || !givesColumns(f) {
					continue
				}
				if says(f) || calls(f, out[s.dir()]) {
					out[s.dir()][f.Name.Name], grown = true, true
				}
			}
		}
	}
	return out
}

func givesColumns(f *ast.FuncDecl) (found bool) {
	if f.Type.Results == nil {
		return false
	}
	ast.Inspect(f.Type.Results, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		found = found || ok && sel.Sel.Name == "Column"
		return !found
	})
	return found
}

// calls reports whether one of these functions is called below a node.
func calls(n ast.Node, names map[string]bool) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch f := call.Fun.(type) {
			case *ast.Ident:
				found = found || names[f.Name]
			case *ast.SelectorExpr:
				found = found || names[f.Sel.Name]
			}
		}
		return !found
	})
	return found
}

// unsited is a place that asks for a table without naming a site.
type unsited struct {
	n     ast.Node
	table string
}

// beginnings are the values of constants. Without a WHERE they begin statements, each of which
// is seen whole where the constant is used.
func (s *source) beginnings() map[ast.Node]bool {
	out := map[ast.Node]bool{}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, spec := range d.Specs {
				for _, v := range spec.(*ast.ValueSpec).Values {
					out[v] = true
				}
			}
		}
		return true
	})
	return out
}

// unsitedIn finds them: statements that do not say site_id behind their first FROM, and acts on
// many rows whose key, and whose function, does not.
func (t *tree) unsitedIn(s *source, tables map[string]bool, consts map[string]string, makers map[string]bool) (out []unsited) {
	begun := s.beginnings()
	s.texts(consts, func(n ast.Node, text string) {
		if !sqlText.MatchString(text) || begun[n] && strings.HasPrefix(text, "SELECT") && !strings.Contains(text, "WHERE") {
			return
		}
		_, behind, ok := strings.Cut(text, " FROM ")
		if !ok {
			behind = text
		}
		for _, m := range namesTable.FindAllStringSubmatch(text, -1) {
			if tables[m[1]] && !strings.Contains(behind, "site_id") {
				out = append(out, unsited{n, m[1]})
			}
		}
	})
	for _, d := range s.ast.Decls {
		if says(d) || calls(d, makers) { // the key is a variable, perhaps
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, is := keyedActs[sel.Sel.Name]
			table, _ := constant(call.Args[0], consts)
			if is && tables[table] && len(call.Args) > from[0] && !keyOfSite(call.Args[from[0]:], from[1], makers) {
				out = append(out, unsited{n, table})
			}
			return true
		})
	}
	return out
}

// keyOfSite reports whether a key has a site in it: it says so, or is made by a function that
// puts one there. Only the first arguments may be the key.
func keyOfSite(key []ast.Expr, most int, makers map[string]bool) bool {
	if most > 0 {
		key = key[:1]
	}
	return slices.ContainsFunc(key, func(k ast.Expr) bool { return named(k) || calls(k, makers) })
}

// named reports whether the literal "site_id" stands somewhere below a node.
func named(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		found = found || ok && lit.Value == `"site_id"`
		return !found
	})
	return found
}

func checkSiteIDs(t *tree) (out []offence) {
	tables, consts, makers := t.ofSites(), t.constants(), t.siteKeys()
	used := map[string]bool{}
	for _, s := range t.goFiles(product, func(s *source) bool { return !s.in("db", "bench") }) {
		for _, u := range t.unsitedIn(s, tables, consts[s.dir()], makers[s.dir()]) {
			line, ok := acrossOf(s.path, u.table)
			if used[line] = true; !ok {
				out = append(out, t.at(s, u.n, "asks for %s without its site_id", u.table))
			}
		}
	}
	if t.paths["internal/access/decide.go"] { // the whole tree, not an example
		for line := range acrossSites {
			if !used[line] {
				out = append(out, offence{"tidy_access_test.go", "acrossSites has a line that nothing needs: " + line})
			}
		}
	}
	return out
}

// deciders are the files that ask what somebody may, by package access.
var deciders = allowed{
	"internal/access/":              "decides",
	"internal/api/caller.go":        "asks for every request",
	"internal/api/known.go":         "asks for those that are remembered",
	"internal/api/exchange.go":      "lends the question to operations that ask for more than one ability",
	"internal/server/demo_sites.go": "looks whether a token of the demo still works",
}

func checkDeciders(t *tree) (out []offence) {
	for _, s := range t.goFiles(product, func(s *source) bool { return !deciders.has(s.path) && !s.in("site") }) {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, _ := sel.X.(*ast.Ident)
			switch {
			case sel.Sel.Name == "Can", x != nil && x.Name == "access" && sel.Sel.Name == "Decide":
				out = append(out, t.at(s, n, "asks what somebody may"))
			case x != nil && x.Name == "slices" && strings.HasPrefix(sel.Sel.Name, "Contains") && slices.ContainsFunc(call.Args, isAbilities):
				out = append(out, t.at(s, n, "looks into abilities"))
			}
			return true
		})
	}
	return out
}

func isAbilities(e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Abilities"
}

func accessRules() []rule {
	const table = "== internal/db/migration/00030_credit_account.sql ==\n-- +goose Up\nCREATE TABLE IF NOT EXISTS account (\n  site_id {word} NOT NULL,\n  id {id}\n)\n"
	code := func(body string) string { return table + "== internal/credit/a.go ==\npackage credit\n" + body }
	api := func(body string) string { return "== internal/api/messages.go ==\npackage api\n" + body }
	return []rule{
		{
			name:  "a question about a site's data names the site",
			why:   "what is asked for by an id alone is found for whoever guesses the id; the exceptions are in acrossSites, with their reasons",
			check: checkSiteIDs,
			bad: []string{
				code("const q = `SELECT available FROM account WHERE id = ?`"),
				code("const q = `SELECT site_id FROM account WHERE id = ?`"),
				code("const q = `UPDATE account SET available = 0`"),
				code("var q = `SELECT a FROM other o JOIN account a ON a.id = o.id`"),
				code("func f(tx *db.Tx) { tx.DeleteMany(\"account\", db.Col(\"id\", nil)) }"),
				code("func f(tx *db.Tx) { tx.Lookup(\"account\", []string{\"site_id\"}, db.Col(\"id\", nil)) }"),
			},
			good: []string{
				code("const q = `SELECT available FROM account WHERE site_id = ? AND id = ?`"),
				code("const q = `SELECT a FROM other WHERE id = ?`"),
				code("func f(tx *db.Tx) { tx.DeleteMany(\"account\", db.Col(\"site_id\", nil), db.Col(\"id\", nil)) }"),
				code("func key() db.Column { return db.Col(\"site_id\", nil) }\nfunc f(tx *db.Tx) { tx.DeleteMany(\"account\", key()) }"),
			},
		}, {
			name:  "one place decides who may do what",
			why:   "a second place that compares abilities or roles is wrong as soon as the first one changes; an operation declares what it needs, and access.Decide answers",
			check: checkDeciders,
			bad: []string{
				api("func f(x *exchange) bool { return x.token.Can(\"messages:read\") }"),
				api("func f(x *exchange) error { return access.Decide(x.call, access.Need{}) }"),
				api("func f(x *exchange) bool { return slices.Contains(x.token.Abilities, \"messages:read\") }"),
			},
			good: []string{
				api("func f(x *exchange) bool { return x.may(\"messages:approve\") }"),
				"== internal/access/a.go ==\npackage access\nfunc f(c Call) bool { return c.Can(\"messages:read\") }",
			},
		},
	}
}
