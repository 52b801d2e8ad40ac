package credit

import (
	"fmt"
	"slices"

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
	moves    []string // kind amount, in order
	sums     map[Name]money.Amount
}

// box is a lot.
type box struct {
	seq                                  int64
	bonus                                bool
	expires                              db.Time
	left, held, used, expired, takenBack money.Amount
}

// coin is a part of a box that a message holds.
type coin struct {
	box   *box
	value money.Amount
}

// purse is what one message holds, in the order in which it was taken.
type purse struct {
	coins             []coin
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
	m.boxes = append(m.boxes, &box{seq: int64(len(m.moves)), bonus: kind == Bonus, expires: expires, left: amount})
}

// next is the box to take from now: it searches anew for every coin.
func (m *model) next() (best *box) {
	better := func(a, b *box) bool {
		switch {
		case a.bonus != b.bonus:
			return a.bonus
		case a.expires != b.expires:
			return b.expires == 0 || a.expires != 0 && a.expires < b.expires
		}
		return a.seq < b.seq
	}
	for _, b := range m.boxes {
		if b.left > 0 && !b.dead(m.at) && (best == nil || better(b, best)) {
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
	if u := m.usable(); u < amount {
		return &Refusal{amount, u}
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
}

// differs says where the ledger's rows are not what the model says, or "".
func (m *model) differs(w *world, tx *db.Tx, siteID string) (string, error) {
	a, err := w.l.Account(tx, siteID)
	if err != nil {
		return "", err
	}
	got := fmt.Sprint(a.Available, a.Held, a.Spent, a.Seq)
	if want := fmt.Sprint(m.available(), m.sums["held"], m.spent, len(m.moves)); got != want {
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
