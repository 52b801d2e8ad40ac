package limit

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// step is a take or, with after, some time that passes before it.
type step struct {
	after time.Duration
	n     []int64 // of each rule; below 0 = given back
	want  string  // remaining/full/wait of each rule
}

// The table is the contract of both stores.
func TestARuleAllowsWhatItSays(t *testing.T) {
	hour := func(name string, limit, burst int64) Rule {
		return Rule{Name: name, Limit: limit, Burst: burst, Period: time.Hour}
	}
	for _, c := range []struct {
		what  string
		rules []Rule
		steps []step
	}{
		{"all at once, then what time makes up for", []Rule{hour("a", 4, 0)}, []step{
			{0, []int64{1}, "passed 3/900/0"},
			{0, []int64{3}, "passed 0/3600/0"},
			{0, []int64{1}, "refused 0/3600/900"},
			{890 * time.Second, []int64{1}, "refused 0/2710/10"},
			{10 * time.Second, []int64{1}, "passed 0/3600/0"},
			{2 * time.Hour, []int64{0}, "passed 4/0/0"},
		}},
		{"a limit that does not divide its period", []Rule{hour("a", 7, 0)}, []step{
			{0, []int64{1}, "passed 6/514/0"}, {0, []int64{1}, "passed 5/1029/0"}, {0, []int64{1}, "passed 4/1543/0"},
			{0, []int64{1}, "passed 3/2057/0"}, {0, []int64{1}, "passed 2/2571/0"}, {0, []int64{1}, "passed 1/3086/0"},
			{0, []int64{1}, "passed 0/3600/0"}, {0, []int64{1}, "refused 0/3600/514"},
		}},
		{"less at once than in the period", []Rule{hour("a", 60, 2)}, []step{
			{0, []int64{2}, "passed 0/120/0"},
			{0, []int64{1}, "refused 0/120/60"},
			{time.Minute, []int64{1}, "passed 0/120/0"},
		}},
		{"looking takes nothing", []Rule{hour("a", 4, 0)}, []step{
			{0, []int64{0}, "passed 4/0/0"}, {0, []int64{4}, "passed 0/3600/0"}, {0, []int64{0}, "passed 0/3600/0"},
		}},
		{"what is larger than the rule passes alone and owes the whole", []Rule{hour("a", 100, 0)}, []step{
			{0, []int64{1}, "passed 99/36/0"},
			{0, []int64{250}, "refused 99/36/36"},
			{36 * time.Second, []int64{250}, "passed 0/9000/0"},
			{0, []int64{1}, "refused 0/9000/5436"},
			{5430 * time.Second, []int64{1}, "refused 0/3570/6"},
			{6 * time.Second, []int64{1}, "passed 0/3600/0"},
		}},
		{"all of them or none", []Rule{hour("a", 10, 0), hour("b", 2, 0)}, []step{
			{0, []int64{1, 1}, "passed 9/360/0 1/1800/0"},
			{0, []int64{1, 2}, "refused 9/360/0 1/1800/1800"},
			{0, []int64{10, 1}, "refused 9/360/360 1/1800/0"},
			{0, []int64{1, 1}, "passed 8/720/0 0/3600/0"},
			{0, []int64{9, 1}, "refused 8/720/360 0/3600/1800"},
		}},
		{"what is given back can be taken again", []Rule{hour("a", 4, 0)}, []step{
			{0, []int64{4}, "passed 0/3600/0"},
			{0, []int64{-3}, "passed 3/900/0"},
			{0, []int64{-3}, "passed 4/0/0"},
			{0, []int64{5}, "passed 0/4500/0"},
			{0, []int64{-5}, "passed 4/0/0"},
			{0, []int64{4}, "passed 0/3600/0"},
			{0, []int64{1}, "refused 0/3600/900"},
		}},
		{"a rule without a limit is not asked", []Rule{hour("a", 0, 0), hour("b", 2, 0)}, []step{
			{0, []int64{1000, 1}, "passed 1/1800/0"},
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			inEveryPlace(t, func(t *testing.T, p *place) {
				for i, s := range c.steps {
					if s.after > 0 {
						p.advance(s.after)
					}
					takes := make([]Take, len(s.n))
					for j, n := range s.n {
						takes[j] = Take{Rule: c.rules[j], N: n}
					}
					if got := shown(p.taken(takes...)); got != s.want {
						t.Fatalf("step %d, %v after %s: got %s, want %s", i, s.n, s.after, got, s.want)
					}
				}
			})
		})
	}
}

