package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/series"
)

// storedOrder is a message as somebody asked for it, kept as it came.
type storedOrder json.RawMessage

// UnmarshalJSON keeps the text.
func (o *storedOrder) UnmarshalJSON(text []byte) error {
	*o = slices.Clone(text)
	return nil
}

// MarshalJSON gives it back.
func (o storedOrder) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// Schema describes it; what is in it is read as a message is.
func (storedOrder) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true,
		Description: "What is sent: as the body of POST /v1/messages, without scheduled_at. It names at most 1,000 recipients; more stand in groups, whose members are looked up at each time."}
}

// seriesView is a message that is sent again and again.
type seriesView struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Status    string       `json:"status" enum:"active,paused,ended"`
	Cron      string       `json:"cron"`
	Missed    string       `json:"missed" enum:"skip,once"`
	StartsAt  maybeInstant `json:"starts_at"`
	EndsAt    maybeInstant `json:"ends_at"`
	Next      []instant    `json:"next" doc:"The next five times; of a paused one, those if it were resumed now."`
	Message   storedOrder  `json:"message"`
	CreatedAt instant      `json:"created_at"`
	ChangedAt instant      `json:"changed_at"`
}

// setting leaves out the times to come, which are others with each minute.
func (v seriesView) setting() any {
	v.Next = nil
	return v
}

func showSeries(now db.Time) func(series.Series) (seriesView, error) {
	return func(s series.Series) (seriesView, error) {
		v := seriesView{ID: s.ID.Text(id.Series), Name: s.Name, Status: string(s.State), Cron: s.Cron, Missed: string(s.Missed),
			StartsAt: maybeInstant(s.StartsAt), EndsAt: maybeInstant(s.EndsAt), Next: []instant{}, Message: storedOrder(s.Asked),
			CreatedAt: instant(s.CreatedAt), ChangedAt: instant(s.ChangedAt)}
		for _, at := range s.Next(now) {
			v.Next = append(v.Next, instant(at))
		}
		return v, nil
	}
}

// firingView is one time of a series.
type firingView struct {
	At        instant      `json:"at"`
	Outcome   string       `json:"outcome" enum:"begun,sent,failed,skipped"`
	Skipped   int          `json:"skipped" doc:"How many times were missed until then, this one too where it was."`
	MessageID *string      `json:"message_id" doc:"That it sent."`
	Code      *string      `json:"code" doc:"Why it failed: as POST /v1/messages would have refused it."`
	DoneAt    maybeInstant `json:"done_at"`
}

func showFiring(f series.Firing) (firingView, error) {
	v := firingView{At: instant(f.At), Outcome: string(f.Outcome), Skipped: f.Skipped, Code: orNull(f.Code), DoneAt: maybeInstant(f.DoneAt)}
	if !f.Message.IsZero() {
		v.MessageID = orNull(f.Message.Text(id.Message))
	}
	return v, nil
}

// SeriesBody is what a series is to be. It is exported so that huma describes it where it is
// embedded.
type SeriesBody struct {
	Name     string      `json:"name" minLength:"1" maxLength:"100" doc:"The title of its messages, where these have none."`
	Cron     string      `json:"cron" maxLength:"100" example:"0 9 * * 1" doc:"Minute, hour, day of month, month and day of week (0 = Sunday), in Korean time. Where both days are restricted, either will do. 0 9 * * 1 is every Monday at nine."`
	StartsAt *time.Time  `json:"starts_at,omitempty" doc:"It does not fire before this."`
	EndsAt   *time.Time  `json:"ends_at,omitempty" doc:"It does not fire after this."`
	Missed   string      `json:"missed,omitempty" enum:"skip,once" default:"skip" doc:"What becomes of times that passed while nothing ran, by more than 15 minutes: they are skipped, or the last of them is sent late."`
	Message  storedOrder `json:"message"`
}

type seriesAdded struct {
	Body SeriesBody
}

type seriesSet struct {
	ID   string `path:"id" doc:"ser_…"`
	Body SeriesBody
}

type seriesNamed struct {
	ID string `path:"id" doc:"ser_…"`
}

