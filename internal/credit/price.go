package credit

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
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

// PricesOf gives what a site pays at the time of the transaction: per channel
// its own price, else the installation's, else Default.
func PricesOf(tx *db.Tx, siteID string) (Prices, error) {
	// An owner's history is ordered by time, so the last row that counts stays;
	// the installation's owner is empty and comes before every site.
	rows, err := tx.Query(`SELECT owner, channel, unit_cost FROM price
		WHERE owner IN ('', ?) AND since <= ? ORDER BY owner, channel, since`, siteID, tx.Now)
	type price struct {
		channel string
		cost    money.Amount
	}
	list, err := db.Collect(rows, err, func(r *sql.Rows) (p price, err error) {
		var owner string
		return p, r.Scan(&owner, &p.channel, &p.cost)
	})
	if err != nil {
		return Prices{}, fmt.Errorf("read prices of %s: %w", siteID, err)
	}
	out := Default
	for _, p := range list {
		ch, err := provider.ParseChannel(p.channel)
		if err != nil {
			return Prices{}, fmt.Errorf("read prices of %s: %w", siteID, err)
		}
		out[ch] = p.cost
	}
	return out, nil
}

// SetPrices sets the prices of some channels for an owner, a site or "" for the
// installation, from now on. Older prices stay as history; what was accepted
// keeps the prices that it froze.
func SetPrices(tx *db.Tx, owner string, p map[provider.Channel]money.Amount) error {
	var channels []string
	var costs []money.Amount
	for _, ch := range slices.Sorted(maps.Keys(p)) {
		if p[ch] < 0 || ch >= provider.Channels {
			return fault.Check("/prices/"+ch.String(), "a price is not negative and of a channel")
		}
		channels, costs = append(channels, ch.String()), append(costs, p[ch])
	}
	// A second change within one transaction has the same time: the last counts.
	n := len(channels)
	key := []db.Column{db.Same("owner", owner, n), db.Col("channel", channels), db.Same("since", tx.Now, n)}
	if _, err := tx.DeleteMany("price", key...); err != nil {
		return fmt.Errorf("set prices of %q: %w", owner, err)
	}
	if err := tx.InsertMany("price", append(key, db.Col("unit_cost", costs))...); duplicate(err) {
		return fmt.Errorf("set prices of %q: %w: %w", owner, db.ErrStale, err) // two at one microsecond
	} else if err != nil {
		return fmt.Errorf("set prices of %q: %w", owner, err)
	}
	return site.Changed(tx, owner)
}

func names(columns []string) string { return strings.Join(columns, ", ") }
