package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// contract is the routes of this release and what each needs.
var contract = map[string]string{
	"GET /v1/credit/caps": "credit:read", "PUT /v1/credit/caps": "credit:write", "PUT /v1/credit/caps/bounds": "operator",
	"GET /v1/messages/{id}/compliance": "messages:read",
	"GET /v1/blocked-words":            "optouts:read", "POST /v1/blocked-words": "operator", "DELETE /v1/blocked-words/{word}": "operator",
	"GET /v1/sending-rules": "optouts:read", "PUT /v1/sending-rules": "optouts:write",
	"GET /v1/opt-outs": "optouts:read", "POST /v1/opt-outs": "optouts:write", "POST /v1/opt-outs/import": "optouts:write",
	"GET /v1/opt-outs/{number}": "optouts:read", "DELETE /v1/opt-outs/{number}": "optouts:write",
	"POST /v1/messages":                 "messages:write",
	"POST /v1/messages/estimate":        "messages:read",
	"POST /v1/senders/{number}/request": "senders:write", "POST /v1/senders/{number}/documents": "senders:write",
	"GET /v1/senders/{number}/documents": "senders:read", "GET /v1/senders/{number}/documents/{id}": "senders:read",
	"DELETE /v1/senders/{number}/documents/{id}": "senders:write",
	"POST /v1/messages/test":                     "messages:write", "POST /v1/messages/{id}/resend-failed": "messages:write",
	"POST /v1/messages/{id}/approve": "messages:approve", "POST /v1/messages/{id}/reject": "messages:approve",
	"GET /v1/policies": "messages:read", "GET /v1/policies/{name}": "messages:read",
	"PUT /v1/policies/{name}": "messages:write", "DELETE /v1/policies/{name}": "messages:write",
	"POST /v1/routing/what-if":                                "messages:read",
	"GET /v1/messages":                                        "messages:read",
	"GET /v1/messages/{id}":                                   "messages:read",
	"PATCH /v1/messages/{id}":                                 "messages:write",
	"GET /v1/messages/{id}/recipients":                        "messages:read",
	"GET /v1/messages/{id}/trace":                             "messages:read",
	"POST /v1/messages/{id}/cancel":                           "messages:write",
	"POST /v1/messages/{id}/pause":                            "messages:write",
	"POST /v1/messages/{id}/resume":                           "messages:write",
	"GET /v1/send-logs":                                       "messages:read",
	"POST /v1/attachments":                                    "messages:write",
	"GET /v1/attachments":                                     "messages:read",
	"GET /v1/attachments/{id}":                                "messages:read",
	"GET /v1/attachments/{id}/content":                        "messages:read",
	"DELETE /v1/attachments/{id}":                             "messages:write",
	"GET /v1/credit":                                          "credit:read",
	"GET /v1/credit/entries":                                  "credit:read",
	"GET /v1/credit/usages":                                   "credit:read",
	"POST /v1/credit/usages/{id}/refund":                      "credit:refund",
	"GET /v1/templates":                                       "templates:read",
	"POST /v1/templates":                                      "templates:write",
	"GET /v1/templates/{code}":                                "templates:read",
	"PUT /v1/templates/{code}":                                "templates:write",
	"DELETE /v1/templates/{code}":                             "templates:write",
	"GET /v1/senders":                                         "senders:read",
	"POST /v1/senders":                                        "senders:write",
	"GET /v1/senders/{number}":                                "senders:read",
	"PUT /v1/senders/{number}":                                "senders:write",
	"DELETE /v1/senders/{number}":                             "senders:write",
	"GET /v1/kakao-channels":                                  "channels:read",
	"POST /v1/kakao-channels":                                 "channels:write",
	"GET /v1/kakao-channels/{name}":                           "channels:read",
	"PUT /v1/kakao-channels/{name}":                           "channels:write",
	"DELETE /v1/kakao-channels/{name}":                        "channels:write",
	"POST /v1/templates/{code}/submit":                        "templates:write",
	"POST /v1/templates/{code}/withdraw":                      "templates:write",
	"POST /v1/templates/{code}/comments":                      "templates:write",
	"POST /v1/templates/{code}/release":                       "templates:write",
	"POST /v1/templates/{code}/sync":                          "templates:write",
	"GET /v1/kakao-channel-categories":                        "channels:read",
	"POST /v1/kakao-channels/{name}/registrations":            "channels:write",
	"POST /v1/kakao-channels/{name}/registrations/{provider}": "channels:write",
	"GET /v1/margin":                                          "operator",
	"GET /v1/providers":                                       "operator",
	"POST /v1/providers/{name}/ask":                           "operator",
	"POST /v1/invoices":                                       "operator",
	"GET /v1/invoices":                                        "operator",
	"GET /v1/invoices/{id}":                                   "operator",
	"GET /v1/invoices/{id}/differences":                       "operator",
	"POST /v1/invoices/{id}/apply":                            "operator",
	"GET /v1/tax-invoices/{month}":                            "operator",
	"POST /v1/tax-invoices/{month}/issue":                     "operator",
	"POST /webhooks/{provider}":                               "",
	"GET /healthz":                                            "",
	"GET /readyz":                                             "",
	"GET /metrics":                                            "",
	"GET /openapi.json":                                       "",
	"GET /docs":                                               "",
	"GET /v1/credit/payments":                                 "credit:read",
	"POST /v1/credit/payments":                                "credit:write",
	"GET /v1/credit/payments/{id}":                            "credit:read",
	"POST /v1/credit/payments/{id}/cancel":                    "credit:refund",
	"POST /v1/credit/payments/{id}/arrived":                   "operator", "POST /v1/credit/payments/{id}/cash-receipt/issued": "operator",
	"GET /v1/series":                           "messages:read",
	"POST /v1/series":                          "messages:write",
	"GET /v1/series/{id}":                      "messages:read",
	"PUT /v1/series/{id}":                      "messages:write",
	"DELETE /v1/series/{id}":                   "messages:write",
	"GET /v1/series/{id}/firings":              "messages:read",
	"POST /v1/series/{id}/pause":               "messages:write",
	"POST /v1/series/{id}/resume":              "messages:write",
	"GET /v1/contacts":                         "contacts:read",
	"POST /v1/contacts":                        "contacts:write",
	"GET /v1/contacts/{id}":                    "contacts:read",
	"PUT /v1/contacts/{id}":                    "contacts:write",
	"DELETE /v1/contacts/{id}":                 "contacts:write",
	"POST /v1/contacts/import":                 "contacts:write",
	"GET /v1/contacts/export":                  "contacts:read",
	"GET /v1/groups":                           "contacts:read",
	"POST /v1/groups":                          "contacts:write",
	"GET /v1/groups/{id}":                      "contacts:read",
	"PUT /v1/groups/{id}":                      "contacts:write",
	"DELETE /v1/groups/{id}":                   "contacts:write",
	"GET /v1/groups/{id}/members":              "contacts:read",
	"POST /v1/groups/{id}/members":             "contacts:write",
	"DELETE /v1/groups/{id}/members/{contact}": "contacts:write",
	"POST /v1/groups/{id}/import":              "contacts:write",
	"GET /v1/groups/{id}/export":               "contacts:read",
	"GET /v1/credit/payments/{id}/receipt":     "credit:read",
	"POST /v1/credit/payments/{id}/cancellations/{cancel}/given-back": "operator",
	"GET /v1/credit/withdrawals":                                      "credit:read",
	"POST /v1/credit/withdrawals":                                     "credit:refund",
	"GET /v1/credit/withdrawals/{id}":                                 "credit:read",
	"POST /v1/credit/withdrawals/{id}/cancel":                         "credit:refund",
	"POST /v1/credit/withdrawals/{id}/approve":                        "operator",
	"POST /v1/credit/withdrawals/{id}/reject":                         "operator",
	"GET /v1/payment-gateways":                                        "credit:read",
	"GET /v1/payment-methods":                                         "credit:read",
	"POST /v1/payment-methods":                                        "credit:write",
	"GET /v1/payment-methods/{id}":                                    "credit:read",
	"PATCH /v1/payment-methods/{id}":                                  "credit:write",
	"DELETE /v1/payment-methods/{id}":                                 "credit:write",
	"PUT /v1/credit/auto-recharge":                                    "credit:write",
	"GET /v1/credit/alerts":                                           "credit:read",
	"PUT /v1/credit/alerts":                                           "credit:write",
	"GET /payments/{id}/return":                                       "",
	"GET /payment-methods/{id}/return":                                "",
	"POST /webhooks/payments/{gateway}":                               "",
	"GET /v1/credit/signing-key":                                      "",
	"GET /v1/credit/statements":                                       "credit:read",
	"GET /v1/credit/statements/{month}":                               "credit:read",
	"GET /v1/credit/entries/export":                                   "credit:read",
	"GET /v1/billing-profile":                                         "credit:read",
	"PUT /v1/billing-profile":                                         "credit:write",
	"GET /v1/stats":                                                   "messages:read",
	"GET /v1/credit/prices":                                           "credit:read",
	"GET /v1/plans":                                                   "operator",
	"POST /v1/plans":                                                  "operator",
	"GET /v1/plans/{id}":                                              "operator",
	"PUT /v1/plans/{id}":                                              "operator",
	"DELETE /v1/plans/{id}":                                           "operator",
	"GET /v1/plans/{id}/prices":                                       "operator",
	"POST /v1/plans/{id}/prices":                                      "operator",
	"GET /v1/sites":                                                   "operator", "POST /v1/sites": "operator", "GET /v1/sites/{id}": "operator", "PATCH /v1/sites/{id}": "operator",
	"POST /v1/sites/{id}/credit": "operator", "POST /v1/sites/{id}/prices": "operator", "PUT /v1/sites/{id}/plan": "operator",
	"GET /v1/prices": "operator", "POST /v1/prices": "operator",
	"POST /v1/uploads": "messages:write", "GET /v1/uploads": "messages:read", "GET /v1/uploads/{id}": "messages:read",
	"PATCH /v1/uploads/{id}": "messages:write", "DELETE /v1/uploads/{id}": "messages:write", "POST /v1/uploads/{id}/send": "messages:write",
	"POST /v1/erasures": "contacts:write", "GET /v1/erasures": "contacts:read", "GET /v1/erasures/{id}": "contacts:read",
	"GET /v1/retention": "contacts:read", "PUT /v1/retention": "contacts:write", "POST /v1/sites/{id}/erase": "operator",
	"GET /v1/audit": "audit:read", "GET /v1/audit/export": "audit:read", "GET /v1/audit/seals": "audit:read",
	"GET /v1/tokens": "tokens:read", "POST /v1/tokens": "tokens:write", "GET /v1/tokens/{id}": "tokens:read", "PATCH /v1/tokens/{id}": "tokens:write",
	"DELETE /v1/tokens/{id}": "tokens:write", "POST /v1/tokens/{id}/rotate": "tokens:write", "GET /v1/me/tokens": "person", "POST /v1/me/tokens": "person",
	"GET /v1/me/tokens/{id}": "person", "PATCH /v1/me/tokens/{id}": "person", "DELETE /v1/me/tokens/{id}": "person",
	"POST /v1/me/tokens/{id}/rotate": "person", "GET /v1/me": "anyone", "POST /v1/me/password": "person", "POST /v1/me/second-factor": "person",
	"POST /v1/me/second-factor/confirm": "person", "POST /v1/me/second-factor/disable": "person", "POST /v1/sessions": "", "GET /v1/sessions": "person",
	"DELETE /v1/sessions/{id}": "person", "POST /v1/sessions/current/confirm": "person", "GET /v1/users": "users:read", "POST /v1/users": "users:write",
	"GET /v1/users/{id}": "users:read", "PATCH /v1/users/{id}": "users:write", "POST /v1/users/{id}/password": "users:write",
	"DELETE /v1/users/{id}/second-factor": "users:write", "GET /v1/roles": "roles:read", "POST /v1/roles": "roles:write",
	"GET /v1/roles/{name}": "roles:read", "PUT /v1/roles/{name}": "roles:write", "DELETE /v1/roles/{name}": "roles:write",
	"GET /v1/inbox":                            "operator",
	"GET /v1/inbox/{id}":                       "operator",
	"POST /v1/inbox/runs":                      "operator",
	"GET /v1/inbox/runs":                       "operator",
	"GET /v1/inbox/runs/{id}":                  "operator",
	"GET /v1/inbox/runs/{id}/sums":             "operator",
	"GET /v1/inbox/runs/{id}/differences":      "operator",
	"POST /v1/inbox/runs/{id}/apply":           "operator",
	"POST /v1/inbox/runs/{id}/cancel":          "operator",
	"POST /v1/test":                            "tokens:write",
	"POST /v1/test/tokens":                     "tokens:write",
	"POST /v1/test/credit":                     "credit:write",
	"GET /v1/test/clock":                       "messages:read",
	"POST /v1/test/clock/advance":              "messages:write",
	"GET /v1/limits":                           "messages:read",
	"PUT /v1/sites/{id}/limits":                "operator",
	"PUT /v1/sites/{id}/tokens/{token}/limits": "operator",
	"GET /v1/webhook-endpoints":                "webhooks:read", "POST /v1/webhook-endpoints": "webhooks:write",
	"GET /v1/webhook-endpoints/{id}": "webhooks:read", "PATCH /v1/webhook-endpoints/{id}": "webhooks:write", "DELETE /v1/webhook-endpoints/{id}": "webhooks:write",
	"POST /v1/webhook-endpoints/{id}/rotate-secret": "webhooks:write", "POST /v1/webhook-endpoints/{id}/test": "webhooks:write",
	"POST /v1/webhook-endpoints/{id}/enable": "webhooks:write", "POST /v1/webhook-endpoints/{id}/disable": "webhooks:write",
	"GET /v1/webhook-endpoints/{id}/deliveries": "webhooks:read", "GET /v1/webhook-endpoints/{id}/deliveries/{sequence}": "webhooks:read",
	"POST /v1/webhook-endpoints/{id}/replay": "webhooks:write", "GET /v1/events": "webhooks:read", "GET /v1/events/types": "webhooks:read",
	"GET /v1/credit/auto-recharge": "credit:read",
}

