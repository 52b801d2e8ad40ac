package api

import "testing"

func TestANumberIsForgottenOverTheAPI(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		e := w.do(ask{method: "POST", path: "/v1/erasures", token: w.rich, body: `{"to":"010-1234-5678"}`}).is(202).json()
		if e["state"] != "running" || e["to"] != "01012345678" || e["done_at"] != nil {
			t.Errorf("got %v", e)
		}
		if got := w.get("/v1/erasures/" + e["id"].(string)).is(200).json(); got["id"] != e["id"] {
			t.Errorf("got %v", got)
		}
		if list := w.get("/v1/erasures").is(200).rows(); len(list) != 1 || list[0]["id"] != e["id"] {
			t.Errorf("got %v", list)
		}
		w.do(ask{method: "GET", path: "/v1/erasures/" + e["id"].(string), token: w.poor}).refused(404, "not_found")
		w.do(ask{method: "POST", path: "/v1/erasures", token: w.rich, body: `{"to":"02-123-4567"}`}).refused(422, "validation")

		if k := w.get("/v1/retention").is(200).json(); k["days"] != 0.0 {
			t.Errorf("got %v, want for ever", k)
		}
		w.do(ask{method: "PUT", path: "/v1/retention", token: w.rich, body: `{"days":7}`}).refused(422, "validation")
		w.do(ask{method: "PUT", path: "/v1/retention", token: w.rich, body: `{"days":90}`}).is(200)
		if k := w.get("/v1/retention").is(200).json(); k["days"] != 90.0 {
			t.Errorf("got %v, want 90", k)
		}
	})
}

func TestASiteIsErasedOverTheAPI(t *testing.T) {
	w := onSQLite(t)
	erase := func(body string) got {
		return w.do(ask{method: "POST", path: "/v1/sites/poor/erase", token: w.operator, body: body})
	}
	erase(`{"confirm":"rich","reason":"x"}`).refused(422, "validation")
	erase(`{"confirm":"poor","reason":"x"}`).refused(409, "state_conflict")
	w.do(ask{method: "PATCH", path: "/v1/sites/poor", token: w.operator, body: `{"state":"suspended"}`}).is(200)
	if s := erase(`{"confirm":"poor","reason":"계약이 끝났다","forfeit":true}`).is(200).json(); s["state"] != "erased" || s["name"] != "" || s["balance"] != "0.00" {
		t.Errorf("got %v", s)
	}
	w.do(ask{method: "GET", path: "/v1/credit", token: w.poor}).refused(401, "unauthenticated")
	w.do(ask{method: "GET", path: "/v1/erasures?site=poor", token: w.operator}).is(200)
	w.do(ask{method: "POST", path: "/v1/erasures?site=poor", token: w.operator, body: `{"to":"010-1234-5678"}`}).refused(404, "not_found")
	w.do(ask{method: "PATCH", path: "/v1/sites/poor", token: w.operator, body: `{"state":"active"}`}).refused(409, "state_conflict")
	w.get("/v1/credit").is(200)
}
