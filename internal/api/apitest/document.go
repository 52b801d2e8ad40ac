package apitest

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	clean "path"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Document is an OpenAPI 3.1 document as tests ask it.
type Document struct {
	root       map[string]any
	operations []*Operation // by path and method
	routes     *http.ServeMux
	byRoute    map[string]*Operation

	mu       sync.Mutex
	strict   *jsonschema.Compiler          // guarded by mu
	compiled map[string]*jsonschema.Schema // guarded by mu; by pointer
}

// Operation is one route of a document.
type Operation struct {
	ID, Method, Path string
	Ability          string // a token needs; "" = no token
	Parameters       []Parameter
	Bodies           map[string]Body // by media type
	Responses        map[string]*Response

	pointer string
}

// Parameter is one of a path, a query or a header.
type Parameter struct {
	Name, In string
	Required bool
	Schema   map[string]any
	Example  any
}

// Body is one form of a request's body.
type Body struct {
	Schema  map[string]any
	Example any // nil = none
}

// Response is what one status means.
type Response struct {
	Media    []string
	Headers  map[string]bool // described, by canonical name; true = always there
	Codes    []string        // of a refusal
	Examples map[string]any  // by media type

	pointer string // of its content
}

// Read reads a document.
func Read(text []byte) (*Document, error) {
	loose, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	tight, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	d := &Document{root: object(loose), routes: http.NewServeMux(), byRoute: map[string]*Operation{}, compiled: map[string]*jsonschema.Schema{}}
	tighten(tight, false)
	d.strict = jsonschema.NewCompiler()
	d.strict.AssertFormat()
	if err := d.strict.AddResource("openapi.json", tight); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	for path, item := range object(d.root["paths"]) {
		for method, op := range object(item) {
			d.add(strings.ToUpper(method), path, object(op))
		}
	}
	slices.SortFunc(d.operations, func(a, b *Operation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return d, nil
}

// tighten closes every object of a document that says what its members are: a reply may
// grow members that programs do not know, but not without the document.
func tighten(v any, part bool) {
	switch v := v.(type) {
	case map[string]any:
		_, described := v["properties"].(map[string]any)
		if _, said := v["additionalProperties"]; described && !said && !part {
			v["additionalProperties"] = false
		}
		for name, inner := range v {
			if name != "example" && name != "examples" && name != "default" {
				tighten(inner, name == "allOf")
			}
		}
	case []any:
		for _, inner := range v {
			tighten(inner, part)
		}
	}
}

// Operations are all routes, by path and method.
func (d *Document) Operations() []*Operation { return d.operations }

// Find gives the operation that a request is of, by its escaped path; nil where the document
// has none.
func (d *Document) Find(method, path string) *Operation {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	r, err := http.NewRequest(method, "http://host"+path, nil)
	if err != nil || r.URL.Path != clean.Clean(r.URL.Path) { // which are no operation's
		return nil
	}
	_, pattern := d.routes.Handler(r)
	return d.byRoute[pattern]
}

// At follows a JSON pointer of the document.
func (d *Document) at(ref string) map[string]any {
	at := any(d.root)
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = object(at)[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return object(at)
}

// resolved follows references until there is none.
func (d *Document) resolved(v any) (m map[string]any, ref string) {
	m = object(v)
	for range 10 {
		next, is := m["$ref"].(string)
		if !is {
			return m, ref
		}
		m, ref = d.at(next), next
	}
	return m, ref
}

func (d *Document) add(method, path string, op map[string]any) {
	o := &Operation{Method: method, Path: path, Bodies: map[string]Body{}, Responses: map[string]*Response{},
		pointer: "#/paths/" + escaped(path) + "/" + strings.ToLower(method)}
	o.ID, _ = op["operationId"].(string)
	o.Ability, _ = op["x-ability"].(string)
	for _, p := range list(op["parameters"]) {
		m, _ := d.resolved(p)
		o.Parameters = append(o.Parameters, parameter(m))
	}
	body, _ := d.resolved(op["requestBody"])
	for media, b := range object(body["content"]) {
		m := object(b)
		o.Bodies[media] = Body{object(m["schema"]), first(m)}
	}
	for status, r := range object(op["responses"]) {
		m, ref := d.resolved(r)
		if ref == "" {
			ref = o.pointer + "/responses/" + status
		}
		o.Responses[status] = d.response(m, ref)
	}
	d.operations = append(d.operations, o)
	route := method + " " + path
	d.byRoute[route] = o
	d.routes.HandleFunc(route, func(http.ResponseWriter, *http.Request) {})
}

func parameter(m map[string]any) Parameter {
	p := Parameter{Schema: object(m["schema"]), Example: first(m)}
	p.Name, _ = m["name"].(string)
	p.In, _ = m["in"].(string)
	p.Required, _ = m["required"].(bool)
	if list := list(p.Schema["examples"]); p.Example == nil && len(list) > 0 {
		p.Example = list[0]
	}
	return p
}

func (d *Document) response(m map[string]any, ref string) *Response {
	r := &Response{Headers: map[string]bool{}, Examples: map[string]any{}, pointer: ref + "/content/"}
	for media, content := range object(m["content"]) {
		r.Media = append(r.Media, media)
		if e := first(object(content)); e != nil {
			r.Examples[media] = e
		}
	}
	for name, h := range object(m["headers"]) {
		described, _ := d.resolved(h)
		r.Headers[http.CanonicalHeaderKey(name)], _ = described["required"].(bool)
	}
	for _, c := range list(m["x-codes"]) {
		name, _ := c.(string)
		r.Codes = append(r.Codes, name)
	}
	return r
}

// first gives the example of a parameter or a media type; nil where there is none.
func first(m map[string]any) any {
	if e := m["example"]; e != nil {
		return e
	}
	var names []string
	named := object(m["examples"])
	for name := range named {
		names = append(names, name)
	}
	if slices.Sort(names); len(names) == 0 {
		return nil
	}
	return object(named[names[0]])["value"]
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// escaped writes a name as a part of a JSON pointer in a fragment.
func escaped(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "%", "%25").Replace(name)
}
