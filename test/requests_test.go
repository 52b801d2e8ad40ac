package test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/api/apitest"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/server"
)

// mostTold bounds the failures that one run tells of.
const mostTold = 10

// TestNoRequestBreaksTheAPIOrShowsAnotherSite asks the real program thousands of things, made
// from its OpenAPI document and spoiled in every way, and hardly HTTP at all. Every reply has to
// be as the document says; none may be a failure of ours, tell of our inside or show anything of
// another site; afterwards the ledger proves, and the other site's rows are as they were.
//
// The same seed makes the same requests: CREDITMSG_FUZZ_SEED=7, and CREDITMSG_FUZZ_REQUESTS says
// how many for each engine. In `make proof` there are 100,000 over the three engines together.
func TestNoRequestBreaksTheAPIOrShowsAnotherSite(t *testing.T) {
	engines, requests, seed := dbtest.Engines()[:1], 4_000, uint64(1)
	if proof() {
		engines, requests, seed = dbtest.Engines(), 33_400, rand.Uint64N(1_000_000)
	}
	seed = given(t, "CREDITMSG_FUZZ_SEED", seed)
	requests = int(given(t, "CREDITMSG_FUZZ_REQUESTS", uint64(requests)))
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			bombarded(newAsked(t, dbtest.URL(t, engine)), engine, seed, requests)
		})
	}
}

// given is a number of the environment.
func given(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// bombardment is one run, and what came of it.
type bombardment struct {
	*asked
	seed     uint64
	statuses map[int]int
	good     map[string]bool // operations that succeeded
	told     int
}

func bombarded(a *asked, engine string, seed uint64, requests int) {
	b := &bombardment{a, seed, map[int]int{}, map[string]bool{}, 0}
	a.Logf("%s: seed %d", engine, seed)
	before, seen := a.digests(), a.views()
	house, noise := requests/5, requests/20
	b.run(false, 0, requests-house-noise)
	b.noise(noise)
	if changed := differences(before, a.digests()); len(changed) > 0 {
		b.tell("rows of the other site changed:\n%s", strings.Join(changed, "\n"))
	}
	if changed := differences(seen, a.views()); len(changed) > 0 {
		b.tell("the other site sees something else:\n%s", strings.Join(changed, "\n"))
	}
	b.run(true, requests-house-noise, requests-noise) // operators may change what sites share
	for _, line := range a.log.found() {
		b.tell("the log tells of a mistake: %s", line)
	}
	proven(a.T, a.office)
	b.reached()
	var counts []string
	for _, status := range slices.Sorted(maps.Keys(b.statuses)) {
		counts = append(counts, fmt.Sprintf("%d × %d", b.statuses[status], status))
	}
	a.Logf("%s: %d requests by seed %d, %d operations of %d succeeded; done after no failure of ours and no word of another site (%s)",
		engine, requests, seed, len(b.good), len(a.document.Operations()), strings.Join(counts, ", "))
}

// tell tells of a failure, and ends the run when there are too many.
func (b *bombardment) tell(format string, args ...any) {
	b.Helper()
	b.Errorf("seed %d: %s", b.seed, fmt.Sprintf(format, args...))
	if b.told++; b.told >= mostTold {
		b.FailNow()
	}
}

func (b *bombardment) run(operator bool, from, to int) {
	b.Helper()
	maker := apitest.NewMaker(b.document, b.seed, b.mine, b.theirs, operator, asking, hidden)
	for no := from; no < to; no++ {
		if no%refreshEvery == 0 {
			b.refresh()
		}
		r := b.spared(maker.Make(no))
		if r.Method != "GET" && r.Method != "HEAD" && r.Method != "DELETE" {
			r = unmarked(r) // what the asking site wrote itself would be its own
		}
		if no%2 == 1 { // whoever reads Korean is refused as everybody else is
			r.Header = append(slices.Clip(r.Header), [2]string{"Accept-Language", "ko"})
		}
		text := r.Bytes(b.address, b.bearer[r.Who])
		reply, err := b.wire.say(r.Method, text)
		if err != nil {
			b.tell("%v\nrequest %d: %s", err, no, r)
			continue
		}
		b.judge(r, text, reply)
	}
}

// refreshEvery is after how many requests the asking site gets again what it needs to do
// anything at all.
const refreshEvery = 500

// refresh takes back what requests have set so that all others would be refused, and makes the
// document's examples again.
func (b *bombardment) refresh() {
	b.Helper()
	b.tokens()
	for path, body := range map[string]string{
		"/v1/credit/caps":          `{"recipients":{"day":null,"month":null},"won":{"day":null,"month":null}}`,
		"/v1/sending-rules":        `{"duplicate_window":0,"review_above":0}`,
		"/v1/credit/auto-recharge": `{"enabled":false}`,
	} {
		b.get(apitest.Request{Method: "PUT", Target: path, Header: [][2]string{{"Content-Type", "application/json"}}, Body: []byte(body)}, b.bearer[apitest.Owner])
	}
	for path, body := range map[string]string{"PATCH /v1/sites/" + asking: `{"state":"active"}`,
		"PUT /v1/sites/" + asking + "/limits": `{"requests_per_minute":null,"recipients_per_minute":null,"recipients_per_day":null}`} {
		method, path, _ := strings.Cut(path, " ")
		b.get(apitest.Request{Method: method, Target: path, Header: [][2]string{{"Content-Type", "application/json"}}, Body: []byte(body)}, b.bearer[apitest.Operator])
	}
	for range 3 { // to be moved, paused and cancelled
		b.get(b.spared(apitest.Request{Method: "POST", Target: "/v1/messages", Header: [][2]string{{"Content-Type", "application/json"}},
			Body: []byte(`{"strategy":"sms_only","text":{"body":"later"},"recipients":[{"to":"01012345678"}],"scheduled_at":"2026-12-01T09:00:00+09:00"}`)}), b.bearer[apitest.Owner])
	}
	if _, err := b.office.AddCredit(within(b.T), server.TopUp{Site: asking, Amount: "100000", Kind: "adjustment", Reason: "fuzz"}); err != nil {
		b.Fatal(err)
	}
	for _, method := range []string{"POST", "GET"} {
		b.examples(b.mine, method)
	}
}

// needed is what a site cannot send anything without.
var needed = regexp.MustCompile(`RESERVE_01|0261234567|@demo|%40demo`)

// spared is a request that leaves what the site needs and whoever asks for it as they are, and
// whose time to send at is still to come.
func (a *asked) spared(r apitest.Request) apitest.Request {
	if needed.MatchString(r.Target) || slices.ContainsFunc(a.callers, func(id string) bool { return strings.Contains(r.Target, id) }) {
		r.Method = "GET"
	}
	r.Body = bytes.ReplaceAll(r.Body, []byte("2026-12-01T09:00:00+09:00"), []byte(time.Now().Add(240*time.Hour).Format(time.RFC3339)))
	return r
}

func unmarked(r apitest.Request) apitest.Request {
	for i, secret := range append(hiddenNumbers, mark) {
		other := fmt.Sprintf("0109999000%d", i)
		r.Target = strings.ReplaceAll(r.Target, secret, other)
		r.Body = bytes.ReplaceAll(r.Body, []byte(secret), []byte(other))
	}
	return r
}

// pathOf is the path of a request's target, which may name a whole address.
func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	if rest, absolute := strings.CutPrefix(path, "http://"); absolute {
		_, path, _ = strings.Cut(rest, "/")
		return "/" + path
	}
	return path
}

