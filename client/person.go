package client

import (
	"context"
	"net/http"
	"time"
)

// User is somebody with an account.
type User struct {
	ID           string    `json:"id"`
	Email        string    `json:"email"`
	Name         string    `json:"name"`
	State        string    `json:"state"` // active or disabled
	SecondFactor bool      `json:"second_factor"`
	Roles        []string  `json:"roles"` // on the site that was asked for
	CreatedAt    time.Time `json:"created_at"`
	SignedInAt   time.Time `json:"signed_in_at"`

	Everywhere []RoleOnSite `json:"everywhere"` // all his roles, on all sites; operators see it
}

// RoleOnSite is what somebody may on a site.
type RoleOnSite struct {
	Site        string   `json:"site"` // "" = on all sites
	Roles       []string `json:"roles"`
	Permissions []string `json:"permissions"` // that these roles have, without those on all sites
}

// Invitation is somebody who was asked to have roles, and has not said yet.
type Invitation struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"` // "" in those of one's own
	Name      string    `json:"name"`
	Site      string    `json:"site"` // of those of one's own; "" = all sites
	Roles     []string  `json:"roles"`
	CreatedAt time.Time `json:"created_at"`
	InvitedBy string    `json:"invited_by"` // usr_… or tok_…; "" in those of one's own
	ExpiresAt time.Time `json:"expires_at"`
	Password  string    `json:"password"` // to be given to the person; it is shown this once
}

// NewUser is somebody who is to have roles, and an account if he has none.
type NewUser struct {
	Email string   `json:"email"`
	Name  string   `json:"name,omitempty"`
	Roles []string `json:"roles"`
}

// UserChange is what is to become of somebody; what is nil or empty stays.
type UserChange struct {
	Roles *[]string `json:"roles,omitempty"` // all that he is to have
	State string    `json:"state,omitempty"` // active or disabled
}

// Users lists the people who have roles on the site.
func (c *Client) Users(ctx context.Context, p Paging) (Page[User], error) {
	return get[Page[User]](ctx, c, p.query(), "v1", "users")
}

// User gets somebody who has a role on the site.
func (c *Client) User(ctx context.Context, id string) (User, error) {
	return get[User](ctx, c, nil, "v1", "users", id)
}

// InviteUser asks somebody to have roles. Nothing is given before he says yes, by signing in with
// the password, which makes his account, or with his own account by AcceptInvitation.
func (c *Client) InviteUser(ctx context.Context, n NewUser) (Invitation, error) {
	return write[Invitation](ctx, c, http.MethodPost, n, "v1", "users")
}

// Invitations lists who was asked to have roles on the site and has not said yet.
func (c *Client) Invitations(ctx context.Context, p Paging) (Page[Invitation], error) {
	return get[Page[Invitation]](ctx, c, p.query(), "v1", "invitations")
}

// WithdrawInvitation takes an invitation back.
func (c *Client) WithdrawInvitation(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "invitations", id)
}

// ChangeUser changes somebody's roles, or disables him.
func (c *Client) ChangeUser(ctx context.Context, id string, ch UserChange) (User, error) {
	return write[User](ctx, c, http.MethodPatch, ch, "v1", "users", id)
}

// ResetPassword gives somebody a password that is made, and returns it; his sessions end.
func (c *Client) ResetPassword(ctx context.Context, id string) (string, error) {
	made, err := write[struct{ Password string }](ctx, c, http.MethodPost, nil, "v1", "users", id, "password")
	return made.Password, err
}

// DropSecondFactor takes the second factor off somebody who lost it; his sessions end.
func (c *Client) DropSecondFactor(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "users", id, "second-factor")
}

// Role is a name for permissions.
type Role struct {
	Name        string   `json:"name"`
	Site        string   `json:"site"` // "" = of the installation
	BuiltIn     bool     `json:"built_in"`
	Permissions []string `json:"permissions"` // as they were written
	Allows      []string `json:"allows"`      // the abilities that these are today

	CreatedAt time.Time `json:"created_at"` // zero = it was always there
}

// Roles lists the roles that can be given on the site.
func (c *Client) Roles(ctx context.Context, p Paging) (Page[Role], error) {
	return get[Page[Role]](ctx, c, p.query(), "v1", "roles")
}

// Role gets a role.
func (c *Client) Role(ctx context.Context, name string) (Role, error) {
	return get[Role](ctx, c, nil, "v1", "roles", name)
}

// AddRole makes a role.
func (c *Client) AddRole(ctx context.Context, name string, permissions ...string) (Role, error) {
	return write[Role](ctx, c, http.MethodPost, map[string]any{"name": name, "permissions": permissions}, "v1", "roles")
}

// SetRole replaces what a role may.
func (c *Client) SetRole(ctx context.Context, name string, permissions ...string) (Role, error) {
	return write[Role](ctx, c, http.MethodPut, map[string]any{"permissions": permissions}, "v1", "roles", name)
}

// RemoveRole removes a role that nobody has.
func (c *Client) RemoveRole(ctx context.Context, name string) error {
	return c.remove(ctx, "v1", "roles", name)
}
