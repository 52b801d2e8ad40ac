package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"creditmsg/client"
)

func deliveryScreens() []screen {
	const base = "/s/{site}/settings/api/webhooks/{id}"
	return []screen{
		{pattern: "GET " + base + "/deliveries/{seq}", do: (*page).delivery},
		{pattern: "GET " + base + "/deliveries/{seq}/live", do: (*page).deliveryLive},
		{pattern: "POST " + base + "/deliveries/{seq}/replay", do: (*page).replayOne},
		{pattern: "GET " + base + "/replay", do: (*page).replayForm},
		{pattern: "POST " + base + "/replay", do: (*page).replay},
		{pattern: "GET /s/{site}/settings/api/events", do: (*page).events},
	}
}

// deliveryStates are what a list of deliveries can be narrowed to.
var deliveryStates = []string{"waiting", "delivered", "failed"}

// webhookView is the page of an endpoint, with what was for it.
type webhookView struct {
	Endpoint client.WebhookEndpoint
	Form     form // the filters
	States   []choice
	Types    []choice
	Page     client.Page[client.WebhookDelivery]
}

func (p *page) webhook() error {
	id := p.r.PathValue("id")
	d := webhookView{Form: p.narrowing()}
	var err error
	if d.Endpoint, err = p.api.WebhookEndpoint(p.ctx(), id); err != nil {
		return err
	}
	if d.Types, err = p.eventChoices(); err != nil {
		return err
	}
	d.States = p.orAll(p.wordsOf(func(s string) string { return p.word("webhook-state", s) }, deliveryStates...))
	d.Page, err = p.api.WebhookDeliveries(p.ctx(), id, client.DeliveryFilter{Paging: client.Paging{Limit: 30, Cursor: d.Form.Get("cursor")},
		State: oneOf(d.Form.Get("state"), deliveryStates), Type: d.Form.Get("type"), From: dayOf(d.Form.Get("from")), Until: dayAfter(d.Form.Get("until"))})
	if err != nil {
		return err
	}
	return p.show("webhook", d)
}

// eventChoices are the families of events and their types, to narrow lists to.
func (p *page) eventChoices() ([]choice, error) {
	groups, err := p.topicGroups()
	if err != nil {
		return nil, err
	}
	out := []choice{{"", p.say("all")}}
	for _, g := range groups {
		out = append(out, choice{g.Family, p.word("event", g.Family)})
		for _, t := range g.Types {
			out = append(out, choice{t, p.word("event", g.Family) + " – " + p.word("event", t)})
		}
	}
	return out, nil
}

func (p *page) deliveryPath(id string, sequence int64) string {
	return p.webhookPath(id, "deliveries", strconv.FormatInt(sequence, 10))
}

// deliveryView is one delivery with what was sent and answered.
type deliveryView struct {
	ID      string
	Log     client.WebhookDeliveryLog
	Payload string
	Live    bool // it is still on its way
}

// sequence is the number of the delivery that the path names.
func (p *page) sequence() (int64, error) {
	n, err := strconv.ParseInt(p.r.PathValue("seq"), 10, 64)
	if err != nil {
		return 0, &client.Problem{Status: http.StatusNotFound, Code: "not_found"}
	}
	return n, nil
}

func (p *page) readDelivery() (d deliveryView, err error) {
	n, err := p.sequence()
	if err != nil {
		return d, err
	}
	d.ID = p.r.PathValue("id")
	if d.Log, err = p.api.WebhookDelivery(p.ctx(), d.ID, n); err != nil {
		return d, err
	}
	d.Payload = indented(d.Log.Payload)
	d.Live = d.Log.Delivery.State == "waiting" && d.Log.Delivery.NextAt != nil && time.Until(*d.Log.Delivery.NextAt) < time.Minute
	return d, nil
}

func (p *page) delivery() error {
	d, err := p.readDelivery()
	if err != nil {
		return err
	}
	return p.show("delivery", d)
}

