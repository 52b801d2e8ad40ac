package api

import (
	"net/http"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// forecastView is how long a site's credit lasts if it goes on as it did.
type forecastView struct {
	Available     money.Amount  `json:"available"`
	Owed          money.Amount  `json:"owed" doc:"Has to be repaid before anything is sent."`
	ScheduledHeld money.Amount  `json:"scheduled_held" doc:"What scheduled messages hold of what is held. It is theirs already, and no part of available."`
	Days          []spentDay    `json:"days" doc:"The last 28 whole days, or fewer where the site is younger, the oldest first."`
	Today         spentDay      `json:"today" doc:"So far."`
	Mean7         money.Amount  `json:"mean_7_days" doc:"What a day of the last week took."`
	Mean28        money.Amount  `json:"mean_28_days" doc:"What a day of the last four weeks took."`
	Weekdays      weekdayAmount `json:"weekdays" doc:"What each weekday is expected to take: half-way between its mean of four weeks and what it took in the last one."`
	RunsOutOn     *string       `json:"runs_out_on" format:"date" doc:"The Korean day on which nothing is left at that pace; null = nothing is spent, or it lasts for more than ten years."`
	AddFor30Days  money.Amount  `json:"add_for_30_days" doc:"Whole won, without VAT, that are lacking for 30 days, today among them."`
}

type spentDay struct {
	Day   string       `json:"day" format:"date" example:"2026-12-01"`
	Spent money.Amount `json:"spent" doc:"What was delivered on the day; refunds are not taken off."`
}

type weekdayAmount struct {
	Monday    money.Amount `json:"monday"`
	Tuesday   money.Amount `json:"tuesday"`
	Wednesday money.Amount `json:"wednesday"`
	Thursday  money.Amount `json:"thursday"`
	Friday    money.Amount `json:"friday"`
	Saturday  money.Amount `json:"saturday"`
	Sunday    money.Amount `json:"sunday"`
}

// forecasts declares the route about how long credit lasts.
func forecasts(a *api) {
	read(a, operation{
		id: "getForecast", method: http.MethodGet, path: "/v1/credit/forecast", tag: "Credit", ability: "credit:read", status: http.StatusOK,
		summary: "Forecast when the credit runs out", about: "By what was spent on the last 28 Korean days, with regard to weekdays. Scheduled messages are paid by what they hold. Credit that expires before it is spent is not looked at.",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (v forecastView, err error) {
		h, f, err := a.Ledger.Forecast(tx, x.site)
		if err != nil {
			return v, err
		}
		held, err := a.Messages.ScheduledHeld(tx, x.site)
		v = forecastView{Available: h.Available, Owed: h.Owed, ScheduledHeld: held, Days: []spentDay{}, Today: spentDay{korea.Day(h.Today), h.Now},
			Mean7: f.Mean7, Mean28: f.Mean28, RunsOutOn: orNull(f.RunsOut), AddFor30Days: f.Add,
			Weekdays: weekdayAmount{f.Week[time.Monday], f.Week[time.Tuesday], f.Week[time.Wednesday], f.Week[time.Thursday], f.Week[time.Friday], f.Week[time.Saturday], f.Week[time.Sunday]}}
		for i, spent := range h.Spent {
			v.Days = append(v.Days, spentDay{korea.Day(h.Today.AddDate(0, 0, i-len(h.Spent))), spent})
		}
		return v, err
	})
}
