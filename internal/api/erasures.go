package api

import (
	"context"
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/privacy"
	"creditmsg/internal/site"
)

// erasureView is the wish that a number is forgotten, and what came of it.
type erasureView struct {
	ID         string       `json:"id" example:"era_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	State      string       `json:"state" enum:"running,waiting,done" doc:"It waits for messages that are not over: they still need the number."`
	To         string       `json:"to" people:"number" doc:"The number; empty once it is done."`
	Recipients int64        `json:"recipients" doc:"That do not tell any more whom they were."`
	Rejections int64        `json:"rejections"`
	Contacts   int64        `json:"contacts"`
	Series     int64        `json:"series"`
	Open       int          `json:"open" doc:"Messages that are not over and may be to the number."`
	AskedAt    instant      `json:"asked_at"`
	DoneAt     maybeInstant `json:"done_at"`
}

func showErasure(e privacy.Erasure) (erasureView, error) {
	return erasureView{e.ID.Text(id.Erasure), string(e.State), string(e.To), e.People, e.Refused, e.Contacts, e.Series, e.Open,
		instant(e.AskedAt), maybeInstant(e.DoneAt)}, nil
}

type erasureAsked struct {
	Body struct {
		To string `json:"to" example:"010-1234-5678"`
	} `nameHint:"ErasureBody"`
}

type erasureNamed struct {
	ID string `path:"id" doc:"era_…"`
}

// keepingView is how long a site keeps whom its messages went to.
type keepingView struct {
	Days int `json:"days" doc:"After a message is over: 30 to 3650, or 0 for ever." minimum:"0" maximum:"3650"`
}

type keepingPut struct {
	Body keepingView
}

type siteEnded struct {
	ID   string `path:"id"`
	Body struct {
		Confirm string `json:"confirm" doc:"The site's id once more: this cannot be taken back."`
		Reason  string `json:"reason" minLength:"1" maxLength:"1000"`
		Forfeit bool   `json:"forfeit,omitempty" doc:"Credit that is left is taken by an adjustment; otherwise it is in the way."`
	} `nameHint:"SiteErasure"`
}

// erasures declares the routes by which people are forgotten.
func erasures(a *api) {
	write(a, operation{
		id: "askErasure", method: http.MethodPost, path: "/v1/erasures", tag: "Personal data", ability: "contacts:write", status: http.StatusAccepted,
		summary: "Have a number forgotten",
		about: "In messages that are over, with the values that were filled in for it, in rejections and kept replies, in the address book and in series. What became of the recipients stays, " +
			"without a number: no count and no cost changes. A wish not to be written to (`/v1/opt-outs`) stays as well, so that it can be kept, and for 93 days a keyed digest, so that what carriers still report and bill finds its message.",
	}, func(tx *db.Tx, x *exchange, in *erasureAsked) (erasureView, error) {
		number, err := korea.ParseMobile(in.Body.To)
		if err != nil {
			return erasureView{}, fault.Check("/to", "want a mobile number such as 010-1234-5678")
		}
		e, err := a.Privacy.Ask(tx, x.site, number)
		if err != nil {
			return erasureView{}, err
		}
		return showErasure(e)
	})
	read(a, operation{
		id: "listErasures", method: http.MethodGet, path: "/v1/erasures", tag: "Personal data", ability: "contacts:read", status: http.StatusOK,
		summary: "List the erasures, newest first",
	}, a.listErasures)
	read(a, operation{
		id: "getErasure", method: http.MethodGet, path: "/v1/erasures/{id}", tag: "Personal data", ability: "contacts:read", status: http.StatusOK,
		summary: "Get an erasure",
	}, func(tx *db.Tx, x *exchange, in *erasureNamed) (erasureView, error) {
		of, err := named(id.Erasure, "erasure", in.ID)
		if err != nil {
			return erasureView{}, err
		}
		e, err := a.Privacy.Find(tx, x.site, of)
		if err != nil {
			return erasureView{}, err
		}
		return showErasure(e)
	})
	keepings(a)
}

// keepings declares the routes about how long people are kept, and the end of a site.
func keepings(a *api) {
	read(a, operation{
		id: "getRetention", method: http.MethodGet, path: "/v1/retention", tag: "Personal data", ability: "contacts:read", status: http.StatusOK,
		summary: "See how long numbers of recipients are kept",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (keepingView, error) {
		k, err := privacy.Kept(tx, x.site)
		return keepingView{k.Days}, err
	})
	write(a, operation{
		id: "putRetention", method: http.MethodPut, path: "/v1/retention", tag: "Personal data", ability: "contacts:write", status: http.StatusOK,
		summary: "Say how long numbers of recipients are kept",
		about:   "So many days after a message is over, the numbers and values of its recipients are forgotten, once a day, also of messages of before. Counts and costs stay.",
	}, func(tx *db.Tx, x *exchange, in *keepingPut) (keepingView, error) {
		return in.Body, privacy.SetKept(tx, x.site, in.Body.Days)
	})
	end := operation{
		id: "eraseSite", secondFactor: true, method: http.MethodPost, path: "/v1/sites/{id}/erase", tag: "Sites", ability: site.Operator, status: http.StatusOK, house: true,
		summary: "Erase a site for good",
		about: "Its key is destroyed: nothing that was sealed with it can be read any more. A backup of the database from before holds it as well, until that is deleted. Tokens, sender numbers, channels, templates, series, endpoints and its test site go; the ledger stays and verifies. " +
			"The site has to be suspended, its messages over, its credit given back or forfeited, and nothing owed on either side: what it spent is paid, what it paid stands in the papers that it asked for.",
		codes: []string{fault.CodeStateConflict}, unkeyed: true,
	}
	register[siteEnded, siteView](a, end, func(ctx context.Context, _ *exchange, in *siteEnded) (*reply, error) {
		if in.Body.Confirm != in.ID {
			return nil, fault.Check("/confirm", "write the site's id once more: this cannot be taken back")
		}
		if err := a.Privacy.EraseSite(ctx, privacy.End{Site: in.ID, Forfeit: in.Body.Forfeit, Reason: in.Body.Reason}); err != nil {
			return nil, err
		}
		var out siteView
		err := a.DB.View(ctx, end.metric(), func(tx *db.Tx) (err error) { out, err = a.siteAfter(tx, in.ID, nil); return err })
		if err != nil {
			return nil, err
		}
		return rendered(end.status, out)
	})
}

func (a *api) listErasures(tx *db.Tx, x *exchange, in *struct{ Paging }) (listOf[erasureView], error) {
	l, err := a.list(tx, x, "erasures")
	if err != nil {
		return listOf[erasureView]{}, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return listOf[erasureView]{}, err
	}
	rows, err := a.Privacy.List(tx, x.site, before, in.Limit+1)
	if err != nil {
		return listOf[erasureView]{}, err
	}
	return pageOf(l, rows, in.Limit, showErasure, func(e privacy.Erasure) any { return e.ID })
}

// RenderReceipt writes the reply to whoever sends a message.
func RenderReceipt(r message.Receipt) []byte {
	text, _ := marshalJSON(showReceipt(r)) // strings and numbers always marshal
	return append(text, '\n')
}
