package api

import (
	"net/http"
	"strconv"

	"creditmsg/internal/alert"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
)

// alertsView is who is told what, and when.
type alertsView struct {
	Levels   []money.Amount `json:"levels" doc:"Of available credit, highest first; below each one people are told, once per crossing."`
	Emails   []string       `json:"emails"`
	Topics   []string       `json:"topics" doc:"low_balance, payment_failed (and recharges that stopped), expiring, owed, caps, series (whose message was refused), review (messages that wait for a second person), sender (numbers that were decided on), webhooks (endpoints that were disabled), done (each message, with counts and cost)."`
	Mobile   *string        `json:"mobile" people:"number" doc:"Gets the same as a text, which costs the site nothing."`
	Language string         `json:"language" enum:"ko,en"`
}

type alertsSet struct {
	Body struct {
		Levels   []string `json:"levels,omitempty" maxItems:"5" doc:"Of available credit; below each one people are told once per crossing. None = never."`
		Emails   []string `json:"emails,omitempty" maxItems:"10"`
		Topics   []string `json:"topics,omitempty" maxItems:"10" doc:"low_balance, payment_failed, expiring, owed, caps, series, review, sender, webhooks, done. None = nothing is told but what a message asked for; a site that never chose is told all but done."`
		Mobile   *string  `json:"mobile,omitempty" doc:"A Korean mobile number; empty = none."`
		Language *string  `json:"language,omitempty" doc:"ko or en."`
	} `nameHint:"AlertsBody"`
}

// alerts declares the routes about who is told what of a site's money.
func alerts(a *api) {
	read(a, operation{
		id: "getAlerts", method: http.MethodGet, path: "/v1/credit/alerts", tag: "Payments", ability: "credit:read", status: http.StatusOK,
		summary: "Get who is told what of the site's money",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (alertsView, error) { return a.alertsOf(tx, x.site) })
	write(a, operation{
		id: "setAlerts", method: http.MethodPut, path: "/v1/credit/alerts", tag: "Payments", ability: "credit:write", status: http.StatusOK,
		summary: "Set who is told what of the site's money", codes: []string{fault.CodeNotSupported, fault.CodeStateConflict},
		about: "What is absent keeps its value. Levels are told as events (credit.low) too, whether or not there is an address.",
	}, func(tx *db.Tx, x *exchange, in *alertsSet) (alertsView, error) {
		b := in.Body
		// Contacts are locked before the rule that the levels belong to.
		if _, err := a.Alerts.SetContacts(tx, x.site, alert.Change{Emails: b.Emails, Mobile: b.Mobile, Topics: b.Topics, Language: b.Language}); err != nil {
			return alertsView{}, err
		}
		if b.Levels != nil {
			levels, err := parseLevels(b.Levels)
			if err != nil {
				return alertsView{}, err
			}
			if _, err := a.Billing.SetLevels(tx, x.site, levels); err != nil {
				return alertsView{}, err
			}
		}
		return a.alertsOf(tx, x.site)
	})
}

func parseLevels(texts []string) ([]money.Amount, error) {
	levels := make([]money.Amount, len(texts))
	for i, text := range texts {
		level, err := money.Parse(text)
		if err != nil {
			return nil, fault.Check("/levels/"+strconv.Itoa(i), "want won with at most four decimals, such as 20000")
		}
		levels[i] = level
	}
	return levels, nil
}

func (a *api) alertsOf(tx *db.Tx, site string) (v alertsView, err error) {
	st, _, err := a.Billing.RuleOf(tx, site)
	if err != nil {
		return v, err
	}
	c, err := a.Alerts.ContactsOf(tx, site)
	v = alertsView{Levels: append([]money.Amount{}, st.Levels...), Emails: append([]string{}, c.Emails...), Topics: []string{}, Language: string(c.Language)}
	for _, t := range c.Topics {
		v.Topics = append(v.Topics, string(t))
	}
	if c.Mobile != "" {
		mobile := string(c.Mobile)
		v.Mobile = &mobile
	}
	return v, err
}
