package client

import "context"

// Forecast is how long a site's credit lasts if it goes on as it did.
type Forecast struct {
	Available     Amount     `json:"available"`
	Owed          Amount     `json:"owed"`           // has to be repaid before anything is sent
	ScheduledHeld Amount     `json:"scheduled_held"` // what scheduled messages hold; no part of Available
	Days          []SpentDay `json:"days"`           // the last 28 whole days, or fewer, the oldest first
	Today         SpentDay   `json:"today"`          // so far
	Mean7         Amount     `json:"mean_7_days"`    // a day, of the last week
	Mean28        Amount     `json:"mean_28_days"`   // a day, of the last four weeks
	Weekdays      Weekdays   `json:"weekdays"`       // what each is expected to take
	RunsOutOn     string     `json:"runs_out_on"`    // a Korean day; "" = it does not
	AddFor30Days  Amount     `json:"add_for_30_days"`
}

// SpentDay is what was spent on a Korean day.
type SpentDay struct {
	Day   string `json:"day"`
	Spent Amount `json:"spent"`
}

// Weekdays are amounts by weekday.
type Weekdays struct {
	Monday    Amount `json:"monday"`
	Tuesday   Amount `json:"tuesday"`
	Wednesday Amount `json:"wednesday"`
	Thursday  Amount `json:"thursday"`
	Friday    Amount `json:"friday"`
	Saturday  Amount `json:"saturday"`
	Sunday    Amount `json:"sunday"`
}

// Forecast tells when the credit runs out at the pace of the last four weeks, and how much it lacks
// for 30 days.
func (c *Client) Forecast(ctx context.Context) (Forecast, error) {
	return get[Forecast](ctx, c, nil, "v1", "credit", "forecast")
}
