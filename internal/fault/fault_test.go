package fault

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOfGivesTheFaultHoweverDeepItIsWrapped(t *testing.T) {
	f := New(NotFound, CodeNotFound, "there is no message %q here", "msg_1")
	for name, err := range map[string]error{
		"bare":    f,
		"wrapped": fmt.Errorf("open message: %w", fmt.Errorf("look it up: %w", f)),
		"joined":  errors.Join(io.EOF, f),
	} {
		if got := Of(err); got != f {
			t.Errorf("%s: Of = %v, want the fault itself", name, got)
		}
		if !Is(err, NotFound) || Is(err, Internal) || Is(err, Conflict) {
			t.Errorf("%s: Is does not see the kind %d alone", name, NotFound)
		}
	}
}

func TestTheOuterFaultDecides(t *testing.T) {
	inner := New(NotFound, CodeNotFound, "there is no such row")
	outer := Wrap(inner, Unavailable, CodeUnavailable, "try again in a minute")
	if got := Of(fmt.Errorf("send: %w", outer)); got != outer {
		t.Errorf("Of = %v, want the outer fault", got)
	}
	if !Is(outer, Unavailable) || Is(outer, NotFound) {
		t.Error("the kind of the inner fault shows through")
	}
	if !errors.Is(outer, inner) {
		t.Error("the cause is lost")
	}
}

func TestAnErrorThatIsNoFaultIsInternalAndKeepsItsTextInside(t *testing.T) {
	secret := errors.New("dial 10.0.0.7: password hunter2 refused")
	f := Of(fmt.Errorf("settle: %w", secret))
	if f.Kind != Internal || f.Code != CodeInternal {
		t.Errorf("Of = kind %d, code %s; want internal", f.Kind, f.Code)
	}
	if strings.Contains(f.Public, "hunter2") || len(f.Fields) > 0 || len(f.Extra) > 0 {
		t.Errorf("the user would read %q, %v, %v", f.Public, f.Fields, f.Extra)
	}
	if !errors.Is(f, secret) || !strings.Contains(f.Error(), "hunter2") {
		t.Errorf("the log would read %q without the cause", f)
	}
	if Is(secret, Internal) {
		t.Error("Is takes an undecided error for a decided one")
	}
}

func TestOfNothingIsNothing(t *testing.T) {
	if f := Of(nil); f != nil {
		t.Errorf("Of(nil) = %v", f)
	}
	if Is(nil, Internal) {
		t.Error("Is(nil, Internal) = true")
	}
}

func TestWrapShowsItsSentenceAndHidesTheCause(t *testing.T) {
	f := Wrap(io.ErrUnexpectedEOF, Upstream, CodeUpstream, "%s does not answer", "solapi")
	if f.Public != "solapi does not answer" || f.Kind != Upstream || f.Code != CodeUpstream {
		t.Errorf("Wrap = %+v", f)
	}
	if want := "solapi does not answer: unexpected EOF"; f.Error() != want {
		t.Errorf("the log reads %q, want %q", f, want)
	}
	if !errors.Is(f, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}

func TestPlacesCarryTheCodeOfTheirFault(t *testing.T) {
	f := New(Invalid, CodeSenderMissing, "no sender").At("/text/from", "name one of %d", 3).At("/text", "or add a default")
	want := []Field{
		{Pointer: "/text/from", Detail: "name one of 3", Code: CodeSenderMissing},
		{Pointer: "/text", Detail: "or add a default", Code: CodeSenderMissing},
	}
	if diff := cmp.Diff(want, f.Fields); diff != "" {
		t.Errorf("fields (-want +got)\n%s", diff)
	}
	if want := "no sender; /text/from: name one of 3; /text: or add a default"; f.Error() != want {
		t.Errorf("the log reads %q, want %q", f, want)
	}
}

func TestCheckNamesOnePlace(t *testing.T) {
	f := Check("/recipients/3/to", "want at most %d characters", 20)
	want := []Field{{Pointer: "/recipients/3/to", Detail: "want at most 20 characters", Code: CodeValidation}}
	if diff := cmp.Diff(want, f.Fields); diff != "" || f.Kind != Invalid || f.Code != CodeValidation {
		t.Errorf("Check = %+v, fields (-want +got)\n%s", f, diff)
	}
}

func TestMissingNamesTheThing(t *testing.T) {
	f := Missing("template", "RESERVE_01")
	if f.Kind != NotFound || f.Code != CodeNotFound || f.Public != `there is no template "RESERVE_01" here` {
		t.Errorf("Missing = %+v", f)
	}
}

func TestWithAddsPublicMembers(t *testing.T) {
	f := New(NoCredit, CodeInsufficientCredit, "the credit does not suffice").With("needed", "18.00").With("available", "5.00")
	if diff := cmp.Diff(map[string]any{"needed": "18.00", "available": "5.00"}, f.Extra); diff != "" {
		t.Errorf("members (-want +got)\n%s", diff)
	}
}

func ExampleOf() {
	err := fmt.Errorf("send message: %w", Missing("template", "RESERVE_01"))
	f := Of(err)
	fmt.Println(f.Code, "—", f.Public)

	f = Of(errors.New("connection refused by 10.0.0.7"))
	fmt.Println(f.Code, "—", f.Public)
	// Output:
	// not_found — there is no template "RESERVE_01" here
	// internal — something went wrong on our side
}

func ExampleWrap() {
	err := Wrap(io.ErrUnexpectedEOF, Upstream, CodeUpstream, "solapi does not answer; the message stays queued")
	fmt.Println(err.Public)
	fmt.Println(err)
	// Output:
	// solapi does not answer; the message stays queued
	// solapi does not answer; the message stays queued: unexpected EOF
}

func ExampleIs() {
	err := fmt.Errorf("pause: %w", New(Conflict, CodeStateConflict, "the message is done"))
	fmt.Println(Is(err, Conflict), Is(err, NotFound), Is(io.EOF, Internal))
	// Output: true false false
}

func ExampleError_At() {
	err := New(Invalid, CodeUnsupportedEncoding, "the file is no text").At("/lines/17", "a byte is no character")
	fmt.Println(err)
	// Output: the file is no text; /lines/17: a byte is no character
}
