package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestTheOlderDocumentSaysTheSameInOlderWords(t *testing.T) {
	text, err := OpenAPI30()
	if err != nil {
		t.Fatal(err)
	}
	var old map[string]any
	if err := json.Unmarshal(text, &old); err != nil {
		t.Fatal(err)
	}
	_, whole := readDocument(t)
	if got, want := len(old["paths"].(map[string]any)), len(whole["paths"].(map[string]any)); got != want || old["openapi"] != "3.0.3" {
		t.Errorf("got %d paths of version %v, want %d", got, old["openapi"], want)
	}
	for name := range old {
		if !slices.Contains([]string{"openapi", "info", "servers", "paths", "components", "security", "tags", "externalDocs"}, name) && !strings.HasPrefix(name, "x-") {
			t.Errorf("the older document has no place for %s", name)
		}
	}
	nullable := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		m, ok := v.(map[string]any)
		if list, is := v.([]any); is {
			for _, inner := range list {
				walk(at, inner)
			}
		}
		if !ok {
			return
		}
		if _, is := m["type"].([]any); is || m["type"] == "null" {
			t.Errorf("%s has the type %v", at, m["type"])
		}
		if m["$ref"] != nil && len(m) > 1 {
			t.Errorf("%s says more beside its reference", at)
		}
		if m["nullable"] == true {
			nullable++
		}
		for _, newer := range []string{"contentMediaType", "contentEncoding", "identifier"} {
			if _, is := m[newer].(string); is {
				t.Errorf("%s says %s", at, newer)
			}
		}
		for name, inner := range m {
			if name != "example" {
				walk(at+"/"+name, inner)
			}
		}
	}
	walk("", old)
	if nullable < 20 {
		t.Errorf("only %d things may be null", nullable)
	}
}

func TestSchemasAreSaidInOlderWords(t *testing.T) {
	for newer, want := range map[string]string{
		`{"type":["string","null"],"examples":["a","b"]}`:      `{"example":"a","nullable":true,"type":"string"}`,
		`{"oneOf":[{"$ref":"#/x"},{"type":"null"}]}`:           `{"allOf":[{"$ref":"#/x"}],"nullable":true,"type":"object"}`,
		`{"$ref":"#/x","description":"d"}`:                     `{"allOf":[{"$ref":"#/x"}],"description":"d"}`,
		`{"$ref":"#/x"}`:                                       `{"$ref":"#/x"}`,
		`{"type":"number","exclusiveMinimum":1}`:               `{"exclusiveMinimum":true,"minimum":1,"type":"number"}`,
		`{"type":"string","contentMediaType":"application/x"}`: `{"format":"binary","type":"string"}`,
		`{"type":"string","contentEncoding":"base64"}`:         `{"format":"byte","type":"string"}`,
		`{"oneOf":[{"type":"string"},{"type":"integer"}]}`:     `{"oneOf":[{"type":"string"},{"type":"integer"}]}`,
	} {
		var s map[string]any
		if err := json.Unmarshal([]byte(newer), &s); err != nil {
			t.Fatal(err)
		}
		olderSchema(s)
		got, err := json.Marshal(s)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, want %s", newer, got, want)
		}
	}
}
