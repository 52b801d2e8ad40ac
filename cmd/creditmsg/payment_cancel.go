package main

import (
	"context"
	"errors"

	"creditmsg/internal/server"
)

type paymentCancel struct {
	onePayment
	Amount string `arg:"" optional:"" help:"Whole won of the payment's credit; without it all that is neither spent nor held."`
	Reason string `required:"" placeholder:"TEXT" help:"Why; the payer and the gateway read it."`
	ByHand bool   `help:"You transfer the money yourself; payment given-back says when."`
	Bank   string `placeholder:"CODE" help:"Of what was transferred, where it is given back to: the bank's code, such as 20." group:"Account"`
	Number string `placeholder:"NUMBER" help:"The account's number." group:"Account"`
	Holder string `placeholder:"NAME" help:"Whose account it is." group:"Account"`
	database
}

// Help is shown below the flags' own help.
func (paymentCancel) Help() string {
	return `The credit is out of the site's reach at once. A worker asks the gateway to give the money back, and if that never does, the credit is restored. A transfer to your own account is given back by hand.`
}

// Run cancels.
func (v *paymentCancel) Run(ctx context.Context, s *streams) error {
	if account := (v.Bank != "") == (v.Number != "") && (v.Bank != "") == (v.Holder != ""); !account {
		return usageError{"an account is named by --bank, --number and --holder together"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownCancel(p.CancelPayment(ctx, server.CancelPayment{Site: v.Site, Payment: v.ID, Amount: v.Amount, Reason: v.Reason, ByHand: v.ByHand,
			To: server.BankAccount{Bank: v.Bank, Number: v.Number, Holder: v.Holder}}))
	})
}

type paymentGivenBack struct {
	onePayment
	Cancel string `arg:"" help:"The cancellation: pcn_…"`
	database
}

// Run notes that the money was given back.
func (v *paymentGivenBack) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownCancel(p.PaymentGivenBack(ctx, v.Site, v.ID, v.Cancel))
	})
}

func shownCancel(c server.Cancellation, err error) (any, func(*table), error) {
	if err != nil {
		return nil, nil, err
	}
	return c, func(t *table) {
		t.row("cancelled", c.ID+" "+c.Status)
		t.row("credit", wonOf(c.Amount))
		t.row("given back", wonOf(c.Total)+", of it VAT "+wonOf(c.VAT))
		if c.Bonus > 0 {
			t.row("bonus", wonOf(c.Bonus)+" was taken back with it")
		}
		showCancelled(t, c)
	}, nil
}

type paymentCompare struct {
	Gateway string `arg:"" help:"The gateway, as configured."`
	Day     string `arg:"" help:"The Korean day, such as 2026-12-01."`
	database
}

var errDiffers = errors.New("the gateway and the payments here differ")

// Help is shown below the flags' own help.
func (paymentCompare) Help() string {
	return `Exit code 0: all agree. 1: something differs; what the gateway knows better is asked for by a worker. A server does this for the last two days by itself, once a day.`
}

// Run compares.
func (v *paymentCompare) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		c, err := p.ComparePayments(ctx, v.Gateway, v.Day)
		if err != nil {
			return nil, nil, err
		}
		if !c.OK {
			err = errDiffers
		}
		return c, func(t *table) {
			if c.OK {
				t.say("%s and the payments here agree about %s", v.Gateway, v.Day)
				return
			}
			showDifferences(t, c)
		}, err
	})
}

type paymentDifferences struct {
	Since string `placeholder:"DAY" help:"The Korean day, such as 2026-12-01; otherwise a week ago."`
	database
}

// Run shows the differences.
func (v *paymentDifferences) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		c, err := p.PaymentDifferences(ctx, v.Since)
		if err != nil {
			return nil, nil, err
		}
		return c, func(t *table) {
			t.say("%s compared, %s", count(int64(len(c.Days)), "day"), count(int64(len(c.Differences)), "difference"))
			if !c.OK {
				showDifferences(t, c)
			}
		}, nil
	})
}

// differing says what a kind of difference means, and what an operator does about it.
var differing = map[string]string{
	"not_ours":       "it moved money for an order that is not known here: was it made elsewhere with the same keys?",
	"not_credited":   "it took money that became no credit; it is being asked about",
	"not_at_gateway": "it does not have what was credited here: ask it, and correct with credit add",
	"other_amount":   "it took or gave back another amount; it is being asked about",
}

func showDifferences(t *table, c server.Comparison) {
	t.row("DAY", "GATEWAY", "SITE", "ORDER", "HERE", "THERE", "WHAT")
	for _, d := range c.Differences {
		site := "-"
		if d.Site != nil {
			site = *d.Site
		}
		t.row(d.Day, d.Gateway, site, d.Order, wonOf(d.Ours), wonOf(d.Theirs), d.Kind+": "+differing[d.Kind])
	}
}
