package console

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/client"
	"creditmsg/internal/fault"
)

func composeScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/messages/new", do: (*page).compose},
		{pattern: "POST /s/{site}/messages/new", do: (*page).compose},
		{pattern: "POST /s/{site}/messages/new/preview", do: (*page).composePreview},
		{pattern: "POST /s/{site}/messages/new/shorter", do: (*page).composeShorter},
		{pattern: "POST /s/{site}/messages/new/test", do: (*page).composeTest},
		{pattern: "POST /s/{site}/messages/new/review", do: (*page).composeReview},
		{pattern: "POST /s/{site}/messages", do: (*page).composeSend},
	}
}

// composing is what the page shows on which a message is written.
type composing struct {
	Form      form
	Templates []client.Template // that can be sent
	Senders   []client.Sender   // likewise
	Groups    []client.Group
	Policies  []client.Policy
	Side      side
	Tested    *client.Message // what was sent to try it out
}

// side is what stands beside the form: what phones will show, and what it costs.
type side struct {
	Preview *client.Preview
	Problem string // why there is no preview; "" = there is one, or nothing was written yet
	Ways    []way
	People  int
}

// way is a strategy with what the message would cost by it.
type way struct {
	Strategy client.Strategy
	Estimate client.Estimate
	Problem  string // why it cannot go that way
	Least    bool   // it is expected to cost least
}

// whens are the times at which a message can go: at once, later, again and again.
var whens = []string{"now", "later", "repeat"}

// strategies are those that everybody has, as the page shows them.
var strategies = []client.Strategy{client.AlimtalkFirst, client.SMSOnly, client.CostOptimized}

// mostListed bounds the choices of a form that are shown at once.
const mostListed = 200

func (p *page) compose() error {
	f := p.form()
	if f.Get("strategy") == "" {
		f = f.Filled(map[string]string{"strategy": string(client.AlimtalkFirst), "fallback": "on", "when": cmp.Or(oneOf(p.r.URL.Query().Get("when"), whens), whens[0]),
			"alimtalk.template_code": p.r.URL.Query().Get("template")})
	}
	d, err := p.composing(f)
	if err != nil {
		return err
	}
	return p.show("compose", d)
}

