package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
)

// eventView is something that happened.
type eventView struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Timestamp instant   `json:"timestamp"`
	Ref       *string   `json:"ref" doc:"The thing that it happened to: msg_…, pay_…"`
	Data      eventJSON `json:"data"`
}

// eventJSON is the data of an event, as it was written.
type eventJSON json.RawMessage

// MarshalJSON gives it back.
func (e eventJSON) MarshalJSON() ([]byte, error) { return json.RawMessage(e).MarshalJSON() }

// Schema describes it.
func (eventJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// eventTypeView is a sort of events.
type eventTypeView struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

type eventsInput struct {
	Paging
	Type  string    `query:"type" doc:"A type, or a family such as message.*"`
	Ref   string    `query:"ref" maxLength:"64" doc:"The thing that it happened to: msg_…, pay_…"`
	From  time.Time `query:"from" doc:"At or after."`
	Until time.Time `query:"until" doc:"Before."`
}

// events declares the routes about what happened.
func events(a *api) {
	read(a, operation{
		id: "listEvents", method: http.MethodGet, path: "/v1/events", tag: webhookTag, ability: "webhooks:read", status: http.StatusOK,
		summary: "List what happened, newest first", about: "All that happened, also what no endpoint wanted. A page of a narrow search may be short and still have more. Events about single recipients exist only of times in which an endpoint wanted them.",
	}, a.listEvents)
	read(a, operation{
		id: "listEventTypes", method: http.MethodGet, path: "/v1/events/types", tag: webhookTag, ability: "webhooks:read", status: http.StatusOK,
		summary: "List the types of events",
	}, func(*db.Tx, *exchange, *struct{}) (out listOf[eventTypeView], err error) {
		out.Data = make([]eventTypeView, len(event.Types))
		for i, t := range event.Types {
			out.Data[i] = eventTypeView{t.Name, t.What}
		}
		return out, nil
	})
	a.describeWebhooks()
}

func (a *api) listEvents(tx *db.Tx, x *exchange, in *eventsInput) (out listOf[eventView], err error) {
	f := event.Filter{Ref: in.Ref, From: db.At(in.From), Until: db.At(in.Until), Limit: in.Limit}
	f.Type, f.Family = strings.CutSuffix(in.Type, "*")
	l, err := a.list(tx, x, "events", in.Type, in.Ref, in.From.String(), in.Until.String())
	if err != nil {
		return out, err
	}
	if err := l.after(in.Cursor, &f.Before); err != nil {
		return out, err
	}
	found, next, err := event.Search(tx, x.site, f)
	if err != nil {
		return out, err
	}
	key, err := a.Keys.Site(tx, x.site)
	if err != nil {
		return out, err
	}
	out = listOf[eventView]{Data: make([]eventView, len(found)), HasMore: !next.IsZero()}
	for i, e := range found {
		v := eventView{ID: e.ID.Text(id.Event), Type: e.Type, Timestamp: instant(e.At), Ref: orNull(e.Ref)}
		data, err := event.Reveal(key.Open, e.Ref, e.Data)
		if err != nil {
			return out, err
		}
		v.Data = data
		out.Data[i] = v
	}
	if out.HasMore {
		out.NextCursor, err = l.cursor(next)
	}
	return out, err
}
