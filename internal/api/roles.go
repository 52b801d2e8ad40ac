package api

import (
	"net/http"
	"slices"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// roleView is a name for permissions.
type roleView struct {
	Name        string       `json:"name"`
	Site        *string      `json:"site" doc:"Whose it is; null = the installation's, which can be given on every site."`
	BuiltIn     bool         `json:"built_in" doc:"It was always there and does not change."`
	Permissions []string     `json:"permissions" doc:"As they were written."`
	Allows      []string     `json:"allows" doc:"The abilities that these are today."`
	CreatedAt   maybeInstant `json:"created_at"`
}

func showRole(r access.Role) (roleView, error) {
	return roleView{r.Name, orNull(r.Site), r.BuiltIn, r.Patterns.Texts(), r.Patterns.Permissions(), maybeInstant(r.CreatedAt)}, nil
}

const permissionsDoc = "Names of abilities, or patterns of them: parts separated by colons, alternatives of a part by commas, * for any, and what is left out at the end likewise. " +
	"credit is all that begins with credit:, and messages,stats:read is messages:read and stats:read."

type roleAdded struct {
	Body struct {
		Name        string   `json:"name" example:"marketing" doc:"2 to 40 characters of a-z, 0-9 and -, beginning with a letter."`
		Permissions []string `json:"permissions" doc:"Names of abilities or patterns of them." example:"messages"`
	} `nameHint:"RoleBody"`
}

type roleNamed struct {
	Name string `path:"name" example:"marketing"`
}

type roleSet struct {
	Name string `path:"name"`
	Body struct {
		Permissions []string `json:"permissions" doc:"All that it may from now on."`
	} `nameHint:"RolePermissions"`
}

// roles declares the routes about roles.
func roles(a *api) {
	const path, one = "/v1/roles", "/v1/roles/{name}"
	of := func(id, method, path, ability string, status int, summary string, codes ...string) operation {
		return operation{id: id, method: method, path: path, tag: peopleTag, ability: ability, either: true, status: status, summary: summary, codes: codes,
			secondFactor: ability == "roles:write", about: "Of the site; without one an operator works on the installation's roles. " + permissionsDoc}
	}
	read(a, of("listRoles", http.MethodGet, path, "roles:read", http.StatusOK, "List the roles that can be given here, those that are built in first"), a.listRoles)
	read(a, of("getRole", http.MethodGet, one, "roles:read", http.StatusOK, "Get a role"), func(tx *db.Tx, x *exchange, in *roleNamed) (roleView, error) {
		return roleAfter(access.FindRole(tx, x.site, in.Name))
	})
	write(a, of("addRole", http.MethodPost, path, "roles:write", http.StatusCreated, "Make a role, that may no more than who makes it", fault.CodeAlreadyExists, fault.CodeStateConflict),
		func(tx *db.Tx, x *exchange, in *roleAdded) (roleView, error) {
			return roleAfter(access.AddRole(tx, x.call.Who, x.site, in.Body.Name, in.Body.Permissions))
		})
	write(a, of("setRole", http.MethodPut, one, "roles:write", http.StatusOK, "Replace what a role may, for everybody who has it", fault.CodeStateConflict),
		func(tx *db.Tx, x *exchange, in *roleSet) (roleView, error) {
			return roleAfter(access.SetRole(tx, x.call.Who, x.site, in.Name, in.Body.Permissions))
		})
	write(a, of("removeRole", http.MethodDelete, one, "roles:write", http.StatusNoContent, "Remove a role that nobody has", fault.CodeStateConflict),
		func(tx *db.Tx, x *exchange, in *roleNamed) (nothing, error) {
			return nothing{}, access.RemoveRole(tx, x.call.Who, x.site, in.Name)
		})
}

func roleAfter(r access.Role, err error) (roleView, error) {
	if err != nil {
		return roleView{}, err
	}
	return showRole(r)
}

// listRoles cuts its page from all roles: there are few.
func (a *api) listRoles(tx *db.Tx, x *exchange, in *Paging) (out listOf[roleView], err error) {
	l, err := a.list(tx, x, "roles")
	if err != nil {
		return out, err
	}
	var after string
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	all, err := access.Roles(tx, x.site)
	if err != nil {
		return out, err
	}
	all = slices.DeleteFunc(all, func(r access.Role) bool { return in.Cursor != "" && roleAt(r) <= after })
	return pageOf(l, all, in.Limit, showRole, func(r access.Role) any { return roleAt(r) })
}

// roleAt is where a role stands in the list, also when it is gone: behind those that are built in,
// the installation's before the site's own, by name.
func roleAt(r access.Role) string {
	if r.BuiltIn {
		return "0 " + r.Name
	}
	return "1" + r.Site + " " + r.Name
}
