package test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"creditmsg/client"
)

// proof reports whether the crash proofs run at their full size, as make proof does.
func proof() bool { return os.Getenv("CREDITMSG_PROOF") != "" }

// Sizes of the proofs.
var (
	fullCrash = crashSize{people: 20_000, calls: 24, letters: 6, every: 1, speed: 400,
		timeout: 2 * time.Second, grace: time.Second, lease: 3 * time.Second, unheard: time.Minute}
	smallCrash = crashSize{people: 200, calls: 3, letters: 1, speed: 50,
		timeout: 500 * time.Millisecond, grace: 500 * time.Millisecond, lease: time.Second, unheard: 10 * time.Second}
)

// crashSizeOf is the size of the day.
func crashSizeOf(t *testing.T) crashSize {
	together(t)
	if proof() {
		return fullCrash
	}
	return smallCrash
}

// together runs the small proofs at once: they mostly wait.
func together(t *testing.T) {
	if !proof() {
		t.Parallel()
	}
}

// crashed runs a proof of a size to its end.
func crashed(t *testing.T, database string, size crashSize, blind bool) {
	together(t)
	m := newMortal(t, database, size, blind)
	begun := time.Now()
	id := m.accepted()
	m.haunt()
	last := m.settled(id, crashPatience+size.expire)
	m.account(last)
	t.Logf("%s: %s; done after %s; %s", t.Name(), m.tally, time.Since(begun).Round(time.Second), states(last.Counts))
}

// crashPatience is how long a message may take after the last kill.
const crashPatience = 5 * time.Minute

func TestAProgramThatIsKilledLosesNobodyAndSendsNothingTwice(t *testing.T) {
	size := crashSizeOf(t)
	onEachEngine(t, func(t *testing.T, database string) { crashed(t, database, size, false) })
}

// What a provider that cannot be asked took stays unknown until its report comes; what
// it did not take is never sent again, and expires.
func TestWhereNobodyCanBeAskedAKillCostsAtMostTheCallsThatItHit(t *testing.T) {
	size := crashSizeOf(t)
	size.expire = size.unheard
	onEachEngine(t, func(t *testing.T, database string) { crashed(t, database, size, true) })
}

// states tells how many recipients ended how.
func states(c client.Counts) string {
	return fmt.Sprintf("%d delivered, %d failed, %d expired", c.Delivered, c.Failed, c.Expired)
}
