package api

import (
	"net/http"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// senderView is a number that texts are sent from.
type senderView struct {
	Site      string  `json:"site"`
	Number    string  `json:"number" doc:"Digits."`
	State     string  `json:"state" enum:"requested,approved,rejected,blocked"`
	Default   bool    `json:"default" doc:"Used where a message names none."`
	Reason    string  `json:"reason,omitempty" doc:"Why the operator decided so."`
	CreatedAt instant `json:"created_at"`

	Providers map[string]senderStanding `json:"providers" doc:"Where the number stands at each provider account whose vendor lists its sender numbers. It decides nothing here."`
}

// setting is the number without where it stands at the vendors, who are asked all the time.
func (v senderView) setting() any {
	v.Providers = nil
	return v
}

type senderAdded struct {
	Body struct {
		Number string `json:"number" doc:"However it is written." example:"02-6123-4567"`
		State  string `json:"state,omitempty" enum:"requested,approved,rejected,blocked" doc:"Only operators set it; a number begins as requested."`
	} `nameHint:"SenderBody"`
}

type senderSet struct {
	Number string `path:"number"`
	Body   struct {
		Number string `json:"number,omitempty"`
		State  string `json:"state" enum:"requested,approved,rejected,blocked" doc:"Only operators set it."`
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the site."`
	} `nameHint:"SenderStateBody"`
}

type sendersInput struct {
	Paging
	State string `query:"state" enum:"requested,approved,rejected,blocked"`
}

type senderNamed struct {
	Number string `path:"number" example:"0261234567"`
}

// senders declares the routes about sender numbers.
func senders(a *api) {
	read(a, operation{
		id: "listSenders", method: http.MethodGet, path: "/v1/senders", tag: "Senders", ability: "senders:read", status: http.StatusOK, everySite: true,
		summary: "List the sender numbers, oldest first", about: "A token of the operator asks with `site=*` for those of all sites: `?site=*&state=requested` waits for a decision.",
	}, a.listSenders)
	read(a, operation{
		id: "getSender", method: http.MethodGet, path: "/v1/senders/{number}", tag: "Senders", ability: "senders:read", status: http.StatusOK,
		summary: "Get a sender number",
	}, func(tx *db.Tx, x *exchange, in *senderNamed) (senderView, error) {
		n, err := senderNumber(in.Number)
		if err != nil {
			return senderView{}, err
		}
		s, err := site.FindSender(tx, x.site, n)
		if err != nil {
			return senderView{}, err
		}
		return a.showSender(tx, s)
	})
	write(a, operation{
		id: "addSender", method: http.MethodPost, path: "/v1/senders", tag: "Senders", ability: "senders:write", status: http.StatusCreated,
		summary: "Ask for a sender number to be registered", codes: []string{fault.CodeAlreadyExists},
	}, a.addSender)
	write(a, operation{
		id: "setSender", method: http.MethodPut, path: "/v1/senders/{number}", tag: "Senders", ability: "senders:write", status: http.StatusOK,
		summary: "Set the state of a sender number",
	}, a.setSender)
	write(a, operation{
		id: "removeSender", method: http.MethodDelete, path: "/v1/senders/{number}", tag: "Senders", ability: "senders:write", status: http.StatusNoContent,
		summary: "Remove a sender number", codes: []string{fault.CodeStateConflict},
		about: "Only the operator removes one that is blocked. Documents by which it was approved or blocked stay.",
	}, func(tx *db.Tx, x *exchange, in *senderNamed) (nothing, error) {
		n, err := senderNumber(in.Number)
		if err != nil {
			return nothing{}, err
		}
		if x.operator() {
			return nothing{}, a.Registration.Forget(tx, x.site, n)
		}
		return nothing{}, a.Registration.Withdraw(tx, x.site, n)
	})
	write(a, operation{
		id: "makeSenderDefault", method: http.MethodPost, path: "/v1/senders/{number}/default", tag: "Senders", ability: "senders:write", status: http.StatusOK,
		summary: "Make an approved sender number the one of texts that name none", codes: []string{fault.CodeStateConflict},
		about: "A site's first number is that until then. Repeating it changes nothing.",
	}, func(tx *db.Tx, x *exchange, in *senderNamed) (senderView, error) {
		n, err := senderNumber(in.Number)
		if err != nil {
			return senderView{}, err
		}
		s, err := site.MakeDefault(tx, x.site, n)
		if err != nil {
			return senderView{}, err
		}
		return a.showSender(tx, s)
	})
	senderDocuments(a)
}

// senderNumber reads the number of a path; what is none names nothing.
func senderNumber(text string) (korea.Number, error) {
	n, err := korea.ParseSender(text)
	if err != nil {
		return "", fault.Missing("sender", cut(text))
	}
	return n, nil
}

// listSenders cuts its page from all numbers of the site: there are few.
func (a *api) listSenders(tx *db.Tx, x *exchange, in *sendersInput) (out listOf[senderView], err error) {
	l, err := a.list(tx, x, "senders", in.State)
	if err != nil {
		return out, err
	}
	if x.site == everySite {
		return a.listSendersOfAll(tx, l, in)
	}
	all, err := site.Senders(tx, x.site)
	if err != nil {
		return out, err
	}
	if in.State != "" {
		all = slices.DeleteFunc(all, func(s site.Sender) bool { return s.State != in.State })
	}
	rows, err := rest(l, in.Cursor, all, func(s site.Sender) place { return place{s.CreatedAt, string(s.Number)} })
	if err != nil {
		return out, err
	}
	show, err := a.showSenders(tx, rows...)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, show, func(s site.Sender) any { return place{s.CreatedAt, string(s.Number)} })
}

func (a *api) listSendersOfAll(tx *db.Tx, l list, in *sendersInput) (out listOf[senderView], err error) {
	var after site.Waiting
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := site.SendersIn(tx, in.State, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	show, err := a.showSenders(tx, rows...)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, show, func(s site.Sender) any { return site.Waiting{At: s.CreatedAt, Site: s.Site, Number: s.Number} })
}

func (a *api) addSender(tx *db.Tx, x *exchange, in *senderAdded) (senderView, error) {
	state := in.Body.State
	if state == "" {
		state = site.Requested
	}
	if state != site.Requested && !x.operator() {
		return senderView{}, notYours(site.Requested)
	}
	add := func() (site.Sender, error) { return site.AddSender(tx, x.site, in.Body.Number, state) }
	if state == site.Requested {
		add = func() (site.Sender, error) { return a.Registration.Ask(tx, x.site, in.Body.Number) }
	}
	s, err := add()
	if err != nil {
		return senderView{}, err
	}
	return a.showSender(tx, s)
}

func (a *api) setSender(tx *db.Tx, x *exchange, in *senderSet) (senderView, error) {
	n, err := senderNumber(in.Number)
	if err != nil {
		return senderView{}, err
	}
	s, err := site.FindSender(tx, x.site, n)
	if err != nil {
		return senderView{}, err
	}
	if given, err := korea.ParseSender(in.Body.Number); in.Body.Number != "" && (err != nil || given != n) {
		return senderView{}, fault.Check("/number", "the path names another number; a number does not change")
	}
	if in.Body.State != s.State || in.Body.Reason != "" && in.Body.Reason != s.Reason {
		if !x.operator() {
			return senderView{}, notYours(s.State)
		}
		if s, err = a.Registration.Decide(tx, x.site, n, in.Body.State, in.Body.Reason); err != nil {
			return senderView{}, err
		}
		if err := a.Vendors.AskSoon(tx); err != nil { // the number may be new there
			return senderView{}, err
		}
	}
	return a.showSender(tx, s)
}
