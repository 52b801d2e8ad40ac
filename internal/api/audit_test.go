package api

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// actions are those of a list of entries.
func (g got) actions() (out []string) {
	g.t.Helper()
	for _, e := range g.rows() {
		out = append(out, e["action"].(string))
	}
	return out
}

func TestASiteReadsWhoChangedWhatOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post("/v1/templates", `{"code":"HELLO","channel":"@demo","body":"x","name":"인사"}`).is(201)
		w.put("/v1/templates/HELLO", `{"channel":"@demo","body":"y","name":"새 인사"}`).is(200)
		w.put("/v1/templates/HELLO", `{"channel":"@demo","body":"y","name":"새 인사"}`).is(200) // changes nothing
		list := w.get("/v1/audit?ref=HELLO").rows()
		if len(list) != 2 || list[0]["action"] != "template.updated" || list[1]["action"] != "template.created" {
			t.Fatalf("got %v", list)
		}
		e := list[0]
		actor := e["actor"].(map[string]any)
		if !strings.HasPrefix(e["id"].(string), "aud_") || e["site"] != "rich" || actor["kind"] != "token" || actor["id"] != w.who(w.rich) || actor["operation"] != "setTemplate" ||
			actor["address"] != "192.0.2.1" || !strings.HasPrefix(actor["request_id"].(string), "req_") || e["asked_by"] != nil || e["approved_by"] != nil {
			t.Errorf("got %v", e)
		}
		before, after := e["before"].(map[string]any), e["after"].(map[string]any)
		if before["name"] != "인사" || after["name"] != "새 인사" || len(before) != 2 || len(after) != 2 || before["body"] == after["body"] {
			t.Errorf("got %v -> %v, want what changed alone", before, after)
		}
		if got := w.do(ask{method: "GET", path: "/v1/audit?ref=HELLO", token: w.poor}).rows(); len(got) != 0 {
			t.Errorf("another site reads %v", got)
		}
		w.do(ask{method: "GET", path: "/v1/audit?site=rich", token: w.poor}).refused(404, "not_found")
		w.get("/v1/audit?installation=true").refused(422, "validation")
		w.do(ask{method: "GET", path: "/v1/audit", token: w.token("rich", "messages:read")}).refused(403, "forbidden")
		w.do(ask{method: "GET", path: "/v1/audit", token: w.token("rich", "audit:read")}).is(200)
		for query, want := range map[string]int{"&action=template": 2, "&action=template.created": 1, "&action=templ": 0, "&actor=" + w.who(w.rich): 2, "&actor=token": 2, "&actor=nobody": 0,
			"&from=2020-01-01": 2, "&until=2020-01-01": 0, "&from=2020-01-01T00:00:00Z&until=2099-01-01": 2} {
			if got := len(w.get("/v1/audit?ref=HELLO" + query).rows()); got != want {
				t.Errorf("%s: got %d entries, want %d", query, got, want)
			}
		}
		w.get("/v1/audit?from=soon").refused(422, "validation")
	})
}

func TestTheLogIsPagedWithTheSameFiltersAlone(t *testing.T) {
	w := onSQLite(t)
	all := w.walk("/v1/audit", "id", 200)
	if got := w.walk("/v1/audit", "id", 2); !slices.Equal(got, all) || len(all) < 5 {
		t.Errorf("got %v in pages of two, want %v", got, all)
	}
	next := w.get("/v1/audit?limit=2").cursor()
	w.get("/v1/audit?limit=2&cursor=" + next).is(200)
	w.get("/v1/audit?limit=2&action=site&cursor="+next).refused(422, "validation")
	w.do(ask{method: "GET", path: "/v1/audit?cursor=" + next, token: w.poor}).refused(422, "validation")
}

func TestAnOperatorReadsOfASiteOfAllAndOfTheInstallation(t *testing.T) {
	w := onSQLite(t)
	w.operate("POST", "/v1/plans", aPlan).is(201)
	sites := func(query string) map[any]bool {
		seen := map[any]bool{}
		for _, e := range w.operate("GET", "/v1/audit"+query+"&limit=200", "").rows() {
			seen[e["site"]] = true
		}
		return seen
	}
	for query, want := range map[string]string{"?site=poor": "map[poor:true]", "?site=*": "map[<nil>:true poor:true rich:true]", "?site=*&installation=true": "map[<nil>:true]"} {
		if got := fmt.Sprint(sites(query)); got != want {
			t.Errorf("%s: got entries of %s, want %s", query, got, want)
		}
	}
	if got := w.operate("GET", "/v1/audit?site=*&action=plan", "").actions(); !slices.Equal(got, []string{"plan.created"}) {
		t.Errorf("of plans: got %v", got)
	}
}