func (b *bombardment) judge(r apitest.Request, text []byte, reply apitest.Reply) {
	b.Helper()
	b.statuses[reply.Status]++
	path := pathOf(r.Target)
	reply.Method, reply.Path = r.Method, path
	var wrong []string
	if reply.Status >= 500 {
		wrong = append(wrong, "a failure of ours")
	}
	op := b.document.Find(r.Method, path)
	if strings.HasPrefix(path, "/") {
		wrong = append(wrong, b.document.Check(reply)...)
	}
	if err := apitest.Inner(reply.Body, text); err != nil && !ofTheInside(r, path, reply.Status) {
		wrong = append(wrong, err.Error())
	}
	if r.Who != apitest.Operator {
		if err := b.unseen(text, reply); err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	if op != nil && reply.Status/100 == 2 {
		b.good[op.ID] = true
		if r.Who == apitest.Owner || r.Who == apitest.Person || r.Who == apitest.Operator {
			b.mine.Learn(op, r.Target, reply.Status, reply.Body)
		}
	}
	if len(wrong) > 0 {
		b.tell("%s\nrequest %d: %s\nreply %d: %.1500s", strings.Join(wrong, "\n"), r.No, r, reply.Status, reply.Body)
	}
}

// ofTheInside reports whether a reply is about our inside: what everybody may read of it, and what
// operators alone do when they ask how the installation stands.
func ofTheInside(r apitest.Request, path string, status int) bool {
	for _, open := range []string{"/metrics", "/docs", "/openapi.json"} {
		if strings.HasPrefix(path, open) {
			return true
		}
	}
	return r.Who == apitest.Operator && status == 200 && (path == "/v1/system" || path == "/v1/system/configuration")
}

var statusLine = regexp.MustCompile(`(?m)^HTTP/1\.[01] (\d{3}) `)

func (b *bombardment) noise(n int) {
	b.Helper()
	token := strings.TrimPrefix(b.bearer[apitest.Owner], "Bearer ")
	for no := range n {
		text := apitest.Noise(b.seed, no, token)
		answer, err := shout(b.address, text)
		if err != nil {
			b.tell("%v\nnoise %d: %q", err, no, text)
		}
		for _, m := range statusLine.FindAllSubmatch(answer, -1) {
			status, _ := strconv.Atoi(string(m[1]))
			if b.statuses[status]++; status >= 500 {
				b.tell("a failure of ours\nnoise %d: %q\nanswer: %q", no, text, answer)
			}
		}
		if err := apitest.Inner(answer, text); err != nil && !bytes.Contains(answer, []byte("go_info")) {
			b.tell("%v\nnoise %d: %q\nanswer: %q", err, no, text, answer)
		}
		if err := b.unseen(text, apitest.Reply{Body: answer}); err != nil {
			b.tell("%v\nnoise %d: %q\nanswer: %q", err, no, text, answer)
		}
	}
	if g := b.get(apitest.Request{Method: "GET", Target: "/healthz"}, ""); g.Status != 200 {
		b.tell("after the noise /healthz answers %d", g.Status)
	}
}

// unreached are the operations that requests as these cannot make succeed, and why.
var unreached = map[string]string{
	"takeReports": "a provider signs what it reports",
	"takeNotice":  "a gateway signs what it calls about",
}

// reached wants most operations to have succeeded at some time: requests that are all refused
// at the door would prove little.
func (b *bombardment) reached() {
	var missed []string
	for _, op := range b.document.Operations() {
		if !b.good[op.ID] && unreached[op.ID] == "" {
			missed = append(missed, op.ID)
		}
	}
	b.Logf("never succeeded: %v", missed)
	if all := len(b.document.Operations()); len(missed) > all/4 {
		b.tell("%d operations of %d never succeeded", len(missed), all)
	}
}
