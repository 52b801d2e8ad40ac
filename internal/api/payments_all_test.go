package api

import (
	"slices"
	"testing"
)

func TestTheOperatorListsThePaymentsOfAllSites(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var want []string
		for _, token := range []string{w.rich, w.poor, w.rich} {
			begun := w.do(ask{method: "POST", path: "/v1/credit/payments", token: token, body: `{"method":"transfer","amount":"20000"}`}).is(201).json()
			want = append(want, begun["site"].(string)+" "+begun["id"].(string))
		}
		slices.Reverse(want)
		var got []string
		for cursor := ""; ; {
			page := w.do(ask{method: "GET", path: "/v1/credit/payments?site=*&status=waiting_for_deposit&limit=2&cursor=" + cursor, token: w.operator}).is(200)
			for _, row := range page.rows() {
				got = append(got, row["site"].(string)+" "+row["id"].(string))
			}
			if cursor = page.cursor(); cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if rows := w.do(ask{method: "GET", path: "/v1/credit/payments?site=*&status=paid", token: w.operator}).rows(); len(rows) != 0 {
			t.Errorf("got %v, which are not paid", rows)
		}
		w.do(ask{method: "GET", path: "/v1/credit/payments?site=*", token: w.rich}).refused(404, "not_found")
	})
}
