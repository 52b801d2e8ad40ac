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

// Lists are the price lists of some sites and of the installation.
type Lists struct {
	now     db.Time
	byOwner map[string][]listed // "" = the installation
}

// listed is one price of an owner.
type listed struct {
	channel provider.Channel
	since   db.Time
	cost    money.Amount
}

// AskPrices gives the question for what sites pay, and where the answer will stand.
func AskPrices(tx *db.Tx, sites []string) (db.Question, *Lists) {
	lists := &Lists{now: tx.Now, byOwner: map[string][]listed{}}
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
	key := []db.Column{db.Col("owner", append([]string{""}, sites...))}
	return db.Question{Table: "price", Cols: []string{"owner", "channel", "since", "unit_cost"}, Key: key, Row: row}, lists
}

// Of gives what a site pays at the time of the transaction that asked: per channel its
// own price, else the installation's, else Default.
func (l *Lists) Of(site string) Prices {
	out := Default
	for _, owner := range []string{"", site} {
		var newest [provider.Channels]db.Time
		for _, p := range l.byOwner[owner] {
			if p.since <= l.now && p.since >= newest[p.channel] {
				newest[p.channel], out[p.channel] = p.since, p.cost
			}
		}
	}
	return out
}

// Until gives when what a site pays changes next, by what is known now; 0 = nothing is
// planned.
func (l *Lists) Until(site string) (next db.Time) {
	for _, owner := range []string{"", site} {
		for _, p := range l.byOwner[owner] {
			if p.since > l.now && (next == 0 || p.since < next) {
				next = p.since
			}
		}
	}
	return next
}

// SetPrices sets the prices of some channels for an owner, a site or "" for the
// installation, from a time on that is not past; 0 = from now on. Older prices stay as
// history; what was accepted keeps the prices that it froze. A second setting for the same
// time and channel replaces the first.
func SetPrices(tx *db.Tx, owner string, p map[provider.Channel]money.Amount, since db.Time) error {
	if since == 0 {
		since = tx.Now
	}
	if since < tx.Now {
		return fault.Check("/since", "prices cannot be changed for the past")
	}
	var channels []string
	var costs []money.Amount
	for _, ch := range slices.Sorted(maps.Keys(p)) {
		if p[ch] < 0 || ch >= provider.Channels {
			return fault.Check("/prices/"+ch.String(), "a price is not negative and of a channel")
		}
		channels, costs = append(channels, ch.String()), append(costs, p[ch])
	}
	n := len(channels)
	key := []db.Column{db.Same("owner", owner, n), db.Col("channel", channels), db.Same("since", since, n)}
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
