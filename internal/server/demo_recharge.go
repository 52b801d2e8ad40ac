package server

import (
	"context"
	"fmt"
	"net/url"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

const (
	demoRich = "demo-rich"
	demoCard = "4330123412341234"
)

// RechargeDemo leaves a made-up card with the simulated gateway and lets the demo's richest
// site recharge itself by it, 50,000 won below 10,000. A rule that somebody changed is kept,
// and one that is off stays off. The simulated gateway forgets its cards when it stops, so
// this belongs to every start, once the doors are served.
func (p *Program) RechargeDemo(ctx context.Context) error {
	var st billing.Standing
	var known bool
	var old []billing.Card
	err := p.d.View(ctx, "demo_recharge", func(tx *db.Tx) (err error) {
		if st, known, err = p.billing.RuleOf(tx, demoRich); err == nil {
			old, err = p.billing.Cards(tx, demoRich)
		}
		return err
	})
	if err != nil || known && !st.Enabled {
		return err
	}
	rule := st.Rule
	if !known {
		rule = billing.Rule{Enabled: true, Threshold: 10_000 * money.Won, Amount: 50_000 * money.Won}
	}
	if rule.Card, err = p.leaveDemoCard(ctx); err != nil {
		return fmt.Errorf("leave the demo's card with the simulated gateway: %w", err)
	}
	return p.d.Update(ctx, "demo_recharge", func(tx *db.Tx) error {
		if _, err := p.billing.SetRule(tx, demoRich, rule); err != nil {
			return err
		}
		for _, c := range old {
			if err := p.billing.RemoveCard(tx, demoRich, c.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *Program) leaveDemoCard(ctx context.Context) (id.ID, error) {
	c, err := p.billing.BeginCard(ctx, billing.CardRequest{Site: demoRich, Gateway: "toss", ReturnURL: p.URL() + "/docs",
		Back: func(card string) string { return p.URL() + "/payment-methods/" + card + "/return" }})
	if err != nil {
		return id.ID{}, err
	}
	if c.Checkout == nil {
		return id.ID{}, fault.New(fault.Upstream, fault.CodeUpstream, "the simulated gateway opens no window")
	}
	back, err := url.Parse(p.till.Pay(c.Checkout.URL, demoCard))
	if err != nil {
		return id.ID{}, err
	}
	c, err = p.billing.FinishCard(ctx, c.ID.Text(id.Card), back.Query())
	if err == nil && c.State != billing.CardActive {
		err = fault.New(fault.Upstream, fault.CodeUpstream, "the simulated gateway did not take the card: %s", c.Reason.English())
	}
	return c.ID, err
}
