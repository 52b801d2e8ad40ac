package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

//go:embed docs.html
var docsHTML string

// page is the OpenAPI document for people: one file without scripts, nothing of
// which comes from elsewhere.
type page struct {
	html   []byte
	policy string // its Content-Security-Policy
}

// docOperation is one route on the page.
type docOperation struct {
	Method, Path, Summary, About, Ability string
	Parameters                            []docParameter
	Body, Reply                           string // examples or schemas as JSON
	Refusals                              []string
}

type docParameter struct{ Name, In, About string }

// docGroup is the routes of one tag.
type docGroup struct {
	Name       string
	Operations []docOperation
}

// specification is what the page reads of the document.
type specification struct {
	Info struct {
		Title, Version, Description string
	}
	Paths      map[string]map[string]specOperation
	Components struct {
		Schemas    map[string]json.RawMessage
		Parameters map[string]specParameter
	}
}

type specOperation struct {
	Summary, Description string
	Tags                 []string
	Ability              string `json:"x-ability"`
	Parameters           []specParameter
	RequestBody          struct {
		Content map[string]specMedia
	}
	Responses map[string]struct {
		Description string
		Content     map[string]specMedia
	}
}

type specParameter struct {
	Ref         string `json:"$ref"`
	Name, In    string
	Description string
	Required    bool
}

type specMedia struct {
	Schema  json.RawMessage
	Example json.RawMessage
}

// tagOrder is the order of the groups on the page.
var tagOrder = []string{"Messages", "Series", "Attachments", "Credit", "Payments", "Plans", "Sites", "Templates", "Senders", "Kakao channels", "Address book", "Opt-outs", "Personal data", "Rules", "Invoices", "Tax invoices", "Providers", "Audit", "Tokens", "People", "Inbox", "Test mode", "Webhooks", "Upkeep"}

var methodOrder = []string{"get", "post", "put", "patch", "delete"}

// newPage makes the page of a document.
func newPage(spec []byte) (*page, error) {
	var s specification
	if err := json.Unmarshal(spec, &s); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	t, err := template.New("docs").Parse(docsHTML)
	if err != nil {
		return nil, fmt.Errorf("read the page's template: %w", err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{"Info": s.Info, "Groups": s.groups(), "Codes": codes, "Schemas": s.schemas()})
	if err != nil {
		return nil, fmt.Errorf("fill the page's template: %w", err)
	}
	_, rest, _ := strings.Cut(out.String(), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return &page{out.Bytes(), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}, nil
}

func (s *specification) groups() []docGroup {
	groups := make([]docGroup, len(tagOrder))
	for i, tag := range tagOrder {
		groups[i].Name = tag
	}
	paths := make([]string, 0, len(s.Paths))
	for path := range s.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		for _, method := range methodOrder {
			op, ok := s.Paths[path][method]
			if !ok || len(op.Tags) == 0 {
				continue
			}
			if i := slices.Index(tagOrder, op.Tags[0]); i >= 0 {
				groups[i].Operations = append(groups[i].Operations, s.operation(method, path, op))
			}
		}
	}
	return groups
}

func (s *specification) operation(method, path string, op specOperation) docOperation {
	d := docOperation{Method: strings.ToUpper(method), Path: path, Summary: op.Summary, About: op.Description, Ability: op.Ability,
		Body: shown(op.RequestBody.Content["application/json"])}
	for _, p := range op.Parameters {
		if name, is := strings.CutPrefix(p.Ref, "#/components/parameters/"); is {
			p = s.Components.Parameters[name]
		}
		d.Parameters = append(d.Parameters, docParameter{p.Name, p.In, p.Description})
	}
	statuses := make([]string, 0, len(op.Responses))
	for status := range op.Responses {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		r := op.Responses[status]
		if strings.HasPrefix(status, "2") {
			d.Reply = status + " " + r.Description + "\n" + shown(r.Content["application/json"])
			continue
		}
		d.Refusals = append(d.Refusals, status+" "+r.Description)
	}
	return d
}

// shown is the example of a body, or else its schema.
func shown(m specMedia) string {
	text := m.Example
	if len(text) == 0 {
		text = m.Schema
	}
	return indented(text)
}

func indented(text json.RawMessage) string {
	var out bytes.Buffer
	if len(text) == 0 || json.Indent(&out, text, "", "  ") != nil {
		return ""
	}
	return out.String()
}

// docSchema is one schema on the page.
type docSchema struct{ Name, Text string }

func (s *specification) schemas() []docSchema {
	var out []docSchema
	for name, text := range s.Components.Schemas {
		out = append(out, docSchema{name, indented(text)})
	}
	slices.SortFunc(out, func(a, b docSchema) int { return strings.Compare(a.Name, b.Name) })
	return out
}
