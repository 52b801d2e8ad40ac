package server

import (
	"context"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/rerun"
)

// What the command line says and shows of runs is what the API does.
type (
	// InboxRun is letters of a time that are read again.
	InboxRun = rerun.Run
	// InboxSum is what differences of one kind add up to.
	InboxSum = rerun.Sum
	// InboxDifference is what would be otherwise with one leg.
	InboxDifference = rerun.Difference
	// InboxRequest says which letters are read again.
	InboxRequest = rerun.Request
)

// Letter is one body of delivery reports.
type Letter struct {
	ID         string     `json:"id"`
	Provider   string     `json:"provider"`
	State      string     `json:"state"`
	Reports    int64      `json:"reports"`
	ReceivedAt time.Time  `json:"received_at"`
	AppliedAt  *time.Time `json:"applied_at"` // null = not yet
}

// LetterReport is one report of a letter as it is read now.
type LetterReport struct {
	Effect    string `json:"effect"`
	Reference string `json:"reference"`
	Channel   string `json:"channel"`
	Delivered bool   `json:"delivered"`
	Reason    string `json:"reason"`
	Code      string `json:"code"`
}

// LetterDetail is a letter with what it says.
type LetterDetail struct {
	Letter
	Problem string         `json:"problem"` // why it cannot be read
	Says    []LetterReport `json:"data"`
	Raw     string         `json:"raw"`
}

// LetterFilter says which letters are listed; zero values do not narrow.
type LetterFilter struct {
	Provider, State string
	From, Until     time.Time
	Site            string // whose message or number is looked for
	Message, To     string
	Limit           int
}

// InboxRunDetail is a run with its differences by kind, and all of them where they are asked for.
type InboxRunDetail struct {
	InboxRun
	Kinds []InboxSum        `json:"kinds"`
	List  []InboxDifference `json:"list,omitempty"`
}

// readers are the accounts whose letters can be read; beside serve --demo, which brings its own,
// that one too.
func (c Config) readers() []delivery.Carrier {
	all := c.reachable()
	if demo, is := demoHere(); is && len(c.Providers) == 0 && demo.SimulatorURL != "" {
		one, err := carriers([]provider.Account{{Name: demo.Provider.Name, Kind: "solapi", URL: demo.SimulatorURL, APIKey: SimulatorKey, APISecret: SimulatorSecret}})
		if err == nil {
			all = append(all, one...)
		}
	}
	return all
}

func letterOf(l delivery.Letter) Letter {
	out := Letter{ID: l.ID.Text(id.Letter), Provider: l.Account, State: l.State, Reports: l.Reports, ReceivedAt: l.ReceivedAt.Time()}
	if l.AppliedAt != 0 {
		at := l.AppliedAt.Time()
		out.AppliedAt = &at
	}
	return out
}

// Letters lists letters, the newest first. Faults: Invalid, NotFound.
func (p *Operator) Letters(ctx context.Context, f LetterFilter) (out List[Letter], err error) {
	filter := delivery.LetterFilter{Account: f.Provider, From: timeOf(f.From), Until: timeOf(f.Until), Limit: f.Limit}
	if f.State != "" {
		filter.States = []string{f.State}
	}
	w := delivery.Wanted{Site: f.Site}
	if f.To != "" {
		if w.To, err = korea.ParseMobile(f.To); err != nil {
			return out, fault.Check("--to", "want a Korean mobile number: 010 and eight digits")
		}
	}
	if f.Message != "" {
		if w.Message, err = id.Parse(id.Message, f.Message); err != nil {
			return out, fault.Missing("message", f.Message)
		}
	}
	out.Data = []Letter{}
	for before, more := (delivery.Spot{}), true; more && len(out.Data) < f.Limit; {
		var page []delivery.Letter
		var next delivery.Spot
		err := p.d.Snapshot(ctx, "operator_letters", func(tx *db.Tx) (err error) {
			if f.Message != "" || f.To != "" {
				page, next, more, err = p.delivery.FindLetters(tx, filter, w, before)
			} else {
				page, next, more, err = delivery.LettersBefore(tx, filter, before)
			}
			return err
		})
		if err != nil {
			return out, err
		}
		before = next
		for _, l := range page[:min(len(page), f.Limit-len(out.Data))] {
			out.Data = append(out.Data, letterOf(l))
		}
	}
	return out, nil
}

