package credit

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

// bonusLives is how long a bonus that comes back by a refund can be used at least.
const bonusLives = 30 * day

// RefundRequest asks to give back what a usage was charged, all or a part.
type RefundRequest struct {
	Site   string
	Usage  id.ID
	Amount money.Amount // > 0
	Reason string       // for people, stored sealed
	Key    string       // the caller's idempotency key; printable ASCII
	// Strategy finds the message's strategy, which the statistics need; required. The
	// ledger does not read messages.
	Strategy func(tx *db.Tx, siteID string, message id.ID) (string, error)
}

// Refunded is a refund that was made.
type Refunded struct {
	ID      id.ID
	Message id.ID
	Channel provider.Channel
	Amount  money.Amount
	At      db.Time
}

// refund is the stored row, which never changes.
type refund struct {
	Refunded
	site  string
	takes string // the parts of lots that the amount had been spent from
	key   string
	flaw  string // what no writer of the ledger stores, seen on reading
}

var refundColumns = []string{"site_id", "id", "message_id", "channel", "amount", "takes", "idem", "idem_key", "at"}

func scanRefund(rows *sql.Rows, more ...any) (*refund, error) {
	var r refund
	var channel string
	var subject id.ID
	err := rows.Scan(append([]any{&r.site, &r.ID, &r.Message, &channel, &r.Amount, &r.takes, db.Maybe(&r.key), &subject, &r.At}, more...)...)
	var unknown error
	r.Channel, unknown = provider.ParseChannel(channel)
	switch {
	case unknown != nil:
		r.flaw = unknown.Error()
	case r.key != "" && subject != subjectOf(r.key), r.key == "" && !subject.IsZero():
		r.flaw = "its key is not the one that it is found by"
	}
	return &r, err
}

// readRefund reads a row that only the ledger wrote.
func readRefund(rows *sql.Rows) (*refund, error) { return scanRefund(rows) }

// digest covers the refund and one lot that it opened.
func (r *refund) digest(opened *lot) []byte {
	b := append([]byte("refund\n"), r.ID.Text(id.Refund)...)
	b = append(append(b, '\n'), r.Message.Text(id.Message)...)
	b = append(append(b, '\n'), r.Channel.String()...)
	b = appendExact(append(b, '\n'), r.Amount)
	b = append(append(b, '\n'), r.takes...)
	b = append(append(b, '\n'), r.key...)
	b = append(append(b, '\n'), opened.digest()...)
	sum := sha256.Sum256(b)
	return sum[:]
}

// Refund makes a refund: the credit comes back in lots of the kinds that it was spent from,
// what was spent last first. Paid credit does not expire then; a bonus keeps its expiry, but
// lives 30 days at least. left is what can still be refunded of the usage.
//
// A Key is good for one refund of its site, for ever: the same again gives the first and
// writes nothing, another usage or amount under it is Invalid (idempotency_mismatch). More
// than is left is a Conflict (refund_exceeds) that says what is left.
func (l *Ledger) Refund(tx *db.Tx, r RefundRequest) (made Refunded, left money.Amount, err error) {
	if err := r.check(); err != nil {
		return made, 0, err
	}
	of, err := usageOf(tx, r.Site, r.Usage)
	if err != nil {
		return made, 0, err
	}
	d := refunding{RefundRequest: r, ledger: l}
	// Before the account is locked: nobody waits for it.
	if d.strategy, err = r.Strategy(tx, r.Site, of.Message); err != nil {
		return made, 0, fmt.Errorf("refund: %w", err)
	}
	if err := d.lock(tx, of); err != nil {
		return made, 0, fmt.Errorf("refund: %w", err)
	}
	first, err := d.before(tx)
	if err != nil || first != nil {
		return orNone(first), d.left(), err
	}
	if left := d.left(); r.Amount > left {
		return made, left, fault.New(fault.Conflict, fault.CodeRefundExceeds,
			"%s won can still be refunded of this usage, not %s", left, r.Amount).With("refundable", left)
	}
	done, err := d.make(tx)
	if err != nil {
		return made, 0, fmt.Errorf("refund: %w", err)
	}
	return done.Refunded, d.left(), noteRefund(tx, r, done.Refunded)
}

func orNone(r *refund) (out Refunded) {
	if r != nil {
		out = r.Refunded
	}
	return out
}

func (r *RefundRequest) check() error {
	switch {
	case r.Strategy == nil:
		return fault.New(fault.Internal, fault.CodeInternal, "refund without a way to find the strategy of its message")
	case r.Amount <= 0:
		return fault.Check("/amount", "want more than nothing")
	case r.Reason == "":
		return fault.Check("/reason", "say why, for whoever reads the ledger later")
	}
	t := TopUp{Kind: Adjustment, Amount: r.Amount, Note: r.Reason, Key: r.Key}
	return t.check()
}

