package credit

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

// monday is a Monday evening in Korea; in London it is the same day, in the morning.
var monday = time.Date(2026, 11, 30, 19, 0, 0, 0, korea.Seoul)

// every is so many days of the same.
func every(days int, amount money.Amount) []money.Amount {
	out := make([]money.Amount, days)
	for i := range out {
		out[i] = amount
	}
	return out
}

// workdays are four weeks in which nothing is spent on Saturdays and Sundays.
func workdays(amount money.Amount) []money.Amount {
	out := every(ForecastDays, amount)
	for i := range out {
		if w := monday.AddDate(0, 0, i-len(out)).Weekday(); w == time.Saturday || w == time.Sunday {
			out[i] = 0
		}
	}
	return out
}

// once is four weeks of nothing, and one amount so many days ago.
func once(ago int, amount money.Amount) []money.Amount {
	out := every(ForecastDays, 0)
	out[len(out)-ago] = amount
	return out
}

func TestAForecastSaysWhenCreditRunsOutAndWhatItLacks(t *testing.T) {
	for name, tt := range map[string]struct {
		h       History
		seven   money.Amount
		four    money.Amount
		runsOut string
		add     money.Amount
	}{
		"nothing was ever spent":       {h: History{Spent: every(28, 0), Available: 100 * won}},
		"nothing, and nothing is left": {h: History{Spent: every(28, 0)}},
		"a site of today":              {h: History{Now: 50 * won, Available: 100 * won}},
		"the same each day":            {History{Spent: every(28, 10*won), Available: 100 * won}, 10 * won, 10 * won, "2026-12-09", 200 * won},
		"today is spent already":       {History{Spent: every(28, 10*won), Now: 10 * won, Available: 100 * won}, 10 * won, 10 * won, "2026-12-10", 190 * won},
		"more than today's":            {History{Spent: every(28, 10*won), Now: 70 * won, Available: 100 * won}, 10 * won, 10 * won, "2026-12-10", 190 * won},
		"a part of a day is too much":  {History{Spent: every(28, 10*won), Available: 100*won + 1}, 10 * won, 10 * won, "2026-12-10", 200 * won},
		"nothing is left":              {History{Spent: every(28, 10*won)}, 10 * won, 10 * won, "2026-11-30", 300 * won},
		"what is owed is paid first":   {History{Spent: every(28, 10*won), Available: 100 * won, Owed: 50 * won}, 10 * won, 10 * won, "2026-12-04", 250 * won},
		"more is owed than there is":   {History{Spent: every(28, 10*won), Owed: 50 * won}, 10 * won, 10 * won, "2026-11-30", 350 * won},
		"enough for the 30 days":       {History{Spent: every(28, 10*won), Available: 300 * won}, 10 * won, 10 * won, "2026-12-29", 0},
		"enough for years":             {History{Spent: every(28, 10*won), Available: 10 * farthest * won * 2}, 10 * won, 10 * won, "", 0},
		"weekends are free":            {History{Spent: workdays(10 * won), Available: 55 * won}, 50 * won / 7, 50 * won / 7, "2026-12-07", 165 * won},
		"a growing site": {History{Spent: append(every(21, 10*won), every(7, 30*won)...), Available: 45 * won}, // (15 + 30) / 2 a day
			30 * won, 15 * won, "2026-12-01", 630 * won},
		"one message in four weeks": {History{Spent: once(10, 28*won), Available: 10 * won}, 0, won, "2026-12-18", 4 * won}, // 3.5 each Friday
		"one last week":             {History{Spent: once(3, 28*won), Available: 10 * won}, 4 * won, won, "2026-12-04", 60 * won},
		"three days old":            {History{Spent: []money.Amount{0, 20 * won, 10 * won}, Available: 25 * won}, 10 * won, 10 * won, "2026-12-02", 275 * won},
		"ten days old":              {History{Spent: every(10, 10*won), Available: 25 * won}, 10 * won, 10 * won, "2026-12-02", 275 * won},
		"a day less than nothing":   {History{Spent: append(every(27, 10*won), -10*won), Available: 20 * won}, 50 * won / 7, 260 * won / 28, "2026-12-01", 250 * won}, // 2.5 each Sunday
		"won are whole":             {History{Spent: every(28, 1), Available: 0}, 1, 1, "2026-11-30", won},
	} {
		tt.h.Today = monday
		got, err := Foresee(tt.h)
		if err != nil || got.Mean7 != tt.seven || got.Mean28 != tt.four || got.RunsOut != tt.runsOut || got.Add != tt.add {
			t.Errorf("%s: got %+v, %v; want means of %s and %s, %q and %s", name, got, err, tt.seven, tt.four, tt.runsOut, tt.add)
		}
	}
}

func TestAForecastWhoseSumsDoNotFitIsAnError(t *testing.T) {
	for _, h := range []History{
		{Today: monday, Spent: every(28, math.MaxInt64/2)},
		{Today: monday, Spent: every(7, math.MaxInt64/8), Available: math.MaxInt64},
	} {
		if _, err := Foresee(h); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("got %v", err)
		}
	}
}

