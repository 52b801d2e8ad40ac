package main

import (
	"context"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/server"
)

// planVerb works on price lists that sites share.
type planVerb struct {
	Create planCreate `cmd:"" help:"Make a plan."`
	List   planList   `cmd:"" help:"List the plans."`
	Show   planShow   `cmd:"" help:"Show a plan and its prices, past and planned."`
	Price  planPrice  `cmd:"" help:"Set what its sites pay, now or from a time to come."`
}

type planCreate struct {
	ID    string            `arg:"" help:"Slug of the plan: small letters, digits and -, such as gold."`
	Name  string            `required:"" placeholder:"NAME" help:"What people call it."`
	Price map[string]string `mapsep:"," placeholder:"CHANNEL=WON,…" help:"Prices that differ from the installation's, such as sms=18,lms=45."`
	database
}

// Run creates the plan.
func (v *planCreate) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownPlan(p.CreatePlan(ctx, v.ID, v.Name, v.Price))
	})
}

type planShow struct {
	ID string `arg:"" help:"The plan."`
	database
}

// Run shows the plan.
func (v *planShow) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownPlan(p.Plan(ctx, v.ID))
	})
}

type planPrice struct {
	ID    string            `arg:"" help:"The plan."`
	Price map[string]string `required:"" mapsep:"," placeholder:"CHANNEL=WON,…" help:"What changes, such as sms=18,lms=none; none leaves it to the installation."`
	Since string            `placeholder:"TIME" help:"From when on: 2026-12-01 09:00 in Korean time, or RFC 3339; otherwise from now."`
	database
}

// Run sets the prices.
func (v *planPrice) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownPlan(p.SetPlanPrices(ctx, v.ID, v.Price, v.Since))
	})
}

func shownPlan(plan server.Plan, err error) (any, func(*table), error) {
	if err != nil {
		return nil, nil, err
	}
	return plan, func(t *table) {
		t.row("plan", plan.ID+" ("+plan.Name+")")
		t.row("sites", plan.Sites)
		if !plan.Complete {
			t.row("", "some do not go by its newest prices yet: a running server brings them there")
		}
		showPeriods(t, plan.PriceHistory)
	}, nil
}

type planList struct{ database }

// Run lists the plans.
func (v *planList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		all, err := p.Plans(ctx)
		if err != nil {
			return nil, nil, err
		}
		return all, func(t *table) {
			t.row("PLAN", "SITES", "NAME")
			for _, one := range all.Data {
				t.row(one.ID, one.Sites, one.Name)
			}
		}, nil
	})
}

// showPeriods shows prices, past and planned, with whose list they come from.
func showPeriods(t *table, all []server.PricePeriod) {
	for _, p := range all {
		text := p.Channel + " " + wonOf(p.UnitPrice) + ", " + p.State
		if p.From != nil {
			text += " from " + minute(*p.From)
		}
		if p.Until != nil {
			text += " until " + minute(*p.Until)
		}
		from := p.Layer
		if p.Plan != nil {
			from += " " + *p.Plan
		}
		t.row("price", text+" ("+from+")")
	}
}

// planName gives the name of a plan, or none.
func planName(plan *string) string {
	if plan == nil {
		return "none"
	}
	return *plan
}

// minute shows a time for people, in Korean time.
func minute(t time.Time) string { return t.In(korea.Seoul).Format("2006-01-02 15:04") }
