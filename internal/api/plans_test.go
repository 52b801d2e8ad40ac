package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
)

// operate is a request of the operator that names no site.
func (w *world) operate(method, path, body string) got {
	w.t.Helper()
	return w.do(ask{method: method, path: path, token: w.operator, body: body})
}

func TestAPlanIsWrittenReadChangedAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		made := w.operate("POST", "/v1/plans", `{"id":"gold","name":"골드","prices":{"sms":"15.00","lms":"39.5","mms":null}}`).is(201).json()
		if fmt.Sprint(made["prices"]) != "map[alimtalk:<nil> lms:39.50 mms:<nil> sms:15.00]" || made["name"] != "골드" || made["complete"] != true || made["sites"] != 0.0 {
			t.Errorf("made: got %v", made)
		}
		w.operate("POST", "/v1/plans", `{"id":"gold","name":"again"}`).refused(409, "already_exists")
		if got := w.operate("GET", "/v1/plans/gold", "").is(200).json(); fmt.Sprint(got) != fmt.Sprint(made) {
			t.Errorf("got %v, want %v", got, made)
		}
		w.operate("POST", "/v1/plans", `{"id":"iron","name":"아이언"}`).is(201)
		page := w.operate("GET", "/v1/plans?limit=1", "")
		rest := w.operate("GET", "/v1/plans?limit=1&cursor="+page.cursor(), "")
		if page.rows()[0]["id"] != "gold" || rest.rows()[0]["id"] != "iron" || rest.cursor() != "" {
			t.Errorf("pages: got %s and %s, want gold, then iron", page.body, rest.body)
		}
		w.update(func(tx *db.Tx) error { return credit.AssignPlan(tx, "rich", "gold", 0) })
		changed := w.operate("POST", "/v1/plans/gold/prices", `{"prices":{"sms":null,"alimtalk":"7"}}`).is(200).json()
		if fmt.Sprint(changed["prices"]) != "map[alimtalk:7.00 lms:39.50 mms:<nil> sms:<nil>]" || changed["sites"] != 1.0 {
			t.Errorf("changed: got %v", changed)
		}
		if got := w.get("/v1/credit").is(200).json()["prices"]; fmt.Sprint(got) != "map[alimtalk:7.00 lms:39.50 mms:120.00 sms:18.00]" {
			t.Errorf("the site pays %v", got)
		}
		w.operate("POST", "/v1/plans/gold/prices", `{"prices":{"sms":"14"},"since":"2099-12-01T09:00:00+09:00"}`).is(200)
		w.operate("DELETE", "/v1/plans/gold", "").refused(409, "state_conflict")
		if got := w.operate("PUT", "/v1/plans/iron", `{"name":"철"}`).is(200).json()["name"]; got != "철" {
			t.Errorf("renamed: got %v", got)
		}
		w.operate("DELETE", "/v1/plans/iron", "").is(204)
		w.operate("GET", "/v1/plans/iron", "").refused(404, "not_found")
	})
}

func TestASiteSeesWhatItPaysAndByWhoseList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.operate("POST", "/v1/plans", `{"id":"gold","name":"골드","prices":{"sms":"15"}}`).is(201)
		w.update(func(tx *db.Tx) error { return credit.AssignPlan(tx, "rich", "gold", 0) })
		w.operate("POST", "/v1/plans/gold/prices", `{"prices":{"sms":"14"},"since":"2099-12-01T00:00:00Z"}`).is(200)
		told := func(rows []map[string]any) (out []string) {
			for _, r := range rows {
				out = append(out, fmt.Sprintf("%s %s %s %s %v", r["state"], r["channel"], r["unit_price"], r["layer"], r["plan"]))
			}
			return out
		}
		want := []string{"now alimtalk 9.00 default <nil>", "past sms 18.00 default <nil>", "now lms 45.00 default <nil>", "now mms 120.00 default <nil>",
			"now sms 15.00 plan gold", "planned sms 14.00 plan gold"}
		var walked []map[string]any
		for cursor := ""; ; {
			page := w.get("/v1/credit/prices?limit=1&cursor=" + cursor)
			walked = append(walked, page.rows()...)
			if cursor = page.cursor(); cursor == "" {
				break
			}
		}
		slices.SortFunc(want[:4], strings.Compare) // which begin together, by channel
		got := told(walked)
		slices.SortFunc(got[:4], strings.Compare)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		planned := w.get("/v1/credit/prices?state=planned").rows()
		if len(planned) != 1 || planned[0]["from"] != "2099-12-01T00:00:00.000000Z" || planned[0]["until"] != nil {
			t.Errorf("planned: got %v", planned)
		}
		if got := told(w.operate("GET", "/v1/plans/gold/prices?limit=1", "").rows()); !slices.Equal(got, want[4:5]) {
			t.Errorf("the plan's: got %q", got)
		}
		if got := w.do(ask{method: "GET", path: "/v1/credit/prices", token: w.poor}).rows(); len(got) != 4 {
			t.Errorf("another site: got %v, want the defaults", got)
		}
		w.get("/v1/credit/prices?state=soon").refused(422, "validation")
	})
}

