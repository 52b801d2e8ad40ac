package test

import (
	"fmt"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/db/dbtest"
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

// What is killed at any moment comes back and goes on: nobody gets a leg twice, nobody
// is forgotten, and every won is accounted for.
func TestWhatIsKilledLosesNobodyAndSendsNothingTwice(t *testing.T) {
	size, kills, engines, blind := smallCrash, 1, dbtest.Engines()[:1], dbtest.Engines()[:1]
	switch {
	case proof():
		size, kills, engines, blind = fullCrash, 10, dbtest.Engines(), dbtest.Engines()
	case testing.Short():
		size.calls, blind = 1, nil
	}
	busy := size
	busy.speed = 0 // no limit: the messages are many
	var all []crash
	for _, engine := range engines {
		all = append(all, crash{"the program on " + engine, func(t *testing.T) { crashed(t, dbtest.URL(t, engine), size, false) }},
			crash{"the program on " + engine + " while it accepts", func(t *testing.T) { answeredFor(t, dbtest.URL(t, engine), busy, kills, 20*kills) }})
	}
	for _, engine := range blind {
		all = append(all, crash{"the program on " + engine + ", where the provider cannot be asked", func(t *testing.T) { crashed(t, dbtest.URL(t, engine), size, true) }})
	}
	for _, engine := range dbtest.Engines() {
		if engine != "sqlite" { // which has no server
			all = append(all, crash{"the server of " + engine, func(t *testing.T) { unserved(t, engine, size, kills) }})
		}
	}
	var running sync.WaitGroup
	for _, c := range all {
		if proof() {
			t.Run(c.what, c.run)
		} else {
			running.Go(func() { t.Run(c.what, c.run) }) // the small ones mostly wait, and do it together
		}
	}
	running.Wait()
}

// crash is a proof of what is killed.
type crash struct {
	what string
	run  func(t *testing.T)
}

// crashed kills the program. What a provider that cannot be asked took stays unknown
// until its report comes; what it did not take is never sent again, and expires.
func crashed(t *testing.T, database string, size crashSize, blind bool) {
	if blind {
		size.expire = size.unheard
	}
	m := newMortal(t, database, size, blind)
	begun := time.Now()
	id := m.accepted()
	m.haunt()
	last := m.settled(id, crashPatience+size.expire)
	m.account(last)
	t.Logf("%s: %s; done after %s; %s", proofOf(t), m.tally, time.Since(begun).Round(time.Second), states(last.Counts))
}

// unserved kills the server of the program's database.
func unserved(t *testing.T, name string, size crashSize, kills int) {
	e, database := newEngine(t, name)
	m := newMortal(t, database, size, false)
	begun := time.Now()
	id := m.accepted()
	m.outlives(e, kills)
	last := m.settled(id, crashPatience)
	m.account(last)
	t.Logf("%s: %d kills; done after %s; %s", proofOf(t), kills, time.Since(begun).Round(time.Second), states(last.Counts))
}

// proofOf is what is being killed, for people.
func proofOf(t *testing.T) string { return strings.ReplaceAll(path.Base(t.Name()), "_", " ") }

// crashPatience is how long a message may take after the last kill.
const crashPatience = 5 * time.Minute

// states tells how many recipients ended how.
func states(c client.Counts) string {
	return fmt.Sprintf("%d delivered, %d failed, %d expired", c.Delivered, c.Failed, c.Expired)
}
