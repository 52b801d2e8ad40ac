package main

import (
	"context"

	"creditmsg/internal/server"
)

// paymentVerb works on what sites pay.
type paymentVerb struct {
	List          paymentList          `cmd:"" help:"List payments, the newest first."`
	Show          paymentShow          `cmd:"" help:"Show a payment and what was given back of it."`
	Arrived       paymentArrived       `cmd:"" help:"Say that a transfer has come to your own account: it becomes credit."`
	Ask           paymentAsk           `cmd:"" help:"Have a worker ask the gateway now how a payment stands."`
	Cancel        paymentCancel        `cmd:"" help:"Take credit of a payment back and give its money back."`
	GivenBack     paymentGivenBack     `cmd:"" help:"Say that you have transferred what was to be given back by hand."`
	Methods       paymentMethods       `cmd:"" help:"List the cards that a site has left for later charges."`
	Compare       paymentCompare       `cmd:"" help:"Hold what a gateway moved on a day against the payments here, now."`
	Differences   paymentDifferences   `cmd:"" help:"Show what the daily comparisons with gateways found."`
	Receipt       paymentReceipt       `cmd:"" help:"Write the receipt of a payment."`
	ReceiptIssued paymentReceiptIssued `cmd:"" help:"Say that you have issued the cash receipt of a transfer yourself."`
}

type paymentList struct {
	Site   string `arg:"" optional:"" help:"The site."`
	All    bool   `help:"Of all sites."`
	Status string `enum:",created,requesting,waiting_for_deposit,unknown,paid,declined,failed,partially_cancelled,cancelled" default:"" placeholder:"STATUS" help:"Only those that are created, requesting, waiting_for_deposit, unknown, paid, declined, failed, partially_cancelled or cancelled."`
	Limit  int    `default:"50" placeholder:"50" help:"How many, of the newest; 1000 at most."`
	database
}

// Run lists the payments.
func (v *paymentList) Run(ctx context.Context, s *streams) error {
	if (v.Site == "") != v.All {
		return usageError{"name a site, or all of them with --all"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Payments(ctx, server.PaymentFilter{Site: v.Site, Status: v.Status, Limit: v.Limit})
		if err != nil {
			return nil, nil, err
		}
		return list, func(t *table) {
			t.row("ID", "SITE", "STATUS", "GATEWAY", "METHOD", "AMOUNT", "TOTAL", "BEGUN")
			for _, one := range list.Data {
				t.row(one.ID, one.Site, one.Status, one.Gateway, one.Method, wonOf(one.Amount), wonOf(one.Total), minute(one.CreatedAt))
			}
		}, nil
	})
}

type paymentShow struct {
	onePayment
	database
}

// onePayment names a payment.
type onePayment struct {
	Site string `arg:"" help:"The site."`
	ID   string `arg:"" help:"The payment: pay_…"`
}

// Run shows the payment.
func (v *paymentShow) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) { return shownPayment(p.Payment(ctx, v.Site, v.ID)) })
}

type paymentArrived struct {
	onePayment
	database
}

// Run books the transfer.
func (v *paymentArrived) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownPayment(p.PaymentArrived(ctx, v.Site, v.ID))
	})
}

func shownPayment(one server.Payment, err error) (any, func(*table), error) {
	if err != nil {
		return nil, nil, err
	}
	return one, func(t *table) { showPayment(t, one) }, nil
}

func showPayment(t *table, p server.Payment) {
	t.row("payment", p.ID+" of "+p.Site)
	t.row("status", p.Status)
	t.row("gateway", p.Gateway+", "+p.Method)
	t.row("credit", wonOf(p.Amount))
	t.row("charged", wonOf(p.Total)+", of it VAT "+wonOf(p.VAT))
	if p.Bonus > 0 {
		t.row("bonus", wonOf(p.Bonus))
	}
	if p.Returned > 0 {
		t.row("given back", wonOf(p.Returned)+", credit "+wonOf(p.Cancelled))
	}
	if p.Automatic {
		t.row("", "a recharge by the site's rule")
	}
	showReason(t, p.Reason)
	if p.Means != "" {
		t.row("means", p.Means)
	}
	if p.ReceiptURL != "" {
		t.row("receipt", p.ReceiptURL)
	}
	if p.CashReceipt != nil {
		showCashReceipt(t, p)
	}
	t.row("begun", minute(p.CreatedAt))
	if p.PaidAt != nil {
		t.row("paid", minute(*p.PaidAt))
	}
	for _, c := range p.Cancellations {
		t.row("cancelled", c.ID+" "+c.Status+": "+wonOf(c.Total)+", credit "+wonOf(c.Amount)+", "+minute(c.CreatedAt)+", "+c.Reason)
		showCancelled(t, c)
	}
}

func showReason(t *table, r *server.PaymentReason) {
	if r == nil {
		return
	}
	text := r.TextEn
	if r.GatewayCode != "" {
		text += " (" + r.GatewayCode + ")"
	}
	t.row("reason", text)
}

// showCancelled tells what is left to do or to know of a cancellation.
func showCancelled(t *table, c server.Cancellation) {
	if c.To != nil {
		t.row("", "to bank "+c.To.Bank+", "+c.To.Number+", "+c.To.Holder)
	}
	if c.Owed > 0 {
		t.row("", wonOf(c.Owed)+" of it was spent already, and is owed")
	}
	switch c.Status {
	case "transfer":
		t.row("", "transfer "+wonOf(c.Total)+" to the payer, and then say: creditmsg payment given-back "+c.Site+" "+c.PaymentID+" "+c.ID)
	case "requested":
		t.row("", "a worker asks the gateway for it; creditmsg payment show tells how it ended")
	}
	showReason(t, c.Refusal)
}

type paymentAsk struct {
	onePayment
	database
}

// Run has the payment asked for.
func (v *paymentAsk) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.AskPayment(ctx, v.Site, v.ID)
		if err != nil {
			return nil, nil, err
		}
		return one, func(t *table) {
			t.say("a worker asks %s about %s, which is %s; creditmsg payment show tells what it said", one.Gateway, one.ID, one.Status)
		}, nil
	})
}

type paymentMethods struct {
	Site string `arg:"" help:"The site."`
	database
}

// Run lists the cards.
func (v *paymentMethods) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.PaymentMethods(ctx, v.Site)
		if err != nil {
			return nil, nil, err
		}
		return list, func(t *table) {
			t.row("ID", "STATUS", "GATEWAY", "CARD", "SINCE")
			for _, one := range list.Data {
				t.row(one.ID, one.Status, one.Gateway, one.Label, minute(one.CreatedAt))
			}
		}, nil
	})
}
