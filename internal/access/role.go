package access

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// The roles that every installation has.
const (
	Operator = "operator" // everything, on every site and on the installation itself
	Support  = "support"  // reads, with numbers of people masked, and the audit log
	Owner    = "owner"    // everything of a site
	Finance  = "finance"  // money, and no messages
	Sender   = "sender"   // messages, and no money
	Viewer   = "viewer"   // reads, with numbers of people masked
)

// builtIn says what each of them may.
var builtIn = map[string]Patterns{
	Operator: {site.Operator, everything},
	Support:  {"messages,stats,credit,templates,senders,channels,optouts,webhooks,audit:read"},
	Owner:    {everything},
	Finance:  {"credit", "stats"},
	Sender:   {"messages:read,write", "stats", "contacts", "optouts", "templates,senders,channels:read", "personal"},
	Viewer:   {"messages,stats,credit,templates,senders,channels,optouts:read"},
}

// Role is a name for permissions that are given together.
type Role struct {
	Site      string // whose it is; "" = the installation's, which can be given on every site
	Name      string
	BuiltIn   bool
	Patterns  Patterns
	CreatedAt db.Time // 0 = it was always there
}

// BuiltIn gives the roles that every installation has, by their names.
func BuiltIn() (list []Role) {
	for _, name := range slices.Sorted(maps.Keys(builtIn)) {
		list = append(list, Role{Name: name, BuiltIn: true, Patterns: builtIn[name]})
	}
	return list
}

var roleColumns = []string{"site_id", "name", "patterns", "created_at"}

func scanRole(r *sql.Rows) (one Role, err error) {
	var patterns string
	err = r.Scan(&one.Site, &one.Name, &patterns, &one.CreatedAt)
	one.Patterns = patternsOf(strings.Fields(patterns))
	return one, err
}

// mostRoles bounds the roles of a site, and of the installation.
const mostRoles = 100

// Roles gives all roles that can be given on a site: those that are built in, the
// installation's and the site's own; with "" those for the whole installation.
func Roles(tx *db.Tx, siteID string) ([]Role, error) {
	made, err := madeRoles(tx, siteID)
	return append(BuiltIn(), made...), err
}

// madeRoles gives the installation's roles that somebody made, and a site's.
func madeRoles(tx *db.Tx, siteID string) ([]Role, error) {
	owners := slices.Compact([]string{"", siteID})
	rows, err := tx.Lookup("access_role", roleColumns, db.Col("site_id", owners))
	list, err := db.Collect(rows, err, scanRole)
	if err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	slices.SortFunc(list, func(a, b Role) int {
		return strings.Compare(a.Site+" "+a.Name, b.Site+" "+b.Name)
	})
	return list, nil
}

// FindRole gives a role by the name that it has on a site. NotFound.
func FindRole(tx *db.Tx, siteID, name string) (Role, error) {
	list, err := Roles(tx, siteID)
	if err != nil {
		return Role{}, err
	}
	for _, r := range list {
		if r.Name == name {
			return r, nil
		}
	}
	return Role{}, fault.Missing("role", name)
}

// AddRole makes a role of a site, or of the installation with "". Its name is a slug that no
// role has which can be given in the same place, so that a name always means one thing. by is
// who makes it: nobody makes a role that may more than he. Faults: Invalid, Denied, AlreadyExists.
func AddRole(tx *db.Tx, by Who, siteID, name string, permissions []string) (Role, error) {
	if !site.IsSlug(name) {
		return Role{}, fault.Check("/name", "want 2 to 40 characters of a-z, 0-9 and -, beginning with a letter")
	}
	p, err := parsePatterns(permissions)
	if err != nil {
		return Role{}, err
	}
	if err := by.mayGive(siteID, p); err != nil {
		return Role{}, err
	}
	taken, err := nameTaken(tx, siteID, name)
	if err != nil {
		return Role{}, err
	}
	if taken {
		return Role{}, fault.New(fault.Conflict, fault.CodeAlreadyExists, "there is a role %q already", name)
	}
	own, err := tx.Lookup("access_role", roleColumns, db.Col("site_id", []string{siteID}))
	list, err := db.Collect(own, err, scanRole)
	if err != nil {
		return Role{}, fmt.Errorf("count roles: %w", err)
	}
	if len(list) >= mostRoles {
		return Role{}, fault.New(fault.Conflict, fault.CodeStateConflict, "there are %d roles already, which is the most; remove one first", mostRoles)
	}
	r := Role{Site: siteID, Name: name, Patterns: p, CreatedAt: tx.Now}
	err = tx.InsertMany("access_role", db.Col("site_id", []string{r.Site}), db.Col("name", []string{r.Name}),
		db.Col("patterns", []string{strings.Join(p.Texts(), " ")}), db.Col("created_at", []db.Time{r.CreatedAt}))
	if err != nil {
		return Role{}, fmt.Errorf("make role %s: %w", name, err)
	}
	return r, noteRole(tx, "role.created", r, nil, r.parts())
}

