package api

import (
	"strings"
	"testing"
)

func TestThePageShowsEachOperationWithItsRequestInThreeLanguages(t *testing.T) {
	text, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPage(text)
	if err != nil {
		t.Fatal(err)
	}
	page := string(p.html)
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range d.Operations() {
		_, rest, found := strings.Cut(page, `<article id="`+op.ID+`">`)
		article, _, _ := strings.Cut(rest, "</article>")
		if !found || !strings.Contains(page, `<a href="#`+op.ID+`">`) {
			t.Errorf("%s is not on the page, or not in its navigation", op.ID)
		}
		for _, want := range []string{"<summary>curl</summary>", "<summary>Go</summary>", "<summary>TypeScript</summary>", "<code>" + op.Path + "</code>", "<h4>Refusals</h4>"} {
			if !strings.Contains(article, want) {
				t.Errorf("%s: its article has no %s", op.ID, want)
			}
		}
		if strings.Contains(article, "<h4>Reply 304") || strings.Contains(article, "&lt;nil&gt;") {
			t.Errorf("%s: its article shows what a client has already as the reply, or a nil", op.ID)
		}
		if len(op.Bodies) > 0 && !strings.Contains(article, "<h4>Body") {
			t.Errorf("%s: its article does not show its body", op.ID)
		}
	}
}

func TestWordsOfADescriptionAreTextAndCode(t *testing.T) {
	for text, want := range map[string]string{
		"a `b` c":           "a <code>b</code> c",
		"a <b> `<i>`":       "a &lt;b&gt; <code>&lt;i&gt;</code>",
		"one ` alone":       "one  alone",
		"`x`":               "<code>x</code>",
		"no code":           "no code",
		"`a` and `b` and `": "<code>a</code> and <code>b</code> and ",
	} {
		if got := string(words(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestAnExampleOfARequestIsWrittenForEachLanguage(t *testing.T) {
	a := asking{method: "PUT", path: "/v1/groups/grp_1", pattern: "/v1/groups/{id}", inPath: map[string]any{"id": "grp_1"}, query: map[string]any{"site": "shop"},
		token: true, write: true, media: "application/json", body: `{"name": "it's"}`}
	for got, want := range map[string]string{
		a.curl(): `curl -X PUT "$CREDITMSG_URL/v1/groups/grp_1?site=shop" \
  -H "Authorization: Bearer $CREDITMSG_TOKEN" \
  -H "Idempotency-Key: $(uuidgen)" \
  -H "Content-Type: application/json" \
  --data-binary '{"name": "it'\''s"}'`,
		a.typescript(): `const { data, error } = await api.PUT("/v1/groups/{id}", {
  params: { path: { id: "grp_1" }, query: { site: "shop" }, header: { "Idempotency-Key": crypto.randomUUID() } },
  body: {"name": "it's"},
});`,
		a.golang("setGroup"): "// Package client of this project has it as Client.RenameGroup.\n" +
			"req, err := http.NewRequestWithContext(ctx, \"PUT\", base+\"/v1/groups/grp_1?site=shop\", strings.NewReader(`{\"name\": \"it's\"}`))\n" +
			"if err != nil {\n\treturn err\n}\nreq.Header.Set(\"Authorization\", \"Bearer \"+token)\n" +
			"req.Header.Set(\"Idempotency-Key\", key) // the same again when it is repeated\nreq.Header.Set(\"Content-Type\", \"application/json\")\nres, err := http.DefaultClient.Do(req)",
	} {
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	a = asking{method: "POST", path: "/v1/contacts/import", pattern: "/v1/contacts/import", token: true, media: "multipart/form-data",
		form: map[string]any{"list": "a,b\n", "message": map[string]any{"strategy": "sms_only"}, "consent_at": "2026-12-01"}}
	const form = `curl "$CREDITMSG_URL/v1/contacts/import" \
  -H "Authorization: Bearer $CREDITMSG_TOKEN" \
  -F 'consent_at=2026-12-01' \
  -F list=@people.csv \
  -F 'message={"strategy":"sms_only"};type=application/json'`
	if got := a.curl(); got != form {
		t.Errorf("got\n%s\nwant\n%s", got, form)
	}
}
