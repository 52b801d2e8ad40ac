package main

import (
	"context"
	"time"

	"creditmsg/internal/server"
)

type siteRules struct {
	ID              string         `arg:"" help:"The site."`
	OptOutNumber    *string        `placeholder:"NUMBER" help:"080 number to opt out of its advertising by; none = none."`
	DuplicateWindow *time.Duration `placeholder:"10m" help:"For how long the same words do not go to the same number again; 0 = they do."`
	database
}

// Run sets what is given, and shows what holds then.
func (v *siteRules) Run(ctx context.Context, s *streams) error {
	ch := server.SendingRulesChange{OptOutNumber: v.OptOutNumber, Window: v.DuplicateWindow}
	if v.OptOutNumber != nil && *v.OptOutNumber == "none" {
		ch.OptOutNumber = new(string)
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		r, err := p.Rules(ctx, v.ID, ch)
		if err != nil {
			return nil, nil, err
		}
		return r, func(t *table) {
			t.row("opt-out number", dashed(r.OptOutNumber))
			t.row("night", r.Night)
			t.row("duplicate window", (time.Duration(r.Window) * time.Second).String())
		}, nil
	})
}

func dashed(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

type siteCaps struct {
	ID              string `arg:"" help:"The site."`
	RecipientsDay   string `placeholder:"N" help:"Recipients on a Korean day; none = as many as it wants."`
	RecipientsMonth string `placeholder:"N" help:"Recipients in a Korean month."`
	WonDay          string `placeholder:"WON" help:"What messages of a day may cost."`
	WonMonth        string `placeholder:"WON" help:"What messages of a month may cost."`
	Bound           bool   `help:"Set what you allow the site at most, and not its own caps."`
	database
}

// Help is shown below the flags' own help.
func (siteCaps) Help() string {
	return `Without flags the caps are shown. What a flag does not name stays as it is. Messages count from
the first cap on; at 70, 90 and 100 % of a cap the site is told, once a period.`
}

// Run sets what is given, and shows what holds then.
func (v *siteCaps) Run(ctx context.Context, s *streams) error {
	ch := server.CapsChange{v.RecipientsDay, v.RecipientsMonth, v.WonDay, v.WonMonth}
	if v.Bound && ch == (server.CapsChange{}) {
		return usageError{"--bound says what the caps are that are set: name one"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		c, err := p.Caps(ctx, v.ID, ch, v.Bound)
		if err != nil {
			return nil, nil, err
		}
		return c, func(t *table) {
			t.row("OF", "IN A", "CAP", "BOUND", "USED", "UNTIL")
			for _, one := range c.Caps {
				used := one.Used
				if c.Since == nil {
					used = "-"
				}
				t.row(one.What, one.Period, dashed(one.Limit), dashed(one.Bound), used, minute(one.ResetsAt))
			}
		}, nil
	})
}
