package billing

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// Rule says when and how a site is recharged by itself.
type Rule struct {
	Enabled    bool
	Threshold  money.Amount // a recharge starts when less than this is available
	Amount     money.Amount // credit that each recharge brings; 0 = Target counts
	Target     money.Amount // each recharge fills up to this; 0 = Amount counts
	Card       id.ID        // charged first; zero = the site's first
	DailyCap   money.Amount // of the credit that recharges bring on a day in Korea; 0 = none
	MonthlyCap money.Amount
}

// rule is the stored row: the rule of a site, and the levels at which it wants to be told.
type rule struct {
	Rule
	site     string
	Levels   []money.Amount // highest first
	alerted  money.Amount   // the lowest level that was told and is not recovered from; 0 = none
	openID   id.ID          // the recharge under way: one at most
	declines int            // in a row
	until    db.Time        // nothing is charged before
	timer    db.Time        // when a job looks by itself; 0 = none does
	stored   bool
}

var ruleColumns = []string{"site_id", "enabled", "threshold", "amount", "target", "card_id", "daily_cap", "monthly_cap", "levels", "alerted",
	"open_id", "declines", "until", "timer"}

func scanRule(rows *sql.Rows) (*rule, error) {
	r := rule{stored: true}
	var levels string
	err := rows.Scan(&r.site, &r.Enabled, &r.Threshold, &r.Amount, &r.Target, &r.Card, &r.DailyCap, &r.MonthlyCap, &levels, &r.alerted,
		&r.openID, &r.declines, db.Maybe(&r.until), db.Maybe(&r.timer))
	for _, text := range strings.Fields(levels) {
		level, bad := money.Parse(text)
		if bad != nil && err == nil {
			err = fmt.Errorf("read levels of %s: %w", r.site, bad)
		}
		r.Levels = append(r.Levels, level)
	}
	return &r, err
}

func (r *rule) columns() []db.Column {
	levels := make([]string, len(r.Levels))
	for i, l := range r.Levels {
		levels[i] = l.String()
	}
	return []db.Column{
		one("site_id", r.site), one("enabled", r.Enabled), one("threshold", r.Threshold), one("amount", r.Amount), one("target", r.Target),
		maybe("card_id", r.Card), one("daily_cap", r.DailyCap), one("monthly_cap", r.MonthlyCap), one("levels", strings.Join(levels, " ")),
		one("alerted", r.alerted), maybe("open_id", r.openID), one("declines", r.declines), maybe("until", r.until), maybe("timer", r.timer),
	}
}

// rule reads a site's rule, with lock to decide by it. A site that has none has the zero
// rule, which recharges nothing and tells nothing.
func (s *Service) rule(tx *db.Tx, site string, lock bool) (*rule, error) {
	look := tx.Lookup
	if lock {
		look = tx.LookupForUpdate
	}
	rows, err := look("billing_rule", ruleColumns, one("site_id", site))
	found, err := db.Collect(rows, err, scanRule)
	if err != nil {
		return nil, fmt.Errorf("read recharge rule of %s: %w", site, err)
	}
	if len(found) == 0 {
		return &rule{site: site}, nil
	}
	return found[0], nil
}

// mine reads the rule of a site for writing, and makes its row first if there is none: what
// is locked must be there.
func (s *Service) mine(tx *db.Tx, siteID string) (*rule, error) {
	if err := site.LockNotErased(tx, siteID); err != nil {
		return nil, err
	}
	r, err := s.rule(tx, siteID, true)
	if err != nil || r.stored {
		return r, err
	}
	if err := tx.InsertMany("billing_rule", r.columns()...); err != nil {
		return nil, fmt.Errorf("write recharge rule of %s: %w: %w", siteID, db.ErrStale, err) // another made it
	}
	r.stored = true
	return r, nil
}

func (s *Service) saveRule(tx *db.Tx, r *rule) error {
	if !r.stored {
		return nil
	}
	if err := tx.UpdateMany("billing_rule", []string{"site_id"}, r.columns()...); err != nil {
		return fmt.Errorf("write recharge rule of %s: %w", r.site, err)
	}
	return nil
}

// RuleOf gives a site's rule and what is known of it; ok is false for a site that never had one.
func (s *Service) RuleOf(tx *db.Tx, site string) (st Standing, ok bool, err error) {
	r, err := s.rule(tx, site, false)
	if err != nil {
		return st, false, err
	}
	return r.standing(), r.stored && (r.Enabled || r.Threshold != 0 || r.Amount+r.Target != 0), nil
}

