package client

import (
	"context"
	"net/url"
	"strings"
)

// StatsQuery says which statistics to get; zero values are the server's defaults.
type StatsQuery struct {
	From, To string   // Korean days such as 2026-11-01, both inclusive; "" = the last 30 days
	GroupBy  []string // any of day, channel, strategy, provider and site; none = day
}

// Stats is what became of recipients, in groups and together.
type Stats struct {
	From    string      `json:"from"`
	To      string      `json:"to"`
	GroupBy []string    `json:"group_by"`
	Data    []StatsLine `json:"data"`
	Total   StatsLine   `json:"total"`
}

// StatsLine is one group. What it is not grouped by is empty. Rates are shares as decimal
// text such as "0.9876", "" where there is nothing to have a share of.
type StatsLine struct {
	Site           string `json:"site"`
	Day            string `json:"day"`
	Channel        string `json:"channel"`
	Strategy       string `json:"strategy"`
	Provider       string `json:"provider"`
	Final          int64  `json:"final"` // recipients about whom all is known
	Delivered      int64  `json:"delivered"`
	Failed         int64  `json:"failed"`    // legs that certainly did not arrive
	FellBack       int64  `json:"fell_back"` // those of Failed that another step took over from
	Expired        int64  `json:"expired"`
	Cancelled      int64  `json:"cancelled"`
	Cost           Amount `json:"cost"`
	Refunded       Amount `json:"refunded"`
	SuccessRate    string `json:"success_rate"`
	FallbackRate   string `json:"fallback_rate"`
	KakaoReachRate string `json:"kakao_reach_rate"`
}

// Stats gets the statistics. ForSite("*") counts all sites together.
func (c *Client) Stats(ctx context.Context, q StatsQuery) (Stats, error) {
	return get[Stats](ctx, c, q.query(), "v1", "stats")
}

func (q StatsQuery) query() url.Values {
	return Paging{}.query("from", q.From, "to", q.To, "group_by", strings.Join(q.GroupBy, ","))
}
