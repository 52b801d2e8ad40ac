package console

import (
	"strconv"
	"strings"
	"time"

	"creditmsg/client"
)

func houseSiteScreens() []screen {
	return []screen{
		{pattern: "GET /operator/sites", do: (*page).houseSites},
		{pattern: "GET /operator/sites/new", do: (*page).openSiteForm},
		{pattern: "POST /operator/sites/new", do: (*page).openSite},
		{pattern: "GET /operator/sites/{id}", do: (*page).houseSite},
		{pattern: "POST /operator/sites/{id}", do: (*page).changeSite},
		{pattern: "POST /operator/sites/{id}/state", do: (*page).setSiteState},
		{pattern: "GET /operator/sites/{id}/credit", do: (*page).giveForm},
		{pattern: "POST /operator/sites/{id}/credit", do: (*page).give},
		{pattern: "GET /operator/sites/{id}/erase", do: (*page).eraseForm},
		{pattern: "POST /operator/sites/{id}/erase", do: (*page).erase},
	}
}

// houseSiteList is the operator's list of sites.
type houseSiteList struct {
	Page  client.Page[client.Site]
	Find  string
	Wrong bool // there is no site of the id that is looked for
}

func (p *page) houseSites() error {
	d := houseSiteList{Find: strings.ToLower(strings.TrimSpace(p.r.URL.Query().Get("id")))}
	if d.Find != "" {
		found, err := p.api.Site(p.ctx(), d.Find)
		switch {
		case err == nil:
			return p.lead(to("operator", "sites", found.ID))
		case !client.IsProblem(err, "not_found") && !client.IsProblem(err, "validation"):
			return err
		}
		d.Wrong = true
	}
	var err error
	if d.Page, err = p.api.Sites(p.ctx(), p.at(50)); err != nil {
		return err
	}
	return p.show("house-sites", d)
}

// siteOpening is the form of a new site.
type siteOpening struct {
	Form  form
	Plans []option
}

// planChoices are the plans to choose from, after none.
func (p *page) planChoices() ([]option, error) {
	out := []option{{"", p.say("house.no-plan")}}
	for plan, err := range client.All(func(at client.Paging) (client.Page[client.Plan], error) { return p.api.Plans(p.ctx(), at) }) {
		if err != nil {
			return nil, err
		}
		out = append(out, option{plan.ID, plan.Name})
	}
	return out, nil
}

func (p *page) showOpening(f form) error {
	plans, err := p.planChoices()
	if err != nil {
		return err
	}
	d := siteOpening{f.Filled(nil), plans}
	if f.Errors != nil {
		return p.unfit("house-site-new", d)
	}
	return p.show("house-site-new", d)
}

func (p *page) openSiteForm() error { return p.showOpening(p.form()) }

func (p *page) openSite() error {
	f := p.form()
	made, err := p.api.Once(f.Key()).OpenSite(p.ctx(), client.NewSite{ID: strings.TrimSpace(f.Get("id")), Name: f.Get("name"), Plan: f.Get("plan"), Prices: ratesOf(f)})
	if err == nil {
		return p.done(to("operator", "sites", made.ID), "house.opened")
	}
	if f.wrong(p, err, nil) {
		return p.showOpening(f)
	}
	return err
}

// houseSiteView is the operator's page of one site.
type houseSiteView struct {
	Site    client.Site
	Form    form
	Prices  []client.PricePeriod // of now and to come
	Entries []client.Entry       // the latest ones
}

func (p *page) prepareSite() (d houseSiteView, s settles, tag string, err error) {
	id := p.r.PathValue("id")
	if d.Site, err = p.api.Noting(&tag).Site(p.ctx(), id); err != nil {
		return d, s, tag, err
	}
	s = settles{names: []string{"name", "weight"}, label: "house.f", now: map[string]string{"name": d.Site.Name, "weight": strconv.Itoa(d.Site.Weight)}}
	if d.Site.State == "erased" {
		return d, s, tag, nil
	}
	about := p.api.ForSite(id)
	entries, err := about.LatestEntries(p.ctx(), client.Paging{Limit: 10})
	if err != nil {
		return d, s, tag, err
	}
	d.Entries = entries.Data
	d.Prices, err = p.presentPrices(about)
	return d, s, tag, err
}

