package credit

import (
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// Opening is a site to make, with its purse. Channels that Prices does not name cost what
// they do by the plan, or else by the installation's list.
type Opening struct {
	ID, Name string
	Prices   map[provider.Channel]money.Amount
	Plan     string // "" = none
}

// OpenSite makes a site, its key, its account and its prices. Faults: Invalid, Conflict
// already_exists, NotFound for the plan.
func (l *Ledger) OpenSite(tx *db.Tx, o Opening) (site.Site, error) {
	made, err := site.Create(tx, l.keys, o.ID, o.Name)
	if err != nil {
		return site.Site{}, err
	}
	if err := l.Open(tx, made.ID); err != nil {
		return site.Site{}, err
	}
	if len(o.Prices) > 0 {
		if err := SetPrices(tx, made.ID, o.Prices, 0); err != nil {
			return site.Site{}, err
		}
	}
	if o.Plan != "" {
		err = AssignPlan(tx, made.ID, o.Plan, 0)
	}
	return made, err
}
