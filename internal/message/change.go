package message

import (
	"cmp"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// What says what a change does to a recipient.
type What uint8

// The effects of a report or an outcome.
const (
	Ignored    What = iota // nothing moves and nothing is remembered
	Late                   // nothing moves; it is counted and shown
	Remembered             // an earlier step was delivered after all; it wins only if the later leg does not deliver
	Moved                  // the state, the step or the try changed
)

// Change is a recipient before and after, and what that amounts to. Changes are
// made by the pure functions below and written by Record.
type Change struct {
	From, To Recipient
	What     What
	Note     string  // why, for the trace and the log line
	Until    db.Time // who waits again waits at least until then; 0 = as the transaction has it
}

// Ignore leaves everything as it is.
func Ignore(r Recipient, why string) Change { return Change{From: r, To: r, What: Ignored, Note: why} }

// Contradict remembers a report that came when nothing can move any more.
func Contradict(r Recipient, leg Leg) Change {
	to := r
	leg.What = LegLate
	to.remember(leg)
	return Change{From: r, To: to, What: Late, Note: "already final"}
}

// HandOver says that the provider took the leg. A report may say so before the
// reply to the call does; then its time is the first known of the hand-over.
func HandOver(r Recipient, at db.Time) Change {
	to := r
	to.State, to.SentAt, to.HandedAt = Sent, at, cmp.Or(r.HandedAt, at)
	return moved(r, to, "handed over")
}

// Doubt says that nobody can tell whether the provider took the leg.
func Doubt(r Recipient) Change {
	to := r
	to.State = Unknown
	return moved(r, to, "no answer")
}

// Deliver ends the recipient at its present step.
func Deliver(r Recipient, at db.Time) Change {
	to := r
	to.State, to.ReportedAt, to.Reason, to.Code, to.HandedAt = Delivered, at, "", "", cmp.Or(r.HandedAt, at)
	return moved(r, to, "delivered")
}

// Earlier remembers that a step before this one, or a try before it, was
// delivered after all. Where the present leg was not handed over yet it is not
// sent at all, and the recipient is delivered by the earlier one.
func Earlier(r Recipient, leg Leg) Change {
	to := r
	leg.What = LegDelivered
	to.EarlierStep = leg.Step
	to.remember(leg)
	if r.State == Pending && r.Attempt.IsZero() {
		return deliverEarlier(r, to, leg.At)
	}
	return Change{From: r, To: to, What: Remembered, Note: "an earlier leg was delivered after all"}
}

// DeliverEarlier ends the recipient as delivered by the remembered earlier step.
func DeliverEarlier(r Recipient, at db.Time) Change { return deliverEarlier(r, r, at) }

func deliverEarlier(from, to Recipient, at db.Time) Change {
	if to.Step != to.EarlierStep && !to.Attempt.IsZero() {
		to.remember(to.leg(LegFailed, at))
	}
	for _, leg := range to.History {
		if leg.What == LegDelivered && leg.Step == to.EarlierStep {
			to.Provider, to.HandedAt, to.SentAt = leg.Provider, leg.HandedAt, leg.SentAt
			to.Attempt, _ = id.ParseBare(leg.Attempt)
		}
	}
	to.Step, to.State, to.ReportedAt, to.Reason, to.Code = to.EarlierStep, Delivered, at, "", ""
	return moved(from, to, "delivered by the earlier leg")
}

// Again puts the recipient back before its step: this try certainly reached
// nobody, and the reason is not the recipient's.
func Again(r Recipient, reason provider.Reason, code string, at db.Time) Change {
	to := r
	to.Reason, to.Code = reason, code
	if r.EarlierStep != 0 {
		return deliverEarlier(r, to, at)
	}
	to.remember(to.leg(LegAgain, at))
	to.State, to.Try, to.Attempt, to.HandedAt, to.SentAt = Pending, r.Try+1, id.ID{}, 0, 0
	return moved(r, to, "to be tried again")
}

// NextStep ends the present step and puts the recipient before the next one.
func NextStep(r Recipient, reason provider.Reason, code string, at db.Time) Change {
	to := r
	to.Reason, to.Code, to.ReportedAt = reason, code, at
	to.remember(to.leg(LegFailed, at))
	to.Step, to.Try, to.State, to.Attempt, to.Provider = r.Step+1, 1, Pending, id.ID{}, ""
	to.HandedAt, to.SentAt, to.ReportedAt, to.Reason, to.Code = 0, 0, 0, "", ""
	return moved(r, to, "falls back")
}

// Fail ends the recipient: certainly not reached, and no step left or in time.
func Fail(r Recipient, reason provider.Reason, code string, at db.Time) Change {
	to := r
	to.Reason, to.Code = reason, code
	if r.EarlierStep != 0 {
		return deliverEarlier(r, to, at)
	}
	to.State, to.ReportedAt = Failed, at
	return moved(r, to, "failed")
}

// Expire ends the recipient because nothing certain was heard, or it was not
// handed over, in time.
func Expire(r Recipient, at db.Time) Change {
	to := r
	to.Reason = provider.Expired
	if r.EarlierStep != 0 {
		return deliverEarlier(r, to, at)
	}
	to.State, to.ReportedAt = Expired, at
	return moved(r, to, "expired")
}

// Cancel ends the recipient before its hand-over.
func Cancel(r Recipient, at db.Time) Change {
	to := r
	if r.EarlierStep != 0 {
		return DeliverEarlier(r, at)
	}
	to.State, to.ReportedAt, to.Attempt = Cancelled, at, id.ID{}
	return moved(r, to, "cancelled")
}

// Plan ties a pending recipient to the call that will carry it.
func Plan(r Recipient, attempt id.ID, account string) Change {
	to := r
	to.Attempt, to.Provider = attempt, account
	return moved(r, to, "planned")
}

// Release unties a recipient from a call that was certainly not made.
func Release(r Recipient) Change {
	to := r
	to.Attempt = id.ID{}
	return moved(r, to, "released")
}

// Hold lets a recipient who is in no call wait until a time, as a row.
func Hold(r Recipient, until db.Time, why string) Change {
	c := moved(r, r, why)
	c.Until = until
	return c
}

func moved(from, to Recipient, note string) Change {
	return Change{From: from, To: to, What: Moved, Note: note}
}

// leg is the present step as the history keeps it.
func (r *Recipient) leg(what string, at db.Time) Leg {
	l := Leg{Step: r.Step, Try: r.Try, Provider: r.Provider, What: what, Reason: r.Reason, Code: r.Code,
		HandedAt: r.HandedAt, SentAt: r.SentAt, ReportedAt: r.ReportedAt, At: at}
	if !r.Attempt.IsZero() {
		l.Attempt = r.Attempt.String()
	}
	return l
}

// remember appends to a copy of the history; the recipient before the change
// keeps its own. In a full one the oldest of the tries that reached nobody makes
// room, except for a late report, which moves nothing.
func (r *Recipient) remember(l Leg) {
	history := r.History[:len(r.History):len(r.History)]
	if len(history) >= maxHistory {
		i := slices.IndexFunc(history, func(old Leg) bool { return old.What == LegAgain })
		if i < 0 || l.What == LegLate {
			return
		}
		history = slices.Concat(history[:i], history[i+1:])
	}
	r.History = append(history, l)
}

// EarlierLeg gives the remembered leg of a step and try, if it was one.
func (r Recipient) EarlierLeg(step, try int) (Leg, bool) {
	for i := len(r.History) - 1; i >= 0; i-- {
		if l := r.History[i]; l.Step == step && l.Try == try && (l.What == LegFailed || l.What == LegAgain) {
			return l, true
		}
	}
	return Leg{}, false
}
