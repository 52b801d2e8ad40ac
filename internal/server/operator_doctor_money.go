package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// What the doctor looks at about payments and prices.

const (
	stuckAfter  = time.Hour      // gateways say within minutes what became of a payment
	cancelAfter = 24 * time.Hour // and give back within a day
	planAfter   = 10 * time.Minute
	week        = 7 * 24 * time.Hour
)

// checkPayments finds what ended neither well nor badly for too long.
func (p *Operator) checkPayments(tx *db.Tx) ([]Check, error) {
	t, err := p.billing.Trouble(tx, billing.Since{Stuck: tx.Now.Add(-stuckAfter), Cancels: tx.Now.Add(-cancelAfter), Off: tx.Now.Add(-week)})
	if err != nil {
		return nil, err
	}
	compared, err := p.checkCompared(tx)
	if err != nil {
		return nil, err
	}
	return []Check{stuckPayments(t), stuckCancels(t), waitingWithdrawals(t), waitingRefunds(t), p.checkGateways(t), compared, stoppedRecharges(t)}, nil
}

func stuckPayments(t billing.Trouble) Check {
	if len(t.Stuck) == 0 {
		return Check{"payments", CheckOK, "no payment waits for its gateway's answer for long"}
	}
	first := t.Stuck[0]
	return Check{"payments", CheckWrong, fmt.Sprintf("%d payments are without an answer of their gateway for over an hour, the oldest %s of %s at %s; run: creditmsg payment ask %s %s",
		len(t.Stuck), first.ID.Text(id.Payment), first.Site, first.Gateway, first.Site, first.ID.Text(id.Payment))}
}

func stuckCancels(t billing.Trouble) Check {
	var asked, byHand []billing.Cancellation
	for _, c := range t.Cancels {
		if c.State == billing.CancelRequested {
			asked = append(asked, c)
		} else {
			byHand = append(byHand, c)
		}
	}
	switch {
	case len(asked) > 0:
		first := asked[0]
		return Check{"cancellations", CheckWrong, fmt.Sprintf("%d cancellations are asked for since over a day and not done, the oldest of %s; run: creditmsg payment ask %s %s, and look at the gateway's console",
			len(asked), first.Payment.Text(id.Payment), first.Site, first.Payment.Text(id.Payment))}
	case len(byHand) > 0:
		first := byHand[0]
		return Check{"cancellations", CheckNote, fmt.Sprintf("%d are yours to transfer since over a day, the oldest %s won; then run: creditmsg payment given-back %s %s %s",
			len(byHand), first.Total, first.Site, first.Payment.Text(id.Payment), first.ID.Text(id.Cancel))}
	}
	return Check{"cancellations", CheckOK, "no money is being given back for over a day"}
}

func (p *Operator) checkGateways(t billing.Trouble) Check {
	gone := slices.Sorted(maps.Keys(t.Gone))
	if len(gone) > 0 {
		var each []string
		for _, name := range gone {
			each = append(each, fmt.Sprintf("%s (%d)", name, len(t.Gone[name])))
		}
		return Check{"gateways", CheckWrong, "open payments are at gateways that are not configured: " + strings.Join(each, ", ") + "; put them back under payments.gateways until those have ended"}
	}
	var names []string
	for _, o := range p.billing.Offers("") {
		names = append(names, o.Gateway)
	}
	if len(names) == 0 {
		return Check{"gateways", CheckOK, "none is configured: sites cannot pay by themselves"}
	}
	return Check{"gateways", CheckOK, strings.Join(names, ", ")}
}

func (p *Operator) checkCompared(tx *db.Tx) (Check, error) {
	found, days, err := p.billing.Differences(tx, weekAgo(tx))
	if len(found) > 0 {
		return Check{"comparison", CheckWrong, fmt.Sprintf("%d payments of the last seven days differ from what their gateways have, the last on %s; run: creditmsg payment differences",
			len(found), found[len(found)-1].Day)}, err
	}
	return Check{"comparison", CheckOK, fmt.Sprintf("the compared days of the last seven (%d) agree with the gateways", len(days))}, err
}

func stoppedRecharges(t billing.Trouble) Check {
	if len(t.Off) == 0 {
		return Check{"recharge", CheckOK, "no automatic recharge was switched off by declines in the last week"}
	}
	return Check{"recharge", CheckNote, fmt.Sprintf("three declines switched the automatic recharge off in the last week: %s; once a card is good, run: creditmsg site recharge %s --on",
		strings.Join(t.Off, ", "), t.Off[0])}
}

// checkPlans finds plans whose newest prices stay away from some sites: nothing is working on
// them, though they have been in force for a while.
func (p *Operator) checkPlans(tx *db.Tx) (Check, error) {
	working, err := p.spreading(tx)
	if err != nil {
		return Check{}, err
	}
	var late []string
	plans := 0
	for after := ""; ; {
		page, err := credit.Plans(tx, after, pageSize)
		if err != nil {
			return Check{}, err
		}
		if len(page) == 0 {
			break
		}
		for _, one := range page {
			after = one.ID
			if plans++; one.Behind && !working && inForce(one, tx.Now) < tx.Now.Add(-planAfter) {
				late = append(late, one.ID)
			}
		}
	}
	if len(late) > 0 {
		return Check{"plans", CheckWrong, fmt.Sprintf("the newest prices of %s have not reached all sites; a running worker brings them there, or set the price once more: creditmsg plan price %s", strings.Join(late, ", "), late[0])}, nil
	}
	return Check{"plans", CheckOK, fmt.Sprintf("the sites of the plans (%d) go by their newest prices, or will in moments", plans)}, nil
}

// spreading reports whether a worker brings prices of plans to sites, or will within moments.
func (p *Operator) spreading(tx *db.Tx) (bool, error) {
	stats, err := p.queue.Stats(tx)
	for _, s := range stats {
		if s.Kind == credit.KindPlan && (s.Leased > 0 || s.Due > 0 && tx.Now.Sub(s.Oldest) < planAfter) {
			return true, err
		}
	}
	return false, err
}

// inForce is when the newest prices of a plan that count by now began to; 0 = long ago.
func inForce(p credit.Plan, now db.Time) (since db.Time) {
	for _, one := range p.Prices {
		if one.From <= now {
			since = max(since, one.From)
		}
	}
	return since
}
