package credit

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Usage is what one message spent on one channel.
type Usage struct {
	ID           id.ID
	Site         string
	Message      id.ID
	Channel      provider.Channel
	Quantity     int64        // recipients delivered
	UnitCost     money.Amount // frozen at accept
	TotalCost    money.Amount // Quantity × UnitCost
	RefundAmount money.Amount // what was given back of it
	CreatedAt    db.Time
}

// usage is the stored row; its total is not stored, being a product.
type usage struct {
	Usage
	seq          int64 // of the entry that it began with; 0 when that moved no money
	fresh, dirty bool
	flaw         error // what no writer of the ledger stores, seen on reading
}

var usageColumns = []string{"site_id", "message_id", "channel", "id", "seq", "quantity", "unit_cost", "refund_amount", "created_at"}

func scanUsage(rows *sql.Rows) (*usage, error) {
	var u usage
	var channel string
	err := rows.Scan(&u.Site, &u.Message, &channel, &u.ID, &u.seq, &u.Quantity, &u.UnitCost, &u.RefundAmount, &u.CreatedAt)
	u.Channel, u.flaw = provider.ParseChannel(channel)
	return &u, err
}

// openedDigest covers what never changes of the usages that begin with one
// settlement, and of the carries with which a month begins, each in the order of
// channels; nil without any.
func openedDigest(us []*usage, cs []*carry) []byte {
	if len(us)+len(cs) == 0 {
		return nil
	}
	b := []byte("usage")
	for _, u := range us {
		b = append(append(b, '\n'), u.ID.Text(id.Usage)...)
		b = append(append(b, '\n'), u.Channel.String()...)
		b = appendExact(append(b, '\n'), u.UnitCost)
		b = strconv.AppendInt(append(b, '\n'), int64(u.CreatedAt), 10)
	}
	for _, c := range cs {
		b = c.appendTo(b)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// usageSet is the locked usages of the messages of one settlement.
type usageSet struct {
	found   map[usageKey]*usage
	order   []*usage
	carried map[usageKey]bool // those that have a carry of this month
	carries []*carry          // fresh ones
}

type usageKey struct {
	owned
	channel provider.Channel
}

// scan adds a row as it was read.
func (s *usageSet) scan(rows *sql.Rows) error {
	u, err := scanUsage(rows)
	if err == nil {
		err = u.flaw
	}
	s.put(u)
	return err
}

func (s *usageSet) put(u *usage) {
	s.found[usageKey{owned{u.Site, u.Message}, u.Channel}] = u
	s.order = append(s.order, u)
}

// add counts a charge's deliveries and gives the usages that begin with it, and the carries.
func (s *usageSet) add(c *charge, at db.Time) (opened []*usage, carried []*carry, err error) {
	for ch := range provider.Channel(provider.Channels) {
		n := c.counts[ch]
		if n == 0 {
			continue
		}
		u := s.found[usageKey{owned{c.site, c.message}, ch}]
		if u == nil {
			u = &usage{fresh: true, Usage: Usage{
				ID: id.New(), Site: c.site, Message: c.message, Channel: ch, UnitCost: c.prices[ch], CreatedAt: at,
			}}
			s.put(u)
			opened = append(opened, u)
		}
		if u.UnitCost != c.prices[ch] || u.Quantity+n < 0 {
			return nil, nil, fault.New(fault.Internal, fault.CodeInternal,
				"settle message %s: %d more by %s for %s each, after %d for %s each",
				c.message.Text(id.Message), n, ch, c.prices[ch], u.Quantity, u.UnitCost)
		}
		if on := s.carryOn(u, at); on != nil {
			carried = append(carried, on)
		}
		u.Quantity += n
		u.dirty = true
	}
	return opened, carried, nil
}

func (s *usageSet) write(tx *db.Tx) error {
	var fresh, dirty []*usage
	for _, u := range s.order {
		switch {
		case u.fresh:
			fresh = append(fresh, u)
		case u.dirty:
			dirty = append(dirty, u)
		}
	}
	cols := counted(fresh)
	cols = append(cols,
		db.Col("id", each(fresh, func(u **usage) id.ID { return (*u).ID })),
		db.Col("seq", each(fresh, func(u **usage) int64 { return (*u).seq })),
		db.Col("unit_cost", each(fresh, func(u **usage) money.Amount { return (*u).UnitCost })),
		db.Same("refund_amount", money.Amount(0), len(fresh)),
		db.Col("created_at", each(fresh, func(u **usage) db.Time { return (*u).CreatedAt })))
	if err := tx.InsertMany("credit_usage", cols...); err != nil {
		return fmt.Errorf("insert usages: %w", err)
	}
	if err := tx.UpdateMany("credit_usage", []string{"site_id", "message_id", "channel"}, counted(dirty)...); err != nil {
		return fmt.Errorf("update usages: %w", err)
	}
	return insertCarries(tx, s.carries)
}

// counted lists the key and the quantity of usages.
func counted(us []*usage) []db.Column {
	return []db.Column{
		db.Col("site_id", each(us, func(u **usage) string { return (*u).Site })),
		db.Col("message_id", each(us, func(u **usage) id.ID { return (*u).Message })),
		db.Col("channel", each(us, func(u **usage) string { return (*u).Channel.String() })),
		db.Col("quantity", each(us, func(u **usage) int64 { return (*u).Quantity })),
	}
}

// Usages gives up to limit usages of the site after one, oldest first; of all
// messages when message is the zero id.
func (l *Ledger) Usages(tx *db.Tx, siteID string, message, after id.ID, limit int) ([]Usage, error) {
	return l.usages(tx, siteID, message, after, ` AND id > ?`, ` ORDER BY site_id, id LIMIT ?`, limit)
}

// LatestUsages lists usages as Usages does, from the newest back, beginning below one.
func (l *Ledger) LatestUsages(tx *db.Tx, siteID string, message, before id.ID, limit int) ([]Usage, error) {
	return l.usages(tx, siteID, message, before, ` AND id < ?`, ` ORDER BY site_id DESC, id DESC LIMIT ?`, limit)
}

func (l *Ledger) usages(tx *db.Tx, siteID string, message, at id.ID, beyond, order string, limit int) ([]Usage, error) {
	query, args := `SELECT `+names(usageColumns)+` FROM credit_usage WHERE site_id = ?`, []any{siteID}
	if !message.IsZero() {
		query, args = query+` AND message_id = ?`, append(args, message)
	}
	if !at.IsZero() {
		query, args = query+beyond, append(args, at)
	}
	rows, err := tx.Query(query+order, append(args, limit)...)
	us, err := db.Collect(rows, err, scanUsage)
	if err != nil {
		return nil, fmt.Errorf("read usages of %s: %w", siteID, err)
	}
	out := make([]Usage, len(us))
	for i, u := range us {
		out[i] = u.Usage
		out[i].TotalCost, err = u.UnitCost.Times(u.Quantity)
		if err = errors.Join(u.flaw, err); err != nil {
			return nil, fmt.Errorf("read usage %s: %w", u.ID.Text(id.Usage), err)
		}
	}
	return out, nil
}