// alsoEnough is what stands for the ability of a route.
var alsoEnough = map[string]string{"GET /v1/stats": "stats:read"}

// filled puts something into a path's parameters.
func filled(path string) string {
	if rest, of := strings.CutPrefix(path, "/v1/sites/{id}"); of {
		path = "/v1/sites/rich" + rest // another one would look as if the caller had nothing to do with it
	}
	return strings.NewReplacer("{id}", "msg_01k9zqm0v8e4t9w2n7c5r3x6yb", "{cancel}", "pcn_01k9zqm0v8e4t9w2n7c5r3x6yb", "{contact}", "con_01k9zqm0v8e4t9w2n7c5r3x6yb", "{code}", "NONE", "{number}", "15889999", "{name}", "@none", "{month}", "2026-01", "{provider}", "solapi", "{word}", "none").Replace(path)
}

func TestEachRouteNeedsATokenWithItsAbility(t *testing.T) {
	w := onSQLite(t)
	tokens := map[string]string{}
	for _, ability := range site.Abilities {
		if ability != site.Operator && ability != site.All {
			tokens[ability] = w.token("rich", ability)
		}
	}
	for route, ability := range contract {
		if ability == "" || ability == access.Anyone || ability == access.Signed { // which no program's token has
			continue
		}
		method, path, _ := strings.Cut(route, " ")
		a := ask{method: method, path: filled(path), body: "{"}
		if method == http.MethodGet {
			a.body = ""
		}
		w.do(a).refused(401, "unauthenticated")
		for other, secret := range tokens {
			a.token = secret
			got := w.do(a)
			if other == ability || other == alsoEnough[route] {
				if got.status == 401 || got.status == 403 || got.status >= 500 {
					t.Errorf("%s with %s: got %d %s, want it let pass", route, ability, got.status, got.body)
				}
				continue
			}
			got.refused(403, "forbidden")
		}
		able := []string{w.rich, w.operator}
		if ability == site.Operator { // which all the others do not include
			able = able[1:]
		}
		for _, secret := range able {
			a.token, a.path = secret, filled(path)+"?site=rich"
			if ability == site.Operator && secret == w.rich {
				w.do(a).refused(403, "forbidden")
			} else if got := w.do(a); got.status == 401 || got.status == 403 || got.status >= 500 {
				t.Errorf("%s with every ability: got %d %s, want it let pass", route, got.status, got.body)
			}
		}
	}
}