// histories draws what sites spend and have.
func histories() *rapid.Generator[History] {
	return rapid.Custom(func(t *rapid.T) History {
		amount := rapid.Int64Range(0, int64(1_000_000*won))
		h := History{Today: monday.AddDate(0, 0, rapid.IntRange(0, 400).Draw(t, "day"))}
		for _, one := range rapid.SliceOfN(rapid.OneOf(rapid.Just(int64(0)), amount), 0, 35).Draw(t, "spent") {
			h.Spent = append(h.Spent, money.Amount(one))
		}
		h.Now = money.Amount(amount.Draw(t, "now"))
		h.Available = money.Amount(rapid.Int64Range(0, int64(100_000_000*won)).Draw(t, "available"))
		h.Owed = money.Amount(rapid.OneOf(rapid.Just(int64(0)), amount).Draw(t, "owed"))
		return h
	})
}

func foresee(t *rapid.T, h History) Forecast {
	f, err := Foresee(h)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// spends is a simple oracle: what a forecast expects until the end of a day.
func spends(f Forecast, h History, days int) (sum money.Amount) {
	for i := range days {
		takes := f.Week[h.Today.AddDate(0, 0, i).Weekday()]
		if i == 0 {
			takes = max(0, takes-h.Now)
		}
		sum += takes
	}
	return sum
}

func TestWhatIsAddedDoesForThirtyDaysAndAWonLessDoesNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories().Draw(t, "history")
		f := foresee(t, h)
		needed := spends(f, h, 30)
		if f.Add < 0 || f.Add%won != 0 || h.Available+f.Add-h.Owed < needed {
			t.Fatalf("%s more does not do for %s: %+v", f.Add, needed, f)
		}
		if f.Add > 0 && h.Available+f.Add-won-h.Owed >= needed {
			t.Fatalf("a won less than %s does for %s", f.Add, needed)
		}
		more := h
		more.Available += f.Add
		if again := foresee(t, more); again.Add != 0 || again.RunsOut != "" && again.RunsOut < korea.Day(h.Today.AddDate(0, 0, 29)) && again.Mean28 > 0 && h.Available+f.Add-h.Owed > spends(f, h, 29) {
			t.Fatalf("with %s more: %+v", f.Add, again)
		}
	})
}

func TestCreditRunsOutOnTheFirstDayThatTakesAllOfIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories().Draw(t, "history")
		f := foresee(t, h)
		has := h.Available - h.Owed
		if f.RunsOut == "" {
			if all := spends(f, h, farthest); all > 0 && all >= has {
				t.Fatalf("%s take all of %s: %+v", all, has, f)
			}
			return
		}
		day, err := korea.ParseDay(f.RunsOut)
		if err != nil {
			t.Fatal(err)
		}
		today, _ := korea.ParseDay(korea.Day(h.Today))
		n := int(day.Sub(today).Hours()) / 24
		if n < 0 || spends(f, h, n+1) < has || n > 0 && spends(f, h, n) >= has && spends(f, h, n) > 0 {
			t.Fatalf("on the day %d: %+v of %s", n, f, has)
		}
	})
}

func TestMoreCreditNeverRunsOutSooner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories().Draw(t, "history")
		more := h
		more.Available += money.Amount(rapid.Int64Range(0, int64(1_000_000*won)).Draw(t, "more"))
		f, g := foresee(t, h), foresee(t, more)
		if g.Add > f.Add || g.RunsOut != "" && g.RunsOut < f.RunsOut || g.RunsOut != "" && f.RunsOut == "" || f.Week != g.Week {
			t.Fatalf("got %+v, and with more %+v", f, g)
		}
	})
}

func TestAWeekIsExpectedToTakeWhatLiesBetweenTheLastOneAndFour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories().Draw(t, "history")
		h.Spent = append(every(max(0, ForecastDays-len(h.Spent)), 0), h.Spent...) // of younger sites weekdays are not as often as each other
		f := foresee(t, h)
		var week money.Amount
		for _, one := range f.Week {
			week += one
		}
		low, high := 7*min(f.Mean7, f.Mean28), 7*max(f.Mean7, f.Mean28)
		if week < low-14 || week > high+14 { // each is rounded
			t.Fatalf("a week takes %s, the means say %s to %s", week, low, high)
		}
	})
}

func TestAForecastReadsWhatTheStatisticsCount(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		for range 3 {
			w.do(func(tx *db.Tx) error {
				return stat.Append(tx, stat.Delta{Site: s, Channel: provider.SMS, Strategy: "sms_only", Figures: stat.Figures{Delivered: 1, Cost: 30 * won, Refunded: 5 * won}})
			})
			w.now = w.now.Add(day)
		}
		w.do(func(tx *db.Tx) error {
			return stat.Append(tx, stat.Delta{Site: s, Channel: provider.SMS, Strategy: "sms_only", Figures: stat.Figures{Delivered: 1, Cost: 7 * won}})
		})
		var h History
		var f Forecast
		w.do(func(tx *db.Tx) (err error) { h, f, err = w.l.Forecast(tx, s); return err }) // at the time of the world
		if diff := cmp.Diff(every(3, 30*won), h.Spent); diff != "" || h.Now != 7*won || h.Available != 1000*won {
			t.Errorf("got %+v\n%s", h, diff)
		}
		if f.Mean7 != 30*won || f.RunsOut != korea.Day(w.now.Add(33*day).Time()) {
			t.Errorf("got %+v at %s", f, korea.Day(w.now.Time()))
		}
	})
}
