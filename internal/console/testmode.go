package console

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"creditmsg/client"
)

func testScreens() []screen {
	const base = "/s/{site}/settings/api/test"
	return []screen{
		{pattern: "GET " + base, do: (*page).testMode},
		{pattern: "POST " + base, do: (*page).changeTest},
	}
}

// testSteps are how far a button sets the clock of a test site forward.
var testSteps = []string{"10m", "1h", "24h", "168h"}

// testView is the page of test mode.
type testView struct {
	Site   string // the test site; "" = it is not made yet
	Clock  client.TestClock
	Ahead  string
	Credit *client.Credit // nil = the person may not see it
	Tokens []client.Token
	Steps  []string
	Form   form // of a token
	Give   form // of credit
	Move   form // of the clock
	Rows   []abilityRow
	All    bool
	Term   []choice
}

// tester asks about the test site of the page's site.
func (p *page) tester() *client.Client { return p.api.ForSite(p.testSite()) }

func (p *page) testSite() string { return strings.TrimSuffix(p.site, testMark) + testMark }

func (p *page) testMode() error {
	var d testView
	switch f := p.form(); f.Get("what") {
	case "credit":
		d.Give = f
	case "clock":
		d.Move = f
	default:
		d.Form = f
	}
	return p.showTest(d)
}

// changeTest takes all forms of the page, which say what they are about.
func (p *page) changeTest() error {
	switch f := p.form(); f.Get("what") {
	case "credit":
		return p.addTestCredit(f)
	case "clock":
		return p.advanceClock(f)
	case "token":
		return p.addTestToken(f)
	default:
		return p.makeTestSite(f)
	}
}

func (p *page) showTest(d testView) error {
	api := p.tester()
	var err error
	d.Clock, err = api.TestClock(p.ctx())
	if client.IsProblem(err, "not_found") {
		return p.showTestForms(d)
	}
	if err != nil {
		return err
	}
	d.Site, d.Steps, d.Ahead = p.testSite(), testSteps, p.aheadOf(d.Clock)
	if p.can("credit:read") {
		c, err := api.Credit(p.ctx())
		if err != nil {
			return err
		}
		d.Credit = &c
	}
	if p.can("tokens:read") {
		list, err := api.Tokens(p.ctx(), client.Paging{Limit: 100})
		if err != nil {
			return err
		}
		for _, t := range list.Data {
			if stateOf(t, time.Now()) == "active" {
				d.Tokens = append(d.Tokens, t)
			}
		}
	}
	return p.showTestForms(d)
}

func (p *page) showTestForms(d testView) error {
	s := p.shelf()
	d.Rows, d.All = abilityRows(func(a string) bool { return p.mayGive(s, a) }, nil), p.mayAll(s)
	if d.Form.Problem != "" || d.Give.Problem != "" || d.Move.Problem != "" {
		return p.unfit("test", d)
	}
	return p.show("test", d)
}

// aheadOf is how far a clock is ahead, in days, hours and minutes.
func (p *page) aheadOf(c client.TestClock) string {
	d, err := time.ParseDuration(c.Ahead)
	if err != nil || d < time.Minute {
		return ""
	}
	return p.say("test.ahead", "Days", int64(d/(24*time.Hour)), "Hours", int64(d/time.Hour)%24, "Minutes", int64(d/time.Minute)%60)
}

func (p *page) testPath() string { return p.path("settings", "api", "test") }

func (p *page) makeTestSite(f form) error {
	if _, err := p.once(f).ForSite(strings.TrimSuffix(p.site, testMark)).MakeTestSite(p.ctx()); err != nil {
		return p.refused(err, p.testPath())
	}
	return p.done(p.testPath(), "test.made")
}

func (p *page) addTestToken(f form) error {
	list := f.chosen("abilities")
	made, err := p.once(f).ForSite(strings.TrimSuffix(p.site, testMark)).CreateTestToken(p.ctx(), client.NewTestToken{Name: strings.TrimSpace(f.Get("name")), Abilities: list})
	if err != nil {
		if f.wrong(p, err, listed("/abilities", "abilities", len(list))) {
			return p.showTest(testView{Form: f})
		}
		return err
	}
	p.private()
	return p.show("test-token-made", made)
}

func (p *page) addTestCredit(f form) error {
	_, err := p.once(f).ForSite(p.testSite()).AddTestCredit(p.ctx(), client.Amount(strings.ReplaceAll(strings.TrimSpace(f.Get("amount")), ",", "")))
	if err != nil {
		if f.wrong(p, err, map[string]string{"": "amount"}) { // what is no amount is told without a place
			return p.showTest(testView{Give: f})
		}
		return err
	}
	return p.done(p.testPath(), "test.credit")
}

func (p *page) advanceClock(f form) error {
	by, err := time.ParseDuration(f.Get("by"))
	if err != nil {
		hours, err := time.ParseDuration(strings.TrimSpace(f.Get("hours")) + "h")
		if err != nil || hours <= 0 {
			f.Errors, f.Problem = map[string]string{"hours": p.say("test.no-hours")}, p.say("form.wrong")
			return p.showTest(testView{Move: f})
		}
		by = hours
	}
	if _, err = p.once(f).ForSite(p.testSite()).AdvanceTestClock(p.ctx(), by); err != nil {
		var problem *client.Problem
		if errors.As(err, &problem) && problem.Status == http.StatusUnprocessableEntity && f.wrong(p, err, map[string]string{"/by": "hours"}) {
			return p.showTest(testView{Move: f})
		}
		return p.refused(err, p.testPath())
	}
	return p.done(p.testPath(), "test.advanced")
}
