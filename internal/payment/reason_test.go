package payment

import (
	"strings"
	"testing"
	"unicode"
)

func TestEveryReasonIsSaidInBothLanguages(t *testing.T) {
	for r, n := range reasons {
		if !strings.ContainsFunc(n.korean, func(c rune) bool { return unicode.Is(unicode.Hangul, c) }) {
			t.Errorf("%s: the Korean sentence %q has no Hangul", r, n.korean)
		}
		if n.english == "" || strings.ContainsFunc(n.english, func(c rune) bool { return c > unicode.MaxASCII }) {
			t.Errorf("%s: the English sentence %q is not plain", r, n.english)
		}
		if n.dead && n.operators {
			t.Errorf("%s is both the card's and the operator's", r)
		}
	}
}

func TestAReasonOutsideTheListIsOneThatIsNotKnown(t *testing.T) {
	later := Reason("made_up_later")
	if later.Korean() != UnknownRefusal.Korean() || later.English() != UnknownRefusal.English() || later.Dead() || later.Operators() {
		t.Errorf("%s: %q %q dead %v operators %v", later, later.Korean(), later.English(), later.Dead(), later.Operators())
	}
}

func TestWhatIsForgottenIsUnknown(t *testing.T) {
	if s := (Result{}).State; s != Unknown || s.Taken() {
		t.Errorf("the zero Result is %s", s)
	}
	if s := (CancelResult{}).State; s != CancelUnknown {
		t.Errorf("the zero CancelResult is %s", s)
	}
}
