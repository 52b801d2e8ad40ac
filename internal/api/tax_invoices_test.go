package api

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"creditmsg/client"
	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/paper"
	"creditmsg/internal/site"
)

// lastMonths are the Korean months before this one, two of them, oldest first.
func lastMonths(t testing.TB) (long, last string) {
	start, err := korea.ParseMonth(thisMonth())
	if err != nil {
		t.Fatal(err)
	}
	return korea.Month(start.AddDate(0, -2, 0)), korea.Month(start.AddDate(0, -1, 0))
}

// paidBefore books a payment of a month that is over, of a site that asks for tax invoices.
func (w *world) paidBefore(month string) {
	profile := paper.Profile{BusinessNumber: "1248100998", Name: "=꽃집", Representative: "김하나", Email: "a@example.com", Paper: paper.TaxInvoice}
	w.update(func(tx *db.Tx) error {
		start, err := korea.ParseMonth(month)
		if err != nil {
			return err
		}
		tx.Now = db.At(start.AddDate(0, 0, 3))
		if err := w.oldSite(tx, "old"); err != nil {
			return err
		}
		for _, owner := range []string{"old", site.Operator} {
			if _, err := w.deps.Papers.SetProfile(tx, owner, profile); err != nil {
				return err
			}
		}
		_, _, err = w.billing.Record(tx, billing.Recording{Site: "old", Amount: 10_000 * money.Won, Note: "입금"})
		return err
	})
}

func TestTheOperatorIssuesTaxInvoicesOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		month, last := lastMonths(t)
		w.paidBefore(month)
		path := "/v1/tax-invoices/" + month
		operator := func(method, path, key string) got {
			a := ask{method: method, path: path, token: w.operator}
			if key != "" {
				a.header = http.Header{"Idempotency-Key": {key}}
			}
			return w.do(a)
		}
		if open := operator("GET", path, "").is(200).json(); open["state"] != "open" || len(open["rows"].([]any)) != 1 {
			t.Errorf("open: %v", open)
		}
		operator("POST", "/v1/tax-invoices/"+thisMonth()+"/issue", "").refused(409, "state_conflict")
		operator("POST", "/v1/tax-invoices/"+last+"/issue", "").refused(409, "state_conflict")
		first := operator("POST", path+"/issue", "k").is(200)
		again := operator("POST", path+"/issue", "k").is(200)
		if !bytes.Equal(first.body, again.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("issued as %s, again as %s", first.body, again.body)
		}
		for _, other := range []got{operator("POST", path+"/issue", "other").is(200), operator("GET", path, "").is(200)} {
			if diff := cmp.Diff(first.json(), other.json()); diff != "" {
				t.Errorf("issued otherwise:\n%s", diff)
			}
		}
		row := first.json()["rows"].([]any)[0].(map[string]any)
		if row["site"] != "old" || row["supply"] != "10000.00" || row["vat"] != "1000.00" || first.json()["state"] != "issued" {
			t.Errorf("got %s", first.body)
		}
		sheet := operator("GET", path+"?format=xlsx", "").is(200)
		f, err := excelize.OpenReader(bytes.NewReader(sheet.body))
		w.must(err)
		rows, err := f.GetRows(f.GetSheetList()[0])
		if err != nil || len(rows) != 7 || rows[6][12] != "=꽃집" {
			t.Errorf("%v, %v", rows, err)
		}
		if file := sheet.header.Get("Content-Disposition"); file != `attachment; filename="tax-invoices-`+month+`-1.xlsx"` {
			t.Errorf("it is called %s", file)
		}
	})
}

// TestOurOwnClientSpeaksOfTaxInvoices goes through the calls of the operator's client.
func TestOurOwnClientSpeaksOfTaxInvoices(t *testing.T) {
	w := onSQLite(t)
	month, _ := lastMonths(t)
	w.paidBefore(month)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := client.New(server.URL, w.operator, client.Options{Retries: -1})
	w.must(err)
	open, err := c.TaxInvoices(t.Context(), month)
	w.must(err)
	issued, err := c.IssueTaxInvoices(t.Context(), month)
	w.must(err)
	if diff := cmp.Diff(open.Rows, issued.Rows); diff != "" || len(open.Rows) != 1 || open.Rows[0].Total != "11000.00" || issued.IssuedAt.IsZero() || issued.Files != 1 {
		t.Errorf("got %+v, then %+v", open, issued)
	}
	var file bytes.Buffer
	if err := c.TaxInvoicesFile(t.Context(), month, 1, &file); err != nil || !bytes.HasPrefix(file.Bytes(), []byte("PK")) {
		t.Errorf("the file: %v, %.10q", err, file.Bytes())
	}
}

func TestTaxInvoicesThatAreNoneAreRefused(t *testing.T) {
	w := onSQLite(t)
	month, _ := lastMonths(t)
	w.paidBefore(month)
	for path, place := range map[string]string{
		"/v1/tax-invoices/2026-13":                                 "/month",
		"/v1/tax-invoices/" + thisMonth() + "?format=csv":          "/format",
		"/v1/tax-invoices/" + thisMonth() + "?file=1":              "/file",
		"/v1/tax-invoices/" + thisMonth() + "?format=xlsx&file=x":  "/file",
		"/v1/tax-invoices/" + thisMonth() + "?format=xlsx&file=99": "/file",
	} {
		if at := w.do(ask{method: "GET", path: path, token: w.operator}).refused(422, "validation"); !slices.Equal(at, []string{place}) {
			t.Errorf("%s: complaints at %v, want %s", path, at, place)
		}
	}
	if at := w.do(ask{method: "POST", path: "/v1/tax-invoices/x/issue", token: w.operator}).refused(422, "validation"); !slices.Equal(at, []string{"/month"}) {
		t.Errorf("complaints at %v", at)
	}
	w.do(ask{method: "GET", path: "/v1/tax-invoices/" + korea.Month(time.Now().AddDate(0, 2, 0)), token: w.operator}).refused(404, "not_found")
	w.do(ask{method: "POST", path: "/v1/tax-invoices/" + korea.Month(time.Now().AddDate(0, 2, 0)) + "/issue", token: w.operator}).refused(409, "state_conflict")
	for _, path := range []string{"/v1/tax-invoices/" + month, "/v1/tax-invoices/" + month + "?format=xlsx"} {
		w.do(ask{method: "GET", path: path, token: w.rich}).refused(403, "forbidden")
	}
	w.do(ask{method: "POST", path: "/v1/tax-invoices/" + month + "/issue", token: w.rich}).refused(403, "forbidden")
}
