package delivery

import (
	"crypto/sha256"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// LegEnd is how a leg stands with us.
type LegEnd string

// The ends. An empty one: we know of no such leg.
const (
	LegCharged  LegEnd = "charged"  // reported delivered, and the site paid for it
	LegFailed   LegEnd = "failed"   // reported as failed, or refused
	LegLate     LegEnd = "late"     // reported delivered when it could not count any more
	LegReleased LegEnd = "released" // given up without a certain report: nothing was charged
	LegOpen     LegEnd = "open"     // still waits for its report
)

// Leg is one hand-over to one phone as our rows tell it.
type Leg struct {
	Reference
	End     LegEnd
	Account string // that carried it; empty where it is not written down
	Channel provider.Channel
	Charge  money.Amount // what the site paid for it
	Sent    db.Time
	EndedAt db.Time // when its end became known; 0 = not yet
}

// Arrived reports whether the carrier told us that it was delivered.
func (l Leg) Arrived() bool { return l.End == LegCharged || l.End == LegLate }

// Digest is what rows find a leg by.
func (r Reference) Digest() id.ID {
	sum := sha256.Sum256([]byte("leg " + r.String()))
	return id.ID(sum[:16])
}

// LegOf says how a leg of a recipient stands; ok is false when there was no such leg. It is pure.
func LegOf(r message.Recipient, ref Reference) (l Leg, ok bool) {
	if ref.Step < 1 || ref.Step > len(r.Steps) {
		return l, false
	}
	step := r.Steps[ref.Step-1]
	l = Leg{Reference: ref, Channel: step.Channel}
	over, wasOver := r.EarlierLeg(ref.Step, ref.Try)
	said, wasSaid := reportedLater(r, ref)
	charged, paid := chargedLeg(r)
	switch {
	case paid && charged.step == ref.Step && charged.try == ref.Try:
		l.End, l.Account, l.Sent, l.Charge, l.EndedAt = LegCharged, r.Provider, r.HandedAt, step.Price, r.ReportedAt
		if wasSaid && said.What == message.LegDelivered {
			l.EndedAt = said.At
		}
	case wasSaid && said.Reason == "":
		l.End, l.Account, l.Sent, l.EndedAt = LegLate, said.Provider, said.HandedAt, said.At
	case wasOver:
		l.End, l.Account, l.Sent, l.EndedAt = endOf(over.Reason, over.Code), over.Provider, over.HandedAt, over.At
		ok = over.Attempt != ""
		return l, ok
	case r.Step != ref.Step || r.Try != ref.Try || r.Attempt.IsZero():
		return l, false
	case paid: // by another try of this step, whose account the row names now
		l.End, l.EndedAt = LegReleased, r.ReportedAt
	default:
		l.Account, l.Sent, l.EndedAt = r.Provider, r.HandedAt, r.ReportedAt
		l.End = presentEnd(r.State)
	}
	return l, true
}

// reportedLater finds a report on the leg that came when the recipient had moved on.
func reportedLater(r message.Recipient, ref Reference) (message.Leg, bool) {
	for _, h := range r.History {
		if (h.What == message.LegLate || h.What == message.LegDelivered) && h.Step == ref.Step && h.Try == ref.Try {
			return h, true
		}
	}
	return message.Leg{}, false
}

type stepTry struct{ step, try int }

// chargedLeg is the leg that the site paid for. Where an earlier leg turned out to be the
// delivery, the row stands at its step, and the call that it names tells the try.
func chargedLeg(r message.Recipient) (stepTry, bool) {
	if r.State != message.Delivered {
		return stepTry{}, false
	}
	for _, h := range r.History {
		if h.What == message.LegDelivered && r.EarlierStep == r.Step && h.Step == r.Step && h.Attempt == r.Attempt.String() {
			return stepTry{h.Step, h.Try}, true
		}
	}
	return stepTry{r.Step, r.Try}, true
}

// endOf tells a reported failure from a leg that we gave up: then there is no code.
func endOf(reason provider.Reason, code string) LegEnd {
	if reason == provider.Expired && code == "" {
		return LegReleased
	}
	return LegFailed
}

func presentEnd(p message.Progress) LegEnd {
	switch p {
	case message.Failed:
		return LegFailed
	case message.Pending, message.Sent, message.Unknown:
		return LegOpen
	default:
		return LegReleased
	}
}
