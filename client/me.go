package client

import (
	"context"
	"net/http"
	"time"
)

// Session is somebody who signed in, and from when to when.
type Session struct {
	ID          string    `json:"id"`
	CreatedAt   time.Time `json:"created_at"`
	LastUsedAt  time.Time `json:"last_used_at"` // to the minute
	ExpiresAt   time.Time `json:"expires_at"`
	EndedAt     time.Time `json:"ended_at"`     // zero = nobody ended it
	ConfirmedAt time.Time `json:"confirmed_at"` // when a second factor was last given; it counts for 15 minutes
	Current     bool      `json:"current"`      // it is the one that asks
}

// SignedIn is what somebody gets who signs in. Secret is sent as a token: New(address, Secret, …).
type SignedIn struct {
	Session
	Secret string `json:"token"`
	UserID string `json:"user_id"`
}

// SignIn signs a person in; code is of his second factor, "" where he has none. The client
// needs no token for it.
func (c *Client) SignIn(ctx context.Context, email, password, code string) (SignedIn, error) {
	in := map[string]string{"email": email, "password": password}
	if code != "" {
		in["code"] = code
	}
	return oneself[SignedIn](ctx, c, in, "v1", "sessions")
}

// Confirm gives a code of the second factor for the session that the client has.
func (c *Client) Confirm(ctx context.Context, code string) (Session, error) {
	return oneself[Session](ctx, c, map[string]string{"code": code}, "v1", "sessions", "current", "confirm")
}

// Sessions lists one's own sessions, oldest first, and those that ended within the last month.
func (c *Client) Sessions(ctx context.Context, p Paging) (Page[Session], error) {
	return get[Page[Session]](ctx, c, p.query(), "v1", "sessions")
}

// EndSession ends one of one's own sessions at once.
func (c *Client) EndSession(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "sessions", id)
}

// SignOut ends the session that the client has.
func (c *Client) SignOut(ctx context.Context) error {
	return c.EndSession(ctx, "current")
}

// Identity is who asks, and what he may.
type Identity struct {
	Token       Token    `json:"token"`
	Site        string   `json:"site"` // that a request is about which names none
	Operator    bool     `json:"operator"`
	Permissions []string `json:"permissions"`
	Person      *Self    `json:"person"`  // nil = a program
	Session     *Session `json:"session"` // nil = nobody signed in
}

// Self is the person who asks.
type Self struct {
	ID            string       `json:"id"`
	Email         string       `json:"email"`
	Name          string       `json:"name"`
	SecondFactor  bool         `json:"second_factor"`
	RecoveryCodes int          `json:"recovery_codes"` // how many are left
	Roles         []RoleOnSite `json:"roles"`
}

// Me tells who asks, and what he may on the site of ForSite, or on the one that is his if he
// has one alone.
func (c *Client) Me(ctx context.Context) (Identity, error) {
	return get[Identity](ctx, c, nil, "v1", "me")
}

// oneself sends what somebody shows of himself. It is tried once, since the server keeps no
// key of it: a code counts once, and a password that was changed is not the present one any more.
func oneself[T any](ctx context.Context, c *Client, in map[string]string, path ...string) (out T, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: path, in: in, out: &out, single: true})
	return out, err
}

// SetPassword changes one's own password; the other sessions end.
func (c *Client) SetPassword(ctx context.Context, present, next string) error {
	in := map[string]string{"password": present, "new_password": next}
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "me", "password"}, in: in, single: true})
}

// SecondFactor is what a program for codes is told. It is shown this once.
type SecondFactor struct {
	Secret string `json:"secret"` // in base 32
	URI    string `json:"uri"`    // the same as otpauth://…, for a QR code
}

// RecoveryCodes stand for a code of the second factor, once each. They are shown this once.
type RecoveryCodes struct {
	Codes []string `json:"recovery_codes"`
}

// BeginSecondFactor makes a second factor for oneself, which counts once it is confirmed.
func (c *Client) BeginSecondFactor(ctx context.Context, password string) (SecondFactor, error) {
	return oneself[SecondFactor](ctx, c, map[string]string{"password": password}, "v1", "me", "second-factor")
}

// ConfirmSecondFactor switches the second factor on with a first code of it.
func (c *Client) ConfirmSecondFactor(ctx context.Context, code string) (RecoveryCodes, error) {
	return oneself[RecoveryCodes](ctx, c, map[string]string{"code": code}, "v1", "me", "second-factor", "confirm")
}

// DisableSecondFactor switches one's own second factor off, with a code of it.
func (c *Client) DisableSecondFactor(ctx context.Context, code string) error {
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "me", "second-factor", "disable"}, in: map[string]string{"code": code}, single: true})
}

// PersonalTokens lists one's own tokens, oldest first. A personal token may no more than its
// person may at the time.
func (c *Client) PersonalTokens(ctx context.Context, p Paging) (Page[Token], error) {
	return get[Page[Token]](ctx, c, p.query(), "v1", "me", "tokens")
}

// PersonalToken gets one of one's own tokens.
func (c *Client) PersonalToken(ctx context.Context, id string) (Token, error) {
	return get[Token](ctx, c, nil, "v1", "me", "tokens", id)
}

// CreatePersonalToken makes a token of one's own.
func (c *Client) CreatePersonalToken(ctx context.Context, n NewToken) (SecretToken, error) {
	return write[SecretToken](ctx, c, http.MethodPost, n, "v1", "me", "tokens")
}

// ChangePersonalToken changes one of one's own tokens, from its next request on.
func (c *Client) ChangePersonalToken(ctx context.Context, id string, ch TokenChange) (Token, error) {
	return write[Token](ctx, c, http.MethodPatch, ch, "v1", "me", "tokens", id)
}

// RotatePersonalToken gives one of one's own tokens a new secret, as RotateToken does.
func (c *Client) RotatePersonalToken(ctx context.Context, id string, overlap time.Duration) (SecretToken, error) {
	return write[SecretToken](ctx, c, http.MethodPost, rotation(overlap), "v1", "me", "tokens", id, "rotate")
}

// RevokePersonalToken ends one of one's own tokens at once and for ever.
func (c *Client) RevokePersonalToken(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "me", "tokens", id)
}

// MyInvitations lists what the person whose session the client has is asked to have.
func (c *Client) MyInvitations(ctx context.Context, p Paging) (Page[Invitation], error) {
	return get[Page[Invitation]](ctx, c, p.query(), "v1", "me", "invitations")
}

// AcceptInvitation says yes to one, with the password that came with it.
func (c *Client) AcceptInvitation(ctx context.Context, id, password string) error {
	in := map[string]string{"password": password}
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "me", "invitations", id, "accept"}, in: in})
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

// AskPasswordReset has a link sent to who forgot his password, if somebody has an account of the
// address, which the reply does not tell. The client needs no token for it.
func (c *Client) AskPasswordReset(ctx context.Context, email string) error {
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "password-resets"}, in: map[string]string{"email": email}, single: true})
}

// PasswordReset sets a forgotten password.
type PasswordReset struct {
	Token    string `json:"token"`          // that the link of the mail bears
	Password string `json:"password"`       // the new one
	Code     string `json:"code,omitempty"` // of the second factor, "" where there is none
}

// FinishPasswordReset sets a forgotten password by the link of a mail; all sessions of the person
// end. The client needs no token for it.
func (c *Client) FinishPasswordReset(ctx context.Context, r PasswordReset) error {
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "password-resets", "confirm"}, in: r, single: true})
}
