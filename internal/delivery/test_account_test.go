package delivery

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// TestNoTestSiteIsGivenALiveAccountNorTheOtherWayRound chooses among random accounts for
// random sites, whatever their priority, owners and health.
func TestNoTestSiteIsGivenALiveAccountNorTheOtherWayRound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var accounts []provider.Account
		for i := range rapid.IntRange(1, 5).Draw(rt, "accounts") {
			a := provider.Account{Name: string(rune('a' + i)), Test: rapid.Bool().Draw(rt, "test"), Priority: rapid.IntRange(0, 2).Draw(rt, "priority"), Weight: rapid.IntRange(1, 3).Draw(rt, "weight")}
			if rapid.Bool().Draw(rt, "own") {
				a.Sites = []string{rapid.SampledFrom([]string{"rich", "rich.test", "poor"}).Draw(rt, "owner")}
			}
			accounts = append(accounts, a)
		}
		c := market(t, Choice{LeastCost: rapid.Bool().Draw(rt, "least cost")}, accounts...)
		for _, a := range accounts {
			if rapid.Bool().Draw(rt, "broken") {
				c.byName[a.Name].health.learn(0, 10)
			}
		}
		for _, id := range []string{"rich", "rich.test", "poor", "poor.test"} {
			for name := range spread(c, need{site: id}) {
				if c.byName[name].Account.Test != site.IsTest(id) {
					rt.Errorf("%s was given the account %s of %+v", id, name, accounts)
				}
			}
		}
	})
}

// TestAnAccountOfTestSitesIsNoOtherChoiceForALiveOne looks at what goes by how many accounts there are.
func TestAnAccountOfTestSitesIsNoOtherChoiceForALiveOne(t *testing.T) {
	c := market(t, Choice{}, provider.Account{Name: "vendor"}, provider.Account{Name: "solapi.test", Test: true})
	if !c.alone(c.byName["vendor"]) {
		t.Error("the only live account is not waited for")
	}
	if c.alone(c.byName["solapi.test"]) {
		t.Error("the account of test sites is waited for by everybody's workers")
	}
	n := need{site: "rich", channel: provider.SMS, not: "vendor", usable: func(string) bool { return true }}
	if c.elsewhere(n) {
		t.Error("live messages could go by the account of test sites")
	}
	if rest := c.byName["solapi.test"].health.o.Rest; rest > time.Second {
		t.Errorf("the account of test sites rests for %s", rest)
	}
}
