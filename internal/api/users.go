package api

import (
	"context"
	"net/http"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// UserView is somebody with an account.
type UserView struct {
	ID           string       `json:"id" example:"usr_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	Email        string       `json:"email"`
	Name         string       `json:"name"`
	State        string       `json:"state" enum:"active,disabled"`
	SecondFactor bool         `json:"second_factor" doc:"Whether the person has one."`
	Roles        []string     `json:"roles" doc:"On the site; on all sites where none is named."`
	Everywhere   []roleOnSite `json:"everywhere,omitempty" doc:"All roles, on all sites; for operators."`
	CreatedAt    instant      `json:"created_at"`
	SignedInAt   maybeInstant `json:"signed_in_at" doc:"The last time."`
}

// setting is the person without his sessions.
func (v UserView) setting() any {
	v.SignedInAt = 0
	return v
}

type passwordView struct {
	Password string `json:"password" secret:"once" doc:"Give it to the person, who changes it at /v1/me/password. It is not shown again."`
}

type userInvited struct {
	Body struct {
		Email string   `json:"email" example:"kim@example.com"`
		Name  string   `json:"name,omitempty"`
		Roles []string `json:"roles" minItems:"1" doc:"On the site, or on all where an operator names none."`
	} `nameHint:"UserBody"`
}

type userNamed struct {
	ID string `path:"id" doc:"usr_…"`
}

type userChanged struct {
	ID   string `path:"id" doc:"usr_…"`
	Body struct {
		Roles *[]string `json:"roles,omitempty" doc:"All that the person is to have here, where he has a role already; with none he has nothing to do with the site any more, and only an invitation brings him back."`
		State string    `json:"state,omitempty" enum:"active,disabled" doc:"Only of who has no roles elsewhere, and none that may more than yours."`
	} `nameHint:"UserChange"`
}

// users declares the routes about people with accounts.
func users(a *api) {
	const path, one = "/v1/users", "/v1/users/{id}"
	of := func(id, method, path, ability string, status int, summary, about string, codes ...string) operation {
		return operation{id: id, method: method, path: path, tag: peopleTag, ability: ability, either: true, status: status, summary: summary, codes: codes, secondFactor: ability == "users:write",
			about: about + " Of the site; without one an operator works on people and roles of the whole installation. Nobody gives or takes a role that may more than he, and nobody changes his own account here: that is at /v1/me."}
	}
	read(a, of("listUsers", http.MethodGet, path, "users:read", http.StatusOK, "List the people who have roles here, by the age of their accounts", ""), a.listUsers)
	read(a, of("getUser", http.MethodGet, one, "users:read", http.StatusOK, "Get a person", ""), func(tx *db.Tx, x *exchange, in *userNamed) (UserView, error) {
		u, err := a.user(tx, x, in.ID)
		if err != nil {
			return UserView{}, err
		}
		return showUser(tx, x)(u)
	})
	write(a, of("inviteUser", http.MethodPost, path, "users:write", http.StatusCreated, "Ask somebody to have roles", aboutInvitations, fault.CodeStateConflict), a.inviteUser)
	read(a, of("listInvitations", http.MethodGet, "/v1/invitations", "users:read", http.StatusOK, "List the invitations that wait for an answer, oldest first", ""), a.listInvitations)
	write(a, of("withdrawInvitation", http.MethodDelete, "/v1/invitations/{id}", "users:write", http.StatusNoContent, "Take an invitation back", ""), a.withdrawInvitation)
	change := of("changeUser", http.MethodPatch, one, "users:write", http.StatusOK, "Change somebody's roles, or disable him", "It counts from his next request on.", fault.CodeStateConflict)
	change.lock = a.lockUser
	write(a, change, a.changeUser)
	a.declareReset(of("resetPassword", http.MethodPost, one+"/password", "users:write", http.StatusOK, "Make a new password for somebody else", "His sessions end.", fault.CodeStateConflict))
	write(a, of("dropSecondFactor", http.MethodDelete, one+"/second-factor", "users:write", http.StatusNoContent, "Take the second factor off somebody else who lost it", "His sessions end.", fault.CodeStateConflict),
		func(tx *db.Tx, x *exchange, in *userNamed) (nothing, error) {
			u, err := a.user(tx, x, in.ID)
			if err != nil {
				return nothing{}, err
			}
			return nothing{}, a.People.DropFactor(tx, x.call.Who, u.ID)
		})
}

// user gives a person who has a role on the site that is asked for; of operators who name none,
// anybody.
func (a *api) user(tx *db.Tx, x *exchange, text string) (access.User, error) {
	who, err := named(id.User, "user", text)
	if err != nil {
		return access.User{}, err
	}
	if x.site != "" {
		there, err := access.RolesOn(tx, who, x.site)
		if err != nil {
			return access.User{}, err
		}
		if len(there) == 0 {
			return access.User{}, fault.Missing("user", text)
		}
	}
	return a.People.Find(tx, who)
}

// declareReset declares the one write that makes something before its transaction: a hash takes
// long.
func (a *api) declareReset(o operation) {
	o.inOne = true
	register[userNamed, passwordView](a, o, func(ctx context.Context, x *exchange, in *userNamed) (*reply, error) {
		made, err := a.People.MakePassword(ctx, "")
		if err != nil {
			return nil, err
		}
		return a.once(ctx, x, o, func(tx *db.Tx) (*reply, error) {
			u, err := a.user(tx, x, in.ID)
			if err != nil {
				return nil, err
			}
			if err := a.People.ResetPassword(tx, x.call.Who, u.ID, made); err != nil {
				return nil, err
			}
			return rendered(o.status, passwordView{made.Password})
		})
	})
}

func showUser(tx *db.Tx, x *exchange) func(access.User) (UserView, error) {
	return func(u access.User) (UserView, error) {
		v := UserView{ID: u.ID.Text(id.User), Email: u.Email, Name: u.Name, State: string(u.State), SecondFactor: u.Factor, Roles: []string{},
			CreatedAt: instant(u.CreatedAt), SignedInAt: maybeInstant(u.SignedInAt)}
		grants, err := access.GrantsOf(tx, u.ID)
		if err != nil {
			return v, err
		}
		for _, g := range grants {
			if g.Site == x.site {
				v.Roles = append(v.Roles, g.Role)
			}
		}
		if x.operator() {
			v.Everywhere = showGrants(grants)
		}
		return v, nil
	}
}

func (a *api) listUsers(tx *db.Tx, x *exchange, in *Paging) (out listOf[UserView], err error) {
	l, err := a.list(tx, x, "users")
	if err != nil {
		return out, err
	}
	var after id.ID
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := a.People.List(tx, x.site, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showUser(tx, x), func(u access.User) any { return u.ID })
}

// lockUser holds what orders changes of somebody: on a site its row, everywhere his own.
func (a *api) lockUser(tx *db.Tx, x *exchange) error {
	if x.site != "" && x.site != everySite {
		return site.Lock(tx, x.site)
	}
	user, err := named(id.User, "user", x.request.PathValue("id"))
	if err != nil {
		return err
	}
	return a.People.Lock(tx, user)
}

func (a *api) changeUser(tx *db.Tx, x *exchange, in *userChanged) (UserView, error) {
	u, err := a.user(tx, x, in.ID)
	if err != nil {
		return UserView{}, err
	}
	if in.Body.State != "" {
		if err := a.People.SetState(tx, x.call.Who, u.ID, access.State(in.Body.State)); err != nil {
			return UserView{}, err
		}
	}
	if in.Body.Roles != nil {
		if err := a.People.SetRoles(tx, x.call.Who, u.ID, x.site, *in.Body.Roles); err != nil {
			return UserView{}, err
		}
	}
	if u, err = a.People.Find(tx, u.ID); err != nil {
		return UserView{}, err
	}
	return showUser(tx, x)(u)
}