func TestPartsAndRulesAndKeysDoNotShare(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		one := perMinute(1)
		other := one
		other.Name = "recipients"
		for _, take := range []Take{{one, "", 1}, {one, "tok_a", 1}, {one, "tok_b", 1}, {other, "", 1}} {
			if !p.taken(take).OK {
				t.Errorf("%v was refused, though nothing was taken of it", take)
			}
		}
		if p.taken(Take{one, "tok_a", 1}).OK {
			t.Error("the second of tok_a passed")
		}
		p.key = fresh()
		if !p.taken(Take{one, "tok_a", 1}).OK {
			t.Error("another key was refused")
		}
	})
}

func TestARuleThatCannotBeCountedIsNotValid(t *testing.T) {
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{}, ""}, {perMinute(1), ""}, {perMinute(Most), ""}, {Rule{Limit: 1, Period: 24 * time.Hour}, ""},
		{perMinute(-1), "want 0 to"}, {perMinute(Most + 1), "want 0 to"}, {Rule{Limit: 1, Burst: Most + 1, Period: 1}, "want 0 to"},
		{Rule{Limit: 1}, "a period"}, {Rule{Limit: 1, Period: 25 * time.Hour}, "a period"},
	} {
		if err := c.rule.Valid(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.rule, err, c.want)
		}
	}
}

// The largest numbers do not overflow on their way.
func TestTheLargestNumbersAreExact(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		day := Rule{Name: "a", Limit: 1, Period: 24 * time.Hour}
		a := p.taken(Take{Rule: day, N: 100_000}) // 273 years
		if !a.OK || a.States[0].Full() != 100_000*24*time.Hour {
			t.Errorf("got %s, want 100,000 days", a.States[0].Full())
		}
		wide := Rule{Name: "b", Limit: Most, Period: 24 * time.Hour}
		if a := p.taken(Take{Rule: wide, N: 1}); !a.OK || a.States[0].Remaining() != Most-1 {
			t.Errorf("got %d left, want %d", a.States[0].Remaining(), Most-1)
		}
	})
}

// A neighbour in a /64 of IPv6 is the same person; of IPv4 each address is one.
func TestAddressesAreCountedByWhoHasThem(t *testing.T) {
	same := func(a, b string) bool { return Address(netip.MustParseAddr(a)) == Address(netip.MustParseAddr(b)) }
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
	} {
		if same(c.a, c.b) != c.want {
			t.Errorf("%s and %s: counted together is %t, want %t", c.a, c.b, !c.want, c.want)
		}
	}
	if k := Address(netip.Addr{}); k.digest == "" {
		t.Error("an address that is none has no key")
	}
}

func TestNoNameIsKeptAnywhere(t *testing.T) {
	p := inMiniredis(t)
	p.key = Of("account", "person@credit.example")
	p.taken(Take{Rule: perMinute(1), Part: "cm_live_secret", N: 1})
	names, err := p.store.(*Redis).client.Keys(context.Background(), "*").Result()
	if err != nil || len(names) != 1 {
		t.Fatalf("got %v, %v, want one key", names, err)
	}
	for _, word := range []string{"person", "credit.example", "secret"} {
		if strings.Contains(names[0], word) {
			t.Errorf("the key %s has %q", names[0], word)
		}
	}
}

func TestWhatIsOwedIsForgottenWhenItIsMadeUpFor(t *testing.T) {
	p := inMiniredis(t)
	p.taken(Take{Rule: perMinute(2), N: 1})
	client := p.store.(*Redis).client
	if n := client.DBSize(context.Background()).Val(); n != 1 {
		t.Fatalf("got %d keys, want 1", n)
	}
	p.advance(30*time.Second + time.Millisecond)
	if n := client.DBSize(context.Background()).Val(); n != 0 {
		t.Errorf("got %d keys after what was owed was made up for, want 0", n)
	}
}
