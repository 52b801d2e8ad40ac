package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/api/apitest"
	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
)

// tour is the order in which the examples of the document are made as requests, as far as it
// matters; what is not here comes afterwards, what deletes at the end.
var tour = []string{
	"setBillingProfile", "setAlerts", "setSendingRules", "addBlockedWords", "setCapBounds", "setCaps",
	"addGroup", "setGroup", "addContact", "setContact", "addMembers", "importContacts", "importMembers",
	"addAttachment", "addSender", "addSenderDocument", "requestSender", "setSender", "makeSenderDefault",
	"addKakaoChannel", "claimKakaoChannel", "registerKakaoChannel",
	"addTemplate", "setTemplate", "submitTemplate", "withdrawTemplate", "syncTemplate", "releaseTemplate", "setKakaoChannel",
	"estimateMessage", "testMessage", "sendMessage", "rescheduleMessage", "pauseMessage", "resumeMessage", "cancelMessage",
	"approveMessage", "rejectMessage", "resendFailed", "refundUsage", "requestRefund", "takeBackRefundRequest", "approveRefundRequest", "rejectRefundRequest", "setPolicy", "askWhatIf", "addOptOut", "importOptOuts",
	"addSeries", "setSeries", "pauseSeries", "resumeSeries",
	"addPaymentMethod", "movePaymentMethod", "setAutoRecharge",
	"beginPayment", "bookPayment", "bookCashReceipt", "cancelPayment", "bookCancellation",
	"requestWithdrawal", "takeBackWithdrawal", "approveWithdrawal", "rejectWithdrawal",
	"addPlan", "renamePlan", "setPlanPrices", "importInvoice", "applyInvoice", "issueTaxInvoices", "askProvider",
	"beginUpload", "appendUpload", "sendUpload", "keepList", "checkList", "addSavedText", "setSavedText",
	"openSite", "enterSite", "setSitePlan", "setSitePrices", "setSiteLimits", "getSiteLimits", "setTokenLimits", "getTokenLimits", "topUpSite", "getSite", "changeSite",
	"createToken", "changeToken", "rotateToken", "listInbox", "getLetter", "beginRun", "applyRun", "cancelRun",
	"signIn", "beginSecondFactor", "confirmSecondFactor", "confirmSession", "createPersonalToken", "changePersonalToken", "rotatePersonalToken",
	"addRole", "setRole", "inviteUser", "listInvitations", "listOwnInvitations", "acceptInvitation", "leaveRole", "changeUser", "resetPassword", "askPasswordReset", "finishPasswordReset",
	"makeTestSite", "createTestToken", "addTestCredit", "advanceTestClock",
	"proveLedger", "listJobs", "retryJobs", "listQueues", "getSystem", "getOverview",
	"addWebhookEndpoint", "setWebhookEndpoint", "disableWebhookEndpoint", "enableWebhookEndpoint", "testWebhookEndpoint", "rotateWebhookSecret",
}

// atLast is what ends something that others show, but is no DELETE.
var atLast = []string{"declineInvitation", "withdrawInvitation", "dropSecondFactor", "disableSecondFactor", "setPassword", "askErasure", "getErasure", "listErasures", "eraseSite"}

// foreign are the operations whose examples cannot be made here, and why.
var foreign = map[string]string{
	"takeReports":       "a provider signs what it reports",
	"takeNotice":        "a gateway is asked about what it calls about",
	"returnFromPayment": "a gateway leads a browser there",
	"returnFromCard":    "a gateway leads a browser there",
	"commentTemplate":   "the vendor whose simulator these tests have takes comments in its console alone",
}

// traveller makes the examples of the document as requests.
type traveller struct {
	*world
	document *apitest.Document
	known    *apitest.Known
	replies  map[string]json.RawMessage
	people   crew
}

