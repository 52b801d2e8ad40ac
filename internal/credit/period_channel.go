package credit

import (
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// channelSums adds up by channel what the settlements of a span charged and its refunds gave
// back.
func channelSums(tx *db.Tx, siteID string, s stretch) ([]ChannelSum, error) {
	out := make([]ChannelSum, provider.Channels)
	for ch := range out {
		out[ch].Channel = provider.Channel(ch)
	}
	for _, part := range []func(*db.Tx, string, stretch, []ChannelSum) error{addCounted, dropOthers, addRefunds} {
		if err := part(tx, siteID, s, out); err != nil {
			return nil, fmt.Errorf("add up channels of %s: %w", siteID, err)
		}
	}
	return out, nil
}

// settledIn are the messages that something of was settled in the span, and their usages
// that had begun by its end.
const settledIn = ` FROM (SELECT DISTINCT subject FROM entry WHERE site_id = ? AND seq > ? AND seq <= ? AND kind = 'settle') e
	JOIN credit_usage u ON u.site_id = ? AND u.message_id = e.subject WHERE u.unit_cost > 0 AND u.created_at < ?`

func (s stretch) settled(siteID string) []any { return []any{siteID, s.after, s.last, siteID, s.until} }

// addCounted adds all that those usages count now.
func addCounted(tx *db.Tx, siteID string, s stretch, out []ChannelSum) error {
	rows, err := tx.Query(`SELECT u.channel, SUM(u.quantity), SUM(u.quantity * u.unit_cost)`+settledIn+` GROUP BY u.channel`, s.settled(siteID)...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (_ struct{}, err error) {
		var name string
		var quantity int64
		var cost money.Amount
		if err := r.Scan(&name, &quantity, &cost); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, add(out, name, quantity, cost)
	})
	return err
}

// add counts recipients and their cost for the channel of a name.
func add(out []ChannelSum, name string, quantity int64, cost money.Amount) error {
	ch, err := provider.ParseChannel(name)
	if err == nil {
		out[ch].Quantity += quantity
		out[ch].Spent += cost
	}
	return err
}

// straddler is a usage that counted in more than one month, and the first carry of each side.
type straddler struct {
	channel       string
	quantity      int64
	cost          money.Amount
	began         db.Time
	first, beyond string // the first months with a carry: of the span's on, and after it
	atStart       int64
	atEnd         int64
}

// dropOthers takes away what those usages counted before the span, and after it. Only usages
// that began before it or have a carry from after it can have done so.
func dropOthers(tx *db.Tx, siteID string, s stretch, out []ChannelSum) error {
	month, next := korea.Month(s.from.Time()), korea.Month(s.until.Time())
	const columns = `SELECT u.message_id, u.channel, u.quantity, u.unit_cost, u.created_at`
	const carried = ` FROM credit_carry c JOIN credit_usage u ON u.site_id = c.site_id AND u.message_id = c.message_id AND u.channel = c.channel
		WHERE c.site_id = ? AND c.kst_month >= ? AND u.created_at < ? AND EXISTS (SELECT 1 FROM entry e
		WHERE e.site_id = c.site_id AND e.subject = c.message_id AND e.kind = 'settle' AND e.seq > ? AND e.seq <= ?)`
	found := map[usageKey]*straddler{}
	for _, q := range []struct {
		from string
		args []any
	}{
		{settledIn + ` AND u.created_at < ?`, append(s.settled(siteID), s.from)},
		{carried, []any{siteID, next, s.until, s.after, s.last}},
	} {
		rows, err := tx.Query(columns+q.from, q.args...)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (_ struct{}, err error) {
			var u straddler
			key := usageKey{owned: owned{site: siteID}}
			err = r.Scan(&key.message, &u.channel, &u.quantity, &u.cost, &u.began)
			u.atStart, u.atEnd = u.quantity, u.quantity
			if err == nil {
				key.channel, err = provider.ParseChannel(u.channel)
			}
			found[key] = &u
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
	}
	if len(found) == 0 {
		return nil
	}
	if err := readSides(tx, siteID, month, found); err != nil {
		return err
	}
	for _, u := range found {
		if u.began >= s.from {
			u.atStart = 0
		}
		other := u.atStart + u.quantity - u.atEnd
		cost, err := u.cost.Times(other)
		if err == nil {
			err = add(out, u.channel, -other, -cost)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readSides reads what the straddlers had counted when a month began, and when it ended:
// each month's first carry from then on says so, since nothing was counted in between.
func readSides(tx *db.Tx, siteID, month string, found map[usageKey]*straddler) error {
	rows, err := tx.Query(`SELECT `+names(carryColumns)+` FROM credit_carry WHERE site_id = ? AND kst_month >= ?
		ORDER BY site_id, kst_month`, siteID, month)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (_ struct{}, err error) {
		c, err := scanCarry(r)
		if err != nil || c.flaw != nil {
			return struct{}{}, err
		}
		u := found[usageKey{owned{siteID, c.message}, c.channel}]
		if u == nil {
			return struct{}{}, nil
		}
		if u.first == "" {
			u.first, u.atStart = c.month, c.quantity
		}
		if u.beyond == "" && c.month > month {
			u.beyond, u.atEnd = c.month, c.quantity
		}
		return struct{}{}, nil
	})
	return err
}

// addRefunds adds what was refunded in the span.
func addRefunds(tx *db.Tx, siteID string, s stretch, out []ChannelSum) error {
	rows, err := tx.Query(`SELECT channel, SUM(amount) FROM credit_refund WHERE site_id = ? AND at >= ? AND at < ? GROUP BY channel`,
		siteID, s.from, s.until)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (_ struct{}, err error) {
		var name string
		var back money.Amount
		if err := r.Scan(&name, &back); err != nil {
			return struct{}{}, err
		}
		ch, err := provider.ParseChannel(name)
		if err == nil {
			out[ch].Refunded += back
		}
		return struct{}{}, err
	})
	return err
}
