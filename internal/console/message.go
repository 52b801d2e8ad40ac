package console

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/client"
)

func messageScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/messages", do: (*page).messages},
		{pattern: "GET /s/{site}/messages/{id}", do: (*page).message},
		{pattern: "GET /s/{site}/messages/{id}/live", do: (*page).messageLive},
		{pattern: "GET /s/{site}/messages/{id}/trace", do: (*page).trace},
		{pattern: "POST /s/{site}/messages/{id}/{act}", do: (*page).messageAct},
	}
}

// statuses are what a list of messages can be narrowed to.
var statuses = []string{"review", "scheduled", "accepted", "paused", "cancelling", "cancelled", "done"}

// messageList is the page of messages.
type messageList struct {
	Status   string
	Statuses []string
	Page     client.Page[client.Message]
	Cursor   string
}

func (p *page) messages() error {
	q := p.r.URL.Query()
	d := messageList{Status: oneOf(q.Get("status"), statuses), Statuses: statuses, Cursor: q.Get("cursor")}
	var err error
	d.Page, err = p.api.Messages(p.ctx(), client.MessageFilter{Paging: client.Paging{Limit: 30, Cursor: d.Cursor}, Status: client.Status(d.Status)})
	if err != nil {
		return err
	}
	return p.show("messages", d)
}

// oneOf is text if it is one of a list.
func oneOf(text string, list []string) string {
	if slices.Contains(list, text) {
		return text
	}
	return ""
}

// recipientStates are what the people of a message can be narrowed to.
var recipientStates = []string{"pending", "sent", "delivered", "failed", "unknown", "expired", "cancelled", "rejected"}

// messageView is the page of one message.
type messageView struct {
	Message client.Message
	Acts    []string
	Live    bool // it still changes

	Status, To string // what its people are narrowed to
	States     []string
	People     client.Page[client.RecipientState]
	Rejected   client.Page[client.Rejection]
	Wrong      string // with the number that is looked for
}

// actsOn are what can be done with a message now, by this person. The API decides; this only leaves
// out what it would refuse.
func (p *page) actsOn(m client.Message) (out []string) {
	if p.can("messages:approve") && m.Status == client.StatusReview {
		out = append(out, "approve", "reject")
	}
	if !p.can("messages:write") {
		return out
	}
	switch m.Status {
	case client.StatusAccepted, client.StatusScheduled:
		out = append(out, "pause", "cancel")
	case client.StatusPaused:
		out = append(out, "resume", "cancel")
	case client.StatusReview:
		out = append(out, "cancel")
	case client.StatusDone, client.StatusCancelled:
		if m.Counts.Failed+m.Counts.Expired > 0 {
			out = append(out, "resend-failed")
		}
	}
	return out
}

func (p *page) message() error {
	d, err := p.messageView()
	if err != nil {
		return err
	}
	return p.show("message", d)
}

// messageView reads a message and those of its people that the address narrows it to.
func (p *page) messageView() (d messageView, err error) {
	q := p.r.URL.Query()
	var m client.Message
	d = messageView{Status: oneOf(q.Get("status"), recipientStates), To: q.Get("to"), States: recipientStates}
	group, ctx := errgroup.WithContext(p.ctx())
	group.Go(func() (err error) { m, err = p.api.Message(ctx, p.r.PathValue("id")); return err })
	group.Go(func() (err error) {
		at := client.Paging{Limit: 30, Cursor: q.Get("cursor")}
		if d.Status == "rejected" {
			d.Rejected, err = p.api.Rejections(ctx, p.r.PathValue("id"), at)
			return err
		}
		d.People, err = p.api.Recipients(ctx, p.r.PathValue("id"), client.RecipientFilter{Paging: at, Status: d.Status, To: d.To})
		var problem *client.Problem
		if d.To != "" && errors.As(err, &problem) && problem.Status == http.StatusUnprocessableEntity {
			d.Wrong, err = why(err), nil
		}
		return err
	})
	err = group.Wait()
	d.Message, d.Acts, d.Live = m, p.actsOn(m), !m.Status.Final()
	return d, err
}

// liveEvery is how long the page waits between two looks at a message that is on its way.
const liveEvery = time.Second

// messageLive tells the page how the message comes along until nothing can change any more.
func (p *page) messageLive() error {
	last := ""
	return p.stream(liveEvery, func() (piece string, over bool, err error) {
		d, err := p.messageView()
		if err != nil {
			return "", false, err
		}
		text, err := p.written("message-live", d)
		if err != nil || text == last {
			return "", !d.Live, err
		}
		last = text
		return text, !d.Live, nil
	})
}

// trace explains what became of one person, step by step.
func (p *page) trace() error {
	to := p.r.URL.Query().Get("to")
	events, err := p.api.Trace(p.ctx(), p.r.PathValue("id"), to)
	if err != nil {
		return err
	}
	return p.show("trace", struct {
		ID, To string
		Events []client.TraceEvent
	}{p.r.PathValue("id"), to, events})
}

// messageActs are what the buttons of a message do.
var messageActs = map[string]func(p *page, api *client.Client, id string) (client.Message, error){
	"pause":  func(p *page, api *client.Client, id string) (client.Message, error) { return api.Pause(p.ctx(), id) },
	"resume": func(p *page, api *client.Client, id string) (client.Message, error) { return api.Resume(p.ctx(), id) },
	"cancel": func(p *page, api *client.Client, id string) (client.Message, error) { return api.Cancel(p.ctx(), id) },
	"resend-failed": func(p *page, api *client.Client, id string) (client.Message, error) {
		return api.ResendFailed(p.ctx(), id)
	},
	"approve": func(p *page, api *client.Client, id string) (client.Message, error) { return api.Approve(p.ctx(), id) },
	"reject": func(p *page, api *client.Client, id string) (client.Message, error) {
		return api.Reject(p.ctx(), id, p.form().Get("reason"))
	},
}

func (p *page) messageAct() error {
	act := messageActs[p.r.PathValue("act")]
	if act == nil {
		return p.nothing()
	}
	m, err := act(p, p.api, p.r.PathValue("id"))
	if err != nil {
		return p.refused(err, p.path("messages", p.r.PathValue("id")))
	}
	return p.done(p.path("messages", m.ID), "message."+p.r.PathValue("act"))
}