// made makes the example of an operation, and wants it to succeed.
func (tr *traveller) made(name string) got {
	tr.t.Helper()
	op := tr.operation(name)
	r, err := tr.document.Example(op, tr.known)
	if err != nil {
		tr.t.Errorf("%v: write one in internal/api/examples.go", err)
		return got{t: tr.t}
	}
	month := tr.month()
	if name == "issueTaxInvoices" {
		month, _ = lastMonths(tr.t)
	}
	body := tr.people.truly(strings.ReplaceAll(string(r.Body), soon, time.Now().Add(24*time.Hour).Format(time.RFC3339)))
	request := httptest.NewRequest(r.Method, strings.Replace(r.Target, "2026-11", month, 1), strings.NewReader(body))
	for _, h := range r.Header {
		request.Header.Set(h[0], h[1])
	}
	if token := tr.whose(op); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if (op.Ability == "operator" && name != "listInbox" || name == "setSender") && slices.ContainsFunc(op.Parameters, func(p apitest.Parameter) bool { return p.Name == "site" }) {
		q := request.URL.Query()
		q.Set("site", "rich")
		request.URL.RawQuery = q.Encode()
	}
	g := tr.serve(request)
	if g.status/100 != 2 {
		tr.t.Errorf("%s: its example got %d: %s\n%s", name, g.status, g.body, r)
	}
	tr.known.Learn(op, request.URL.EscapedPath(), g.status, g.body)
	if json.Valid(g.body) && op.ID != "getOpenAPI" {
		tr.replies[name] = bytes.TrimSpace(g.body)
	}
	return g
}

