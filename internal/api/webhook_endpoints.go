package api

import (
	"net/http"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/webhook"
)

// webhookEndpointView is where a site wants its events.
type webhookEndpointView struct {
	ID             string       `json:"id"`
	URL            string       `json:"url"`
	Description    string       `json:"description"`
	Topics         []string     `json:"topics"`
	Status         string       `json:"status" enum:"enabled,disabled"`
	Reason         *string      `json:"reason" enum:"asked,gone,failing" doc:"Why it is disabled: the site wished it, it answered 410, or every attempt failed for days."`
	Sequence       int64        `json:"sequence" doc:"The place that the newest event has in the endpoint's own sequence."`
	WaitingSince   maybeInstant `json:"waiting_since" doc:"When the oldest event happened that waits to be delivered."`
	FailingSince   maybeInstant `json:"failing_since" doc:"Since when every attempt has failed."`
	DisabledAt     maybeInstant `json:"disabled_at"`
	OldSecretUntil maybeInstant `json:"old_secret_until" doc:"Until when the secret before the present one signs along."`
	CreatedAt      instant      `json:"created_at"`
	ChangedAt      instant      `json:"changed_at"`
}

// setting is the endpoint without what its events bring about.
func (v webhookEndpointView) setting() any {
	v.Sequence, v.WaitingSince, v.FailingSince = 0, 0, 0
	return v
}

func (a *api) showEndpoint(tx *db.Tx, e webhook.Endpoint) (webhookEndpointView, error) {
	waiting, err := a.Webhooks.Since(tx, e.Site, e.ID)
	return webhookEndpointView{
		ID: e.ID.Text(id.Webhook), URL: e.URL, Description: e.Description, Topics: append([]string{}, e.Topics...), Status: string(e.State), Reason: orNull(string(e.Reason)),
		Sequence: e.Seq, WaitingSince: maybeInstant(waiting), FailingSince: maybeInstant(e.FailingSince()), DisabledAt: maybeInstant(e.DisabledAt),
		OldSecretUntil: maybeInstant(e.OldSecretUntil(tx.Now)), CreatedAt: instant(e.CreatedAt), ChangedAt: instant(e.ChangedAt),
	}, err
}

// webhookSecretView is an endpoint and its secret, which is shown once.
type webhookSecretView struct {
	WebhookEndpoint webhookEndpointView `json:"endpoint"`
	Secret          string              `json:"secret" secret:"once" doc:"whsec_…: verify what comes with it. It is not shown again."`
}

type webhookAdded struct {
	Body struct {
		URL         string   `json:"url" maxLength:"2000" example:"https://shop.example/webhooks" doc:"https://…; plain http only goes to networks that the operator allowed, and nothing to addresses that are not public."`
		Description string   `json:"description,omitempty" maxLength:"200"`
		Topics      []string `json:"topics" minItems:"1" maxItems:"50" example:"[\"message.*\",\"payment.paid\"]" doc:"Types of GET /v1/events/types, their families (message.*), or * for all. recipient.* are many: one for each 100 people who move."`
		Secret      *string  `json:"secret,omitempty" doc:"Your own: whsec_ and the base64 of 24 to 64 bytes; left out, one is made."`
	}
}

type webhookSet struct {
	ID   string `path:"id" doc:"whk_…"`
	Body struct {
		URL         *string  `json:"url,omitempty" maxLength:"2000"`
		Description *string  `json:"description,omitempty" maxLength:"200"`
		Topics      []string `json:"topics,omitempty" minItems:"1" maxItems:"50"`
	}
}

type webhookNamed struct {
	ID string `path:"id" doc:"whk_…"`
}

const webhookPath = "/v1/webhook-endpoints"

const webhookTag = "Webhooks"

// webhookOf reads the id of an endpoint.
func webhookOf(text string) (id.ID, error) { return named(id.Webhook, "webhook endpoint", text) }

