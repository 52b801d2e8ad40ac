package client_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"creditmsg/client"
)

func TestWhatPeopleDoAboutThemselvesIsAskedForAsTheContractSays(t *testing.T) {
	for name, tt := range map[string]struct {
		call func(ctx context.Context, c *client.Client) error
		want asked
	}{
		"sessions": {func(ctx context.Context, c *client.Client) error {
			return last(c.Sessions(ctx, client.Paging{Limit: 3}))
		}, asked{"GET", "/v1/sessions?limit=3", "", ""}},
		"end session": {func(ctx context.Context, c *client.Client) error { return c.EndSession(ctx, "tok_1") }, asked{"DELETE", "/v1/sessions/tok_1", "", ""}},
		"password": {func(ctx context.Context, c *client.Client) error { return c.SetPassword(ctx, "old", "new") },
			asked{"POST", "/v1/me/password", "application/json", `{"new_password":"new","password":"old"}`}},
		"begin factor": {func(ctx context.Context, c *client.Client) error { return last(c.BeginSecondFactor(ctx, "p")) },
			asked{"POST", "/v1/me/second-factor", "application/json", `{"password":"p"}`}},
		"confirm factor": {func(ctx context.Context, c *client.Client) error { return last(c.ConfirmSecondFactor(ctx, "123456")) },
			asked{"POST", "/v1/me/second-factor/confirm", "application/json", `{"code":"123456"}`}},
		"disable factor": {func(ctx context.Context, c *client.Client) error { return c.DisableSecondFactor(ctx, "123456") },
			asked{"POST", "/v1/me/second-factor/disable", "application/json", `{"code":"123456"}`}},
		"tokens": {func(ctx context.Context, c *client.Client) error { return last(c.PersonalTokens(ctx, client.Paging{})) }, asked{"GET", "/v1/me/tokens", "", ""}},
		"token":  {func(ctx context.Context, c *client.Client) error { return last(c.PersonalToken(ctx, "tok_1")) }, asked{"GET", "/v1/me/tokens/tok_1", "", ""}},
		"create": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").CreatePersonalToken(ctx, client.NewToken{Name: "a", Abilities: []string{"credit:read"}}))
		}, asked{"POST", "/v1/me/tokens?site=shop", "application/json", `{"name":"a","abilities":["credit:read"]}`}},
		"change": {func(ctx context.Context, c *client.Client) error {
			return last(c.ChangePersonalToken(ctx, "tok_1", client.TokenChange{Name: new("b")}))
		}, asked{"PATCH", "/v1/me/tokens/tok_1", "application/json", `{"name":"b"}`}},
		"rotate": {func(ctx context.Context, c *client.Client) error {
			return last(c.RotatePersonalToken(ctx, "tok_1", time.Minute))
		}, asked{"POST", "/v1/me/tokens/tok_1/rotate", "application/json", `{"overlap":60}`}},
		"revoke": {func(ctx context.Context, c *client.Client) error { return c.RevokePersonalToken(ctx, "tok_1") }, asked{"DELETE", "/v1/me/tokens/tok_1", "", ""}},
		"role":   {func(ctx context.Context, c *client.Client) error { return last(c.Role(ctx, "clerk")) }, asked{"GET", "/v1/roles/clerk", "", ""}},
		"limits": {func(ctx context.Context, c *client.Client) error { return last(c.Limits(ctx)) }, asked{"GET", "/v1/limits", "", ""}},
		"site limits": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetSiteLimits(ctx, "shop", client.SiteLimits{MinuteLimits: client.MinuteLimits{Requests: new(int64(600))}, Day: new(int64(0))}))
		}, asked{"PUT", "/v1/sites/shop/limits", "application/json", `{"requests_per_minute":600,"recipients_per_minute":null,"recipients_per_day":0}`}},
		"token limits": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetTokenLimits(ctx, "shop", "tok_1", client.MinuteLimits{Recipients: new(int64(5))}))
		}, asked{"PUT", "/v1/sites/shop/tokens/tok_1/limits", "application/json", `{"requests_per_minute":null,"recipients_per_minute":5}`}},
		"recharge": {func(ctx context.Context, c *client.Client) error { return last(c.AutoRecharge(ctx)) }, asked{"GET", "/v1/credit/auto-recharge", "", ""}},
		"set sender": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").SetSender(ctx, "0261234567", "rejected", "r"))
		}, asked{"PUT", "/v1/senders/0261234567?site=shop", "application/json", `{"number":"0261234567","state":"rejected","reason":"r"}`}},
		"test site": {func(ctx context.Context, c *client.Client) error { return last(c.MakeTestSite(ctx)) }, asked{"POST", "/v1/test", "", ""}},
	} {
		t.Run(name, func(t *testing.T) { asks(t, tt.call, tt.want) })
	}
}

// TestWhatAPersonShowsIsTriedOnce has a server that is busy: a code counts once, and the
// present password is another one after the first try.
func TestWhatAPersonShowsIsTriedOnce(t *testing.T) {
	tries := 0
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		tries++
		problem(w, http.StatusServiceUnavailable, "unavailable")
	})
	calls := map[string]func(ctx context.Context) error{
		"sign in":        func(ctx context.Context) error { return last(c.SignIn(ctx, "a@example.com", "p", "123456")) },
		"confirm":        func(ctx context.Context) error { return last(c.Confirm(ctx, "123456")) },
		"password":       func(ctx context.Context) error { return c.SetPassword(ctx, "old", "new") },
		"begin factor":   func(ctx context.Context) error { return last(c.BeginSecondFactor(ctx, "p")) },
		"confirm factor": func(ctx context.Context) error { return last(c.ConfirmSecondFactor(ctx, "123456")) },
		"disable factor": func(ctx context.Context) error { return c.DisableSecondFactor(ctx, "123456") },
	}
	for name, call := range calls {
		tries = 0
		if err := call(t.Context()); !client.IsProblem(err, "unavailable") || tries != 1 {
			t.Errorf("%s: %d tries, %v; want one", name, tries, err)
		}
	}
}

func TestAClientOfASiteKeepsWhatElseIsAskedAndTheOneItWasMadeOf(t *testing.T) {
	asks(t, func(ctx context.Context, c *client.Client) error {
		return last(c.ForSite("a&b").Audit(ctx, client.AuditFilter{Actor: "kim", Paging: client.Paging{Cursor: "x"}}))
	}, asked{"GET", "/v1/audit?actor=kim&cursor=x&site=a%26b", "", ""})
	asks(t, func(ctx context.Context, c *client.Client) error {
		_ = c.ForSite("shop")
		return last(c.Credit(ctx))
	}, asked{"GET", "/v1/credit", "", ""})
	asks(t, func(ctx context.Context, c *client.Client) error {
		return last(c.ForSite("shop").ForSite("").Credit(ctx))
	}, asked{"GET", "/v1/credit", "", ""})
	asks(t, func(ctx context.Context, c *client.Client) error {
		return last(c.ForSite("*").Audit(ctx, client.AuditFilter{Installation: true}))
	}, asked{"GET", "/v1/audit?installation=true&site=%2A", "", ""})
}
