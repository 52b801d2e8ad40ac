package credit

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Prices are the unit prices of the channels, without VAT.
type Prices [provider.Channels]money.Amount

// Default is what counts where no price list names a channel.
var Default = Prices{9 * money.Won, 18 * money.Won, 45 * money.Won, 120 * money.Won}

// MarshalJSON writes an object by channel: {"alimtalk":"9.00",…}.
func (p Prices) MarshalJSON() ([]byte, error) {
	byName := make(map[provider.Channel]money.Amount, len(p))
	for ch, price := range p {
		byName[provider.Channel(ch)] = price
	}
	return json.Marshal(byName)
}

// UnmarshalJSON reads what MarshalJSON writes; a channel that is not named
// keeps its price.
func (p *Prices) UnmarshalJSON(text []byte) error {
	var byName map[provider.Channel]money.Amount
	if err := json.Unmarshal(text, &byName); err != nil {
		return fmt.Errorf("read prices: %w", err)
	}
	for ch, price := range byName {
		p[ch] = price
	}
	return nil
}

// PricesOf gives what a site pays at the time of the transaction.
func PricesOf(tx *db.Tx, siteID string) (Prices, error) { return PricesAt(tx, siteID, tx.Now) }

// PricesAt gives what a site, or with "" whoever has no price of his own, pays at a time, by
// what is known now.
func PricesAt(tx *db.Tx, siteID string, at db.Time) (Prices, error) {
	q, lists := AskPrices(tx, []string{siteID})
	lists.now = at
	if err := tx.Ask(q); err != nil {
		return Prices{}, fmt.Errorf("read prices of %s: %w", siteID, err)
	}
	return lists.Of(siteID), nil
}

// Lists are the price lists of some sites, of their plans and of the installation.
type Lists struct {
	now     db.Time
	byOwner map[string]tariff
}

// The owner of a price list is a site, "" for the installation, PLAN with a plus before it
// for a plan, or SITE with a plus behind it for the layer of a site: what its plans make of
// its prices. No site and no plan has a plus in its id.
func planOwner(plan string) string  { return "+" + plan }
func layerOwner(site string) string { return site + "+" }

// layersOf gives the owners of the lists that a site pays by, the farthest first.
func layersOf(site string) []string { return []string{"", layerOwner(site), site} }

// AskPrices gives the question for what sites pay, and where the answer will stand.
func AskPrices(tx *db.Tx, sites []string) (db.Question, *Lists) {
	owners := []string{""}
	for _, s := range sites {
		owners = append(owners, s, layerOwner(s))
	}
	return askLists(tx, owners)
}

func askLists(tx *db.Tx, owners []string) (db.Question, *Lists) {
	lists := &Lists{now: tx.Now, byOwner: map[string]tariff{}}
	row := func(r *sql.Rows) error {
		var owner, channel string
		var p listed
		err := r.Scan(&owner, &channel, &p.since, &p.cost)
		if err == nil {
			p.channel, err = provider.ParseChannel(channel)
		}
		lists.byOwner[owner] = append(lists.byOwner[owner], p)
		return err
	}
	key := []db.Column{db.Col("owner", owners)}
	return db.Question{Table: "price", Cols: []string{"owner", "channel", "since", "unit_cost"}, Key: key, Row: row}, lists
}

// Of gives what a site pays at the time of the transaction that asked: per channel its
// own price, else its plan's, else the installation's, else Default.
func (l *Lists) Of(site string) Prices {
	out := Default
	for _, owner := range layersOf(site) {
		for ch, cost := range l.byOwner[owner].at(l.now) {
			if cost != none {
				out[ch] = cost
			}
		}
	}
	return out
}

// Until gives when what a site pays changes next, by what is known now; 0 = nothing is
// planned.
func (l *Lists) Until(site string) (next db.Time) {
	for _, owner := range layersOf(site) {
		for _, p := range l.byOwner[owner] {
			if p.since > l.now && (next == 0 || p.since < next) {
				next = p.since
			}
		}
	}
	return next
}

func names(columns []string) string { return strings.Join(columns, ", ") }
