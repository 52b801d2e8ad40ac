package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// tally sums messages of a period by type.
type tally [kinds]int

func (t tally) view() map[string]int {
	view := map[string]int{"total": 0}
	for _, name := range typeNames {
		view[name] = 0
	}
	for k := sms; k < kinds; k++ {
		view[k.lower()] = t[k]
		view["total"] += t[k]
	}
	return view
}

// period is what was sent in a day, a month or all the time asked for.
type period struct {
	total, good, bad tally
	spent, back      money.Amount
	codes            map[uint16]*tally
}

func (p *period) add(m *message) {
	price := m.group.prices[m.kind]
	p.total[m.kind]++
	p.spent += price
	switch m.state() {
	case "COMPLETE":
		p.good[m.kind]++
	case "FAILED":
		p.bad[m.kind]++
		p.back += price
	}
	if p.codes == nil {
		p.codes = map[uint16]*tally{}
	}
	if p.codes[m.code] == nil {
		p.codes[m.code] = &tally{}
	}
	p.codes[m.code][m.kind]++
}

// statistics counts what was handed over between two dates, by month and day in
// Korean time. The most recent month comes first.
func (s *Simulator) statistics(a *account, r *http.Request) (any, error) {
	filters, err := dateRange(r.URL.Query())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var whole period
	days := map[string]*period{}
	for _, g := range a.groups {
		if g.sent.IsZero() {
			continue
		}
		day := korea.Day(g.sent)
		for _, m := range g.messages {
			if m.refused() || !all(filters, s.field(m)) {
				continue
			}
			if days[day] == nil {
				days[day] = &period{}
			}
			days[day].add(m)
			whole.add(m)
		}
	}
	months := monthViews(days)
	view := whole.view()
	view["monthlyBalanceAvg"] = average(whole.spent-whole.back, len(months))
	view["monthlyPointAvg"] = 0
	view["dailyBalanceAvg"] = average(whole.spent-whole.back, len(days))
	view["dailyPointAvg"] = 0
	view["monthPeriod"] = months
	return marshal(view)
}

// view is what all periods show.
func (p *period) view() map[string]any {
	return map[string]any{
		"balance": won(p.spent), "point": 0, "deposit": 0,
		"total": p.total.view(), "successed": p.good.view(), "failed": p.bad.view(),
	}
}

// monthViews are the months of days, each with its days.
func monthViews(days map[string]*period) []map[string]any {
	byMonth := map[string][]string{}
	for day := range days {
		month := day[:len("2026-11")]
		byMonth[month] = append(byMonth[month], day)
	}
	views := []map[string]any{}
	for month, its := range byMonth {
		slices.Sort(its)
		var sum period
		dayViews := make([]map[string]any, len(its))
		for i, day := range its {
			p := days[day]
			sum.join(p)
			dayViews[i] = p.dayView(month, day)
		}
		view := sum.view()
		view["date"], view["dayPeriod"] = month, dayViews
		view["balanceAvg"], view["pointAvg"] = average(sum.spent, len(its)), 0
		view["refund"] = map[string]any{"balance": won(sum.back), "balanceAvg": average(sum.back, len(its)), "point": 0, "pointAvg": 0}
		views = append(views, view)
	}
	slices.SortFunc(views, func(a, b map[string]any) int { return strings.Compare(b["date"].(string), a["date"].(string)) })
	return views
}

func (p *period) dayView(month, day string) map[string]any {
	view := p.view()
	view["_id"], view["month"], view["date"] = day, month, day
	codes := map[string]map[string]int{}
	for code, t := range p.codes {
		by := map[string]int{}
		for k := sms; k < kinds; k++ {
			if t[k] > 0 {
				by[k.lower()] = t[k]
			}
		}
		codes[strings.Trim(string(appendCode(nil, code)), `"`)] = by
	}
	view["statusCode"] = codes
	view["refund"] = map[string]any{"balance": won(p.back), "point": 0}
	return view
}

// join adds the sums of q.
func (p *period) join(q *period) {
	for k := range kinds {
		p.total[k] += q.total[k]
		p.good[k] += q.good[k]
		p.bad[k] += q.bad[k]
	}
	p.spent += q.spent
	p.back += q.back
}

func average(sum money.Amount, n int) json.Number {
	return won(sum / money.Amount(max(n, 1)))
}
