package server

import (
	"context"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
	"creditmsg/internal/webhook"
)

// Webhook is where a site has its events sent.
type Webhook struct {
	ID           string     `json:"id"`
	Site         string     `json:"site"`
	URL          string     `json:"url"`
	Description  string     `json:"description"`
	Topics       []string   `json:"topics"`
	Status       string     `json:"status"`
	Reason       string     `json:"reason,omitempty"` // of being disabled
	Sequence     int64      `json:"sequence"`
	WaitingSince *time.Time `json:"waiting_since"` // null = nothing waits
	FailingSince *time.Time `json:"failing_since"` // null = the last attempt did not fail
	Secret       string     `json:"secret,omitempty"`
}

// WebhookDelivery is one event for one endpoint.
type WebhookDelivery struct {
	Sequence int64     `json:"sequence"`
	EventID  string    `json:"event_id"`
	Type     string    `json:"type"`
	State    string    `json:"state"`
	Attempts int       `json:"attempts"`
	Status   int       `json:"status"` // of the last attempt; 0 = no answer
	Result   string    `json:"result"` // of the last attempt, in words
	EventAt  time.Time `json:"event_at"`
}

// Webhooks lists the endpoints of a site, oldest first. NotFound.
func (p *Operator) Webhooks(ctx context.Context, siteID string) (list List[Webhook], err error) {
	err = p.d.Snapshot(ctx, "operator_webhooks", func(tx *db.Tx) error {
		list = List[Webhook]{Data: []Webhook{}}
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		all, err := p.webhooks.Endpoints(tx, siteID)
		for _, e := range all {
			v, err := p.webhookOf(tx, e, "")
			if err != nil {
				return err
			}
			list.Data = append(list.Data, v)
		}
		return err
	})
	return list, err
}

func (p *Operator) webhookOf(tx *db.Tx, e webhook.Endpoint, secret webhook.Secret) (Webhook, error) {
	since, err := p.webhooks.Since(tx, e.Site, e.ID)
	return Webhook{ID: e.ID.Text(id.Webhook), Site: e.Site, URL: e.URL, Description: e.Description, Topics: e.Topics, Status: string(e.State), Reason: string(e.Reason),
		Sequence: e.Seq, WaitingSince: orAbsent(since), FailingSince: orAbsent(e.FailingSince()), Secret: string(secret)}, err
}

func orAbsent(at db.Time) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}

// AddWebhook has events of a site sent to a URL from now on, and gives the secret, once.
// Faults: NotFound, Invalid, Conflict.
func (p *Operator) AddWebhook(ctx context.Context, siteID, url, description string, topics []string) (v Webhook, err error) {
	err = p.d.Update(ctx, "operator_add_webhook", func(tx *db.Tx) error {
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		e, secret, err := p.webhooks.Create(tx, siteID, webhook.Change{URL: &url, Description: &description, Topics: topics})
		if err == nil {
			v, err = p.webhookOf(tx, e, secret)
		}
		return err
	})
	return v, err
}

// RotateWebhook gives an endpoint a new secret, which is given once. NotFound.
func (p *Operator) RotateWebhook(ctx context.Context, siteID, text string) (Webhook, error) {
	return p.onWebhook(ctx, siteID, text, p.webhooks.Rotate)
}

// EnableWebhook sends an endpoint what waits for it, and everything from now on. NotFound.
func (p *Operator) EnableWebhook(ctx context.Context, siteID, text string) (Webhook, error) {
	return p.onWebhook(ctx, siteID, text, withoutSecret(p.webhooks.Enable))
}

// DisableWebhook stops sending to an endpoint; what happens meanwhile waits. NotFound.
func (p *Operator) DisableWebhook(ctx context.Context, siteID, text string) (Webhook, error) {
	return p.onWebhook(ctx, siteID, text, withoutSecret(p.webhooks.Disable))
}

func withoutSecret(act func(*db.Tx, string, id.ID) (webhook.Endpoint, error)) func(*db.Tx, string, id.ID) (webhook.Endpoint, webhook.Secret, error) {
	return func(tx *db.Tx, siteID string, of id.ID) (webhook.Endpoint, webhook.Secret, error) {
		e, err := act(tx, siteID, of)
		return e, "", err
	}
}

func (p *Operator) onWebhook(ctx context.Context, siteID, text string, act func(*db.Tx, string, id.ID) (webhook.Endpoint, webhook.Secret, error)) (v Webhook, err error) {
	of, err := id.Parse(id.Webhook, text)
	if err != nil {
		return v, fault.Missing("webhook endpoint", text)
	}
	err = p.d.Update(ctx, "operator_turn_webhook", func(tx *db.Tx) error {
		e, secret, err := act(tx, siteID, of)
		if err == nil {
			v, err = p.webhookOf(tx, e, secret)
		}
		return err
	})
	return v, err
}

// WebhookDeliveries lists the newest deliveries to an endpoint, of one state or of all (""). NotFound.
func (p *Operator) WebhookDeliveries(ctx context.Context, siteID, text, state string, limit int) (list List[WebhookDelivery], err error) {
	of, err := id.Parse(id.Webhook, text)
	if err != nil {
		return list, fault.Missing("webhook endpoint", text)
	}
	err = p.d.Snapshot(ctx, "operator_webhook_deliveries", func(tx *db.Tx) error {
		list = List[WebhookDelivery]{Data: []WebhookDelivery{}}
		if _, err := p.webhooks.Find(tx, siteID, of); err != nil {
			return err
		}
		all, _, _, err := p.webhooks.Deliveries(tx, siteID, of, webhook.Filter{State: webhook.State(state), Limit: limit})
		if err != nil {
			return err
		}
		for _, d := range all {
			v := WebhookDelivery{Sequence: d.Seq, EventID: d.Event.Text(id.Event), Type: d.Type, State: string(d.State), Attempts: d.Attempts, Status: d.Status, EventAt: d.EventAt.Time()}
			_, made, err := p.webhooks.FindDelivery(tx, siteID, of, d.Seq)
			if err != nil {
				return err
			}
			if len(made) > 0 {
				if v.Result = made[len(made)-1].Error; v.Result == "" {
					v.Result = made[len(made)-1].Result
				}
			}
			list.Data = append(list.Data, v)
		}
		return nil
	})
	return list, err
}

// ReplayWebhooks has deliveries of an endpoint sent again: those that are named, or all in a
// range of time (zero times bound nothing), or those of them that failed; and says how many.
// Faults: NotFound, Invalid.
func (p *Operator) ReplayWebhooks(ctx context.Context, siteID, text string, seqs []int64, from, until time.Time, failed bool) (n int, err error) {
	of, err := id.Parse(id.Webhook, text)
	if err != nil {
		return 0, fault.Missing("webhook endpoint", text)
	}
	c := webhook.Choice{Seqs: seqs, From: db.At(from), Until: db.At(until), Failed: failed}
	for more := true; more; {
		var r webhook.Replayed
		err := p.d.Update(ctx, "operator_replay_webhooks", func(tx *db.Tx) (err error) {
			r, err = p.webhooks.Replay(tx, siteID, of, c)
			return err
		})
		if err != nil {
			return n, err
		}
		n, more, c.After = n+r.Count, r.More, r.Last
	}
	return n, nil
}
