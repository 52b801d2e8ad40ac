package providertest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"creditmsg/internal/provider"
)

// Ending says how an act on what an account has ended: "done", "denied: " with the reason, or
// "open".
func Ending(err error) string {
	var d *provider.Denial
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &d):
		return "denied: " + string(d.Reason)
	}
	return "open"
}

// Kept holds a template that an adapter read from whatever came to what it promises of it.
func Kept(t testing.TB, k provider.KeptTemplate) {
	t.Helper()
	states := []provider.TemplateState{provider.TemplateUnknown, provider.TemplateDraft, provider.TemplateInspecting, provider.TemplateApproved,
		provider.TemplateRejected, provider.TemplateDormant, provider.TemplateBlocked}
	if !slices.Contains(states, k.State) {
		t.Errorf("a state that there is not: %+v", k)
	}
	for _, c := range k.Comments {
		if utf8.RuneCountInString(c.Text) > 500 || strings.ContainsAny(c.Text, "\r\n") {
			t.Errorf("a comment that is no line of 500 characters: %q", c.Text)
		}
	}
}
