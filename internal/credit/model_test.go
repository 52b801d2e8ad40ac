package credit

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// model is the ledger of one site as a child would keep it: coins in boxes. It
// shares no code with the product.
type model struct {
	at, last db.Time // now, and of the last entry
	boxes    []*box  // oldest first
	messages map[id.ID]*purse
	spent    money.Amount
	owed     money.Amount
	gifts    []gift
	taken    []taken  // of cancelled payments, while their money may still not go back
	moves    []string // kind amount, in order
	sums     map[Name]money.Amount
}

// box is a lot.
type box struct {
	seq                                  int64
	opened                               money.Amount
	bonus                                bool
	expires                              db.Time
	left, held, used, expired, takenBack money.Amount
}

// gift is a payment with the bonus that came with it, if any.
type gift struct{ paid, bonus *box }

// taken is what one cancellation took of a gift.
type taken struct {
	gift
	Paid, Bonus money.Amount
}

// coin is a part of a box that a message holds.
type coin struct {
	box   *box
	value money.Amount
}

// purse is what one message holds, in the order in which it was taken.
type purse struct {
	coins             []coin
	used              []coin // spent and not refunded, in order
	refunded          [provider.Channels]money.Amount
	reserved          money.Amount
	settled, released money.Amount
	prices            [provider.Channels]money.Amount
	counts            [provider.Channels]int64
}

func (p *purse) open() (sum money.Amount) {
	for _, c := range p.coins {
		sum += c.value
	}
	return sum
}

func newModel() *model {
	return &model{messages: map[id.ID]*purse{}, sums: map[Name]money.Amount{}}
}

// clock never runs back behind an entry.
func (m *model) clock(now db.Time) { m.at = max(m.last, now) }

func (m *model) entry(kind Kind, amount money.Amount, from, to Name) {
	if amount == 0 {
		return
	}
	m.last = m.at
	m.moves = append(m.moves, fmt.Sprintf("%s %s %s→%s", kind, amount, from, to))
	m.sums[from] -= amount
	m.sums[to] += amount
}

// available is everything left, expired or not; usable is what may be taken.
func (m *model) available() (sum money.Amount) {
	for _, b := range m.boxes {
		sum += b.left
	}
	return sum
}

func (b *box) dead(at db.Time) bool { return b.expires > 0 && at >= b.expires }

func (m *model) usable() (sum money.Amount) {
	for _, b := range m.boxes {
		if !b.dead(m.at) {
			sum += b.left
		}
	}
	return sum
}

func (m *model) top(kind Kind, amount money.Amount, expires db.Time) {
	from := map[Kind]Name{Payment: "cash", Bonus: "bonus", Adjustment: "adjustment"}[kind]
	m.entry(kind, amount, from, "available")
	b := &box{seq: int64(len(m.moves)), bonus: kind == Bonus, expires: expires, left: amount, opened: amount}
	m.boxes = append(m.boxes, b)
	if kind == Payment {
		m.gifts = append(m.gifts, gift{paid: b})
	}
	m.repay()
}

// repay gives paid credit to what is owed.
func (m *model) repay() {
	var sum money.Amount
	for b := m.nextOf(false); m.owed > 0 && b != nil; b = m.nextOf(false) {
		value := min(b.left, m.owed)
		b.left, b.takenBack, m.owed, sum = b.left-value, b.takenBack+value, m.owed-value, sum+value
	}
	m.entry(Receivable, sum, "available", "receivable")
}

// expire loses what is left in dead boxes.
func (m *model) expire() {
	var lost money.Amount
	for _, b := range m.boxes {
		if b.dead(m.at) {
			b.left, b.expired, lost = 0, b.expired+b.left, lost+b.left
		}
	}
	m.entry(Expire, lost, "available", "breakage")
}

// takeBack cancels a payment; it says whether that was possible.
func (m *model) takeBack(g gift, amount money.Amount, gone bool) bool {
	if amount > g.paid.opened {
		return false
	}
	dead := map[*box]money.Amount{}
	for _, b := range m.boxes {
		if b.dead(m.at) {
			dead[b] = b.left
		}
	}
	if own := g.paid.left - dead[g.paid]; !gone && amount > own {
		return false // and then nothing expires either
	}
	m.expire()
	var bonus, paid money.Amount
	if g.bonus != nil {
		bonus = g.bonus.left
		if min(amount, g.paid.left) < g.paid.opened-g.paid.takenBack {
			share := new(big.Int).Mul(big.NewInt(int64(g.bonus.opened)), big.NewInt(int64(amount)))
			bonus = min(bonus, money.Amount(share.Div(share, big.NewInt(int64(g.paid.opened))).Int64()))
		}
		g.bonus.left, g.bonus.takenBack = g.bonus.left-bonus, g.bonus.takenBack+bonus
	}
	from := func(b *box) {
		value := min(b.left, amount-paid)
		b.left, b.takenBack, paid = b.left-value, b.takenBack+value, paid+value
	}
	from(g.paid)
	for _, bonusToo := range []bool{false, true} {
		for b := m.nextOf(bonusToo); gone && paid < amount && b != nil; b = m.nextOf(bonusToo) {
			from(b)
		}
	}
	if !gone {
		m.taken = append(m.taken, taken{g, paid, bonus})
	}
	m.entry(PaymentCancel, paid, "available", "cash")
	m.entry(PaymentCancel, bonus, "available", "bonus")
	m.entry(Receivable, amount-paid, "receivable", "cash")
	m.owed += amount - paid
	return true
}

