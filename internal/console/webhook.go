package console

import (
	"net/url"
	"slices"
	"strings"

	"creditmsg/client"
)

func webhookScreens() []screen {
	const base = "/s/{site}/settings/api/webhooks"
	return []screen{
		{pattern: "GET " + base, do: (*page).webhooks},
		{pattern: "GET " + base + "/new", do: (*page).webhookForm},
		{pattern: "POST " + base + "/new", do: (*page).addWebhook},
		{pattern: "GET " + base + "/{id}", do: (*page).webhook},
		{pattern: "GET " + base + "/{id}/change", do: (*page).webhookChange},
		{pattern: "POST " + base + "/{id}/change", do: (*page).setWebhook},
		{pattern: "POST " + base + "/{id}/{act}", do: (*page).webhookAct},
	}
}

func (p *page) webhookPath(parts ...string) string {
	return p.path(append([]string{"settings", "api", "webhooks"}, parts...)...)
}

func (p *page) webhooks() error {
	list, err := p.api.WebhookEndpoints(p.ctx(), client.Paging{Limit: 50, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("webhooks", list)
}

// HealthOf is how an endpoint does: disabled, failing, late (something waits) or well.
func (s view) HealthOf(e client.WebhookEndpoint) string {
	switch {
	case e.Status == "disabled":
		return "disabled"
	case e.FailingSince != nil:
		return "failing"
	case e.WaitingSince != nil:
		return "late"
	}
	return "well"
}

// topicGroup is a family of events, and its types.
type topicGroup struct {
	Family string // such as message.*
	Noun   string
	Types  []string
}

// topicGroups are the types of events by their families.
func (p *page) topicGroups() (out []topicGroup, err error) {
	types, err := p.api.EventTypes(p.ctx())
	if err != nil {
		return nil, err
	}
	for _, t := range types.Data {
		noun, _, _ := strings.Cut(t.Type, ".")
		if len(out) == 0 || out[len(out)-1].Noun != noun {
			out = append(out, topicGroup{Family: noun + ".*", Noun: noun})
		}
		group := &out[len(out)-1]
		group.Types = append(group.Types, t.Type)
	}
	return out, nil
}

// webhookEdit is the form of an endpoint.
type webhookEdit struct {
	Endpoint client.WebhookEndpoint // zero = it is to be made
	Form     form
	Groups   []topicGroup
	Theirs   []choice
}

// Open reports whether a family is shown with its types: when some of them are chosen.
func (d webhookEdit) Open(g topicGroup) bool {
	return slices.ContainsFunc(g.Types, func(t string) bool { return slices.Contains(d.Form.Values["topics"], t) })
}

// Has reports whether a topic is chosen.
func (d webhookEdit) Has(topic string) bool { return slices.Contains(d.Form.Values["topics"], topic) }

func (p *page) showWebhookForm(name string, d webhookEdit) (err error) {
	if d.Groups, err = p.topicGroups(); err != nil {
		return err
	}
	if d.Form.Problem != "" {
		return p.unfit(name, d)
	}
	return p.show(name, d)
}

func (p *page) webhookForm() error {
	return p.showWebhookForm("webhook-new", webhookEdit{Form: p.form().fill(url.Values{"topics": {"*"}})})
}

// webhookMade is an endpoint with its secret, which is shown this once.
type webhookMade struct {
	client.WebhookSecret
	Rotated bool
}

func (p *page) addWebhook() error {
	f := p.form()
	topics := f.chosen("topics")
	made, err := p.once(f).AddWebhookEndpoint(p.ctx(), client.NewWebhookEndpoint{URL: strings.TrimSpace(f.Get("url")), Description: strings.TrimSpace(f.Get("description")), Topics: topics})
	if err != nil {
		if f.wrong(p, err, listed("/topics", "topics", len(topics))) {
			return p.showWebhookForm("webhook-new", webhookEdit{Form: f})
		}
		return err
	}
	p.private()
	return p.show("webhook-made", webhookMade{made, false})
}

func (p *page) webhookChange() error { return p.showWebhookChange(p.form(), false) }

func (p *page) showWebhookChange(f form, theirs bool) error {
	var tag string
	e, err := p.api.Noting(&tag).WebhookEndpoint(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := webhookEdit{Endpoint: e, Form: f.fill(url.Values{"url": {e.URL}, "description": {e.Description}, "topics": e.Topics, tagField: {tag}})}
	if theirs {
		d.Form.fresh(p, tag)
		d.Theirs = []choice{{e.URL, p.say("webhook.url")}, {e.Description, p.say("webhook.description")}, {p.named("event", e.Topics), p.say("webhook.topics")}}
	}
	return p.showWebhookForm("webhook-change", d)
}

func (p *page) setWebhook() error {
	f, id := p.form(), p.r.PathValue("id")
	address, description, topics := strings.TrimSpace(f.Get("url")), strings.TrimSpace(f.Get("description")), f.chosen("topics")
	if len(topics) == 0 {
		f.Errors, f.Problem = map[string]string{"topics": p.say("webhook.no-topic")}, p.say("form.wrong")
		return p.showWebhookChange(f, false)
	}
	_, err := p.onto(f).SetWebhookEndpoint(p.ctx(), id, client.WebhookChange{URL: &address, Description: &description, Topics: topics})
	switch {
	case overtaken(err):
		return p.showWebhookChange(f, true)
	case err != nil && f.wrong(p, err, listed("/topics", "topics", len(topics))):
		return p.showWebhookChange(f, false)
	case err != nil:
		return err
	}
	return p.done(p.webhookPath(id), "webhook.changed")
}

// webhookActs are what the buttons of an endpoint do, but for those that show something.
var webhookActs = map[string]func(p *page, api *client.Client, id string) error{
	"enable": func(p *page, api *client.Client, id string) error {
		_, err := api.EnableWebhookEndpoint(p.ctx(), id)
		return err
	},
	"disable": func(p *page, api *client.Client, id string) error {
		_, err := api.DisableWebhookEndpoint(p.ctx(), id)
		return err
	},
	"remove": func(p *page, api *client.Client, id string) error { return api.RemoveWebhookEndpoint(p.ctx(), id) },
}

func (p *page) webhookAct() error {
	id, verb, api := p.r.PathValue("id"), p.r.PathValue("act"), p.once(p.form())
	switch verb {
	case "rotate":
		made, err := api.RotateWebhookSecret(p.ctx(), id)
		if err != nil {
			return p.refused(err, p.webhookPath(id))
		}
		p.private()
		return p.show("webhook-made", webhookMade{made, true})
	case "test":
		sent, err := api.TestWebhookEndpoint(p.ctx(), id)
		if err != nil {
			return p.refused(err, p.webhookPath(id))
		}
		return p.done(p.deliveryPath(id, sent.Sequence), "webhook.test")
	}
	act := webhookActs[verb]
	if act == nil {
		return p.nothing()
	}
	if err := act(p, api, id); err != nil {
		return p.refused(err, p.webhookPath(id))
	}
	if verb == "remove" {
		return p.done(p.webhookPath(), "webhook.remove")
	}
	return p.done(p.webhookPath(id), "webhook."+verb)
}
