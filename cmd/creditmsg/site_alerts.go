package main

import (
	"context"

	"creditmsg/internal/server"
)

type siteAlerts struct {
	ID       string   `arg:"" help:"The site."`
	Level    []string `placeholder:"WON" help:"Available credit below which people are told; repeated. none = never."`
	Email    []string `placeholder:"ADDRESS" help:"Address that is told; repeated. none = nobody."`
	Topic    []string `placeholder:"TOPIC" help:"low_balance, payment_failed, expiring, owed, caps, series (whose message was refused), review (messages that wait for a second person), sender (numbers that were decided on), webhooks (endpoints that fail), done (each message); repeated. none = nothing."`
	Mobile   *string  `placeholder:"NUMBER" help:"Mobile number that gets the same as a text, at the operator's cost. none = nobody."`
	Language *string  `placeholder:"ko|en" help:"What the alerts are written in."`
	database
}

// Run sets what is given, and shows what holds then.
func (v *siteAlerts) Run(ctx context.Context, s *streams) error {
	ch := server.AlertsChange{Levels: orNone(v.Level), Emails: orNone(v.Email), Topics: orNone(v.Topic), Mobile: v.Mobile, Language: v.Language}
	if v.Mobile != nil && *v.Mobile == "none" {
		ch.Mobile = new(string)
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		var a server.Alerts
		var err error
		if ch.Levels == nil && ch.Emails == nil && ch.Topics == nil && ch.Mobile == nil && ch.Language == nil {
			a, err = p.Alerts(ctx, v.ID)
		} else {
			a, err = p.SetAlerts(ctx, v.ID, ch)
		}
		if err != nil {
			return nil, nil, err
		}
		return a, func(t *table) { showAlerts(t, a) }, nil
	})
}

// orNone is a repeated option, in which a single none stands for an empty list.
func orNone(list []string) []string {
	if len(list) == 1 && list[0] == "none" {
		return []string{}
	}
	return list
}

func showAlerts(t *table, a server.Alerts) {
	for _, l := range a.Levels {
		t.row("below", wonOf(l))
	}
	for _, address := range a.Emails {
		t.row("e-mail", address)
	}
	if a.Mobile != "" {
		t.row("text to", a.Mobile)
	}
	for _, topic := range a.Topics {
		t.row("topic", string(topic))
	}
	t.row("language", a.Language)
}