// restore undoes a cancellation: the boxes have it again, and die of it if they are dead.
func (m *model) restore(t taken) {
	t.paid.left, t.paid.takenBack = t.paid.left+t.Paid, t.paid.takenBack-t.Paid
	m.entry(PaymentCancel, t.Paid, "cash", "available")
	if t.bonus != nil {
		t.bonus.left, t.bonus.takenBack = t.bonus.left+t.Bonus, t.bonus.takenBack-t.Bonus
		m.entry(PaymentCancel, t.Bonus, "bonus", "available")
	}
	m.expire()
	m.repay()
}

// refund gives back what a channel of a message was charged, the coins spent last first.
func (m *model) refund(msg id.ID, ch provider.Channel, amount money.Amount) bool {
	p := m.messages[msg]
	if amount > p.cost(ch)-p.refunded[ch] {
		return false
	}
	p.refunded[ch] += amount
	m.spent -= amount
	back := map[box]money.Amount{} // by what the new boxes are like
	for rest := amount; rest > 0; {
		c := &p.used[len(p.used)-1]
		v := min(c.value, rest)
		like := box{bonus: c.box.bonus}
		if c.box.bonus && c.box.expires > 0 {
			like.expires = max(c.box.expires, m.at.Add(30*24*time.Hour))
		}
		back[like] += v
		if c.value, rest = c.value-v, rest-v; c.value == 0 {
			p.used = p.used[:len(p.used)-1]
		}
	}
	likes := slices.SortedFunc(maps.Keys(back), func(a, b box) int {
		if a.bonus != b.bonus {
			return map[bool]int{true: -1, false: 1}[a.bonus]
		}
		return cmp.Compare(a.expires, b.expires)
	})
	for _, like := range likes {
		m.entry(Refund, back[like], "spent", "available")
		m.boxes = append(m.boxes, &box{seq: int64(len(m.moves)), bonus: like.bonus, expires: like.expires, left: back[like], opened: back[like]})
		m.repay()
	}
	return true
}

func (p *purse) cost(ch provider.Channel) (sum money.Amount) {
	for range p.counts[ch] {
		sum += p.prices[ch]
	}
	return sum
}

// next is the box to take from now: it searches anew for every coin.
func (m *model) next() (best *box) {
	if b := m.nextOf(true); b != nil {
		return b
	}
	return m.nextOf(false)
}

// nextOf is the same among boxes of bonus, or of paid credit.
func (m *model) nextOf(bonus bool) (best *box) {
	better := func(a, b *box) bool {
		switch {
		case a.expires != b.expires:
			return b.expires == 0 || a.expires != 0 && a.expires < b.expires
		}
		return a.seq < b.seq
	}
	for _, b := range m.boxes {
		if b.bonus == bonus && b.left > 0 && !b.dead(m.at) && (best == nil || better(b, best)) {
			best = b
		}
	}
	return best
}

func (m *model) take(amount money.Amount) (coins []coin) {
	for amount > 0 {
		b := m.next()
		value := min(b.left, amount)
		b.left -= value
		amount -= value
		coins = append(coins, coin{b, value})
	}
	return coins
}

// withdraw says whether the negative adjustment was possible.
func (m *model) withdraw(amount money.Amount) bool {
	if m.usable() < amount {
		return false
	}
	for _, c := range m.take(amount) {
		c.box.takenBack += c.value
	}
	m.entry(Adjustment, amount, "available", "adjustment")
	return true
}

func (m *model) reserve(msg id.ID, amount money.Amount, prices [provider.Channels]money.Amount) *Refusal {
	if u := m.usable(); u < amount || m.owed > 0 {
		return &Refusal{Needed: amount, Available: u, Owed: m.owed}
	}
	p := &purse{coins: m.take(amount), reserved: amount, prices: prices}
	for _, c := range p.coins {
		c.box.held += c.value
	}
	m.messages[msg] = p
	m.entry(Reserve, amount, "available", "held")
	return nil
}

