package credit

import (
	"fmt"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// This file says what the audit log is told of what people do to prices, plans, caps and
// credit. What messages hold and spend, and what gateways bring, is in the ledger alone; and so
// is a reason, which is free text and sealed there.

// noteAdded tells of credit that somebody gave or took by hand: no payment stands behind it.
func noteAdded(tx *db.Tx, e Entry, t TopUp) error {
	if t.Ref != "" {
		return nil
	}
	return audit.Note(tx, audit.Change{Site: t.Site, Action: "credit.added", Ref: fmt.Sprint(e.Seq), After: audit.Fields{"kind": string(t.Kind), "amount": t.Amount, "expires_at": t.ExpiresAt}})
}

func noteRefund(tx *db.Tx, r RefundRequest, made Refunded) error {
	return audit.Note(tx, audit.Change{Site: r.Site, Action: "usage.refunded", Ref: r.Usage.Text(id.Usage), After: audit.Fields{
		"refund": made.ID.Text(id.Refund), "message": made.Message.Text(id.Message), "channel": made.Channel.String(), "amount": made.Amount}})
}

// priced is what a list names, as an entry tells it.
func priced(cost money.Amount) any {
	if cost == none {
		return nil
	}
	return cost
}

// notePrices tells what changes of a list from a time on, before its rows are written. site is
// whose log it stands in, and ref the list.
func notePrices(tx *db.Tx, c audit.Change, owner string, p map[provider.Channel]money.Amount, since db.Time, drop []provider.Channel) error {
	q, lists := askLists(tx, []string{owner})
	if err := tx.Ask(q); err != nil {
		return fmt.Errorf("read prices of %q: %w", owner, err)
	}
	if since == 0 {
		since = tx.Now
	}
	was := lists.byOwner[owner].at(since)
	c.Before, c.After = audit.Fields{}, audit.Fields{}
	for ch, cost := range p {
		if ch < provider.Channels { // others are refused
			c.Before[ch.String()], c.After[ch.String()] = priced(was[ch]), cost
		}
	}
	for _, ch := range drop {
		if ch < provider.Channels {
			c.Before[ch.String()], c.After[ch.String()] = priced(was[ch]), nil
		}
	}
	if since > tx.Now {
		c.After["since"] = since
	}
	return audit.Note(tx, c)
}

// siteOrAll names a list of prices: that of a site, or of the installation.
func siteOrAll(owner string) string {
	if owner == "" {
		return "installation"
	}
	return owner
}

func notePlan(tx *db.Tx, action, plan string, was, now audit.Fields) error {
	return audit.Note(tx, audit.Change{Action: action, Ref: plan, Before: was, After: now})
}

// noteCaps tells of a site's own caps, or of the operator's bounds.
func noteCaps(tx *db.Tx, siteID, layer string, was Caps, now Amounts) error {
	before, after := audit.Fields{}, audit.Fields{}
	written := func(c Cap, n int64) any {
		if n == 0 {
			return nil
		}
		return c.Written(n)
	}
	for i, s := range was.States {
		old, name := s.Own, string(s.Kind)+"_"+string(s.Period)
		if layer == capsBound {
			old = s.Bound
		}
		before[name], after[name] = written(s.Cap, old), written(s.Cap, now[i])
	}
	action := "caps.updated"
	if layer == capsBound {
		action = "cap_bounds.updated"
	}
	return audit.Note(tx, audit.Change{Site: siteID, Action: action, Ref: siteID, Before: before, After: after})
}
