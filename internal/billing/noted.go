package billing

import (
	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// This file says what the audit log is told: of each state that a payment, a cancellation, a
// withdrawal, a request for a refund or a card comes to, and of what people set. Reasons, payers and accounts are sealed
// where they stand, and are not in it.

func notePayment(tx *db.Tx, p *row) error {
	return audit.Note(tx, audit.Change{Site: p.Site, Action: "payment." + string(p.State), Ref: p.text(), After: audit.Fields{
		"gateway": p.Gateway, "method": string(p.Method), "auto": p.Auto, "amount": p.Amount, "total": p.Total, "cancelled": p.Cancelled}})
}

func noteCancel(tx *db.Tx, c *cancelRow) error {
	return audit.Note(tx, audit.Change{Site: c.Site, Action: "cancellation." + string(c.State), Ref: c.ID.Text(id.Cancel), After: audit.Fields{
		"payment": c.Payment.Text(id.Payment), "amount": c.Amount, "total": c.Total, "by_hand": c.ByHand, "outside": c.Outside}})
}

// noteWithdrawal names both, who asked and who approved.
func noteWithdrawal(tx *db.Tx, w *withdrawalRow) error {
	c := audit.Change{Site: w.Site, Action: "withdrawal." + string(w.State), Ref: w.ID.Text(id.Withdrawal), AskedBy: w.Asker.noted(), After: audit.Fields{
		"amount": w.Amount, "fee": w.Fee, "total": w.Total, "returned": w.Returned}}
	if w.State.Granted() {
		c.ApprovedBy = w.Decider.noted()
	}
	return audit.Note(tx, c)
}

// noteRefund names both, who asked and who approved.
func noteRefund(tx *db.Tx, r *refundRow) error {
	c := audit.Change{Site: r.Site, Action: "refund_request." + string(r.State), Ref: r.ID.Text(id.RefundRequest), AskedBy: r.Asker.noted(),
		After: audit.Fields{"usage": r.Usage.Text(id.Usage), "amount": r.Amount}}
	if r.State == RefundApproved {
		c.ApprovedBy = r.Decider.noted()
	}
	return audit.Note(tx, c)
}

// noted is how an entry names a person: by his account, by the token, or by the name at the command line.
func (p Person) noted() string {
	switch {
	case !p.User.IsZero():
		return p.User.Text(id.User)
	case p.Token.IsZero():
		return p.Name
	}
	return p.Token.Text(id.Token)
}

func noteCard(tx *db.Tx, c *cardRow) error {
	return audit.Note(tx, audit.Change{Site: c.Site, Action: "payment_method." + string(c.State), Ref: c.ID.Text(id.Card), After: audit.Fields{"gateway": c.Gateway}})
}

func noteRule(tx *db.Tx, site, action string, was, now Rule) error {
	of := func(r Rule) audit.Fields {
		f := audit.Fields{"enabled": r.Enabled, "threshold": r.Threshold, "amount": r.Amount, "target": r.Target, "daily_cap": r.DailyCap, "monthly_cap": r.MonthlyCap, "payment_method": nil}
		if !r.Card.IsZero() {
			f["payment_method"] = r.Card.Text(id.Card)
		}
		return f
	}
	return audit.Note(tx, audit.Change{Site: site, Action: action, Ref: site, Before: of(was), After: of(now)})
}
