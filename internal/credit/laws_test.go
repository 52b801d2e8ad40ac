package credit

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"

	"pgregory.net/rapid"
)

// TestAnySequenceOfActsKeepsTheLawsAndTheModel runs random acts on two sites and
// compares every stored number with the model after each, then proves all laws.
func TestAnySequenceOfActsKeepsTheLawsAndTheModel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			g := &game{world: newWorld(t, d), rt: rt, models: map[string]*model{}, owner: map[id.ID]string{}}
			g.now = noon
			for _, name := range []string{"a", "b"} {
				g.open(fmt.Sprintf("site-%s-%d", name, run))
			}
			// Most runs begin with something to give back.
			for _, act := range []func(){g.topUp, g.reserveSome, g.settleSome}[:rapid.SampledFrom([]int{0, 3, 3}).Draw(rt, "begun")] {
				act()
				g.compare()
			}
			for range rapid.IntRange(1, 14).Draw(rt, "steps") {
				rapid.SampledFrom([]func(){g.topUp, g.topUp, g.withdraw, g.reserveSome, g.reserveSome,
					g.settleSome, g.settleSome, g.refundSome, g.refundSome, g.takeBackSome, g.restoreSome, g.expireSome, g.watchSome}).Draw(rt, "act")()
				g.compare()
			}
		})
	})
}

// game is one random run.
type game struct {
	*world
	rt       *rapid.T
	sites    []string
	models   map[string]*model
	messages []id.ID // in the order in which they were held
	owner    map[id.ID]string
}

func (g *game) open(name string) {
	err := g.try(func(tx *db.Tx) error {
		if _, err := site.Create(tx, g.keys, name, name); err != nil {
			return err
		}
		return g.l.Open(tx, name)
	})
	if err != nil {
		g.rt.Fatalf("open: %v", err)
	}
	g.sites = append(g.sites, name)
	g.models[name] = newModel()
}

// tick turns the clock, back too: entries never go back with it.
func (g *game) tick() {
	g.now = g.now.Add(time.Duration(rapid.IntRange(-2, 5).Draw(g.rt, "seconds")) * time.Second)
}

func (g *game) amount(most int, label string) money.Amount {
	return money.Amount(rapid.IntRange(1, most*int(won)).Draw(g.rt, label))
}

func (g *game) someSite() (string, *model) {
	name := rapid.SampledFrom(g.sites).Draw(g.rt, "site")
	return name, g.models[name]
}

func (g *game) topUp() {
	g.tick()
	name, m := g.someSite()
	m.clock(g.now)
	t := TopUp{Site: name, Kind: rapid.SampledFrom([]Kind{Payment, Bonus, Bonus, Adjustment}).Draw(g.rt, "kind"), Amount: g.amount(50, "amount")}
	if t.Kind != Adjustment && rapid.Bool().Draw(g.rt, "expires") {
		t.ExpiresAt = m.at.Add(time.Duration(rapid.IntRange(1, 10).Draw(g.rt, "lives")) * time.Second)
	}
	if rapid.Bool().Draw(g.rt, "noted") {
		t.Note, t.Ref = "노트", "ref"
	}
	if err := g.addErr(t); err != nil {
		g.rt.Fatalf("add %+v: %v", t, err)
	}
	m.top(t.Kind, t.Amount, t.ExpiresAt)
	if t.Kind == Payment && rapid.Bool().Draw(g.rt, "gift") {
		b := TopUp{Site: name, Kind: Bonus, Amount: g.amount(10, "bonus")}
		if err := g.addErr(b); err != nil {
			g.rt.Fatalf("add %+v: %v", b, err)
		}
		m.top(Bonus, b.Amount, 0)
		m.gifts[len(m.gifts)-1].bonus = m.boxes[len(m.boxes)-1]
	}
}

