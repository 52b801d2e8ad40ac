package paymenttest

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/payment"
)

// Lie is an adapter that breaks one sentence of the contract: the suite must find it, since a
// suite that cannot fail proves nothing.
type Lie struct {
	Sentence string // the name of the test that finds it
	Tell     func(honest payment.Gateway) payment.Gateway
}

const (
	// liarVariable names the liar that a process is to try.
	liarVariable = "CREDITMSG_TEST_LIAR"

	// honesty is a sentence that an adapter without a lie must get past.
	honesty = "money is taken once and said to be"
)

// TryLiar is the suite before the liar that the environment names; without one it has nothing
// to try. It is the body of TestALiar, in a package that calls FindLiars.
func TryLiar(t *testing.T, h Harness, lies map[string]Lie) {
	name := os.Getenv(liarVariable)
	if name == "" {
		return
	}
	h.Patience = 3 * time.Second
	honest := h.New
	h.New = func(a payment.Account) (payment.Gateway, error) {
		g, err := honest(a)
		if err == nil && lies[name].Tell != nil {
			g = lies[name].Tell(g)
		}
		return g, err
	}
	Run(t, h)
}

// FindLiars runs TestALiar once for each lie, in a process of its own, and wants it to fail.
func FindLiars(t *testing.T, lies map[string]Lie) {
	for name, l := range lies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if passed, said := tryAlone(t, name, l.Sentence); passed || !strings.Contains(said, "--- FAIL: TestALiar/contract/") {
				t.Errorf("got past %q:\n%s", l.Sentence, said)
			}
		})
	}
	if passed, said := tryAlone(t, "nobody", honesty); !passed || !strings.Contains(said, "--- PASS: TestALiar/contract/") {
		t.Errorf("an honest adapter was not let past:\n%s", said)
	}
}

func tryAlone(t *testing.T, name, sentence string) (passed bool, said string) {
	pattern := "^TestALiar$/^contract$/^" + strings.ReplaceAll(sentence, " ", "_") + "$"
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern, "-test.v", "-test.timeout=2m")
	c.Env = append(os.Environ(), liarVariable+"="+name)
	out, err := c.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatalf("run the suite: %v", err)
	}
	return err == nil, string(out)
}
