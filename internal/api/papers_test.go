package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/paper"
)

// thisMonth is the running one.
func thisMonth() string { return korea.Month(time.Now()) }

func TestAStatementComesInTheFormThatIsAskedFor(t *testing.T) {
	w := onSQLite(t)
	path := "/v1/credit/statements/" + thisMonth()
	const sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	for _, c := range []struct{ query, accept, media, begins string }{
		{"", "", "application/json", `{"form":"creditmsg statement 2","site":"rich"`},
		{"", "text/html, */*", "application/json", `{"form"`},
		{"?format=json", "text/csv", "application/json", `{"form"`},
		{"?format=csv", "", "text/csv; charset=utf-8", "\uFEFF크레딧"},
		{"", "text/csv", "text/csv; charset=utf-8", "\uFEFF크레딧"},
		{"", "text/html, " + sheet + ";q=0.9", sheet, "PK"},
		{"?format=xlsx", "application/json", sheet, "PK"},
	} {
		got := w.do(ask{method: "GET", path: path + c.query, token: w.rich, header: http.Header{"Accept": {c.accept}}}).is(200)
		if got.header.Get("Content-Type") != c.media || !bytes.HasPrefix(got.body, []byte(c.begins)) {
			t.Errorf("%s, Accept %s: %s, beginning with %.40q", c.query, c.accept, got.header.Get("Content-Type"), got.body)
		}
		if file := got.header.Get("Content-Disposition"); (file != "") != (c.media != "application/json") {
			t.Errorf("%s: it is called %q", c.media, file)
		}
	}
}

func TestAStatementIsProvenByTheKeyThatAnyoneCanRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.send(text)
		w.drain()
		open := w.do(ask{method: "GET", path: "/v1/credit/signing-key"}).is(200).json()
		statement := w.get("/v1/credit/statements/" + thisMonth()).is(200)
		entries := w.get("/v1/credit/entries/export?notes=true").is(200)
		if media := entries.header.Get("Content-Type"); media != "application/x-ndjson" || !bytes.Contains(entries.body, []byte(`"note":"start"`)) {
			t.Errorf("the export is %s: %s", media, entries.body)
		}
		key, _ := open["public_key"].(string)
		c, err := paper.Verify(bytes.NewReader(statement.body), bytes.NewReader(entries.body), []string{key})
		if w.must(err); !c.OK || !c.Trusted || c.Site != "rich" || c.Entries < 2 {
			t.Errorf("got %+v", c)
		}
		// Another form of the same entries, which says what the list does.
		var listed []string
		for _, row := range w.get("/v1/credit/entries").rows() {
			listed = append(listed, row["hash"].(string))
		}
		var exported []string
		for line := range bytes.Lines(entries.body) {
			var e struct{ Hash string }
			w.must(json.Unmarshal(line, &e))
			exported = append(exported, e.Hash)
		}
		if diff := cmp.Diff(listed, exported); diff != "" {
			t.Error(diff)
		}
		csv := w.get("/v1/credit/entries/export?format=csv").is(200)
		if c, err := paper.Verify(bytes.NewReader(statement.body), bytes.NewReader(csv.body), nil); err != nil || !c.OK || c.Trusted || bytes.Contains(csv.body, []byte("start")) {
			t.Errorf("as CSV: %+v, %v\n%s", c, err, csv.body)
		}
	})
}

