package client_test

import (
	"context"
	"testing"

	"creditmsg/client"
)

func TestTheOfficeOfASiteIsAskedForAsTheContractSays(t *testing.T) {
	for name, tt := range map[string]struct {
		call func(ctx context.Context, c *client.Client) error
		want asked
	}{
		"forecast": {func(ctx context.Context, c *client.Client) error { return last(c.Forecast(ctx)) }, asked{"GET", "/v1/credit/forecast", "", ""}},
		"refund requests": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("*").RefundRequests(ctx, client.RefundRequestFilter{Status: "requested"}))
		}, asked{"GET", "/v1/credit/refund-requests?site=%2A&status=requested", "", ""}},
		"refund request": {func(ctx context.Context, c *client.Client) error { return last(c.RefundRequest(ctx, "rfr_1")) }, asked{"GET", "/v1/credit/refund-requests/rfr_1", "", ""}},
		"ask for a refund": {func(ctx context.Context, c *client.Client) error {
			return last(c.RequestRefund(ctx, client.NewRefundRequest{UsageID: "usg_1", Amount: "9", Reason: "r"}))
		}, asked{"POST", "/v1/credit/refund-requests", "application/json", `{"usage_id":"usg_1","amount":"9","reason":"r"}`}},
		"take it back": {func(ctx context.Context, c *client.Client) error { return last(c.CancelRefundRequest(ctx, "rfr_1")) }, asked{"POST", "/v1/credit/refund-requests/rfr_1/cancel", "", ""}},
		"approve": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").ApproveRefundRequest(ctx, "rfr_1"))
		}, asked{"POST", "/v1/credit/refund-requests/rfr_1/approve?site=shop", "", ""}},
		"reject": {func(ctx context.Context, c *client.Client) error {
			return last(c.RejectRefundRequest(ctx, "rfr_1", "r"))
		},
			asked{"POST", "/v1/credit/refund-requests/rfr_1/reject", "application/json", `{"reason":"r"}`}},
		"forgotten": {func(ctx context.Context, c *client.Client) error {
			return c.ForSite("shop").AskPasswordReset(ctx, "a@example.com")
		},
			asked{"POST", "/v1/password-resets", "application/json", `{"email":"a@example.com"}`}},
		"set it": {func(ctx context.Context, c *client.Client) error {
			return c.FinishPasswordReset(ctx, client.PasswordReset{Token: "t", Password: "p", Code: "1"})
		}, asked{"POST", "/v1/password-resets/confirm", "application/json", `{"token":"t","password":"p","code":"1"}`}},
	} {
		t.Run(name, func(t *testing.T) { asks(t, tt.call, tt.want) })
	}
}
