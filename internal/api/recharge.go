package api

import (
	"net/http"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// rechargeView is when and how a site is recharged by itself, and where that stands.
type rechargeView struct {
	Enabled    bool          `json:"enabled"`
	Threshold  money.Amount  `json:"threshold" doc:"A recharge starts when less than this is available."`
	Amount     *money.Amount `json:"amount" doc:"Credit that each recharge brings."`
	Target     *money.Amount `json:"target" doc:"Or: each recharge fills up to this."`
	MethodID   *string       `json:"method_id" doc:"The card that is charged first; null = the site's first."`
	DailyCap   *money.Amount `json:"daily_cap" doc:"Of the credit that recharges bring on a day in Korea; null = none."`
	MonthlyCap *money.Amount `json:"monthly_cap"`
	PaymentID  *string       `json:"payment_id" doc:"The recharge that is under way."`
	Declines   int           `json:"declines" doc:"In a row; the third one switches it off."`
	PausedTill maybeInstant  `json:"paused_until" doc:"After a decline."`
}

func amountOrNull(a money.Amount) *money.Amount {
	if a == 0 {
		return nil
	}
	return &a
}

func showRecharge(st billing.Standing) *rechargeView {
	v := &rechargeView{
		Enabled: st.Enabled, Threshold: st.Threshold, Amount: amountOrNull(st.Amount), Target: amountOrNull(st.Target),
		DailyCap: amountOrNull(st.DailyCap), MonthlyCap: amountOrNull(st.MonthlyCap), Declines: st.Declines, PausedTill: maybeInstant(st.Until),
	}
	if !st.Card.IsZero() {
		card := st.Card.Text(id.Card)
		v.MethodID = &card
	}
	if !st.Open.IsZero() {
		open := st.Open.Text(id.Payment)
		v.PaymentID = &open
	}
	return v
}

// setting is the rule without where it stands.
func (v *rechargeView) setting() any {
	rule := *v
	rule.PaymentID, rule.Declines, rule.PausedTill = nil, 0, 0
	return rule
}

// rechargeOf gives the rule of a site; null without one.
func (a *api) rechargeOf(tx *db.Tx, site string) (*rechargeView, error) {
	if a.Billing == nil {
		return nil, nil
	}
	st, ok, err := a.Billing.RuleOf(tx, site)
	if err != nil || !ok {
		return nil, err
	}
	return showRecharge(st), nil
}

type rechargeSet struct {
	Body struct {
		Enabled    bool          `json:"enabled"`
		Threshold  *money.Amount `json:"threshold,omitempty" pattern:"^[0-9]{1,14}([.]0{1,4})?$" patternDescription:"whole won, such as 50000" doc:"Whole won."`
		Amount     *money.Amount `json:"amount,omitempty" pattern:"^[0-9]{1,14}([.]0{1,4})?$" patternDescription:"whole won, such as 50000" doc:"Whole won, at least 1,000; either this or target."`
		Target     *money.Amount `json:"target,omitempty" pattern:"^[0-9]{1,14}([.]0{1,4})?$" patternDescription:"whole won, such as 50000" doc:"Whole won, at least 1,000 above the threshold."`
		MethodID   *string       `json:"method_id,omitempty" doc:"pmt_…; without it the site's first."`
		DailyCap   *money.Amount `json:"daily_cap,omitempty" pattern:"^[0-9]{1,14}([.]0{1,4})?$" patternDescription:"whole won, such as 50000"`
		MonthlyCap *money.Amount `json:"monthly_cap,omitempty" pattern:"^[0-9]{1,14}([.]0{1,4})?$" patternDescription:"whole won, such as 50000"`
	} `nameHint:"AutoRechargeBody"`
}

// recharges declares the routes about what happens when credit runs low.
func recharges(a *api) {
	read(a, operation{
		id: "getAutoRecharge", method: http.MethodGet, path: "/v1/credit/auto-recharge", tag: "Payments", ability: "credit:read", status: http.StatusOK,
		summary: "Get when and how the site is recharged by itself", about: "The same as auto_recharge of /v1/credit; of a site that never set it, one that is off.",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (*rechargeView, error) {
		v, err := a.rechargeOf(tx, x.site)
		if err == nil && v == nil {
			v = showRecharge(billing.Standing{})
		}
		return v, err
	})
	write(a, operation{
		id: "setAutoRecharge", secondFactor: true, method: http.MethodPut, path: "/v1/credit/auto-recharge", tag: "Payments", ability: "credit:write", status: http.StatusOK,
		summary: "Set when and how the site is recharged by itself", codes: []string{fault.CodeNotSupported, fault.CodeStateConflict},
		about: "It counts from now on: a site that is low already is recharged at once. Declines of before are forgotten.",
	}, func(tx *db.Tx, x *exchange, in *rechargeSet) (*rechargeView, error) {
		b := in.Body
		r := billing.Rule{Enabled: b.Enabled, Threshold: value(b.Threshold), Amount: value(b.Amount), Target: value(b.Target),
			DailyCap: value(b.DailyCap), MonthlyCap: value(b.MonthlyCap)}
		if text := value(b.MethodID); text != "" {
			card, err := id.Parse(id.Card, text)
			if err != nil {
				return nil, fault.Check("/method_id", "want the id of a payment method: pmt_…")
			}
			r.Card = card
		}
		st, err := a.Billing.SetRule(tx, x.site, r)
		return showRecharge(st), err
	})
}

// value is what a pointer points to, or nothing.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
