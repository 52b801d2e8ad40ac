package webhook

import (
	"math/rand/v2"
	"time"
)

// delays are how long after an attempt that failed the next one comes; the last attempt is
// about three days after the first (the schedule of Standard Webhooks 1.0.0).
var delays = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

const (
	attempts  = 10             // of one event, in all
	mostDelay = 24 * time.Hour // however long an endpoint asks to be left alone
)

// next is how long to wait after so many attempts, all of which failed; false = it was the last.
// asked is what the endpoint wants (Retry-After), which may only make it longer. Up to a tenth
// more is added by chance, so that what failed together does not come back together.
func next(made int, asked time.Duration) (time.Duration, bool) {
	if made < 1 || made >= attempts {
		return 0, false
	}
	wait := max(delays[made-1], min(asked, mostDelay))
	return wait + rand.N(wait/10+1), true
}