func TestAPlanThatIsWrongIsRefusedAtItsPlace(t *testing.T) {
	w := onSQLite(t)
	w.operate("POST", "/v1/plans", `{"id":"gold","name":"골드"}`).is(201)
	for _, c := range []struct{ method, path, body, pointer string }{
		{"POST", "/v1/plans", `{"id":"Gold!","name":"x"}`, "/id"},
		{"POST", "/v1/plans", `{"id":"none","name":"x"}`, "/id"},
		{"POST", "/v1/plans", `{"id":"iron","name":""}`, "/name"},
		{"POST", "/v1/plans", `{"id":"iron"}`, "/name"},
		{"POST", "/v1/plans", `{"id":"iron","name":"x","prices":{"sms":"-1"}}`, "/prices/sms"},
		{"POST", "/v1/plans", `{"id":"iron","name":"x","prices":{"sms":"1.23456"}}`, "/prices/sms"},
		{"POST", "/v1/plans", `{"id":"iron","name":"x","prices":{"sms":"1e3"}}`, "/prices/sms"},
		{"POST", "/v1/plans", `{"id":"iron","name":"x","prices":{"sms":15}}`, "/prices/sms"},
		{"POST", "/v1/plans", `{"id":"iron","name":"x","prices":{"fax":"1"}}`, "/prices/fax"},
		{"PUT", "/v1/plans/gold", `{"name":"a\nb"}`, "/name"},
		{"POST", "/v1/plans/gold/prices", `{}`, "/prices"},
		{"POST", "/v1/plans/gold/prices", `{"prices":{"sms":"-1"}}`, "/prices/sms"},
		{"POST", "/v1/plans/gold/prices", `{"prices":{"sms":"1"},"since":"2020-01-01T00:00:00Z"}`, "/since"},
		{"POST", "/v1/plans/gold/prices", `{"prices":{"sms":"1"},"since":"soon"}`, "/since"},
	} {
		if got := w.operate(c.method, c.path, c.body).refused(422, "validation"); !slices.Contains(got, c.pointer) {
			t.Errorf("%s %s %s: got errors at %q, want %q", c.method, c.path, c.body, got, c.pointer)
		}
	}
	for _, c := range [][3]string{{"GET", "/v1/plans/iron", ""}, {"PUT", "/v1/plans/iron", `{"name":"x"}`}, {"DELETE", "/v1/plans/iron", ""},
		{"GET", "/v1/plans/iron/prices", ""}, {"POST", "/v1/plans/iron/prices", `{"prices":{}}`}} {
		w.operate(c[0], c[1], c[2]).refused(404, "not_found")
	}
	for _, body := range []string{"", "{", `{"id":"gold\u0000"}`, "\xff"} {
		w.operate("POST", "/v1/plans", body).refused(400, "malformed")
	}
}

func TestAWriteAboutTheInstallationIsRepeatedWithItsKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		add := func(key, id string) got {
			return w.do(ask{method: "POST", path: "/v1/plans", token: w.operator, key: key, body: fmt.Sprintf(`{"id":%q,"name":"x"}`, id)})
		}
		first, again := add("k", "gold").is(201), add("k", "gold").is(201)
		if string(first.body) != string(again.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %s, then %s, want a replay", first.body, again.body)
		}
		add("k", "iron").refused(422, "idempotency_mismatch")
		add("other", "gold").refused(409, "already_exists")
	})
}

// TestAPriceOfThePlanCountsFromTheNextMessageOn goes the way of a caller who is remembered.
func TestAPriceOfThePlanCountsFromTheNextMessageOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.operate("POST", "/v1/plans", `{"id":"gold","name":"골드","prices":{"sms":"15"}}`).is(201)
		held := func() any { return w.send(text)["held"] }
		held()
		w.update(func(tx *db.Tx) error { return credit.AssignPlan(tx, "rich", "gold", 0) })
		got := []any{held(), held()}
		w.operate("POST", "/v1/plans/gold/prices", `{"prices":{"sms":"16"}}`).is(200)
		got = append(got, held(), held())
		w.update(func(tx *db.Tx) error { return credit.AssignPlan(tx, "rich", "", tx.Now.Add(time.Hour)) })
		got = append(got, held())
		w.update(func(tx *db.Tx) error { return credit.AssignPlan(tx, "rich", "", 0) })
		got = append(got, held())
		if want := []any{"15.00", "15.00", "16.00", "16.00", "16.00", "18.00"}; !slices.Equal(got, want) {
			t.Errorf("held %v, want %v", got, want)
		}
	})
}
