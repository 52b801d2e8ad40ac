package series

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// at reads a moment in Korean time.
func at(text string) db.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, korea.Seoul)
	if err != nil {
		panic(err)
	}
	return db.At(t)
}

func table(t testing.TB, p Plan) timetable {
	t.Helper()
	when, err := schedule(p.Cron)
	if err != nil {
		t.Fatal(err)
	}
	return timetable{p, when}
}

func shown(list []db.Time) (out []string) {
	for _, one := range list {
		out = append(out, one.Time().In(korea.Seoul).Format("2006-01-02 15:04:05"))
	}
	return out
}

func TestTimesAreThoseOfTheExpressionInKorea(t *testing.T) {
	for name, c := range map[string]struct {
		plan  Plan
		after string
		want  []string
	}{
		"Mondays at nine":     {Plan{Cron: "0 9 * * 1"}, "2026-11-22 12:00:00", []string{"2026-11-23 09:00:00", "2026-11-30 09:00:00", "2026-12-07 09:00:00"}},
		"at the very moment":  {Plan{Cron: "0 9 * * *"}, "2026-11-22 09:00:00", []string{"2026-11-23 09:00:00", "2026-11-24 09:00:00", "2026-11-25 09:00:00"}},
		"before midnight UTC": {Plan{Cron: "30 8 1 * *"}, "2026-11-30 23:00:00", []string{"2026-12-01 08:30:00", "2027-01-01 08:30:00", "2027-02-01 08:30:00"}},
		"the end of months":   {Plan{Cron: "0 9 31 * *"}, "2026-11-01 00:00:00", []string{"2026-12-31 09:00:00", "2027-01-31 09:00:00", "2027-03-31 09:00:00"}},
		"a day of leap years": {Plan{Cron: "0 9 29 2 *"}, "2026-11-22 00:00:00", []string{"2028-02-29 09:00:00", "2032-02-29 09:00:00", "2036-02-29 09:00:00"}},
		"names and lists":     {Plan{Cron: "0,30 9-10 * nov MON-FRI"}, "2026-11-22 00:00:00", []string{"2026-11-23 09:00:00", "2026-11-23 09:30:00", "2026-11-23 10:00:00"}},
		"from its start on":   {Plan{Cron: "0 9 * * *", StartsAt: at("2026-12-01 09:00:00")}, "2026-11-22 00:00:00", []string{"2026-12-01 09:00:00", "2026-12-02 09:00:00", "2026-12-03 09:00:00"}},
		"until its end":       {Plan{Cron: "0 9 * * *", EndsAt: at("2026-11-24 09:00:00")}, "2026-11-22 12:00:00", []string{"2026-11-23 09:00:00", "2026-11-24 09:00:00"}},
		"ended":               {Plan{Cron: "0 9 * * *", EndsAt: at("2026-11-24 08:59:59")}, "2026-11-23 12:00:00", nil},
	} {
		if diff := cmp.Diff(c.want, shown(table(t, c.plan).following(at(c.after), 3))); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestAPlanThatCannotBeIsRefusedAtItsPlace(t *testing.T) {
	now := at("2026-11-22 12:00:00")
	good := Plan{Cron: "0 9 * * *", Missed: Skip}
	with := func(change func(*Plan)) Plan { p := good; change(&p); return p }
	for _, c := range []struct {
		plan    Plan
		pointer string
	}{
		{with(func(p *Plan) { p.Cron = "" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "0 9 * *" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "0 0 9 * * *" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "60 9 * * *" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "*/0 * * * *" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "@daily" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "@every 1s" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "TZ=0" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "CRON_TZ=Asia/Tokyo 0 9 * * *" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "TZ=UTC 0 9 * * *" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "0 9 31 2 *" }), "/cron"},
		{with(func(p *Plan) { p.Cron = "0 9 30-31 2 *" }), "/cron"},
		{with(func(p *Plan) { p.Cron = strings.Repeat("1,", 60) + "1 9 * * *" }), "/cron"},
		{with(func(p *Plan) { p.Missed = "" }), "/missed"},
		{with(func(p *Plan) { p.Missed = "all" }), "/missed"},
		{with(func(p *Plan) { p.EndsAt = now }), "/ends_at"},
		{with(func(p *Plan) { p.EndsAt = at("2026-11-23 08:59:00") }), "/ends_at"},
		{with(func(p *Plan) { p.StartsAt, p.EndsAt = at("2027-01-01 00:00:00"), at("2026-12-01 00:00:00") }), "/ends_at"},
	} {
		_, err := c.plan.read(now)
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) == 0 || f.Fields[0].Pointer != c.pointer {
			t.Errorf("%+v: %v, want it refused at %s", c.plan, err, c.pointer)
		}
	}
	if _, err := good.read(now); err != nil {
		t.Error(err)
	}
}

func TestATurnSendsOnceAtMost(t *testing.T) {
	const next = "2026-11-23 09:00:00"
	for name, c := range map[string]struct {
		missed Missed
		now    string
		want   turn
	}{
		"before its time":       {Skip, "2026-11-23 08:59:59", turn{next: at(next)}},
		"at its time":           {Skip, next, turn{fire: at(next), last: at(next), next: at("2026-11-24 09:00:00")}},
		"a little late":         {Skip, "2026-11-23 09:15:00", turn{fire: at(next), last: at(next), next: at("2026-11-24 09:00:00")}},
		"too late":              {Skip, "2026-11-23 09:15:01", turn{last: at(next), skipped: 1, next: at("2026-11-24 09:00:00")}},
		"too late, made up":     {Once, "2026-11-23 20:00:00", turn{fire: at(next), last: at(next), next: at("2026-11-24 09:00:00")}},
		"days later":            {Skip, "2026-11-26 08:00:00", turn{last: at("2026-11-25 09:00:00"), skipped: 3, next: at("2026-11-26 09:00:00")}},
		"days later, made up":   {Once, "2026-11-26 08:00:00", turn{fire: at("2026-11-25 09:00:00"), last: at("2026-11-25 09:00:00"), skipped: 2, next: at("2026-11-26 09:00:00")}},
		"days later, just then": {Skip, "2026-11-26 09:01:00", turn{fire: at("2026-11-26 09:00:00"), last: at("2026-11-26 09:00:00"), skipped: 3, next: at("2026-11-27 09:00:00")}},
		"behind its end":        {Skip, "2026-12-10 00:00:00", turn{last: at("2026-11-30 09:00:00"), skipped: 8}},
	} {
		p := Plan{Cron: "0 9 * * *", Missed: c.missed, EndsAt: at("2026-11-30 23:59:59")}
		if got := table(t, p).turn(at(next), at(c.now)); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestEveryTimeIsEitherSentOrSkipped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Plan{Cron: rapid.SampledFrom([]string{"* * * * *", "*/7 * * * *", "0 9 * * *", "5 */3 * * *", "0 0 1 * *"}).Draw(t, "cron"),
			Missed: rapid.SampledFrom([]Missed{Skip, Once}).Draw(t, "missed")}
		when, err := schedule(p.Cron)
		if err != nil {
			t.Fatal(err)
		}
		table := timetable{p, when}
		begin := at("2026-11-22 12:00:00")
		now, next := begin, table.next(begin)
		sent, skipped, last := 0, 0, db.Time(0)
		for range 30 {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Hour)).Draw(t, "pause")))
			got := table.turn(next, now)
			if got.fire != 0 {
				if got.fire <= last || got.fire > now {
					t.Fatalf("sent %d at %d, behind %d", got.fire, now, last)
				}
				sent, last = sent+1, got.fire
			}
			skipped += got.skipped
			if next = got.next; next <= now {
				t.Fatalf("waits at %d for %d", now, next)
			}
		}
		passed := 0
		for at := table.next(begin); at <= now; at = table.next(at) {
			passed++
		}
		if sent+skipped != passed {
			t.Fatalf("%d sent and %d skipped of %d", sent, skipped, passed)
		}
	})
}

func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"0 9 * * 1", "TZ=0", "CRON_TZ=", "@every 1h", "*/5 1-3,5 ? JAN sun", "0 9 31 2 *", "a b c d e", "0-59/99999999999 * * * *"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		when, err := schedule(expression)
		if err != nil {
			if fault.Of(err).Kind != fault.Invalid {
				t.Fatalf("%q: %v", expression, err)
			}
			return
		}
		after := at("2026-11-22 12:00:00")
		for _, next := range (timetable{Plan{}, when}).following(after, 3) {
			if next <= after {
				t.Fatalf("%q: %d follows %d", expression, next, after)
			}
			after = next
		}
	})
}
