package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/limit"
	"creditmsg/internal/site"
)

// within sets the limits of the installation, in a world of its own time, and gives what lets
// it pass.
func (w *world) within(l Limits) (pass func(time.Duration)) {
	w.t.Helper()
	var now time.Duration
	var err error
	l.Limiter, err = limit.New(limit.Options{Now: func() time.Duration { return now }})
	w.must(err)
	d := w.deps
	d.Limits, d.Registerer = l, nil
	w.handler, err = New(d)
	w.must(err)
	return func(d time.Duration) { now += d }
}

// later makes what is remembered of callers a second older.
func (w *world) later() {
	m := &w.handler.(*api).remembered
	m.mu.Lock()
	defer m.mu.Unlock()
	for digest, who := range m.known {
		who.at = who.at.Add(-certainFor)
		m.known[digest] = who
	}
}

// quotas are the headers about limits, RateLimit-Policy | RateLimit | X-RateLimit-Limit and
// -Remaining.
func (g got) quotas() string {
	h := g.header
	if (h.Get("X-RateLimit-Reset") == "") != (h.Get("RateLimit") == "") {
		g.t.Errorf("X-RateLimit-Reset is %q, RateLimit %q", h.Get("X-RateLimit-Reset"), h.Get("RateLimit"))
	}
	return h.Get("RateLimit-Policy") + " | " + h.Get("RateLimit") + " | " + h.Get("X-RateLimit-Limit") + " " + h.Get("X-RateLimit-Remaining")
}

// limited checks a refusal by limits, and when to come again.
func (g got) limited(retryAfter string, policies ...string) {
	g.t.Helper()
	g.refused(http.StatusTooManyRequests, "rate_limited")
	if got := g.header.Get("Retry-After"); got != retryAfter {
		g.t.Errorf("Retry-After is %s, want %s", got, retryAfter)
	}
	if got, want := fmt.Sprint(g.json()["violated_policies"]), fmt.Sprint(policies); got != want {
		g.t.Errorf("violated_policies is %s, want %s: %s", got, want, g.body)
	}
}

func (g got) quotasAre(want string) {
	g.t.Helper()
	if got := g.quotas(); got != want {
		g.t.Errorf("the headers are\n%s, want\n%s", got, want)
	}
}

// revoke ends one of the tokens of a site, the oldest being the first.
func (w *world) revoke(siteID string, n int) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		list, err := site.Tokens(tx, siteID, id.ID{}, 10)
		if err != nil {
			return err
		}
		return site.Revoke(tx, siteID, list[n].ID)
	})
}

const noQuotas = " |  |  "

