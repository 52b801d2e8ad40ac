package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Token is the right of a program to use the API, without its secret.
type Token struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Abilities  []string  `json:"abilities"`
	Addresses  []string  `json:"addresses"` // networks that it may be used from; none = anywhere
	Last4      string    `json:"last4"`     // the end of its secret
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"` // zero = never
	RevokedAt  time.Time `json:"revoked_at"`
}

// NewToken is a token that is to be made.
type NewToken struct {
	Name      string     `json:"name"`
	Abilities []string   `json:"abilities"`
	Addresses []string   `json:"addresses,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // nil = never
}

// TokenChange is what is to become of a token; what is nil stays.
type TokenChange struct {
	Name      *string   `json:"name,omitempty"`
	Abilities []string  `json:"abilities,omitempty"`
	Addresses *[]string `json:"addresses,omitempty"` // empty = anywhere
	// ExpiresAt moves the end; one that is zero takes it away.
	ExpiresAt *Expiry `json:"expires_at,omitempty"`
}

// Expiry is when a token ends; the zero value is never.
type Expiry struct{ time.Time }

// MarshalJSON writes the time, or null for never.
func (e Expiry) MarshalJSON() ([]byte, error) {
	if e.IsZero() {
		return []byte("null"), nil
	}
	return e.Time.MarshalJSON()
}

// SecretToken is a token with its secret, which is shown this once.
type SecretToken struct {
	Token
	Secret        string    `json:"token"`
	PreviousUntil time.Time `json:"previous_until"` // after a rotation: how long the old secret is good
}

// Tokens lists the tokens of the site, oldest first; a token of the operator that names no site
// lists the operator's own.
func (c *Client) Tokens(ctx context.Context, p Paging) (Page[Token], error) {
	return get[Page[Token]](ctx, c, p.query(), "v1", "tokens")
}

// TokenByID gets a token.
func (c *Client) TokenByID(ctx context.Context, id string) (Token, error) {
	return get[Token](ctx, c, nil, "v1", "tokens", id)
}

// CreateToken makes a token that may no more than the one that asks.
func (c *Client) CreateToken(ctx context.Context, n NewToken) (SecretToken, error) {
	return write[SecretToken](ctx, c, http.MethodPost, n, "v1", "tokens")
}

// ChangeToken changes a token, from its next request on.
func (c *Client) ChangeToken(ctx context.Context, id string, ch TokenChange) (Token, error) {
	return write[Token](ctx, c, http.MethodPatch, ch, "v1", "tokens", id)
}

// RotateToken gives a token a new secret. The old one stays good for the overlap, to the second;
// 0 ends it at once.
func (c *Client) RotateToken(ctx context.Context, id string, overlap time.Duration) (SecretToken, error) {
	return write[SecretToken](ctx, c, http.MethodPost, map[string]int64{"overlap": int64(overlap / time.Second)}, "v1", "tokens", id, "rotate")
}

// RevokeToken ends a token at once and for ever.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "tokens", id)
}

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
}

// Invitation is somebody who was asked to have roles, and has not said yet.
type Invitation struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"` // "" in those of one's own
	Name      string    `json:"name"`
	Site      string    `json:"site"` // of those of one's own; "" = all sites
	Roles     []string  `json:"roles"`
	CreatedAt time.Time `json:"created_at"`
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

// MyInvitations lists what the person whose session the client has is asked to have.
func (c *Client) MyInvitations(ctx context.Context, p Paging) (Page[Invitation], error) {
	return get[Page[Invitation]](ctx, c, p.query(), "v1", "me", "invitations")
}

// AcceptInvitation says yes to one, with the password that came with it.
func (c *Client) AcceptInvitation(ctx context.Context, id, password string) error {
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "me", "invitations", id, "accept"}, in: map[string]string{"password": password}})
}

// DeclineInvitation says no to one.
func (c *Client) DeclineInvitation(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "me", "invitations", id)
}

// LeaveRole gives up a role of one's own on a site, "" = on all.
func (c *Client) LeaveRole(ctx context.Context, site, role string) error {
	in := map[string]string{"role": role}
	if site != "" {
		in["site"] = site
	}
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "me", "roles", "leave"}, in: in})
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
}

// Roles lists the roles that can be given on the site.
func (c *Client) Roles(ctx context.Context, p Paging) (Page[Role], error) {
	return get[Page[Role]](ctx, c, p.query(), "v1", "roles")
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

// Session is what somebody gets who signs in. Secret is sent as a token: New(address, Secret, …).
type Session struct {
	ID        string    `json:"id"`
	Secret    string    `json:"token"`
	UserID    string    `json:"user_id"`
	ExpiresAt time.Time `json:"expires_at"`
}

// SignIn signs a person in; code is of his second factor, "" where he has none. The client
// needs no token for it.
func (c *Client) SignIn(ctx context.Context, email, password, code string) (Session, error) {
	in := map[string]string{"email": email, "password": password}
	if code != "" {
		in["code"] = code
	}
	return write[Session](ctx, c, http.MethodPost, in, "v1", "sessions")
}

// Confirm gives a code of the second factor for the session that the client has.
func (c *Client) Confirm(ctx context.Context, code string) error {
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "sessions", "current", "confirm"}, in: map[string]string{"code": code}})
}

// SignOut ends the session that the client has.
func (c *Client) SignOut(ctx context.Context) error {
	return c.remove(ctx, "v1", "sessions", "current")
}

// Identity is who asks, and what he may.
type Identity struct {
	Token       Token    `json:"token"`
	Site        string   `json:"site"` // that a request is about which names none
	Operator    bool     `json:"operator"`
	Permissions []string `json:"permissions"`
	Person      *struct {
		ID           string `json:"id"`
		Email        string `json:"email"`
		Name         string `json:"name"`
		SecondFactor bool   `json:"second_factor"`
	} `json:"person"` // nil = a program
}

// Me tells who asks, and what he may on a site; "" = the one that is his, if he has one alone.
func (c *Client) Me(ctx context.Context, site string) (Identity, error) {
	q := url.Values{}
	if site != "" {
		q.Set("site", site)
	}
	return get[Identity](ctx, c, q, "v1", "me")
}
