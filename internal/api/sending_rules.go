package api

import (
	"net/http"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// rulesView is what a site's messages go by.
type rulesView struct {
	OptOutNumber    *string   `json:"opt_out_number" doc:"The 080 number to opt out of the site's advertising by, where a message names none."`
	DuplicateWindow int64     `json:"duplicate_window" doc:"Seconds for which the same words do not go to the same number again, by the times at which their messages go; 0 = they do."`
	ReviewAbove     int64     `json:"review_above" doc:"Messages to more recipients wait until a second person has approved them; 0 = none does."`
	Night           nightView `json:"night" doc:"When advertising reaches nobody who did not consent to the night as well; the operator sets it."`
}

// nightView is a part of each day in Korea.
type nightView struct {
	From  string `json:"from" doc:"The first moment at which nothing is handed over, in Korea." example:"20:50"`
	Until string `json:"until" doc:"The first moment at which it may be again." example:"08:00"`
}

type rulesSet struct {
	Body struct {
		OptOutNumber    *string `json:"opt_out_number,omitempty" doc:"An 080 number, however it is written; empty = none."`
		DuplicateWindow *int64  `json:"duplicate_window,omitempty" minimum:"0" maximum:"604800" doc:"Seconds; 0 = none. Who is sent the same words less than that before or after is rejected with duplicate_recently. What counts is what the phone shows, variables put in."`
		ReviewAbove     *int64  `json:"review_above,omitempty" minimum:"0" maximum:"1000000" doc:"Recipients; 0 = none. A message to more of them waits, with the status review, until somebody else than who sent it approves it: another program's token, or another person."`
	} `nameHint:"SendingRulesBody"`
}

// sendingRules declares the routes about what a site's messages go by.
func sendingRules(a *api) {
	read(a, operation{
		id: "getSendingRules", method: http.MethodGet, path: "/v1/sending-rules", tag: "Rules", ability: "optouts:read", status: http.StatusOK,
		summary: "Get what the site's messages go by",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (rulesView, error) {
		s, err := site.Find(tx, x.site)
		return a.showRules(s.Rules), err
	})
	write(a, operation{
		id: "setSendingRules", method: http.MethodPut, path: "/v1/sending-rules", tag: "Rules", ability: "optouts:write", status: http.StatusOK,
		summary: "Set what the site's messages go by", about: "What is absent keeps its value. Messages that were accepted keep what they went by. " +
			"To change review_above takes the ability messages:approve as well: otherwise who sends could do without the second person.",
	}, func(tx *db.Tx, x *exchange, in *rulesSet) (rulesView, error) {
		if err := x.mayReview(tx, in); err != nil {
			return rulesView{}, err
		}
		ch := site.RulesChange{OptOutNumber: in.Body.OptOutNumber, ReviewAbove: in.Body.ReviewAbove}
		if in.Body.DuplicateWindow != nil {
			window := time.Duration(*in.Body.DuplicateWindow) * time.Second
			ch.DuplicateWindow = &window
		}
		r, err := site.SetRules(tx, x.site, ch)
		return a.showRules(r), err
	})
}

// mayReview refuses a change of what has to be approved to a token that may not approve. The
// value that it is already changes nothing, and is left out.
func (x *exchange) mayReview(tx *db.Tx, in *rulesSet) error {
	if in.Body.ReviewAbove == nil || x.may(approving) {
		return nil
	}
	s, err := site.Find(tx, x.site)
	if err != nil {
		return err
	}
	if s.Rules.ReviewAbove != *in.Body.ReviewAbove {
		return fault.New(fault.Denied, fault.CodeForbidden, "the token does not have the ability %s, which it takes to change review_above", approving).
			At("/review_above", "leave it out, or use a token that has the ability %s", approving)
	}
	in.Body.ReviewAbove = nil
	return nil
}

func (a *api) showRules(r site.Rules) rulesView {
	from, until := a.Messages.Night().Bounds()
	return rulesView{OptOutNumber: orNull(string(r.OptOutNumber)), DuplicateWindow: int64(r.DuplicateWindow / time.Second), ReviewAbove: r.ReviewAbove, Night: nightView{korea.Clock(from), korea.Clock(until)}}
}
