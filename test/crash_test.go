package test

import (
	"os"
	"testing"
	"time"

	"creditmsg/internal/db/dbtest"
)

// proof reports whether the crash proofs run at their full size, as make proof does.
func proof() bool { return os.Getenv("CREDITMSG_PROOF") != "" }

// Sizes of the proofs.
var (
	fullCrash = crashSize{people: 20_000, calls: 24, letters: 6, speed: 400,
		timeout: 2 * time.Second, grace: time.Second, lease: 3 * time.Second}
	smallCrash = crashSize{people: 200, calls: 3, letters: 1, speed: 50,
		timeout: 500 * time.Millisecond, grace: 500 * time.Millisecond, lease: time.Second}
)

func TestAProgramThatIsKilledLosesNobodyAndSendsNothingTwice(t *testing.T) {
	size, engines := smallCrash, dbtest.Engines()
	if proof() {
		size = fullCrash
	}
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			m := newMortal(t, dbtest.URL(t, engine), size, false)
			begun := time.Now()
			id := m.accepted()
			m.haunt()
			last := m.settled(id, 5*time.Minute)
			m.account(last)
			t.Logf("%s: %s; %s; %+v", engine, m.tally, time.Since(begun).Round(time.Second), last.Counts)
		})
	}
}
