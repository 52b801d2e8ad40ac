package api

import (
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
	"creditmsg/internal/stat"
)

// accounts declares the routes about what the accounts at vendors do and cost. They are the
// operator's alone: what he pays is nobody else's business.
func accounts(a *api) {
	read(a, operation{
		id: "getMargin", method: http.MethodGet, path: "/v1/margin", tag: "Providers", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "Compare what sites pay with what the vendors charge", example: exampleMargin(),
		about: "Exact at every moment, by the day on which a delivery became known, at the costs that were configured then. At most 366 days.",
	}, func(tx *db.Tx, _ *exchange, in *statsInput) (out stat.Margin, err error) {
		q, err := stat.Ask(tx.Now.Time(), in.From, in.To, in.GroupBy...)
		if err != nil {
			return out, err
		}
		rows, err := stat.ReadAll(tx, q, site.TestPattern)
		if err != nil {
			return out, err
		}
		return stat.TellMargin(q, rows)
	})
}

func exampleMargin() any {
	out, _ := stat.TellMargin(stat.Query{From: "2026-11-01", Until: "2026-11-30", By: stat.ByChannel}, []stat.Row{ // so little fits
		{Channel: provider.Alimtalk, Figures: stat.Figures{Delivered: 7, Cost: 63 * money.Won, Upstream: 45*money.Won + money.Won/2, Priced: 7}},
		{Channel: provider.SMS, Figures: stat.Figures{Delivered: 2, Cost: 36 * money.Won, Refunded: 18 * money.Won, Upstream: 17 * money.Won, Priced: 2}},
	})
	return out
}
