package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
	"creditmsg/internal/signal"
	"creditmsg/internal/site"
)

// system is what the server tells of itself.
func (w *world) system() System {
	var out System
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) error {
		out = System{Process: id.New(), Roles: []string{"api", "worker"}, StartedAt: tx.Now.Add(-90 * time.Second),
			Doctor: func(context.Context) (Health, error) {
				return Health{At: tx.Now, Checks: []Check{{"schema", "ok", "all steps are applied"}, {"stuck", "wrong", "jobs failed too often: plan (1)"}}}, nil
			},
			Configuration: func() string { return "listen: 127.0.0.1:8080\nkeys:\n    master: '********'\n" }}
		return nil
	}))
	return out
}

// buried leaves jobs that failed too often.
func (w *world) buried(kind string, keys ...string) {
	w.t.Helper()
	hasty := queue.New(w.d, queue.Options{BuryAfter: 1})
	w.update(func(tx *db.Tx) error {
		for _, key := range keys {
			if err := hasty.Put(tx, queue.Job{Lane: queue.Default, Kind: kind, Key: key, Site: "rich"}); err != nil {
				return err
			}
		}
		return nil
	})
	jobs, err := hasty.Claim(w.t.Context(), queue.Default, []string{kind}, 100)
	w.must(err)
	w.update(func(tx *db.Tx) error { return hasty.Fail(tx, "no_balance", jobs...) })
	w.must(hasty.Flush(w.t.Context()))
}

// present has a process say that it runs.
func (w *world) present() {
	w.t.Helper()
	w.must(signal.NewPresence(w.d, signal.Process{Host: "web-1", PID: 7, Roles: []string{"worker"}, Version: "v1"}, nil).Beat(w.t.Context()))
}

// proves has the ledger proven that somebody asked to be, and does what is to be done meanwhile.
func (w *world) proves(meanwhile ...func()) {
	w.t.Helper()
	work := w.ledger.WorkOnProofs(w.d, w.messages.Outcomes, func(context.Context, credit.Proof) {})
	jobs, err := w.queue.Claim(w.t.Context(), work.Lane, []string{work.Kind}, 1)
	w.must(err)
	for _, do := range meanwhile {
		do()
	}
	w.must(work.Handle(w.t.Context(), jobs))
}

// asOperator gets something as the operator.
func (w *world) asOperator(path string) got {
	w.t.Helper()
	return w.do(ask{method: "GET", path: path, token: w.operator})
}

func TestAnOperatorSeesHowTheQueuesStandAndWhatWasDone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.send(text)
		w.drain()
		w.must(w.queue.Flush(t.Context()))
		w.buried("plan", "gold", "silver")
		by := map[string]map[string]any{}
		for _, row := range w.asOperator("/v1/queues").rows() {
			by[row["kind"].(string)] = row
		}
		plan := by["plan"]
		if plan["lane"] != "default" || plan["buried"] != 2.0 || plan["due"] != 0.0 || plan["oldest_due_at"] != nil {
			t.Errorf("got %v", plan)
		}
		hour, _ := plan["last_hour"].(map[string]any)
		if hour["failed"] != 2.0 || hour["buried"] != 2.0 || hour["done"] != 0.0 || hour["wait_mean_ms"] == nil {
			t.Errorf("what was done of plan: got %v", hour)
		}
		sent := by["single"]
		if hour, _ := sent["last_hour"].(map[string]any); hour["done"] != 1.0 || hour["run_longest_ms"] == nil {
			t.Errorf("what was done of single: got %v", sent)
		}
		if minutes, _ := sent["minutes"].([]any); len(minutes) != 1 || minutes[0].(map[string]any)["done"] != 1.0 {
			t.Errorf("by the minute: got %v", sent["minutes"])
		}
		idle := by["series_fire"]
		if idle == nil {
			t.Fatalf("a kind of which there is no job is missing: got %v", slices.Collect(func(yield func(string) bool) {
				for kind := range by {
					if !yield(kind) {
						return
					}
				}
			}))
		}
		if hour, _ := idle["last_hour"].(map[string]any); hour["wait_mean_ms"] != nil {
			t.Errorf("where nothing ran: got %v", hour)
		}
	})
}

func TestJobsAreListedAndBuriedOnesTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.buried("plan", "a", "b", "c")
		w.buried("other", "x")
		page := w.asOperator("/v1/queues/jobs?limit=2&kind=plan")
		rows := page.rows()
		if len(rows) != 2 || rows[0]["key"] != "a" || rows[0]["why"] != "no_balance" || rows[0]["site"] != "rich" || rows[0]["state"] != "buried" || rows[0]["failed_tries"] != 1.0 || rows[0]["since"] == nil {
			t.Errorf("got %v", rows)
		}
		if rest := w.asOperator("/v1/queues/jobs?limit=2&kind=plan&cursor=" + page.cursor()).rows(); len(rest) != 1 || rest[0]["key"] != "c" {
			t.Errorf("the next page: got %v", rest)
		}
		retry := func(body string) got {
			return w.do(ask{method: "POST", path: "/v1/queues/jobs/retry", token: w.operator, body: body})
		}
		if one := retry(`{"kind":"plan","key":"b"}`).is(200).json(); one["retried"] != 1.0 || one["left"] != 2.0 {
			t.Errorf("one: got %v", one)
		}
		retry(`{"kind":"plan","key":"b"}`).refused(409, "state_conflict")
		retry(`{"kind":"plan","key":"none"}`).refused(404, "not_found")
		if all := retry(`{"kind":"plan"}`).is(200).json(); all["retried"] != 2.0 || all["left"] != 0.0 {
			t.Errorf("all of a kind: got %v", all)
		}
		if due := w.asOperator("/v1/queues/jobs?state=due&kind=plan").rows(); len(due) != 3 || due[0]["next_at"] == nil || due[0]["why"] != nil {
			t.Errorf("due: got %v", due)
		}
		if left := w.asOperator("/v1/queues/jobs").rows(); len(left) != 1 || left[0]["kind"] != "other" {
			t.Errorf("buried: got %v, want the other kind's", left)
		}
		w.asOperator("/v1/queues/jobs?state=lost").refused(422, "validation")
	})
}

func TestTheSystemTellsWhatRunsAndWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.present()
		v := w.asOperator("/v1/system").is(200).json()
		schema, _ := v["schema"].(map[string]any)
		own, _ := v["process"].(map[string]any)
		if v["version"] != "test" || v["engine"] != w.d.Engine() || schema["applied"] != schema["steps"] || schema["applied"] == 0.0 || own["uptime_seconds"].(float64) < 90 {
			t.Errorf("got %v", v)
		}
		if checks, _ := v["checks"].([]any); len(checks) != 2 || v["ok"] != false || v["checked_at"] == nil {
			t.Errorf("checks: got %v", v)
		}
		list, _ := v["processes"].([]any)
		if len(list) != 1 {
			t.Fatalf("processes: got %v", list)
		}
		if p := list[0].(map[string]any); p["host"] != "web-1" || p["lost"] != false || p["version"] != "v1" || fmt.Sprint(p["roles"]) != "[worker]" {
			t.Errorf("got %v", p)
		}
		g := w.asOperator("/v1/system/configuration").is(200)
		if g.header.Get("Content-Type") != "application/yaml" || !strings.Contains(string(g.body), "master: '********'") {
			t.Errorf("got %s: %s", g.header.Get("Content-Type"), g.body)
		}
	})
}

func TestALedgerIsProvenWhenSomebodyAsksAndAllSeeWhatIsFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		of := func() map[string]any {
			return w.asOperator("/v1/system").is(200).json()["ledger"].(map[string]any)
		}
		if l := of(); l["ok"] != nil || l["proven_at"] != nil || l["next_at"] != nil {
			t.Errorf("before the first: got %v", l)
		}
		asks := func() map[string]any {
			return w.do(ask{method: "POST", path: "/v1/system/prove", token: w.operator}).is(202).json()
		}
		if first := asks(); first["next_at"] == nil || asks()["next_at"] != first["next_at"] {
			t.Errorf("got %v, want the same for whoever asks meanwhile", first)
		}
		w.proves(func() {
			if l := of(); l["running_since"] == nil {
				t.Errorf("under way: got %v", l)
			}
		})
		if l := of(); l["ok"] != true || l["broken"] != 0.0 || l["sites"] != 2.0 || l["entries"] == 0.0 || l["took_ms"] == nil || l["running_since"] != nil {
			t.Errorf("got %v", l)
		}
	})
}

func TestWhoEntersASiteIsSeenByItsPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := staff(t, w)
		enter := func(token, at string) got {
			return w.do(ask{method: "POST", path: "/v1/sites/" + at + "/enter", token: token, body: `{"reason":"문의 1234"}`})
		}
		for _, role := range []string{access.Operator, access.Support} {
			token := w.session(s.people[role].ID, never)
			first := enter(token, "rich").is(200).json()
			if again := enter(token, "rich").is(200).json(); again["entry"] != first["entry"] {
				t.Errorf("%s: got %v, then %v; want one entry", role, first, again)
			}
			enter(token, "none").refused(404, "not_found")
		}
		owner := w.session(s.people[access.Owner].ID, never)
		enter(owner, "rich").refused(403, "forbidden")
		enter(w.rich, "rich").refused(403, "forbidden")
		rows := w.do(ask{method: "GET", path: "/v1/audit?action=site.entered", token: owner}).rows()
		var who []string
		for _, r := range rows {
			a := r["actor"].(map[string]any)
			who = append(who, a["id"].(string))
			if after := r["after"].(map[string]any); a["kind"] != "person" || after["reason"] != "문의 1234" {
				t.Errorf("got %v", r)
			}
		}
		want := []string{s.people[access.Support].ID.Text(id.User), s.people[access.Operator].ID.Text(id.User)}
		if !slices.Equal(who, want) {
			t.Errorf("the site's people see %v, want %v", who, want)
		}
	})
}