// phones are recipients of a message, as JSON.
func phones(from, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"to":"0100000%04d"}`, from+i))
	}
	return strings.Join(all, ",")
}

func TestWithoutLimitsNoReplySpeaksOfAny(t *testing.T) {
	w := onSQLite(t)
	w.within(Limits{Failures: 60})
	w.get("/v1/credit").is(200).quotasAre(noQuotas)
	w.post("/v1/messages", text).is(202).quotasAre(noQuotas)
	w.do(ask{method: "GET", path: "/v1/credit", token: "wrong"}).is(401).quotasAre(noQuotas)
}

func TestRequestsOfASiteAndOfATokenAreLimited(t *testing.T) {
	w := onSQLite(t)
	pass := w.within(Limits{Site: site.Limits{Requests: 4}, Token: site.Limits{Requests: 2}})
	other := w.token("rich", "*")
	const policy = `"requests";q=4;w=60, "token-requests";q=2;w=60`

	w.get("/v1/credit").is(200).quotasAre(policy + ` | "requests";r=3;t=15, "token-requests";r=1;t=30 | 2 1`)
	w.post("/v1/messages", text).is(202).quotasAre(policy + ` | "requests";r=2;t=30, "token-requests";r=0;t=60 | 2 0`)
	for range 2 { // the second by what is remembered of the first
		refused := w.get("/v1/credit")
		refused.limited("30", "token-requests")
		refused.quotasAre(policy + ` | "token-requests";r=0;t=30 | 2 0`)
		w.post("/v1/messages", text).limited("30", "token-requests")
	}
	// What one token was refused, the site has left.
	w.do(ask{method: "GET", path: "/v1/credit", token: other}).is(200).quotasAre(policy + ` | "requests";r=1;t=45, "token-requests";r=1;t=30 | 4 1`)
	w.do(ask{method: "GET", path: "/v1/nothing", token: other}).is(404).quotasAre(noQuotas) // no route, no caller
	w.do(ask{method: "GET", path: "/v1/messages/msg_x", token: other}).is(404)
	third := w.token("rich", "*")
	w.do(ask{method: "GET", path: "/v1/credit", token: third}).limited("15", "requests")
	w.do(ask{method: "GET", path: "/v1/credit", token: w.poor}).is(200)
	for range 5 {
		w.do(ask{method: "GET", path: "/v1/credit?site=rich", token: w.operator}).is(200).quotasAre(noQuotas)
	}
	pass(15 * time.Second)
	w.do(ask{method: "GET", path: "/v1/credit", token: third}).is(200)
	pass(time.Hour)
	reader := w.token("rich", "messages:read")
	for range 2 {
		w.do(ask{method: "GET", path: "/v1/credit", token: reader}).refused(403, "forbidden") // it counts all the same
	}
	w.do(ask{method: "GET", path: "/v1/credit", token: reader}).limited("30", "token-requests")
	pass(time.Minute)
	w.get("/v1/credit").is(200).quotasAre(policy + ` | "requests";r=3;t=15, "token-requests";r=1;t=30 | 2 1`)
	if h := w.get("/v1/credit").header.Get("X-RateLimit-Reset"); len(h) != 10 {
		t.Errorf("X-RateLimit-Reset is %q, want seconds since 1970", h)
	}
}

// TestPeopleHaveTheLimitsOfTheirSite has a person at work beside the programs of his site: what
// he does counts with theirs, and for himself whatever he signs in with.
func TestPeopleHaveTheLimitsOfTheirSite(t *testing.T) {
	w := onSQLite(t)
	kim := w.person("kim@example.com", "rich", access.Sender)
	w.update(func(tx *db.Tx) error { return site.SetLimits(tx, "rich", site.Limits{Requests: 5, Recipients: 6}) })
	w.within(Limits{Token: site.Limits{Requests: 3}})
	const policy = `"requests";q=5;w=60, "token-requests";q=3;w=60`
	credit := func(token, at string) got {
		return w.do(ask{method: "GET", path: "/v1/stats?group_by=day&" + at, token: token})
	}

	one, two := w.session(kim.ID, never), w.session(kim.ID, never)
	credit(one, "").is(200).quotasAre(policy + ` | "requests";r=4;t=12, "token-requests";r=2;t=20 | 3 2`)
	credit(two, "site=rich").is(200)
	send := ask{method: "POST", path: "/v1/messages", token: two, body: `{"strategy":"sms_only","text":{"body":"hi"},"recipients":[` + phones(1, 4) + `]}`}
	w.do(send).is(202)
	credit(one, "").limited("20", "token-requests")
	send.token = w.rich
	w.do(send).limited("20", "recipients")
	w.get("/v1/credit").is(200)
	w.get("/v1/credit").limited("12", "requests")
	lee := w.session(w.person("lee@example.com", "", access.Operator).ID, never)
	credit(lee, "site=rich").is(200).quotasAre(noQuotas) // operators have none
	credit(w.operator, "site=rich").is(200).quotasAre(noQuotas)
}

// TestACrowdWithOneTokenIsNotTakenForOneThatGuesses: until a token is known to count, requests that
// bear it are tries. All that come at once are one.
func TestACrowdWithOneTokenIsNotTakenForOneThatGuesses(t *testing.T) {
	rush := func(t *testing.T, w *world, token string, want int) {
		const crowd = 100
		var all sync.WaitGroup
		statuses := make([]int, crowd)
		start := make(chan struct{})
		for i := range crowd {
			all.Go(func() {
				r := httptest.NewRequest("GET", "/v1/credit", nil)
				r.Header.Set("Authorization", "Bearer "+token)
				rec := httptest.NewRecorder()
				<-start
				w.handler.ServeHTTP(rec, r)
				statuses[i] = rec.Code
			})
		}
		close(start)
		all.Wait()
		if slices.ContainsFunc(statuses, func(s int) bool { return s != want }) {
			t.Errorf("want %d of each, got %v", want, statuses)
		}
	}
	each(t, func(t *testing.T, w *world) {
		w.within(Limits{Failures: 3})
		rush(t, w, w.rich, 200)
		rush(t, w, w.token("rich", "stats:read"), 403) // which is no guess either
	})
}

// TestATokenThatEndedIsAGuess has it end right after it counted.
func TestATokenThatEndedIsAGuess(t *testing.T) {
	w := onSQLite(t)
	w.within(Limits{Failures: 2})
	made := w.post("/v1/tokens", `{"name":"x","abilities":["credit:read"]}`).is(201).json()
	read := ask{method: "GET", path: "/v1/credit", token: made["token"].(string)}
	w.do(read).is(200)
	w.remove("/v1/tokens/" + made["id"].(string)).is(204)
	for range 3 {
		w.do(read).is(401)
	}
	w.do(read).is(429)
}

// Every form of a message weighs as many as are sent to, and is refused before anything is
// held.
func TestMessagesWeighTheirRecipients(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pass := w.within(Limits{Site: site.Limits{Recipients: 10}})
		const message = `{"strategy":"sms_only","text":{"body":"안녕"}`
		lines := func(key string, n int) got {
			body := message + "}\n" + strings.ReplaceAll(phones(0, n), "},", "}\n") + "\n"
			return w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, key: key, media: "application/x-ndjson", body: body})
		}
		whole := func(key string, n int) got {
			return w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, key: key, body: message + `,"recipients":[` + phones(0, n) + `]}`})
		}
		list := func(key string, n int) got {
			csv := "phone\n" + strings.NewReplacer(`{"to":"`, "", `"}`, "", ",", "\n").Replace(phones(0, n)) + "\n"
			return w.form("/v1/messages", key, formPart{"message", message + "}"}, formPart{"list", csv})
		}
		const policy = `"recipients";q=10;w=60;qu="recipients"`
		for name, send := range map[string]func(string, int) got{"JSON": whole, "NDJSON": lines, "a form": list} {
			t.Run(name, func(t *testing.T) {
				held := w.get("/v1/credit").json()["held"]
				send("", 4).is(202).quotasAre(policy + ` | "recipients";r=6;t=24 | 10 6`)
				after := w.get("/v1/credit").json()["held"]
				for range 2 {
					refused := send("", 7)
					refused.limited("6", "recipients")
					refused.quotasAre(policy + ` | "recipients";r=6;t=6 | 10 6`)
				}
				if now := w.get("/v1/credit").json()["held"]; now != after || now == held {
					t.Errorf("held is %s after a refusal, want %s", now, after)
				}
				// The repeat of a request costs none, even if there are none left.
				first := send(name, 6).is(202)
				again := send(name, 6).is(202)
				if again.header.Get("Idempotent-Replayed") != "true" || string(again.body) != string(first.body) {
					t.Errorf("the repeat got %v %s", again.header, again.body)
				}
				send("", 1).limited("6", "recipients")
				pass(6 * time.Second)
				send("", 1).is(202).quotasAre(policy + ` | "recipients";r=0;t=60 | 10 0`)

				// What alone is larger than its minute waits until nothing is owed, and then
				// owes the whole.
				send("", 30).limited("60", "recipients")
				pass(time.Minute)
				send("", 30).is(202).quotasAre(policy + ` | "recipients";r=0;t=180 | 10 0`)
				send("", 1).limited("126", "recipients")
				pass(3 * time.Minute)
			})
		}
		if left := w.get("/v1/messages?status=draft").rows(); len(left) != 0 {
			t.Errorf("%d drafts are left of what was refused", len(left))
		}
	})
}

// A message that is refused for another reason has cost its request, and no recipients; those
// that are rejected weigh nothing.
func TestWhatIsNotSentWeighsNothing(t *testing.T) {
	w := onSQLite(t)
	w.within(Limits{Token: site.Limits{Recipients: 10}})
	w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, body: to(phones(0, 5))}).refused(402, "insufficient_credit")
	const policy = `"token-recipients";q=10;w=60;qu="recipients" | `
	w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, body: to(phones(0, 5))}).quotasAre(policy + `"token-recipients";r=10;t=0 | 10 10`)
	w.post("/v1/messages", to(phones(0, 3)+`,{"to":"12"},{"to":"01000000000"}`)).is(202).quotasAre(policy + `"token-recipients";r=7;t=18 | 10 7`)
	w.post("/v1/messages", to(`{"to":"12"}`)).refused(422, "no_recipients")
	w.post("/v1/messages", to(phones(0, 7))).is(202).quotasAre(policy + `"token-recipients";r=0;t=60 | 10 0`)
	w.post("/v1/messages/test", to(phones(0, 1))).limited("6", "token-recipients")
	w.post("/v1/messages/estimate", to(phones(0, 9))).is(200).quotasAre(noQuotas)
}

// One who sends what is no token is refused before the database is asked, and whoever shares
// his address goes on if he is known.
func TestWrongTokensAreLimitedByAddress(t *testing.T) {
	w := onSQLite(t)
	w.deps.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // where the requests of tests come from
	pass := w.within(Limits{Failures: 3})
	try := func(token, address string) got {
		return w.do(ask{method: "GET", path: "/v1/credit", token: token, header: http.Header{"X-Forwarded-For": {address}}})
	}
	for range 10 { // who is right spends none
		try(w.rich, "198.51.100.7").is(200)
	}
	wrong := w.token("rich", "*")
	w.revoke("rich", 1)
	try("", "198.51.100.7").is(401)
	try("nonsense", "198.51.100.7").is(401)
	try(wrong, "198.51.100.7").is(401).quotasAre(noQuotas)
	for _, token := range []string{"", "nonsense", wrong} {
		refused := try(token, "198.51.100.7")
		refused.limited("20", "failures")
	}
	try(w.rich, "198.51.100.7").is(200)
	try(w.poor, "198.51.100.7").limited("20", "failures") // who was not seen yet cannot be told from a guess
	try(w.poor, "198.51.100.8").is(200)
	try(w.poor, "198.51.100.7").is(200)
	try("nonsense", "198.51.100.8").is(401)
	try("nonsense", "2001:db8::1").is(401)
	try("nonsense", "2001:db8::2").is(401)
	try("nonsense", "2001:db8::3").is(401)
	try("nonsense", "2001:db8::4").limited("20", "failures")
	try("nonsense", "2001:db8:0:1::1").is(401)

	// A token that ends is a failure like any other from then on.
	w.revoke("poor", 0)
	try(w.poor, "198.51.100.7").is(401)
	try(w.poor, "198.51.100.7").limited("20", "failures")

	pass(time.Minute)
	for range 3 {
		try("nonsense", "198.51.100.7").is(401)
	}
	w.must(w.d.Close())
	try(wrong, "198.51.100.7").limited("20", "failures") // without the database
}

func TestRequestsAreLimitedByAddress(t *testing.T) {
	w := onSQLite(t)
	w.within(Limits{Address: 2})
	w.get("/v1/credit").is(200).quotasAre(`"address-requests";q=2;w=60 | "address-requests";r=1;t=30 | 2 1`)
	w.do(ask{method: "GET", path: "/v1/credit", token: "wrong"}).is(401).quotasAre(`"address-requests";q=2;w=60 | "address-requests";r=0;t=60 | 2 0`)
	w.get("/v1/credit").limited("30", "address-requests")
	w.do(ask{method: "POST", path: "/webhooks/solapi", body: "{}"}).is(401).quotasAre(noQuotas) // reports are not limited
	w.do(ask{method: "GET", path: "/healthz"}).is(200)
}

// Signing in stands within the limits of addresses, and whoever guesses somewhere else keeps nobody
// out who comes from where he was.
func TestSigningInIsLimitedByAddress(t *testing.T) {
	w := onSQLite(t)
	w.person("kim@example.com", "rich", access.Owner)
	w.deps.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	pass := w.within(Limits{})
	try := func(address, password string) got {
		return w.do(ask{method: "POST", path: "/v1/sessions", header: http.Header{"X-Forwarded-For": {address}},
			body: `{"email":"kim@example.com","password":"` + password + `"}`})
	}
	try("198.51.100.7", staffPassword).is(201)
	for i := range 10 {
		try(fmt.Sprintf("2001:db8::%d", i), "wrong password").is(401)
	}
	try("2001:db8::a", staffPassword).limited("60", "tries")
	try("198.51.100.7", staffPassword).is(201)
	pass(time.Minute)
	try("2001:db8::a", staffPassword).is(201)

	w.within(Limits{Address: 2})
	try("198.51.100.7", staffPassword).is(201).quotasAre(`"address-requests";q=2;w=60 | "address-requests";r=1;t=30 | 2 1`)
	try("198.51.100.7", "wrong password").is(401)
	try("198.51.100.7", staffPassword).limited("30", "address-requests")
	try("198.51.100.8", staffPassword).is(201)
}

// Behind a proxy that nobody has named all clients are one, which the log says once.
func TestAnUnknownProxyIsNotedOnce(t *testing.T) {
	w := onSQLite(t)
	w.within(Limits{Address: 100})
	for range 3 {
		w.do(ask{method: "GET", path: "/v1/credit", token: w.rich, header: http.Header{"X-Forwarded-For": {"198.51.100.7"}}}).is(200)
	}
	if n := strings.Count(w.log.String(), "trusted_proxies"); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
}

// What an operator sets counts within a second, also for a caller who is remembered.
func TestAnOperatorSetsTheLimitsOfASiteAndOfItsTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pass := w.within(Limits{Site: site.Limits{Requests: 1000, Recipients: 2}, Token: site.Limits{Requests: 500}})
		w.ledger.WithQuota(7)
		put := func(path, body string) got {
			defer w.later()
			return w.do(ask{method: "PUT", path: path, token: w.operator, body: body})
		}
		shown := func(g got) string { return strings.ReplaceAll(strings.TrimSpace(string(g.is(200).body)), `"`, "") }

		const fresh = "{requests_per_minute:1000,recipients_per_minute:2,recipients_per_day:7,token:{requests_per_minute:500,recipients_per_minute:null},own:{requests_per_minute:null,recipients_per_minute:null,recipients_per_day:null}}"
		if got := shown(w.get("/v1/limits")); got != fresh {
			t.Errorf("got %s, want %s", got, fresh)
		}
		w.post("/v1/messages", to(phones(0, 2))).is(202)
		w.post("/v1/messages", to(phones(0, 2))).limited("60", "recipients")

		const own = "{requests_per_minute:null,recipients_per_minute:4,recipients_per_day:null,token:{requests_per_minute:500,recipients_per_minute:null},own:{requests_per_minute:0,recipients_per_minute:4,recipients_per_day:0}}"
		if got := shown(put("/v1/sites/rich/limits", `{"requests_per_minute":0,"recipients_per_minute":4,"recipients_per_day":0}`)); got != own {
			t.Errorf("got %s, want %s", got, own)
		}
		w.post("/v1/messages", to(phones(0, 2))).is(202)
		pass(time.Hour)
		w.post("/v1/messages", to(phones(0, 4))).is(202)
		if got := shown(put("/v1/sites/rich/limits", `{"recipients_per_minute":0}`)); !strings.Contains(got, "recipients_per_minute:null") {
			t.Errorf("got %s, want no limit of recipients", got)
		}
		w.post("/v1/messages", to(phones(0, 3))).is(429) // the day has 7, and 8 were sent
		put("/v1/sites/rich/limits", `{"recipients_per_minute":0,"recipients_per_day":100}`).is(200)
		if g := w.post("/v1/messages", to(phones(0, 3))).is(202); strings.Contains(g.quotas(), `"recipients";`) || !strings.Contains(g.quotas(), `"recipients-day";r=89;`) {
			t.Errorf("the headers are %s, want those of the day and none of the minute", g.quotas())
		}

		var list []site.Token
		w.update(func(tx *db.Tx) (err error) { list, err = site.Tokens(tx, "rich", id.ID{}, 10); return err })
		token := list[0].ID.Text(id.Token)
		put("/v1/sites/rich/tokens/"+token+"/limits", `{"requests_per_minute":1}`).is(200)
		w.get("/v1/credit").is(200) // the first of the new rule
		w.post("/v1/messages", text).limited("60", "token-requests")
		put("/v1/sites/poor/tokens/"+token+"/limits", `{}`).refused(404, "not_found")
		put("/v1/sites/rich/tokens/nonsense/limits", `{}`).refused(404, "not_found")
		put("/v1/sites/rich/tokens/"+token+"/limits", `{"requests_per_minute":0}`).is(200)

		for _, body := range []string{`{"requests_per_minute":-1}`, `{"recipients_per_day":10000001}`, `{"recipients_per_minute":1.5}`, `{"no_such":1}`} {
			put("/v1/sites/rich/limits", body).refused(422, "validation")
		}
		put("/v1/sites/nobody/limits", `{}`).refused(404, "not_found")
		pass(time.Hour)
		w.do(ask{method: "PUT", path: "/v1/sites/rich/limits", token: w.rich, body: `{}`}).refused(403, "forbidden")
	})
}