// settle charges counts and gives back an amount, coin by coin.
func (m *model) settle(msg id.ID, counts [provider.Channels]int64, back money.Amount) {
	p := m.messages[msg]
	var cost, lost money.Amount
	for ch, n := range counts {
		p.counts[ch] += n
		for range n {
			cost += p.prices[ch]
		}
	}
	p.settled, p.released, m.spent = p.settled+cost, p.released+back, m.spent+cost
	for rest := cost; rest > 0; {
		c := &p.coins[0]
		v := min(c.value, rest)
		c.value, c.box.held, c.box.used, rest = c.value-v, c.box.held-v, c.box.used+v, rest-v
		p.used = append(p.used, coin{c.box, v})
		if c.value == 0 {
			p.coins = p.coins[1:]
		}
	}
	for rest := back; rest > 0; {
		c := &p.coins[len(p.coins)-1]
		v := min(c.value, rest)
		c.value, c.box.held, rest = c.value-v, c.box.held-v, rest-v
		if c.box.dead(m.at) {
			c.box.expired += v
			lost += v
		} else {
			c.box.left += v
		}
		if c.value == 0 {
			p.coins = p.coins[:len(p.coins)-1]
		}
	}
	m.entry(Settle, cost, "held", "spent")
	m.entry(Release, back, "held", "available")
	m.entry(Expire, lost, "available", "breakage")
	if cost > 0 || back > 0 {
		m.repay()
	}
}

// differs says where the ledger's rows are not what the model says, or "".
func (m *model) differs(w *world, tx *db.Tx, siteID string) (string, error) {
	a, err := w.l.Account(tx, siteID)
	if err != nil {
		return "", err
	}
	got := fmt.Sprint(a.Available, a.Held, a.Spent, a.Owed, a.Seq)
	if want := fmt.Sprint(m.available(), m.sums["held"], m.spent, m.owed, len(m.moves)); got != want {
		return fmt.Sprintf("account: got %s, want %s", got, want), nil
	}
	es, err := w.l.Entries(tx, siteID, 0, len(m.moves)+1)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, e := range es {
		lines = append(lines, fmt.Sprintf("%s %s %s→%s", e.Kind, e.Amount, e.Debit, e.Credit))
	}
	if !slices.Equal(lines, m.moves) {
		return fmt.Sprintf("entries: got %q, want %q", lines, m.moves), nil
	}
	rows, err := tx.Query(`SELECT `+names(lotColumns)+` FROM lot WHERE site_id = ? ORDER BY site_id, seq`, siteID)
	ls, err := db.Collect(rows, err, scanLot)
	if err != nil {
		return "", err
	}
	var gotLots, wantLots []string
	for _, l := range ls {
		gotLots = append(gotLots, fmt.Sprint(l.seq, l.kind == "bonus", l.expires, l.remaining, l.held, l.spent, l.expired, l.cancelled))
	}
	for _, b := range m.boxes {
		wantLots = append(wantLots, fmt.Sprint(b.seq, b.bonus, b.expires, b.left, b.held, b.used, b.expired, b.takenBack))
	}
	if !slices.Equal(gotLots, wantLots) {
		return fmt.Sprintf("lots: got %q, want %q", gotLots, wantLots), nil
	}
	for msg, p := range m.messages {
		if text, err := p.differs(w, tx, siteID, msg); text != "" || err != nil {
			return text, err
		}
	}
	return "", nil
}

func (p *purse) differs(w *world, tx *db.Tx, siteID string, msg id.ID) (string, error) {
	rs, err := w.l.Reservations(tx, siteID, msg)
	if err != nil {
		return "", err
	}
	got := fmt.Sprint(len(rs))
	for _, r := range rs {
		got = fmt.Sprint(got, r.Reserved, r.Open, r.Settled, r.Released)
	}
	if want := fmt.Sprint("1", p.reserved, p.open(), p.settled, p.released); got != want {
		return fmt.Sprintf("reservation: got %s, want %s", got, want), nil
	}
	us, err := w.l.Usages(tx, siteID, msg, id.ID{}, 10)
	if err != nil {
		return "", err
	}
	var counts [provider.Channels]int64
	for _, u := range us {
		if u.RefundAmount != p.refunded[u.Channel] {
			return fmt.Sprintf("usage by %s: refunded %s, want %s", u.Channel, u.RefundAmount, p.refunded[u.Channel]), nil
		}
		counts[u.Channel] += u.Quantity
		if u.UnitCost != p.prices[u.Channel] {
			return fmt.Sprintf("usage by %s: unit cost %s, want %s", u.Channel, u.UnitCost, p.prices[u.Channel]), nil
		}
	}
	if counts != p.counts {
		return fmt.Sprintf("usages: got %v, want %v", counts, p.counts), nil
	}
	return "", nil
}

// outcome is what the message package would say of a message of the model.
func (p *purse) outcome(msg id.ID) Outcome {
	o := Outcome{Message: msg, Open: p.open(), Count: p.counts}
	for ch, n := range p.counts {
		for range n {
			o.Settled[ch] += p.prices[ch]
		}
	}
	return o
}
