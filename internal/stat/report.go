package stat

import (
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// The days of a question: so many when it names none, and the most that it may span.
const (
	usualDays = 30
	mostDays  = 366
)

// groupings are what a person may group by, in the order in which rows say it.
var groupings = []struct {
	Name string
	By
}{{"site", BySite}, {"day", ByDay}, {"channel", ByChannel}, {"strategy", ByStrategy}, {"provider", ByProvider}}

// Ask reads what a person asks for: Korean days, both inclusive, and names of groupings,
// in any number of texts with commas between them. Without to it is today, without from
// 30 days end there, without a grouping it is by day. What cannot be served is an Invalid
// fault at /from, /to or /group_by.
func Ask(now time.Time, from, to string, by ...string) (Query, error) {
	var q Query
	last, err := dayOr(korea.Day(now), to, "/to")
	if err != nil {
		return q, err
	}
	start, err := dayOr(korea.Day(last.AddDate(0, 0, 1-usualDays)), from, "/from")
	if err != nil {
		return q, err
	}
	switch {
	case last.Before(start):
		return q, fault.Check("/to", "must not be before the first day")
	case !last.Before(start.AddDate(0, 0, mostDays)):
		return q, fault.Check("/from", "at most %d days can be asked for at once", mostDays)
	}
	q.From, q.Until = korea.Day(start), korea.Day(last)
	q.By, err = readBy(by)
	return q, err
}

// dayOr reads a day, or takes the usual one where there is none.
func dayOr(usual, text, pointer string) (time.Time, error) {
	if text == "" {
		text = usual
	}
	if len(text) == len(time.DateOnly) {
		if t, err := korea.ParseDay(text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.Check(pointer, "want a day such as 2026-12-01")
}

func readBy(texts []string) (by By, err error) {
	for _, text := range texts {
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			one, err := oneBy(name)
			if err != nil {
				return 0, err
			}
			by |= one
		}
	}
	if by == 0 {
		by = ByDay
	}
	return by, nil
}

func oneBy(name string) (By, error) {
	var names []string
	for _, g := range groupings {
		if g.Name == name {
			return g.By, nil
		}
		names = append(names, g.Name)
	}
	return 0, fault.Check("/group_by", "%.40q is not one of %s", name, strings.Join(names, ", "))
}

// Stats is an answer as it is told outside.
type Stats struct {
	From    string      `json:"from" doc:"The first day, Korean time."`
	To      string      `json:"to" doc:"The last day, Korean time."`
	GroupBy []string    `json:"group_by"`
	Data    []StatsLine `json:"data" doc:"A group is there when anything was ever counted in it."`
	Total   StatsLine   `json:"total" doc:"All groups together."`
}

// StatsLine is a Row as it is told outside. What it is not grouped by is absent.
type StatsLine struct {
	Site      string       `json:"site,omitempty"`
	Day       string       `json:"day,omitempty" doc:"Korean time."`
	Channel   string       `json:"channel,omitempty" enum:"alimtalk,sms,lms,mms"`
	Strategy  string       `json:"strategy,omitempty"`
	Provider  *string      `json:"provider,omitempty" doc:"The provider account; empty where none was involved, and for refunds, which are of no single one."`
	Final     int64        `json:"final" doc:"Recipients about whom all is known: delivered + failed - fell_back + expired + cancelled."`
	Delivered int64        `json:"delivered"`
	Failed    int64        `json:"failed" doc:"Legs that certainly did not arrive."`
	FellBack  int64        `json:"fell_back" doc:"Those of failed that another step took over from."`
	Expired   int64        `json:"expired" doc:"Recipients of whom nothing was heard in time."`
	Cancelled int64        `json:"cancelled"`
	Cost      money.Amount `json:"cost"`
	Refunded  money.Amount `json:"refunded" doc:"Given back on these days, of whenever it was spent."`
	Success   *string      `json:"success_rate" doc:"delivered of all that were tried, a share such as 0.9876, cut off; null where nobody was."`
	Fallback  *string      `json:"fallback_rate" doc:"fell_back of the same."`
	Kakao     *string      `json:"kakao_reach_rate" doc:"Of the Alimtalk legs those that arrived; null where there were none."`
}

// Tell words the rows that were read for a query, with their total.
func Tell(q Query, rows []Row) (Stats, error) {
	r := Stats{From: q.From, To: q.Until, GroupBy: []string{}, Data: make([]StatsLine, len(rows))}
	for _, g := range groupings {
		if q.By&g.By != 0 {
			r.GroupBy = append(r.GroupBy, g.Name)
		}
	}
	var total Row
	for i, row := range rows {
		r.Data[i] = row.line(q.By)
		var err error
		if total, err = total.plus(row); err != nil {
			return Stats{}, fmt.Errorf("add up statistics: %w", err)
		}
	}
	r.Total = total.line(0)
	return r, nil
}

// plus adds up what two rows count, which need not be about the same.
func (r Row) plus(o Row) (sum Row, err error) {
	if sum.Figures, err = r.Figures.Plus(o.Figures); err != nil {
		return sum, err
	}
	for _, n := range []struct {
		into *int64
		a, b int64
	}{
		{&sum.Final, r.Final, o.Final},
		{&sum.Success.Part, r.Success.Part, o.Success.Part}, {&sum.Success.Whole, r.Success.Whole, o.Success.Whole},
		{&sum.Fallback.Part, r.Fallback.Part, o.Fallback.Part}, {&sum.Fallback.Whole, r.Fallback.Whole, o.Fallback.Whole},
		{&sum.KakaoReach.Part, r.KakaoReach.Part, o.KakaoReach.Part}, {&sum.KakaoReach.Whole, r.KakaoReach.Whole, o.KakaoReach.Whole},
	} {
		if *n.into, err = plus(n.a, n.b); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func (r Row) line(by By) StatsLine {
	l := StatsLine{
		Site: r.Site, Day: r.Day, Strategy: r.Strategy, Final: r.Final, Delivered: r.Delivered, Failed: r.Failed, FellBack: r.FellBack,
		Expired: r.Expired, Cancelled: r.Cancelled, Cost: r.Cost, Refunded: r.Refunded,
		Success: r.Success.text(), Fallback: r.Fallback.text(), Kakao: r.KakaoReach.text(),
	}
	if by&ByChannel != 0 {
		l.Channel = r.Channel.String()
	}
	if by&ByProvider != 0 {
		l.Provider = &r.Provider
	}
	return l
}

// text is the share as decimal text with four places, nil when there is none.
func (r Rate) text() *string {
	n, ok := r.PerTenThousand()
	if !ok {
		return nil
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	text := fmt.Sprintf("%s%d.%04d", sign, n/10_000, n%10_000)
	return &text
}
