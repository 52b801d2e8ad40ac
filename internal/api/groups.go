package api

import (
	"fmt"
	"net/http"

	"creditmsg/internal/book"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// groupView is a name for some contacts.
type groupView struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Members   int     `json:"members" doc:"How many contacts are in it."`
	CreatedAt instant `json:"created_at"`
}

// setting is the group without who is in it.
func (v groupView) setting() any {
	v.Members = 0
	return v
}

func showGroup(g book.Group) (groupView, error) {
	return groupView{g.ID.Text(id.Group), g.Name, g.Members, instant(g.CreatedAt)}, nil
}

// joinedView is what became of contacts that were put into a group.
type joinedView struct {
	Added   int `json:"added" doc:"How many were not in it before."`
	Members int `json:"members" doc:"How many are in it now."`
}

type groupName struct {
	Name string `json:"name" minLength:"1" maxLength:"100" doc:"Unlike those of the other groups."`
}

type groupAdded struct {
	Body groupName
}

type groupSet struct {
	ID   string `path:"id" doc:"grp_…"`
	Body groupName
}

type groupNamed struct {
	ID string `path:"id" doc:"grp_…"`
}

type membersInput struct {
	ID string `path:"id" doc:"grp_…"`
	Paging
}

type membersAdded struct {
	ID   string `path:"id" doc:"grp_…"`
	Body struct {
		Contacts []string `json:"contacts" minItems:"1" maxItems:"1000" doc:"con_…"`
	} `nameHint:"MembersBody"`
}

type memberNamed struct {
	ID      string `path:"id" doc:"grp_…"`
	Contact string `path:"contact" doc:"con_…"`
}

// groupIDs reads ids of groups at a place of the request.
func groupIDs(place string, texts []string) ([]id.ID, error) {
	out := make([]id.ID, len(texts))
	for i, text := range texts {
		var err error
		if out[i], err = id.Parse(id.Group, text); err != nil {
			return nil, fault.Check(fmt.Sprintf("%s/%d", place, i), "want the id of a group: grp_…")
		}
	}
	return out, nil
}

// groups declares the routes about the groups of a site's address book.
func groups(a *api) {
	const path = "/v1/groups"
	read(a, operation{
		id: "listGroups", method: http.MethodGet, path: path, tag: contactTag, ability: canRead, status: http.StatusOK,
		summary: "List the groups, oldest first",
	}, a.listGroups)
	read(a, operation{
		id: "getGroup", method: http.MethodGet, path: path + "/{id}", tag: contactTag, ability: canRead, status: http.StatusOK,
		summary: "Get a group",
	}, func(tx *db.Tx, x *exchange, in *groupNamed) (v groupView, err error) {
		of, err := named(id.Group, "group", in.ID)
		if err != nil {
			return v, err
		}
		return shownGroup(a.Book.FindGroup(tx, x.site, of))
	})
	write(a, operation{
		id: "addGroup", method: http.MethodPost, path: path, tag: contactTag, ability: canWrite, status: http.StatusCreated,
		summary: "Make a group", about: "A site's book holds 1,000 groups.", codes: []string{fault.CodeAlreadyExists, fault.CodeStateConflict},
	}, func(tx *db.Tx, x *exchange, in *groupAdded) (groupView, error) {
		return shownGroup(a.Book.AddGroup(tx, x.site, in.Body.Name))
	})
	write(a, operation{
		id: "setGroup", method: http.MethodPut, path: path + "/{id}", tag: contactTag, ability: canWrite, status: http.StatusOK,
		summary: "Rename a group", codes: []string{fault.CodeAlreadyExists}, lock: a.lockBook,
	}, func(tx *db.Tx, x *exchange, in *groupSet) (v groupView, err error) {
		of, err := named(id.Group, "group", in.ID)
		if err != nil {
			return v, err
		}
		return shownGroup(a.Book.RenameGroup(tx, x.site, of, in.Body.Name))
	})
	write(a, operation{
		id: "removeGroup", method: http.MethodDelete, path: path + "/{id}", tag: contactTag, ability: canWrite, status: http.StatusNoContent,
		summary: "Remove a group", about: "Its members stay in the book.", lock: a.lockBook,
	}, func(tx *db.Tx, x *exchange, in *groupNamed) (nothing, error) {
		of, err := named(id.Group, "group", in.ID)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, a.Book.RemoveGroup(tx, x.site, of)
	})
	members(a, path+"/{id}/members")
}

func shownGroup(g book.Group, err error) (groupView, error) {
	if err != nil {
		return groupView{}, err
	}
	return showGroup(g)
}

// members declares the routes about who is in a group.
func members(a *api, path string) {
	read(a, operation{
		id: "listMembers", method: http.MethodGet, path: path, tag: contactTag, ability: canRead, status: http.StatusOK,
		summary: "List the members of a group, the oldest contact first",
	}, a.listMembers)
	write(a, operation{
		id: "addMembers", method: http.MethodPost, path: path, tag: contactTag, ability: canWrite, status: http.StatusOK,
		summary: "Put contacts into a group", about: "Who is in it already stays.",
	}, a.addMembers)
	write(a, operation{
		id: "removeMember", method: http.MethodDelete, path: path + "/{contact}", tag: contactTag, ability: canWrite, status: http.StatusNoContent,
		summary: "Take a contact out of a group", about: "It stays in the book.",
	}, func(tx *db.Tx, x *exchange, in *memberNamed) (nothing, error) {
		of, err := named(id.Group, "group", in.ID)
		if err != nil {
			return nothing{}, err
		}
		contact, err := named(id.Contact, "member", in.Contact)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, a.Book.Leave(tx, x.site, of, contact)
	})
}

func (a *api) listGroups(tx *db.Tx, x *exchange, in *Paging) (out listOf[groupView], err error) {
	l, err := a.list(tx, x, "groups")
	if err != nil {
		return out, err
	}
	var after id.ID
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := a.Book.Groups(tx, x.site, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showGroup, func(g book.Group) any { return g.ID })
}

func (a *api) listMembers(tx *db.Tx, x *exchange, in *membersInput) (out listOf[ContactView], err error) {
	of, err := named(id.Group, "group", in.ID)
	if err != nil {
		return out, err
	}
	if _, err := a.Book.FindGroup(tx, x.site, of); err != nil {
		return out, err
	}
	l, err := a.list(tx, x, "members", in.ID)
	if err != nil {
		return out, err
	}
	var after id.ID
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := a.Book.Members(tx, x.site, of, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showContact, func(c book.Contact) any { return c.ID })
}

func (a *api) addMembers(tx *db.Tx, x *exchange, in *membersAdded) (v joinedView, err error) {
	of, err := named(id.Group, "group", in.ID)
	if err != nil {
		return v, err
	}
	list := make([]id.ID, len(in.Body.Contacts))
	for i, text := range in.Body.Contacts {
		if list[i], err = id.Parse(id.Contact, text); err != nil {
			return v, fault.Check(fmt.Sprintf("/contacts/%d", i), "want the id of a contact: con_…")
		}
	}
	if v.Added, err = a.Book.Join(tx, x.site, of, list); err != nil {
		return v, err
	}
	g, err := a.Book.FindGroup(tx, x.site, of)
	v.Members = g.Members
	return v, err
}