func TestAPaperThatIsNoneIsRefusedInItsPlace(t *testing.T) {
	w := onSQLite(t)
	next := korea.Month(time.Now().AddDate(0, 2, 0))
	for path, place := range map[string]string{
		"/v1/credit/statements/2026-13":                                        "/month",
		"/v1/credit/statements/november":                                       "/month",
		"/v1/credit/statements/" + thisMonth() + "?format=pdf":                 "/format",
		"/v1/credit/entries/export?format=xlsx":                                "/format",
		"/v1/credit/entries/export?notes=yes":                                  "/notes",
		"/v1/credit/entries/export?from=yesterday":                             "/from",
		"/v1/credit/entries/export?from=2026-02-30":                            "/from",
		"/v1/credit/entries/export?from=2026-12-02&until=2026-12-01":           "/until",
		"/v1/credit/statements?cursor=x":                                       "/cursor",
		"/v1/credit/entries/export?until=2026-12-01T00:00:00Z&from=2026-12-01": "/until",
	} {
		if got := w.get(path).refused(422, "validation"); !slices.Equal(got, []string{place}) {
			t.Errorf("%s: complaints at %v, want %s", path, got, place)
		}
	}
	for _, month := range []string{next, "2020-01"} {
		w.get("/v1/credit/statements/"+month).refused(404, "not_found")
	}
	for body, places := range map[string][]string{
		`{"business_number":"124-81-00999","paper":"tax_invoice"}`: {"/business_number", "/name", "/representative", "/email"},
		`{"paper":"receipt"}`:                     {"/paper"},
		`{"nickname":"x"}`:                        {"/nickname"},
		`{"cash_receipt_number":"01012345678"}`:   {"/cash_receipt_number"},
		`{"paper":"cash_receipt_person"}`:         {"/cash_receipt_number"},
		`{"email":"nobody","address":"a\u0007b"}`: {"/address", "/email"},
	} {
		if got := w.do(ask{method: "PUT", path: "/v1/billing-profile", token: w.rich, body: body}).refused(422, "validation"); !slices.Equal(got, places) {
			t.Errorf("%s: complaints at %v, want %v", body, got, places)
		}
	}
}

func TestStatementsAreListedAndPaged(t *testing.T) {
	w := onSQLite(t)
	w.update(func(tx *db.Tx) error { // as if the first entry were from two months ago
		start, err := korea.ParseMonth(thisMonth())
		tx.Now = db.At(start.AddDate(0, -2, 3))
		if err != nil {
			return err
		}
		return w.oldSite(tx, "old")
	})
	path := "/v1/credit/statements?site=old&limit=2"
	var months []string
	for {
		page := w.do(ask{method: "GET", path: path, token: w.operator})
		for _, row := range page.rows() {
			months = append(months, row["month"].(string))
			if running := row["running"].(bool); running != (len(months) == 1) {
				t.Errorf("%s: running %v", row["month"], running)
			}
		}
		if page.cursor() == "" {
			break
		}
		path = "/v1/credit/statements?site=old&limit=2&cursor=" + page.cursor()
	}
	start, _ := korea.ParseMonth(thisMonth())
	want := []string{thisMonth(), korea.Month(start.AddDate(0, -1, 0)), korea.Month(start.AddDate(0, -2, 0))}
	if diff := cmp.Diff(want, months); diff != "" {
		t.Error(diff)
	}
}

func TestABillingProfileIsOfItsSiteAlone(t *testing.T) {
	w := onSQLite(t)
	put := ask{method: "PUT", path: "/v1/billing-profile", token: w.rich, key: "k",
		body: `{"business_number":"124-81-00998","name":"꽃집","representative":"김하나","email":"tax@example.com","paper":"tax_invoice"}`}
	first := w.do(put).is(200)
	if again := w.do(put).is(200); !bytes.Equal(first.body, again.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a repeat: %s", again.body)
	}
	want := map[string]any{"business_number": "1248100998", "name": "꽃집", "representative": "김하나", "email": "tax@example.com", "paper": "tax_invoice"}
	if diff := cmp.Diff(want, w.get("/v1/billing-profile").is(200).json()); diff != "" {
		t.Error(diff)
	}
	other := w.do(ask{method: "GET", path: "/v1/billing-profile", token: w.poor}).is(200).json()
	if diff := cmp.Diff(map[string]any{"paper": "none"}, other); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(w.log.String(), "꽃집") || strings.Contains(w.log.String(), "1248100998") {
		t.Error("the log tells whom papers are made out to")
	}
}

func TestALongReplyThatFailsOnTheWayIsNotEndedInOrder(t *testing.T) {
	w := onSQLite(t)
	a := w.handler.(*api)
	x := &exchange{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		a.stream(newRecorder(rw), r, x, func(_ context.Context, out io.Writer) error {
			_, _ = io.WriteString(out, strings.Repeat("x", 1<<20))
			if r.URL.Path == "/fails" {
				return errors.New("the database is gone")
			}
			return nil
		})
	}))
	defer server.Close()
	for path, fails := range map[string]bool{"/fails": true, "/ends": false} {
		for range 2 { // the connection of one that ended is good for the next
			res, err := server.Client().Get(server.URL + path)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			if (err != nil) != fails {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if x.code != "internal" || x.err == nil {
		t.Errorf("the log would say %q, %v", x.code, x.err)
	}
}
