package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"creditmsg/client"
	"creditmsg/internal/fault"
	"creditmsg/internal/server"
)

// usageError is a mistake on the command line that the parser cannot see.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// toldError says that the verb already told what went wrong.
type toldError struct{}

func (toldError) Error() string { return "the verb failed" }

// hintError carries a word on what to do about an error.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// tell writes an error for a person: one line, a line for each place in the input, and
// a line on what to do where there is something.
func (s *streams) tell(err error) {
	if _, told := errors.AsType[toldError](err); told {
		return
	}
	text, hint := err.Error(), ""
	var places []string
	if h, ok := errors.AsType[*hintError](err); ok {
		hint = h.hint
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		text = strings.Replace(text, f.Error(), f.Public, 1)
		for _, p := range f.Fields {
			places = append(places, fmt.Sprintf("  %s: %s", p.Pointer, p.Detail))
		}
	}
	if p, ok := errors.AsType[*client.Problem](err); ok {
		for _, e := range p.Errors {
			places = append(places, fmt.Sprintf("  %s: %s", e.Pointer, e.Detail))
		}
	}
	fmt.Fprintf(s.err, "creditmsg: %s\n", text)
	for _, p := range places {
		fmt.Fprintln(s.err, p)
	}
	if hint != "" {
		fmt.Fprintf(s.err, "  hint: %s\n", hint)
	}
}

// withHint adds what a user of the HTTP API can do about an error of a call to url. key
// is the Idempotency-Key of the call, "" when repeating it is harmless anyway.
func withHint(err error, url, key string) error {
	p, refused := errors.AsType[*client.Problem](err)
	_, local := errors.AsType[*fault.Error](err)
	hint := ""
	switch {
	case local:
	case refused:
		hint = problemHint(p)
	case errors.Is(err, syscall.ECONNREFUSED):
		hint = "no server listens at " + server.Address(url).String() + ": start one with creditmsg serve, or name another with --url or CREDITMSG_URL"
	case key != "" && (client.Temporary(err) || errors.Is(err, context.Canceled)):
		hint = "the answer was lost, so the message may have been accepted; repeat the command with --idempotency-key " + key +
			" and it is sent once at most"
	}
	if hint == "" {
		return err
	}
	return &hintError{err, hint}
}

func problemHint(p *client.Problem) string {
	switch {
	case p.Status == 401:
		return "give a valid token of the site with --token or CREDITMSG_TOKEN"
	case p.Status == 402 && p.Needed != "":
		return fmt.Sprintf("%s is needed and %s is available; top up the credit, or see the cost first with --dry-run", won(p.Needed), won(p.Available))
	case p.Status == 402:
		return "top up the credit, or see the cost first with --dry-run"
	case p.Status == 403:
		return "the token lacks an ability, such as messages:write"
	case p.Code == "":
		return "the reply is not one of Credit Messaging's; is --url right?"
	default:
		return ""
	}
}
