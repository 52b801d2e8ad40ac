package stat

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// night is in Korea a day after what it is in Greenwich.
var night = time.Date(2026, 12, 1, 3, 0, 0, 0, korea.Seoul)

func TestAQuestionHasUsualAnswersForWhatItLeavesOut(t *testing.T) {
	for _, c := range []struct {
		from, to string
		by       []string
		want     Query
	}{
		{"", "", nil, Query{"2026-11-02", "2026-12-01", ByDay}},
		{"", "2026-10-30", []string{""}, Query{"2026-10-01", "2026-10-30", ByDay}},
		{"2026-11-30", "", []string{"channel"}, Query{"2026-11-30", "2026-12-01", ByChannel}},
		{"2026-12-01", "2026-12-01", []string{"provider, day", "strategy"}, Query{"2026-12-01", "2026-12-01", ByDay | ByStrategy | ByProvider}},
		{"2025-12-01", "2026-12-01", []string{"site"}, Query{"2025-12-01", "2026-12-01", BySite}}, // 366 days
	} {
		got, err := Ask(night, c.from, c.to, c.by...)
		if err != nil || got != c.want {
			t.Errorf("from %q to %q by %q: got %+v, %v; want %+v", c.from, c.to, c.by, got, err, c.want)
		}
	}
}

func TestAQuestionThatCannotBeServedIsRefusedAtItsPlace(t *testing.T) {
	for _, c := range []struct{ from, to, by, place string }{
		{"2026-11-1", "", "", "/from"}, {" 2026-11-01", "", "", "/from"}, {"2026-11-31", "", "", "/from"}, {"2026-11-01T00:00:00Z", "", "", "/from"},
		{"", "yesterday", "", "/to"}, {"2026-11-02", "2026-11-01", "", "/to"}, {"2026-12-02", "", "", "/to"},
		{"2025-11-30", "2026-12-01", "", "/from"}, {"0001-01-01", "9999-12-31", "", "/from"},
		{"", "", "day,hour", "/group_by"}, {"", "", "Day", "/group_by"},
	} {
		_, err := Ask(night, c.from, c.to, c.by)
		f := fault.Of(err)
		if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != c.place {
			t.Errorf("%+v: got %v, want an Invalid fault at %s", c, err, c.place)
		}
	}
}

func FuzzAsk(f *testing.F) {
	f.Add("2026-11-01", "2026-12-01", "day,channel")
	f.Add("", "0000-01-01", "site")
	f.Add("9999-12-31", "", ",")
	f.Fuzz(func(t *testing.T, from, to, by string) {
		q, err := Ask(night, from, to, by)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want an Invalid fault", err)
			}
			return
		}
		if err := q.check(); err != nil || q.By == 0 || q.By > BySite|ByDay|ByChannel|ByStrategy|ByProvider {
			t.Errorf("got %+v, which cannot be asked: %v", q, err)
		}
	})
}

func TestAReportTellsGroupsRatesAndTheTotal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		appendAt(t, d, noon, campaign...)
		q, err := Ask(night, december1, december1, "channel", "provider")
		if err != nil {
			t.Fatal(err)
		}
		r, err := Tell(q, readSite(t, d, "demo", q))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "JSON", string(text), `{"from":"2026-12-01","to":"2026-12-01","group_by":["channel","provider"],"data":[`+
			`{"channel":"alimtalk","provider":"","final":1,"delivered":0,"failed":0,"fell_back":0,"expired":0,"cancelled":1,"cost":"0.00","refunded":"0.00","success_rate":null,"fallback_rate":null,"kakao_reach_rate":null},`+
			`{"channel":"alimtalk","provider":"solapi","final":7,"delivered":7,"failed":2,"fell_back":2,"expired":0,"cancelled":0,"cost":"63.00","refunded":"0.00","success_rate":"1.0000","fallback_rate":"0.2857","kakao_reach_rate":"0.7777"},`+
			`{"channel":"sms","provider":"nhn","final":2,"delivered":1,"failed":1,"fell_back":0,"expired":0,"cancelled":0,"cost":"18.00","refunded":"8.00","success_rate":"0.5000","fallback_rate":"0.0000","kakao_reach_rate":null}],`+
			`"total":{"final":10,"delivered":8,"failed":3,"fell_back":2,"expired":0,"cancelled":1,"cost":"81.00","refunded":"8.00","success_rate":"0.8888","fallback_rate":"0.2222","kakao_reach_rate":"0.7777"}}`)
	})
}

func TestTheTotalOfAnyGroupingIsTheRowOfAll(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	rapid.Check(t, func(rt *rapid.T) {
		small := rapid.Int64Range(-3, 100)
		name := "site-" + rapid.StringMatching(`[a-z]{8}`).Draw(rt, "site")
		for range rapid.IntRange(0, 6).Draw(rt, "deltas") {
			appendAt(t, d, noon, Delta{Site: name, Channel: provider.Channel(rapid.IntRange(0, provider.Channels-1).Draw(rt, "channel")),
				Strategy: rapid.SampledFrom(strategies).Draw(rt, "strategy"), Provider: rapid.SampledFrom([]string{"", "nhn"}).Draw(rt, "provider"),
				Figures: Figures{Delivered: small.Draw(rt, "delivered"), Failed: small.Draw(rt, "failed"), FellBack: small.Draw(rt, "fell back"),
					Expired: small.Draw(rt, "expired"), Cancelled: small.Draw(rt, "cancelled"), Cost: money.Amount(small.Draw(rt, "cost"))}})
		}
		q := Query{From: december1, Until: december1}
		all, err := Tell(q, readSite(t, d, name, q))
		if err != nil {
			rt.Fatal(err)
		}
		q.By = By(rapid.IntRange(1, int(everything)).Draw(rt, "by"))
		grouped, err := Tell(q, readSite(t, d, name, q))
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(all.Total, grouped.Total); diff != "" {
			rt.Errorf("total (-want +got):\n%s", diff)
		}
	})
}

func TestATotalThatDoesNotFitIsAnError(t *testing.T) {
	most := Row{Figures: Figures{Cost: math.MaxInt64}}
	for _, rows := range [][]Row{{most, {Figures: Figures{Cost: 1}}}, {{Final: math.MaxInt64}, {Final: 1}}, {{KakaoReach: Rate{1, math.MaxInt64}}, {KakaoReach: Rate{1, 1}}}} {
		if _, err := Tell(Query{}, rows); !errors.Is(err, ErrOverflow) {
			t.Errorf("%+v: got %v, want %v", rows, err, ErrOverflow)
		}
	}
	if r, err := Tell(Query{}, []Row{most}); err != nil || r.Total.Cost != math.MaxInt64 {
		t.Errorf("got %+v, %v; want the largest amount", r, err)
	}
}

func TestANegativeRateIsToldWithItsSign(t *testing.T) {
	for r, want := range map[Rate]string{{-2, 3}: "-0.6666", {3, 2}: "1.5000", {1, 100_000}: "0.0000"} {
		if got := r.text(); got == nil || *got != want {
			t.Errorf("%+v: got %v, want %s", r, got, want)
		}
	}
}
