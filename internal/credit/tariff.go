package credit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// tariff is the price list of one owner with its history, in any order.
type tariff []listed

// listed is one price of a list, from a time on.
type listed struct {
	channel provider.Channel
	since   db.Time
	cost    money.Amount // or none
}

// none in the place of a price says that its list does not name the channel from then on:
// the next farther list counts. It is never served.
const none money.Amount = -1

// unnamed is what a list costs that names nothing.
var unnamed = Prices{none, none, none, none}

// at gives what the list says at a time: none where it does not name a channel.
func (t tariff) at(now db.Time) Prices {
	out := unnamed
	var newest [provider.Channels]db.Time
	for _, p := range t {
		if p.since <= now && p.since >= newest[p.channel] {
			newest[p.channel], out[p.channel] = p.since, p.cost
		}
	}
	return out
}

// parted gives what began before a time and what begins then or later.
func (t tariff) parted(at db.Time) (past, future tariff) {
	for _, p := range t {
		if p.since < at {
			past = append(past, p)
		} else {
			future = append(future, p)
		}
	}
	return past, future
}

// sorted gives the list in the order of time.
func (t tariff) sorted() tariff {
	return slices.SortedFunc(slices.Values(t), func(a, b listed) int {
		return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.channel, b.channel))
	})
}

// SetPrices sets the prices of some channels for an owner, a site or "" for the
// installation, from a time on that is not past; 0 = from now on. Of the channels to drop
// the owner has no price from then on, and the next farther list counts. Older prices stay
// as history; what was accepted keeps the prices that it froze. A second setting for the
// same time and channel replaces the first.
func SetPrices(tx *db.Tx, owner string, p map[provider.Channel]money.Amount, since db.Time, drop ...provider.Channel) error {
	c := audit.Change{Site: owner, Action: "prices.updated", Ref: siteOrAll(owner)}
	if err := notePrices(tx, c, owner, p, since, drop); err != nil {
		return err
	}
	if err := setPrices(tx, owner, p, since, drop); err != nil {
		return err
	}
	return site.Changed(tx, owner)
}

// setPrices writes the rows of SetPrices for any owner.
func setPrices(tx *db.Tx, owner string, p map[provider.Channel]money.Amount, since db.Time, drop []provider.Channel) error {
	since, err := notPast(tx, since)
	if err != nil {
		return err
	}
	var rows tariff
	for _, ch := range slices.Sorted(maps.Keys(p)) {
		if p[ch] < 0 || ch >= provider.Channels {
			return fault.Check("/prices/"+ch.String(), "a price is not negative and of a channel")
		}
		rows = append(rows, listed{ch, since, p[ch]})
	}
	for _, ch := range slices.Compact(slices.Sorted(slices.Values(drop))) {
		if _, both := p[ch]; both || ch >= provider.Channels {
			return fault.Check("/prices/"+ch.String(), "what is dropped is a channel without a price")
		}
		rows = append(rows, listed{ch, since, none})
	}
	n := len(rows)
	key := []db.Column{db.Same("owner", owner, n), rows.channels(), db.Same("since", since, n)}
	if _, err := tx.DeleteMany("price", key...); err != nil {
		return fmt.Errorf("set prices of %q: %w", owner, err)
	}
	return rows.insert(tx, slices.Repeat([]string{owner}, n))
}

// notPast gives the time from which a change counts: 0 is now.
func notPast(tx *db.Tx, since db.Time) (db.Time, error) {
	switch {
	case since == 0:
		return tx.Now, nil
	case since < tx.Now:
		return 0, fault.Check("/since", "prices cannot be changed for the past")
	}
	return since, nil
}

func (t tariff) channels() db.Column {
	return db.Col("channel", each(t, func(p *listed) string { return p.channel.String() }))
}

// insert adds the rows to the lists of their owners.
func (t tariff) insert(tx *db.Tx, owners []string) error {
	err := tx.InsertMany("price", db.Col("owner", owners), t.channels(),
		db.Col("since", each(t, func(p *listed) db.Time { return p.since })),
		db.Col("unit_cost", each(t, func(p *listed) money.Amount { return p.cost })))
	if duplicate(err) {
		return fmt.Errorf("set prices: %w: %w", db.ErrStale, err) // two at one microsecond
	} else if err != nil {
		return fmt.Errorf("set prices: %w", err)
	}
	return nil
}