// document is the OpenAPI document as a program reads it.
type document struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		OperationID string
		Ability     string `json:"x-ability"`
		Security    []map[string][]string
		Parameters  []docParam
		RequestBody struct {
			Content map[string]struct{ Example json.RawMessage }
		}
		Responses map[string]struct {
			Codes   []string `json:"x-codes"`
			Content map[string]struct{ Example json.RawMessage }
		}
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct{ Enum []string }
		}
	}
}

type docParam struct {
	Name, In string
	Required bool
}

func readDocument(t *testing.T) (document, map[string]any) {
	t.Helper()
	text, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var d document
	var whole map[string]any
	for _, into := range []any{&d, &whole} {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	return d, whole
}

func TestTheDocumentHasEveryRouteWithItsAbility(t *testing.T) {
	d, _ := readDocument(t)
	found, ids := map[string]string{}, map[string]bool{}
	for path, item := range d.Paths {
		for method, op := range item {
			route := strings.ToUpper(method) + " " + path
			found[route] = op.Ability
			if op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s: the operationId %q is empty or not unique", route, op.OperationID)
			}
			ids[op.OperationID] = true
			if (op.Ability != "") != (len(op.Security) == 1) || op.Security == nil {
				t.Errorf("%s: its security is %v, its ability %q", route, op.Security, op.Ability)
			}
			for _, part := range strings.Split(path, "/") {
				name := strings.Trim(part, "{}")
				if name != part && !slices.ContainsFunc(op.Parameters, func(p docParam) bool {
					return p.Name == name && p.In == "path" && p.Required
				}) {
					t.Errorf("%s does not describe its parameter %s", route, name)
				}
			}
		}
	}
	for route, ability := range contract {
		if got, ok := found[route]; !ok || got != ability {
			t.Errorf("%s: got ability %q (described %v), want %q", route, got, ok, ability)
		}
	}
	if len(found) != len(contract) {
		t.Errorf("the document has %d routes, the contract %d", len(found), len(contract))
	}
	if d.OpenAPI != "3.1.0" {
		t.Errorf("got openapi %q, want 3.1.0", d.OpenAPI)
	}
}