// Standing is a rule and where it stands.
type Standing struct {
	Rule
	Open     id.ID   // the recharge under way; zero = none
	Declines int     // in a row
	Until    db.Time // nothing is charged before, after a decline; 0 = at any time
	Levels   []money.Amount
}

func (r *rule) standing() Standing { return Standing{r.Rule, r.openID, r.declines, r.until, r.Levels} }

// SetRule sets when and how a site is recharged by itself, from now on: a site that is low
// already is recharged at once. Declines of before are forgotten.
func (s *Service) SetRule(tx *db.Tx, site string, want Rule) (Standing, error) {
	if err := want.check(); err != nil {
		return Standing{}, err
	}
	r, err := s.mine(tx, site)
	if err != nil {
		return Standing{}, err
	}
	if err := s.chargeable(tx, site, want); err != nil {
		return Standing{}, err
	}
	if err := noteRule(tx, site, "recharge.updated", r.Rule, want); err != nil {
		return Standing{}, err
	}
	r.Rule, r.declines, r.until = want, 0, 0
	if _, err := s.watch(tx, r, 0, nil); err != nil {
		return Standing{}, err
	}
	return r.standing(), nil
}

// SetLevels sets the levels of available credit below which a site wants to be told; none =
// never. A site that is below one already is told at once.
func (s *Service) SetLevels(tx *db.Tx, site string, levels []money.Amount) ([]money.Amount, error) {
	if len(levels) > 5 {
		return nil, fault.Check("/levels", "want five levels at most")
	}
	for i, l := range levels {
		if l <= 0 {
			return nil, fault.Check(fmt.Sprintf("/levels/%d", i), "want more than nothing")
		}
	}
	r, err := s.mine(tx, site)
	if err != nil {
		return nil, err
	}
	was := r.Levels
	r.Levels, r.alerted = slices.Clone(levels), 0
	slices.SortFunc(r.Levels, func(a, b money.Amount) int { return cmp.Compare(b, a) })
	r.Levels = slices.Compact(r.Levels)
	err = audit.Note(tx, audit.Change{Site: site, Action: "credit_levels.updated", Ref: site, Before: audit.Fields{"levels": was}, After: audit.Fields{"levels": r.Levels}})
	if err != nil {
		return nil, err
	}
	_, err = s.watch(tx, r, 0, nil)
	return r.Levels, err
}

// check refuses a rule that contradicts itself.
func (w *Rule) check() error {
	for place, a := range map[string]money.Amount{"/threshold": w.Threshold, "/amount": w.Amount, "/target": w.Target, "/daily_cap": w.DailyCap, "/monthly_cap": w.MonthlyCap} {
		if a < 0 || a%money.Won != 0 || a > MostAmount {
			return fault.Check(place, "want whole won, not negative and at most %s", MostAmount)
		}
	}
	if !w.Enabled && w.Amount == 0 && w.Target == 0 {
		return nil
	}
	least := max(w.Amount, LeastAmount)
	switch {
	case w.Threshold == 0:
		return fault.Check("/threshold", "want more than nothing: a recharge starts when less is available")
	case (w.Amount == 0) == (w.Target == 0):
		return fault.Check("/amount", "want either an amount or a target")
	case w.Amount != 0 && w.Amount < LeastAmount:
		return fault.Check("/amount", "want %s won at least", LeastAmount)
	case w.Target != 0 && w.Target < w.Threshold+LeastAmount:
		return fault.Check("/target", "want at least %s won more than the threshold", LeastAmount)
	case w.Target != 0:
		least = w.Target - w.Threshold
	}
	switch {
	case w.DailyCap != 0 && w.DailyCap < least:
		return fault.Check("/daily_cap", "a single recharge brings %s won, which is more", least)
	case w.MonthlyCap != 0 && w.MonthlyCap < least:
		return fault.Check("/monthly_cap", "a single recharge brings %s won, which is more", least)
	case w.MonthlyCap != 0 && w.DailyCap > w.MonthlyCap:
		return fault.Check("/daily_cap", "it is more than the monthly cap")
	}
	return nil
}

// chargeable refuses a rule without a card.
func (s *Service) chargeable(tx *db.Tx, site string, w Rule) error {
	all, err := s.active(tx, site)
	switch {
	case err != nil:
		return err
	case !w.Card.IsZero() && !slices.ContainsFunc(all, func(c *cardRow) bool { return c.ID == w.Card }):
		return fault.Check("/method_id", "there is no such active payment method")
	case w.Enabled && len(all) == 0:
		return fault.Check("/method_id", "there is no active payment method to charge; add one first")
	}
	return nil
}

func list(columns []string) string { return strings.Join(columns, ", ") }