// The quota of a day is in the database: it holds over a restart and for all processes, and a
// repeated request counts once.
func TestTheQuotaOfADayIsExact(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.within(Limits{})
		w.ledger.WithQuota(5)
		for range 2 {
			g := w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, key: "k", body: to(phones(0, 4))}).is(202)
			if !strings.Contains(g.quotas()+noQuotas, `"recipients-day";q=5;w=86400;qu="recipients" | "recipients-day";r=1;t=`) && g.header.Get("Idempotent-Replayed") == "" {
				t.Errorf("the headers are %s", g.quotas())
			}
		}
		w.within(Limits{}) // as after a restart
		refused := w.post("/v1/messages", to(phones(0, 2)))
		refused.limited(refused.header.Get("Retry-After"), "recipients-day")
		if !strings.Contains(refused.quotas(), `"recipients-day";r=1;t=`+refused.header.Get("Retry-After")) {
			t.Errorf("Retry-After is %s, the headers %s", refused.header.Get("Retry-After"), refused.quotas())
		}
		w.post("/v1/messages", to(phones(0, 1))).is(202)
		w.post("/v1/messages", to(phones(0, 6))).refused(409, "state_conflict") // which no waiting helps
		day := w.get("/v1/credit/caps").is(200).json()["recipients"].(map[string]any)["day"].(map[string]any)
		if day["bound"] != 5.0 || day["limit"] != nil || day["used"] != 5.0 || day["left"] != 0.0 {
			t.Errorf("the caps show %v", day)
		}
		w.ledger.WithQuota(0)
		w.post("/v1/messages", to(phones(0, 6))).is(202).quotasAre(noQuotas)
	})
}