// usageOf finds a usage by its id; which message it is of never changes.
func usageOf(tx *db.Tx, siteID string, usage id.ID) (*Usage, error) {
	rows, err := tx.Query(`SELECT `+names(usageColumns)+` FROM credit_usage WHERE site_id = ? AND id = ?`, siteID, usage)
	us, err := db.Collect(rows, err, scanUsage)
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	if len(us) == 0 {
		return nil, fault.Missing("usage", usage.Text(id.Usage))
	}
	return &us[0].Usage, nil
}

// Refundable is what can still be refunded of a usage, as things stand now. NotFound.
func Refundable(tx *db.Tx, siteID string, usage id.ID) (money.Amount, error) {
	u, err := usageOf(tx, siteID, usage)
	if err != nil {
		return 0, err
	}
	total, err := u.UnitCost.Times(u.Quantity)
	return total - u.RefundAmount, err
}

// refunding is one refund with what it is decided by, locked.
type refunding struct {
	RefundRequest
	ledger      *Ledger
	strategy    string // of the message
	book        *book
	usage       *usage
	reservation reservation
	earlier     []*refund // of the message
}

func (d *refunding) lock(tx *db.Tx, of *Usage) error {
	message := []db.Column{db.Col("site_id", []string{of.Site}), db.Col("message_id", []id.ID{of.Message})}
	var rs []reservation
	usages := &usageSet{found: map[usageKey]*usage{}}
	books, err := lock(tx, []string{of.Site},
		db.Question{Table: "reservation", Cols: reservationColumns, Lock: true, Key: message, Row: db.Gather(&rs, scanReservation)},
		db.Question{Table: "credit_usage", Cols: usageColumns, Lock: true, Key: message, Row: usages.scan},
		db.Question{Table: "credit_refund", Cols: refundColumns, Key: message, Row: db.Gather(&d.earlier, readRefund)})
	if err != nil {
		return err
	}
	d.book, d.usage = books[0], usages.found[usageKey{owned{of.Site, of.Message}, of.Channel}]
	if len(rs) == 0 || d.usage == nil {
		return fault.New(fault.Internal, fault.CodeInternal, "the usages of %s are damaged; run ledger verify", of.Message.Text(id.Message))
	}
	d.reservation = rs[0]
	return nil
}

// left is what the usage still has that was not refunded.
func (d *refunding) left() money.Amount {
	total, err := d.usage.UnitCost.Times(d.usage.Quantity)
	if err != nil {
		return 0
	}
	return total - d.usage.RefundAmount
}

