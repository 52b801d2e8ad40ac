package invoice

import (
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// End is how a leg stands with us.
type End string

// The ends. An empty one: we know of no such leg.
const (
	Charged    End = "charged"  // reported delivered, and the site paid for it
	ReportedNo End = "failed"   // reported as failed, or refused
	Late       End = "late"     // reported delivered when it could not count any more
	Released   End = "released" // given up without a certain report: nothing was charged
	Open       End = "open"     // still waits for its report
)

// leg is one hand-over to one phone as our rows tell it.
type leg struct {
	delivery.Reference
	End     End
	Account string // that carried it; empty where it is not written down
	Channel provider.Channel
	Charge  money.Amount // what the site paid for it
	Sent    db.Time
}

// arrived reports whether the carrier told us that it was delivered.
func (l leg) arrived() bool { return l.End == Charged || l.End == Late }

// legOf says how a leg of a recipient stands; ok is false when there was no such leg. It is pure.
func legOf(r message.Recipient, ref delivery.Reference) (l leg, ok bool) {
	if ref.Step < 1 || ref.Step > len(r.Steps) {
		return l, false
	}
	step := r.Steps[ref.Step-1]
	l = leg{Reference: ref, Channel: step.Channel}
	over, wasOver := r.EarlierLeg(ref.Step, ref.Try)
	said, wasSaid := reportedLater(r, ref)
	charged, paid := chargedLeg(r)
	switch {
	case paid && charged.step == ref.Step && charged.try == ref.Try:
		l.End, l.Account, l.Sent, l.Charge = Charged, r.Provider, r.HandedAt, step.Price
	case wasSaid && said.Reason == "":
		l.End, l.Account, l.Sent = Late, said.Provider, said.HandedAt
	case wasOver:
		l.End, l.Account, l.Sent = endOf(over.Reason, over.Code), over.Provider, over.HandedAt
		ok = over.Attempt != ""
		return l, ok
	case r.Step != ref.Step || r.Try != ref.Try || r.Attempt.IsZero():
		return l, false
	case paid: // by another try of this step, whose account the row names now
		l.End = Released
	default:
		l.Account, l.Sent = r.Provider, r.HandedAt
		l.End = presentEnd(r.State)
	}
	return l, true
}

// reportedLater finds a report on the leg that came when the recipient had moved on.
func reportedLater(r message.Recipient, ref delivery.Reference) (message.Leg, bool) {
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
func endOf(reason provider.Reason, code string) End {
	if reason == provider.Expired && code == "" {
		return Released
	}
	return ReportedNo
}

func presentEnd(p message.Progress) End {
	switch p {
	case message.Failed:
		return ReportedNo
	case message.Pending, message.Sent, message.Unknown:
		return Open
	default:
		return Released
	}
}

// usageOf finds what a message spent on a channel.
func usageOf(tx *db.Tx, ledger *credit.Ledger, k message.Key, channel string) (u credit.Usage, ok bool, err error) {
	list, err := ledger.Usages(tx, k.Site, k.ID, [16]byte{}, provider.Channels)
	for _, one := range list {
		if one.Channel.String() == channel {
			return one, true, err
		}
	}
	return u, false, err
}
