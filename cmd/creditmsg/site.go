package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"creditmsg/internal/server"
)

// siteVerb works on tenants.
type siteVerb struct {
	Create   siteCreate   `cmd:"" help:"Make a site with its credit account."`
	List     siteList     `cmd:"" help:"List the sites."`
	Show     siteShow     `cmd:"" help:"Show a site and what it can send by."`
	Price    sitePrice    `cmd:"" help:"Set what a site pays, now or from a time to come."`
	Profile  siteProfile  `cmd:"" help:"Show or set whom papers are made out to."`
	Plan     sitePlan     `cmd:"" help:"Give a site a plan, now or from a time to come."`
	Recharge siteRecharge `cmd:"" help:"Show or set when and how a site is recharged by itself."`
	Levels   siteLevels   `cmd:"" help:"Show or set the levels of credit at which a site is told."`
	Alerts   siteAlerts   `cmd:"" help:"Show or set who is told what of a site's money and messages."`
	Rules    siteRules    `cmd:"" help:"Show or set what a site's messages go by."`
	Caps     siteCaps     `cmd:"" help:"Show or set how much a site may send in a day and a month."`
	Limits   siteLimits   `cmd:"" help:"Show or set how much a site may do in a minute and a day."`
	Weight   siteWeight   `cmd:"" help:"Set a site's part of the sending when several have much to send."`
	Suspend  siteSuspend  `cmd:"" help:"Stop a site from sending."`
	Resume   siteResume   `cmd:"" help:"Let a suspended site send again."`
	Forget   siteForget   `cmd:"" help:"Have a site forget a number, or list what it forgot."`
	Keep     siteKeep     `cmd:"" help:"Show or set how long a site keeps whom its messages went to."`
	Erase    siteErase    `cmd:"" help:"Erase a site for good; its ledger stays."`
}

type siteCreate struct {
	ID    string            `arg:"" help:"Slug of the site: small letters, digits and -, such as my-shop."`
	Name  string            `required:"" placeholder:"NAME" help:"What people call it."`
	Price map[string]string `mapsep:"," placeholder:"CHANNEL=WON,…" help:"Prices that differ from the plan's and the installation's, such as sms=18,lms=45."`
	Plan  string            `placeholder:"ID" help:"The plan that the site pays by."`
	database
}

// Run creates the site.
func (v *siteCreate) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		made, err := p.CreateSite(ctx, server.NewSite{ID: v.ID, Name: v.Name, Prices: v.Price, Plan: v.Plan})
		if err != nil {
			return nil, nil, err
		}
		return made, func(t *table) { showSite(t, made) }, nil
	})
}

func showSite(t *table, s server.Site) {
	t.row("site", s.ID+" ("+s.Name+")")
	t.row("state", s.State)
	t.row("weight", s.Weight)
	t.row("available", wonOf(s.Available))
	t.row("held", wonOf(s.Held))
	t.row("plan", planName(s.Plan))
	t.row("prices", listed(s.Prices))
}

// listed says what each channel costs, in the order in which prices are written.
func listed(prices server.Prices) string {
	var parts []string
	for i, name := range []string{"alimtalk", "sms", "lms", "mms"} {
		parts = append(parts, fmt.Sprintf("%s %s", name, wonOf(prices[i])))
	}
	return strings.Join(parts, ", ")
}

type siteList struct{ database }

// Run lists the sites.
func (v *siteList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		all, err := p.Sites(ctx)
		if err != nil {
			return nil, nil, err
		}
		return all, func(t *table) {
			t.row("SITE", "STATE", "AVAILABLE", "HELD", "NAME")
			for _, one := range all.Data {
				t.row(one.ID, one.State, wonOf(one.Available), wonOf(one.Held), one.Name)
			}
		}, nil
	})
}

type siteShow struct {
	ID string `arg:"" help:"The site."`
	database
}

// Run shows the site.
func (v *siteShow) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		found, err := p.Site(ctx, v.ID)
		if err != nil {
			return nil, nil, err
		}
		return found, func(t *table) { showParts(t, found) }, nil
	})
}

func showParts(t *table, s server.SiteDetail) {
	showSite(t, s.Site)
	showPeriods(t, s.PriceHistory)
	for _, one := range s.Senders {
		state := one.State
		if one.Default {
			state += ", default"
		}
		t.row("sender", one.Number+" ("+state+")")
	}
	for _, one := range s.Channels {
		t.row("channel", one.Name+" ("+each(slices.Sorted(maps.Keys(one.Providers)))+")")
	}
	for _, one := range s.Templates {
		t.row("template", one.Code+" ("+one.State+", "+one.Channel+", "+each(slices.Sorted(maps.Keys(one.Providers)))+")")
	}
}

type sitePrice struct {
	ID    string            `arg:"" help:"The site, or installation for all that have no price of their own."`
	Price map[string]string `required:"" mapsep:"," placeholder:"CHANNEL=WON,…" help:"What changes, such as sms=18,lms=none; none leaves it to the plan and the installation."`
	Since string            `placeholder:"TIME" help:"From when on: 2026-12-01 09:00 in Korean time, or RFC 3339; otherwise from now."`
	database
}

// Run sets the prices.
func (v *sitePrice) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		set, err := p.SetPrices(ctx, v.ID, v.Price, v.Since)
		if err != nil {
			return nil, nil, err
		}
		return set, func(t *table) {
			t.say("%s pays from %s on: %s", v.ID, minute(set.Since), listed(set.Prices))
		}, nil
	})
}

type sitePlan struct {
	ID    string `arg:"" help:"The site."`
	Plan  string `arg:"" help:"The plan, or none."`
	Since string `placeholder:"TIME" help:"From when on: 2026-12-01 09:00 in Korean time, or RFC 3339; otherwise from now. What was planned for later is forgotten."`
	database
}

// Run gives the site the plan.
func (v *sitePlan) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		set, err := p.AssignPlan(ctx, v.ID, v.Plan, v.Since)
		if err != nil {
			return nil, nil, err
		}
		return set, func(t *table) {
			t.say("%s has the plan %s from %s on, and pays: %s", v.ID, v.Plan, minute(set.Since), listed(set.Prices))
		}, nil
	})
}

type siteWeight struct {
	ID     string `arg:"" help:"The site."`
	Weight int    `arg:"" help:"1 to 100; 3 is served three times as often as 1, which all have at first."`
	database
}

// Run sets the weight.
func (v *siteWeight) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		set, err := p.WeighSite(ctx, v.ID, v.Weight)
		if err != nil {
			return nil, nil, err
		}
		return set, func(t *table) { t.say("%s weighs %d", set.ID, set.Weight) }, nil
	})
}

type siteSuspend struct {
	ID string `arg:"" help:"The site."`
	database
}

// Run suspends the site.
func (v *siteSuspend) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) { return changed(p.SuspendSite(ctx, v.ID)) })
}

type siteResume struct {
	ID string `arg:"" help:"The site."`
	database
}

// Run resumes the site.
func (v *siteResume) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) { return changed(p.ResumeSite(ctx, v.ID)) })
}

func changed(s server.Site, err error) (any, func(*table), error) {
	if err != nil {
		return nil, nil, err
	}
	return s, func(t *table) { t.say("%s is %s", s.ID, s.State) }, nil
}