// nameTaken reports whether a name means a role already where a new one could be given: one
// of the installation can be given on every site.
func nameTaken(tx *db.Tx, siteID, name string) (bool, error) {
	if _, is := builtIn[name]; is {
		return true, nil
	}
	query, args := `SELECT COUNT(*) FROM access_role WHERE name = ? AND site_id IN (?, ?)`, []any{name, siteID, ""}
	if siteID == "" {
		query, args = `SELECT COUNT(*) FROM access_role WHERE name = ?`, args[:1]
	}
	var n int
	if err := tx.QueryRow(query, args...).Scan(&n); err != nil {
		return false, fmt.Errorf("look for role %s: %w", name, err)
	}
	return n > 0, nil
}

// lockRole gives a role that somebody made, to be changed by who may all that it may. One of
// the installation is not a site's to change.
func lockRole(tx *db.Tx, by Who, siteID, name string) (Role, error) {
	if _, is := builtIn[name]; is {
		return Role{}, fault.New(fault.Conflict, fault.CodeStateConflict, "the role %s is built in; make one of your own", name)
	}
	rows, err := tx.LookupForUpdate("access_role", roleColumns, db.Col("site_id", []string{siteID}), db.Col("name", []string{name}))
	list, err := db.Collect(rows, err, scanRole)
	if err != nil {
		return Role{}, fmt.Errorf("lock role %s: %w", name, err)
	}
	if len(list) == 0 {
		return Role{}, fault.Missing("role", name)
	}
	return list[0], by.mayGive(siteID, list[0].Patterns)
}

// holdRoles gives those of the roles that are still there, as they are now, and locks those that
// somebody made until the transaction ends: none of them is changed or removed meanwhile.
func holdRoles(tx *db.Tx, list []Role) (held []Role, err error) {
	var sites, names []string
	for _, r := range list {
		if r.BuiltIn {
			held = append(held, r)
			continue
		}
		sites, names = append(sites, r.Site), append(names, r.Name)
	}
	if len(names) == 0 {
		return held, nil
	}
	rows, err := tx.LookupForUpdate("access_role", roleColumns, db.Col("site_id", sites), db.Col("name", names))
	made, err := db.Collect(rows, err, scanRole)
	if err != nil {
		return nil, fmt.Errorf("lock roles %v: %w", names, err)
	}
	return append(held, made...), nil
}

// SetRole replaces what a role may, for whoever has it, from the next request on. Neither
// before nor after may it be more than who changes it may. Faults: as AddRole, NotFound, Conflict
// for one that is built in.
func SetRole(tx *db.Tx, by Who, siteID, name string, permissions []string) (Role, error) {
	p, err := parsePatterns(permissions)
	if err != nil {
		return Role{}, err
	}
	r, err := lockRole(tx, by, siteID, name)
	if err != nil {
		return Role{}, err
	}
	if err := by.mayGive(siteID, p); err != nil {
		return Role{}, err
	}
	_, err = tx.Exec(`UPDATE access_role SET patterns = ? WHERE site_id = ? AND name = ?`, strings.Join(p.Texts(), " "), siteID, name)
	if err != nil {
		return Role{}, fmt.Errorf("change role %s: %w", name, err)
	}
	was := r.parts()
	r.Patterns = p
	return r, noteRole(tx, "role.updated", r, was, r.parts())
}

// RemoveRole removes a role that nobody has. Faults: NotFound, Denied, Conflict.
func RemoveRole(tx *db.Tx, by Who, siteID, name string) error {
	r, err := lockRole(tx, by, siteID, name)
	if err != nil {
		return err
	}
	query, args := `SELECT COUNT(*) FROM access_member WHERE role = ? AND site_id = ?`, []any{name, siteID}
	if siteID == "" { // which can be given on every site
		query, args = `SELECT COUNT(*) FROM access_member WHERE role = ?`, args[:1]
	}
	var n int
	err = tx.QueryRow(query, args...).Scan(&n)
	if err == nil && n > 0 {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "the role %s is given to people %d times; take it from them first", name, n)
	}
	if err == nil {
		_, err = tx.Exec(`DELETE FROM access_role WHERE site_id = ? AND name = ?`, siteID, name)
	}
	if err != nil {
		return fmt.Errorf("remove role %s: %w", name, err)
	}
	return noteRole(tx, "role.removed", r, r.parts(), nil)
}
