package optout

import (
	"database/sql"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Name is a number at a site, by its alias.
type Name struct {
	Site  string
	Alias id.ID
}

// Ask gives the question who of these opted out, and where the answer will stand; who did
// not is left out. About nobody it costs nothing.
func Ask(names []Name) (db.Question, map[Name]Scope) {
	sites, aliases := make([]string, len(names)), make([]id.ID, len(names))
	for i, n := range names {
		sites[i], aliases[i] = n.Site, n.Alias
	}
	found := map[Name]Scope{}
	row := func(r *sql.Rows) error {
		var n Name
		var s Scope
		err := r.Scan(&n.Site, &n.Alias, &s)
		found[n] = s
		return err
	}
	return db.Question{Table: "opt_out", Cols: []string{"site_id", "number", "scope"},
		Key: []db.Column{db.Col("site_id", sites), db.Col("number", aliases)}, Row: row}, found
}