type firingsInput struct {
	ID string `path:"id" doc:"ser_…"`
	Paging
}

const seriesPath = "/v1/series"

// recurring declares the routes about series.
func recurring(a *api) {
	const tag = "Series"
	refusals := []string{fault.CodeNoRecipients, fault.CodeUnknownTemplate, fault.CodeTemplateNotApproved, fault.CodeSenderNotRegistered,
		fault.CodeSenderMissing, fault.CodeChannelNotAvailable, fault.CodeNotSupported, fault.CodeSiteSuspended, fault.CodeStateConflict}
	read(a, operation{
		id: "listSeries", method: http.MethodGet, path: seriesPath, tag: tag, ability: "messages:read", status: http.StatusOK,
		summary: "List the series, oldest first",
	}, a.listSeries)
	read(a, operation{
		id: "getSeries", method: http.MethodGet, path: seriesPath + "/{id}", tag: tag, ability: "messages:read", status: http.StatusOK,
		summary: "Get a series and its next times",
	}, func(tx *db.Tx, x *exchange, in *seriesNamed) (v seriesView, err error) {
		of, err := named(id.Series, "series", in.ID)
		if err != nil {
			return v, err
		}
		one, err := a.Series.Find(tx, x.site, of)
		if err != nil {
			return v, err
		}
		return showSeries(tx.Now)(one)
	})
	read(a, operation{
		id: "listFirings", method: http.MethodGet, path: seriesPath + "/{id}/firings", tag: tag, ability: "messages:read", status: http.StatusOK,
		summary: "List what became of the times of a series, newest first", about: "The last 200 are kept.",
	}, a.listFirings)
	storing(a, operation{
		id: "addSeries", method: http.MethodPost, path: seriesPath, tag: tag, ability: "messages:write", status: http.StatusCreated,
		summary: "Send a message again and again",
		about: "Each time makes an ordinary message, once. One that is refused, for want of credit or because its template is not approved any more, is told to the site's people " +
			"(series.failed) and does not stop the series. One that waits for a second person is approved by somebody else than who last wrote the series. A site has at most 100.",
		codes: refusals,
	}, func(in *seriesAdded) (string, SeriesBody) { return "", in.Body })
	storing(a, operation{
		id: "setSeries", method: http.MethodPut, path: seriesPath + "/{id}", tag: tag, ability: "messages:write", status: http.StatusOK,
		summary: "Give a series another plan and message", about: "From now on. A paused one stays paused; one that has ended goes on.", codes: refusals,
	}, func(in *seriesSet) (string, SeriesBody) { return in.ID, in.Body })
	for _, act := range []struct {
		verb, summary, about string
		do                   func(tx *db.Tx, siteID string, of id.ID) (series.Series, error)
	}{
		{"pause", "Stop a series until it is resumed", "To pause a paused one changes nothing.", a.Series.Pause},
		{"resume", "Go on with a paused series", "What passed while it was paused is not missed.", a.Series.Resume},
	} {
		write(a, operation{
			id: act.verb + "Series", method: http.MethodPost, path: seriesPath + "/{id}/" + act.verb, tag: tag, ability: "messages:write", status: http.StatusOK,
			summary: act.summary, about: act.about, codes: []string{fault.CodeStateConflict},
		}, func(tx *db.Tx, x *exchange, in *seriesNamed) (v seriesView, err error) {
			of, err := named(id.Series, "series", in.ID)
			if err != nil {
				return v, err
			}
			one, err := act.do(tx, x.site, of)
			if err != nil {
				return v, err
			}
			return showSeries(tx.Now)(one)
		})
	}
	write(a, operation{
		id: "removeSeries", method: http.MethodDelete, path: seriesPath + "/{id}", tag: tag, ability: "messages:write", status: http.StatusNoContent,
		summary: "Remove a series", about: "Its messages stay. A firing that has begun is sent.",
	}, func(tx *db.Tx, x *exchange, in *seriesNamed) (nothing, error) {
		of, err := named(id.Series, "series", in.ID)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, a.Series.Remove(tx, x.site, of)
	})
}

