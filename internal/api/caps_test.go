package api

import (
	"strings"
	"testing"
)

func TestAMessageThatGoesOverACapIsRefusedWithWhatIsLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		put := func(token, path, body string) got {
			return w.do(ask{method: "PUT", path: path, token: token, body: body})
		}
		set := put(w.rich, "/v1/credit/caps", `{"recipients":{"day":3,"month":null},"won":{"month":"50000"}}`).is(200).json()
		if day := set["recipients"].(map[string]any)["day"].(map[string]any); day["limit"] != 3.0 || day["bound"] != nil || day["used"] != 0.0 || day["left"] != 3.0 {
			t.Errorf("the recipients of a day: %v", day)
		}
		if month := set["won"].(map[string]any)["month"].(map[string]any); month["limit"] != "50000.00" || month["used"] != "0.00" || set["counted_since"] == nil {
			t.Errorf("the won of a month: %v, since %v", month, set["counted_since"])
		}
		w.post("/v1/messages", to(`{"to":"01000000001"},{"to":"01000000002"}`)).is(202)
		for range 2 { // the second goes by what the first has learnt
			refused := w.post("/v1/messages", to(`{"to":"01000000001"},{"to":"01000000002"}`))
			refused.refused(429, "rate_limited")
			if c := refused.json()["cap"].(map[string]any); c["what"] != "recipients" || c["period"] != "day" || c["limit"] != "3" || c["used"] != "2" || c["left"] != "1" || c["needed"] != "2" {
				t.Errorf("refused with %v", c)
			}
			if refused.header.Get("Retry-After") == "" {
				t.Error("nothing says when to come again")
			}
		}
		w.post("/v1/messages", to(`{"to":"01000000001"},{"to":"01000000002"},{"to":"01000000003"},{"to":"01000000004"}`)).refused(409, "state_conflict")
		w.post("/v1/messages", to(`{"to":"01000000001"}`)).is(202)

		put(w.rich, "/v1/credit/caps/bounds", `{}`).refused(403, "forbidden")
		put(w.operator, "/v1/credit/caps/bounds?site=rich", `{"recipients":{"day":2}}`).is(200)
		if pointers := put(w.rich, "/v1/credit/caps", `{"recipients":{"day":3}}`).refused(422, "validation"); len(pointers) != 1 || pointers[0] != "/recipients/day" {
			t.Errorf("above the bound: refused at %v", pointers)
		}
		put(w.rich, "/v1/credit/caps", `{"won":{"day":"-1"}}`).refused(422, "validation")
		put(w.rich, "/v1/credit/caps", `{"recipients":{"day":0}}`).refused(422, "validation")
		put(w.operator, "/v1/credit/caps/bounds?site=rich", `{}`).is(200)
		put(w.rich, "/v1/credit/caps", `{}`).is(200)
		w.post("/v1/messages", to(strings.Repeat(`{"to":"01000000001"},{"to":"01000000002"},`, 2)+`{"to":"01000000003"},{"to":"01000000004"}`)).is(202)
	})
}
