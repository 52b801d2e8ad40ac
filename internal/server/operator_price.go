package server

import (
	"context"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// Installation stands for all sites that have no price of their own.
const Installation = "installation"

// Prices are the unit prices of the channels in the order alimtalk, sms, lms, mms.
type Prices = credit.Prices

// PriceList is what a site, or the installation, pays from a time on.
type PriceList struct {
	Owner  string    `json:"owner"`
	Since  time.Time `json:"since"`
	Prices Prices    `json:"prices"`
}

// SetPrices sets what some channels cost a site, or Installation: from since on, or from now
// on when it is "". What was accepted before keeps its prices. Faults: Invalid, NotFound.
func (p *Operator) SetPrices(ctx context.Context, owner string, prices map[string]string, since string) (l PriceList, err error) {
	own, err := parsePrices(prices)
	if err != nil {
		return l, err
	}
	var at db.Time
	if since != "" {
		t, err := korea.ParseTime(since)
		if err != nil {
			return l, fault.Check("--since", "%v", err)
		}
		at = db.At(t)
	}
	err = p.d.Update(ctx, "operator_set_prices", func(tx *db.Tx) error {
		from, id := at, owner
		if from == 0 {
			from = tx.Now
		}
		if owner == Installation {
			id = ""
		} else if _, err := site.Find(tx, id); err != nil {
			return err
		}
		if err := credit.SetPrices(tx, id, own, from); err != nil {
			return err
		}
		l = PriceList{Owner: owner, Since: from.Time()}
		l.Prices, err = credit.PricesAt(tx, id, from)
		return err
	})
	return l, err
}
