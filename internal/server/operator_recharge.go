package server

import (
	"context"
	"fmt"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// PaymentMethod is a card that was left with a gateway for later charges.
type PaymentMethod struct {
	ID        string         `json:"id"`
	Gateway   string         `json:"gateway"`
	Status    string         `json:"status"`
	Place     int            `json:"place"` // recharges try lower ones first
	Label     string         `json:"label"`
	Reason    *PaymentReason `json:"reason"`
	CreatedAt time.Time      `json:"created_at"`
}

// PaymentMethods lists a site's cards in the order in which recharges try them. NotFound.
func (p *Operator) PaymentMethods(ctx context.Context, siteID string) (list List[PaymentMethod], err error) {
	err = p.d.Snapshot(ctx, "operator_payment_methods", func(tx *db.Tx) error {
		list.Data = []PaymentMethod{}
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		cards, err := p.billing.Cards(tx, siteID)
		for _, c := range cards {
			list.Data = append(list.Data, PaymentMethod{c.ID.Text(id.Card), c.Gateway, string(c.State), c.Place, c.Token.Label, reasonOf(c.Reason, c.Code), c.CreatedAt.Time()})
		}
		return err
	})
	return list, err
}

// Recharge is when and how a site is recharged by itself, and where that stands.
type Recharge struct {
	Site       string        `json:"site"`
	Enabled    bool          `json:"enabled"`
	Threshold  money.Amount  `json:"threshold"` // a recharge starts when less is available
	Amount     *money.Amount `json:"amount"`    // credit that each recharge brings
	Target     *money.Amount `json:"target"`    // or: each fills up to this
	MethodID   *string       `json:"method_id"` // charged first; null = the site's first
	DailyCap   *money.Amount `json:"daily_cap"`
	MonthlyCap *money.Amount `json:"monthly_cap"`
	PaymentID  *string       `json:"payment_id"` // the recharge that is under way
	Declines   int           `json:"declines"`   // in a row; the third switches it off
	PausedTill *time.Time    `json:"paused_until"`
}

func rechargeOf(siteID string, st billing.Standing) Recharge {
	r := Recharge{Site: siteID, Enabled: st.Enabled, Threshold: st.Threshold, Amount: some(st.Amount), Target: some(st.Target),
		DailyCap: some(st.DailyCap), MonthlyCap: some(st.MonthlyCap), Declines: st.Declines, PausedTill: timed(st.Until)}
	if !st.Card.IsZero() {
		r.MethodID = new(st.Card.Text(id.Card))
	}
	if !st.Open.IsZero() {
		r.PaymentID = new(st.Open.Text(id.Payment))
	}
	return r
}

// some is an amount that may be absent.
func some(a money.Amount) *money.Amount {
	if a == 0 {
		return nil
	}
	return &a
}

// RechargeChange is what changes of a site's automatic recharge; nil stays as it is.
type RechargeChange struct {
	Off                       bool // switches it off; the rest is kept for the next time
	Threshold, Amount, Target *string
	Method                    *string // "" = the site's first
	DailyCap, MonthlyCap      *string // 0 = none
}

// Recharge shows a site's automatic recharge, after a change unless that is nil. What is
// changed is switched on. Faults: Invalid, NotFound.
func (p *Operator) Recharge(ctx context.Context, siteID string, change *RechargeChange) (shown Recharge, err error) {
	read := func(tx *db.Tx) (st billing.Standing, err error) {
		if _, err = site.Find(tx, siteID); err == nil {
			st, _, err = p.billing.RuleOf(tx, siteID)
		}
		return st, err
	}
	if change == nil {
		err = p.d.Snapshot(ctx, "operator_recharge", func(tx *db.Tx) error {
			st, err := read(tx)
			shown = rechargeOf(siteID, st)
			return err
		})
		return shown, err
	}
	err = p.d.Update(ctx, "operator_set_recharge", func(tx *db.Tx) error {
		st, err := read(tx)
		if err != nil {
			return err
		}
		rule := st.Rule
		if err := change.on(&rule); err != nil {
			return err
		}
		st, err = p.billing.SetRule(tx, siteID, rule)
		shown = rechargeOf(siteID, st)
		return err
	})
	return shown, err
}

// on makes the change to a rule.
func (c *RechargeChange) on(r *billing.Rule) error {
	if c.Amount != nil && c.Target != nil {
		return fault.Check("--amount", "a recharge brings either an amount or fills up to a target: leave one out")
	}
	r.Enabled = !c.Off
	switch {
	case c.Amount != nil:
		r.Target = 0
	case c.Target != nil:
		r.Amount = 0
	}
	for _, one := range []struct {
		flag string
		said *string
		to   *money.Amount
	}{
		{"--threshold", c.Threshold, &r.Threshold}, {"--amount", c.Amount, &r.Amount}, {"--target", c.Target, &r.Target},
		{"--daily-cap", c.DailyCap, &r.DailyCap}, {"--monthly-cap", c.MonthlyCap, &r.MonthlyCap},
	} {
		if one.said == nil {
			continue
		}
		a, err := money.Parse(*one.said)
		if err != nil || a%money.Won != 0 {
			return fault.Check(one.flag, "%q is not an amount in whole won, such as 50000", *one.said)
		}
		*one.to = a
	}
	if c.Method == nil {
		return nil
	}
	if r.Card = (id.ID{}); *c.Method == "" {
		return nil
	}
	card, err := id.Parse(id.Card, *c.Method)
	if err != nil {
		return fault.Check("--method", "%q is not the id of a payment method, such as pmt_01k9…", *c.Method)
	}
	r.Card = card
	return nil
}

// Levels are those of available credit below which a site is told.
type Levels struct {
	Site   string         `json:"site"`
	Levels []money.Amount `json:"levels"` // the highest first
}

// Levels shows a site's low-balance levels, after they were set to those given unless that is
// nil; an empty list is none. Faults: Invalid, NotFound.
func (p *Operator) Levels(ctx context.Context, siteID string, set []string) (shown Levels, err error) {
	shown = Levels{Site: siteID, Levels: []money.Amount{}}
	if set == nil {
		err = p.d.Snapshot(ctx, "operator_levels", func(tx *db.Tx) error {
			if _, err := site.Find(tx, siteID); err != nil {
				return err
			}
			st, _, err := p.billing.RuleOf(tx, siteID)
			shown.Levels = append([]money.Amount{}, st.Levels...)
			return err
		})
		return shown, err
	}
	levels := make([]money.Amount, len(set))
	for i, text := range set {
		if levels[i], err = money.Parse(text); err != nil {
			return shown, fault.Check(fmt.Sprintf("LEVEL %d", i+1), "%q is not an amount of won, such as 20000", text)
		}
	}
	err = p.d.Update(ctx, "operator_set_levels", func(tx *db.Tx) error {
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		kept, err := p.billing.SetLevels(tx, siteID, levels)
		shown.Levels = append([]money.Amount{}, kept...)
		return err
	})
	return shown, err
}
