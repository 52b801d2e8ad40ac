package client_test

import (
	"context"
	"testing"
	"time"

	"creditmsg/client"
)

func TestTokensAndPeopleAreAskedForAsTheContractSays(t *testing.T) {
	at := client.Expiry{Time: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	for name, tt := range map[string]struct {
		call func(ctx context.Context, c *client.Client) error
		want asked
	}{
		"tokens": {func(ctx context.Context, c *client.Client) error { return last(c.Tokens(ctx, client.Paging{Limit: 3})) }, asked{"GET", "/v1/tokens?limit=3", "", ""}},
		"token":  {func(ctx context.Context, c *client.Client) error { return last(c.TokenByID(ctx, "tok_1")) }, asked{"GET", "/v1/tokens/tok_1", "", ""}},
		"create": {func(ctx context.Context, c *client.Client) error {
			return last(c.CreateToken(ctx, client.NewToken{Name: "a", Abilities: []string{"*"}, Addresses: []string{"10.0.0.0/8"}, ExpiresAt: &at.Time}))
		}, asked{"POST", "/v1/tokens", "application/json", `{"name":"a","abilities":["*"],"addresses":["10.0.0.0/8"],"expires_at":"2026-12-01T00:00:00Z"}`}},
		"change": {func(ctx context.Context, c *client.Client) error {
			return last(c.ChangeToken(ctx, "tok_1", client.TokenChange{Abilities: []string{"credit:read"}, Addresses: &[]string{}, ExpiresAt: &client.Expiry{}}))
		}, asked{"PATCH", "/v1/tokens/tok_1", "application/json", `{"abilities":["credit:read"],"addresses":[],"expires_at":null}`}},
		"move the end": {func(ctx context.Context, c *client.Client) error {
			return last(c.ChangeToken(ctx, "tok_1", client.TokenChange{ExpiresAt: &at}))
		}, asked{"PATCH", "/v1/tokens/tok_1", "application/json", `{"expires_at":"2026-12-01T00:00:00Z"}`}},
		"rotate": {func(ctx context.Context, c *client.Client) error { return last(c.RotateToken(ctx, "tok_1", time.Hour)) },
			asked{"POST", "/v1/tokens/tok_1/rotate", "application/json", `{"overlap":3600}`}},
		"revoke": {func(ctx context.Context, c *client.Client) error { return c.RevokeToken(ctx, "tok_1") }, asked{"DELETE", "/v1/tokens/tok_1", "", ""}},
		"users":  {func(ctx context.Context, c *client.Client) error { return last(c.Users(ctx, client.Paging{})) }, asked{"GET", "/v1/users", "", ""}},
		"user":   {func(ctx context.Context, c *client.Client) error { return last(c.User(ctx, "usr_1")) }, asked{"GET", "/v1/users/usr_1", "", ""}},
		"invite": {func(ctx context.Context, c *client.Client) error {
			return last(c.InviteUser(ctx, client.NewUser{Email: "a@example.com", Roles: []string{"owner"}}))
		}, asked{"POST", "/v1/users", "application/json", `{"email":"a@example.com","roles":["owner"]}`}},
		"take all roles": {func(ctx context.Context, c *client.Client) error {
			return last(c.ChangeUser(ctx, "usr_1", client.UserChange{Roles: &[]string{}}))
		}, asked{"PATCH", "/v1/users/usr_1", "application/json", `{"roles":[]}`}},
		"invitations": {func(ctx context.Context, c *client.Client) error { return last(c.Invitations(ctx, client.Paging{})) }, asked{"GET", "/v1/invitations", "", ""}},
		"withdraw":    {func(ctx context.Context, c *client.Client) error { return c.WithdrawInvitation(ctx, "ivt_1") }, asked{"DELETE", "/v1/invitations/ivt_1", "", ""}},
		"asked of me": {func(ctx context.Context, c *client.Client) error { return last(c.MyInvitations(ctx, client.Paging{})) }, asked{"GET", "/v1/me/invitations", "", ""}},
		"accept": {func(ctx context.Context, c *client.Client) error { return c.AcceptInvitation(ctx, "ivt_1", "p") },
			asked{"POST", "/v1/me/invitations/ivt_1/accept", "application/json", `{"password":"p"}`}},
		"decline": {func(ctx context.Context, c *client.Client) error { return c.DeclineInvitation(ctx, "ivt_1") }, asked{"DELETE", "/v1/me/invitations/ivt_1", "", ""}},
		"leave": {func(ctx context.Context, c *client.Client) error { return c.LeaveRole(ctx, "shop", "viewer") },
			asked{"POST", "/v1/me/roles/leave", "application/json", `{"role":"viewer","site":"shop"}`}},
		"reset":       {func(ctx context.Context, c *client.Client) error { return last(c.ResetPassword(ctx, "usr_1")) }, asked{"POST", "/v1/users/usr_1/password", "", ""}},
		"drop factor": {func(ctx context.Context, c *client.Client) error { return c.DropSecondFactor(ctx, "usr_1") }, asked{"DELETE", "/v1/users/usr_1/second-factor", "", ""}},
		"roles":       {func(ctx context.Context, c *client.Client) error { return last(c.Roles(ctx, client.Paging{})) }, asked{"GET", "/v1/roles", "", ""}},
		"add role": {func(ctx context.Context, c *client.Client) error { return last(c.AddRole(ctx, "a", "messages")) },
			asked{"POST", "/v1/roles", "application/json", `{"name":"a","permissions":["messages"]}`}},
		"set role": {func(ctx context.Context, c *client.Client) error { return last(c.SetRole(ctx, "a", "messages")) },
			asked{"PUT", "/v1/roles/a", "application/json", `{"permissions":["messages"]}`}},
		"remove role": {func(ctx context.Context, c *client.Client) error { return c.RemoveRole(ctx, "a") }, asked{"DELETE", "/v1/roles/a", "", ""}},
		"sign in": {func(ctx context.Context, c *client.Client) error {
			return last(c.SignIn(ctx, "a@example.com", "p", "123456"))
		},
			asked{"POST", "/v1/sessions", "application/json", `{"code":"123456","email":"a@example.com","password":"p"}`}},
		"confirm": {func(ctx context.Context, c *client.Client) error { return last(c.Confirm(ctx, "123456")) },
			asked{"POST", "/v1/sessions/current/confirm", "application/json", `{"code":"123456"}`}},
		"sign out": {func(ctx context.Context, c *client.Client) error { return c.SignOut(ctx) }, asked{"DELETE", "/v1/sessions/current", "", ""}},
		"me":       {func(ctx context.Context, c *client.Client) error { return last(c.ForSite("shop").Me(ctx)) }, asked{"GET", "/v1/me?site=shop", "", ""}},
	} {
		t.Run(name, func(t *testing.T) { asks(t, tt.call, tt.want) })
	}
}