// before is what has to be so for an example to succeed.
var before = map[string]func(*traveller){
	"requestSender": func(tr *traveller) {
		tr.do(ask{method: "PUT", path: "/v1/senders/0261239999?site=rich", token: tr.operator, body: `{"state":"rejected","reason":"서류 없음"}`}).is(200)
	},
	"makeSenderDefault": func(tr *traveller) {
		tr.do(ask{method: "PUT", path: "/v1/senders/0261239999?site=rich", token: tr.operator, body: `{"state":"approved"}`}).is(200)
	},
	"rescheduleMessage": func(tr *traveller) {
		tr.learn("sendMessage", tr.post("/v1/messages", strings.Replace(text, `"recipients"`, `"scheduled_at":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`","recipients"`, 1)))
	},
	"approveMessage": reviewed, "rejectMessage": reviewed,
	"refundUsage": func(tr *traveller) {
		tr.do(ask{method: "PUT", path: "/v1/sending-rules", token: tr.rich, body: `{"review_above":0}`}).is(200)
		tr.deliveredLeg()
		tr.made("listUsages")
	},
	"resendFailed": func(tr *traveller) {
		tr.do(ask{method: "PUT", path: "/v1/sending-rules", token: tr.rich, body: `{"duplicate_window":0}`}).is(200)
		sent := tr.post("/v1/messages", text)
		tr.learn("sendMessage", sent)
		tr.drain()
		tr.ends(sent.json(), func(r message.Recipient, now db.Time) message.Change {
			return message.Fail(r, provider.RecipientPowerOff, "3000", now)
		})
	},
	"listJobs":       func(tr *traveller) { tr.buried("plan", "gold") },
	"getSystem":      func(tr *traveller) { tr.present(); tr.proves() },
	"submitTemplate": func(tr *traveller) { tr.sim.Play(simulator.Scenario{Inspector: "wait"}) },
	"releaseTemplate": func(tr *traveller) {
		tr.made("submitTemplate")
		tr.drain()
		tr.dormant()
		tr.made("syncTemplate")
		tr.drain()
	},
	"issueTaxInvoices": func(tr *traveller) {
		month, _ := lastMonths(tr.t)
		tr.paidBefore(month)
	},
	"removeSenderDocument": func(tr *traveller) {
		tr.post("/v1/senders", `{"number":"0261238888"}`).is(201)
		const path = "/v1/senders/0261238888/documents"
		made := tr.do(ask{method: "POST", path: path + "?kind=service_certificate", token: tr.rich, media: "application/pdf", body: "%PDF-1.4\n%%EOF\n"})
		tr.known.Learn(tr.operation("addSenderDocument"), path, made.status, made.body)
	},
	"removePaymentMethod": func(tr *traveller) {
		tr.do(ask{method: "PUT", path: "/v1/credit/auto-recharge", token: tr.rich, body: `{"enabled":false}`}).is(200)
	},
	"movePaymentMethod": func(tr *traveller) {
		tr.pays(tr.made("addPaymentMethod").json()["checkout"], cardNumber, "pay")
	},
	"approveRefundRequest": func(tr *traveller) {
		boss := tr.person("boss@shop.example", "rich", access.Finance).ID
		tr.enrol(boss)
		tr.people.decides = tr.session(boss, 0)
		tr.made("requestRefund")
	},
	"rejectRefundRequest": func(tr *traveller) { tr.made("requestRefund") },
	"requestWithdrawal":   func(tr *traveller) { tr.paidCard(tr.rich, "50000") },
	"approveWithdrawal":   func(tr *traveller) { tr.made("requestWithdrawal") },
	"rejectWithdrawal": func(tr *traveller) {
		tr.work()
		tr.paidCard(tr.rich, "50000")
		tr.made("requestWithdrawal")
	},
}

// reviewed has a message wait for a second person.
func reviewed(tr *traveller) {
	tr.do(ask{method: "PUT", path: "/v1/sending-rules", token: tr.rich, body: `{"review_above":1,"duplicate_window":0}`}).is(200)
	tr.learn("sendMessage", tr.post("/v1/messages", strings.Replace(text, `[{"to":"01012345678"}]`, `[{"to":"01012345678"},{"to":"01023456789"}]`, 1)))
}

// dormant puts every template at the simulated vendors to sleep.
func (tr *traveller) dormant() {
	tr.t.Helper()
	sim := func(method string, body io.Reader) []byte {
		rec := httptest.NewRecorder()
		tr.sim.Handler().ServeHTTP(rec, httptest.NewRequest(method, "/_sim/templates", body))
		if rec.Code/100 != 2 {
			tr.t.Fatalf("%s /_sim/templates: %d %s", method, rec.Code, rec.Body)
		}
		return rec.Body.Bytes()
	}
	var all struct{ Data []map[string]any }
	tr.must(json.Unmarshal(sim("GET", nil), &all))
	for _, row := range all.Data {
		row["state"] = "dormant"
		text, err := json.Marshal(row)
		tr.must(err)
		sim("PUT", bytes.NewReader(text))
	}
}

// learn takes what a reply of an operation tells.
func (tr *traveller) learn(operation string, g got) {
	op := tr.operation(operation)
	tr.known.Learn(op, op.Path, g.status, g.body)
}

func (tr *traveller) operation(name string) *apitest.Operation {
	tr.t.Helper()
	all := tr.document.Operations()
	i := slices.IndexFunc(all, func(op *apitest.Operation) bool { return op.ID == name })
	if i < 0 {
		tr.t.Fatalf("there is no operation %s", name)
	}
	return all[i]
}

func TestTheDocumentsExamplesAreAccepted(t *testing.T) {
	w := onSQLite(t)
	d, err := described()
	w.must(err)
	tr := &traveller{world: w, document: d, known: apitest.NewKnown(d), replies: map[string]json.RawMessage{}}
	tr.employ()
	var order, last []string
	deletes := map[string]string{}
	for _, op := range d.Operations() {
		switch {
		case slices.Contains(tour, op.ID) || slices.Contains(atLast, op.ID) || foreign[op.ID] != "":
		case op.Method == http.MethodDelete:
			last, deletes[op.ID] = append(last, op.ID), op.Path
		default:
			order = append(order, op.ID)
		}
	}
	slices.SortStableFunc(last, func(a, b string) int { return len(deletes[b]) - len(deletes[a]) }) // what is in something before it
	for _, name := range slices.Concat(tour, order, atLast, last) {
		if prepare := before[name]; prepare != nil {
			prepare(tr)
		}
		tr.made(name)
		tr.drain()
	}
	if os.Getenv("CREDITMSG_WRITE_EXAMPLES") != "" {
		writeReplies(t, tr.replies)
	}
}

// shownRows bounds how much of a list an example shows.
const shownRows = 2

// writeReplies keeps the replies as the examples of the document, one operation a line.
func writeReplies(t *testing.T, all map[string]json.RawMessage) {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("{\n")
	for i, name := range slices.Sorted(maps.Keys(all)) {
		var v map[string]any
		if err := json.Unmarshal(all[name], &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for member, inner := range v {
			if rows, is := inner.([]any); is && len(rows) > shownRows {
				v[member] = rows[:shownRows]
			}
		}
		text, err := marshalJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			out.WriteString(",\n")
		}
		fmt.Fprintf(&out, "%q: %s", name, text)
	}
	out.WriteString("\n}\n")
	shown := out.Bytes()
	for pattern, with := range map[string]string{`http://127\.0\.0\.1:\d+`: "https://gateway.example",
		`cm_(live|test)_\w+`: "cm_${1}_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij", `whsec_[\w+/=]+`: "whsec_RXhhbXBsZSBvZiBhIHNlY3JldCwgbm90IG9uZQ=="} { // nothing that looks like a secret
		shown = regexp.MustCompile(pattern).ReplaceAll(shown, []byte(with))
	}
	if err := os.WriteFile("replies.json", shown, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestEveryExampleIsAsItsSchemaSays covers replies that are shown, which the tour makes anew:
// CREDITMSG_WRITE_EXAMPLES=1 go test -run TestTheDocumentsExamplesAreAccepted ./internal/api
func TestEveryExampleIsAsItsSchemaSays(t *testing.T) {
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range d.CheckExamples() {
		t.Error(complaint)
	}
	for _, op := range d.Operations() {
		r := op.Responses["200"]
		for _, status := range []string{"201", "202"} {
			if r == nil {
				r = op.Responses[status]
			}
		}
		if r != nil && slices.Contains(r.Media, "application/json") && r.Examples["application/json"] == nil && foreign[op.ID] == "" && op.ID != "getOpenAPI" {
			t.Errorf("%s shows no reply: write the examples anew as this test's comment says", op.ID)
		}
	}
}

func TestEveryOperationAndParameterIsDescribed(t *testing.T) {
	d, whole := readDocument(t)
	for path, item := range whole["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			op := op.(map[string]any)
			tags, _ := op["tags"].([]any)
			if op["summary"] == nil || len(tags) != 1 || !slices.ContainsFunc(tagged, func(g tagOf) bool { return g.name == tags[0] }) {
				t.Errorf("%s %s: its summary is %v, its tag %v: give it a summary, and a tag of internal/api/polish.go", method, path, op["summary"], tags)
			}
			list, _ := op["parameters"].([]any)
			for _, p := range list {
				if p := p.(map[string]any); p["$ref"] == nil && (p["description"] == nil || p["description"] == "") {
					t.Errorf("%s %s: the parameter %v has no description", method, path, p["name"])
				}
			}
		}
	}
	if len(d.Paths) == 0 {
		t.Error("the document has no paths")
	}
}

// TestNoSchemaHasTheNameOfAMembersType keeps the document usable by generators, which name the
// type of a member by its schema and itself.
func TestNoSchemaHasTheNameOfAMembersType(t *testing.T) {
	_, whole := readDocument(t)
	schemas := whole["components"].(map[string]any)["schemas"].(map[string]any)
	for name, s := range schemas {
		members, _ := s.(map[string]any)["properties"].(map[string]any)
		for member, m := range members {
			m, _ := m.(map[string]any)
			made := name
			for word := range strings.SplitSeq(member, "_") {
				made += strings.ToUpper(word[:1]) + word[1:]
			}
			if schemas[made] != nil && (m["enum"] != nil || m["properties"] != nil) {
				t.Errorf("%s is a schema, and what generators call the member %s of %s: give it another nameHint", made, member, name)
			}
		}
	}
}