// later are codes of the closed list that no route of this release answers.
var later []string

func TestTheDocumentHasTheClosedListOfCodes(t *testing.T) {
	d, _ := readDocument(t)
	var closed []string
	told := map[string]bool{}
	for _, c := range codes {
		closed = append(closed, c.Name)
	}
	for _, item := range d.Paths {
		for _, op := range item {
			for status, r := range op.Responses {
				for _, name := range r.Codes {
					told[name] = true
					if c := codeOf(name); http.StatusText(c.Status) == "" || status != jsonNumber(c.Status) {
						t.Errorf("%s: code %s is described under %s", op.OperationID, name, status)
					}
				}
				if (status[0] == '4' || status[0] == '5') && (len(r.Codes) == 0 || r.Content["application/problem+json"].Example != nil) {
					t.Errorf("%s: the problems of %s are not described", op.OperationID, status)
				}
			}
		}
	}
	if got := d.Components.Schemas["Problem"].Properties["code"].Enum; !slices.Equal(got, closed) {
		t.Errorf("got the codes %v, want %v", got, closed)
	}
	for _, name := range closed {
		if told[name] == slices.Contains(later, name) {
			t.Errorf("code %s: described by a route %v, expected later %v", name, told[name], slices.Contains(later, name))
		}
	}
}

