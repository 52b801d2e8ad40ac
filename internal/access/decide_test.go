package access

import (
	"net/netip"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// program and person are callers of tests.
func program(siteID string, abilities ...string) Who {
	return Who{Token: site.Token{ID: id.New(), Site: siteID, Abilities: abilities}}
}

func signed(grants ...Grant) Who {
	p := &Person{ID: id.New(), Factor: true, Grants: grants}
	return Who{Token: site.Token{ID: id.New(), User: p.ID, Session: true, Abilities: []string{site.Operator, site.All}}, Person: p, Now: db.At(time.Unix(1_800_000_000, 0))}
}

func role(name, siteID string) Grant { return Grant{siteID, name, builtIn[name]} }

func TestAProgramMayWhatItsTokenLists(t *testing.T) {
	for _, c := range []struct {
		who     Who
		site    string
		ability string
		want    bool
	}{
		{program("demo", "messages:read"), "demo", "messages:read", true},
		{program("demo", "messages:read"), "demo", "messages:write", false},
		{program("demo", "messages:read"), "demo", "messages", false},
		{program("demo", "*"), "demo", "credit:refund", true},
		{program("demo", "*"), "demo", site.Operator, false},
		{program("demo", site.Operator), "demo", site.Operator, false},
		{program("", site.Operator), "demo", site.Operator, true},
		{program("", site.Operator), "demo", "messages:read", true},
		{program("", "*"), "demo", site.Operator, false},
		{program("", "*"), "demo", "messages:read", true},
		{program("", "messages:read"), "demo", "messages:write", false},
		{program("demo"), "demo", "messages:read", false},
	} {
		if got := Decide(Call{Who: c.who, Site: c.site}, Need{Ability: c.ability}) == nil; got != c.want {
			t.Errorf("a token of %q with %v at %s, %s: got %t, want %t", c.who.Token.Site, c.who.Token.Abilities, c.site, c.ability, got, c.want)
		}
	}
}

func TestAPersonMayWhatHisRolesAllowWhereHeHasThem(t *testing.T) {
	everywhere, both := role(Viewer, ""), []Grant{role(Finance, "a"), role(Sender, "b")}
	for _, c := range []struct {
		what   string
		grants []Grant
		site   string
		need   Need
		want   fault.Kind // Internal = he may
	}{
		{"a role", both, "a", Need{Ability: "credit:write"}, fault.Internal},
		{"of the other site", both, "b", Need{Ability: "credit:write"}, fault.Denied},
		{"its own there", both, "b", Need{Ability: "messages:write"}, fault.Internal},
		{"the test site of a role's", both, "a.test", Need{Ability: "credit:write"}, fault.Internal},
		{"the test site of another role's", both, "b.test", Need{Ability: "credit:write"}, fault.Denied},
		{"no site is named", both, "", Need{Ability: "credit:write"}, fault.Invalid},
		{"an ability that does as well", both, "a", Need{Ability: "messages:read", Or: "stats:read"}, fault.Internal},
		{"on all sites", []Grant{everywhere}, "z", Need{Ability: "messages:read"}, fault.Internal},
		{"on all sites, one more on this", []Grant{everywhere, both[0]}, "a", Need{Ability: "credit:write"}, fault.Internal},
		{"on all sites, one more on another", []Grant{everywhere, both[0]}, "b", Need{Ability: "credit:write"}, fault.Denied},
		{"all sites together", []Grant{everywhere}, EverySite, Need{Ability: "messages:read", EverySite: true}, fault.Internal},
		{"all together where that is not asked", []Grant{everywhere}, EverySite, Need{Ability: "messages:read"}, fault.Invalid},
		{"all together by a role on one", both, EverySite, Need{Ability: "credit:read", EverySite: true}, fault.Denied},
		{"numbers of people", []Grant{everywhere}, "a", Need{Ability: "messages:read", Personal: true}, fault.Denied},
		{"numbers, as a sender", both, "b", Need{Ability: "messages:read", Personal: true}, fault.Internal},
		{"the operator's", []Grant{role(Owner, "")}, "a", Need{Ability: site.Operator}, fault.Denied},
		{"the installation's", []Grant{role(Owner, "")}, "", Need{Ability: "tokens:read", Either: true}, fault.Invalid},
		{"an operator", []Grant{role(Operator, "")}, "a", Need{Ability: site.Operator}, fault.Internal},
		{"an operator of the house", []Grant{role(Operator, "")}, "", Need{Ability: site.Operator, House: true}, fault.Internal},
		{"an operator of everything", []Grant{role(Operator, "")}, "a", Need{Ability: "credit:refund", Personal: true}, fault.Internal},
		{"the operator's role on one site is none", []Grant{role(Operator, "a")}, "a", Need{Ability: site.Operator}, fault.Denied},
		{"the staff's, by an operator", []Grant{role(Operator, "")}, "", Need{Ability: site.Operator, House: true, Staff: true}, fault.Internal},
		{"the staff's, by support", []Grant{role(Support, "")}, "", Need{Ability: site.Operator, House: true, Staff: true}, fault.Internal},
		{"the house's, by support", []Grant{role(Support, "")}, "", Need{Ability: site.Operator, House: true}, fault.Denied},
		{"the staff's, by support of one site", []Grant{role(Support, "a")}, "a", Need{Ability: site.Operator, House: true, Staff: true}, fault.Denied},
		{"himself", nil, "", Need{Ability: Signed, House: true}, fault.Internal},
		{"anyone", nil, "", Need{Ability: Anyone, Either: true}, fault.Internal},
		{"nothing", nil, "a", Need{Ability: "messages:read"}, fault.Denied},
	} {
		err := Decide(Call{Who: signed(c.grants...), Site: c.site}, c.need)
		if (c.want == fault.Internal) != (err == nil) || err != nil && !fault.Is(err, c.want) {
			t.Errorf("%s: got %v, want kind %d", c.what, err, c.want)
		}
	}
}

func TestATokenOfAPersonMayWhatBothMay(t *testing.T) {
	who := signed(role(Finance, "a"))
	who.Token.Session, who.Token.Abilities = false, []string{"credit:read", "messages:write"}
	call := Call{Who: who, Site: "a"}
	for ability, want := range map[string]bool{"credit:read": true, "credit:write": false, "messages:write": false} {
		if got := call.Can(ability); got != want {
			t.Errorf("%s: got %t, want %t", ability, got, want)
		}
	}
	operator := signed(role(Operator, ""))
	operator.Token.Session, operator.Token.Abilities = false, []string{"messages:read"}
	if operator.Operator() || (Call{Who: operator, Site: "a"}).Can("messages:write") {
		t.Error("a token for one thing makes its operator one")
	}
	support := signed(role(Support, ""))
	support.Token.Session = false
	if err := Decide(Call{Who: support}, Need{Ability: site.Operator, House: true, Staff: true}); !fault.Is(err, fault.Denied) {
		t.Errorf("a personal token is staff: %v", err)
	}
	if err := Decide(call, Need{Ability: Signed}); !fault.Is(err, fault.Denied) {
		t.Errorf("a personal token stands for the person himself: %v", err)
	}
	if err := Decide(call, Need{Ability: "credit:read", Guarded: true}); err != nil {
		t.Errorf("a personal token is asked for a second factor: %v", err)
	}
}

func TestATokenIsRefusedFromElsewhereWhateverItMay(t *testing.T) {
	for _, who := range []Who{program("demo", "*"), program("", site.Operator), signed(role(Operator, ""))} {
		who.Token.Networks, _ = site.ParseNetworks([]string{"203.0.113.0/24"})
		for from, want := range map[string]bool{"203.0.113.9": true, "::ffff:203.0.113.9": true, "203.0.114.9": false, "": false} {
			var at netip.Addr
			if from != "" {
				at = netip.MustParseAddr(from)
			}
			err := Decide(Call{Who: who, Site: "demo", From: at}, Need{Ability: "messages:read"})
			if (err == nil) != want || err != nil && !fault.Is(err, fault.Denied) {
				t.Errorf("from %q: got %v, want it let in %t", from, err, want)
			}
		}
	}
}

func TestASecondFactorIsAskedOfPeopleAlone(t *testing.T) {
	guarded := Need{Ability: "credit:refund", Guarded: true}
	if err := Decide(Call{Who: program("a", "*"), Site: "a"}, guarded); err != nil {
		t.Errorf("of a program: %v", err)
	}
	for _, c := range []struct {
		factor bool
		ago    time.Duration // -1 = never
		want   any
	}{
		{false, -1, "enrol"}, {false, 0, "enrol"}, {true, -1, "required"}, {true, 0, nil}, {true, ConfirmFor, nil}, {true, ConfirmFor + time.Microsecond, "required"},
	} {
		for _, g := range []Grant{role(Owner, "a"), role(Operator, "")} { // operators are people too
			who := signed(g)
			who.Person.Factor = c.factor
			if c.ago >= 0 {
				who.Token.ConfirmedAt = who.Now.Add(-c.ago)
			}
			err := Decide(Call{Who: who, Site: "a"}, guarded)
			var got any
			if f := fault.Of(err); f != nil {
				got = f.Extra["second_factor"]
			}
			if got != c.want {
				t.Errorf("%s with a second factor %t, given %s ago: got %v, want %v", g.Role, c.factor, c.ago, got, c.want)
			}
		}
	}
	// Who may not do it is not asked for anything.
	if err := Decide(Call{Who: signed(role(Viewer, "a")), Site: "a"}, guarded); fault.Of(err).Extra != nil {
		t.Errorf("got %v with %v", err, fault.Of(err).Extra)
	}
}

func TestNobodyGivesMoreThanHeHas(t *testing.T) {
	for _, c := range []struct {
		what string
		who  Who
		site string
		give string
		want bool
	}{
		{"a program its own", program("a", "messages:read", "tokens:write"), "a", "messages:read", true},
		{"a program more", program("a", "messages:read", "tokens:write"), "a", "messages:write", false},
		{"a program everything", program("a", "messages:read", "tokens:write"), "a", "*", false},
		{"everything by who has it", program("a", "*"), "a", "*", true},
		{"on another site", program("a", "*"), "b", "messages:read", false},
		{"the operator's", program("a", "*"), "a", site.Operator, false},
		{"the installation's", program("a", "*"), "", "messages:read", false},
		{"by an operator", program("", site.Operator), "a", "*", true},
		{"by an operator to himself", program("", site.Operator), "", site.Operator, true},
		{"by a program of all sites", program("", "*"), "a", "*", true},
		{"by an owner", signed(role(Owner, "a")), "a", "*", true},
		{"by an owner elsewhere", signed(role(Owner, "a")), "b", "messages:read", false},
		{"by a sender", signed(role(Sender, "a")), "a", "messages:write", true},
		{"by a sender, more", signed(role(Sender, "a")), "a", "credit:read", false},
		{"by a person on all sites", signed(role(Owner, "")), "a", "*", true},
		{"by a person on all sites, for all", signed(role(Owner, "")), "", "messages:read", false},
	} {
		if err := (Call{Who: c.who, Site: c.site}).MayGive([]string{c.give}); (err == nil) != c.want {
			t.Errorf("%s: got %v, want it allowed %t", c.what, err, c.want)
		}
	}
}

func TestAPersonIsOneActorHoweverHeSignedIn(t *testing.T) {
	a := signed(role(Owner, "a"))
	b := a
	b.Token.ID = id.New()
	if a.Actor() != b.Actor() || a.Actor() != a.Person.ID.Text(id.User) {
		t.Errorf("got %s and %s", a.Actor(), b.Actor())
	}
	if w := program("a", "*"); w.Actor() != w.Token.ID.Text(id.Token) {
		t.Errorf("got %s for a program", w.Actor())
	}
}
