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
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(withReplies(t, text), &d); err != nil {
		t.Fatal(err)
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
