package api

import (
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// shape is what the type of an operation's reply says of it, found out once.
type shape struct {
	of     reflect.Type
	people bool // it shows numbers or names, which are masked
	secret bool // it shows a secret, once
	words  bool // it has sentences of ours, which are worded as the client reads them
}

func shapeOf(t reflect.Type) shape {
	return shape{of: t, people: hasMember(t, maskTag), secret: hasMember(t, secretTag), words: hasMember(t, wordsTag)}
}

// secretTag marks the members of replies that are shown once, where they are declared. Such a reply
// is kept for who asked for it, and given to nobody else who uses the same Idempotency-Key: another
// program of the site need not be one that may make what the secret opens.
const secretTag = "secret"

// hasMember reports whether views of a type have a member with a tag. What hides people in itself
// has no member of which that could be said.
func hasMember(t reflect.Type, tag string) bool { return has(t, tag, map[reflect.Type]bool{}) }

func has(t reflect.Type, tag string, seen map[reflect.Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	if tag == maskTag && reflect.PointerTo(t).Implements(reflect.TypeFor[veiled]()) {
		return true
	}
	if tag == wordsTag && t == reflect.TypeFor[personView]() {
		return true // of somebody who was not taken
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return has(t.Elem(), tag, seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get(tag) != "" || f.IsExported() && has(f.Type, tag, seen) {
				return true
			}
		}
	}
	return false
}

// describe tells who reads of an operation what is masked for whom, and that a secret is in its reply, or
// sentences that are worded for the client.
func (s shape) describe(op *huma.Operation) {
	if s.people {
		op.Extensions["x-masked"] = true
	}
	if s.secret {
		op.Extensions["x-secret"] = true
	}
	if s.words {
		for text, r := range op.Responses {
			if status, _ := strconv.Atoi(text); status < 300 {
				if r.Headers == nil {
					r.Headers = map[string]*huma.Param{}
				}
				r.Headers["Content-Language"] = &huma.Param{Schema: &huma.Schema{Type: huma.TypeString}}
			}
		}
	}
}
