package console

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/client"
)

func homeScreens() []screen {
	return []screen{
		{pattern: "GET ", do: (*page).home},
		{pattern: "GET /s/{site}", do: (*page).siteHome},
	}
}

// home leads somebody to where he works.
func (p *page) home() error {
	sites := view{page: p}.Sites()
	switch {
	case p.house():
		return p.lead(to("operator"))
	case len(sites) == 1:
		return p.lead(to("s", sites[0]))
	}
	return p.show("choose", nil)
}

// siteHome is what the first page of a site shows.
type siteHome struct {
	Credit   *client.Credit // nil = the person may not see it
	Stats    *client.Stats
	Today    client.StatsLine
	Chart    chart
	Messages []client.Message
}

func (p *page) siteHome() error {
	var d siteHome
	group, ctx := errgroup.WithContext(p.ctx())
	if p.can("credit:read") {
		group.Go(func() error {
			c, err := p.api.Credit(ctx)
			d.Credit = &c
			return err
		})
	}
	if p.can("messages:read") || p.can("stats:read") {
		group.Go(func() error {
			s, err := p.api.Stats(ctx, client.StatsQuery{GroupBy: []string{"day"}})
			d.Stats = &s
			return err
		})
	}
	if p.can("messages:read") {
		group.Go(func() error {
			list, err := p.api.Messages(ctx, client.MessageFilter{Paging: client.Paging{Limit: 8}})
			d.Messages = list.Data
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if d.Stats != nil {
		if n := slices.IndexFunc(d.Stats.Data, func(l client.StatsLine) bool { return l.Day == d.Stats.To }); n >= 0 {
			d.Today = d.Stats.Data[n]
		}
		var err error
		if d.Chart, err = p.byDay(*d.Stats); err != nil {
			return err
		}
	}
	return p.show("site-home", d)
}

// chart is what console.js draws: days in seconds, and for each a value of each series.
type chart struct {
	Day    string        `json:"day"`
	Days   []int64       `json:"days"`
	Series []chartSeries `json:"series"`
}

type chartSeries struct {
	Label  string  `json:"label"`
	Bars   bool    `json:"bars"`
	Values []int64 `json:"values"`
}

// byDay makes the chart of statistics by day. A day without anything is 0.
func (p *page) byDay(s client.Stats) (chart, error) {
	lines := map[string]client.StatsLine{}
	for _, line := range s.Data {
		lines[line.Day] = line
	}
	from, err := time.ParseInLocation(time.DateOnly, s.From, korea)
	if err != nil {
		return chart{}, fmt.Errorf("read the first day of the statistics: %w", err)
	}
	out := chart{Day: p.say("chart.day"), Series: []chartSeries{{Label: p.say("chart.delivered"), Bars: true}, {Label: p.say("chart.not-delivered")}}}
	for at := from; at.Format(time.DateOnly) <= s.To; at = at.AddDate(0, 0, 1) {
		line := lines[at.Format(time.DateOnly)]
		out.Days = append(out.Days, at.Unix())
		out.Series[0].Values = append(out.Series[0].Values, line.Delivered)
		out.Series[1].Values = append(out.Series[1].Values, line.Final-line.Delivered)
	}
	return out, nil
}
