package main

import (
	"context"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
	"creditmsg/internal/webhook"
)

// given puts events into the sequence of a site's endpoints, as a running server does: a test
// event is one.
func given(t *testing.T, siteID, endpoint string) {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, "sqlite:data/creditmsg.db", db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	s, err := webhook.New(d, site.NewKeys(d, nil), queue.New(d, queue.Options{}), webhook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(ctx, "test", func(tx *db.Tx) error {
		all, err := s.Endpoints(tx, siteID)
		if err != nil {
			return err
		}
		for _, e := range all {
			if e.ID.Text("whk") == endpoint {
				_, err = s.Test(tx, siteID, e.ID)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheOperatorLooksAfterTheWebhooksOfASite(t *testing.T) {
	office(t)
	shop(t)
	made := pick(t, done(t, "webhook", "add", "shop", "https://shop.example/hooks", "--topic", "message.*", "--topic", "payment.paid", "--description", "주문", "--json"), "id", "secret", "status")
	of, _ := made["id"].(string)
	if secret, _ := made["secret"].(string); len(secret) < 40 || made["status"] != "enabled" {
		t.Errorf("added: %v", made)
	}
	wants(t, "the list", done(t, "webhook", "list", "shop"), of, "enabled", "message.* payment.paid", "https://shop.example/hooks")
	wants(t, "a new secret", done(t, "webhook", "rotate", "shop", of), "whsec_", "is not shown again")
	given(t, "shop", of)
	wants(t, "disabled", done(t, "webhook", "disable", "shop", of), "disabled asked")
	wants(t, "the deliveries", done(t, "webhook", "deliveries", "shop", of), "webhook.test", "waiting")
	wants(t, "none failed", done(t, "webhook", "deliveries", "shop", of, "--state", "failed"), "SEQUENCE")
	wants(t, "one again", done(t, "webhook", "replay", "shop", of, "--delivery", "1"), "1 are sent again")
	wants(t, "a range again", done(t, "webhook", "replay", "shop", of, "--from", "2020-01-01T00:00:00+09:00"), "1 are sent again")
	wants(t, "the failed again", done(t, "webhook", "replay", "shop", of, "--failed"), "0 are sent again")
	wants(t, "enabled", done(t, "webhook", "enable", "shop", of), "enabled")
	refused(t, 1, []string{"webhook", "add", "shop", "http://shop.example/hooks"}, "want https://")
	refused(t, 1, []string{"webhook", "add", "shop", "https://shop.example/hooks", "--topic", "messages"}, "is no topic")
	refused(t, 1, []string{"webhook", "list", "none"}, `no site "none"`)
	refused(t, 1, []string{"webhook", "enable", "shop", "x"}, `no webhook endpoint "x"`)
	refused(t, 1, []string{"webhook", "replay", "shop", of, "--delivery", "7"}, "there is no delivery 7")
}
