package access

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

func TestAPatternHoldsWhatItSays(t *testing.T) {
	for _, c := range []struct {
		pattern, permission string
		want                bool
	}{
		{"messages:read", "messages:read", true},
		{"messages:read", "messages:write", false},
		{"messages", "messages:approve", true},
		{"messages:*", "messages:approve", true},
		{"messages:read,write", "messages:write", true},
		{"messages:read,write", "messages:approve", false},
		{"messages,stats:read", "stats:read", true},
		{"messages,stats:read", "stats:write", false},
		{"messages,stats:read", "credit:read", false},
		{"*:read", "credit:read", true},
		{"*:read", "credit:refund", false},
		{"*", "credit:refund", true},
		{"messages:read", "messages", false},
		{"*", site.Operator, false},
		{"*:*", site.Operator, false},
		{site.Operator, site.Operator, true},
		{site.Operator, "messages:read", false},
		{"oper*", site.Operator, false},
		{"mess*:read", "messages:read", false},
		{"", "messages:read", false},
	} {
		if got := Pattern(c.pattern).Holds(c.permission); got != c.want {
			t.Errorf("%q holds %s: got %t, want %t", c.pattern, c.permission, got, c.want)
		}
	}
}

// Whoever may give a pattern must hold what it will hold when there are more abilities.
func TestAPatternCoversAnotherOnlyWhereItIsAsOpen(t *testing.T) {
	for _, c := range []struct {
		held  []string
		asked string
		want  bool
	}{
		{[]string{"*"}, "*", true},
		{[]string{"*"}, "messages", true},
		{[]string{"messages"}, "messages:*", true},
		{[]string{"messages:*"}, "messages", true},
		{[]string{"messages"}, "*", false},
		{[]string{"messages:read", "messages:write", "messages:approve"}, "messages", false},
		{[]string{"messages:read", "stats:read"}, "messages,stats:read", true},
		{[]string{"messages:read"}, "messages,stats:read", false},
		{[]string{"messages,stats:read"}, "messages:read", true},
		{[]string{"*:read"}, "messages,credit:read", true},
		{[]string{"*:read"}, "messages", false},
		{[]string{"*"}, site.Operator, false},
		{[]string{site.Operator}, "*", false},
		{nil, "messages", false},
	} {
		if got := patternsOf(c.held).Covers(Pattern(c.asked)); got != c.want {
			t.Errorf("%v covers %q: got %t, want %t", c.held, c.asked, got, c.want)
		}
	}
}

// drawn makes patterns of the words of real ones.
func drawn(rt *rapid.T, name string) Pattern {
	word := rapid.SampledFrom([]string{"messages", "credit", "stats", "*"})
	verb := rapid.SampledFrom([]string{"read", "write", "refund", "*"})
	p := strings.Join(rapid.SliceOfN(word, 1, 3).Draw(rt, name+" of"), ",")
	if rapid.Bool().Draw(rt, name+" has a verb") {
		p += ":" + strings.Join(rapid.SliceOfN(verb, 1, 3).Draw(rt, name+" may"), ",")
	}
	return Pattern(p)
}

func TestWhatIsCoveredIsHeld(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		held := Patterns{drawn(rt, "held"), drawn(rt, "also held")}
		asked := drawn(rt, "asked")
		if held.Covers(asked) {
			for _, a := range site.Abilities {
				if asked.Holds(a) && !held.Holds(a) {
					rt.Fatalf("%v covers %q, which holds %s, and does not hold it", held, asked, a)
				}
			}
		}
		for _, a := range site.Abilities {
			if asked.Holds(a) != Patterns(asked.simple()).Holds(a) {
				rt.Fatalf("%q and %v differ about %s", asked, asked.simple(), a)
			}
		}
	})
}

func TestPermissionsThatCannotBeAreRefused(t *testing.T) {
	for _, list := range [][]string{
		nil, {""}, {"message:read"}, {"messages:red"}, {"messages:read,"}, {":read"}, {"messages:read:all:more"}, {site.Operator},
		{"messages read"}, {strings.Repeat("a", 300)}, slices.Repeat([]string{"credit"}, 51), {strings.Repeat("messages,", 31) + "stats:read"},
	} {
		if p, err := parsePatterns(list); !fault.Is(err, fault.Invalid) && !(len(p) == 1 && list[0] == "messages:read:all:more") {
			t.Errorf("%.80q: got %v, %v", list, p, err)
		}
	}
	p, err := parsePatterns([]string{" credit ", "credit", "messages:read"})
	if err != nil || !slices.Equal(p, Patterns{"credit", "messages:read"}) {
		t.Errorf("got %v, %v", p, err)
	}
}

func FuzzParsePatterns(f *testing.F) {
	for _, seed := range []string{"messages:read", "credit", "*", "messages,stats:read", "a:b:c", ",:,", site.Operator} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePatterns([]string{text})
		if err != nil {
			return
		}
		if len(p.Permissions()) == 0 || p.Holds(site.Operator) || strings.ContainsAny(string(p[0]), " \t\n") {
			t.Fatalf("%q passes and holds %v", text, p.Permissions())
		}
	})
}

func TestTheRolesThatAreBuiltInHoldWhatTheyAreFor(t *testing.T) {
	for role, c := range map[string]struct{ may, not []string }{
		Support: {[]string{"messages:read", "credit:read", "audit:read"}, []string{"personal:read", "messages:write", "tokens:read", "users:read", "credit:write", "contacts:read", site.Operator}},
		Owner:   {[]string{"messages:approve", "credit:refund", "tokens:write", "users:write", "roles:write", "personal:read"}, []string{site.Operator}},
		Finance: {[]string{"credit:read", "credit:write", "credit:refund", "stats:read"}, []string{"messages:read", "personal:read", "tokens:read", "contacts:read"}},
		Sender:  {[]string{"messages:write", "contacts:write", "optouts:write", "personal:read", "templates:read"}, []string{"credit:read", "tokens:read", "messages:approve", "templates:write", "senders:write"}},
		Viewer:  {[]string{"messages:read", "credit:read", "stats:read"}, []string{"personal:read", "tokens:read", "webhooks:read", "contacts:read", "messages:write", "credit:write"}},
	} {
		for _, a := range c.may {
			if !builtIn[role].Holds(a) {
				t.Errorf("%s does not have %s", role, a)
			}
		}
		for _, a := range c.not {
			if builtIn[role].Holds(a) {
				t.Errorf("%s has %s", role, a)
			}
		}
	}
}
