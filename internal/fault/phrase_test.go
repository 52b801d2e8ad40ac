package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// french is another language for tests.
func french(english string) (string, bool) {
	format, ok := map[string]string{
		"want at most %d characters, this has %d": "%[2]d caractères sont trop : %[1]d au plus",
		"there is no %s %q here":                  "%[2]q : %[1]s introuvable",
		"template":                                "modèle",
		"the request is not valid":                "la demande n'est pas valable",
		"the file cannot be sent: %s":             "le fichier ne part pas : %s",
		"it looks like %s":                        "cela ressemble à %s",
		"a video":                                 "une vidéo",
		"it ends":                                 "il finit",
		"stored at 5%":                            "gardé à 5 %%",
	}[english]
	return format, ok
}

func TestAFaultIsWordedInAnotherLanguage(t *testing.T) {
	for name, c := range map[string]struct {
		f    *Error
		want string
	}{
		"arguments in another order": {New(Invalid, CodeValidation, "want at most %d characters, this has %d", 20, 25), "25 caractères sont trop : 20 au plus"},
		"a word of a sentence":       {Missing("template", "template"), `"template" : modèle introuvable`},
		"a phrase in a phrase": {New(Unsupported, CodeUnsupportedMedia, "the file cannot be sent: %s", Say("it looks like %s", Word("a video"))),
			"le fichier ne part pas : cela ressemble à une vidéo"},
		"a fault in a sentence":        {New(Invalid, CodeValidation, "the file cannot be sent: %s", New(Invalid, CodeValidation, "it ends")), "le fichier ne part pas : il finit"},
		"an error around a phrase":     {New(Invalid, CodeValidation, "the file cannot be sent: %s", fmt.Errorf("page 3: %w", Say("it ends"))), "le fichier ne part pas : page 3: il finit"},
		"an error around a fault":      {New(Invalid, CodeValidation, "the file cannot be sent: %s", fmt.Errorf("page 3: %w", New(Invalid, CodeValidation, "it ends"))), "le fichier ne part pas : page 3: il finit"},
		"an error of somebody else":    {New(Invalid, CodeValidation, "the file cannot be sent: %s", io.ErrUnexpectedEOF), "le fichier ne part pas : unexpected EOF"},
		"an error with a known text":   {New(Invalid, CodeValidation, "the file cannot be sent: %s", errors.New("it ends")), "le fichier ne part pas : il finit"},
		"what somebody wrote":          {New(Invalid, CodeValidation, "the file cannot be sent: %s", "it ends"), "le fichier ne part pas : it ends"},
		"a sentence that is only one":  {New(Invalid, CodeValidation, "%s", Word("it ends")), "il finit"},
		"a sentence that is not known": {New(Invalid, CodeValidation, "%d of %s are left", 3, Word("a video")), "3 of une vidéo are left"},
		"a finished text":              {New(Invalid, CodeValidation, "%s", Finished("stored at 5%")), "gardé à 5 %"},
		"another sentence":             {New(Invalid, CodeValidation, "it begins").Says("it ends"), "il finit"},
		"nothing said":                 {New(Invalid, CodeValidation, "%s", Word("")), ""},
	} {
		english := c.f.Public
		if got := c.f.In(french); got.Public != c.want || c.f.Public != english {
			t.Errorf("%s: got %q, want %q; the fault says %q", name, got.Public, c.want, c.f.Public)
		}
	}
}

func TestPlacesAreWordedAndEverythingElseStays(t *testing.T) {
	f := Wrap(io.EOF, Invalid, CodeSenderMissing, "the request is not valid").At("/a", "want at most %d characters, this has %d", 1, 2).With("left", 3)
	f.Fields = append(f.Fields, Place("/b", CodeValidation, "it ends"), Field{Pointer: "/c", Detail: "a video", Code: CodeValidation})
	f.RetryAfter = 5
	got := f.In(french)
	want := []Field{{Pointer: "/a", Detail: "2 caractères sont trop : 1 au plus", Code: CodeSenderMissing}, {Pointer: "/b", Detail: "il finit", Code: CodeValidation}, {Pointer: "/c", Detail: "une vidéo", Code: CodeValidation}}
	if diff := cmp.Diff(want, got.Fields); diff != "" {
		t.Errorf("fields (-want +got)\n%s", diff)
	}
	if got.Public != "la demande n'est pas valable" || got.Kind != Invalid || got.Code != CodeSenderMissing || !errors.Is(got, io.EOF) || got.RetryAfter != 5 || got.Extra["left"] != 3 {
		t.Errorf("got %+v", got)
	}
	if f.Fields[0].Detail != "want at most 1 characters, this has 2" || f.Fields[1].Detail != "it ends" {
		t.Errorf("the fault itself says %v", f.Fields)
	}
	if (*Error)(nil).In(french) != nil {
		t.Error("no fault became one")
	}
}

// TestATextThatWasChangedIsNotWordedByWhatItWas: what stands there counts.
func TestATextThatWasChangedIsNotWordedByWhatItWas(t *testing.T) {
	f := Check("/a", "it ends")
	f.Public, f.Fields[0].Detail = "it ends", "a video"
	if got := f.In(french); got.Public != "il finit" || got.Fields[0].Detail != "une vidéo" {
		t.Errorf("got %q and %v", got.Public, got.Fields)
	}
}

func TestAPhraseIsItsEnglishTextAndAnError(t *testing.T) {
	known := Say("it is known")
	p := Say("%s: %d bytes", known, 3)
	if p.String() != "it is known: 3 bytes" || p.Error() != p.String() || (*Phrase)(nil).String() != "" {
		t.Errorf("got %q", p)
	}
	if !errors.Is(p, known) || errors.Is(p, io.EOF) || !errors.Is(Wrap(p, Invalid, CodeValidation, "no: %s", p), known) {
		t.Error("an error that a phrase tells is not found in it")
	}
}

func TestASentenceIsSaidAgain(t *testing.T) {
	first := Missing("template", "A").At("/code", "it ends")
	again := New(Denied, CodeForbidden, "%s", first.Sentence()).At("/x", "%s", first.Fields[0].Sentence())
	if again.Public != first.Public || again.In(french).Public != `"A" : modèle introuvable` || again.In(french).Fields[0].Detail != "il finit" {
		t.Errorf("got %q, %v", again.Public, again.In(french))
	}
}

func TestFieldsThatSayTheSameAreEqual(t *testing.T) {
	if !Place("/a", CodeValidation, "%s", "x").Equal(Field{Pointer: "/a", Detail: "x", Code: CodeValidation}) || Place("/a", CodeValidation, "x").Equal(Place("/b", CodeValidation, "x")) {
		t.Error("what a field was made of counts, or its place does not")
	}
}

func ExampleError_In() {
	korean := func(english string) (string, bool) {
		format, ok := map[string]string{"there is no %s %q here": "%[1]s %[2]q을(를) 찾을 수 없습니다", "template": "템플릿"}[english]
		return format, ok
	}
	f := Missing("template", "RESERVE_01")
	fmt.Println(f.Public)
	fmt.Println(f.In(korean).Public)
	// Output:
	// there is no template "RESERVE_01" here
	// 템플릿 "RESERVE_01"을(를) 찾을 수 없습니다
}