func (g *game) refundSome() {
	if len(g.messages) == 0 {
		return
	}
	g.tick()
	msg := rapid.SampledFrom(g.messages).Draw(g.rt, "message")
	name := g.owner[msg]
	m := g.models[name]
	m.clock(g.now)
	us := g.usages(name, msg)
	if len(us) == 0 {
		return
	}
	u := rapid.SampledFrom(us).Draw(g.rt, "usage")
	p := m.messages[msg]
	most := p.cost(u.Channel) - p.refunded[u.Channel]
	r := RefundRequest{Site: name, Usage: u.ID, Amount: 1 + money.Amount(rapid.Int64Range(0, int64(most)).Draw(g.rt, "refund")), Reason: "사과"}
	if rapid.Bool().Draw(g.rt, "keyed") {
		r.Key = id.New().String()
	}
	var left money.Amount
	err := g.try(func(tx *db.Tx) (err error) { _, left, err = g.l.Refund(tx, bySMS(r)); return err })
	possible := m.refund(msg, u.Channel, r.Amount)
	switch want := p.cost(u.Channel) - p.refunded[u.Channel]; {
	case possible != (err == nil) || err != nil && !fault.Is(err, fault.Conflict):
		g.rt.Fatalf("refund %s: got %v, possible %v", r.Amount, err, possible)
	case err == nil && left != want:
		g.rt.Fatalf("refund %s: %s are left, want %s", r.Amount, left, want)
	}
}

func (g *game) takeBackSome() {
	g.tick()
	name, m := g.someSite()
	m.clock(g.now)
	if len(m.gifts) == 0 {
		return
	}
	of := rapid.SampledFrom(m.gifts).Draw(g.rt, "payment")
	p := PaymentBack{Site: name, Lot: of.paid.seq, Amount: g.amount(20, "back"), Ref: "pay_1", Gone: rapid.Bool().Draw(g.rt, "gone")}
	if rapid.IntRange(0, 3).Draw(g.rt, "all") == 0 {
		p.Amount = of.paid.opened
	}
	if of.bonus != nil {
		p.Bonus = of.bonus.seq
	}
	err := g.try(func(tx *db.Tx) error { _, err := g.l.TakeBack(tx, p); return err })
	if ok := m.takeBack(of, p.Amount, p.Gone); ok != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		g.rt.Fatalf("take back %+v: got %v, possible %v", p, err, ok)
	}
}

func (g *game) restoreSome() {
	g.tick()
	name, m := g.someSite()
	m.clock(g.now)
	if len(m.taken) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.taken)-1).Draw(g.rt, "cancellation")
	t := m.taken[i]
	m.taken = slices.Delete(m.taken, i, i+1)
	p := PaymentBack{Site: name, Lot: t.paid.seq, Amount: t.Paid, Ref: "pay_1"}
	if t.bonus != nil {
		p.Bonus = t.bonus.seq
	}
	if err := g.try(func(tx *db.Tx) error {
		_, err := g.l.Restore(tx, p, TakenBack{Paid: t.Paid, Bonus: t.Bonus})
		return err
	}); err != nil {
		g.rt.Fatalf("restore %+v: %v", t, err)
	}
	m.restore(t)
}

// watchSome keeps a band: the jobs that leaving it puts meet each other's keys in random order.
func (g *game) watchSome() {
	name, _ := g.someSite()
	band := Band{g.amount(50, "below"), g.amount(100, "from")}
	err := g.try(func(tx *db.Tx) error {
		return g.l.Watch(tx, name, func(Account, money.Amount) (Band, error) { return band, nil })
	})
	if err != nil {
		g.rt.Fatalf("watch: %v", err)
	}
}

func (g *game) expireSome() {
	g.tick()
	name, m := g.someSite()
	m.clock(g.now)
	if err := g.try(func(tx *db.Tx) error { _, err := g.l.Expire(tx, name); return err }); err != nil {
		g.rt.Fatalf("expire: %v", err)
	}
	m.expire()
}

func (g *game) withdraw() {
	g.tick()
	name, m := g.someSite()
	m.clock(g.now)
	amount := g.amount(40, "amount")
	err := g.addErr(TopUp{Site: name, Kind: Adjustment, Amount: -amount})
	if ok := m.withdraw(amount); ok != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) {
		g.rt.Fatalf("withdraw %s: got %v, possible %v", amount, err, ok)
	}
}