// composing reads what the form offers.
func (p *page) composing(f form) (d composing, err error) {
	d.Form = f
	all := client.Paging{Limit: mostListed}
	group, ctx := errgroup.WithContext(p.ctx())
	group.Go(func() error {
		list, err := p.api.Templates(ctx, all)
		d.Templates = slices.DeleteFunc(list.Data, func(t client.Template) bool { return t.State != "approved" })
		return err
	})
	group.Go(func() error {
		list, err := p.api.Senders(ctx, all)
		d.Senders = slices.DeleteFunc(list.Data, func(s client.Sender) bool { return s.State != "approved" })
		return err
	})
	group.Go(func() error {
		list, err := p.api.Policies(ctx, all)
		d.Policies = list.Data
		return err
	})
	if p.can("contacts:read") {
		group.Go(func() error {
			list, err := p.api.Groups(ctx, all)
			d.Groups = list.Data
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return d, err
	}
	d.Side = p.side(f)
	return d, nil
}

// draft makes of a form what the API takes. What cannot be read is noted beside its field.
func (p *page) draft(f *form) client.Draft {
	d := client.Draft{Title: f.Get("title"), Strategy: client.Strategy(f.Get("strategy")), Key: f.Get(keyField)}
	if d.Strategy == client.ByPolicy {
		d.Policy = f.Get("policy")
	}
	if d.Strategy != client.SMSOnly {
		if code := f.Get("alimtalk.template_code"); code != "" {
			d.Alimtalk = &client.Alimtalk{TemplateCode: code}
		}
	}
	if d.Strategy != client.AlimtalkFirst || f.Get("fallback") != "" {
		d.Text = p.draftText(f)
	}
	d.Groups = slices.DeleteFunc(slices.Clone(f.Values["groups"]), func(s string) bool { return s == "" })
	d.AllowDuplicates = f.Get("allow_duplicates") != ""
	if f.Get("when") == "later" {
		d.ScheduledAt = p.koreanTime(f, "scheduled_at")
		if d.ScheduledAt.IsZero() {
			f.note("scheduled_at", p.say("form.time"))
		}
	}
	d.ValidFor = p.number(f, "valid_hours") * int(time.Hour/time.Second)
	d.PerMinute = p.number(f, "per_minute")
	if from, until := f.Get("send_window.from"), f.Get("send_window.until"); from != "" || until != "" {
		d.SendWindow = &client.Hours{From: from, Until: until}
	}
	if f.Get("notify_on_done") != "" {
		yes := true
		d.NotifyOnDone = &yes
	}
	return d
}

func (p *page) draftText(f *form) *client.Text {
	t := &client.Text{From: f.Get("text.from"), Subject: f.Get("text.subject"), Body: f.Get("text.body"), ReplaceUnsupported: f.Get("text.replace_unsupported") != ""}
	if f.Get("text.advertising") != "" {
		t.Advertising, t.ConsentEvidence = true, f.Get("text.consent_evidence")
	}
	return t
}

// koreanTime reads a time as browsers send what was chosen: 2026-12-01T09:00, in Korea.
func (p *page) koreanTime(f *form, name string) time.Time {
	text := f.Get(name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", text, korea)
	if err != nil {
		f.note(name, p.say("form.time"))
	}
	return at
}

// number reads a whole number; nothing is 0.
func (p *page) number(f *form, name string) int {
	text := strings.ReplaceAll(strings.TrimSpace(f.Get(name)), ",", "")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		f.note(name, p.say("form.number"))
		return 0
	}
	return n
}

// note says what is wrong with a field, if nothing was said of it yet.
func (f *form) note(name, text string) {
	if f.Errors == nil {
		f.Errors = map[string]string{}
	}
	if f.Errors[name] == "" {
		f.Errors[name] = text
	}
}

// written reports whether there is anything to show a preview of.
func written(d client.Draft) bool { return d.Alimtalk != nil || d.Text != nil && d.Text.Body != "" }

// side makes the preview and the costs of a form. What is wrong yet is said there and not beside the
// fields: somebody is still writing.
func (p *page) side(f form) (s side) {
	d := p.draft(&f)
	people, _ := pasted(f.Get("to"))
	s.People = max(len(people), 1)
	if !written(d) {
		return s
	}
	variables := map[string]string{}
	if len(people) > 0 {
		variables = people[0].Variables
	}
	d.Groups, d.ScheduledAt = nil, time.Time{}
	group, ctx := errgroup.WithContext(p.ctx())
	group.Go(func() error {
		preview, err := p.api.Preview(ctx, d, variables, s.People)
		if err != nil {
			s.Problem = why(err)
			return nil
		}
		s.Preview = &preview
		return nil
	})
	s.Ways = make([]way, len(strategies))
	for i, strategy := range strategies {
		group.Go(func() error {
			s.Ways[i] = p.way(f, strategy, s.People)
			return nil
		})
	}
	_ = group.Wait() // each says what is wrong itself
	least := -1
	for i, w := range s.Ways {
		if w.Problem == "" && (least < 0 || tenThousandths(w.Estimate.ExpectedCost) < tenThousandths(s.Ways[least].Estimate.ExpectedCost)) {
			least = i
		}
	}
	if least >= 0 {
		s.Ways[least].Least = true
	}
	return s
}

// way asks what a message would cost by a strategy.
func (p *page) way(f form, strategy client.Strategy, people int) way {
	f.Values = cloned(f.Values)
	f.Set("strategy", string(strategy))
	d := p.draft(&f)
	d.Groups, d.ScheduledAt = nil, time.Time{}
	w := way{Strategy: strategy}
	var err error
	if w.Estimate, err = p.api.EstimateCount(p.ctx(), d, people); err != nil {
		w.Problem = why(err)
	}
	return w
}

// tenThousandths is an amount to compare.
func tenThousandths(a client.Amount) int64 {
	n, err := a.Units()
	if err != nil {
		return 0
	}
	return n
}

// why is what a refusal says, in one sentence.
func why(err error) string {
	var problem *client.Problem
	if !errors.As(err, &problem) {
		return ""
	}
	if len(problem.Errors) > 0 {
		return problem.Errors[0].Detail
	}
	return problem.Detail
}

func (p *page) composePreview() error {
	return p.show("compose-side", p.side(p.form()))
}

// composeShorter puts the shorter wording that is offered into the form.
func (p *page) composeShorter() error {
	f := p.form()
	s := p.side(f)
	if s.Preview != nil {
		for _, step := range s.Preview.Steps {
			if step.Text != nil && step.Text.Coaching.Shorter != nil {
				f.Values = cloned(f.Values)
				f.Set("text.body", step.Text.Coaching.Shorter.Body)
			}
		}
	}
	d, err := p.composing(f)
	if err != nil {
		return err
	}
	return p.show("compose", d)
}

// composeTest sends the message to the phones that somebody names, to look at it.
func (p *page) composeTest() error {
	f := p.form()
	d := p.draft(&f)
	people, err := pasted(f.Get("test_to"))
	if err != nil || len(people) == 0 {
		f.note("test_to", p.say("compose.test-to"))
	}
	d.Groups, d.Recipients, d.Key = nil, people, f.Get("_test_key")
	var sent *client.Message
	if len(f.Errors) == 0 {
		m, err := p.api.SendTest(p.ctx(), d)
		if err != nil {
			if !f.wrong(p, err, composeNames) {
				return err
			}
		} else {
			sent = &m
		}
	}
	return p.composeAgain(f, sent)
}

// composeNames are the fields that have another name than where the API takes them.
var composeNames = map[string]string{"/recipients": "to", "/valid_for": "valid_hours", "/text": "text.body", "/alimtalk": "alimtalk.template_code"}

func (p *page) composeAgain(f form, tested *client.Message) error {
	d, err := p.composing(f)
	if err != nil {
		return err
	}
	d.Tested = tested
	if len(f.Errors) > 0 || f.Problem != "" {
		return p.unfit("compose", d)
	}
	return p.show("compose", d)
}

// reviewing is the last look before a message is sent.
type reviewing struct {
	Form     form
	Kept     []kept
	Draft    client.Draft
	Cron     string // how often it is repeated; "" = it is sent once
	Estimate client.Estimate
	Side     side
	Refused  []refusedOnes
}

type refusedOnes struct {
	Code  string
	Count int64
}

func (p *page) composeReview() error {
	f := p.form()
	d, err := p.order(&f)
	if err != nil {
		return err
	}
	cron := ""
	if f.repeats() {
		if cron = p.cron(&f); f.Get("title") == "" {
			f.note("title", p.say("series.name-none"))
		}
		p.koreanTime(&f, "repeat.until")
	}
	if len(f.Errors) > 0 {
		return p.composeAgain(f, nil)
	}
	e, err := p.api.Estimate(p.ctx(), d)
	if err != nil {
		if f.wrong(p, err, composeNames) {
			return p.composeAgain(f, nil)
		}
		return err
	}
	r := reviewing{Form: f, Kept: fieldsOf(f), Draft: d, Cron: cron, Estimate: e, Side: p.side(f)}
	for code, n := range e.RejectedByCode {
		r.Refused = append(r.Refused, refusedOnes{code, n})
	}
	slices.SortFunc(r.Refused, func(a, b refusedOnes) int { return strings.Compare(a.Code, b.Code) })
	return p.show("review", r)
}

// fieldsOf gives the fields of a form to be carried along, in one order.
func fieldsOf(f form) (out []kept) {
	for name, values := range f.Values {
		for _, value := range values {
			if name != keyField {
				out = append(out, kept{name, value})
			}
		}
	}
	slices.SortFunc(out, func(a, b kept) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) })
	return out
}

// order makes of a form all that is sent, with its people.
func (p *page) order(f *form) (client.Draft, error) {
	d := p.draft(f)
	people, err := pasted(f.Get("to"))
	if err != nil {
		f.note("to", unreadable(err))
	}
	d.Recipients = people
	if len(people) == 0 && len(d.Groups) == 0 && err == nil {
		f.note("to", p.say("compose.nobody"))
	}
	return d, nil
}

// unreadable is what is wrong with a list.
func unreadable(err error) string {
	f := fault.Of(err)
	if len(f.Fields) > 0 && f.Fields[0].Pointer == "/recipients" {
		return f.Fields[0].Detail
	}
	return f.Public
}

func (p *page) composeSend() error {
	f := p.form()
	d, err := p.order(&f)
	if err != nil {
		return err
	}
	if len(f.Errors) > 0 {
		return p.composeAgain(f, nil)
	}
	m, err := p.api.Send(p.ctx(), d)
	if err != nil {
		if f.wrong(p, err, composeNames) {
			return p.composeAgain(f, nil)
		}
		return err
	}
	return p.done(p.path("messages", m.ID), "message.sent")
}
