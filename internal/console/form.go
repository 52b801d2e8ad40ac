package console

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"creditmsg/client"
)

// form is what somebody typed, and what is wrong with it.
type form struct {
	url.Values
	Errors  map[string]string // by the field's name
	Problem string            // what is wrong with the whole; "" = nothing
	Kept    bool              // it was carried along from before the session was renewed
	Changed []change          // what somebody else changed meanwhile of what the form is about
}

// choice is one of what a field lets choose.
type choice struct{ Value, Text string }

// Names of fields that every form may have.
const (
	keyField  = "_key"  // the Idempotency-Key
	pathField = "_path" // where a form that is carried along goes to
)

// form gives what was sent, or what was carried along to here.
func (p *page) form() form {
	if p.typed != nil {
		return form{Values: p.typed, Kept: true}
	}
	if p.r.PostForm == nil {
		return form{Values: url.Values{}}
	}
	return form{Values: p.r.PostForm}
}

// Key is what makes a form one that is sent once, however often it is sent.
func (f form) Key() string {
	if key := f.Get(keyField); key != "" {
		return key
	}
	return rand.Text()
}

// Error is what is wrong with a field; "" = nothing.
func (f form) Error(name string) string { return f.Errors[name] }

// Filled is a form with what a thing is like now, if nothing else was typed.
func (f form) Filled(now map[string]string) form {
	if len(f.Values) > 0 {
		return f
	}
	f.Values = url.Values{}
	for name, value := range now {
		f.Set(name, value)
	}
	return f
}

// wrong notes a refusal beside its fields, and reports whether it is one that the form shows. Fields
// of the API have their place in the form by names, and by their own pointer otherwise: /text/body
// is text.body.
func (f *form) wrong(p *page, err error, names map[string]string) bool {
	var problem *client.Problem
	if !errors.As(err, &problem) || !shown(problem) {
		return false
	}
	f.Problem, f.Errors = problem.Detail, map[string]string{}
	if problem.Code == "idempotency_mismatch" {
		f.Del(keyField) // it was sent before and changed since: sent again, it is another one
	}
	inside := len(problem.Errors) > 0
	for _, at := range problem.Errors {
		name := nameOf(at.Pointer, names)
		if f.Errors[name] == "" {
			f.Errors[name] = at.Detail
		}
		if !f.Has(name) {
			inside = false // its sentence has no field to stand beside
			f.Problem = at.Detail
		}
	}
	if inside {
		f.Problem = p.say("form.wrong")
	}
	return true
}

// nameOf is the field of a form that a pointer of the API means.
func nameOf(pointer string, names map[string]string) string {
	if name, ok := names[pointer]; ok {
		return name
	}
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// unfit shows a page again whose form was refused.
func (p *page) unfit(name string, data any) error {
	return p.showAs(http.StatusUnprocessableEntity, name, data)
}

// shown reports whether a refusal is about what was typed, or about what there is, and may be
// answered by the same form.
func shown(problem *client.Problem) bool {
	switch problem.Status {
	case http.StatusPaymentRequired, http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusLocked, http.StatusTooManyRequests, http.StatusBadGateway:
		return true
	case http.StatusForbidden:
		return len(problem.Errors) > 0 // a password that was asked for again
	}
	return false
}

// wrongCode notes that a code of the second factor was wrong, or what else a refusal says.
func (f *form) wrongCode(p *page, err error) bool {
	if factorOf(err) == "" && !client.IsProblem(err, "forbidden") {
		return f.wrong(p, err, nil)
	}
	f.Errors = map[string]string{"code": p.say("confirm.wrong")}
	return true
}
