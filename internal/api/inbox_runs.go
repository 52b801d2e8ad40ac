package api

import (
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/rerun"
)

// runView is a run with its differences by kind.
type runView struct {
	rerun.Run
	Kinds []rerun.Sum `json:"kinds" doc:"Kinds without any are left out."`
}

func showRun(tx *db.Tx, v rerun.Run) (runView, error) {
	kinds, err := rerun.ByKind(tx, v.ID)
	return runView{v, kinds}, err
}

// runDifference is one difference; others have such of their own.
type runDifference struct{ rerun.Difference }

type runNamed struct {
	ID string `path:"id" doc:"run_…"`
}

type runBegun struct {
	Body struct {
		Provider string    `json:"provider,omitempty" doc:"Name of the account; all where it is left out."`
		From     time.Time `json:"from" doc:"Letters that came at or after,"`
		Until    time.Time `json:"until" doc:"and before."`
		States   []string  `json:"states,omitempty" enum:"new,applied,waiting,unreadable" doc:"Of the letters; applied and unreadable where they are left out."`
	} `nameHint:"RunBody"`
}

type runSumsAsked struct {
	ID string `path:"id" doc:"run_…"`
	Paging
}

type runDifferencesAsked struct {
	ID string `path:"id" doc:"run_…"`
	Paging
	Kind    string `query:"kind" enum:"would_deliver,would_fail,would_fall_back,would_retry,earlier_delivered,charged_but_failed,delivered_not_charged,contradiction,no_end,same_end,disputed,opted_out"`
	Outcome string `query:"outcome" enum:"applied,skipped,returned_before,noted"`
	Site    string `query:"site" doc:"Only those of one site."`
}

func (a *api) listRuns(tx *db.Tx, x *exchange, in *Paging) (out listOf[runView], err error) {
	l, err := a.list(tx, x, "runs")
	if err != nil {
		return out, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return out, err
	}
	rows, err := rerun.List(tx, before, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, func(v rerun.Run) (runView, error) { return showRun(tx, v) }, func(v rerun.Run) any { return v.ID })
}

func (a *api) listRunSums(tx *db.Tx, x *exchange, in *runSumsAsked) (out listOf[rerun.Sum], err error) {
	l, err := a.list(tx, x, "run-sums", in.ID)
	if err != nil {
		return out, err
	}
	var after rerun.SumPlace
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	v, err := rerun.Find(tx, in.ID)
	if err != nil {
		return out, err
	}
	rows, err := rerun.SumsOf(tx, v.ID, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	same := func(s rerun.Sum) (rerun.Sum, error) { return s, nil }
	return pageOf(l, rows, in.Limit, same, func(s rerun.Sum) any { return rerun.SumPlace{Site: s.Site, Provider: s.Provider, Kind: string(s.Kind)} })
}

func (a *api) listRunDifferences(tx *db.Tx, x *exchange, in *runDifferencesAsked) (out listOf[runDifference], err error) {
	l, err := a.list(tx, x, "run-differences", in.ID, in.Kind, in.Outcome, in.Site)
	if err != nil {
		return out, err
	}
	var after int64
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	v, err := rerun.Find(tx, in.ID)
	if err != nil {
		return out, err
	}
	narrow := rerun.Narrow{Kind: rerun.Kind(in.Kind), Outcome: rerun.Outcome(in.Outcome), Site: in.Site}
	rows, next, more, err := rerun.Differences(tx, v.ID, narrow, after, in.Limit)
	if err != nil {
		return out, err
	}
	out = listOf[runDifference]{Data: make([]runDifference, len(rows)), HasMore: more}
	for i, d := range rows {
		out.Data[i] = runDifference{d}
	}
	if more {
		out.NextCursor, err = l.cursor(next)
	}
	return out, err
}
