package delivery

import (
	"math"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"creditmsg/internal/db"
	"creditmsg/internal/provider"
)

// lane is how an account's messages over one channel fare: how many of those that it took
// in a second it told the end of in time, and how many of them were delivered.
type lane struct {
	slow  circuitbreaker.CircuitBreaker[any] // opens on messages that are late
	rests *rests
	open  map[int64]counts // by the second of the hand-over; of those not judged yet

	// Sums of what was judged, of which half is forgotten in every halfLife.
	handed, delivered float64
	summed            db.Time
}

// second names the legs that one account took over one channel within a second.
type second struct {
	Account string           `json:"account"`
	Channel provider.Channel `json:"channel"`
	At      int64            `json:"at"` // Unix time of the hand-over
}

// counts is what is known of them. Counts of several processes add up.
type counts struct {
	Handed    int `json:"handed,omitempty"`
	InTime    int `json:"in_time,omitempty"`   // their end was told in time, whatever it was
	Delivered int `json:"delivered,omitempty"` // and was a delivery
}

func (c counts) plus(o counts) counts {
	return counts{c.Handed + o.Handed, c.InTime + o.InTime, c.Delivered + o.Delivered}
}

const (
	halfLife  = 30 * time.Minute
	rateKnown = 200 // judged messages that make a rate
)

func newLane(o healthOptions) lane {
	l := lane{rests: &rests{}, open: map[int64]counts{}}
	// Messages that went before the shift are still late afterwards: only those of the
	// trickle may bring the account back.
	away := o.Late + judgeAfter + o.Rest
	l.slow = circuitbreaker.NewBuilder[any]().WithFailureRateThreshold(lateShare, lateSample, time.Minute).
		WithSuccessThresholdRatio(uint(math.Ceil(lateSample*(1-lateShare))), lateSample).WithDelay(away).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) { l.rests.moved(e, time.Now(), away) }).Build()
	return l
}

// share is the part of its usual traffic that the channel gets: a trickle while its
// messages are late, since nothing else tells when they are not any more.
func (l *lane) share(now time.Time) float64 {
	if l.slow.IsOpen() && l.slow.RemainingDelay() == 0 {
		l.slow.HalfOpen()
	}
	if !l.slow.IsClosed() {
		return trickle
	}
	return max(l.rests.share(now), trickle)
}

func (l *lane) count(at int64, c counts) { l.open[at] = l.open[at].plus(c) }

// judge closes the seconds whose messages have had their time. Of each it takes a sample,
// so that a second with a thousand messages does not weigh more than the others together.
func (l *lane) judge(now db.Time, late time.Duration) {
	edge := now.Add(-late - judgeAfter).Time().Unix()
	for at, c := range l.open {
		if at >= edge {
			continue
		}
		delete(l.open, at)
		if c.Handed == 0 {
			continue // told by a process that is away by now
		}
		l.sum(now, c)
		n := min(c.Handed, lateSample)
		inTime := (min(c.InTime, c.Handed)*n + c.Handed/2) / c.Handed
		for i := range n {
			if i < inTime {
				l.slow.RecordSuccess()
			} else {
				l.slow.RecordFailure()
			}
		}
	}
}

func (l *lane) sum(now db.Time, c counts) {
	if !l.summed.IsZero() && now > l.summed {
		keep := math.Exp2(-float64(now.Sub(l.summed)) / float64(halfLife))
		l.handed, l.delivered = l.handed*keep, l.delivered*keep
	}
	l.summed = max(l.summed, now)
	l.handed += float64(c.Handed)
	l.delivered += float64(min(c.Delivered, c.Handed))
}

func (l *lane) rate() (rate float64, known bool) {
	if l.handed < rateKnown {
		return 0, false
	}
	return l.delivered / l.handed, true
}