func timeOf(t time.Time) db.Time {
	if t.IsZero() {
		return 0
	}
	return db.At(t)
}

// Letter shows a letter with what it says; raw shows numbers as they are. NotFound.
func (p *Operator) Letter(ctx context.Context, name string, raw bool) (out LetterDetail, err error) {
	err = p.d.Snapshot(ctx, "operator_letter", func(tx *db.Tx) error {
		l, err := p.reruns.Look(tx, name)
		if err != nil {
			return err
		}
		out = LetterDetail{Letter: letterOf(l.Letter), Problem: l.Problem, Says: []LetterReport{}, Raw: l.Text()}
		if !raw {
			out.Raw = korea.MaskIn(out.Raw)
		}
		for _, r := range l.Reports {
			one := LetterReport{Effect: string(r.Effect), Channel: r.Channel, Delivered: r.Report.Delivered, Reason: string(r.Report.Reason), Code: r.Report.Code}
			if r.Ours {
				one.Reference = r.Ref.String()
			}
			out.Says = append(out.Says, one)
		}
		return nil
	})
	return out, err
}

// InboxRuns lists runs, the newest first.
func (p *Operator) InboxRuns(ctx context.Context, limit int) (out List[InboxRun], err error) {
	err = p.d.Snapshot(ctx, "operator_runs", func(tx *db.Tx) error {
		list, err := rerun.List(tx, id.ID{}, limit)
		out.Data = append([]InboxRun{}, list...)
		return err
	})
	return out, err
}

// InboxRun shows a run, with each difference where all is given. NotFound.
func (p *Operator) InboxRun(ctx context.Context, name string, all bool) (out InboxRunDetail, err error) {
	err = p.d.Snapshot(ctx, "operator_run", func(tx *db.Tx) error {
		out.List = nil
		if out.InboxRun, err = rerun.Find(tx, name); err != nil {
			return err
		}
		if out.Kinds, err = rerun.ByKind(tx, out.ID); err != nil || !all {
			return err
		}
		for after, more := int64(0), true; more; {
			var page []InboxDifference
			if page, after, more, err = rerun.Differences(tx, out.ID, rerun.Narrow{}, after, pageSize); err != nil {
				return err
			}
			out.List = append(out.List, page...)
		}
		return nil
	})
	return out, err
}

// Rerun reads the letters of a time again; progress sees the run as it goes on. It may be cut
// off: the processes that run go on with it.
func (p *Operator) Rerun(ctx context.Context, r InboxRequest, progress func(InboxRun)) (InboxRunDetail, error) {
	return p.pursue(ctx, func(runs *rerun.Service, tx *db.Tx) (InboxRun, error) { return runs.Begin(tx, r) }, progress)
}

// ApplyRun applies what a run compared.
func (p *Operator) ApplyRun(ctx context.Context, name string, progress func(InboxRun)) (InboxRunDetail, error) {
	return p.pursue(ctx, func(runs *rerun.Service, tx *db.Tx) (InboxRun, error) { return runs.Apply(tx, name) }, progress)
}

// CancelRun ends a run before its end.
func (p *Operator) CancelRun(ctx context.Context, name string) (InboxRunDetail, error) {
	return p.pursue(ctx, func(runs *rerun.Service, tx *db.Tx) (InboxRun, error) { return runs.Cancel(tx, name) }, func(InboxRun) {})
}

// pursue begins something with a run and brings it to its end.
func (p *Operator) pursue(ctx context.Context, begin func(*rerun.Service, *db.Tx) (InboxRun, error), progress func(InboxRun)) (out InboxRunDetail, err error) {
	var v InboxRun
	err = p.d.Update(ctx, "operator_rerun", func(tx *db.Tx) (err error) {
		v, err = begin(p.reruns, tx)
		return err
	})
	for more := true; more && err == nil; {
		if more, err = p.reruns.Step(ctx, v.Name); err == nil {
			out, err = p.InboxRun(ctx, v.Name, false)
			progress(out.InboxRun)
		}
	}
	return out, err
}
