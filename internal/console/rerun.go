package console

import (
	"net/url"

	"creditmsg/client"
)

func runScreens() []screen {
	const base = "/operator/inbox/runs"
	return []screen{
		{pattern: "GET " + base, do: (*page).runs},
		{pattern: "GET " + base + "/new", do: (*page).runForm},
		{pattern: "POST " + base + "/new", do: (*page).beginRun},
		{pattern: "GET " + base + "/{id}", do: (*page).run},
		{pattern: "GET " + base + "/{id}/live", do: (*page).runLive},
		{pattern: "GET " + base + "/{id}/sums", do: (*page).runSums},
		{pattern: "POST " + base + "/{id}/{act}", do: (*page).runAct},
	}
}

func (p *page) runs() error {
	list, err := p.api.Runs(p.ctx(), client.Paging{Limit: 30, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("runs", list)
}

// runBeginning is the form of a run.
type runBeginning struct {
	Form      form
	Providers []choice
	States    []choice
}

func (p *page) runForm() error {
	return p.showRunForm(p.form().fill(url.Values{"states": {"applied", "unreadable"}}))
}

func (p *page) showRunForm(f form) error {
	d := runBeginning{Form: f, States: p.wordsOf(func(s string) string { return p.word("letter", s) }, letterStates...)}
	var err error
	if d.Providers, err = p.providerNames(); err != nil {
		return err
	}
	if f.Problem != "" {
		return p.unfit("run-new", d)
	}
	return p.show("run-new", d)
}

func (p *page) beginRun() error {
	f := p.form()
	in := client.Rerun{Provider: f.Get("provider"), From: minuteOf(f.Get("from")), Until: minuteOf(f.Get("until")), States: f.chosen("states")}
	for name, at := range map[string]bool{"from": in.From.IsZero(), "until": in.Until.IsZero()} {
		if at {
			f.Errors, f.Problem = map[string]string{name: p.say("run.no-time")}, p.say("form.wrong")
		}
	}
	if f.Problem != "" {
		return p.showRunForm(f)
	}
	run, err := p.once(f).BeginRun(p.ctx(), in)
	if err != nil {
		if f.wrong(p, err, listed("/states", "states", len(in.States))) {
			return p.showRunForm(f)
		}
		return err
	}
	return p.done(to("operator", "inbox", "runs", run.ID), "run.begun")
}

// The kinds of differences, and what became of one.
var (
	runKinds = []string{
		"would_deliver", "would_fail", "would_fall_back", "would_retry", "earlier_delivered", "charged_but_failed", "delivered_not_charged",
		"contradiction", "no_end", "same_end", "disputed", "opted_out",
	}
	runOutcomes = []string{"applied", "skipped", "returned_before", "noted"}
)

// runView is the page of a run.
type runView struct {
	Run      client.Run
	Live     bool     // it goes on by itself
	Acts     []string // that can be done with it now
	Form     form     // the filters of its differences
	Kinds    []choice
	Outcomes []choice
	Page     client.Page[client.RunDifference]
}

// standing is what the page of a run shows that changes by itself.
func standing(r client.Run) runView {
	d := runView{Run: r}
	switch r.State {
	case "comparing", "applying":
		d.Live, d.Acts = true, []string{"cancel"}
	case "compared":
		if r.Differences > 0 {
			d.Acts = []string{"apply"}
		}
		d.Acts = append(d.Acts, "cancel")
	}
	return d
}

func (p *page) run() error {
	r, err := p.api.Run(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := standing(r)
	d.Form = p.narrowing()
	d.Kinds = p.orAll(p.wordsOf(func(s string) string { return p.word("run-kind", s) }, runKinds...))
	d.Outcomes = p.orAll(p.wordsOf(func(s string) string { return p.word("run-outcome", s) }, runOutcomes...))
	d.Page, err = p.api.ForSite(d.Form.Get("site")).RunDifferences(p.ctx(), r.ID, oneOf(d.Form.Get("kind"), runKinds), oneOf(d.Form.Get("outcome"), runOutcomes),
		client.Paging{Limit: 30, Cursor: d.Form.Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("run", d)
}

// runLive tells the page how a run comes along, until somebody has to decide or it is over.
func (p *page) runLive() error {
	last := ""
	return p.stream(liveEvery, func() (piece string, over bool, err error) {
		r, err := p.api.Run(p.ctx(), p.r.PathValue("id"))
		if err != nil {
			return "", false, err
		}
		d := standing(r)
		text, err := p.written("run-progress", d)
		if err != nil || text == last {
			return "", !d.Live, err
		}
		last = text
		return text, !d.Live, nil
	})
}

func (p *page) runSums() error {
	id := p.r.PathValue("id")
	list, err := p.api.RunSums(p.ctx(), id, client.Paging{Limit: 50, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("run-sums", struct {
		ID   string
		Page client.Page[client.RunSum]
	}{id, list})
}

func (p *page) runAct() error {
	id, verb := p.r.PathValue("id"), p.r.PathValue("act")
	act := map[string]func() (client.Run, error){
		"apply":  func() (client.Run, error) { return p.api.ApplyRun(p.ctx(), id) },
		"cancel": func() (client.Run, error) { return p.api.CancelRun(p.ctx(), id) },
	}[verb]
	if act == nil {
		return p.nothing()
	}
	if _, err := act(); err != nil {
		return p.refused(err, to("operator", "inbox", "runs", id))
	}
	return p.done(to("operator", "inbox", "runs", id), "run."+verb)
}

// amounts are those of the money that follow from differences, without those that are none.
func amounts(a client.RunAmounts) map[string]client.Amount {
	out := map[string]client.Amount{"spend": a.Spend, "freed": a.Freed, "refund": a.Refund, "loss": a.Loss, "fallback": a.Fallback}
	for name, one := range out {
		if units, err := one.Units(); err != nil || units == 0 {
			delete(out, name)
		}
	}
	return out
}
