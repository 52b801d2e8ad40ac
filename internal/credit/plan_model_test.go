package credit

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"

	"pgregory.net/rapid"
)

// shelf is a price list as a child would keep it: notes on a board, the last one first
// when two are of the same time.
type shelf struct{ notes []note }

type note struct {
	channel provider.Channel
	since   db.Time
	cost    money.Amount
	named   bool // false = from then on nothing is said
}

func (s *shelf) says(ch provider.Channel, at db.Time) (cost money.Amount, named bool) {
	var best *note
	for i, n := range s.notes {
		if n.channel == ch && n.since <= at && (best == nil || n.since >= best.since) {
			best = &s.notes[i]
		}
	}
	if best == nil {
		return 0, false
	}
	return best.cost, best.named
}

// tenancy is that a site has a plan from a time on; nil = none.
type tenancy struct {
	since db.Time
	plan  *shelf
}

// tenant is a site of the model.
type tenant struct {
	own   shelf
	plans []tenancy
}

func (t *tenant) planAt(at db.Time) *shelf {
	var plan *shelf
	for _, p := range t.plans {
		if p.since <= at {
			plan = p.plan
		}
	}
	return plan
}

// market is the model: it looks at every board anew for every question, and knows nothing
// of layers.
type market struct {
	installation shelf
	plans        map[string]*shelf
	sites        map[string]*tenant
}

func (m *market) pays(siteID string, at db.Time) (out Prices) {
	t := m.sites[siteID]
	for ch := range out {
		channel := provider.Channel(ch)
		boards := []*shelf{&t.own, t.planAt(at), &m.installation}
		out[ch] = []money.Amount{9 * won, 18 * won, 45 * won, 120 * won}[ch]
		for _, b := range boards {
			if b == nil {
				continue
			}
			if cost, named := b.says(channel, at); named {
				out[ch] = cost
				break
			}
		}
	}
	return out
}

// bazaar is one random run of the product beside the model.
type bazaar struct {
	*world
	rt    *rapid.T
	model market
	sites []string
	plans []string
	run   int
}

func TestPricesAreTheModelsWhateverIsChangedAndWhenever(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			b := &bazaar{world: newWorld(t, d), rt: rt, run: run}
			b.now = noon
			b.open()
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				rapid.SampledFrom([]func(){b.price, b.price, b.assign, b.assign, b.recreate, b.asked}).Draw(rt, "act")()
				b.now = b.now.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "hours")) * time.Hour)
			}
			b.asked()
			b.foretold()
		})
	})
}

func (b *bazaar) open() {
	b.model = market{plans: map[string]*shelf{}, sites: map[string]*tenant{}}
	for i := range 2 {
		name := fmt.Sprintf("site-%d-%d", b.run, i)
		b.must(func(tx *db.Tx) error {
			_, err := site.Create(tx, b.keys, name, name)
			return err
		})
		b.sites, b.model.sites[name] = append(b.sites, name), &tenant{}
		plan := fmt.Sprintf("plan-%d-%d", b.run, i)
		b.must(func(tx *db.Tx) error { return CreatePlan(tx, plan, plan, nil) })
		b.plans, b.model.plans[plan] = append(b.plans, plan), &shelf{}
	}
	// What earlier runs left is no history of this one.
	b.must(func(tx *db.Tx) error {
		_, err := tx.DeleteMany("price", db.Col("owner", []string{""}))
		return err
	})
}

func (b *bazaar) must(fn func(tx *db.Tx) error) {
	if err := b.try(fn); err != nil {
		b.rt.Fatalf("at %d: %v", b.now, err)
	}
}

// start gives a time from which something is to count, as it is said and as it is.
func (b *bazaar) start() (said, is db.Time) {
	hours := rapid.IntRange(-1, 4).Draw(b.rt, "from")
	if hours < 0 {
		return 0, b.now
	}
	is = b.now.Add(time.Duration(hours) * time.Hour)
	return is, is
}