func (g *game) reserveSome() {
	g.tick()
	var holds []Hold
	var prices [][provider.Channels]money.Amount
	for range rapid.IntRange(1, 4).Draw(g.rt, "holds") {
		name, _ := g.someSite()
		h := Hold{Site: name, Message: id.New(), Classes: []byte("classes")}
		if rapid.IntRange(0, 5).Draw(g.rt, "free") > 0 {
			h.Amount = g.amount(30, "hold")
		}
		holds = append(holds, h)
		prices = append(prices, [provider.Channels]money.Amount{
			provider.Alimtalk: money.Amount(rapid.IntRange(0, 3).Draw(g.rt, "alimtalk")) * won,
			provider.SMS:      g.amount(4, "sms"),
		})
	}
	var got []*Refusal
	err := g.try(func(tx *db.Tx) (err error) { got, err = g.l.Reserve(tx, holds); return err })
	if err != nil {
		g.rt.Fatalf("reserve: %v", err)
	}
	for i, h := range holds {
		m := g.models[h.Site]
		m.clock(g.now)
		want := m.reserve(h.Message, h.Amount, prices[i])
		if (want == nil) != (got[i] == nil) || want != nil && *want != *got[i] {
			g.rt.Fatalf("hold %d of %s: got refusal %v, want %v", i, h.Amount, got[i], want)
		}
		if want == nil {
			g.messages = append(g.messages, h.Message)
			g.owner[h.Message] = h.Site
		}
	}
}

func (g *game) settleSome() {
	if len(g.messages) == 0 {
		return
	}
	g.tick()
	var all []Settlement
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(g.messages), 1, min(3, len(g.messages)), rapid.ID[id.ID]).Draw(g.rt, "messages")
	// The ledger settles in the order of site and message.
	slices.SortFunc(chosen, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, msg := range chosen {
		name := g.owner[msg]
		m := g.models[name]
		m.clock(g.now)
		p := m.messages[msg]
		var counts [provider.Channels]int64
		rest := p.open()
		for _, ch := range []provider.Channel{provider.Alimtalk, provider.SMS} {
			most := 3
			if price := p.prices[ch]; price > 0 {
				most = min(most, int(rest/price))
			}
			counts[ch] = int64(rapid.IntRange(0, most).Draw(g.rt, "delivered"))
			rest -= p.prices[ch] * money.Amount(counts[ch])
		}
		back := rest
		if rest > 0 && rapid.Bool().Draw(g.rt, "partly") {
			back = money.Amount(rapid.Int64Range(0, int64(rest)).Draw(g.rt, "back"))
		}
		// The same in two pieces, as two reports of one group bring it.
		all = append(all,
			Settlement{Site: name, Message: msg, Released: back / 2, Delivered: []Delivered{delivered(provider.Alimtalk, counts[0], p.prices[0])}},
			Settlement{Site: name, Message: msg, Released: back - back/2, Delivered: []Delivered{delivered(provider.SMS, counts[1], p.prices[1])}})
		m.settle(msg, counts, back)
	}
	if err := g.settleErr(all...); err != nil {
		g.rt.Fatalf("settle: %v", err)
	}
}

// compare holds the rows against the model and proves the laws, with outcomes.
func (g *game) compare() {
	err := g.d.View(g.t.Context(), "test", func(tx *db.Tx) error {
		for _, name := range g.sites {
			text, err := g.models[name].differs(g.world, tx, name)
			if err != nil {
				return err
			}
			if text != "" {
				g.rt.Fatalf("%s: %s", name, text)
			}
		}
		return nil
	})
	if err != nil {
		g.rt.Fatalf("read: %v", err)
	}
	proof, err := g.l.Prove(g.t.Context(), g.d, g.sites, func(_ *db.Tx, name string, messages []id.ID) (map[id.ID]Outcome, error) {
		out := map[id.ID]Outcome{}
		for _, msg := range messages {
			out[msg] = g.models[name].messages[msg].outcome(msg)
		}
		return out, nil
	})
	if err != nil || len(proof.Broken) > 0 || proof.Sites != len(g.sites) {
		g.rt.Fatalf("prove: %v %+v", err, proof)
	}
}
