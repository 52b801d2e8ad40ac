package api

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/invoice"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
	"creditmsg/internal/rerun"
)

// mended reads 4000 as what it was meant to be all the time: a failure.
type mended struct{ provider.Provider }

func (m mended) Parse(body []byte) ([]provider.Report, error) {
	list, err := m.Provider.Parse(body)
	for i := range list {
		if list[i].Code == "4000" {
			list[i].Delivered, list[i].Reason = false, provider.NumberAbsent
		}
	}
	return list, err
}

// mend has the letters read by another parser from now on.
func (w *world) mend() {
	w.t.Helper()
	account := provider.Account{Name: "solapi", Kind: "solapi", URL: w.till.URL, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret, Webhook: provider.Webhook{Secret: hookSecret}}
	adapter, err := solapi.New(account)
	w.must(err)
	w.deps.Delivery, err = delivery.New(w.d, w.keys, w.messages, w.queue, []delivery.Carrier{{Account: account, Adapter: mended{adapter}}}, delivery.Options{Log: w.deps.Log})
	w.must(err)
	w.deps.Reruns = rerun.New(w.d, w.deps.Delivery, w.messages, w.ledger, w.queue, rerun.Options{ByInvoices: invoice.Refunded})
	fresh := prometheus.NewRegistry()
	w.deps.Registerer, w.deps.Gatherer = fresh, fresh
	w.handler, err = New(w.deps)
	w.must(err)
}

// told sends a text and has it reported as delivered, and gives its reference.
func (w *world) told() (ref string) {
	w.t.Helper()
	sent := w.send(text)["id"].(string)
	w.drain()
	ref = "rich." + strings.TrimPrefix(sent, "msg_") + ".0.1.1"
	w.report(fmt.Sprintf(`[{"messageId":"M4V1","to":"01012345678","statusCode":"4000","statusMessage":"to 01012345678","customFields":{"ref":%q}}]`, ref), proof()).is(200)
	w.settled()
	return ref
}

// settled waits until every letter was applied.
func (w *world) settled() {
	w.t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		var waiting []delivery.Letter
		w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) (err error) {
			waiting, _, _, err = delivery.LettersBefore(tx, delivery.LetterFilter{States: []string{"new"}, Limit: 1}, delivery.Spot{})
			return err
		}))
		if len(waiting) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatal("the report was not applied within 30 s")
		}
	}
}

func (w *world) house(method, path, body string) got {
	w.t.Helper()
	return w.do(ask{method: method, path: path, token: w.operator, body: body})
}

func TestAnOperatorLooksIntoTheInbox(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ref := w.told()
		w.report(`[{"n":1}]`, proof()).is(200)
		w.report(`<html>`, proof()).is(200)
		w.settled()
		first := w.house("GET", "/v1/inbox?limit=2", "")
		second := w.house("GET", "/v1/inbox?limit=2&cursor="+first.cursor(), "")
		if rows := append(first.rows(), second.rows()...); len(rows) != 3 || rows[0]["state"] != "unreadable" || rows[2]["reports"] != 1.0 || rows[2]["provider"] != "solapi" {
			t.Fatalf("got %v, want three letters, the newest first", rows)
		}
		w.house("GET", "/v1/inbox?limit=2&state=applied&cursor="+first.cursor(), "").refused(422, "validation")
		letter := second.rows()[0]["id"].(string)
		msg := "msg_" + strings.Split(ref, ".")[1]
		for query, want := range map[string]int{
			"state=unreadable": 1, "state=applied": 2, "provider=solapi": 3, "provider=other": 0, "until=2020-01-01T00:00:00Z": 0, "from=2020-01-01T00:00:00Z": 3,
			"site=rich&message=" + msg: 1, "site=rich&to=01012345678": 1, "site=rich&message=" + msg + "&to=010-1234-5678": 1,
			"site=rich&to=01012345678&until=2020-01-01T00:00:00Z": 0,
		} {
			if rows := w.house("GET", "/v1/inbox?"+query, "").is(200).rows(); len(rows) != want || want == 1 && strings.Contains(query, "rich") && rows[0]["id"] != letter {
				t.Errorf("%s: got %v, want %d letters", query, rows, want)
			}
		}
		w.house("GET", "/v1/inbox?site=rich&to=01099999999", "").refused(404, "not_found")
		w.house("GET", "/v1/inbox?site=poor&message="+msg, "").refused(404, "not_found")
		for _, query := range []string{"site=rich", "to=01012345678", "message=" + msg, "site=rich&to=02123", "from=today", "state=lost", "cursor=x", "site=rich&message=x"} {
			w.house("GET", "/v1/inbox?"+query, "").refused(422, "validation")
		}

		masked, open := w.house("GET", "/v1/inbox/"+letter, "").is(200).json(), w.house("GET", "/v1/inbox/"+letter+"?raw=true", "").is(200).json()
		if text := fmt.Sprint(masked); strings.Contains(text, "01012345678") || !strings.Contains(text, "010****5678") {
			t.Errorf("got %s, want its numbers masked", text)
		}
		if !strings.Contains(open["raw"].(string), `"to":"01012345678"`) {
			t.Errorf("got the body %v", open["raw"])
		}
		says := open["data"].([]any)[0].(map[string]any)
		if says["effect"] != "counted" || says["reference"] != ref || says["channel"] != "sms" || says["delivered"] != true || says["text"] != "to 010****5678" {
			t.Errorf("got the report %v", says)
		}
		unread := w.house("GET", "/v1/inbox/"+first.rows()[0]["id"].(string), "").is(200).json()
		if unread["problem"] == "" || unread["raw"] != "<html>" || fmt.Sprint(unread["data"]) != "[]" {
			t.Errorf("got %v, want why it cannot be read", unread)
		}
		w.house("GET", "/v1/inbox/let_01k9zqm0v8e4t9w2n7c5r3x6yb", "").refused(404, "not_found")
		w.house("GET", "/v1/inbox/x", "").refused(404, "not_found")
		w.get("/v1/inbox").refused(403, "forbidden")
	})
}

