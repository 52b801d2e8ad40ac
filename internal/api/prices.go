package api

import (
	"net/http"
	"slices"
	"strconv"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
)

// periodView is a time in which a channel costs the same by the same price list.
type periodView struct {
	Channel   string       `json:"channel" enum:"alimtalk,sms,lms,mms"`
	UnitPrice money.Amount `json:"unit_price" doc:"Of one delivered message, without VAT."`
	Layer     string       `json:"layer" enum:"default,installation,plan,site" doc:"Whose price list it is of. The nearest counts: site, plan, installation, default."`
	Plan      *string      `json:"plan" doc:"Which one, of the layer plan."`
	From      maybeInstant `json:"from" doc:"null = since ever."`
	Until     maybeInstant `json:"until" doc:"null = nothing else is planned."`
	State     string       `json:"state" enum:"past,now,planned"`
}

// PricesOf is the parameters of every list of prices.
type PricesOf struct {
	Paging
	State string `query:"state" enum:"past,now,planned" doc:"Only those."`
}

// prices declares the route that tells what a site pays and why.
func prices(a *api) {
	read(a, operation{
		id: "listPrices", method: http.MethodGet, path: "/v1/credit/prices", tag: "Credit", ability: "credit:read", status: http.StatusOK,
		summary: "List what messages cost, past, now and planned, oldest first",
		about:   "Messages that were accepted keep the prices of that moment.",
	}, func(tx *db.Tx, x *exchange, in *PricesOf) (out listOf[periodView], err error) {
		all, err := credit.SitePrices(tx, x.site)
		if err != nil {
			return out, err
		}
		return a.pagePeriods(tx, x, in, all, "prices")
	})
}

// pagePeriods cuts a page from all periods of a list: there are few.
func (a *api) pagePeriods(tx *db.Tx, x *exchange, in *PricesOf, all []credit.PricePeriod, name ...string) (out listOf[periodView], err error) {
	l, err := a.list(tx, x, name[0], append(name[1:], in.State)...)
	if err != nil {
		return out, err
	}
	where := func(p credit.PricePeriod) place { return place{p.From, strconv.Itoa(int(p.Channel))} }
	all = slices.DeleteFunc(all, func(p credit.PricePeriod) bool { return in.State != "" && p.When(tx.Now) != in.State })
	rows, err := rest(l, in.Cursor, all, where)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, func(p credit.PricePeriod) (periodView, error) {
		return periodView{p.Channel.String(), p.Cost, string(p.Layer), orNull(p.Plan), maybeInstant(p.From), maybeInstant(p.Until), p.When(tx.Now)}, nil
	}, func(p credit.PricePeriod) any { return where(p) })
}
