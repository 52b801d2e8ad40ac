package main

import (
	"context"
	"strings"
	"time"

	"creditmsg/internal/server"
)

// webhookVerb looks after endpoints of sites; sites do the same through the API.
type webhookVerb struct {
	List       webhookList       `cmd:"" help:"List the endpoints of a site."`
	Add        webhookAdd        `cmd:"" help:"Have events of a site sent to a URL; prints the secret, once."`
	Rotate     webhookRotate     `cmd:"" help:"Give an endpoint a new secret; prints it, once."`
	Enable     webhookEnable     `cmd:"" help:"Send an endpoint what waits for it, and everything from now on."`
	Disable    webhookDisable    `cmd:"" help:"Stop sending to an endpoint; what happens meanwhile waits."`
	Deliveries webhookDeliveries `cmd:"" help:"List what was for an endpoint, newest first."`
	Replay     webhookReplay     `cmd:"" help:"Send deliveries again."`
}

type webhookList struct {
	Site string `arg:"" help:"The site."`
	database
}

// Run lists the endpoints.
func (v *webhookList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Webhooks(ctx, v.Site)
		return shown(list, err, func(t *table, l server.List[server.Webhook]) { showWebhooks(t, l.Data...) })
	})
}

type webhookAdd struct {
	Site        string   `arg:"" help:"The site."`
	URL         string   `arg:"" help:"https://… (http:// to networks that webhooks.allow names)."`
	Topic       []string `placeholder:"TOPIC" default:"*" help:"Which events: message.*, payment.paid, or * for all; may be repeated."`
	Description string   `placeholder:"TEXT" help:"What the endpoint is, for people."`
	database
}

// Run adds the endpoint.
func (v *webhookAdd) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.AddWebhook(ctx, v.Site, v.URL, v.Description, v.Topic)
		return shown(one, err, showHookSecret)
	})
}

// oneWebhook names an endpoint.
type oneWebhook struct {
	Site string `arg:"" help:"The site."`
	ID   string `arg:"" help:"The endpoint: whk_…"`
	database
}

type webhookRotate struct{ oneWebhook }

// Run rotates the secret.
func (v *webhookRotate) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.RotateWebhook(ctx, v.Site, v.ID)
		return shown(one, err, showHookSecret)
	})
}

type webhookEnable struct{ oneWebhook }

// Run enables the endpoint.
func (v *webhookEnable) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.EnableWebhook(ctx, v.Site, v.ID)
		return shown(one, err, func(t *table, w server.Webhook) { showWebhooks(t, w) })
	})
}

type webhookDisable struct{ oneWebhook }

// Run disables the endpoint.
func (v *webhookDisable) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.DisableWebhook(ctx, v.Site, v.ID)
		return shown(one, err, func(t *table, w server.Webhook) { showWebhooks(t, w) })
	})
}

type webhookDeliveries struct {
	oneWebhook
	State string `enum:",waiting,delivered,failed" default:"" help:"Only waiting, delivered or failed ones."`
	Limit int    `default:"50" help:"How many."`
}

// Run lists the deliveries.
func (v *webhookDeliveries) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.WebhookDeliveries(ctx, v.Site, v.ID, v.State, v.Limit)
		return shown(list, err, func(t *table, l server.List[server.WebhookDelivery]) {
			t.row("SEQUENCE", "EVENT", "TYPE", "AT", "STATE", "ATTEMPTS", "LAST")
			for _, d := range l.Data {
				t.row(d.Sequence, d.EventID, d.Type, minute(d.EventAt), d.State, d.Attempts, d.Result)
			}
		})
	})
}

type webhookReplay struct {
	oneWebhook
	Delivery []int64   `placeholder:"SEQUENCE" xor:"what" required:"" help:"Single ones, by their sequence; may be repeated."`
	From     time.Time `placeholder:"TIME" xor:"what" required:"" help:"All of events from this time on, such as 2026-12-01T00:00:00+09:00."`
	Failed   bool      `xor:"what" required:"" help:"All that failed for good."`
	Until    time.Time `placeholder:"TIME" help:"With --from: only of events before this time."`
}

// Run replays them.
func (v *webhookReplay) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		n, err := p.ReplayWebhooks(ctx, v.Site, v.ID, v.Delivery, v.From, v.Until, v.Failed)
		return shown(map[string]int{"replayed": n}, err, func(t *table, _ map[string]int) { t.say("%d are sent again", n) })
	})
}

func showHookSecret(t *table, w server.Webhook) {
	t.row("endpoint", w.ID+" of "+w.Site)
	t.row("url", w.URL)
	t.row("topics", strings.Join(w.Topics, " "))
	t.row("secret", w.Secret)
	t.say("the secret is not shown again: whoever gets the events verifies them with it")
}

func showWebhooks(t *table, list ...server.Webhook) {
	t.row("ID", "STATUS", "TOPICS", "SEQUENCE", "WAITING SINCE", "FAILING SINCE", "URL")
	for _, w := range list {
		t.row(w.ID, strings.TrimSpace(w.Status+" "+w.Reason), strings.Join(w.Topics, " "), w.Sequence, since(w.WaitingSince), since(w.FailingSince), w.URL)
	}
}

func since(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return minute(*at)
}
