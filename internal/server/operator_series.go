package server

import (
	"context"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
)

// Series is a message of a site that is sent again and again.
type Series struct {
	ID     string      `json:"id"`
	Site   string      `json:"site"`
	Name   string      `json:"name"`
	Status string      `json:"status"`
	Cron   string      `json:"cron"`
	Missed string      `json:"missed"`
	Next   []time.Time `json:"next"`
	Last   *Firing     `json:"last"` // null = it never fired
}

// Firing is one time of a series.
type Firing struct {
	At        time.Time `json:"at"`
	Outcome   string    `json:"outcome"`
	MessageID string    `json:"message_id,omitempty"`
	Code      string    `json:"code,omitempty"` // why it failed
}

// Series lists the series of a site, oldest first. NotFound.
func (p *Operator) Series(ctx context.Context, siteID string) (list List[Series], err error) {
	err = p.d.Snapshot(ctx, "operator_series", func(tx *db.Tx) error {
		list = List[Series]{Data: []Series{}}
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		all, err := p.series.List(tx, siteID, id.ID{}, series.MostSeries)
		for _, one := range all {
			v, err := p.seriesOf(tx, one)
			if err != nil {
				return err
			}
			list.Data = append(list.Data, v)
		}
		return err
	})
	return list, err
}

// PauseSeries stops a series until it is resumed. Faults: NotFound, Conflict.
func (p *Operator) PauseSeries(ctx context.Context, siteID, text string) (Series, error) {
	return p.turnSeries(ctx, siteID, text, p.series.Pause)
}

// ResumeSeries goes on with a series from its next time on. Faults: NotFound, Conflict.
func (p *Operator) ResumeSeries(ctx context.Context, siteID, text string) (Series, error) {
	return p.turnSeries(ctx, siteID, text, p.series.Resume)
}

func (p *Operator) turnSeries(ctx context.Context, siteID, text string, act func(*db.Tx, string, id.ID) (series.Series, error)) (v Series, err error) {
	of, err := id.Parse(id.Series, text)
	if err != nil {
		return v, fault.Missing("series", text)
	}
	err = p.d.Update(ctx, "operator_turn_series", func(tx *db.Tx) error {
		one, err := act(tx, siteID, of)
		if err == nil {
			v, err = p.seriesOf(tx, one)
		}
		return err
	})
	return v, err
}

func (p *Operator) seriesOf(tx *db.Tx, one series.Series) (Series, error) {
	v := Series{ID: one.ID.Text(id.Series), Site: one.Site, Name: one.Name, Status: string(one.State), Cron: one.Cron, Missed: string(one.Missed), Next: []time.Time{}}
	for _, at := range one.Next(tx.Now) {
		v.Next = append(v.Next, at.Time())
	}
	last, err := p.series.Firings(tx, one.Site, one.ID, 0, 1)
	if err == nil && len(last) > 0 {
		v.Last = &Firing{At: last[0].At.Time(), Outcome: string(last[0].Outcome), Code: last[0].Code}
		if !last[0].Message.IsZero() {
			v.Last.MessageID = last[0].Message.Text(id.Message)
		}
	}
	return v, err
}
