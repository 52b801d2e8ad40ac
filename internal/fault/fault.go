// Package fault is the one error type that crosses package borders: what went
// wrong (Kind), which promise of the contract names it (Code), what a person may
// read (Public) and where in the input it happened (Fields).
//
// The package that knows why an act failed decides Kind and Code there; nobody
// looks into error text later. An error that is not a fault is Internal, and its
// text is for the log alone. fault knows nothing of HTTP: package api maps a Kind
// to a status in one table.
//
// Sentences are written in English, where the knowledge is. A fault keeps the formats and the
// arguments that its sentences were made of, so that In can word them in another language; what
// is only a part of a sentence is a Phrase. Nobody joins sentences by hand.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind groups errors by what the caller can do about them.
type Kind uint8

// The kinds, in the order of the status table in package api.
const (
	Internal        Kind = iota // our mistake; the caller sees no inner text
	Invalid                     // the input is wrong and stays wrong when repeated
	NotFound                    // no such thing, or it belongs to another site
	Conflict                    // not possible in the present state
	Denied                      // known, but not allowed
	Unauthenticated             // not known
	NoCredit                    // the prepaid credit does not suffice
	TooMany                     // slow down and try again
	Upstream                    // a provider or gateway failed
	Unavailable                 // we cannot work now; try again
	Malformed                   // the input could not be read at all
	TooLarge                    // the input is larger than promised limits
	Unsupported                 // a media type that is not read here
	Locked                      // the site is suspended
)

// Codes of the public contract. The list is closed: a new one is a change of the
// contract, and a test in package api fails for one without a row there.
const (
	CodeMalformed           = "malformed"
	CodeUnauthenticated     = "unauthenticated"
	CodeInsufficientCredit  = "insufficient_credit"
	CodeForbidden           = "forbidden"
	CodeNotFound            = "not_found"
	CodeMethodNotAllowed    = "method_not_allowed"
	CodeStateConflict       = "state_conflict"
	CodeIdempotencyInFlight = "idempotency_in_flight"
	CodeIdempotencyMismatch = "idempotency_mismatch"
	CodeRefundExceeds       = "refund_exceeds"
	CodeCancelExceeds       = "cancel_exceeds"
	CodeAlreadyExists       = "already_exists"
	CodePreconditionFailed  = "precondition_failed"
	CodeBodyTooLarge        = "body_too_large"
	CodeHeadTooLarge        = "head_too_large"
	CodeTooManyRecipients   = "too_many_recipients"
	CodeUnsupportedMedia    = "unsupported_media_type"
	CodeValidation          = "validation"
	CodeNoRecipients        = "no_recipients"
	CodeUnknownTemplate     = "unknown_template"
	CodeTemplateNotApproved = "template_not_approved"
	CodeSenderNotRegistered = "sender_not_registered"
	CodeSenderMissing       = "sender_missing"
	CodeUnsupportedEncoding = "unsupported_encoding"
	CodeNoPhoneColumn       = "no_phone_column"
	CodeChannelNotAvailable = "channel_not_available"
	CodeNotSupported        = "not_supported"
	CodeSiteSuspended       = "site_suspended"
	CodeRateLimited         = "rate_limited"
	CodeInternal            = "internal"
	CodeUpstream            = "upstream"
	CodeUnavailable         = "unavailable"
)

// Field says what is wrong at one place of the input.
type Field struct {
	Pointer string // where: a JSON pointer such as /recipients/3/to, or /lines/17
	Detail  string // what is wrong there and what would be right
	Code    string // a code of the contract, or empty

	phrase *Phrase // what Detail was made of; nil = nobody knows any more
}

// Place makes a field.
func Place(pointer, code, format string, args ...any) Field {
	p := Say(format, args...)
	return Field{Pointer: pointer, Detail: p.text, Code: code, phrase: p}
}

// Equal reports whether two fields say the same; what their texts were made of does not count.
func (f Field) Equal(other Field) bool {
	return f.Pointer == other.Pointer && f.Detail == other.Detail && f.Code == other.Code
}

// Error is an error whose meaning is decided.
type Error struct {
	Kind       Kind
	Code       string
	Public     string         // one sentence for the user: what was tried, what to do
	Fields     []Field        // places in the input
	Extra      map[string]any // further public members, such as needed and available
	RetryAfter time.Duration  // when trying again makes sense; 0 = not said
	public     *Phrase        // what Public was made of
	err        error
}

// New makes a fault with a public sentence.
func New(k Kind, code, format string, args ...any) *Error {
	p := Say(format, args...)
	return &Error{Kind: k, Code: code, Public: p.text, public: p}
}

// Wrap makes a fault of err, whose own text stays private.
func Wrap(err error, k Kind, code, format string, args ...any) *Error {
	f := New(k, code, format, args...)
	f.err = err
	return f
}

// Check is the fault for input that is readable but wrong at one place: 422 validation.
func Check(pointer, format string, args ...any) *Error {
	f := New(Invalid, CodeValidation, "the request is not valid")
	f.Fields = []Field{Place(pointer, CodeValidation, format, args...)}
	return f
}

// Missing is the fault for a thing that is not there, or belongs to another site.
func Missing(what, name string) *Error {
	return New(NotFound, CodeNotFound, "there is no %s %q here", Word(what), name)
}

// At returns f with a place added.
func (f *Error) At(pointer, format string, args ...any) *Error {
	f.Fields = append(f.Fields, Place(pointer, f.Code, format, args...))
	return f
}

// Says returns f with another public sentence.
func (f *Error) Says(format string, args ...any) *Error {
	f.public = Say(format, args...)
	f.Public = f.public.text
	return f
}

// With returns f with a further public member, such as "needed".
func (f *Error) With(name string, value any) *Error {
	if f.Extra == nil {
		f.Extra = map[string]any{}
	}
	f.Extra[name] = value
	return f
}

// Error gives the text for logs: the public sentence, the places, the cause.
func (f *Error) Error() string {
	text := f.Public
	for _, p := range f.Fields {
		text += fmt.Sprintf("; %s: %s", p.Pointer, p.Detail)
	}
	if f.err != nil {
		text += ": " + f.err.Error()
	}
	return text
}

// Unwrap gives the cause, if any.
func (f *Error) Unwrap() error { return f.err }

// Of gives the fault inside err. An error without one becomes Internal with no
// inner text shown; nil stays nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return Wrap(err, Internal, CodeInternal, "something went wrong on our side")
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool {
	f, ok := errors.AsType[*Error](err)
	return ok && f.Kind == k
}
