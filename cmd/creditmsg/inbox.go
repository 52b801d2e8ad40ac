package main

import (
	"context"
	"fmt"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/server"
)

// inboxVerb works on what providers reported.
type inboxVerb struct {
	List   inboxList   `cmd:"" help:"List the letters of providers, the newest first."`
	Show   inboxShow   `cmd:"" help:"Show a letter and how its reports are read now."`
	Rerun  inboxRerun  `cmd:"" help:"Read the letters of a time again, and show the money that would move."`
	Runs   inboxRuns   `cmd:"" help:"List the runs, the newest first."`
	Run    inboxRun    `cmd:"" help:"Show a run and what it found."`
	Apply  inboxApply  `cmd:"" help:"Apply what a run compared."`
	Cancel inboxCancel `cmd:"" help:"End a run before its end."`
}

type inboxList struct {
	Provider string `placeholder:"NAME" help:"Only those of an account."`
	State    string `placeholder:"WORD" enum:",new,applied,waiting,unreadable" default:"" help:"Only those in this state: new, applied, waiting or unreadable."`
	From     string `placeholder:"TIME" help:"That came from then on: RFC 3339, or 2026-12-01 09:00 in Korea."`
	Until    string `placeholder:"TIME" help:"That came before then."`
	Site     string `help:"Whose message or number is looked for."`
	Message  string `placeholder:"ID" help:"Only those that name a leg of this message."`
	To       string `placeholder:"NUMBER" help:"Only those that name a leg to this number."`
	Limit    int    `default:"50" help:"How many, at most."`
	database
}

// Run lists letters.
func (v *inboxList) Run(ctx context.Context, s *streams) error {
	f := server.LetterFilter{Provider: v.Provider, State: v.State, Site: v.Site, Message: v.Message, To: v.To, Limit: v.Limit}
	if v.Limit < 1 {
		return usageError{"--limit is 1 at least"}
	}
	if (v.Site != "") != (v.Message != "" || v.To != "") {
		return usageError{"--site goes with --message or --to: a message and a number are one of a site's"}
	}
	var err error
	if f.From, f.Until, err = between(v.From, v.Until); err != nil {
		return err
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Letters(ctx, f)
		return shown(list, err, func(t *table, list server.List[server.Letter]) {
			t.row("LETTER", "PROVIDER", "STATE", "REPORTS", "CAME")
			for _, l := range list.Data {
				t.row(l.ID, l.Provider, l.State, grouped(l.Reports), day(l.ReceivedAt))
			}
		})
	})
}

// between reads two times; an absent one is none.
func between(from, until string) (a, b time.Time, err error) {
	for _, t := range []struct {
		flag, text string
		into       *time.Time
	}{{"--from", from, &a}, {"--until", until, &b}} {
		if t.text == "" {
			continue
		}
		if *t.into, err = korea.ParseTime(t.text); err != nil {
			return a, b, usageError{t.flag + ": " + err.Error()}
		}
	}
	return a, b, nil
}

type inboxShow struct {
	ID  string `arg:"" help:"The letter: let_…"`
	Raw bool   `help:"Show phone numbers in its body as they are."`
	database
}

// Run shows a letter.
func (v *inboxShow) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		l, err := p.Letter(ctx, v.ID, v.Raw)
		return shown(l, err, func(t *table, l server.LetterDetail) {
			t.row("letter", l.ID)
			t.row("of", l.Provider+", "+l.State)
			t.row("came", day(l.ReceivedAt))
			if l.Problem != "" {
				t.row("not readable", l.Problem)
			}
			for i, r := range l.Says {
				what := r.Reason
				if r.Delivered {
					what = "delivered"
				}
				t.row(fmt.Sprintf("report %d", i+1), fmt.Sprintf("%s: %s %s (%s)", r.Effect, r.Reference, what, r.Code))
			}
			t.row("body", l.Raw)
		})
	})
}

type inboxRerun struct {
	Provider string   `placeholder:"NAME" help:"The account whose letters are read; without it all."`
	From     string   `required:"" placeholder:"TIME" help:"Letters that came from then on: RFC 3339, or 2026-12-01 09:00 in Korea."`
	Until    string   `required:"" placeholder:"TIME" help:"Letters that came before then."`
	State    []string `placeholder:"WORD" help:"Only letters in these states: new, applied, waiting, unreadable; without it applied and unreadable."`
	Apply    bool     `help:"Apply it at once. Without it nothing moves, and what would is told."`
	database
}

// Help is shown below the flags' own help.
func (inboxRerun) Help() string {
	return `After a parser was mended: who still waits for a report would be charged or released, who was
charged for what failed would be refunded, and what was delivered but not charged is shown as
a loss. Cut off, it goes on where a server runs; creditmsg inbox run shows how far it is.`
}

