package upstream

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestABaseAddressIsReadOrSaysWhyNot(t *testing.T) {
	for text, want := range map[string]string{"": "", "https://x.example": "https://x.example", "http://x.example:80/a/": "http://x.example:80/a"} {
		if got, err := Base(text); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"x.example", "ftp://x.example", "https://", "https://x.example?a=b", "https://x.example#a", "https://a:b@x.example", "https://x.example/%zz"} {
		if got, err := Base(text); err == nil {
			t.Errorf("%q: got %q, want an error", text, got)
		}
	}
}

func TestOnlyWhatPeopleMayReadIsKeptOfACode(t *testing.T) {
	if got := Code(" A\x00B\n한C~"); got != "ABC~" {
		t.Errorf("got %q", got)
	}
	if got := Code(strings.Repeat("x", 100)); len(got) != maxCode {
		t.Errorf("got %d bytes, want %d", len(got), maxCode)
	}
}

func TestOnlyAWebAddressBecomesALink(t *testing.T) {
	const good = "https://x.example/r"
	if got := Link(good); got != good {
		t.Errorf("got %q", got)
	}
	for _, address := range []string{"", "javascript:alert(1)", "http://x.example", "https://x.example/" + strings.Repeat("x", maxLink)} {
		if got := Link(address); got != "" {
			t.Errorf("got %q", got)
		}
	}
}

func TestAFieldOfAnotherTypeIsPassedOverAndNothingElse(t *testing.T) {
	var v struct{ A, B string }
	if err := Lenient(json.Unmarshal([]byte(`{"A":1,"B":"b"}`), &v)); err != nil || v.B != "b" {
		t.Errorf("got %+v, %v", v, err)
	}
	if err := Lenient(json.Unmarshal([]byte(`{"A":`), &v)); err == nil {
		t.Error("half a text was read")
	}
}

func TestAPlainIDCanStandInAPath(t *testing.T) {
	for id, want := range map[string]bool{"G4V-2026_a": true, "": false, "../x": false, "a b": false, "a:b": false, "한": false,
		strings.Repeat("x", 64): true, strings.Repeat("x", 65): false} {
		if got := PlainID(id); got != want {
			t.Errorf("%q: got %v, want %v", id, got, want)
		}
	}
}
