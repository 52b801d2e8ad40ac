package credit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Delivered counts recipients of one message that a channel reached.
type Delivered struct {
	Channel provider.Channel
	Count   int64
	Price   money.Amount // of one, as frozen at accept
}

// Settlement says what became of a part of a message's hold.
type Settlement struct {
	Site      string
	Message   id.ID
	Delivered []Delivered
	Released  money.Amount // what its final recipients do not need any more
}

// charge is all that one transaction settles of one message.
type charge struct {
	site     string
	message  id.ID
	counts   [provider.Channels]int64
	prices   [provider.Channels]money.Amount
	released money.Amount
}

// Settle charges what was delivered and gives back what is not needed, once per
// call of its caller: that a recipient is settled once is its state's doing, in
// the same transaction. Settlements of one message are merged, so it gets at
// most one settle, one release and one expire entry.
//
// More than is held, a negative sum, a message without a reservation, and two
// prices of one channel of a message are Internal faults; then nothing may be
// committed.
func (l *Ledger) Settle(tx *db.Tx, all []Settlement) error {
	charges, err := merge(all)
	if err != nil || len(charges) == 0 {
		return err
	}
	sites := each(charges, func(c *charge) string { return c.site })
	messages := each(charges, func(c *charge) id.ID { return c.message })
	of := []db.Column{db.Col("site_id", sites), db.Col("message_id", messages)}
	var reservations []reservation
	usages := &usageSet{found: make(map[usageKey]*usage, len(charges))}
	books, err := lock(tx, slices.Compact(slices.Clone(sites)),
		db.Question{Table: "reservation", Cols: reservationColumns, Lock: true, Key: of, Row: db.Gather(&reservations, scanReservation)},
		db.Question{Table: "credit_usage", Cols: usageColumns, Lock: true, Key: of, Row: usages.scan})
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	bySite := make(map[string]*book, len(books))
	for _, b := range books {
		bySite[b.Site] = b
	}
	if err := usages.readCarries(tx, bySite); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	if err := l.readCaps(tx, books, countedAt(reservations)); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	byMessage := make(map[owned]*reservation, len(reservations))
	for i := range reservations {
		r := &reservations[i]
		byMessage[owned{r.site, r.message}] = r
	}
	changed := make([]*reservation, 0, len(charges))
	for i := range charges {
		c := &charges[i]
		r := byMessage[owned{c.site, c.message}]
		if r == nil {
			return fault.New(fault.Internal, fault.CodeInternal, "settle message %s: it has no reservation", c.message.Text(id.Message))
		}
		if err := c.apply(bySite[c.site], r, usages); err != nil {
			return err
		}
		changed = append(changed, r)
	}
	return l.writeSettled(tx, books, changed, usages)
}

// countedAt gives when reservations were counted for caps, by site.
func countedAt(list []reservation) map[string][]db.Time {
	at := map[string][]db.Time{}
	for _, r := range list {
		if r.cappedAt != 0 {
			at[r.site] = append(at[r.site], r.cappedAt)
		}
	}
	return at
}

// owned is a message with the site that it belongs to.
type owned struct {
	site    string
	message id.ID
}

// apply settles one message in memory: usages, reservation, books.
func (c *charge) apply(b *book, r *reservation, usages *usageSet) error {
	var total money.Amount
	for ch := range provider.Channels {
		cost, err := c.prices[ch].Times(c.counts[ch])
		if err == nil {
			total, err = total.Plus(cost)
		}
		if err != nil {
			return fmt.Errorf("settle message %s: %w", c.message.Text(id.Message), err)
		}
	}
	opened, carried, err := usages.add(c, b.at)
	if err != nil {
		return err
	}
	seq, err := b.settle(r, total, c.released, openedDigest(opened, carried))
	if err != nil {
		return err
	}
	for _, on := range carried {
		on.seq = seq
	}
	for _, u := range opened {
		u.seq = seq
	}
	return nil
}

func (l *Ledger) writeSettled(tx *db.Tx, books []*book, changed []*reservation, usages *usageSet) error {
	failed := func(err error) error { return fmt.Errorf("settle: %w", err) }
	err := tx.Later(failed, func() error {
		if err := updateReservations(tx, changed); err != nil {
			return err
		}
		return usages.write(tx)
	})
	if err != nil {
		return err
	}
	if err := l.write(tx, books); err != nil { // which may have to ask who listens
		return failed(err)
	}
	return nil
}

// merge makes one charge per message, ordered by site and message.
func merge(all []Settlement) ([]charge, error) {
	found := make(map[owned]*charge, len(all))
	for _, s := range all {
		c := found[owned{s.Site, s.Message}]
		if c == nil {
			c = &charge{site: s.Site, message: s.Message}
			found[owned{s.Site, s.Message}] = c
		}
		if err := c.add(s); err != nil {
			return nil, err
		}
	}
	out := make([]charge, 0, len(found))
	for c := range maps.Values(found) {
		if c.counts != [provider.Channels]int64{} || c.released != 0 {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, func(a, b charge) int {
		return cmp.Or(cmp.Compare(a.site, b.site), slices.Compare(a.message[:], b.message[:]))
	})
	return out, nil
}

// add joins a settlement into the charge.
func (c *charge) add(s Settlement) error {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Internal, fault.CodeInternal, "settle message %s: %s", s.Message.Text(id.Message), fault.Say(format, args...))
	}
	var err error
	if s.Released < 0 {
		return wrong("a negative amount to release")
	}
	if c.released, err = c.released.Plus(s.Released); err != nil {
		return wrong("too much to release")
	}
	for _, d := range s.Delivered {
		switch {
		case d.Count == 0:
			continue
		case d.Count < 0 || d.Price < 0 || d.Channel >= provider.Channels:
			return wrong("a negative count or price, or no channel")
		case c.counts[d.Channel] > 0 && c.prices[d.Channel] != d.Price:
			return wrong("two prices of %s", d.Channel)
		case c.counts[d.Channel]+d.Count < 0:
			return wrong("too many recipients")
		}
		c.counts[d.Channel] += d.Count
		c.prices[d.Channel] = d.Price
	}
	return nil
}
