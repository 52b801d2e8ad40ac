package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// docField is a parameter, or a member of a body, in words.
type docField struct {
	Name, Type, Where string
	Depth             int // of members in members
	Required          bool
	About, Example    string
}

// specSchema is what the page reads of a schema.
type specSchema struct {
	Ref         string `json:"$ref"`
	Type        any
	Format      string
	Description string
	Enum        []any
	Default     any
	Minimum     *float64
	Maximum     *float64
	MaxLength   *int
	MaxItems    *int
	Items       *specSchema
	OneOf       []specSchema
	Properties  map[string]specSchema
	Required    []string
}

// deepestFields is how far members of members are told.
const deepestFields = 3

// fields are the members of a schema, and theirs.
func (s *specification) fields(schema specSchema, before string, depth int) (out []docField) {
	schema = s.resolved(schema)
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if x, y := slices.Contains(schema.Required, a), slices.Contains(schema.Required, b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		p := schema.Properties[name]
		whole := s.resolved(p)
		about := p.Description
		if about == "" {
			about = whole.Description
		}
		out = append(out, docField{Name: before + name, Type: whole.words(), Depth: depth, Required: slices.Contains(schema.Required, name), About: about})
		inner, mark := whole, "."
		if whole.Items != nil {
			inner, mark = *whole.Items, "[]."
		}
		if depth < deepestFields {
			out = append(out, s.fields(inner, before+name+mark, depth+1)...)
		}
	}
	return out
}

// resolved follows references, and takes what is not null of a choice.
func (s *specification) resolved(schema specSchema) specSchema {
	for range 5 {
		switch name, is := strings.CutPrefix(schema.Ref, "#/components/schemas/"); {
		case is:
			var next specSchema
			if json.Unmarshal(s.Components.Schemas[name], &next) != nil {
				return schema
			}
			schema = next
		case len(schema.OneOf) > 0:
			schema = schema.OneOf[0]
		default:
			return schema
		}
	}
	return schema
}

// words says what a value may be.
func (s specSchema) words() string {
	kind := "any"
	switch t := s.Type.(type) {
	case string:
		kind = t
	case []any:
		kind = fmt.Sprint(t[0]) + " or null"
	}
	if s.Items != nil {
		kind = "list of " + strings.TrimSuffix(s.Items.words(), "any")
		if s.Items.Ref != "" {
			kind = "list of objects"
		}
	}
	var more []string
	if s.Format == "date-time" {
		kind = strings.Replace(kind, "string", "time", 1)
	}
	if len(s.Enum) > 0 {
		var all []string
		for _, e := range s.Enum {
			if e == nil {
				e = "null"
			}
			all = append(all, fmt.Sprint(e))
		}
		kind = strings.Join(all, " | ")
	}
	if s.Minimum != nil && s.Maximum != nil {
		more = append(more, fmt.Sprintf("%.0f to %.0f", *s.Minimum, *s.Maximum))
	}
	if s.MaxLength != nil {
		more = append(more, fmt.Sprintf("at most %d characters", *s.MaxLength))
	}
	if s.MaxItems != nil {
		more = append(more, fmt.Sprintf("at most %d", *s.MaxItems))
	}
	if s.Default != nil {
		more = append(more, fmt.Sprintf("default %v", s.Default))
	}
	if len(more) > 0 {
		kind += " (" + strings.Join(more, ", ") + ")"
	}
	return kind
}

// docSchema is one schema on the page.
type docSchema struct {
	Name   string
	Fields []docField
	Text   string // where it has no members
}

func (s *specification) schemas() []docSchema {
	var out []docSchema
	for name, text := range s.Components.Schemas {
		var schema specSchema
		d := docSchema{Name: name}
		if json.Unmarshal(text, &schema) == nil {
			d.Fields = s.fields(schema, "", deepestFields)
		}
		if len(d.Fields) == 0 {
			d.Text = indented(text)
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b docSchema) int { return strings.Compare(a.Name, b.Name) })
	return out
}
