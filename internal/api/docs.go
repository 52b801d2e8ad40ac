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
	ID, Method, Path, Summary, About, Ability string
	Parameters                                []docField
	Fields                                    []docField // of a body in JSON, or a form
	Media                                     string     // of the body
	Requests                                  []docExample
	Status                                    string // of success
	Reply                                     string // an example as JSON, or its media types
	ReplySchema                               string // its name among the schemas
	Refusals                                  []docRefusal
}

type docRefusal struct {
	Status string
	Codes  []string
}

type docExample struct{ Name, Text string }

// docGroup is the routes of one tag.
type docGroup struct {
	Name, Slug, About string
	Operations        []docOperation
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
		Responses  map[string]specReply
	}
}

type specOperation struct {
	OperationID          string
	Summary, Description string
	Tags                 []string
	Ability              string `json:"x-ability"`
	Parameters           []specParameter
	RequestBody          struct {
		Content map[string]specMedia
	}
	Responses map[string]specReply
}

type specReply struct {
	Ref         string `json:"$ref"`
	Description string
	Codes       []string `json:"x-codes"`
	Content     map[string]specMedia
}

type specParameter struct {
	Ref         string `json:"$ref"`
	Name, In    string
	Description string
	Required    bool
	Schema      specSchema
	Example     any
}

type specMedia struct {
	Schema  specSchema
	Example json.RawMessage
}

var methodOrder = []string{"get", "post", "put", "patch", "delete"}

// newPage makes the page of a document.
func newPage(spec []byte) (*page, error) {
	var s specification
	if err := json.Unmarshal(spec, &s); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	t, err := template.New("docs").Funcs(template.FuncMap{"lower": strings.ToLower, "words": words}).Parse(docsHTML)
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

// words are a text in which what stands between backquotes is code.
func words(text string) template.HTML {
	parts := strings.Split(text, "`")
	var b strings.Builder
	for i, part := range parts {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 && i < len(parts)-1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}

func (s *specification) groups() []docGroup {
	groups := make([]docGroup, len(tagged))
	for i, tag := range tagged {
		groups[i] = docGroup{Name: tag.name, Slug: strings.ToLower(strings.ReplaceAll(tag.name, " ", "-")), About: tag.about}
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
			if i := slices.IndexFunc(groups, func(g docGroup) bool { return g.Name == op.Tags[0] }); i >= 0 {
				groups[i].Operations = append(groups[i].Operations, s.operation(method, path, op))
			}
		}
	}
	return groups
}

func (s *specification) operation(method, path string, op specOperation) docOperation {
	d := docOperation{ID: op.OperationID, Method: strings.ToUpper(method), Path: path, Summary: op.Summary, About: op.Description, Ability: op.Ability}
	for i, p := range op.Parameters {
		if name, is := strings.CutPrefix(p.Ref, "#/components/parameters/"); is {
			p = s.Components.Parameters[name]
			op.Parameters[i] = p
		}
		f := docField{Name: p.Name, Type: p.Schema.words(), Where: p.In, Required: p.Required, About: p.Description}
		if p.Example != nil {
			f.Example = fmt.Sprint(p.Example)
		}
		d.Parameters = append(d.Parameters, f)
	}
	if d.Media = usualMedia(op.RequestBody.Content); d.Media != "" {
		d.Fields = s.fields(op.RequestBody.Content[d.Media].Schema, "", 0)
	}
	d.Requests = requests(d, op)
	statuses := make([]string, 0, len(op.Responses))
	for status := range op.Responses {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		r := op.Responses[status]
		if name, is := strings.CutPrefix(r.Ref, "#/components/responses/"); is {
			r = s.Components.Responses[name]
		}
		switch {
		case status == "304":
			continue // says nothing that is not known
		case status < "4":
			d.Status = status + " " + r.Description
			d.Reply, d.ReplySchema = answer(r.Content)
		default:
			d.Refusals = append(d.Refusals, docRefusal{status, r.Codes})
		}
	}
	return d
}

// usualMedia is the media type of a body that most requests have.
func usualMedia(content map[string]specMedia) string {
	media := make([]string, 0, len(content))
	for m := range content {
		media = append(media, m)
	}
	slices.Sort(media)
	if i := slices.Index(media, "application/json"); i >= 0 {
		return media[i]
	}
	if i := slices.IndexFunc(media, func(m string) bool { return len(content[m].Example) > 0 }); i >= 0 {
		return media[i]
	}
	if len(media) > 0 {
		return media[len(media)-1]
	}
	return ""
}

// answer is the example of a reply and the name of its schema; of other media types, their
// names.
func answer(content map[string]specMedia) (example, schema string) {
	if m, ok := content["application/json"]; ok {
		_, schema, _ = strings.Cut(m.Schema.Ref, "#/components/schemas/")
		return indented(m.Example), schema
	}
	var media []string
	for m := range content {
		media = append(media, m)
	}
	slices.Sort(media)
	return strings.Join(media, "\n"), ""
}

func indented(text json.RawMessage) string {
	var out bytes.Buffer
	if len(text) == 0 || json.Indent(&out, text, "", "  ") != nil {
		return ""
	}
	return out.String()
}