// storing declares a route that writes a series down; one without an id is new. What its
// message would be refused for now is found out first, since nobody waits for its answer later.
func storing[I any](a *api, o operation, read func(*I) (string, SeriesBody)) {
	o.inOne = true
	register[I, seriesView](a, o, func(ctx context.Context, x *exchange, in *I) (*reply, error) {
		key, keyed, err := x.idemKey(o)
		if err != nil {
			return nil, err
		}
		if keyed {
			if out, err := a.earlier(ctx, o, key); out != nil || err != nil {
				return out, err
			}
		}
		text, body := read(in)
		var of id.ID
		if text != "" {
			if of, err = named(id.Series, "series", text); err != nil {
				return nil, err
			}
		}
		content, err := a.content(ctx, x, body)
		if err != nil {
			return nil, err
		}
		return a.once(ctx, x, o, func(tx *db.Tx) (*reply, error) {
			one, err := a.storeSeries(tx, x, of, body.plan(), content)
			if err != nil {
				return nil, err
			}
			v, err := showSeries(tx.Now)(one)
			if err != nil {
				return nil, err
			}
			return rendered(o.status, v)
		})
	})
}

func (a *api) storeSeries(tx *db.Tx, x *exchange, of id.ID, p series.Plan, c series.Content) (series.Series, error) {
	if of.IsZero() {
		return a.Series.Create(tx, x.site, p, c)
	}
	return a.Series.Set(tx, x.site, of, p, c)
}

func (b SeriesBody) plan() series.Plan {
	p := series.Plan{Cron: b.Cron, Missed: series.Missed(b.Missed)}
	if b.StartsAt != nil {
		p.StartsAt = db.At(*b.StartsAt)
	}
	if b.EndsAt != nil {
		p.EndsAt = db.At(*b.EndsAt)
	}
	return p
}

// content reads the message of a series and checks it as it would be now.
func (a *api) content(ctx context.Context, x *exchange, b SeriesBody) (c series.Content, err error) {
	c = series.Content{Name: b.Name, Asked: json.RawMessage(b.Message), By: x.actor()}
	o := &order{withoutCount: true}
	r := &reading{data: b.Message, path: []step{{name: "message"}}}
	o.read(r)
	if o.recipients != nil {
		all := &reading{data: o.recipients, path: []step{{name: "message"}, {name: "recipients"}}, bad: r.bad, wrong: r.wrong}
		all.elements(func(int) {
			c.Recipients = append(c.Recipients, series.Recipient(all.person(map[string]string{})))
		})
		r.bad, r.wrong = all.bad, all.wrong
	}
	if err := r.fault(); err != nil {
		return c, err
	}
	c.Request, c.Groups = o.Request, o.groups
	draft, err := a.Messages.Draft(ctx, x.site, c.Request)
	if err == nil && len(c.Groups) > 0 {
		err = draft.CheckGroups(ctx, c.Groups)
	}
	return c, under("/message", err)
}

// under moves the places of a fault to where in the request its subject stands.
func under(place string, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	moved := *f
	moved.Fields = slices.Clone(f.Fields)
	for i := range moved.Fields {
		moved.Fields[i].Pointer = place + moved.Fields[i].Pointer
	}
	return &moved
}

func (a *api) listSeries(tx *db.Tx, x *exchange, in *Paging) (out listOf[seriesView], err error) {
	l, err := a.list(tx, x, "series")
	if err != nil {
		return out, err
	}
	var after id.ID
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := a.Series.List(tx, x.site, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showSeries(tx.Now), func(s series.Series) any { return s.ID })
}

func (a *api) listFirings(tx *db.Tx, x *exchange, in *firingsInput) (out listOf[firingView], err error) {
	of, err := named(id.Series, "series", in.ID)
	if err != nil {
		return out, err
	}
	if _, err := a.Series.Find(tx, x.site, of); err != nil {
		return out, err
	}
	l, err := a.list(tx, x, "firings", in.ID)
	if err != nil {
		return out, err
	}
	var before db.Time
	if err := l.after(in.Cursor, &before); err != nil {
		return out, err
	}
	rows, err := a.Series.Firings(tx, x.site, of, before, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showFiring, func(f series.Firing) any { return f.At })
}
