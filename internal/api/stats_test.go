package api

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/stat"
)

// today is the database's day in Korea.
func (w *world) today() (day string) {
	w.t.Helper()
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) error { day = korea.Day(tx.Now.Time()); return nil }))
	return day
}

func TestStatisticsCountWhatWasDeliveredAndRefundedUntilNow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.today()
		_, usage := w.spent()
		w.post("/v1/credit/usages/"+usage+"/refund", `{"amount":"10.00","reason":"늦은 도착"}`).is(201)
		sms := map[string]any{"channel": "sms", "strategy": "sms_only", "final": 1.0, "delivered": 1.0, "failed": 0.0, "fell_back": 0.0, "expired": 0.0,
			"cancelled": 0.0, "cost": "18.00", "refunded": "10.00", "success_rate": "1.0000", "fallback_rate": "0.0000", "kakao_reach_rate": nil}
		for range 2 {
			got := w.get("/v1/stats?group_by=channel,strategy&from=" + first).is(200).json()
			if diff := cmp.Diff([]any{sms}, got["data"]); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
			if last := got["to"]; got["from"] != first || last != first && last != w.today() {
				t.Errorf("got days from %v to %v, want from %s until today", got["from"], last, first)
			}
			rows := w.get("/v1/stats?group_by=provider&from=" + first).rows()
			if len(rows) != 2 || rows[0]["provider"] != "" || rows[0]["refunded"] != "10.00" || rows[1]["provider"] != "solapi" || rows[1]["cost"] != "18.00" {
				t.Errorf("by provider: got %v, want the refund of none and the cost of solapi", rows)
			}
			_, err := stat.FoldAll(t.Context(), w.d)
			w.must(err)
		}
	})
}

func TestStatisticsAreGroupedByAnyNamesTogether(t *testing.T) {
	w := onSQLite(t)
	w.spent()
	for query, want := range map[string]string{
		"group_by=strategy&group_by=channel": "[channel strategy]",
		"group_by=strategy,channel,day":      "[day channel strategy]",
		"group_by=day,,day&group_by=":        "[day]",
		"group_by=site":                      "[site]",
		"":                                   "[day]",
	} {
		if got := w.get("/v1/stats?" + query).is(200).json()["group_by"]; fmt.Sprint(got) != want {
			t.Errorf("%s: got groups %v, want %s", query, got, want)
		}
	}
}

func TestAStatisticalQuestionThatIsWrongIsRefusedAtItsPlace(t *testing.T) {
	w := onSQLite(t)
	for query, want := range map[string]string{
		"from=2026-11-1": "/from", "from=now": "/from", "to=2026-02-30": "/to", "from=2026-11-02&to=2026-11-01": "/to",
		"from=2025-11-01&to=2026-11-02": "/from", "group_by=hour": "/group_by", "group_by=day&group_by=colour": "/group_by",
	} {
		if got := w.get("/v1/stats?"+query).refused(422, "validation"); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got errors at %q, want %s", query, got, want)
		}
	}
	w.get("/v1/stats?from=2025-11-01&to=2026-11-01").is(200) // 366 days
}

func TestAnOperatorReadsTheStatisticsOfOneSiteOrOfAll(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.spent()
		as := func(token, path string) got { return w.do(ask{method: http.MethodGet, path: path, token: token}) }
		total := func(g got) any { return g.is(200).json()["total"].(map[string]any)["delivered"] }
		for path, want := range map[string]any{"/v1/stats?site=rich": 1.0, "/v1/stats?site=poor": 0.0, "/v1/stats?site=*": 1.0, "/v1/stats?site=*&group_by=site": 1.0} {
			if got := total(as(w.operator, path)); got != want {
				t.Errorf("%s: got %v delivered, want %v", path, got, want)
			}
		}
		if rows := as(w.operator, "/v1/stats?site=*&group_by=site").rows(); len(rows) != 1 || rows[0]["site"] != "rich" {
			t.Errorf("got %v, want the one site that sent", rows)
		}
		if got := total(as(w.poor, "/v1/stats")); got != 0.0 {
			t.Errorf("the poor site sees %v delivered of another", got)
		}
		as(w.operator, "/v1/stats").refused(422, "validation")
		as(w.operator, "/v1/stats?site=nobody").refused(404, "not_found")
		for _, token := range []string{w.rich, w.poor} {
			as(token, "/v1/stats?site=*").refused(404, "not_found")
		}
		for _, path := range []string{"/v1/messages", "/v1/credit", "/v1/send-logs", "/v1/templates", "/v1/kakao-channels"} {
			if got := as(w.operator, path+"?site=*").refused(422, "validation"); !slices.Equal(got, []string{"/site"}) {
				t.Errorf("%s of all sites: got errors at %q, want /site", path, got)
			}
		}
		write := ask{method: http.MethodPost, path: "/v1/messages?site=*", token: w.operator, body: text}
		if got := w.do(write).refused(422, "validation"); !slices.Equal(got, []string{"/site"}) {
			t.Errorf("a message of all sites: got errors at %q, want /site", got)
		}
	})
}
