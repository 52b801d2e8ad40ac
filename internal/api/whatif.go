package api

import (
	"context"
	"net/http"

	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/whatif"
)

// routing declares the routes about how messages are routed.
func routing(a *api) {
	register[whatIfAsked, whatif.Answer](a, operation{
		id: "askWhatIf", method: http.MethodPost, path: "/v1/routing/what-if", tag: "Messages", ability: "messages:read", status: http.StatusOK, unkeyed: true,
		summary: "Replay past messages by another strategy or at other prices",
		about: "What is asked without a strategy and without prices is what really happened, to the won. Legs that a person did not really have are guessed by the " +
			"delivery rates of these messages, and their part stands under `extrapolated`. At most 92 days, and messages to 1,000,000 people, the cancelled too; nothing is changed. " +
			"One question is answered at a time: 503 when those before take too long.",
		codes: []string{fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia},
	}, a.askWhatIf)
}

type whatIfAsked struct {
	Body struct {
		From     string              `json:"from" doc:"The first day, Korean time, such as 2026-11-01."`
		To       string              `json:"to" doc:"The last day, inclusive."`
		Strategy string              `json:"strategy,omitempty" doc:"alimtalk_first, sms_only, cost_optimized or policy; without one each message keeps its own."`
		Policy   string              `json:"policy,omitempty" doc:"Of policy: the name of one of the site's own." example:"lms-by-kakao"`
		Steps    message.PolicySteps `json:"steps,omitempty" maxItems:"8" doc:"Of policy: steps to be tried out, in place of a name."`
		Prices   planRates           `json:"prices,omitempty" doc:"In place of those that were frozen; a channel that is not named keeps its own."`
	} `nameHint:"WhatIfBody"`
}

func (a *api) askWhatIf(ctx context.Context, x *exchange, in *whatIfAsked) (*reply, error) {
	prices, none := in.Body.Prices.parted()
	if len(none) > 0 {
		return nil, fault.Check("/prices/"+none[0].String(), "want a price, or leave the channel out")
	}
	out, err := a.WhatIf.Ask(ctx, x.site, whatif.Question{From: in.Body.From, To: in.Body.To, Strategy: message.Strategy(in.Body.Strategy),
		Policy: in.Body.Policy, Steps: in.Body.Steps, Prices: prices})
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusOK, out)
}
