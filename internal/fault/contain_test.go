package fault

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAPanicBecomesAnErrorThatTellsTheLogAlone(t *testing.T) {
	err := Contain("an act", func() error { panic("the inner text") })
	if !Is(err, Internal) || !strings.Contains(err.Error(), "an act panicked: the inner text") || !strings.Contains(err.Error(), "contain_test.go") {
		t.Errorf("the log would read %v", err)
	}
	if strings.Contains(Of(err).Public, "inner") {
		t.Errorf("the user would read %s", Of(err).Public)
	}
	if err := Contain("an act", func() error { return io.EOF }); !errors.Is(err, io.EOF) {
		t.Errorf("an error became %v", err)
	}
	if err := Contain("an act", func() error { return nil }); err != nil {
		t.Errorf("nothing became %v", err)
	}
}
