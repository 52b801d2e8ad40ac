package client_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
)

func TestEachWebhookOperationAsksWhatTheContractSays(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	url := "https://shop.example/hooks"
	const path, form = "/v1/webhook-endpoints", "application/json"
	for name, tt := range map[string]struct {
		call func(ctx context.Context, c *client.Client) error
		want asked
	}{
		"list": {func(ctx context.Context, c *client.Client) error {
			return last(c.WebhookEndpoints(ctx, client.Paging{Limit: 5}))
		}, asked{"GET", path + "?limit=5", "", ""}},
		"get": {func(ctx context.Context, c *client.Client) error { return last(c.WebhookEndpoint(ctx, "whk_1")) }, asked{"GET", path + "/whk_1", "", ""}},
		"add": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddWebhookEndpoint(ctx, client.WebhookChange{URL: &url, Topics: []string{"message.*"}}))
		}, asked{"POST", path, form, `{"url":"https://shop.example/hooks","topics":["message.*"]}`}},
		"set": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetWebhookEndpoint(ctx, "whk_1", client.WebhookChange{URL: &url}))
		}, asked{"PATCH", path + "/whk_1", form, `{"url":"https://shop.example/hooks"}`}},
		"remove":  {func(ctx context.Context, c *client.Client) error { return c.RemoveWebhookEndpoint(ctx, "whk_1") }, asked{"DELETE", path + "/whk_1", "", ""}},
		"rotate":  {func(ctx context.Context, c *client.Client) error { return last(c.RotateWebhookSecret(ctx, "whk_1")) }, asked{"POST", path + "/whk_1/rotate-secret", "", ""}},
		"enable":  {func(ctx context.Context, c *client.Client) error { return last(c.EnableWebhookEndpoint(ctx, "whk_1")) }, asked{"POST", path + "/whk_1/enable", "", ""}},
		"disable": {func(ctx context.Context, c *client.Client) error { return last(c.DisableWebhookEndpoint(ctx, "whk_1")) }, asked{"POST", path + "/whk_1/disable", "", ""}},
		"test":    {func(ctx context.Context, c *client.Client) error { return last(c.TestWebhookEndpoint(ctx, "whk_1")) }, asked{"POST", path + "/whk_1/test", "", ""}},
		"deliveries": {func(ctx context.Context, c *client.Client) error {
			return last(c.WebhookDeliveries(ctx, "whk_1", client.DeliveryFilter{State: "failed", Type: "message.*", From: at}))
		}, asked{"GET", path + "/whk_1/deliveries?from=2026-12-01T00%3A00%3A00Z&state=failed&type=message.%2A", "", ""}},
		"delivery": {func(ctx context.Context, c *client.Client) error { return last(c.WebhookDelivery(ctx, "whk_1", 7)) }, asked{"GET", path + "/whk_1/deliveries/7", "", ""}},
		"replay": {func(ctx context.Context, c *client.Client) error {
			return last(c.ReplayWebhooks(ctx, "whk_1", client.WebhookReplay{Deliveries: []int64{1, 3}}))
		}, asked{"POST", path + "/whk_1/replay", form, `{"deliveries":[1,3]}`}},
		"events": {func(ctx context.Context, c *client.Client) error {
			return last(c.Events(ctx, client.EventFilter{Ref: "msg_1", Until: at}))
		}, asked{"GET", "/v1/events?ref=msg_1&until=2026-12-01T00%3A00%3A00Z", "", ""}},
		"types": {func(ctx context.Context, c *client.Client) error { return last(c.EventTypes(ctx)) }, asked{"GET", "/v1/events/types", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			var got asked
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = asked{r.Method, r.RequestURI, r.Header.Get("Content-Type"), string(body)}
				io.WriteString(w, "{}")
			})
			if err := tt.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReplayingAllGoesOnBehindTheLast(t *testing.T) {
	var bodies []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		io.WriteString(w, map[bool]string{true: `{"replayed":2000,"has_more":true,"last":2000}`, false: `{"replayed":5,"has_more":false,"last":2005}`}[len(bodies) == 1])
	})
	sum := 0
	for r, err := range c.ReplayAllWebhooks(t.Context(), "whk_1", client.WebhookReplay{Failed: true}) {
		if err != nil {
			t.Fatal(err)
		}
		sum += r.Replayed
	}
	if diff := cmp.Diff([]string{`{"failed":true}`, `{"failed":true,"after":2000}`}, bodies); diff != "" || sum != 2005 {
		t.Errorf("%s: %d", diff, sum)
	}
}
