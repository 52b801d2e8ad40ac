package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// A value of a body is a member list, a list, a text, or raw: anything that JSON can hold, and
// what it cannot.
type (
	members []member // an object, whose members may come twice
	member  struct {
		name  string
		value any
	}
	raw string // written as it is
)

// written is a value as the bytes of a body.
func written(v any) []byte {
	var b bytes.Buffer
	write(&b, v)
	return b.Bytes()
}

func write(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case members:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, m.name)
			b.WriteByte(':')
			write(b, m.value)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, inner := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, inner)
		}
		b.WriteByte(']')
	case raw:
		b.WriteString(string(v))
	default:
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte("null")
		}
		b.Write(text)
	}
}

// valueOf is an example as a value that can be spoiled.
func valueOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := members{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, member{name, valueOf(v[name])})
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = valueOf(v[i])
		}
		return out
	}
	return v
}

// inventor makes values that a schema allows, as far as a schema tells.
type inventor struct {
	d *Document
	r *rand.Rand
	k *Known
}

const deepest = 6

func (g *inventor) value(schema map[string]any, name string, depth int) any {
	s, _ := g.d.resolved(schema)
	for _, all := range []string{"oneOf", "anyOf"} {
		if choices := list(s[all]); len(choices) > 0 {
			return g.value(object(choices[g.r.IntN(len(choices))]), name, depth)
		}
	}
	if choices := list(s["enum"]); len(choices) > 0 {
		return choices[g.r.IntN(len(choices))]
	}
	kind, _ := s["type"].(string)
	if kinds := list(s["type"]); len(kinds) > 0 {
		kind, _ = kinds[g.r.IntN(len(kinds))].(string)
	}
	switch kind {
	case "object":
		return g.object(s, depth)
	case "array":
		return g.array(s, name, depth)
	case "string":
		return g.text(s, name)
	case "integer", "number":
		return raw(fmt.Sprint(g.number(s)))
	case "boolean":
		return g.r.IntN(2) == 0
	case "null":
		return nil
	}
	return members{{"key", g.text(nil, name)}}
}

func (g *inventor) object(s map[string]any, depth int) any {
	out := members{}
	required := list(s["required"])
	properties := object(s["properties"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(required, any(name)) || depth < deepest && g.r.IntN(2) == 0 {
			out = append(out, member{name, g.value(object(properties[name]), name, depth+1)})
		}
	}
	if more, open := s["additionalProperties"].(map[string]any); open && depth < deepest {
		for range g.r.IntN(3) {
			name := g.text(nil, "key")
			out = append(out, member{name, g.value(more, name, depth+1)})
		}
	}
	return out
}

func (g *inventor) array(s map[string]any, name string, depth int) any {
	out := []any{}
	for range 1 + g.r.IntN(3) {
		out = append(out, g.value(object(s["items"]), name, depth+1))
	}
	return out
}

func (g *inventor) number(s map[string]any) int64 {
	least, most := bound(s["minimum"], -5), bound(s["maximum"], 1000)
	if most <= least {
		most = least + 1000
	}
	return least + g.r.Int64N(most-least+1)
}

func bound(v any, otherwise int64) int64 {
	if n, ok := v.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i
		}
	}
	return otherwise
}

// text is a text that the schema allows, or one that its name asks for.
func (g *inventor) text(s map[string]any, name string) string {
	if pattern, ok := s["pattern"].(string); ok {
		return rapid.StringMatching(pattern).Example(g.r.IntN(1000))
	}
	if shown := list(s["examples"]); len(shown) > 0 && g.r.IntN(3) > 0 {
		return plainText(shown[g.r.IntN(len(shown))])
	}
	if s["format"] == "date-time" {
		return pickOne(g.r, "2026-12-01T00:00:00Z", "2026-11-30T23:59:59.999999+09:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
	}
	switch {
	case strings.Contains(name, "to") || strings.Contains(name, "number") || strings.Contains(name, "mobile") || strings.Contains(name, "phone"):
		return fmt.Sprintf(pickOne(g.r, "010-%04d-%04d", "010%04d%04d", "+8210%04d%04d"), g.r.IntN(10000), g.r.IntN(10000))
	case strings.Contains(name, "url"):
		return pickOne(g.r, "https://shop.example/", "https://shop.example/#{이름}", "javascript:alert(1)", "http://127.0.0.1:1/")
	case strings.Contains(name, "email"):
		return "owner@shop.example"
	}
	return pickOne(g.r, plainTexts...)
}

var plainTexts = []string{"a", "단골", "안녕하세요 #{이름}님", "카지노", "RESERVE_01", "lms-by-kakao", "@flowers", "2026-11", "2026-11-01", "18.00", "0", "🌸", "sms", "solapi", strings.Repeat("가", 60)}

func pickOne[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }
