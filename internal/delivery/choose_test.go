package delivery

import (
	"math/rand/v2"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// market is accounts of which the first says most about itself.
func market(t *testing.T, choice Choice, accounts ...provider.Account) *carriers {
	t.Helper()
	var list []Carrier
	for _, a := range accounts {
		list = append(list, Carrier{a, dumb{}})
	}
	o := Options{}.filled()
	c, err := newCarriers(list, choice, healthOptions{o.Rest, o.Hang, o.Late}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.roll = rand.New(rand.NewPCG(3, 5)).Float64
	return c
}

// spread chooses a thousand times and counts.
func spread(c *carriers, n need) map[string]int {
	if n.usable == nil {
		n.usable = func(string) bool { return true }
	}
	n.channel = provider.SMS
	got := map[string]int{}
	for range 1000 {
		if k, _ := c.choose(n); k != nil {
			got[k.Account.Name]++
		}
	}
	return got
}

func costs(won money.Amount) provider.Costs { return provider.Costs{provider.SMS: won * money.Won} }

// fares has an account take messages of which so many are delivered in time.
func fares(c *carriers, account string, handed, delivered int) {
	h := c.byName[account].health
	h.count(second{account, provider.SMS, 1000}, counts{handed, handed, delivered})
	h.judge(db.Time(3_600_000_000))
}

func TestAccountsAreTakenInTheirOrder(t *testing.T) {
	for _, c := range []struct {
		name     string
		choice   Choice
		accounts []provider.Account
		need     need
		before   func(*carriers)
		want     map[string][2]int // least and most of a thousand
	}{
		{"by weight", Choice{}, []provider.Account{{Name: "a", Weight: 3}, {Name: "b"}}, need{}, nil, map[string][2]int{"a": {700, 800}, "b": {200, 300}}},
		{"by priority", Choice{}, []provider.Account{{Name: "a", Priority: 1, Weight: 9}, {Name: "b"}}, need{}, nil, map[string][2]int{"b": {1000, 1000}}},
		{"the site's own before the operator's", Choice{}, []provider.Account{{Name: "a"}, {Name: "b", Priority: 5, Sites: []string{"shop"}}}, need{site: "shop"}, nil,
			map[string][2]int{"b": {1000, 1000}}},
		{"never another site's own", Choice{}, []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, need{site: "other"}, nil,
			map[string][2]int{"a": {1000, 1000}}},
		{"the operator's when the own fails", Choice{}, []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, need{site: "shop"},
			func(c *carriers) { c.byName["b"].health.calls.Open() }, map[string][2]int{"a": {1000, 1000}}},
		{"not the one that could not take them", Choice{}, []provider.Account{{Name: "a", Priority: 0}, {Name: "b", Priority: 9}}, need{not: "a"}, nil,
			map[string][2]int{"b": {1000, 1000}}},
		{"that one, if it is the only one", Choice{}, []provider.Account{{Name: "a"}}, need{not: "a"}, nil, map[string][2]int{"a": {1000, 1000}}},
		{"at least cost", Choice{LeastCost: true}, []provider.Account{{Name: "a", Costs: costs(9), Weight: 9}, {Name: "b", Costs: costs(8)}}, need{}, nil,
			map[string][2]int{"b": {1000, 1000}}},
		{"not below the floor", Choice{LeastCost: true}, []provider.Account{{Name: "a", Costs: costs(9)}, {Name: "b", Costs: costs(8)}}, need{},
			func(c *carriers) { fares(c, "a", 1000, 900); fares(c, "b", 1000, 800) }, map[string][2]int{"a": {1000, 1000}}},
		{"at the floor", Choice{LeastCost: true}, []provider.Account{{Name: "a", Costs: costs(9)}, {Name: "b", Costs: costs(8)}}, need{},
			func(c *carriers) { fares(c, "a", 1000, 900); fares(c, "b", 1000, 815) }, map[string][2]int{"b": {1000, 1000}}},
		{"few messages say nothing", Choice{LeastCost: true}, []provider.Account{{Name: "a", Costs: costs(9)}, {Name: "b", Costs: costs(8)}}, need{},
			func(c *carriers) { fares(c, "a", 1000, 900); fares(c, "b", 100, 10) }, map[string][2]int{"b": {1000, 1000}}},
		{"a trickle through the slow one", Choice{}, []provider.Account{{Name: "a"}, {Name: "b", Priority: 1}}, need{},
			func(c *carriers) { c.byName["a"].health.lanes[provider.SMS].slow.Open() }, map[string][2]int{"a": {20, 90}, "b": {910, 980}}},
		{"the slow one, if the other one fails", Choice{}, []provider.Account{{Name: "a"}, {Name: "b"}}, need{}, func(c *carriers) {
			c.byName["a"].health.lanes[provider.SMS].slow.Open()
			c.byName["b"].health.calls.Open()
		}, map[string][2]int{"a": {1000, 1000}}},
		{"only usable ones", Choice{}, []provider.Account{{Name: "a"}, {Name: "b"}}, need{usable: func(name string) bool { return name == "b" }}, nil,
			map[string][2]int{"b": {1000, 1000}}},
		{"none, while all fail", Choice{}, []provider.Account{{Name: "a"}}, need{}, func(c *carriers) { c.byName["a"].health.calls.Open() }, map[string][2]int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := market(t, c.choice, c.accounts...)
			if c.before != nil {
				c.before(m)
			}
			got := spread(m, c.need)
			for name, n := range got {
				if bounds, ok := c.want[name]; !ok || n < bounds[0] || n > bounds[1] {
					t.Errorf("account %s was chosen %d times of 1000, want %v", name, n, c.want)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("chosen %v, want %v", got, c.want)
			}
		})
	}
}

func TestWhenAllAccountsRestTheWaitIsTheShortestRest(t *testing.T) {
	m := market(t, Choice{}, provider.Account{Name: "a"}, provider.Account{Name: "b"})
	for _, k := range m.list {
		k.health.calls.Open()
	}
	k, wait := m.choose(need{channel: provider.SMS, usable: func(string) bool { return true }})
	if most := (Options{}).filled().Rest; k != nil || wait <= 0 || wait > most {
		t.Errorf("chosen %v, wait %s; want none and at most a rest", k, wait)
	}
}