// before finds the refund that was made under the same key.
func (d *refunding) before(tx *db.Tx) (*refund, error) {
	if d.Key == "" {
		return nil, nil
	}
	rows, err := tx.Lookup("credit_refund", refundColumns, db.Col("site_id", []string{d.Site}), db.Col("idem_key", []id.ID{subjectOf(d.Key)}))
	found, err := db.Collect(rows, err, readRefund)
	if err != nil {
		return nil, fmt.Errorf("find key of refund: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	r := found[0]
	if r.Message != d.usage.Message || r.Channel != d.usage.Channel || r.Amount != d.Amount {
		return nil, fault.New(fault.Invalid, fault.CodeIdempotencyMismatch, "the key was used for another refund of %s; use a new key", d.Site)
	}
	return r, nil
}

// make posts the refund and writes it.
func (d *refunding) make(tx *db.Tx) (*refund, error) {
	parts, err := d.parts()
	if err != nil {
		return nil, err
	}
	from, err := lotsOf(tx, d.Site, each(parts, func(p *take) int64 { return p.lot }))
	if err != nil {
		return nil, err
	}
	r := &refund{
		Refunded: Refunded{ID: id.New(), Message: d.usage.Message, Channel: d.usage.Channel, Amount: d.Amount, At: d.book.at},
		site:     d.Site, takes: parts.text(), key: d.Key,
	}
	key, err := d.ledger.keys.Site(tx, d.Site)
	if err != nil {
		return nil, err
	}
	for _, back := range d.groups(parts, from) {
		d.book.giveBack(r, back, func(l *line) { l.note, l.noteDigest = sealNote(key, d.book.Seq+1, d.Reason) })
	}
	d.book.tell("credit.refunded", r.ID.Text(id.Refund), map[string]any{
		"amount": r.Amount, "message_id": r.Message.Text(id.Message), "usage_id": d.usage.ID.Text(id.Usage),
		"channel": r.Channel.String(), "available_after": d.book.Available,
	})
	d.usage.RefundAmount += r.Amount
	if err := insertRefund(tx, r); err != nil {
		return nil, err
	}
	if err := updateRefunded(tx, d.usage); err != nil {
		return nil, err
	}
	if err := d.count(tx); err != nil {
		return nil, err
	}
	return r, d.ledger.write(tx, []*book{d.book})
}

// count adds the refund to the statistics of today. A usage is of all accounts that reached
// somebody of the message by its channel, so no provider is named.
func (d *refunding) count(tx *db.Tx) error {
	return stat.Append(tx, stat.Delta{Site: d.Site, Channel: d.usage.Channel, Strategy: d.strategy, Figures: stat.Figures{Refunded: d.Amount}})
}

// parts are what the amount was spent from: of what the message spent and was not refunded
// yet, the last.
func (d *refunding) parts() (takes, error) {
	all, err := parseTakes(d.reservation.takes)
	if err != nil {
		return nil, fmt.Errorf("read takes: %w", err)
	}
	spent := all.cut(0, d.reservation.settled)
	gone := map[int64]money.Amount{}
	for _, r := range d.earlier {
		back, err := parseTakes(r.takes)
		if err != nil {
			return nil, fmt.Errorf("read takes of refund: %w", err)
		}
		for _, p := range back {
			gone[p.lot] += p.amount
		}
	}
	var out takes
	rest := d.Amount
	for _, p := range slices.Backward(spent) {
		free := p.amount - min(p.amount, gone[p.lot])
		gone[p.lot] -= p.amount - free
		if part := min(free, rest); part > 0 {
			out = append(out, take{p.lot, part})
			rest -= part
		}
	}
	if rest != 0 {
		return nil, fault.New(fault.Internal, fault.CodeInternal,
			"the refunds of %s are damaged: %s of %s were never spent; run ledger verify", d.usage.Message.Text(id.Message), rest, d.Amount)
	}
	return out, nil
}

// group is what comes back as one lot.
type group struct {
	kind    string
	expires db.Time
	amount  money.Amount
}

// groups joins the parts that come back alike, in the order of consumption.
func (d *refunding) groups(parts takes, from map[int64]*lot) (out []group) {
	for _, p := range parts {
		g := group{kind: paidLot, amount: p.amount}
		if l := from[p.lot]; l != nil && l.kind == bonusLot {
			g.kind = bonusLot
			if l.expires != 0 {
				g.expires = max(l.expires, d.book.at.Add(bonusLives))
			}
		}
		i := slices.IndexFunc(out, func(o group) bool { return o.kind == g.kind && o.expires == g.expires })
		if i < 0 {
			out = append(out, g)
			continue
		}
		out[i].amount += g.amount
	}
	slices.SortFunc(out, func(a, b group) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.expires, b.expires)) })
	return out
}

// giveBack opens the lot of one group.
func (b *book) giveBack(r *refund, g group, seal func(*line)) {
	opened := &lot{site: b.Site, seq: b.Seq + 1, kind: g.kind, opened: g.amount, expires: g.expires, remaining: g.amount, fresh: true}
	b.lots = append(b.lots, opened)
	l := line{kind: Refund, amount: g.amount, move: moves[Refund][0], message: r.Message, ref: r.ID.Text(id.Refund), opens: r.digest(opened)}
	seal(&l)
	b.post(l)
	b.repay()
}

func insertRefund(tx *db.Tx, r *refund) error {
	var subject id.ID
	if r.key != "" {
		subject = subjectOf(r.key)
	}
	err := tx.InsertMany("credit_refund", db.Col("site_id", []string{r.site}), db.Col("id", []id.ID{r.ID}),
		db.Col("message_id", []id.ID{r.Message}), db.Col("channel", []string{r.Channel.String()}),
		db.Col("amount", []money.Amount{r.Amount}), db.Col("takes", []string{r.takes}),
		db.Opt("idem", []string{r.key}), db.Opt("idem_key", []id.ID{subject}), db.Col("at", []db.Time{r.At}))
	if err != nil {
		return fmt.Errorf("write refund: %w", err)
	}
	return nil
}

func updateRefunded(tx *db.Tx, u *usage) error {
	err := tx.UpdateMany("credit_usage", []string{"site_id", "message_id", "channel"},
		db.Col("site_id", []string{u.Site}), db.Col("message_id", []id.ID{u.Message}),
		db.Col("channel", []string{u.Channel.String()}), db.Col("refund_amount", []money.Amount{u.RefundAmount}))
	if err != nil {
		return fmt.Errorf("write usage: %w", err)
	}
	return nil
}

// Refunds gives the refunds of messages, oldest first.
func (l *Ledger) Refunds(tx *db.Tx, siteID string, messages ...id.ID) ([]Refunded, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	rows, err := tx.Lookup("credit_refund", refundColumns, db.Same("site_id", siteID, len(messages)), db.Col("message_id", messages))
	found, err := db.Collect(rows, err, readRefund)
	if err != nil {
		return nil, fmt.Errorf("read refunds of %s: %w", siteID, err)
	}
	slices.SortFunc(found, func(a, b *refund) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return each(found, func(r **refund) Refunded { return (*r).Refunded }), nil
}
