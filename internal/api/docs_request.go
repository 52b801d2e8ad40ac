package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// asking is an operation's example as the page writes it in several languages.
type asking struct {
	method, path string         // with what stands in its parameters
	pattern      string         // as the document has it
	inPath       map[string]any // parameters of the path: texts and numbers
	query        map[string]any
	token, write bool
	media        string
	body         string         // of JSON, indented, or of text
	form         map[string]any // of a form
}

// requests are the examples of an operation.
func requests(d docOperation, op specOperation) []docExample {
	a := asking{method: d.Method, path: d.Path, pattern: d.Path, inPath: map[string]any{}, query: map[string]any{}, token: d.Ability != "", media: d.Media}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			a.inPath[p.Name] = p.Example
			a.path = strings.ReplaceAll(a.path, "{"+p.Name+"}", url.PathEscape(fmt.Sprint(p.Example)))
		case p.In == "query" && p.Example != nil:
			a.query[p.Name] = p.Example
		case p.Name == "Idempotency-Key":
			a.write = true
		}
	}
	example := op.RequestBody.Content[d.Media].Example
	switch {
	case d.Media == "multipart/form-data":
		_ = json.Unmarshal(example, &a.form) // a form without an example has no parts
	case d.Media == "application/json":
		a.body = indented(example)
	case len(example) > 0:
		_ = json.Unmarshal(example, &a.body) // a text
	}
	return []docExample{{"curl", a.curl()}, {"Go", a.golang(d.ID)}, {"TypeScript", a.typescript()}}
}

// address is path and query.
func (a asking) address() string {
	q := url.Values{}
	for name, value := range a.query {
		q.Set(name, fmt.Sprint(value))
	}
	if len(q) > 0 {
		return a.path + "?" + q.Encode()
	}
	return a.path
}

// isFile reports whether the body is a file's content.
func (a asking) isFile() bool { return a.media != "" && a.body == "" && a.form == nil }

func (a asking) curl() string {
	lines := []string{`curl "$CREDITMSG_URL` + a.address() + `"`}
	if a.method != "GET" && (a.method != "POST" || a.media == "") {
		lines[0] = "curl -X " + a.method + lines[0][4:]
	}
	if a.token {
		lines = append(lines, `-H "Authorization: Bearer $CREDITMSG_TOKEN"`)
	}
	if a.write {
		lines = append(lines, `-H "Idempotency-Key: $(uuidgen)"`)
	}
	if a.media != "" && a.form == nil {
		lines = append(lines, `-H "Content-Type: `+a.media+`"`)
	}
	for _, name := range slices.Sorted(maps.Keys(a.form)) {
		switch text, isText := a.form[name].(string); {
		case name == "list":
			lines = append(lines, "-F list=@people.csv")
		case isText:
			lines = append(lines, "-F "+quotedShell(name+"="+text))
		default:
			whole, _ := marshalJSON(a.form[name]) // it was JSON
			lines = append(lines, "-F "+quotedShell(name+"="+string(whole)+";type=application/json"))
		}
	}
	switch {
	case a.isFile():
		lines = append(lines, "--data-binary @file")
	case a.body != "":
		lines = append(lines, "--data-binary "+quotedShell(a.body))
	}
	return strings.Join(lines, " \\\n  ")
}

// quotedShell is a text as one word of a shell.
func quotedShell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func (a asking) golang(id string) string {
	var b strings.Builder
	if method := clientMethods[id]; method != "" {
		fmt.Fprintf(&b, "// Package client of this project has it as Client.%s.\n", method)
	}
	body := "nil"
	switch {
	case a.form != nil:
		body = "form // multipart/form-data: mime/multipart writes it"
	case a.isFile():
		body = "file"
	case a.body != "":
		body = "strings.NewReader(`" + strings.ReplaceAll(a.body, "`", "`+\"`\"+`") + "`)"
	}
	if a.form != nil {
		fmt.Fprintf(&b, "req, err := http.NewRequestWithContext(ctx, %q, base+%q,\n\t%s\n)\n", a.method, a.address(), strings.Replace(body, " //", ", //", 1))
	} else {
		fmt.Fprintf(&b, "req, err := http.NewRequestWithContext(ctx, %q, base+%q, %s)\n", a.method, a.address(), body)
	}
	b.WriteString("if err != nil {\n\treturn err\n}\n")
	if a.token {
		b.WriteString("req.Header.Set(\"Authorization\", \"Bearer \"+token)\n")
	}
	if a.write {
		b.WriteString("req.Header.Set(\"Idempotency-Key\", key) // the same again when it is repeated\n")
	}
	if a.media != "" && a.form == nil {
		fmt.Fprintf(&b, "req.Header.Set(\"Content-Type\", %q)\n", a.media)
	}
	b.WriteString("res, err := http.DefaultClient.Do(req)")
	return b.String()
}

// typescript is the request with openapi-fetch, by types that openapi-typescript makes.
func (a asking) typescript() string {
	var parts []string
	var params []string
	if len(a.inPath) > 0 {
		params = append(params, "path: "+literal(a.inPath))
	}
	if len(a.query) > 0 {
		params = append(params, "query: "+literal(a.query))
	}
	if a.write {
		params = append(params, `header: { "Idempotency-Key": crypto.randomUUID() }`)
	}
	if len(params) > 0 {
		parts = append(parts, "params: { "+strings.Join(params, ", ")+" }")
	}
	switch {
	case a.form != nil:
		parts = append(parts, "body: form as never, // a FormData", "bodySerializer: () => form")
	case a.isFile():
		parts = append(parts, "body: file as never, // a Blob", fmt.Sprintf("bodySerializer: () => file, headers: { \"Content-Type\": %q }", a.media))
	case a.media == "application/json" && a.body != "":
		parts = append(parts, "body: "+strings.ReplaceAll(a.body, "\n", "\n  "))
	case a.body != "":
		text, _ := marshalJSON(a.body) // it is a text
		parts = append(parts, "body: "+string(text), fmt.Sprintf("bodySerializer: (text) => text, headers: { \"Content-Type\": %q }", a.media))
	}
	call := fmt.Sprintf("const { data, error } = await api.%s(%q", a.method, a.pattern)
	if len(parts) == 0 {
		return call + ");"
	}
	out := call + ", {\n"
	for _, p := range parts {
		if at := strings.Index(p, ", //"); at >= 0 {
			out += "  " + p + "\n"
			continue
		}
		out += "  " + p + ",\n"
	}
	return out + "});"
}

// literal is an object of texts and numbers.
func literal(of map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		key := name
		if strings.ContainsAny(name, "-.") {
			key = fmt.Sprintf("%q", name)
		}
		text, _ := marshalJSON(of[name]) // it was JSON
		parts = append(parts, key+": "+string(text))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}