// webhookEndpoints declares the routes about endpoints of webhooks.
func webhookEndpoints(a *api) {
	of := func(name, method, path, ability string, status int, summary, about string, codes ...string) operation {
		return operation{id: name, method: method, path: webhookPath + path, tag: webhookTag, ability: "webhooks:" + ability, status: status, summary: summary, about: about, codes: codes,
			secondFactor: name == "addWebhookEndpoint" || name == "rotateWebhookSecret", // which make keys
			personal:     name == "addWebhookEndpoint" || name == "setWebhookEndpoint"}  // metadata goes there as it is
	}
	read(a, of("listWebhookEndpoints", http.MethodGet, "", "read", http.StatusOK, "List the endpoints of webhooks, oldest first", ""), a.listEndpoints)
	read(a, of("getWebhookEndpoint", http.MethodGet, "/{id}", "read", http.StatusOK, "Get an endpoint", ""),
		func(tx *db.Tx, x *exchange, in *webhookNamed) (v webhookEndpointView, err error) {
			of, err := webhookOf(in.ID)
			if err != nil {
				return v, err
			}
			e, err := a.Webhooks.Find(tx, x.site, of)
			if err != nil {
				return v, err
			}
			return a.showEndpoint(tx, e)
		})
	write(a, of("addWebhookEndpoint", http.MethodPost, "", "write", http.StatusCreated, "Have events sent to a URL",
		"What happens from now on is sent as a POST that is signed after Standard Webhooks, with the type, the time and the data of the event. Any 2xx is success, 410 disables the endpoint; everything else is tried again after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours. A site has at most 50.",
		fault.CodeStateConflict), a.addEndpoint)
	write(a, of("setWebhookEndpoint", http.MethodPatch, "/{id}", "write", http.StatusOK, "Change an endpoint", "What is left out stays. For what happens from now on."), a.setEndpoint)
	write(a, of("removeWebhookEndpoint", http.MethodDelete, "/{id}", "write", http.StatusNoContent, "Remove an endpoint", "With all that was sent to it."),
		func(tx *db.Tx, x *exchange, in *webhookNamed) (nothing, error) {
			of, err := webhookOf(in.ID)
			if err != nil {
				return nothing{}, err
			}
			return nothing{}, a.Webhooks.Remove(tx, x.site, of)
		})
	write(a, of("rotateWebhookSecret", http.MethodPost, "/{id}/rotate-secret", "write", http.StatusOK, "Give an endpoint a new secret",
		"The one before signs along for a day, where the operator says nothing else: webhook-signature lists both, and whoever verifies takes either."), a.rotateSecret)
	for _, act := range []struct {
		verb, summary, about string
		do                   func(tx *db.Tx, siteID string, of id.ID) (webhook.Endpoint, error)
	}{
		{"enable", "Go on sending to an endpoint", "What waits for it is sent at once. One that is enabled and failing gets another chance at once.", a.Webhooks.Enable},
		{"disable", "Stop sending to an endpoint", "What happens meanwhile waits until it is enabled, for as long as deliveries are kept.", a.Webhooks.Disable},
	} {
		write(a, of(act.verb+"WebhookEndpoint", http.MethodPost, "/{id}/"+act.verb, "write", http.StatusOK, act.summary, act.about),
			func(tx *db.Tx, x *exchange, in *webhookNamed) (v webhookEndpointView, err error) {
				of, err := webhookOf(in.ID)
				if err != nil {
					return v, err
				}
				e, err := act.do(tx, x.site, of)
				if err != nil {
					return v, err
				}
				return a.showEndpoint(tx, e)
			})
	}
	webhookDeliveries(a)
}

func (a *api) listEndpoints(tx *db.Tx, x *exchange, in *Paging) (out listOf[webhookEndpointView], err error) {
	l, err := a.list(tx, x, "webhook-endpoints")
	if err != nil {
		return out, err
	}
	all, err := a.Webhooks.Endpoints(tx, x.site)
	if err != nil {
		return out, err
	}
	where := func(e webhook.Endpoint) place { return place{e.CreatedAt, e.ID.String()} }
	rows, err := rest(l, in.Cursor, all, where)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, func(e webhook.Endpoint) (webhookEndpointView, error) { return a.showEndpoint(tx, e) },
		func(e webhook.Endpoint) any { return where(e) })
}

func (a *api) addEndpoint(tx *db.Tx, x *exchange, in *webhookAdded) (v webhookSecretView, err error) {
	b := in.Body
	e, secret, err := a.Webhooks.Create(tx, x.site, webhook.Change{URL: &b.URL, Description: &b.Description, Topics: b.Topics, Secret: b.Secret})
	if err != nil {
		return v, err
	}
	v.Secret = string(secret)
	v.WebhookEndpoint, err = a.showEndpoint(tx, e)
	return v, err
}

func (a *api) setEndpoint(tx *db.Tx, x *exchange, in *webhookSet) (v webhookEndpointView, err error) {
	of, err := webhookOf(in.ID)
	if err != nil {
		return v, err
	}
	e, err := a.Webhooks.Set(tx, x.site, of, webhook.Change{URL: in.Body.URL, Description: in.Body.Description, Topics: in.Body.Topics})
	if err != nil {
		return v, err
	}
	return a.showEndpoint(tx, e)
}

func (a *api) rotateSecret(tx *db.Tx, x *exchange, in *webhookNamed) (v webhookSecretView, err error) {
	of, err := webhookOf(in.ID)
	if err != nil {
		return v, err
	}
	e, secret, err := a.Webhooks.Rotate(tx, x.site, of)
	if err != nil {
		return v, err
	}
	v.Secret = string(secret)
	v.WebhookEndpoint, err = a.showEndpoint(tx, e)
	return v, err
}

// span reads the times of a range.
func span(from, until *time.Time) (since, before db.Time) {
	if from != nil {
		since = db.At(*from)
	}
	if until != nil {
		before = db.At(*until)
	}
	return since, before
}
