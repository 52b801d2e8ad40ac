package credit

import (
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// carry is what a usage had counted when a later Korean month than its first began to count
// on: without it nobody could say which month spent by which channel. Few messages are under
// way over the end of a month, so few usages have one, and no other settlement pays for it.
type carry struct {
	site     string
	month    string // that begins to count
	message  id.ID
	channel  provider.Channel
	quantity int64 // counted before
	seq      int64 // of the entry that the month begins with
	flaw     error // what no writer of the ledger stores, seen on reading
}

var carryColumns = []string{"site_id", "kst_month", "message_id", "channel", "quantity", "seq"}

func scanCarry(rows *sql.Rows) (*carry, error) {
	var c carry
	var channel string
	err := rows.Scan(&c.site, &c.month, &c.message, &channel, &c.quantity, &c.seq)
	c.channel, c.flaw = provider.ParseChannel(channel)
	return &c, err
}

// appendTo adds what never changes of the carry to a digest's text.
func (c *carry) appendTo(b []byte) []byte {
	b = append(append(b, "\ncarry\n"...), c.month...)
	b = append(append(b, '\n'), c.channel.String()...)
	return strconv.AppendInt(append(b, '\n'), c.quantity, 10)
}

// monthStart is the moment at which the Korean month of a time began.
func monthStart(at db.Time) db.Time {
	t := at.Time().In(korea.Seoul)
	return db.At(time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, korea.Seoul))
}

// readCarries finds the carries of the usages that began in an earlier month than the one
// that their site's entries fall into now. It belongs under the accounts' locks.
func (s *usageSet) readCarries(tx *db.Tx, bySite map[string]*book) error {
	var sites, months []string
	var messages []id.ID
	var channels []string
	for _, u := range s.order {
		at := bySite[u.Site].at
		if u.CreatedAt < monthStart(at) {
			sites, messages = append(sites, u.Site), append(messages, u.Message)
			months, channels = append(months, korea.Month(at.Time())), append(channels, u.Channel.String())
		}
	}
	s.carried = map[usageKey]bool{}
	if len(sites) == 0 {
		return nil
	}
	err := tx.Ask(db.Question{Table: "credit_carry", Cols: carryColumns,
		Key: []db.Column{db.Col("site_id", sites), db.Col("kst_month", months), db.Col("message_id", messages), db.Col("channel", channels)},
		Row: func(r *sql.Rows) error {
			c, err := scanCarry(r)
			s.carried[usageKey{owned{c.site, c.message}, c.channel}] = true
			return err
		}})
	if err != nil {
		return fmt.Errorf("read carries: %w", err)
	}
	return nil
}

// carryOn notes what a usage had counted, if the month of an entry begins with it.
func (s *usageSet) carryOn(u *usage, at db.Time) *carry {
	key := usageKey{owned{u.Site, u.Message}, u.Channel}
	if u.fresh || u.UnitCost == 0 || s.carried[key] || u.CreatedAt >= monthStart(at) {
		return nil
	}
	s.carried[key] = true
	c := &carry{site: u.Site, month: korea.Month(at.Time()), message: u.Message, channel: u.Channel, quantity: u.Quantity}
	s.carries = append(s.carries, c)
	return c
}

func insertCarries(tx *db.Tx, cs []*carry) error {
	if len(cs) == 0 {
		return nil
	}
	err := tx.InsertMany("credit_carry",
		db.Col("site_id", each(cs, func(c **carry) string { return (*c).site })),
		db.Col("kst_month", each(cs, func(c **carry) string { return (*c).month })),
		db.Col("message_id", each(cs, func(c **carry) id.ID { return (*c).message })),
		db.Col("channel", each(cs, func(c **carry) string { return (*c).channel.String() })),
		db.Col("quantity", each(cs, func(c **carry) int64 { return (*c).quantity })),
		db.Col("seq", each(cs, func(c **carry) int64 { return (*c).seq })))
	if err != nil {
		return fmt.Errorf("insert carries: %w", err)
	}
	return nil
}
