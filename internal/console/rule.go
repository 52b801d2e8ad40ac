package console

import (
	"net/http"
	"strconv"
	"strings"

	"creditmsg/client"
)

const rulesBase = "/s/{site}/settings/rules"

var ruleTabs = []door{
	{"sending", "", []string{"settings", "rules"}, "optouts:read"},
	{"opt-outs", "", []string{"settings", "rules", "opt-outs"}, "optouts:read"},
	{"policies", "", []string{"settings", "rules", "policies"}, "messages:read"},
	{"words", "", []string{"settings", "rules", "words"}, "optouts:read"},
}

func ruleScreens() []screen {
	return []screen{
		{pattern: "GET " + rulesBase, do: (*page).sendingRules},
		{pattern: "POST " + rulesBase, do: (*page).setSendingRules},
		{pattern: "GET " + rulesBase + "/words", do: (*page).wordPage},
		{pattern: "POST " + rulesBase + "/words", do: (*page).addWords},
		{pattern: "POST " + rulesBase + "/words/remove", do: (*page).removeWord},
		{pattern: "GET /operator/words", do: (*page).wordPage},
		{pattern: "POST /operator/words", do: (*page).addWords},
		{pattern: "POST /operator/words/remove", do: (*page).removeWord},
	}
}

// rules is a path of what a site's messages go by.
func (p *page) rules(parts ...string) string {
	return p.path(append([]string{"settings", "rules"}, parts...)...)
}

// Rules is such a path for pages.
func (s view) Rules(parts ...string) string { return s.page.rules(parts...) }

// sendingRules is the form of what a site's messages go by.
type sendingRules struct {
	Form   form
	Rules  client.SendingRules
	Units  []choice
	Theirs []choice
}

// units are what a window is given in, by their seconds, the largest first.
var units = []string{"86400", "3600", "60", "1"}

// windowOf is a number of seconds in the largest unit that it is whole in.
func windowOf(seconds int64) (n, unit string) {
	for _, unit := range units {
		if one, _ := strconv.ParseInt(unit, 10, 64); seconds%one == 0 && seconds > 0 {
			return strconv.FormatInt(seconds/one, 10), unit
		}
	}
	return "0", "3600"
}

func (p *page) sendingRules() error {
	if !p.can("optouts:read") && p.can("messages:read") {
		return p.lead(p.rules("policies"))
	}
	return p.showRules(p.form(), false)
}

func (p *page) showRules(f form, late bool) error {
	var tag string
	d := sendingRules{Units: p.wordsOf(func(v string) string { return p.word("rule.unit", v) }, units...)}
	var err error
	if d.Rules, err = p.api.Noting(&tag).SendingRules(p.ctx()); err != nil {
		return err
	}
	n, unit := windowOf(d.Rules.DuplicateWindow)
	if late {
		f.fresh(p, tag)
		d.Theirs = []choice{{p.say("rule.opt-out-number"), d.Rules.OptOutNumber}, {p.say("rule.window"), n + " " + p.word("rule.unit", unit)},
			{p.say("rule.review-above"), grouped(d.Rules.ReviewAbove)}}
	}
	now := map[string]string{tagField: tag, "opt_out_number": d.Rules.OptOutNumber, "duplicate_window": n, "unit": unit, "review_above": strconv.FormatInt(d.Rules.ReviewAbove, 10)}
	if d.Form = f.Filled(now); d.Form.Problem != "" {
		return p.unfit("sending-rules", d)
	}
	return p.show("sending-rules", d)
}

func (p *page) setSendingRules() error {
	f := p.form()
	number := strings.TrimSpace(f.Get("opt_out_number"))
	window := f.number(p, "duplicate_window")
	if unit, err := strconv.ParseInt(f.Get("unit"), 10, 64); err == nil && unit > 0 && window < 1<<31 {
		window *= unit
	}
	above := f.number(p, "review_above")
	if f.Problem != "" {
		return p.showRules(f, false)
	}
	if _, err := p.onto(f).SetSendingRules(p.ctx(), client.SendingRulesChange{OptOutNumber: &number, DuplicateWindow: &window, ReviewAbove: &above}); err != nil {
		if overtaken(err) {
			return p.showRules(f, true)
		}
		if f.wrong(p, err, nil) {
			return p.showRules(f, false)
		}
		return err
	}
	return p.done(p.rules(), "rules")
}

// wordList is a list of words that texts must not have: a site's, or that of all sites.
type wordList struct {
	Page client.Page[client.BlockedWord]
	Form form
}

// wording is who is asked about a list of words, and where its page is.
func (p *page) wording() (api *client.Client, path, name string) {
	if p.site == "" {
		return p.api.ForSite("*"), to("operator", "words"), "operator-words"
	}
	return p.api, p.rules("words"), "words"
}

func (p *page) wordPage() error { return p.showWords(p.form()) }

func (p *page) showWords(f form) (err error) {
	api, _, name := p.wording()
	d := wordList{Form: f}
	if d.Page, err = api.BlockedWords(p.ctx(), client.Paging{Limit: 100, Cursor: p.r.URL.Query().Get("cursor")}); err != nil {
		return err
	}
	if f.Problem != "" {
		return p.showAs(http.StatusUnprocessableEntity, name, d)
	}
	return p.show(name, d)
}

func (p *page) addWords() error {
	f := p.form()
	api, path, _ := p.wording()
	var words []string
	for line := range strings.Lines(f.Get("words")) {
		if line = strings.TrimSpace(line); line != "" {
			words = append(words, line)
		}
	}
	if len(words) == 0 {
		f.mark(p, "words", p.say("word.wanted"))
		return p.showWords(f)
	}
	if _, err := api.Once(f.Key()).AddBlockedWords(p.ctx(), words); err != nil {
		if f.wrong(p, err, listed("/words", "words", len(words))) {
			return p.showWords(f)
		}
		return err
	}
	return p.done(path, "word.added")
}

func (p *page) removeWord() error {
	f := p.form()
	api, path, _ := p.wording()
	if err := api.Once(f.Key()).RemoveBlockedWord(p.ctx(), f.Get("word")); err != nil {
		return p.refused(err, path)
	}
	return p.done(path, "word.removed")
}