func TestARunAndAnInvoiceGiveALegBackOnce(t *testing.T) {
	for _, order := range []string{"the invoice first", "the run first"} {
		each(t, func(t *testing.T, w *world) {
			refs := []string{w.told(), w.told()}
			w.mend()
			now := time.Now()
			period := func(from, until time.Duration) string {
				return fmt.Sprintf(`{"provider":"solapi","from":%q,"until":%q}`, now.Add(from).Format(time.RFC3339), now.Add(until).Format(time.RFC3339))
			}
			bill := func() (id string) {
				return w.bill("&month="+w.month(), invoiceHead+refs[0]+",SMS,3032,,0\n"+refs[1]+",SMS,4000,,8.4\n").is(200).json()["id"].(string)
			}
			invoiced := func(want, before string) {
				t.Helper()
				done := w.house("POST", "/v1/invoices/"+bill()+"/apply", `{"confirm":true}`).is(200).json()
				if done["amount"] != want || fmt.Sprint(done["refunded_before"]) != before {
					t.Errorf("%s: the invoice gave back %v, want %s", order, done, want)
				}
			}
			spent := func() string { return w.get("/v1/credit").json()["balance"].(string) }
			had := spent()
			if order == "the invoice first" {
				invoiced("18.00", "0")
			}
			begun := w.do(ask{method: "POST", path: "/v1/inbox/runs", token: w.operator, key: "r-1", body: period(-time.Hour, time.Hour)}).is(201).json()
			again := w.do(ask{method: "POST", path: "/v1/inbox/runs", token: w.operator, key: "r-1", body: period(-time.Hour, time.Hour)}).is(201).json()
			if begun["id"] != again["id"] || begun["state"] != "comparing" {
				t.Fatalf("got %v and %v, want one run", begun, again)
			}
			path := "/v1/inbox/runs/" + begun["id"].(string)
			w.house("POST", path+"/apply", "").refused(409, "state_conflict")
			w.drain()
			v := w.house("GET", path, "").is(200).json()
			want := map[string]string{"the invoice first": "18.00", "the run first": "36.00"}[order]
			kinds := v["kinds"].([]any)
			if v["state"] != "compared" || len(kinds) != 1 || kinds[0].(map[string]any)["refund"] != want || kinds[0].(map[string]any)["kind"] != "charged_but_failed" {
				t.Errorf("%s: got %v, want %s to refund", order, v, want)
			}
			if sums := w.house("GET", path+"/sums?limit=1", "").rows(); len(sums) != 1 || sums[0]["site_id"] != "rich" || sums[0]["refund"] != want {
				t.Errorf("got the sums %v", sums)
			}
			if list := w.house("GET", path+"/differences?site=rich&kind=charged_but_failed", "").rows(); len(list) == 0 || list[0]["reason"] != "number_absent" || list[0]["stood"] != "delivered" {
				t.Errorf("got the differences %v", list)
			}
			for range 2 {
				w.house("POST", path+"/apply", "").is(200)
				w.drain()
			}
			if v = w.house("GET", path, "").json(); v["state"] != "applied" || v["given_back"] != want {
				t.Errorf("%s: got %v, want %s given back", order, v, want)
			}
			if order == "the run first" {
				invoiced("0.00", "1")
			}
			if got := spent(); got != "150000.00" || had != "149964.00" {
				t.Errorf("%s: the site has %s, had %s, want all back", order, got, had)
			}
			w.house("POST", path+"/cancel", "").refused(409, "state_conflict")
			if list := w.house("GET", "/v1/inbox/runs?limit=1", "").rows(); len(list) != 1 || list[0]["applied_at"] == nil {
				t.Errorf("got the runs %v", list)
			}
			if rows := w.house("GET", path+"/differences?outcome=applied&limit=1", "").rows(); len(rows) != 1 {
				t.Errorf("got %v, want one that was applied", rows)
			}
			w.house("GET", path+"/differences?kind="+url.QueryEscape("nothing"), "").refused(422, "validation")
		})
	}
}

func TestARunOfNothingIsRefused(t *testing.T) {
	w := onSQLite(t)
	for _, body := range []string{`{}`, `{"from":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z"}`, `{"provider":"none","from":"2026-01-01T00:00:00Z","until":"2026-01-02T00:00:00Z"}`,
		`{"from":"2026-01-01T00:00:00Z","until":"2026-01-02T00:00:00Z","states":["lost"]}`, `{"from":"2126-01-01T00:00:00Z","until":"2126-01-02T00:00:00Z"}`} {
		w.house("POST", "/v1/inbox/runs", body).refused(422, "validation")
	}
	w.house("GET", "/v1/inbox/runs/run_x", "").refused(404, "not_found")
	w.house("GET", "/v1/inbox/runs/run_01k9zqm0v8e4t9w2n7c5r3x6yb/sums", "").refused(404, "not_found")
	w.house("POST", "/v1/inbox/runs/run_01k9zqm0v8e4t9w2n7c5r3x6yb/apply", "").refused(404, "not_found")
	w.do(ask{method: "POST", path: "/v1/inbox/runs", token: w.rich, body: `{}`}).refused(403, "forbidden")
}
