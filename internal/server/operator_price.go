package server

import (
	"cmp"
	"context"
	"strings"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// Installation stands for all sites that have no price of their own.
const Installation = "installation"

// Prices are the unit prices of the channels in the order alimtalk, sms, lms, mms.
type Prices = credit.Prices

// PriceList is what a site, or the installation, pays from a time on.
type PriceList struct {
	Owner  string    `json:"owner"`
	Plan   *string   `json:"plan,omitempty"` // when it is what changed
	Since  time.Time `json:"since"`
	Prices Prices    `json:"prices"`
}

// PricePeriod is a time in which a channel costs the same by the same list.
type PricePeriod struct {
	Channel   string       `json:"channel"`
	UnitPrice money.Amount `json:"unit_price"`
	Layer     string       `json:"layer"`
	Plan      *string      `json:"plan"`
	From      *time.Time   `json:"from"`  // null = since ever
	Until     *time.Time   `json:"until"` // null = nothing else is planned
	State     string       `json:"state"` // past, now or planned
}

func periodsOf(all []credit.PricePeriod, now db.Time) []PricePeriod {
	out := make([]PricePeriod, len(all))
	for i, p := range all {
		out[i] = PricePeriod{p.Channel.String(), p.Cost, string(p.Layer), named(p.Plan), timed(p.From), timed(p.Until), p.When(now)}
	}
	return out
}

// named is a word that may be absent.
func named(word string) *string {
	if word == "" {
		return nil
	}
	return &word
}

// timed is a time that may be absent.
func timed(at db.Time) *time.Time {
	if at == 0 {
		return nil
	}
	return new(at.Time())
}

// noPrice is what people write in the place of an amount for a list that shall not name a
// channel any more.
const noPrice = "none"

// parsePrices reads prices by the names of their channels, and channels that are to have
// none.
func parsePrices(text map[string]string) (prices map[provider.Channel]money.Amount, drop []provider.Channel, err error) {
	prices = map[provider.Channel]money.Amount{}
	for name, amount := range text {
		channel, err := provider.ParseChannel(strings.TrimSpace(name))
		if err != nil {
			return nil, nil, fault.Check("--price", "%q is not one of alimtalk, sms, lms, mms", name)
		}
		if strings.TrimSpace(amount) == noPrice {
			drop = append(drop, channel)
			continue
		}
		price, err := money.Parse(strings.TrimSpace(amount))
		if err != nil {
			return nil, nil, fault.Check("--price", "%s=%s: want an amount of won with at most four decimals, such as 18 or 8.4, or %s", name, amount, noPrice)
		}
		prices[channel] = price
	}
	return prices, drop, nil
}

// firstPrices reads the prices of what is only made.
func firstPrices(text map[string]string) (map[provider.Channel]money.Amount, error) {
	prices, drop, err := parsePrices(text)
	if err == nil && len(drop) > 0 {
		err = fault.Check("--price", "%s=%s: what is new has no price to drop; leave the channel out", drop[0], noPrice)
	}
	return prices, err
}

// parseSince reads from when on something counts; 0 = now.
func parseSince(text string) (db.Time, error) {
	if text == "" {
		return 0, nil
	}
	t, err := korea.ParseTime(text)
	if err != nil {
		return 0, fault.Check("--since", "%v", err)
	}
	return db.At(t), nil
}

// SetPrices sets what some channels cost a site, or Installation: from since on, or from now
// on when it is "". An amount of none drops the owner's price. What was accepted before
// keeps its prices. Faults: Invalid, NotFound.
func (p *Operator) SetPrices(ctx context.Context, owner string, prices map[string]string, since string) (l PriceList, err error) {
	own, drop, err := parsePrices(prices)
	if err != nil {
		return l, err
	}
	at, err := parseSince(since)
	if err != nil {
		return l, err
	}
	err = p.d.Update(ctx, "operator_set_prices", func(tx *db.Tx) error {
		from, id := cmp.Or(at, tx.Now), owner
		if owner == Installation {
			id = ""
		} else if _, err := site.Find(tx, id); err != nil {
			return err
		}
		if err := credit.SetPrices(tx, id, own, from, drop...); err != nil {
			return err
		}
		l = PriceList{Owner: owner, Since: from.Time()}
		l.Prices, err = credit.PricesAt(tx, id, from)
		return err
	})
	return l, err
}
