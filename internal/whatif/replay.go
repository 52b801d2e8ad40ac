package whatif

import (
	"time"

	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// fate is what is known of a leg over one channel of one person.
type fate uint8

const (
	unknown  fate = iota // he had none
	arrived              // it was delivered
	fellBack             // it failed in a way that lets a next step take over
	ended                // it failed, or nothing was heard, and no other leg could follow
)

// leg is what a person really had over one channel.
type leg struct {
	fate   fate
	handed bool          // over to a provider: it could arrive
	took   time.Duration // from its hand-over to its end; 0 = not known
}

// legs is what a person really had, by channel.
type legs [provider.Channels]leg

// lived tells what a final recipient really had.
func lived(r message.Recipient) (all legs) {
	for _, l := range r.History {
		if l.What != message.LegFailed || l.Step < 1 || l.Step > len(r.Steps) {
			continue
		}
		f := ended
		if l.Reason.FallsBack(r.Steps[l.Step-1].Channel) {
			f = fellBack
		}
		all[r.Steps[l.Step-1].Channel] = leg{f, !l.HandedAt.IsZero(), between(l.HandedAt.Time(), l.ReportedAt.Time())}
	}
	last := leg{ended, !r.HandedAt.IsZero(), between(r.HandedAt.Time(), r.ReportedAt.Time())}
	switch {
	case r.State == message.Delivered:
		last.fate = arrived
	case r.State == message.Failed && r.Reason.FallsBack(r.Channel()) && r.Step == len(r.Steps):
		last.fate = fellBack // only that there was nothing to fall back to
	}
	all[r.Channel()] = last
	return all
}

// between is the time from one moment to a later one, 0 where either is not known.
func between(from, to time.Time) time.Duration {
	if from.UnixMicro() == 0 || to.Before(from) {
		return 0
	}
	return to.Sub(from)
}

// fallbackPause lies between a failure and the next hand-over, as in reality.
const fallbackPause = 2 * time.Second

// path is how a person would have been reached: what is certain, and the steps of which
// nothing is known.
type path struct {
	cost      money.Amount
	delivered bool
	took      time.Duration // 0 = not known
	open      []message.Step
}

// walk takes the steps in their order, as far as their ends are known. It is pure.
func walk(steps []message.Step, had legs) (p path) {
	known, took := true, time.Duration(0)
	for i, s := range steps {
		l := had[s.Channel]
		known = known && l.took > 0
		took += l.took
		switch l.fate {
		case arrived:
			p.cost, p.delivered = s.Price, true
			if known {
				p.took = took
			}
			return p
		case ended:
			return p
		case unknown:
			p.open = steps[i:]
			return p
		case fellBack:
			took += fallbackPause
		}
	}
	return p
}
