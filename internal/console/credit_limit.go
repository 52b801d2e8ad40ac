package console

import (
	"strings"

	"creditmsg/client"
)

func creditLimitScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/credit/limits", do: (*page).creditLimits},
		{pattern: "POST /s/{site}/credit/limits/caps", do: (*page).setCaps},
		{pattern: "GET /s/{site}/credit/limits/caps", do: (*page).creditLimits},
		{pattern: "POST /s/{site}/credit/limits/alerts", do: (*page).setAlerts},
		{pattern: "GET /s/{site}/credit/limits/alerts", do: (*page).creditLimits},
	}
}

// creditLimitView is the page of caps and of who is told what.
type creditLimitView struct {
	Caps      client.Caps
	CapForm   form
	AlertForm form
	Topics    []topicChoice
	Languages []option
}

// topicChoice is something that people are told of.
type topicChoice struct {
	Value, Text string
	On          bool
}

// topics are all there are.
var topics = []string{"low_balance", "payment_failed", "expiring", "owed", "caps", "series", "review", "sender", "webhooks", "done"}

// topicField begins the names of the boxes of topics.
const topicField = "topic."

// creditLimitsNow are the two settings of the page, as they are now.
type creditLimitsNow struct {
	caps, alerts      settles
	capTag, alertsTag string
}

func (p *page) prepareCreditLimits() (d creditLimitView, now creditLimitsNow, err error) {
	if d.Caps, err = p.api.Noting(&now.capTag).Caps(p.ctx()); err != nil {
		return d, now, err
	}
	c := d.Caps
	now.caps = settles{names: []string{"recipients.day", "recipients.month", "won.day", "won.month"}, label: "money.f", now: map[string]string{
		"recipients.day": number(c.Recipients.Day.Limit), "recipients.month": number(c.Recipients.Month.Limit),
		"won.day": sum(c.Won.Day.Limit), "won.month": sum(c.Won.Month.Limit),
	}}
	a, err := p.api.Noting(&now.alertsTag).Alerts(p.ctx())
	if err != nil {
		return d, now, err
	}
	var levels []string
	for _, l := range a.Levels {
		levels = append(levels, plainWon(l))
	}
	now.alerts = settles{names: []string{"levels", "emails", "mobile", "language"}, label: "money.f", now: map[string]string{
		"levels": strings.Join(levels, "\n"), "emails": strings.Join(a.Emails, "\n"), "mobile": a.Mobile, "language": a.Language,
	}}
	for _, t := range topics {
		now.alerts.names = append(now.alerts.names, topicField+t)
		now.alerts.now[topicField+t] = ""
	}
	for _, t := range a.Topics {
		now.alerts.now[topicField+t] = "on"
	}
	d.Languages = p.choices("language", languages...)
	return d, now, nil
}

// number writes a count that may be none.
func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strings.ReplaceAll(grouped(*n), ",", "")
}

// sum writes an amount that may be none.
func sum(a *client.Amount) string {
	if a == nil {
		return ""
	}
	return plainWon(*a)
}

// showCreditLimits shows both settings, of one what was typed and is wrong.
func (p *page) showCreditLimits(d creditLimitView, now creditLimitsNow) error {
	wrong := d.CapForm.Problem != "" || d.AlertForm.Problem != ""
	if d.CapForm.Values == nil {
		d.CapForm = now.caps.begin(form{}, now.capTag)
	}
	if d.AlertForm.Values == nil {
		d.AlertForm = now.alerts.begin(form{}, now.alertsTag)
	}
	for _, t := range topics {
		d.Topics = append(d.Topics, topicChoice{t, p.word("money.f.topic", t), d.AlertForm.Get(topicField+t) != ""})
	}
	if wrong {
		return p.unfit("credit-limits", d)
	}
	return p.show("credit-limits", d)
}

func (p *page) creditLimits() error {
	d, now, err := p.prepareCreditLimits()
	if err != nil {
		return err
	}
	if f := p.form(); f.Kept && f.Has("won.day") {
		d.CapForm = f
	} else if f.Kept && f.Has("levels") {
		d.AlertForm = f
	}
	return p.showCreditLimits(d, now)
}

// capsOf reads the caps of a form; what is no number stands beside its field.
func (p *page) capsOf(f *form) (l client.CapLimits, ok bool) {
	wrong := map[string]string{}
	var fits bool
	if l.Recipients.Day, fits = count(f.Get("recipients.day")); !fits {
		wrong["recipients.day"] = p.say("money.no-number")
	}
	if l.Recipients.Month, fits = count(f.Get("recipients.month")); !fits {
		wrong["recipients.month"] = p.say("money.no-number")
	}
	for name, to := range map[string]**client.Amount{"won.day": &l.Won.Day, "won.month": &l.Won.Month} {
		if a := typedWon(f.Get(name)); a != "" {
			*to = &a
		}
	}
	if len(wrong) > 0 {
		f.Problem, f.Errors = p.say("form.wrong"), wrong
	}
	return l, len(wrong) == 0
}

func (p *page) setCaps() error {
	f := p.form()
	l, ok := p.capsOf(&f)
	var err error
	if ok {
		if _, err = p.unchanged(f).SetCaps(p.ctx(), l); err == nil {
			return p.done(p.path("credit", "limits"), "money.caps")
		}
	}
	d, now, err2 := p.prepareCreditLimits()
	switch {
	case err2 != nil:
		return err2
	case isOvertaken(err):
		now.caps.overtaken(p, &f, now.capTag)
	case err != nil && !f.wrong(p, err, nil):
		return err
	}
	d.CapForm = f
	return p.showCreditLimits(d, now)
}

// lines are what a field of several lines has, without empty ones.
func lines(text string) []string {
	out := []string{}
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// alertNames give a pointer into a list of the alerts its field.
func alertNames(err error) map[string]string {
	names := map[string]string{}
	for _, list := range []string{"levels", "emails", "topics"} {
		for n := range 10 {
			names["/"+list+"/"+grouped(int64(n))] = list
		}
	}
	return names
}

func (p *page) setAlerts() error {
	f := p.form()
	mobile := digits(f.Get("mobile"))
	ch := client.AlertsChange{Levels: []client.Amount{}, Emails: lines(f.Get("emails")), Topics: []string{}, Mobile: &mobile, Language: f.Get("language")}
	for _, l := range lines(f.Get("levels")) {
		ch.Levels = append(ch.Levels, typedWon(l))
	}
	for _, t := range topics {
		if f.Get(topicField+t) != "" {
			ch.Topics = append(ch.Topics, t)
		}
	}
	_, err := p.unchanged(f).SetAlerts(p.ctx(), ch)
	if err == nil {
		return p.done(p.path("credit", "limits"), "money.alerts")
	}
	d, now, err2 := p.prepareCreditLimits()
	switch {
	case err2 != nil:
		return err2
	case isOvertaken(err):
		now.alerts.overtaken(p, &f, now.alertsTag)
	case !f.wrong(p, err, alertNames(err)):
		return err
	}
	d.AlertForm = f
	return p.showCreditLimits(d, now)
}