func TestTheLogIsExportedAsATable(t *testing.T) {
	w := onSQLite(t)
	w.post("/v1/kakao-channels", `{"name":"@mine"}`).is(201)
	g := w.get("/v1/audit/export?action=channel").is(200)
	if got := g.header.Get("Content-Type"); got != "text/csv; charset=utf-8" || g.header.Get("Content-Disposition") != `attachment; filename="audit-rich.csv"` {
		t.Errorf("got %s, %s", got, g.header.Get("Content-Disposition"))
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(g.body), "\uFEFF"))).ReadAll()
	w.must(err)
	if len(rows) != 3 || rows[0][9] != "action" || rows[1][9] != "channel.added" || rows[1][10] != "'@mine" || rows[1][3] != "token" || rows[2][3] != "system" {
		t.Errorf("got %v", rows)
	}
	w.get("/v1/audit/export?until=soon").refused(422, "validation")
	w.do(ask{method: "GET", path: "/v1/audit/export", token: w.token("rich", "credit:read")}).refused(403, "forbidden")
	if g := w.operate("GET", "/v1/audit/export?site=*&installation=true", "").is(200); strings.Contains(string(g.body), "rich") {
		t.Errorf("of the installation: got %s", g.body)
	}
}

func TestSealsAreListedBySiteAndDay(t *testing.T) {
	now := time.Now().AddDate(0, 0, -3)
	w := newWorld(t, dbtest.Connect(t, dbtest.Migrated(t, "sqlite"), db.Options{Now: func() time.Time { return now }}))
	signers := func(tx *db.Tx) ([]audit.Signer, error) {
		all, err := w.keys.Signers(tx)
		return []audit.Signer{{ID: all[0].ID, Public: all[0].Public, Sign: all[0].Sign}}, err
	}
	for range 2 {
		now = now.AddDate(0, 0, 1)
		w.update(func(tx *db.Tx) error { return audit.Note(tx, audit.Change{Site: "rich", Action: "test.done"}) })
	}
	now = now.AddDate(0, 0, 1)
	if _, err := audit.SealDays(t.Context(), w.d, signers, ""); err != nil {
		t.Fatal(err)
	}
	all := w.walk("/v1/audit/seals", "day", 200)
	if got := w.walk("/v1/audit/seals", "day", 1); !slices.Equal(got, all) || len(all) != 3 {
		t.Fatalf("got %v one by one, want %v", got, all)
	}
	for query, want := range map[string]int{"?from=" + all[1]: 2, "?until=" + all[1]: 2, "?from=" + all[1] + "&until=" + all[1]: 1, "?until=2000-01-01": 0} {
		if got := w.get("/v1/audit/seals" + query).rows(); len(got) != want {
			t.Errorf("%s: got %v", query, got)
		}
	}
	if got := w.get("/v1/audit/seals").rows()[1]; got["entries"] != 1.0 || len(got["digest"].(string)) != 64 || got["key_id"] == "" || got["signature"] == "" {
		t.Errorf("got %v", got)
	}
	if got := w.operate("GET", "/v1/audit/seals?site=*", "").rows(); len(got) != 3 {
		t.Errorf("of the installation: got %v", got)
	}
}

func TestWhatTwoPeopleDecideNamesBoth(t *testing.T) {
	w := onSQLite(t)
	both := func(action string) string {
		t.Helper()
		list := w.get("/v1/audit?action=" + action).rows()
		if len(list) != 1 {
			t.Fatalf("%s: got %v", action, list)
		}
		return fmt.Sprint(list[0]["asked_by"], " ", list[0]["approved_by"])
	}
	second := w.token("rich", approving)
	w.do(ask{method: "POST", path: w.reviewed() + "/approve", token: second}).is(200)
	if got, want := both("message.approved"), w.who(w.rich)+" "+w.who(second); got != want {
		t.Errorf("a message: got %s, want %s", got, want)
	}
	w.operate("POST", w.withdrawal()+"/approve?site=rich", "").is(200)
	if got, want := both("withdrawal.approved"), w.who(w.rich)+" "+w.who(w.operator); got != want {
		t.Errorf("a withdrawal: got %s, want %s", got, want)
	}
	w.post("/v1/senders", `{"number":"02-7000-1234"}`).is(201)
	w.operate("PUT", "/v1/senders/0270001234?site=rich", `{"state":"approved"}`).is(200)
	if got, want := both("sender.approved"), w.who(w.rich)+" "+w.who(w.operator); got != want {
		t.Errorf("a sender number: got %s, want %s", got, want)
	}
}

func TestWhatAGatewaySaysIsItsOwn(t *testing.T) {
	w := onSQLite(t)
	w.paidCard(w.rich, "50000")
	for action, want := range map[string]string{"payment.created": "token beginPayment", "payment.paid": "gateway returnFromPayment"} {
		list := w.get("/v1/audit?action=" + action).rows()
		if len(list) != 1 {
			t.Fatalf("%s: got %v", action, list)
		}
		if actor := list[0]["actor"].(map[string]any); fmt.Sprint(actor["kind"], " ", actor["operation"]) != want {
			t.Errorf("%s: got %v, want %s", action, actor, want)
		}
	}
}
