package server

import (
	"context"
	"strings"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// User is somebody with an account, and his roles.
type User struct {
	ID           string      `json:"id"`
	Email        string      `json:"email"`
	Name         string      `json:"name"`
	State        string      `json:"state"` // active or disabled
	SecondFactor bool        `json:"second_factor"`
	Roles        []UserRoles `json:"roles"`
	CreatedAt    time.Time   `json:"created_at"`
	SignedInAt   time.Time   `json:"signed_in_at,omitzero"`
}

// UserRoles are somebody's roles in one place.
type UserRoles struct {
	Site  string   `json:"site"` // "" = on all sites
	Roles []string `json:"roles"`
}

// NewUser is somebody who was given roles just now.
type NewUser struct {
	User
	Password string `json:"password,omitempty"` // that was made; it is never shown again
}

func userOf(tx *db.Tx, u access.User) (User, error) {
	out := User{ID: u.ID.Text(id.User), Email: u.Email, Name: u.Name, State: string(u.State), SecondFactor: u.Factor, Roles: []UserRoles{},
		CreatedAt: u.CreatedAt.Time(), SignedInAt: u.SignedInAt.Time()}
	grants, err := access.GrantsOf(tx, u.ID)
	for _, g := range grants {
		if n := len(out.Roles); n == 0 || out.Roles[n-1].Site != g.Site {
			out.Roles = append(out.Roles, UserRoles{Site: g.Site})
		}
		last := &out.Roles[len(out.Roles)-1]
		last.Roles = append(last.Roles, g.Role)
	}
	return out, err
}

// UserOrder is a person who is to have an account, or to have roles besides.
type UserOrder struct {
	Email    string
	Name     string
	Site     string // "" = on all sites
	Roles    []string
	Password string // "" = one is made
}

// CreateUser gives somebody roles, and an account if he has none. Faults: Invalid, NotFound.
func (p *Operator) CreateUser(ctx context.Context, o UserOrder) (out NewUser, err error) {
	in, err := p.people.Add(ctx, access.Installation(), access.NewPerson{Email: o.Email, Name: o.Name, Site: o.Site, Roles: o.Roles, Password: o.Password})
	if err != nil {
		return NewUser{}, err
	}
	out.Password = in.Password
	err = p.d.Snapshot(ctx, "operator_user", func(tx *db.Tx) (err error) {
		out.User, err = userOf(tx, in.User)
		return err
	})
	return out, err
}

// Users gives the people who have roles on a site, or all with "". NotFound.
func (p *Operator) Users(ctx context.Context, siteID string) (all List[User], err error) {
	err = p.d.Snapshot(ctx, "operator_users", func(tx *db.Tx) error {
		all = List[User]{Data: []User{}}
		if siteID != "" {
			if _, err := site.Find(tx, siteID); err != nil {
				return err
			}
		}
		return p.eachUser(tx, siteID, func(u access.User) error {
			one, err := userOf(tx, u)
			all.Data = append(all.Data, one)
			return err
		})
	})
	return all, err
}

// eachUser calls do for the people who have roles on a site, or all with "".
func (p *Operator) eachUser(tx *db.Tx, siteID string, do func(access.User) error) error {
	for after := (id.ID{}); ; {
		page, err := p.people.List(tx, siteID, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, u := range page {
			if err := do(u); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}

// user finds somebody by his address or his id.
func (p *Operator) user(tx *db.Tx, named string) (access.User, error) {
	if strings.Contains(named, "@") {
		return p.people.FindByEmail(tx, named)
	}
	who, err := id.Parse(id.User, named)
	if err != nil {
		return access.User{}, fault.Check("USER", "%q is neither the address of somebody nor an id such as usr_01k…; user list shows them", named)
	}
	return p.people.Find(tx, who)
}

// changed does something to somebody's account, and shows it as it is then.
func (p *Operator) changed(ctx context.Context, named string, act func(*db.Tx, access.User) error) (out User, err error) {
	err = p.d.Update(ctx, "operator_change_user", func(tx *db.Tx) error {
		u, err := p.user(tx, named)
		if err != nil {
			return err
		}
		if err := act(tx, u); err != nil {
			return err
		}
		if u, err = p.people.Find(tx, u.ID); err == nil {
			out, err = userOf(tx, u)
		}
		return err
	})
	return out, err
}

// SetUserRoles gives somebody exactly these roles on a site ("" = on all sites). Faults:
// Invalid, NotFound.
func (p *Operator) SetUserRoles(ctx context.Context, named, siteID string, roles []string) (User, error) {
	return p.changed(ctx, named, func(tx *db.Tx, u access.User) error {
		return p.people.SetRoles(tx, access.Installation(), u.ID, siteID, roles)
	})
}

// EnableUser makes an account usable or disables it. NotFound.
func (p *Operator) EnableUser(ctx context.Context, named string, enabled bool) (User, error) {
	state := access.Disabled
	if enabled {
		state = access.Active
	}
	return p.changed(ctx, named, func(tx *db.Tx, u access.User) error {
		return p.people.SetState(tx, access.Installation(), u.ID, state)
	})
}

// DropUserFactor takes the second factor off somebody who lost it. NotFound.
func (p *Operator) DropUserFactor(ctx context.Context, named string) (User, error) {
	return p.changed(ctx, named, func(tx *db.Tx, u access.User) error {
		return p.people.DropFactor(tx, access.Installation(), u.ID)
	})
}

// SetUserPassword gives somebody a password, one that is made with "", and ends his sessions.
// Faults: Invalid, NotFound.
func (p *Operator) SetUserPassword(ctx context.Context, named, password string) (out NewUser, err error) {
	made, err := p.people.MakePassword(ctx, password)
	if err != nil {
		return NewUser{}, err
	}
	if password == "" {
		out.Password = made.Password
	}
	out.User, err = p.changed(ctx, named, func(tx *db.Tx, u access.User) error {
		return p.people.ResetPassword(tx, access.Installation(), u.ID, made)
	})
	return out, err
}

// Role is a name for permissions.
type Role struct {
	Name        string   `json:"name"`
	Site        string   `json:"site"` // "" = of the installation
	BuiltIn     bool     `json:"built_in"`
	Permissions []string `json:"permissions"`
}

func roleOf(r access.Role) Role { return Role{r.Name, r.Site, r.BuiltIn, r.Patterns.Texts()} }

// Roles gives the roles that can be given on a site, or on all with "". NotFound.
func (p *Operator) Roles(ctx context.Context, siteID string) (all List[Role], err error) {
	err = p.d.Snapshot(ctx, "operator_roles", func(tx *db.Tx) error {
		all = List[Role]{Data: []Role{}}
		if siteID != "" {
			if _, err := site.Find(tx, siteID); err != nil {
				return err
			}
		}
		list, err := access.Roles(tx, siteID)
		for _, r := range list {
			all.Data = append(all.Data, roleOf(r))
		}
		return err
	})
	return all, err
}

// SetRole makes a role of a site ("" = of the installation), or replaces what it may. Faults:
// Invalid, NotFound for the site, AlreadyExists and StateConflict for a name that means
// another role here.
func (p *Operator) SetRole(ctx context.Context, siteID, name string, permissions []string) (out Role, err error) {
	err = p.d.Update(ctx, "operator_set_role", func(tx *db.Tx) error {
		if siteID != "" {
			if _, err := site.Find(tx, siteID); err != nil {
				return err
			}
		}
		r, err := access.SetRole(tx, access.Installation(), siteID, name, permissions)
		if fault.Is(err, fault.NotFound) {
			r, err = access.AddRole(tx, access.Installation(), siteID, name, permissions)
		}
		out = roleOf(r)
		return err
	})
	return out, err
}

// RemoveRole removes a role that nobody has. Faults: NotFound, StateConflict.
func (p *Operator) RemoveRole(ctx context.Context, siteID, name string) error {
	return p.d.Update(ctx, "operator_remove_role", func(tx *db.Tx) error {
		return access.RemoveRole(tx, access.Installation(), siteID, name)
	})
}
