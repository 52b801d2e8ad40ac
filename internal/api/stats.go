package api

import (
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
	"creditmsg/internal/stat"
)

type statsInput struct {
	From    string   `query:"from" doc:"The first day, Korean time, such as 2026-11-01; without it 30 days end with the last one."`
	To      string   `query:"to" doc:"The last day, inclusive; without it today."`
	GroupBy []string `query:"group_by,explode" doc:"day, channel, strategy, provider or site; repeated or with commas between for several, day where it is left out."`
}

// stats declares the route of the statistics.
func stats(a *api) {
	read(a, operation{
		id: "getStats", or: "stats:read", method: http.MethodGet, path: "/v1/stats", tag: "Messages", ability: "messages:read", status: http.StatusOK,
		summary: "Count what became of recipients", everySite: true, example: exampleStats(),
		about: "Exact at every moment, by the day on which it became known. At most 366 days. A token of the operator asks with `site=*` for all sites together.",
	}, func(tx *db.Tx, x *exchange, in *statsInput) (out stat.Stats, err error) {
		q, err := stat.Ask(tx.Now.Time(), in.From, in.To, in.GroupBy...)
		if err != nil {
			return out, err
		}
		var rows []stat.Row
		if x.site == everySite {
			rows, err = stat.ReadAll(tx, q, site.TestPattern)
		} else {
			rows, err = stat.Read(tx, x.site, q)
		}
		if err != nil {
			return out, err
		}
		return stat.Tell(q, rows)
	})
}

// exampleStats is ten recipients, by the channels of their legs.
func exampleStats() any {
	alimtalk := stat.Figures{Delivered: 7, Failed: 2, FellBack: 2, Cancelled: 1, Cost: 63 * money.Won}
	sms := stat.Figures{Delivered: 1, Failed: 1, Cost: 18 * money.Won, Refunded: 8 * money.Won}
	out, _ := stat.Tell(stat.Query{From: "2026-11-01", Until: "2026-11-30", By: stat.ByChannel}, []stat.Row{ // so little fits
		{Channel: provider.Alimtalk, Figures: alimtalk, Final: 8, Success: stat.Rate{Part: 7, Whole: 7}, Fallback: stat.Rate{Part: 2, Whole: 7}, KakaoReach: stat.Rate{Part: 7, Whole: 9}},
		{Channel: provider.SMS, Figures: sms, Final: 2, Success: stat.Rate{Part: 1, Whole: 2}, Fallback: stat.Rate{Whole: 2}},
	})
	return out
}