// change draws the change of a list.
func (b *bazaar) change(since db.Time) (p map[provider.Channel]money.Amount, drop []provider.Channel, notes []note) {
	p = map[provider.Channel]money.Amount{}
	for _, ch := range rapid.SliceOfNDistinct(rapid.IntRange(0, 3), 1, 3, rapid.ID[int]).Draw(b.rt, "channels") {
		n := note{provider.Channel(ch), since, money.Amount(rapid.Int64Range(0, 300_000).Draw(b.rt, "cost")), rapid.IntRange(0, 2).Draw(b.rt, "named") > 0}
		notes = append(notes, n)
		if n.named {
			p[n.channel] = n.cost
		} else {
			drop = append(drop, n.channel)
		}
	}
	return p, drop, notes
}

func (b *bazaar) price() {
	said, is := b.start()
	p, drop, notes := b.change(is)
	owners := append(slices.Clone(b.plans), append(b.sites, "")...)
	owner := rapid.SampledFrom(owners).Draw(b.rt, "owner")
	board := &b.model.installation
	set := func(tx *db.Tx) error { return SetPrices(tx, owner, p, said, drop...) }
	if plan := b.model.plans[owner]; plan != nil {
		board, set = plan, func(tx *db.Tx) error { return b.l.SetPlanPrices(tx, owner, p, said, drop...) }
	} else if t := b.model.sites[owner]; t != nil {
		board = &t.own
	}
	b.must(set)
	board.notes = append(board.notes, notes...)
}

func (b *bazaar) assign() {
	said, is := b.start()
	name, plan := rapid.SampledFrom(b.sites).Draw(b.rt, "site"), rapid.SampledFrom(append(b.plans, "")).Draw(b.rt, "plan")
	b.must(func(tx *db.Tx) error { return AssignPlan(tx, name, plan, said) })
	t := b.model.sites[name]
	t.plans = slices.DeleteFunc(t.plans, func(p tenancy) bool { return p.since >= is })
	t.plans = append(t.plans, tenancy{is, b.model.plans[plan]})
}

// recreate removes a plan, if no site has it or will, and makes another of its name.
func (b *bazaar) recreate() {
	plan := rapid.SampledFrom(b.plans).Draw(b.rt, "plan")
	used := false
	for _, t := range b.model.sites {
		used = used || t.planAt(b.now) == b.model.plans[plan]
		for _, p := range t.plans {
			used = used || p.since > b.now && p.plan == b.model.plans[plan]
		}
	}
	err := b.try(func(tx *db.Tx) error { return RemovePlan(tx, plan) })
	if (err != nil) != used {
		b.rt.Fatalf("remove %s, used %v: got %v", plan, used, err)
	}
	if used {
		return
	}
	b.must(func(tx *db.Tx) error {
		return CreatePlan(tx, plan, "again", map[provider.Channel]money.Amount{provider.LMS: 7 * won})
	})
	b.model.plans[plan] = &shelf{[]note{{provider.LMS, b.now, 7 * won, true}}}
}

// asked compares what sites pay at random moments, and until when that counts.
func (b *bazaar) asked() {
	for _, name := range b.sites {
		at := b.now.Add(time.Duration(rapid.IntRange(-30, 20).Draw(b.rt, "when")) * time.Hour / 2)
		var got Prices
		var until db.Time
		b.must(func(tx *db.Tx) (err error) {
			if got, err = PricesAt(tx, name, at); err != nil {
				return err
			}
			q, lists := AskPrices(tx, []string{name})
			lists.now = at
			err = tx.Ask(q)
			until = lists.Until(name)
			return err
		})
		if want := b.model.pays(name, at); got != want {
			b.rt.Fatalf("%s at %d hours from now: got %v, want %v", name, (at-b.now)/db.Time(time.Hour/time.Microsecond), got, want)
		}
		if until == 0 {
			until = at.Add(100 * time.Hour)
		}
		if last := b.model.pays(name, until-1); last != got {
			b.rt.Fatalf("%s: %v counts until %d, but then the model has %v", name, got, until, last)
		}
	}
}

// foretold compares the history with the model at every moment at which it says something.
func (b *bazaar) foretold() {
	for _, name := range b.sites {
		var all []PricePeriod
		b.must(func(tx *db.Tx) (err error) { all, err = SitePrices(tx, name); return err })
		for _, p := range all {
			for _, at := range []db.Time{p.From, p.Until - 1} {
				if at < 0 {
					continue // without an end
				}
				if want := b.model.pays(name, at)[p.Channel]; want != p.Cost {
					b.rt.Fatalf("%s: %+v, want %s at %d", name, p, want, at)
				}
			}
		}
	}
}
