package server

import (
	"cmp"
	"context"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// Plan is a price list that sites share.
type Plan struct {
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	CreatedAt    time.Time     `json:"created_at"`
	Sites        int           `json:"sites"`    // that have it, or will
	Complete     bool          `json:"complete"` // whether all of them go by its newest prices already
	PriceHistory []PricePeriod `json:"price_history"`
}

// PlanTerm says that a site has a plan from a time on.
type PlanTerm struct {
	Plan  *string   `json:"plan"` // null = none
	Since time.Time `json:"since"`
}

func planOf(p credit.Plan, now db.Time) Plan {
	return Plan{ID: p.ID, Name: p.Name, CreatedAt: p.CreatedAt.Time(), Sites: p.Sites, Complete: !p.Behind, PriceHistory: periodsOf(p.Prices, now)}
}

// CreatePlan makes a plan with the prices of some channels. Faults: Invalid, Conflict.
func (p *Operator) CreatePlan(ctx context.Context, id, name string, prices map[string]string) (made Plan, err error) {
	first, err := firstPrices(prices)
	if err != nil {
		return Plan{}, err
	}
	return p.changePlan(ctx, id, func(tx *db.Tx) error { return credit.CreatePlan(tx, id, name, first) })
}

// SetPlanPrices sets what some channels cost by a plan: from since on, or from now on when it
// is "". An amount of none takes the channel out of the plan. Sites beyond the first
// hundred follow when a running server comes to them. Faults: Invalid, NotFound.
func (p *Operator) SetPlanPrices(ctx context.Context, id string, prices map[string]string, since string) (Plan, error) {
	own, drop, err := parsePrices(prices)
	if err != nil {
		return Plan{}, err
	}
	at, err := parseSince(since)
	if err != nil {
		return Plan{}, err
	}
	return p.changePlan(ctx, id, func(tx *db.Tx) error { return p.ledger.SetPlanPrices(tx, id, own, at, drop...) })
}

// changePlan makes a change and gives the plan after it.
func (p *Operator) changePlan(ctx context.Context, id string, change func(tx *db.Tx) error) (after Plan, err error) {
	err = p.d.Update(ctx, "operator_change_plan", func(tx *db.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		found, err := credit.FindPlan(tx, id)
		after = planOf(found, tx.Now)
		return err
	})
	return after, err
}

// Plan gives one plan. NotFound.
func (p *Operator) Plan(ctx context.Context, id string) (shown Plan, err error) {
	err = p.d.Snapshot(ctx, "operator_plan", func(tx *db.Tx) error {
		found, err := credit.FindPlan(tx, id)
		shown = planOf(found, tx.Now)
		return err
	})
	return shown, err
}

// Plans gives all plans by their ids.
func (p *Operator) Plans(ctx context.Context) (all List[Plan], err error) {
	err = p.d.Snapshot(ctx, "operator_plans", func(tx *db.Tx) error {
		all = List[Plan]{Data: []Plan{}}
		for after := ""; ; {
			page, err := credit.Plans(tx, after, pageSize)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, one := range page {
				all.Data = append(all.Data, planOf(one, tx.Now))
				after = one.ID
			}
		}
	})
	return all, err
}

// AssignPlan gives a site a plan, or credit.NoPlan, from since on, or from now on when it is
// "". What was planned for later is forgotten. Faults: Invalid, NotFound.
func (p *Operator) AssignPlan(ctx context.Context, siteID, plan, since string) (l PriceList, err error) {
	at, err := parseSince(since)
	if err != nil {
		return l, err
	}
	switch plan {
	case "":
		return l, fault.Check("PLAN", "name a plan, or %s", credit.NoPlan)
	case credit.NoPlan:
		plan = ""
	}
	err = p.d.Update(ctx, "operator_assign_plan", func(tx *db.Tx) error {
		from := cmp.Or(at, tx.Now)
		if err := credit.AssignPlan(tx, siteID, plan, from); err != nil {
			return err
		}
		l = PriceList{Owner: siteID, Plan: named(plan), Since: from.Time()}
		l.Prices, err = credit.PricesAt(tx, siteID, from)
		return err
	})
	return l, err
}

// readPrices adds what a site pays and by which plans.
func (s *SiteDetail) readPrices(tx *db.Tx) error {
	all, err := credit.SitePrices(tx, s.ID)
	if err != nil {
		return err
	}
	s.PriceHistory = periodsOf(all, tx.Now)
	terms, err := credit.SitePlans(tx, s.ID)
	s.Plans = []PlanTerm{}
	for _, t := range terms {
		s.Plans = append(s.Plans, PlanTerm{named(t.Plan), t.Since.Time()})
	}
	return err
}