// deliveryLive tells the page of the attempts as they are made, as long as one is due soon.
func (p *page) deliveryLive() error {
	last := ""
	return p.stream(liveEvery, func() (piece string, over bool, err error) {
		d, err := p.readDelivery()
		if err != nil {
			return "", false, err
		}
		text, err := p.written("delivery-attempts", d)
		if err != nil || text == last {
			return "", !d.Live, err
		}
		last = text
		return text, !d.Live, nil
	})
}

// indented is JSON for people to read.
func indented(raw json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return string(raw)
	}
	return out.String()
}

// JSON is what an event or another thing is, for people to read.
func (s view) JSON(raw json.RawMessage) string { return indented(raw) }

func (p *page) replayOne() error {
	n, err := p.sequence()
	if err != nil {
		return err
	}
	id := p.r.PathValue("id")
	if _, err := p.once(p.form()).ReplayWebhooks(p.ctx(), id, client.WebhookReplay{Deliveries: []int64{n}}); err != nil {
		return p.refused(err, p.deliveryPath(id, n))
	}
	return p.done(p.deliveryPath(id, n), "webhook.replayed")
}

// replaying is the form that has many deliveries sent again, and how far that is.
type replaying struct {
	Endpoint client.WebhookEndpoint
	Form     form
	Count    int64 // that were put up to be sent again so far
	Last     int64 // the last of them
	More     bool  // there are others behind it
	Begun    bool
}

func (p *page) replayForm() error {
	f := p.form()
	if len(f.Values) == 0 {
		f = f.Filled(map[string]string{"which": "failed"})
	}
	return p.showReplay(replaying{Form: f})
}

func (p *page) showReplay(d replaying) (err error) {
	if d.Endpoint, err = p.api.WebhookEndpoint(p.ctx(), p.r.PathValue("id")); err != nil {
		return err
	}
	if d.Form.Problem != "" {
		return p.unfit("replay", d)
	}
	return p.show("replay", d)
}

// replay puts up as many as one request takes; the page that it answers with asks for the next ones,
// until there are none.
func (p *page) replay() error {
	f := p.form()
	in := client.WebhookReplay{Failed: f.Get("which") != "range" || f.Get("failed") != ""}
	if f.Get("which") == "range" {
		from, until := minuteOf(f.Get("from")), minuteOf(f.Get("until"))
		if from.IsZero() || until.IsZero() || !from.Before(until) {
			f.Errors, f.Problem = map[string]string{"until": p.say("replay.no-range")}, p.say("form.wrong")
			return p.showReplay(replaying{Form: f})
		}
		in.From, in.Until = &from, &until
	}
	count, _ := strconv.ParseInt(f.Get("count"), 10, 64)
	in.After, _ = strconv.ParseInt(f.Get("after"), 10, 64)
	done, err := p.once(f).ReplayWebhooks(p.ctx(), p.r.PathValue("id"), in)
	if err != nil {
		if f.wrong(p, err, nil) {
			return p.showReplay(replaying{Form: f})
		}
		return err
	}
	f.Del(keyField) // the next ones are another request
	return p.showReplay(replaying{Form: f, Count: count + int64(done.Replayed), Last: done.Last, More: done.HasMore, Begun: true})
}

// eventList is the page of events.
type eventList struct {
	Form  form // the filters
	Types []choice
	Page  client.Page[client.Event]
}

func (p *page) events() error {
	d := eventList{Form: p.narrowing()}
	var err error
	if d.Types, err = p.eventChoices(); err != nil {
		return err
	}
	d.Page, err = p.api.Events(p.ctx(), client.EventFilter{Paging: client.Paging{Limit: 30, Cursor: d.Form.Get("cursor")}, Type: d.Form.Get("type"), Ref: d.Form.Get("ref"),
		From: dayOf(d.Form.Get("from")), Until: dayAfter(d.Form.Get("until"))})
	if err != nil {
		return err
	}
	return p.show("events", d)
}
