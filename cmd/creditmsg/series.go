package main

import (
	"context"
	"strings"

	"creditmsg/internal/server"
)

// seriesVerb looks after messages that sites send again and again; sites make them through the
// API.
type seriesVerb struct {
	List   seriesList   `cmd:"" help:"List the series of a site, with their next times and what became of the last one."`
	Pause  seriesPause  `cmd:"" help:"Stop a series until it is resumed."`
	Resume seriesResume `cmd:"" help:"Go on with a series, from its next time on."`
}

type seriesList struct {
	Site string `arg:"" help:"The site."`
	database
}

// Run lists the series.
func (v *seriesList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Series(ctx, v.Site)
		if err != nil {
			return nil, nil, err
		}
		return list, func(t *table) { showSeries(t, list.Data...) }, nil
	})
}

// oneSeries names a series.
type oneSeries struct {
	Site string `arg:"" help:"The site."`
	ID   string `arg:"" help:"The series: ser_…"`
}

type seriesPause struct {
	oneSeries
	database
}

// Run pauses the series.
func (v *seriesPause) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownSeries(p.PauseSeries(ctx, v.Site, v.ID))
	})
}

type seriesResume struct {
	oneSeries
	database
}

// Run resumes the series.
func (v *seriesResume) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownSeries(p.ResumeSeries(ctx, v.Site, v.ID))
	})
}

func shownSeries(one server.Series, err error) (any, func(*table), error) {
	if err != nil {
		return nil, nil, err
	}
	return one, func(t *table) { showSeries(t, one) }, nil
}

func showSeries(t *table, list ...server.Series) {
	t.row("ID", "NAME", "STATUS", "CRON", "NEXT", "LAST")
	for _, one := range list {
		next, last := "-", "-"
		if len(one.Next) > 0 {
			next = minute(one.Next[0])
		}
		if one.Last != nil {
			last = strings.TrimSpace(minute(one.Last.At) + " " + one.Last.Outcome + " " + one.Last.Code)
		}
		t.row(one.ID, one.Name, one.Status, one.Cron, next, last)
	}
}
