package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// OpenAPI30 gives the document as OpenAPI 3.0.3, for generators that do not read 3.1. It says
// the same in the older words.
func OpenAPI30() ([]byte, error) {
	text, err := OpenAPI()
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	doc["openapi"] = "3.0.3"
	if info, ok := doc["info"].(map[string]any); ok {
		if license, ok := info["license"].(map[string]any); ok {
			delete(license, "identifier")
			license["url"] = "https://opensource.org/license/mit"
		}
	}
	doc["x-webhooks"] = doc["webhooks"] // 3.0 has no word for them
	delete(doc, "webhooks")
	older(doc)
	if text, err = json.MarshalIndent(doc, "", "  "); err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return text, nil
}

// older puts everything below v into the words of 3.0. Examples are data, and stay.
func older(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if name == "schema" || name == "items" || name == "additionalProperties" {
				olderSchema(inner)
			}
			if named, ok := inner.(map[string]any); ok && (name == "properties" || name == "schemas") {
				for _, s := range named {
					olderSchema(s)
				}
			}
			if name != "example" && name != "examples" {
				older(inner)
			}
		}
	case []any:
		for _, inner := range v {
			olderSchema(inner)
			older(inner)
		}
	}
}

// olderSchema changes one schema; what is none has nothing that it changes.
func olderSchema(v any) {
	s, ok := v.(map[string]any)
	if !ok {
		return
	}
	if types, ok := s["type"].([]any); ok {
		s["nullable"] = slices.Contains(types, any("null"))
		s["type"] = types[slices.IndexFunc(types, func(t any) bool { return t != "null" })]
	}
	if choices, ok := s["oneOf"].([]any); ok && len(choices) == 2 && isNull(choices[1]) {
		delete(s, "oneOf")
		s["type"], s["allOf"], s["nullable"] = "object", choices[:1], true
	}
	if ref, ok := s["$ref"]; ok && len(s) > 1 && s["name"] == nil { // beside which nothing else counts
		rest := maps.Clone(s)
		clear(s)
		delete(rest, "$ref")
		maps.Copy(s, rest)
		s["allOf"] = []any{map[string]any{"$ref": ref}}
	}
	if shown, ok := s["examples"].([]any); ok && len(shown) > 0 {
		delete(s, "examples")
		s["example"] = shown[0]
	}
	for bound, name := range map[string]string{"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"} {
		if n, ok := s[name].(float64); ok {
			s[bound], s[name] = n, true
		}
	}
	if s["contentEncoding"] != nil || s["contentMediaType"] != nil {
		format := "binary"
		if s["contentEncoding"] == "base64" {
			format = "byte"
		}
		delete(s, "contentEncoding")
		delete(s, "contentMediaType")
		s["format"] = format
	}
}

func isNull(v any) bool {
	s, ok := v.(map[string]any)
	return ok && s["type"] == "null"
}
