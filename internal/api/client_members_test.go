package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/api/apitest"
)

// everything is an argument with every member set, so that a request shows all that can be said.
func everything(t reflect.Type) reflect.Value {
	v := argument(t)
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(everything(t.Elem()))
	case reflect.Slice:
		v = reflect.Append(v, everything(t.Elem()))
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(everything(t.Key()), everything(t.Elem()))
	case reflect.Struct:
		for i := range v.NumField() {
			if t != reflect.TypeFor[time.Time]() && t.Field(i).IsExported() {
				v.Field(i).Set(everything(t.Field(i).Type))
			}
		}
	}
	return v
}

// typeless are the operations of whose reply the Go client has no type, or only a part, and why.
var typeless = map[string]string{
	"getHealth":     "it is one word",
	"getCompliance": "it is signed: Raw has it as it came",
	"getStatement":  "it is signed: Raw has it as it came",
	"resetPassword": "it is one word",
}

// shapes compares types and values with schemas of the document.
type shapes struct{ root map[string]any }

// parts gives the schemas of which a value may be, references followed.
func (d shapes) parts(v any) (out []map[string]any) {
	s, _ := v.(map[string]any)
	for _, word := range []string{"oneOf", "anyOf", "allOf"} {
		some, _ := s[word].([]any)
		for _, part := range some {
			out = append(out, d.parts(part)...)
		}
	}
	ref, is := s["$ref"].(string)
	if !is {
		return append(out, s)
	}
	at := any(d.root)
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(map[string]any)[name]
	}
	return append(out, d.parts(at)...)
}

// missing lists the members of a schema, as paths, that a Go type has no field for.
func (d shapes) missing(schema any, t reflect.Type, at string) (out []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[json.RawMessage]() || t.Kind() == reflect.Interface {
		return nil // which hold anything
	}
	for _, s := range d.parts(schema) {
		named, _ := s["properties"].(map[string]any)
		switch {
		case t.Kind() == reflect.Slice && s["items"] != nil:
			out = append(out, d.missing(s["items"], t.Elem(), at+"/0")...)
		case t.Kind() == reflect.Slice && named["data"] != nil: // a list that is whole, as its rows
			out = append(out, d.missing(named["data"], t, at+"/data")...)
		case t.Kind() == reflect.Map:
			out = append(out, d.missing(s["additionalProperties"], t.Elem(), at+"/*")...)
		case t.Kind() == reflect.Struct:
			fields := fieldsOf(t)
			for _, name := range slices.Sorted(maps.Keys(named)) {
				if field, has := fields[name]; has {
					out = append(out, d.missing(named[name], field, at+"/"+name)...)
				} else {
					out = append(out, at+"/"+name)
				}
			}
		case len(named) > 0:
			out = append(out, at+"/")
		}
	}
	return out
}

// fieldsOf are the types of a struct's fields by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			out[name] = f.Type
		}
	}
	return out
}

// differences lists the members of a schema that a value does not have, and those of the value
// that the schema does not.
func (d shapes) differences(schema, v any, at string) (unsaid, unknown []string) {
	add := func(schema, v any, at string) {
		less, more := d.differences(schema, v, at)
		unsaid, unknown = append(unsaid, less...), append(unknown, more...)
	}
	for _, s := range d.parts(schema) {
		named, closed := s["properties"].(map[string]any)
		switch v := v.(type) {
		case []any:
			for _, element := range v {
				add(s["items"], element, at+"/0")
			}
		case map[string]any:
			if _, any := v["x"]; any { // a map, which can have each
				continue
			}
			for _, name := range slices.Sorted(maps.Keys(named)) {
				if inner, has := v[name]; has {
					add(named[name], inner, at+"/"+name)
				} else {
					unsaid = append(unsaid, at+"/"+name)
				}
			}
			for name := range v {
				if _, has := named[name]; closed && !has {
					unknown = append(unknown, at+"/"+name)
				}
			}
		}
	}
	return unsaid, unknown
}

// reply is the schema of an operation's reply in JSON; nil where it has none.
func (d shapes) reply(op *apitest.Operation) any {
	at := any(d.root)
	for _, name := range []string{"paths", op.Path, strings.ToLower(op.Method), "responses"} {
		at = at.(map[string]any)[name]
	}
	for status, reply := range at.(map[string]any) {
		for _, r := range d.parts(reply) {
			content, _ := r["content"].(map[string]any)
			if media, is := content["application/json"].(map[string]any); is && status[0] == '2' {
				return media["schema"]
			}
		}
	}
	return nil
}

// gaps are what no method of the client reads or says, by operation.
type gaps map[string][]string

// narrow leaves those of an operation that another method of it has too.
func (g gaps) narrow(id string, of []string) {
	if before, asked := g[id]; asked {
		of = slices.DeleteFunc(of, func(gap string) bool { return !slices.Contains(before, gap) })
	}
	g[id] = of
}

// TestTheClientKnowsEveryMember calls every method of the Go client with all that can be given
// to it. Each member of a reply has to have a field in what a method returns, and a method has
// to be able to give each member of a body and each parameter of a query, and gives no others.
func TestTheClientKnowsEveryMember(t *testing.T) {
	l, c := listening(t)
	text, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var d shapes
	if err := json.Unmarshal(text, &d.root); err != nil {
		t.Fatal(err)
	}
	untyped, unasked, unsaid := gaps{}, gaps{}, gaps{}
	l.each(t, c.ForSite("shop"), everything, func(method string, out []reflect.Value, requests []heard) {
		if op := requests[len(requests)-1].op; len(out) == 2 && d.reply(op) != nil {
			untyped.narrow(op.ID, d.missing(d.reply(op), out[0].Type(), ""))
		}
		for _, r := range requests {
			var without []string
			for _, p := range r.op.Parameters {
				if p.In == "query" && !r.query.Has(p.Name) {
					without = append(without, "?"+p.Name)
				}
				r.query.Del(p.Name)
			}
			unasked.narrow(r.op.ID, without)
			for name := range r.query {
				t.Errorf("%s asks %s with ?%s, which the document does not have", method, r.op.ID, name)
			}
			if r.body == nil {
				continue
			}
			less, more := d.differences(r.op.Bodies["application/json"].Schema, r.body, "")
			unsaid.narrow(r.op.ID, less)
			for _, name := range more {
				t.Errorf("%s gives %s %s, which the document does not have", method, r.op.ID, name)
			}
		}
	})
	for _, op := range l.Operations() {
		if clientless[op.ID] != "" {
			continue
		}
		gap, typed := untyped[op.ID]
		if d.reply(op) != nil && (!typed || len(gap) > 0) != (typeless[op.ID] != "") {
			t.Errorf("%s: of its reply no method of the client reads %q, reads some: %v; add fields, or a reason in typeless", op.ID, gap, typed)
		}
		said, given := unsaid[op.ID]
		if op.Bodies["application/json"].Schema != nil && !given {
			t.Errorf("%s: no method of the client gives it a body", op.ID)
		}
		if all := slices.Concat(unasked[op.ID], said); len(all) > 0 {
			t.Errorf("%s: no method of the client can give it %q", op.ID, all)
		}
	}
}