// Run reads letters again.
func (v *inboxRerun) Run(ctx context.Context, s *streams) error {
	from, until, err := between(v.From, v.Until)
	if err != nil {
		return err
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		out, err := p.Rerun(ctx, server.InboxRequest{Provider: v.Provider, From: from, Until: until, States: v.State}, v.progress(s))
		if err == nil && v.Apply {
			out, err = p.ApplyRun(ctx, out.Name, v.progress(s))
		}
		return shown(out, err, showRun)
	})
}

// progressEvery is how often somebody who waits is told how far it is.
const progressEvery = 2 * time.Second

// progress tells how far a run is, on standard error.
func (v database) progress(s *streams) func(server.InboxRun) {
	said := time.Now()
	return func(r server.InboxRun) {
		if v.JSON || time.Since(said) < progressEvery {
			return
		}
		said = time.Now()
		reached := ""
		if r.Reached != nil {
			reached = ", to " + day(*r.Reached)
		}
		fmt.Fprintf(s.err, "%s: %s%s, %s\n", r.State, count(r.Letters, "letter"), reached, count(r.Differences, "difference"))
	}
}

func showRun(t *table, v server.InboxRunDetail) {
	t.row("run", v.Name)
	of := v.Provider
	if of == "" {
		of = "all accounts"
	}
	t.row("of", of+", "+day(v.From)+" to "+day(v.Until)+" ("+string(v.State)+")")
	t.row("read", count(v.Letters, "letter")+", "+count(v.Reports, "report"))
	for _, odd := range []struct {
		name string
		n    int64
	}{{"not readable", v.Unreadable}, {"of no leg", v.Strange}, {"not born", v.Unborn}} {
		if odd.n > 0 {
			t.row(odd.name, grouped(odd.n))
		}
	}
	if len(v.Kinds) == 0 {
		t.row("differences", "none")
	}
	for _, k := range v.Kinds {
		t.row(k.Kind, grouped(k.Legs)+": "+k.English+amounts(k.Spend, k.Freed, k.Refund, k.Loss, k.Fallback))
	}
	if v.Applied+v.Skipped+v.ReturnedBefore > 0 {
		t.row("applied", grouped(v.Applied)+", "+grouped(v.Skipped)+" skipped, "+grouped(v.ReturnedBefore)+" given back before")
		t.row("given back", wonOf(v.GivenBack)+" in "+count(v.Refunds, "refund"))
	}
	if v.State == "compared" && len(v.Kinds) > 0 {
		t.say("Nothing moved. Apply it with: creditmsg inbox apply %s", v.Name)
	}
}

// amounts names those of the money differences that there are.
func amounts(list ...fmt.Stringer) (text string) {
	for i, name := range []string{"spent", "released", "refunded", "lost", "for a next step"} {
		if list[i].String() != "0.00" {
			text += "; " + wonOf(list[i]) + " " + name
		}
	}
	return text
}

type inboxRuns struct{ database }

// Run lists runs.
func (v *inboxRuns) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.InboxRuns(ctx, mostRuns)
		return shown(list, err, func(t *table, list server.List[server.InboxRun]) {
			t.row("RUN", "PROVIDER", "FROM", "UNTIL", "STATE", "LETTERS", "DIFFERENCES")
			for _, r := range list.Data {
				t.row(r.Name, r.Provider, day(r.From), day(r.Until), r.State, grouped(r.Letters), grouped(r.Differences))
			}
		})
	})
}

// mostRuns are listed.
const mostRuns = 100

type inboxRun struct {
	ID          string `arg:"" help:"The run: run_…"`
	Differences bool   `help:"List each difference."`
	database
}

// Run shows a run.
func (v *inboxRun) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		found, err := p.InboxRun(ctx, v.ID, v.Differences)
		return shown(found, err, func(t *table, v server.InboxRunDetail) {
			showRun(t, v)
			for _, d := range v.List {
				text := d.Reference + " " + d.Channel + amounts(d.Spend, d.Freed, d.Refund, d.Loss, d.Fallback)
				if d.Outcome != "" {
					text += ", " + string(d.Outcome)
				}
				t.row(fmt.Sprintf("%d %s", d.N, d.Kind), text)
			}
		})
	})
}

type inboxApply struct {
	ID string `arg:"" help:"The run: run_…"`
	database
}

// Run applies a run.
func (v *inboxApply) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		out, err := p.ApplyRun(ctx, v.ID, v.progress(s))
		return shown(out, err, showRun)
	})
}

type inboxCancel struct {
	ID string `arg:"" help:"The run: run_…"`
	database
}

// Run cancels a run.
func (v *inboxCancel) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		out, err := p.CancelRun(ctx, v.ID)
		return shown(out, err, showRun)
	})
}