func jsonNumber(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestEveryReferenceOfTheDocumentLeadsSomewhere(t *testing.T) {
	_, doc := readDocument(t)
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				at := any(doc)
				for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
					m, _ := at.(map[string]any)
					at = m[part]
				}
				if at == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(doc)
}

func TestTheDocumentsExamplesAreAccepted(t *testing.T) {
	w := onSQLite(t)
	d, _ := readDocument(t)
	ran := 0
	for path, item := range d.Paths {
		for method, op := range item {
			for media, body := range op.RequestBody.Content {
				if body.Example == nil {
					continue
				}
				ran++
				text := string(body.Example)
				if media != "application/json" {
					w.must(json.Unmarshal(body.Example, &text))
				}
				if got := w.do(ask{method: strings.ToUpper(method), path: path, token: w.rich, body: text, media: media}); got.status/100 != 2 {
					t.Errorf("%s %s: the example got %d %s", method, path, got.status, got.body)
				}
			}
		}
	}
	if ran != 8 {
		t.Errorf("ran %d examples, want 8", ran)
	}
}

// TestTheDocumentOfAMessageIsWhatIsRead holds document.go and order.go together.
func TestTheDocumentOfAMessageIsWhatIsRead(t *testing.T) {
	_, doc := readDocument(t)
	properties := func(path ...string) (names []string) {
		at := any(doc)
		for _, part := range path {
			m, _ := at.(map[string]any)
			at = m[part]
		}
		m, _ := at.(map[string]any)
		for name := range m {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	var own, ofText []string
	for name := range orderMembers {
		own = append(own, name)
	}
	for name := range textMembers {
		ofText = append(ofText, name)
	}
	slices.Sort(own)
	slices.Sort(ofText)
	if got := properties("paths", "/v1/messages/estimate", "post", "requestBody", "content", "application/json", "schema", "properties"); !slices.Equal(got, own) {
		t.Errorf("the document has the members %v, read are %v", got, own)
	}
	if got := properties("components", "schemas", "Text", "properties"); !slices.Equal(got, ofText) {
		t.Errorf("the document has the members of text %v, read are %v", got, ofText)
	}
}

func TestTheDocumentAndItsPageAreServed(t *testing.T) {
	w := onSQLite(t)
	g := w.do(ask{method: "GET", path: "/openapi.json"}).is(200)
	if g.json()["info"].(map[string]any)["version"] != "test" || g.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %.100s, want the document of this version", g.header.Get("Content-Type"), g.body)
	}
	page := w.do(ask{method: "GET", path: "/docs"}).is(200)
	policy := page.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("got the policy %q, want one that allows its own style alone", policy)
	}
	for _, c := range codes {
		if !strings.Contains(string(page.body), `id="`+c.Name+`"`) {
			t.Errorf("the page does not explain %s", c.Name)
		}
	}
	for route := range contract {
		if _, path, _ := strings.Cut(route, " "); !strings.Contains(string(page.body), "<code>"+path+"</code>") {
			t.Errorf("the page does not show %s", path)
		}
	}
	for _, outside := range []string{"<script", "src=", "@import", "url(", `href="http`} {
		if strings.Contains(string(page.body), outside) {
			t.Errorf("the page holds %q", outside)
		}
	}
}

func TestTheUseOfATokenIsRecordedOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		used := func() (at db.Time) {
			w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) error {
				list, err := site.Tokens(tx, "rich", id.ID{}, 10)
				if err == nil {
					at = list[0].LastUsedAt
				}
				return err
			}))
			return at
		}
		if used() != 0 {
			t.Fatal("the token was used already")
		}
		w.get("/v1/credit").is(200)
		first := used()
		w.get("/v1/credit").is(200)
		if first == 0 || used() != first {
			t.Errorf("got last uses %d and %d, want one time", first, used())
		}
	})
}
