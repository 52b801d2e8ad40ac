package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Lookup gives the format of another language for an English one; false = there is none, and the
// English one stays. A sentence of which only its finished text is known is looked up by that: the
// format that it gets then has its arguments in it already.
type Lookup func(english string) (format string, ok bool)

// Phrase is English text of ours that remembers what it was made of, so that it can be worded in
// another language: a sentence, or a part of one that is an argument of another. It is an error
// too, for functions that say what is wrong and leave to their callers which fault that is.
type Phrase struct {
	text   string
	format string
	args   []any
}

// Say makes a phrase. Of its arguments those that are phrases, or errors that hold a phrase or a
// fault, are worded with it; everything else, such as what a person wrote, is shown as it is.
func Say(format string, args ...any) *Phrase {
	return &Phrase{text: fmt.Sprintf(format, args...), format: format, args: args}
}

// Word is a phrase without arguments: a word of a sentence, or a sentence that somebody passed on.
func Word(text string) *Phrase { return &Phrase{text: text} }

// Finished is a phrase of which only the English text is left, such as one that was stored, or that
// a library made. What it was made of is found again by comparing it with the formats that it could
// have; so Say and Word are better wherever the parts are at hand.
func Finished(text string) *Phrase { return &Phrase{text: text} }

// String gives the English text; no phrase has none.
func (p *Phrase) String() string {
	if p == nil {
		return ""
	}
	return p.text
}

// Error gives the English text.
func (p *Phrase) Error() string { return p.String() }

// Unwrap gives the errors among the arguments: who says more about an error still wraps it.
func (p *Phrase) Unwrap() (out []error) {
	for _, arg := range p.args {
		if err, ok := arg.(error); ok {
			out = append(out, err)
		}
	}
	return out
}

// In words the phrase by another language's format for the same arguments.
func (p *Phrase) In(say Lookup) string {
	if p.format == "" {
		return finishedIn(p.text, say)
	}
	format, ok := say(p.format)
	if !ok {
		format = p.format // such as "%s", or the arguments may have a wording by themselves
	}
	args := make([]any, len(p.args))
	for i, arg := range p.args {
		args[i] = argumentIn(arg, say)
	}
	return fmt.Sprintf(format, args...)
}

func finishedIn(text string, say Lookup) string {
	if format, ok := say(text); ok {
		return fmt.Sprintf(format, []any{}...)
	}
	return text
}

// argumentIn is an argument as a sentence in another language shows it.
func argumentIn(arg any, say Lookup) any {
	err, ok := arg.(error)
	if !ok {
		return arg
	}
	text := err.Error()
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		switch told := inner.(type) {
		case *Phrase:
			return strings.Replace(text, told.text, told.In(say), 1)
		case *Error:
			return strings.Replace(text, told.Error(), told.In(say).Error(), 1)
		}
	}
	return finishedIn(text, say)
}

// Sentence is the public sentence, for a fault that says the same to somebody else.
func (f *Error) Sentence() *Phrase { return remembered(f.public, f.Public) }

// Sentence is what is said of the place.
func (f Field) Sentence() *Phrase { return remembered(f.phrase, f.Detail) }

// remembered is the phrase that a text was made of, if it still is that text.
func remembered(p *Phrase, text string) *Phrase {
	if p == nil || p.text != text {
		return Finished(text)
	}
	return p
}

// In gives the fault worded in another language: its sentence and what is said of each place.
// Kind, code, members and cause stay, and so does the text of a cause, which is for the log.
func (f *Error) In(say Lookup) *Error {
	if f == nil {
		return nil
	}
	out := *f
	out.Public = f.Sentence().In(say)
	out.Fields = slices.Clone(f.Fields)
	for i, at := range out.Fields {
		out.Fields[i].Detail = at.Sentence().In(say)
	}
	return &out
}
