package main

import (
	"context"

	"creditmsg/internal/server"
)

type siteRecharge struct {
	ID         string  `arg:"" help:"The site."`
	Threshold  *string `placeholder:"WON" help:"A recharge starts when less than this is available."`
	Amount     *string `placeholder:"WON" xor:"brings" help:"Credit that each recharge brings."`
	Target     *string `placeholder:"WON" xor:"brings" help:"Or: each recharge fills up to this."`
	Method     *string `placeholder:"ID" help:"The card that is charged first, of payment methods; \"\" is the site's first."`
	DailyCap   *string `placeholder:"WON" help:"Of the credit that recharges bring on a Korean day; 0 = none."`
	MonthlyCap *string `placeholder:"WON" help:"The same of a month."`
	On         bool    `xor:"switch" help:"Switch it on again as it was."`
	Off        bool    `xor:"switch" help:"Switch it off; the rest is kept for the next time."`
	database
}

// Help is shown below the flags' own help.
func (siteRecharge) Help() string {
	return `Without flags the automatic recharge is shown. What a flag does not name stays as it is; a change switches it on, and forgets earlier declines.`
}

// Run shows the rule, after the change if there is one.
func (v *siteRecharge) Run(ctx context.Context, s *streams) error {
	c := server.RechargeChange{Off: v.Off, Threshold: v.Threshold, Amount: v.Amount, Target: v.Target, Method: v.Method, DailyCap: v.DailyCap, MonthlyCap: v.MonthlyCap}
	change := &c
	switch said := c != (server.RechargeChange{Off: v.Off}); {
	case v.Off && said:
		return usageError{"--off goes with no other change"}
	case !v.Off && !v.On && !said:
		change = nil
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		r, err := p.Recharge(ctx, v.ID, change)
		if err != nil {
			return nil, nil, err
		}
		return r, func(t *table) { showRecharge(t, r) }, nil
	})
}

func showRecharge(t *table, r server.Recharge) {
	if !r.Enabled && r.Amount == nil && r.Target == nil {
		t.say("%s is not recharged by itself", r.Site)
		return
	}
	t.row("recharge", map[bool]string{true: "on", false: "off"}[r.Enabled])
	t.row("threshold", wonOf(r.Threshold))
	if r.Amount != nil {
		t.row("amount", wonOf(r.Amount))
	}
	if r.Target != nil {
		t.row("fills up to", wonOf(r.Target))
	}
	if r.DailyCap != nil {
		t.row("daily cap", wonOf(r.DailyCap))
	}
	if r.MonthlyCap != nil {
		t.row("monthly cap", wonOf(r.MonthlyCap))
	}
	if r.MethodID != nil {
		t.row("method", *r.MethodID)
	}
	if r.PaymentID != nil {
		t.row("under way", *r.PaymentID)
	}
	t.row("declines", r.Declines)
	if r.PausedTill != nil {
		t.row("paused", "until "+minute(*r.PausedTill))
	}
}

// siteLevels shows or sets at which levels of credit a site is told.
type siteLevels struct {
	ID     string   `arg:"" help:"The site."`
	Levels []string `arg:"" optional:"" name:"level" help:"Won of available credit, such as 20000; five at most. Without one they are shown."`
	None   bool     `help:"Tell nobody."`
	database
}

// Run shows the levels, after the change if there is one.
func (v *siteLevels) Run(ctx context.Context, s *streams) error {
	set := v.Levels
	switch {
	case v.None && len(set) > 0:
		return usageError{"name levels, or --none"}
	case v.None:
		set = []string{}
	case len(set) == 0:
		set = nil
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		l, err := p.Levels(ctx, v.ID, set)
		if err != nil {
			return nil, nil, err
		}
		return l, func(t *table) {
			if len(l.Levels) == 0 {
				t.say("nobody of %s is told when its credit runs low", l.Site)
			}
			for _, one := range l.Levels {
				t.say("told below %s", wonOf(one))
			}
		}, nil
	})
}