// presentPrices are what a site pays now, and what is planned.
func (p *page) presentPrices(about *client.Client) (out []client.PricePeriod, _ error) {
	for period, err := range client.All(func(at client.Paging) (client.Page[client.PricePeriod], error) {
		return about.PriceHistory(p.ctx(), client.PriceFilter{Paging: at})
	}) {
		if err != nil {
			return nil, err
		}
		if period.State != "past" {
			out = append(out, period)
		}
	}
	return out, nil
}

func (p *page) houseSite() error {
	d, s, tag, err := p.prepareSite()
	if err != nil {
		return err
	}
	d.Form = s.begin(p.form(), tag)
	return p.show("house-site", d)
}

func (p *page) changeSite() error {
	f, id := p.form(), p.r.PathValue("id")
	name := f.Get("name")
	ch := client.SiteChange{Name: &name}
	weight, fits := count(f.Get("weight"))
	var err error
	if fits && weight != nil {
		n := int(*weight)
		ch.Weight = &n
		if _, err = p.unchanged(f).ChangeSite(p.ctx(), id, ch); err == nil {
			return p.done(to("operator", "sites", id), "house.site")
		}
	} else {
		f.Problem, f.Errors = p.say("form.wrong"), map[string]string{"weight": p.say("money.no-number")}
	}
	d, s, tag, err2 := p.prepareSite()
	switch {
	case err2 != nil:
		return err2
	case isOvertaken(err):
		s.overtaken(p, &f, tag)
	case err != nil && !f.wrong(p, err, nil):
		return err
	}
	d.Form = f
	return p.unfit("house-site", d)
}

func (p *page) setSiteState() error {
	f, id := p.form(), p.r.PathValue("id")
	state := oneOf(f.Get("state"), []string{"active", "suspended"})
	if state == "" {
		return errForm
	}
	at := to("operator", "sites", id)
	if _, err := p.api.Once(f.Key()).ChangeSite(p.ctx(), id, client.SiteChange{State: &state}); err != nil {
		return p.refused(err, at)
	}
	return p.done(at, "house.state."+state)
}

// giving is the form that gives a site credit.
type giving struct {
	Form  form
	Site  client.Site
	Kinds []option
}

func (p *page) showGiving(f form) error {
	s, err := p.api.Site(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := giving{f.Filled(map[string]string{"kind": "paid"}), s, p.choices("house-kind", "paid", "bonus", "adjustment")}
	if f.Errors != nil {
		return p.unfit("house-credit", d)
	}
	return p.show("house-credit", d)
}

func (p *page) giveForm() error { return p.showGiving(p.form()) }

func (p *page) give() error {
	f, id := p.form(), p.r.PathValue("id")
	_, err := p.api.Once(f.Key()).TopUpSite(p.ctx(), id, client.SiteTopUp{Amount: typedWon(f.Get("amount")), Kind: f.Get("kind"), Reason: f.Get("reason"), ExpiresOn: f.Get("expires_on")})
	if err == nil {
		return p.done(to("operator", "sites", id), "house.given")
	}
	if f.wrong(p, err, nil) {
		return p.showGiving(f)
	}
	return err
}

// erasing is the form that erases a site for good.
type erasing struct {
	Form form
	Site client.Site
}

func (p *page) showErasing(f form) error {
	s, err := p.api.Site(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := erasing{f.Filled(nil), s}
	if f.Errors != nil {
		return p.unfit("house-erase", d)
	}
	return p.show("house-erase", d)
}

func (p *page) eraseForm() error { return p.showErasing(p.form()) }

func (p *page) erase() error {
	f, id := p.form(), p.r.PathValue("id")
	if strings.TrimSpace(f.Get("confirm")) != id {
		f.Errors = map[string]string{"confirm": p.say("house.erase-differs")}
		return p.showErasing(f)
	}
	_, err := p.api.Once(f.Key()).EraseSite(p.ctx(), id, f.Get("reason"), f.Get("forfeit") != "")
	if err == nil {
		return p.done(to("operator", "sites", id), "house.erased")
	}
	if f.wrong(p, err, nil) {
		return p.showErasing(f)
	}
	return err
}

// sinceOf reads a moment in Korea from what a browser's field gives; "" is now.
func sinceOf(text string) (at time.Time, ok bool) {
	if text == "" {
		return at, true
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.ParseInLocation(form, text, korea); err == nil {
			return at, true
		}
	}
	return at, false
}
