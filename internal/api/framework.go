package api

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"creditmsg/internal/fault"
)

// huma words its own refusals (parameters, bodies, schemas) through these
// variables of the process, and this is the only package that uses huma: they are
// set once, before any route can be declared.
func init() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, text string, errs ...error) huma.StatusError {
		return problemOf(of(ctx.Context()), translate(status, text, errs))
	}
	huma.NewError = func(status int, text string, errs ...error) huma.StatusError {
		return problemOf(&exchange{}, translate(status, text, errs))
	}
	huma.DefaultArrayNullable = false
	validation.MsgExpectedRequiredProperty = missing + "%s"
}

// missing begins huma's sentence about a member that is not there, so that its name
// can be taken into the pointer: huma points to the object that lacks it.
const missing = "missing: "

// translate turns a refusal of the framework into a fault of ours.
func translate(status int, text string, errs []error) error {
	f := fault.New(fault.Malformed, fault.CodeMalformed, "the request cannot be read: %s", fault.Finished(text))
	switch status {
	case http.StatusBadRequest:
		for _, err := range errs {
			if d, ok := err.(huma.ErrorDetailer); ok {
				f = f.Says("the request cannot be read: %s", fault.Finished(d.ErrorDetail().Message))
			}
		}
		return f
	case http.StatusRequestEntityTooLarge:
		return tooLarge(maxBody)
	case http.StatusUnsupportedMediaType:
		return fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "send application/json")
	case http.StatusRequestTimeout:
		return f.Says("the body did not arrive in time")
	case http.StatusUnprocessableEntity:
		f = fault.New(fault.Invalid, fault.CodeValidation, "the request is not valid")
		for _, err := range errs {
			if d, ok := err.(huma.ErrorDetailer); ok {
				at, detail := pointer(d.ErrorDetail().Location), d.ErrorDetail().Message
				if name, is := strings.CutPrefix(detail, missing); is {
					_ = f.At(at+"/"+name, "missing")
					continue
				}
				_ = f.At(at, "%s", fault.Finished(detail))
			}
		}
		return f
	}
	// What remains is a body that could not be read to its end: our own handlers
	// give their faults themselves.
	return f.Says("the body could not be read to its end")
}

var index = regexp.MustCompile(`\[(\d+)\]`)

// pointer turns "body.buttons[2].name" into "/buttons/2/name" and "query.limit"
// into "/limit".
func pointer(location string) string {
	_, rest, found := strings.Cut(index.ReplaceAllString(location, ".$1"), ".")
	if !found {
		return ""
	}
	return "/" + strings.ReplaceAll(rest, ".", "/")
}
