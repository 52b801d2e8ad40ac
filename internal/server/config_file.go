package server

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"creditmsg/internal/fault"
)

// loading collects what is wrong, and remembers where each value was written.
type loading struct {
	places map[string]string // path of a key -> creditmsg.yaml:7 or CREDITMSG_LISTEN
	wrong  []fault.Field
}

// bad adds a complaint about the key at path, naming the place of it or of the
// nearest key around it.
func (l *loading) bad(path, format string, args ...any) {
	text := fault.Say(format, args...)
	place, known := l.places[path]
	for at := path; !known && at != ""; place, known = l.places[at] {
		at = parent(at)
	}
	switch {
	case !known:
		place = path
	case path != "":
		text = fault.Say("%s: %s", path, text)
	}
	l.wrong = append(l.wrong, fault.Place(place, fault.CodeValidation, "%s", text))
}

// badLine adds a complaint about a line where no key is known.
func (l *loading) badLine(source string, line int, format string, args ...any) {
	l.wrong = append(l.wrong, fault.Place(placeOf(source, line), fault.CodeValidation, format, args...))
}

func placeOf(source string, line int) string { return fmt.Sprintf("%s:%d", source, line) }

// yaml reads YAML text into the value that out points to. path is where that value
// stands in the configuration, "" for the whole of it.
//
// The text is walked beside the type first, because only that way every unknown key
// and every value of a wrong sort gets its line and a word on what would be right.
// The strict decoder after it is what fills out and has the last word.
func (l *loading) yaml(source, path string, data []byte, out any) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		l.badYAML(source, err)
		return
	}
	if len(file.Docs) > 1 {
		l.badLine(source, file.Docs[1].Start.Position.Line, "a second document after ---; one is read")
		return
	}
	before := len(l.wrong)
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return // the decoder would clear what is there already
	}
	w := walk{loading: l, source: source}
	w.value(path, reflect.TypeOf(out).Elem(), file.Docs[0].Body)
	if len(l.wrong) > before {
		return
	}
	if err := yaml.UnmarshalWithOptions(data, out, yaml.Strict()); err != nil {
		l.badYAML(source, err)
	}
}

// badYAML takes line and message from a YAML error, and not the excerpt of the source
// that it would print, which may hold secrets.
func (l *loading) badYAML(source string, err error) {
	y, ok := errors.AsType[yaml.Error](err)
	if !ok || y.GetToken() == nil {
		l.badLine(source, 1, "the YAML cannot be read: %v", err)
		return
	}
	l.badLine(source, y.GetToken().Position.Line, "the YAML cannot be read: %s", y.GetMessage())
}

// walk goes through YAML text and the type it is for side by side.
type walk struct {
	*loading
	source string
}

func (w walk) value(path string, t reflect.Type, n ast.Node) {
	w.places[path] = placeOf(w.source, n.GetToken().Position.Line)
	switch n := n.(type) {
	case *ast.NullNode: // the default
	case *ast.TagNode, *ast.AnchorNode, *ast.AliasNode:
		// A configuration has no use for them, and the decoder has crashed on some.
		w.bad(path, "tags (!), anchors (&) and aliases (*) are not read here; write the value out")
	case ast.MapNode:
		w.mapping(path, t, n)
	case *ast.SequenceNode:
		if t.Kind() != reflect.Slice {
			w.bad(path, "a list stands here; %s is wanted", wanted(t))
			return
		}
		for i, v := range n.Values {
			w.value(fmt.Sprintf("%s[%d]", path, i), t.Elem(), v)
		}
	default:
		if !fits(t, n) {
			w.bad(path, "%s is wanted", wanted(t))
		}
	}
}

func (w walk) mapping(path string, t reflect.Type, n ast.MapNode) {
	if t.Kind() != reflect.Struct {
		w.bad(path, "keys stand here; %s is wanted", wanted(t))
		return
	}
	for entries := n.MapRange(); entries.Next(); {
		token := entries.Key().GetToken()
		field, known := fieldType(t, token.Value)
		if !known {
			w.badLine(w.source, token.Position.Line, "unknown key %q%s", join(path, token.Value), suggestKey(path, token.Value))
			continue
		}
		at := join(path, token.Value)
		w.value(at, field, entries.Value())
		w.places[at] = placeOf(w.source, token.Position.Line)
	}
}

// fits reports whether a plain value can be what the type wants.
func fits(t reflect.Type, n ast.Node) bool {
	text := n.GetToken().Value
	switch {
	case t == reflect.TypeFor[time.Duration]():
		_, err := time.ParseDuration(text)
		return err == nil
	case t.Kind() == reflect.Int:
		_, is := n.(*ast.IntegerNode)
		return is
	case t.Kind() == reflect.Bool:
		_, is := n.(*ast.BoolNode)
		return is
	default:
		return t.Kind() == reflect.String
	}
}

// wanted names what a type is written as.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a time with its unit, such as 30m or 72h"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Struct:
		return "a block of keys (" + strings.Join(keysOf(t), ", ") + ")"
	default:
		return "text"
	}
}
