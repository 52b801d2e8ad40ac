package console

import (
	"strings"

	"creditmsg/client"
)

func planScreens() []screen {
	return []screen{
		{pattern: "GET /operator/prices/plans", do: (*page).plans},
		{pattern: "GET /operator/prices/plans/new", do: (*page).newPlanForm},
		{pattern: "POST /operator/prices/plans/new", do: (*page).newPlan},
		{pattern: "GET /operator/prices/plans/{id}", do: (*page).plan},
		{pattern: "POST /operator/prices/plans/{id}", do: (*page).setPlanPrices},
		{pattern: "GET /operator/prices/plans/{id}/name", do: (*page).plan},
		{pattern: "POST /operator/prices/plans/{id}/name", do: (*page).renamePlan},
		{pattern: "POST /operator/prices/plans/{id}/remove", do: (*page).removePlan},
	}
}

func (p *page) plans() error {
	list, err := p.api.Plans(p.ctx(), p.at(50))
	if err != nil {
		return err
	}
	return p.show("plans", list)
}

func (p *page) newPlanForm() error { return p.show("plan-new", repriced(p.form(), nil, false)) }

func (p *page) newPlan() error {
	f := p.form()
	made, err := p.api.Once(f.Key()).AddPlan(p.ctx(), strings.TrimSpace(f.Get("id")), f.Get("name"), ratesOf(f))
	if err == nil {
		return p.done(to("operator", "prices", "plans", made.ID), "house.plan-made")
	}
	if f.wrong(p, err, nil) {
		return p.unfit("plan-new", repriced(f, nil, false))
	}
	return err
}

// planView is the page of one plan.
type planView struct {
	repricing
	Plan     client.Plan
	Periods  []client.PricePeriod
	NameForm form
}

// showPlan shows a plan. With err the renaming was refused; its form is name then.
func (p *page) showPlan(prices, name form, err error) error {
	var tag string
	plan, err2 := p.api.Noting(&tag).Plan(p.ctx(), p.r.PathValue("id"))
	if err2 != nil {
		return err2
	}
	s := settles{names: []string{"name"}, label: "house.f", now: map[string]string{"name": plan.Name}}
	if isOvertaken(err) {
		s.overtaken(p, &name, tag)
	} else if err != nil && !name.wrong(p, err, nil) {
		return err
	}
	now := map[string]client.Amount{}
	for channel, price := range plan.Prices {
		if price != nil {
			now[channel] = *price
		}
	}
	d := planView{Plan: plan, NameForm: s.begin(name, tag), repricing: repriced(prices, now, true)}
	for period, err := range client.All(func(at client.Paging) (client.Page[client.PricePeriod], error) {
		return p.api.PlanPrices(p.ctx(), plan.ID, client.PriceFilter{Paging: at})
	}) {
		if err != nil {
			return err
		}
		d.Periods = append(d.Periods, period)
	}
	if err != nil || prices.Errors != nil {
		return p.unfit("plan", d)
	}
	return p.show("plan", d)
}

func (p *page) plan() error {
	if f := p.form(); f.Has("name") {
		return p.showPlan(form{}, f, nil)
	}
	return p.showPlan(p.form(), form{}, nil)
}

func (p *page) setPlanPrices() error {
	f, id := p.form(), p.r.PathValue("id")
	err, fits := p.timed(&f, func(r client.Rates) error {
		since, _ := sinceOf(f.Get("since"))
		_, err := p.api.Once(f.Key()).SetPlanPrices(p.ctx(), id, r, since)
		return err
	})
	switch {
	case fits && err == nil:
		return p.done(to("operator", "prices", "plans", id), "house.prices")
	case err != nil && !f.wrong(p, err, nil):
		return err
	}
	return p.showPlan(f, form{}, nil)
}

func (p *page) renamePlan() error {
	f, id := p.form(), p.r.PathValue("id")
	if _, err := p.unchanged(f).RenamePlan(p.ctx(), id, f.Get("name")); err != nil {
		return p.showPlan(form{}, f, err)
	}
	return p.done(to("operator", "prices", "plans", id), "house.plan-named")
}

func (p *page) removePlan() error {
	if err := p.api.Once(p.form().Key()).RemovePlan(p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, to("operator", "prices", "plans", p.r.PathValue("id")))
	}
	return p.done(to("operator", "prices", "plans"), "house.plan-removed")
}
