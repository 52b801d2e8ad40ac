package delivery

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// rests is how an account comes back after it was left alone: slowly, and the slower the
// oftener that was needed lately. That keeps traffic from going to and fro: after a shift
// away nothing shifts back for a whole rest, and each further rest lasts twice as long.
type rests struct {
	n     int       // rests in a row
	until time.Time // the present one lasts
	back  time.Time // when it began to come back; zero while it rests, and for one that is well
}

const (
	longestRest = 8                // times the first one
	quietFor    = 10 * time.Minute // after so long without a rest the next is a first one
	comeback    = 0.1              // the share with which an account comes back
	doubling    = 10 * time.Second // the share doubles in this time, after a first rest
)

// moved follows a breaker.
func (r *rests) moved(e circuitbreaker.StateChangedEvent, now time.Time, rest time.Duration) {
	switch e.NewState {
	case circuitbreaker.OpenState:
		if r.n > 0 && !r.back.IsZero() && now.Sub(r.back) > quietFor {
			r.n = 0
		}
		r.n++
		r.until, r.back = now.Add(rest*time.Duration(r.times())), time.Time{}
	case circuitbreaker.ClosedState:
		r.back = now
	case circuitbreaker.HalfOpenState:
	}
}

// times is how much longer than the first one the present rest lasts.
func (r *rests) times() int { return min(1<<min(r.n-1, 10), longestRest) }

// share is the part of its usual traffic that the account gets.
func (r *rests) share(now time.Time) float64 {
	switch {
	case r.n == 0:
		return 1
	case now.Before(r.until):
		return 0
	case r.back.IsZero():
		return comeback
	}
	from := r.back
	if from.Before(r.until) {
		from = r.until // its breaker closed early: what others sent came through
	}
	share := comeback
	for step := doubling * time.Duration(r.times()); share < 1 && now.Sub(from) >= step; from = from.Add(step) {
		share *= 2
	}
	return min(share, 1)
}
