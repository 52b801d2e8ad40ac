package credit

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
	"creditmsg/internal/stat"
)

// ForecastDays are the whole days that a forecast looks back on: four weeks, in which each weekday
// is as often as any other.
const ForecastDays = 28

// toppedUpFor is for how many days Forecast.Add does, today among them.
const toppedUpFor = 30

// farthest is how many days a forecast looks ahead. Credit that does for longer does not run out.
const farthest = 3650

// History is what a site spent, by Korean days, and what it has now.
type History struct {
	Today time.Time      // any moment of the day
	Spent []money.Amount // of the whole days before today, the oldest first: ForecastDays of them, or fewer where the site is younger
	Now   money.Amount   // spent today so far

	Available money.Amount // may be spent
	Owed      money.Amount // has to be repaid before anything is sent
}

// Forecast is how long credit lasts if a site goes on as it did.
type Forecast struct {
	Mean7  money.Amount    // a day, of the last week
	Mean28 money.Amount    // a day, of the last four weeks
	Week   [7]money.Amount // what each weekday is expected to take, from Sunday on

	RunsOut string       // the Korean day on which nothing is left; "" = it lasts for years, or nothing is spent
	Add     money.Amount // whole won that credit lacks to do for 30 days, today among them
}

// Foresee makes a forecast. A weekday is expected to take what lies half-way between its mean of
// the last four weeks and what it took in the last one: so what grows is seen soon, and one large
// message does not count for all weeks to come. Of a site that is younger than a week each day is
// expected to take their mean. Today takes what it was expected to and has not taken yet.
//
// What is held is not counted: it pays for what is under way and for what is scheduled. Amounts are
// rounded down, and what is to be added up. Sums that do not fit are an error.
func Foresee(h History) (f Forecast, err error) {
	days := h.Spent[max(0, len(h.Spent)-ForecastDays):]
	if f.Mean28, err = mean(days); err == nil {
		f.Mean7, err = mean(days[max(0, len(days)-7):])
	}
	if err == nil {
		f.Week, err = expected(days, h.Today)
	}
	if err != nil {
		return Forecast{}, fmt.Errorf("forecast: %w", err)
	}
	today := h.Today.In(korea.Seoul)
	var needed money.Amount
	for ahead := range farthest {
		day := today.AddDate(0, 0, ahead)
		takes := f.Week[day.Weekday()]
		if ahead == 0 {
			takes = max(0, takes-h.Now)
		}
		if needed, err = needed.Plus(takes); err != nil {
			return Forecast{}, fmt.Errorf("forecast: %w", err)
		}
		if ahead == toppedUpFor-1 {
			f.Add = lacking(needed, h)
		}
		if f.RunsOut == "" && needed > 0 && needed >= h.Available-h.Owed {
			f.RunsOut = korea.Day(day)
		}
		if f.RunsOut != "" && ahead >= toppedUpFor-1 {
			break
		}
	}
	return f, nil
}

// lacking is what credit lacks of what is needed, in whole won, since nobody pays less.
func lacking(needed money.Amount, h History) money.Amount {
	lacks := max(0, needed-(h.Available-h.Owed))
	return (lacks + money.Won - 1) / money.Won * money.Won
}

// mean is what a day took. What was counted too early and taken back may make a day less than
// nothing; a mean is not.
func mean(days []money.Amount) (money.Amount, error) {
	if len(days) == 0 {
		return 0, nil
	}
	var sum money.Amount
	for _, one := range days {
		var err error
		if sum, err = sum.Plus(one); err != nil {
			return 0, err
		}
	}
	return max(0, sum) / money.Amount(len(days)), nil
}

// expected is what each weekday is expected to take.
func expected(days []money.Amount, now time.Time) (week [7]money.Amount, err error) {
	if len(days) < 7 {
		all, err := mean(days)
		for i := range week {
			week[i] = all
		}
		return week, err
	}
	of := [7][]money.Amount{} // by weekday, the oldest first
	for i, one := range days {
		w := now.In(korea.Seoul).AddDate(0, 0, i-len(days)).Weekday()
		of[w] = append(of[w], one)
	}
	for w, took := range of {
		usual, err := mean(took)
		if err != nil {
			return week, err
		}
		last := max(0, took[len(took)-1])
		week[w] = usual/2 + last/2 + (usual%2+last%2)/2
	}
	return week, nil
}

// Forecast tells how long a site's credit lasts, and what it spent on each of the days that say so.
func (l *Ledger) Forecast(tx *db.Tx, siteID string) (h History, f Forecast, err error) {
	home, err := site.Find(tx, siteID)
	if err != nil {
		return h, f, err
	}
	account, err := l.Account(tx, siteID)
	if err != nil {
		return h, f, err
	}
	h = History{Today: tx.Now.Time().In(korea.Seoul), Available: account.Available, Owed: account.Owed}
	from := h.Today.AddDate(0, 0, -ForecastDays)
	rows, err := stat.Read(tx, siteID, stat.Query{From: korea.Day(from), Until: korea.Day(h.Today), By: stat.ByDay})
	if err != nil {
		return h, f, fmt.Errorf("forecast: %w", err)
	}
	spent := map[string]money.Amount{}
	for _, r := range rows {
		spent[r.Day] = r.Cost
	}
	born := korea.Day(home.CreatedAt.Time())
	for day := from; korea.Day(day) < korea.Day(h.Today); day = day.AddDate(0, 0, 1) {
		if name := korea.Day(day); name >= born {
			h.Spent = append(h.Spent, spent[name])
		}
	}
	h.Now = spent[korea.Day(h.Today)]
	f, err = Foresee(h)
	return h, f, err
}
