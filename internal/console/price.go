package console

import (
	"creditmsg/client"
)

func priceScreens() []screen {
	return []screen{
		{pattern: "GET /operator/prices", do: (*page).housePrices},
		{pattern: "POST /operator/prices", do: (*page).setHousePrices},
		{pattern: "GET /operator/sites/{id}/prices", do: (*page).sitePrices},
		{pattern: "POST /operator/sites/{id}/prices", do: (*page).setSitePrices},
		{pattern: "GET /operator/sites/{id}/plan", do: (*page).sitePrices},
		{pattern: "POST /operator/sites/{id}/plan", do: (*page).setSitePlan},
	}
}

// PriceTabs are the operator's pages about prices.
func (s view) PriceTabs() []tab {
	return s.tabs("tab.prices.", []string{"operator", "prices"}, to, "installation", "plans")
}

// channels are those that have prices.
var channels = []string{"alimtalk", "sms", "lms", "mms"}

// What a form says of a channel's price.
const (
	priceField = "prices." // and the channel: the price
	dropPrice  = "drop."   // and the channel: there is to be none
)

// ratesOf are the prices that a form changes. A field that is empty changes nothing; nil drops a price.
func ratesOf(f form) client.Rates {
	out := client.Rates{}
	for _, c := range channels {
		if f.Get(dropPrice+c) != "" {
			out[c] = nil
		} else if a := typedWon(f.Get(priceField + c)); a != "" {
			out[c] = &a
		}
	}
	return out
}

// rateLine is one channel of a form of prices.
type rateLine struct {
	Channel string
	Now     client.Amount // "" = none
	Field   string
	Drop    string // "" = it cannot be dropped
}

// repricing is a form that changes prices now, or from a time on.
type repricing struct {
	Form  form
	Lines []rateLine
}

// Rates is what the fields of the form are made of, for pages that have more.
func (r repricing) Rates() repricing { return r }

func repriced(f form, now map[string]client.Amount, drops bool) repricing {
	d := repricing{Form: f.Filled(nil)}
	for _, c := range channels {
		one := rateLine{Channel: c, Now: now[c], Field: priceField + c}
		if drops {
			one.Drop = dropPrice + c
		}
		d.Lines = append(d.Lines, one)
	}
	return d
}

// pricesNow are prices by channel.
func pricesNow(v client.Prices) map[string]client.Amount {
	return map[string]client.Amount{"alimtalk": v.Alimtalk, "sms": v.SMS, "lms": v.LMS, "mms": v.MMS}
}

// timed does something from when on the form says, and reports whether that is a moment.
func (p *page) timed(f *form, do func(client.Rates) error) (err error, fits bool) {
	rates := ratesOf(*f)
	if len(rates) == 0 {
		f.Problem, f.Errors = p.say("house.no-change"), map[string]string{}
		return nil, false
	}
	if _, ok := sinceOf(f.Get("since")); !ok {
		f.Problem, f.Errors = p.say("form.wrong"), map[string]string{"since": p.say("house.no-moment")}
		return nil, false
	}
	return do(rates), true
}

func (p *page) showHousePrices(f form) error {
	now, err := p.api.InstallationPrices(p.ctx())
	if err != nil {
		return err
	}
	d := repriced(f, pricesNow(now), true)
	if f.Errors != nil {
		return p.unfit("house-prices", d)
	}
	return p.show("house-prices", d)
}

func (p *page) housePrices() error { return p.showHousePrices(p.form()) }

func (p *page) setHousePrices() error {
	f := p.form()
	err, fits := p.timed(&f, func(r client.Rates) error {
		since, _ := sinceOf(f.Get("since"))
		_, err := p.api.Once(f.Key()).SetInstallationPrices(p.ctx(), r, since)
		return err
	})
	switch {
	case fits && err == nil:
		return p.done(to("operator", "prices"), "house.prices")
	case err != nil && !f.wrong(p, err, nil):
		return err
	}
	return p.showHousePrices(f)
}

// sitePricing is the page of what a site pays: its own prices and its plan.
type sitePricing struct {
	repricing
	Site     client.Site
	Periods  []client.PricePeriod
	PlanForm form
	Plans    []option
}

func (p *page) showSitePrices(own, plan form) error {
	id := p.r.PathValue("id")
	s, err := p.api.Site(p.ctx(), id)
	if err != nil {
		return err
	}
	d := sitePricing{Site: s, repricing: repriced(own, pricesNow(s.Prices), true), PlanForm: plan.Filled(map[string]string{"plan": s.Plan})}
	if d.Periods, err = p.presentPrices(p.api.ForSite(id)); err != nil {
		return err
	}
	if d.Plans, err = p.planChoices(); err != nil {
		return err
	}
	if own.Errors != nil || plan.Errors != nil {
		return p.unfit("house-site-prices", d)
	}
	return p.show("house-site-prices", d)
}

func (p *page) sitePrices() error {
	if f := p.form(); f.Has("plan") {
		return p.showSitePrices(form{}, f)
	}
	return p.showSitePrices(p.form(), form{})
}

func (p *page) setSitePrices() error {
	f, id := p.form(), p.r.PathValue("id")
	err, fits := p.timed(&f, func(r client.Rates) error {
		since, _ := sinceOf(f.Get("since"))
		_, err := p.api.Once(f.Key()).SetSitePrices(p.ctx(), id, r, since)
		return err
	})
	switch {
	case fits && err == nil:
		return p.done(to("operator", "sites", id, "prices"), "house.prices")
	case err != nil && !f.wrong(p, err, nil):
		return err
	}
	return p.showSitePrices(f, form{})
}

func (p *page) setSitePlan() error {
	f, id := p.form(), p.r.PathValue("id")
	since, ok := sinceOf(f.Get("plan_since"))
	if !ok {
		f.Problem, f.Errors = p.say("form.wrong"), map[string]string{"plan_since": p.say("house.no-moment")}
		return p.showSitePrices(form{}, f)
	}
	if _, err := p.api.Once(f.Key()).SetSitePlan(p.ctx(), id, f.Get("plan"), since); err != nil {
		if f.wrong(p, err, map[string]string{"/since": "plan_since"}) {
			return p.showSitePrices(form{}, f)
		}
		return err
	}
	return p.done(to("operator", "sites", id, "prices"), "house.site-plan")
}
