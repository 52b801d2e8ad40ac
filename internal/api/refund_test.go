package api

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
)

// spent sends one message that is delivered for 18 won, and gives the path of its usage.
func (w *world) spent() (message, usage string) {
	w.t.Helper()
	message = w.send(text)["id"].(string)
	w.drain()
	reference := fmt.Sprintf("rich.%s.0.1.1", strings.TrimPrefix(message, "msg_"))
	w.report(fmt.Sprintf(`[{"statusCode":"4000","customFields":{"ref":%q},"dateReceived":"2026-11-22T05:00:00.000Z"}]`, reference), proof()).is(200)
	w.must(w.delivery.Drain(w.t.Context()))
	rows := w.get("/v1/credit/usages?message=" + message).rows()
	if len(rows) != 1 {
		w.t.Fatalf("got usages %v, want one", rows)
	}
	return message, rows[0]["id"].(string)
}

func TestAUsageIsRefundedUpToWhatItCost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		message, usage := w.spent()
		path := "/v1/credit/usages/" + usage + "/refund"
		first := w.do(ask{method: "POST", path: path, token: w.rich, key: "r-1", body: `{"amount":"10.00","reason":"늦은 도착"}`}).is(201)
		made := first.json()
		if made["usage_id"] != usage || made["amount"] != "10.00" || made["refundable"] != "8.00" || !strings.HasPrefix(made["id"].(string), "rfd_") {
			t.Errorf("got %v, want 10.00 of %s refunded and 8.00 left", made, usage)
		}
		again := w.do(ask{method: "POST", path: path, token: w.rich, key: "r-1", body: `{"amount":"10.00","reason":"늦은 도착"}`}).is(201)
		if !bytes.Equal(first.body, again.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %s, want the bytes %s", again.body, first.body)
		}
		over := w.post(path, `{"amount":"8.0001","reason":"늦은 도착"}`)
		if over.refused(409, "refund_exceeds"); over.json()["refundable"] != "8.00" {
			t.Errorf("the problem does not say what is left: %s", over.body)
		}
		row := w.get("/v1/credit/usages").rows()[0]
		list, _ := row["refunds"].([]any)
		if row["refund_amount"] != "10.00" || len(list) != 1 || list[0].(map[string]any)["id"] != made["id"] || list[0].(map[string]any)["amount"] != "10.00" {
			t.Errorf("got usage %v, want its refund", row)
		}
		if m := w.get("/v1/messages/" + message).json(); m["refunded"] != "10.00" || m["actual_cost"] != "18.00" {
			t.Errorf("got %v, want 10.00 refunded of 18.00", m)
		}
		if got := w.get("/v1/credit").json(); got["available"] != "149992.00" {
			t.Errorf("got credit %v, want 149992.00 available", got)
		}
		entries := w.get("/v1/credit/entries").rows()
		if last := entries[len(entries)-1]; last["kind"] != "refund" || last["ref"] != made["id"] || last["note"] != "늦은 도착" {
			t.Errorf("got entry %v, want the refund", last)
		}
	})
}

func TestARefundThatCannotBeIsRefusedInItsPlace(t *testing.T) {
	w := onSQLite(t)
	_, usage := w.spent()
	path := "/v1/credit/usages/" + usage + "/refund"
	for body, want := range map[string]string{
		`{"amount":"0","reason":"late"}`:       "/amount",
		`{"amount":"-1.00","reason":"late"}`:   "/amount",
		`{"amount":"1.00001","reason":"late"}`: "/amount",
		`{"amount":"1e1","reason":"late"}`:     "/amount",
		`{"amount":10,"reason":"late"}`:        "/amount",
		`{"reason":"late"}`:                    "/amount",
		`{"amount":"1.00"}`:                    "/reason",
		`{"amount":"1.00","reason":""}`:        "/reason",
	} {
		if got := w.post(path, body).refused(422, "validation"); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got errors at %q, want %s", body, got, want)
		}
	}
	w.post("/v1/credit/usages/usg_01k00000000000000000000000/refund", `{"amount":"1.00","reason":"late"}`).refused(404, "not_found")
	w.post("/v1/credit/usages/hello/refund", `{"amount":"1.00","reason":"late"}`).refused(404, "not_found")
	w.do(ask{method: "POST", path: path, token: w.token("rich", "credit:write"), body: `{"amount":"1.00","reason":"late"}`}).refused(403, "forbidden")
	if row := w.get("/v1/credit/usages").rows()[0]; row["refund_amount"] != "0.00" {
		t.Errorf("got usage %v, want nothing refunded", row)
	}
}

func TestASiteThatOwesIsSuspended(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.spent()
		w.update(func(tx *db.Tx) error {
			_, err := w.ledger.TakeBack(tx, credit.PaymentBack{Site: "rich", Lot: 1, Amount: 150_000 * 10_000, Gone: true})
			return err
		})
		p := w.post("/v1/messages", text)
		if p.refused(423, "site_suspended"); p.json()["owed"] != "18.00" {
			t.Errorf("the problem does not say what is owed: %s", p.body)
		}
		w.topUp("rich", 100)
		w.send(text)
		if got := w.get("/v1/credit").json(); got["available"] != "64.00" || got["held"] != "18.00" {
			t.Errorf("got credit %v, want 82.00 less 18.00 held", got)
		}
	})
}
