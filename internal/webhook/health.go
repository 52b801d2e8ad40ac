package webhook

import (
	"time"

	"creditmsg/internal/db"
)

// How an endpoint does, and what follows from it, is decided here, without a database.

// health is what the last attempts at an endpoint came to.
type health struct {
	failures     int     // in succession
	failingSince db.Time // the first of them
	restingUntil db.Time // it is left alone until then
	warnedAt     db.Time // its site was told that it fails; 0 = it was not
	slow         flag    // it lets who asks it wait, and is served apart from the others
}

const (
	slowFrom   = 2 * time.Second // an answer that takes longer makes an endpoint a slow one
	patientFor = 5               // failures in succession that are followed by no rest
	firstRest  = 5 * time.Second
	longRest   = 5 * time.Minute
)

// after gives the health after one more attempt.
func (h health) after(a answer, now db.Time) health {
	h.slow = flag(a.took > slowFrom)
	if a.result == delivered {
		return health{slow: h.slow}
	}
	h.failures++
	if h.failingSince == 0 {
		h.failingSince = now
	}
	rest := rest(h.failures, a.result == timedOut)
	if a.throttles() {
		rest = max(rest, min(a.retryAfter, mostDelay))
	}
	if rest > 0 {
		h.restingUntil = now.Add(rest)
	}
	return h
}

// rest is how long an endpoint is left alone after so many failures in succession. One event
// follows its own schedule, whose pauses are longer; this one keeps many events from being
// tried one after the other where nobody answers. Who hangs costs most.
func rest(failures int, hangs bool) time.Duration {
	if hangs {
		failures += patientFor - 1
	}
	if failures < patientFor {
		return 0
	}
	return min(firstRest<<min(failures-patientFor, 10), longRest)
}

// troubled reports whether it gets one request at a time.
func (h health) troubled() bool { return h.failures > 0 }
