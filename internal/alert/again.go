package alert

import (
	"math/rand/v2"
	"time"
)

// What a try came to, and when there is another one, is decided here.

// outcome is what a try came to.
type outcome string

const (
	sent    outcome = "sent"
	refused outcome = "refused"  // this contact is certainly not to be reached
	delayed outcome = "delayed"  // tried again
	givenUp outcome = "given_up" // tried for days
	dropped outcome = "dropped"  // the contact is not to be told any more
)

// result is what a try came to, before its age counts.
type result struct {
	outcome outcome
	slow    bool   // who refused it has to change something first
	why     string // for people and the log: a code, never somebody's words
}

// Limits of the time between tries. The pause grows with the age of the event, so that it
// needs no count: about half of it again, or twice it when somebody has to mend something.
const (
	firstPause   = 10 * time.Second
	slowPause    = time.Hour
	longestPause = time.Hour
	longestSlow  = 24 * time.Hour
	triedFor     = 3 * 24 * time.Hour
)

// again decides whether a try of an alert of this age is the last one, and otherwise after
// which time there is another.
func (r result) again(age time.Duration) (result, time.Duration) {
	if r.outcome != delayed {
		return r, 0
	}
	if age >= triedFor {
		r.outcome = givenUp
		return r, 0
	}
	pause := min(max(age/2, firstPause), longestPause)
	if r.slow {
		pause = min(max(age, slowPause), longestSlow)
	}
	return r, pause - rand.N(pause/4)
}