func TestAProgramOfSupportCannotEnterASite(t *testing.T) {
	w := onSQLite(t)
	support := w.person("support@example.com", "", access.Support)
	var secret string
	w.update(func(tx *db.Tx) (err error) {
		_, secret, err = site.CreateToken(tx, site.TokenOrder{Owner: site.OwnedBy(support.ID), Name: "script", Abilities: []string{site.All}, Expires: tx.Now.Add(time.Hour)})
		return err
	})
	w.do(ask{method: "POST", path: "/v1/sites/rich/enter", token: secret, body: `{"reason":"x"}`}).refused(403, "forbidden")
}

func TestTheOverviewAddsUpAllSitesButTestSites(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.operate("PATCH", "/v1/sites/poor", `{"state":"suspended"}`).is(200)
		w.do(ask{method: "POST", path: "/v1/test", token: w.rich}).is(200)
		w.deliveredLeg()
		w.put("/v1/sending-rules", `{"review_above":1}`).is(200)
		waits := w.send(`{"strategy":"sms_only","text":{"body":"안내입니다"},"recipients":` + peopleOf(2) + `}`)
		gone := w.send(`{"strategy":"sms_only","text":{"body":"안내입니다"},"recipients":` + peopleOf(3) + `}`)
		w.post("/v1/messages/"+gone["id"].(string)+"/cancel", "").is(200) // it waits for nobody any more
		w.drain()
		w.post("/v1/senders", `{"number":"02-7000-1234"}`).is(201)
		w.transfer("")
		w.buried("plan", "gold")
		v := w.asOperator("/v1/overview").is(200).json()
		for path, want := range map[string]any{
			"sites/active": 1.0, "sites/suspended": 1.0, "sites/erased": 0.0,
			"credit/held":      "36.00",
			"today/recipients": 4.0, "today/delivered": 1.0, "today/failed": 0.0, "today/revenue": "18.00", "today/upstream_cost": "0.00", "today/unpriced": 1.0,
			"yesterday/recipients": 0.0,
			"waiting/reviews":      1.0, "waiting/senders": 1.0, "waiting/payments": 1.0, "waiting/withdrawals": 0.0, "waiting/cancellations": 0.0,
			"jobs/buried": 1.0, "ledger/ok": nil,
		} {
			part, member, _ := strings.Cut(path, "/")
			if got := v[part].(map[string]any)[member]; got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		rich, poor := w.get("/v1/credit").is(200).json(), w.do(ask{method: "GET", path: "/v1/credit", token: w.poor}).is(200).json()
		if got, want := v["credit"].(map[string]any)["available"], sumOf(t, rich["available"], poor["available"]); got != want {
			t.Errorf("available: got %v, want %v", got, want)
		}
		if since := v["waiting"].(map[string]any)["oldest_review_at"]; since == nil || waits["id"] == nil {
			t.Errorf("since when a review waits: got %v", since)
		}
	})
}

func sumOf(t *testing.T, amounts ...any) string {
	t.Helper()
	var sum money.Amount
	for _, a := range amounts {
		one, err := money.Parse(a.(string))
		if err != nil {
			t.Fatal(err)
		}
		sum += one
	}
	text, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(text), `"`)
}

func TestAccountsThatGetLittleAreAvoidedAndThoseOfTestSitesAreNotTold(t *testing.T) {
	full, half, little := delivery.ChannelStanding{Share: "1.00"}, delivery.ChannelStanding{Share: "0.50"}, delivery.ChannelStanding{Share: "0.05"}
	got := avoided([]delivery.Standing{
		{Name: "well", Breaker: "closed", Channels: []delivery.ChannelStanding{full, half}},
		{Name: "failing", Breaker: "open", Channels: []delivery.ChannelStanding{full}},
		{Name: "hanging", Breaker: "closed", Hanging: true},
		{Name: "bad", Breaker: "closed", Channels: []delivery.ChannelStanding{full, little}},
		{Name: "test", Breaker: "open", Test: true},
	})
	want := []providerAvoided{{"failing", "open", false, "1.00"}, {"hanging", "closed", true, "1.00"}, {"bad", "closed", false, "0.05"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestTheOverviewCountsWhatWaitsForMoneyToMove has money that the operator transfers.
func TestTheOverviewCountsWhatWaitsForMoneyToMove(t *testing.T) {
	w := onSQLite(t)
	w.withdrawal()
	path := w.transfer("")
	w.operate("POST", path+"/arrived?site=rich", "").is(200)
	w.post(path+"/cancel", `{"reason":"해지"`+toBank+`}`).is(201)
	w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) error {
		got, err := billing.WaitingFor(tx)
		if want := (billing.Waiting{GiveBacks: 1, Withdrawals: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		n, since, err2 := message.ReviewsWaiting(tx, site.TestPattern)
		if n != 0 || since != 0 || err2 != nil {
			t.Errorf("reviews: got %d since %v, %v", n, since, err2)
		}
		return err
	}))
}
