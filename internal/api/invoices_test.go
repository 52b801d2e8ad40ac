package api

import (
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/invoice"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
)

const invoiceHead = "customFields.ref,type,statusCode,dateProcessed,price\n"

// bill posts an invoice as the operator.
func (w *world) bill(query, body string) got {
	w.t.Helper()
	return w.do(ask{method: "POST", path: "/v1/invoices?provider=solapi" + query, token: w.operator, body: body, media: "text/csv"})
}

// deliveredLeg sends a text, lets the carrier report it as delivered, and gives its reference.
func (w *world) deliveredLeg() string {
	w.t.Helper()
	sent := w.send(text)
	w.drain()
	return w.ends(sent, message.Deliver)
}

// ends lets the only recipient of a message end, and gives the message.
func (w *world) ends(sent map[string]any, how func(message.Recipient, db.Time) message.Change) string {
	w.t.Helper()
	m, err := id.Parse(id.Message, sent["id"].(string))
	w.must(err)
	w.update(func(tx *db.Tx) error {
		key := message.Key{Site: "rich", ID: m}
		found, rows, err := w.messages.LockPlaces(tx, []message.Key{key}, []message.Place{{Key: key}})
		if err != nil || len(rows) != 1 {
			return fmt.Errorf("%d rows: %w", len(rows), err)
		}
		return w.messages.Record(tx, message.Writing{Messages: found, Changes: []message.Change{how(rows[0], tx.Now)}})
	})
	return m.String()
}

func TestAnOperatorImportsAnInvoiceAndGivesBackWhatItSaysFailed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ref := "rich." + w.deliveredLeg() + ".0.1.1"
		body := invoiceHead + ref + ",SMS,3032,,0\n" + "rich." + id.New().String() + ".0.1.1,SMS,4000,,8.4\n"
		v := w.bill("&month="+w.month()+"&total=10&price=sms%3D8.4", body).is(200).json()
		if v["lines"] != 2.0 || v["amount"] != "8.40" || v["total_off"] != "1.60" || v["state"] != "ready" {
			t.Errorf("got the invoice %v", v)
		}
		again := w.bill("&month="+w.month(), body).is(200).json()
		if again["id"] != v["id"] {
			t.Errorf("the same file became %v, want %v", again["id"], v["id"])
		}
		path := "/v1/invoices/" + v["id"].(string)
		operator := func(method, path, body string) got {
			return w.do(ask{method: method, path: path, token: w.operator, body: body})
		}
		first := operator("GET", path+"/differences?limit=1", "")
		second := operator("GET", path+"/differences?limit=1&cursor="+first.cursor(), "")
		for i, g := range []got{first, second} {
			want := []string{"charged_but_failed", "unknown_to_us"}[i]
			if rows := g.rows(); len(rows) != 1 || rows[0]["kind"] != want || rows[0]["text_ko"] == "" {
				t.Errorf("difference %d is %v, want one of kind %s", i+1, rows, want)
			}
		}
		if rows := operator("GET", path+"/differences?kind=unknown_to_us", "").rows(); len(rows) != 1 || rows[0]["claim"] != "8.40" {
			t.Errorf("got %v, want the one that is unknown", rows)
		}
		operator("GET", path+"/differences?kind=none", "").refused(422, "validation")
		for _, k := range invoice.Kinds {
			operator("GET", path+"/differences?kind="+string(k), "").is(200)
		}
		for i, want := range []string{`{}`, `{"confirm":true}`, `{"confirm":true,"only":["charged_but_failed"]}`} {
			done := operator("POST", path+"/apply", want).is(200).json()
			if amount := []string{"18.00", "18.00", "0.00"}[i]; done["amount"] != amount {
				t.Errorf("apply %s gave %v, want %s", want, done, amount)
			}
		}
		operator("POST", path+"/apply", `{"only":["billed_twice"]}`).refused(422, "validation")
		operator("POST", path+"/apply", `{"only":["nothing"]}`).refused(422, "validation")
		if usages := w.get("/v1/credit/usages").rows(); usages[0]["refund_amount"] != "18.00" {
			t.Errorf("the usage is %v, want 18 won given back", usages[0])
		}
		if list := operator("GET", "/v1/invoices", "").rows(); len(list) != 1 || list[0]["posted_at"] == nil {
			t.Errorf("got the invoices %v, want one that was posted", list)
		}
		operator("GET", "/v1/invoices/inv_01k9zqm0v8e4t9w2n7c5r3x6yb", "").refused(404, "not_found")
	})
}

// month is the Korean month of the database's clock.
func (w *world) month() (m string) {
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) error {
		m = korea.Month(tx.Now.Time())
		return nil
	}))
	return m
}

func TestAnInvoiceThatCannotBeReadIsRefusedWithItsPlaces(t *testing.T) {
	w := onSQLite(t)
	good := invoiceHead + "x,SMS,4000,,8.4\n"
	if at := w.bill("&month=2026-11", good+"x,SMS,4000,soon,cheap\n").refused(422, "validation"); strings.Join(at, " ") != "/lines/3/price /lines/3/dateProcessed" {
		t.Errorf("got the places %v", at)
	}
	for query, at := range map[string]string{"": "/month", "&month=may": "/month", "&month=2026-11&total=0": "/total", "&month=2026-11&price=fax%3D1": "/prices",
		"&month=2026-11&price=sms": "/price", "&month=2026-11&column=color%3Dx": "/columns/color", "&month=2026-11&column=price%3Dnone": "/columns/price",
		"&month=2026-11&vat=some": "/vat", "&month=2026-11&colour=red": "/colour"} {
		if got := w.bill(query, good).refused(422, "validation"); len(got) != 1 || got[0] != at {
			t.Errorf("%s: got the places %v, want %s", query, got, at)
		}
	}
	w.do(ask{method: "POST", path: "/v1/invoices?provider=none", token: w.operator, body: good, media: "text/csv"}).refused(422, "validation")
	w.do(ask{method: "POST", path: "/v1/invoices?provider=solapi", token: w.operator, body: "{}"}).refused(415, "unsupported_media_type")
	w.bill("&month=2026-11", "\xff\xfeabc").refused(422, "unsupported_encoding")
	w.bill("&month=2026-11", "").refused(422, "validation")
	w.doSized(ask{method: "POST", path: "/v1/invoices?provider=solapi", token: w.operator, from: strings.NewReader(good), media: "text/csv"}, maxUpload+1).
		refused(413, "body_too_large")
}
