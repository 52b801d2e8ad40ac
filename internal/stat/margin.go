package stat

import (
	"fmt"

	"creditmsg/internal/money"
)

// Margin is what is left of what sites pay after what the vendors charge, for the
// operator alone.
type Margin struct {
	From    string       `json:"from" doc:"The first day, Korean time."`
	To      string       `json:"to" doc:"The last day, Korean time."`
	GroupBy []string     `json:"group_by"`
	Data    []MarginLine `json:"data"`
	Total   MarginLine   `json:"total"`
}

// MarginLine is one group of it. What it is not grouped by is absent.
type MarginLine struct {
	Site      string       `json:"site,omitempty"`
	Day       string       `json:"day,omitempty" doc:"Korean time."`
	Channel   string       `json:"channel,omitempty" enum:"alimtalk,sms,lms,mms"`
	Strategy  string       `json:"strategy,omitempty"`
	Provider  *string      `json:"provider,omitempty" doc:"The provider account; empty for refunds, which are of no single one."`
	Delivered int64        `json:"delivered"`
	Revenue   money.Amount `json:"revenue" doc:"What was charged less what was refunded."`
	Upstream  money.Amount `json:"upstream_cost" doc:"What the vendors charge for what was delivered, at the costs that were configured when it was."`
	Margin    money.Amount `json:"margin" doc:"revenue - upstream_cost."`
	Unpriced  int64        `json:"unpriced" doc:"Delivered messages whose cost at the vendor was not configured: upstream_cost lacks them."`
	Rate      *string      `json:"margin_rate" doc:"margin of revenue, a share such as 0.2500, cut off; null where there is no revenue."`
}

// TellMargin words the rows that were read for a query, with their total.
func TellMargin(q Query, rows []Row) (Margin, error) {
	told, err := Tell(q, rows)
	if err != nil {
		return Margin{}, err
	}
	m := Margin{From: q.From, To: q.Until, GroupBy: told.GroupBy, Data: make([]MarginLine, len(rows))}
	var total Row
	for i, row := range rows {
		if m.Data[i], err = row.margin(told.Data[i]); err != nil {
			return Margin{}, err
		}
		if total, err = total.plus(row); err != nil {
			return Margin{}, fmt.Errorf("add up margins: %w", err)
		}
	}
	m.Total, err = total.margin(told.Total)
	return m, err
}

func (r Row) margin(l StatsLine) (m MarginLine, err error) {
	m = MarginLine{Site: l.Site, Day: l.Day, Channel: l.Channel, Strategy: l.Strategy, Provider: l.Provider,
		Delivered: r.Delivered, Upstream: r.Upstream, Unpriced: r.Delivered - r.Priced}
	revenue, err := minus(int64(r.Cost), int64(r.Refunded))
	if err != nil {
		return m, fmt.Errorf("count revenue: %w", err)
	}
	left, err := minus(revenue, int64(r.Upstream))
	if err != nil {
		return m, fmt.Errorf("count margin: %w", err)
	}
	m.Revenue, m.Margin, m.Rate = money.Amount(revenue), money.Amount(left), Rate{Part: left, Whole: revenue}.text()
	return m, nil
}
