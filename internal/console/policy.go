package console

import (
	"errors"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"creditmsg/client"
)

func policyScreens() []screen {
	const base = rulesBase + "/policies"
	return []screen{
		{pattern: "GET " + base, do: (*page).policies},
		{pattern: "GET " + rulesBase + "/new-policy", do: (*page).policyNew},
		{pattern: "POST " + rulesBase + "/new-policy", do: (*page).addPolicy},
		{pattern: "GET " + base + "/{name}", do: (*page).policy},
		{pattern: "GET " + base + "/{name}/edit", do: (*page).policyEdit},
		{pattern: "POST " + base + "/{name}/edit", do: (*page).setPolicy},
		{pattern: "POST " + base + "/{name}/remove", do: (*page).removePolicy},
	}
}

func (p *page) policies() error {
	list, err := p.api.Policies(p.ctx(), client.Paging{Limit: 30, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("policies", list)
}

// policyView is the page of one policy.
type policyView struct {
	Policy client.Policy
	Steps  []stepWords
}

// stepWords is a step as people read it: what is sent, and what has to hold.
type stepWords struct {
	Send string
	When []string
}

func (p *page) policy() error {
	d := policyView{}
	var err error
	if d.Policy, err = p.api.Policy(p.ctx(), p.r.PathValue("name")); err != nil {
		return err
	}
	d.Steps = p.stepsInWords(d.Policy.Steps)
	return p.show("policy", d)
}

func (p *page) stepsInWords(steps []client.PolicyStep) (out []stepWords) {
	for _, s := range steps {
		one := stepWords{Send: p.word("policy.send", s.Send)}
		if w := s.When; w != nil {
			if len(w.TextIs) > 0 {
				kinds := make([]string, len(w.TextIs))
				for i, kind := range w.TextIs {
					kinds[i] = p.word("channel", kind)
				}
				one.When = append(one.When, p.say("policy.when-text", "Kinds", strings.Join(kinds, ", ")))
			}
			if w.PriceAtMost != nil {
				one.When = append(one.When, p.say("policy.when-price", "Won", won(*w.PriceAtMost)))
			}
			if w.NotDearer {
				one.When = append(one.When, p.say("policy.when-not-dearer"))
			}
			if w.ReportedOffKakao != nil {
				one.When = append(one.When, p.word("policy.off-kakao", strconv.FormatBool(*w.ReportedOffKakao)))
			}
			if w.Hours != nil {
				one.When = append(one.When, p.say("policy.when-hours", "From", w.Hours.From, "Until", w.Hours.Until))
			}
		}
		out = append(out, one)
	}
	return out
}

func (p *page) removePolicy() error {
	name := p.r.PathValue("name")
	if err := p.once(p.form()).RemovePolicy(p.ctx(), name); err != nil {
		return p.refused(err, p.rules("policies", name))
	}
	return p.done(p.rules("policies"), "policy.removed")
}

// stepRows are the steps of a policy in a form.
var stepRows = rows{"steps", []string{"send", "text_is", "price_at_most", "not_dearer", "off_kakao", "from", "until"}, 8}

// policyEdit is the form of a policy.
type policyEdit struct {
	Name   string // "" = it is to be made
	Form   form
	Sends  []choice
	Kinds  []choice
	Kakao  []choice
	Theirs []choice
}

// Steps are the rows of the form.
func (d policyEdit) Steps() []int { return stepRows.numbers(d.Form) }

// Conditioned reports whether a step has conditions, or something wrong with one.
func (d policyEdit) Conditioned(i int) bool {
	for _, field := range stepRows.fields[1:] {
		if name := stepRows.at(i, field); strings.Join(d.Form.chosen(name), "") != "" || d.Form.Error(name) != "" {
			return true
		}
	}
	return false
}

func (p *page) showPolicyForm(name string, d policyEdit) error {
	d.Sends = p.wordsOf(func(v string) string { return p.word("policy.send", v) }, "alimtalk", "text")
	d.Kinds = p.wordsOf(func(v string) string { return p.word("channel", v) }, "sms", "lms", "mms")
	d.Kakao = append([]choice{{"", p.say("policy.any")}}, p.wordsOf(func(v string) string { return p.word("policy.off-kakao", v) }, "false", "true")...)
	if d.Form.Problem != "" {
		return p.unfit(name, d)
	}
	return p.show(name, d)
}

// stepsOf are the steps that a form asks for.
func stepsOf(f form) (out []client.PolicyStep) {
	for i := range stepRows.in(f) {
		get := func(field string) string { return strings.TrimSpace(f.Get(stepRows.at(i, field))) }
		w := client.When{TextIs: f.chosen(stepRows.at(i, "text_is")), NotDearer: get("not_dearer") != ""}
		if most := get("price_at_most"); most != "" {
			w.PriceAtMost = new(client.Amount(most))
		}
		if off, err := strconv.ParseBool(get("off_kakao")); err == nil {
			w.ReportedOffKakao = &off
		}
		if from, until := get("from"), get("until"); from+until != "" {
			w.Hours = &client.Hours{From: from, Until: until}
		}
		step := client.PolicyStep{Send: get("send")}
		if len(w.TextIs) > 0 || w.PriceAtMost != nil || w.NotDearer || w.ReportedOffKakao != nil || w.Hours != nil {
			step.When = &w
		}
		out = append(out, step)
	}
	return out
}

// stepValues are steps as a form has them.
func stepValues(steps []client.PolicyStep) url.Values {
	out := url.Values{}
	for i, s := range steps {
		out.Set(stepRows.at(i, "send"), s.Send)
		if s.When == nil {
			continue
		}
		out[stepRows.at(i, "text_is")] = s.When.TextIs
		if s.When.PriceAtMost != nil {
			out.Set(stepRows.at(i, "price_at_most"), plain(*s.When.PriceAtMost))
		}
		if s.When.NotDearer {
			out.Set(stepRows.at(i, "not_dearer"), "on")
		}
		if s.When.ReportedOffKakao != nil {
			out.Set(stepRows.at(i, "off_kakao"), strconv.FormatBool(*s.When.ReportedOffKakao))
		}
		if s.When.Hours != nil {
			out.Set(stepRows.at(i, "from"), s.When.Hours.From)
			out.Set(stepRows.at(i, "until"), s.When.Hours.Until)
		}
	}
	return out
}

// plain writes an amount as a field takes it.
func plain(a client.Amount) string { return strings.ReplaceAll(won(a), ",", "") }

// stepPlaces are the fields beside which what is wrong with a step stands.
func stepPlaces(f form) map[string]string {
	out := map[string]string{"/steps": "name"}
	for i := range stepRows.in(f) {
		at := "/steps/" + strconv.Itoa(i)
		here := func(field string) string { return stepRows.at(i, field) }
		out[at], out[at+"/when"] = here("send"), here("send")
		for _, place := range []string{"", "/0", "/1", "/2"} {
			out[at+"/when/text_is"+place] = here("text_is")
		}
		out[at+"/when/price_at_most"], out[at+"/when/reported_off_kakao"] = here("price_at_most"), here("off_kakao")
		out[at+"/when/hours"], out[at+"/when/hours/from"], out[at+"/when/hours/until"] = here("from"), here("from"), here("until")
	}
	return out
}

// firstSteps are what a new policy begins with: Alimtalk, and a text to everybody whom it does not reach.
func firstSteps() url.Values {
	return stepValues([]client.PolicyStep{{Send: "alimtalk"}, {Send: "text"}})
}

func (p *page) policyNew() error {
	return p.showPolicyForm("policy-new", policyEdit{Form: p.form().fill(firstSteps())})
}

func (p *page) addPolicy() error {
	f := p.form()
	d := policyEdit{Form: f}
	if changesRows(f, stepRows) {
		return p.showPolicyForm("policy-new", d)
	}
	name := strings.TrimSpace(f.Get("name"))
	if name == "" {
		d.Form.mark(p, "name", p.say("policy.name-wanted"))
		return p.showPolicyForm("policy-new", d)
	}
	return p.writePolicy("policy-new", name, d)
}

// amountForm is how an amount is written; the API reads nothing else, and has no place for what it cannot read.
var amountForm = regexp.MustCompile(`^[0-9]{1,14}([.][0-9]{1,4})?$`)

// wrongPrices notes prices that are none.
func (p *page) wrongPrices(f *form) bool {
	for i := range stepRows.in(*f) {
		name := stepRows.at(i, "price_at_most")
		if text := strings.TrimSpace(f.Get(name)); text != "" && !amountForm.MatchString(text) {
			f.mark(p, name, p.say("form.amount"))
		}
	}
	return f.Problem != ""
}

func (p *page) policyEdit() error {
	var tag string
	one, err := p.api.Noting(&tag).Policy(p.ctx(), p.r.PathValue("name"))
	if err != nil {
		return err
	}
	now := stepValues(one.Steps)
	now.Set(tagField, tag)
	return p.showPolicyForm("policy-edit", policyEdit{Name: one.Name, Form: p.form().fill(now)})
}

func (p *page) setPolicy() error {
	f := p.form()
	d := policyEdit{Name: p.r.PathValue("name"), Form: f}
	if changesRows(f, stepRows) {
		return p.showPolicyForm("policy-edit", d)
	}
	return p.writePolicy("policy-edit", d.Name, d)
}

// writePolicy writes the policy of a form. A new one does not replace another unseen: If-Match with the ETag
// of one that is not there yet cannot be, so it is looked for, and its form becomes one of that.
func (p *page) writePolicy(page, name string, d policyEdit) error {
	if p.wrongPrices(&d.Form) {
		return p.showPolicyForm(page, d)
	}
	var tag string
	now, err := p.api.Noting(&tag).Policy(p.ctx(), name)
	if err == nil && d.Name == "" && !reflect.DeepEqual(p.stepsInWords(now.Steps), p.stepsInWords(stepsOf(d.Form))) {
		d.Form.mark(p, "name", p.say("policy.taken", "Name", name))
		return p.showPolicyForm(page, d)
	}
	if err != nil && !client.IsProblem(err, "not_found") {
		var problem *client.Problem
		if !errors.As(err, &problem) || !shown(problem) {
			return err
		}
	}
	if _, err = p.onto(d.Form).SetPolicy(p.ctx(), name, stepsOf(d.Form)); err != nil {
		if overtaken(err) {
			for i, s := range p.stepsInWords(now.Steps) {
				d.Theirs = append(d.Theirs, choice{p.say("policy.step", "N", i+1) + " " + s.Send, strings.Join(s.When, "\n")})
			}
			d.Form.fresh(p, tag)
			return p.showPolicyForm(page, d)
		}
		if d.Form.wrong(p, err, stepPlaces(d.Form)) {
			return p.showPolicyForm(page, d)
		}
		return err
	}
	return p.done(p.rules("policies", name), "policy.written")
}
