package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/client"
)

func seriesScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/series", do: (*page).seriesList},
		{pattern: "GET /s/{site}/series/{id}", do: (*page).series},
		{pattern: "POST /s/{site}/series", do: (*page).addSeries},
		{pattern: "POST /s/{site}/series/{id}/pause", do: (*page).pauseSeries},
		{pattern: "POST /s/{site}/series/{id}/resume", do: (*page).resumeSeries},
		{pattern: "POST /s/{site}/series/{id}/remove", do: (*page).removeSeries},
	}
}

func (p *page) seriesList() error {
	list, err := p.api.AllSeries(p.ctx(), client.Paging{Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("series-list", list)
}

func (p *page) series() error {
	var d struct {
		Series  client.Series
		Firings client.Page[client.Firing]
	}
	group, ctx := errgroup.WithContext(p.ctx())
	group.Go(func() (err error) { d.Series, err = p.api.Series(ctx, p.r.PathValue("id")); return err })
	group.Go(func() (err error) {
		d.Firings, err = p.api.Firings(ctx, p.r.PathValue("id"), client.Paging{Limit: 30, Cursor: p.r.URL.Query().Get("cursor")})
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return p.show("series", d)
}

// Ways in which a message is repeated, as the form offers them.
const (
	daily   = "daily"
	weekly  = "weekly"
	monthly = "monthly"
	byCron  = "cron"
)

// repeats reports whether the form is of a message that is sent again and again.
func (f form) repeats() bool { return f.Get("when") == "repeat" }

// cron writes what was chosen as a line of cron. What is not right about one that somebody wrote himself,
// the API says.
func (p *page) cron(f *form) string {
	if f.Get("repeat.kind") == byCron {
		return strings.TrimSpace(f.Get("repeat.cron"))
	}
	at, err := time.Parse("15:04", f.Get("repeat.time"))
	if err != nil {
		f.note("repeat.time", p.say("form.time"))
		return ""
	}
	day, week := "*", "*"
	switch f.Get("repeat.kind") {
	case weekly:
		week = strings.Join(f.Values["repeat.weekday"], ",")
		if week == "" {
			f.note("repeat.weekday", p.say("series.weekday-none"))
		}
	case monthly:
		day = f.Get("repeat.day")
		if n, err := strconv.Atoi(day); err != nil || n < 1 || n > 31 {
			f.note("repeat.day", p.say("series.day-wrong"))
		}
	}
	return fmt.Sprintf("%d %d %s * %s", at.Minute(), at.Hour(), day, week)
}

func (p *page) addSeries() error {
	f := p.form()
	d, err := p.order(&f)
	if err != nil {
		return err
	}
	s := client.SeriesDraft{Name: f.Get("title"), Cron: p.cron(&f), Message: d, EndsAt: p.koreanTime(&f, "repeat.until"), Missed: "skip"}
	if f.Get("repeat.late") != "" {
		s.Missed = "once"
	}
	if len(f.Errors) > 0 {
		return p.composeAgain(f, nil)
	}
	made, err := p.api.Once(f.Key()).AddSeries(p.ctx(), s)
	if err != nil {
		if f.wrong(p, err, seriesNames) {
			return p.composeAgain(f, nil)
		}
		return err
	}
	return p.done(p.path("series", made.ID), "series.added")
}

// seriesNames are the fields of the form by where the API takes them.
var seriesNames = map[string]string{"/name": "title", "/cron": "repeat.cron", "/ends_at": "repeat.until", "/message/recipients": "to", "/message/text/body": "text.body",
	"/message/text/from": "text.from", "/message/alimtalk/template_code": "alimtalk.template_code", "/message/text": "text.body", "/message/alimtalk": "alimtalk.template_code"}

func (p *page) pauseSeries() error {
	s, err := p.api.PauseSeries(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return p.refused(err, p.path("series", p.r.PathValue("id")))
	}
	return p.done(p.path("series", s.ID), "series.paused")
}

func (p *page) resumeSeries() error {
	s, err := p.api.ResumeSeries(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return p.refused(err, p.path("series", p.r.PathValue("id")))
	}
	return p.done(p.path("series", s.ID), "series.resumed")
}

func (p *page) removeSeries() error {
	if err := p.api.RemoveSeries(p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, p.path("series", p.r.PathValue("id")))
	}
	return p.done(p.path("series"), "series.removed")
}
