package main

import (
	"context"
	"os/user"

	"creditmsg/internal/server"
)

// withdrawalVerb works on unused paid credit that sites want back.
type withdrawalVerb struct {
	List    withdrawalList    `cmd:"" help:"List withdrawals, the newest first."`
	Show    withdrawalShow    `cmd:"" help:"Show a withdrawal and what became of it."`
	Request withdrawalRequest `cmd:"" help:"Ask in a site's place for its unused paid credit to be given back."`
	Approve withdrawalApprove `cmd:"" help:"Take the credit of a withdrawal and give its money back."`
	Reject  withdrawalReject  `cmd:"" help:"Refuse a withdrawal, with a reason that the site reads."`
}

type withdrawalList struct {
	Site   string `arg:"" optional:"" help:"The site."`
	All    bool   `help:"Of all sites."`
	Status string `enum:",requested,approved,done,partially_done,failed,rejected,cancelled" default:"" placeholder:"STATUS" help:"Only those that are requested, approved, done, partially_done, failed, rejected or cancelled."`
	Limit  int    `default:"50" placeholder:"50" help:"How many, of the newest; 1000 at most."`
	database
}

// Run lists the withdrawals.
func (v *withdrawalList) Run(ctx context.Context, s *streams) error {
	if (v.Site == "") != v.All {
		return usageError{"name a site, or all of them with --all"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Withdrawals(ctx, server.WithdrawalFilter{Site: v.Site, Status: v.Status, Limit: v.Limit})
		if err != nil {
			return nil, nil, err
		}
		return list, func(t *table) {
			t.row("ID", "SITE", "STATUS", "CREDIT", "FEE", "GIVEN BACK", "OF", "ASKED")
			for _, one := range list.Data {
				t.row(one.ID, one.Site, one.Status, wonOf(one.Amount), wonOf(one.Fee), wonOf(one.Returned), wonOf(one.Total), minute(one.CreatedAt))
			}
		}, nil
	})
}

// oneWithdrawal names a withdrawal.
type oneWithdrawal struct {
	Site string `arg:"" help:"The site."`
	ID   string `arg:"" help:"The withdrawal: wdr_…"`
}

type withdrawalShow struct {
	oneWithdrawal
	database
}

// Run shows the withdrawal.
func (v *withdrawalShow) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownWithdrawal(p.Withdrawal(ctx, v.Site, v.ID))
	})
}

func shownWithdrawal(w server.Withdrawal, err error) (any, func(*table), error) {
	if err != nil {
		return nil, nil, err
	}
	return w, func(t *table) { showWithdrawal(t, w) }, nil
}

func showWithdrawal(t *table, w server.Withdrawal) {
	t.row("withdrawal", w.ID+" of "+w.Site)
	t.row("status", w.Status)
	t.row("credit", wonOf(w.Amount))
	if w.Fee > 0 {
		t.row("fee", wonOf(w.Fee)+" of it")
	}
	if w.FeeReturned > 0 {
		t.row("", wonOf(w.FeeReturned)+" of the fee went back, for what gateways refused")
	}
	t.row("given back", wonOf(w.Returned)+" of "+wonOf(w.Total)+", with VAT")
	t.row("reason", w.Reason)
	if w.To != nil {
		t.row("to", "bank "+w.To.Bank+", "+w.To.Number+", "+w.To.Holder)
	}
	t.row("asked", minute(w.CreatedAt)+" by "+w.AskedBy)
	if w.DecidedAt != nil {
		t.row("decided", minute(*w.DecidedAt)+" by "+*w.DecidedBy)
	} else {
		t.row("", "it waits for a decision: creditmsg withdrawal approve "+w.Site+" "+w.ID+", or reject")
	}
	if w.Decision != "" {
		t.row("because", w.Decision)
	}
	for _, c := range w.Cancellations {
		t.row("payment", c.PaymentID+" "+c.Status+": "+wonOf(c.Total)+", credit "+wonOf(c.Amount))
		showCancelled(t, c)
	}
}

// decider says who asks or decides.
type decider struct {
	By string `placeholder:"NAME" help:"Who you are; it is recorded. Without it your account on this machine."`
}

func (d decider) name() string {
	if d.By != "" {
		return d.By
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "operator"
}

type withdrawalRequest struct {
	Site   string `arg:"" help:"The site."`
	Amount string `arg:"" optional:"" help:"Whole won of credit; without it all that can be withdrawn."`
	Reason string `required:"" placeholder:"TEXT" help:"Why; who decides, the payer and the gateway read it."`
	Bank   string `placeholder:"CODE" help:"Where what cannot go back the way it came is transferred to: the bank's code, such as 20." group:"Account"`
	Number string `placeholder:"NUMBER" help:"The account's number." group:"Account"`
	Holder string `placeholder:"NAME" help:"Whose account it is." group:"Account"`
	decider
	database
}

// Run asks for it.
func (v *withdrawalRequest) Run(ctx context.Context, s *streams) error {
	if account := (v.Bank != "") == (v.Number != "") && (v.Bank != "") == (v.Holder != ""); !account {
		return usageError{"an account is named by --bank, --number and --holder together"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownWithdrawal(p.RequestWithdrawal(ctx, server.NewWithdrawal{Site: v.Site, Amount: v.Amount, Reason: v.Reason, By: v.name(),
			To: server.BankAccount{Bank: v.Bank, Number: v.Number, Holder: v.Holder}}))
	})
}

type withdrawalApprove struct {
	oneWithdrawal
	decider
	database
}

// Help is shown below the flags' own help.
func (withdrawalApprove) Help() string {
	return `All of the credit is taken from the newest payments and a worker asks their gateways, or nothing is. Whoever asked cannot approve; you are another person than any token, and what was asked for at a command line takes another name there.`
}

// Run approves it.
func (v *withdrawalApprove) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownWithdrawal(p.ApproveWithdrawal(ctx, v.Site, v.ID, v.name()))
	})
}

type withdrawalReject struct {
	oneWithdrawal
	Reason string `required:"" placeholder:"TEXT" help:"Why; the site reads it."`
	decider
	database
}

// Run rejects it.
func (v *withdrawalReject) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownWithdrawal(p.RejectWithdrawal(ctx, v.Site, v.ID, v.name(), v.Reason))
	})
}
