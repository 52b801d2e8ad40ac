package delivery

import (
	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// report is what is known of one leg: from a delivery report, a look-up, or the
// answer to the call itself.
type report struct {
	provider.Report
	Step, Try int
	Account   string  // the provider account that says so
	At        db.Time // when we learnt it
}

// decide says what one report does to one recipient. It is pure: the same two
// values always give the same change, on every engine and in every replay.
//
// The late contradictions are settled here: an earlier leg that turns out to be
// delivered wins while the later one is not handed over, and when the later one
// does not deliver; a recipient that is final never moves.
func decide(r message.Recipient, rep report) message.Change {
	switch {
	case r.State.Final():
		return settled(r, rep)
	case rep.earlierThan(r):
		return contradicts(r, rep)
	case rep.Step != r.Step || rep.Try != r.Try:
		return message.Ignore(r, "a step or try that was not begun")
	case rep.Account != r.Provider || r.Attempt.IsZero():
		return message.Ignore(r, "not the account that carries the leg")
	case rep.Final && rep.Delivered:
		return message.Deliver(r, rep.At)
	case !rep.Final && (r.State == message.Pending || r.State == message.Unknown):
		return message.HandOver(r, rep.At)
	case !rep.Final:
		return message.Ignore(r, "not a final report")
	default:
		return fails(r, rep.Reason, code(rep.Code), rep.At)
	}
}

// fails says what a certain failure of the present leg does.
func fails(r message.Recipient, why provider.Reason, code string, at db.Time) message.Change {
	switch {
	case r.EarlierStep != 0:
		return message.Fail(r, why, code, at) // the earlier leg is the delivery
	case why.Operators():
		return message.Again(r, why, code, at)
	case why.FallsBack(r.Channel()) && r.HasNextStep() && r.InTime(at):
		return message.NextStep(r, why, code, at)
	default:
		return message.Fail(r, why, code, at)
	}
}

// earlierThan reports whether the report is about a leg before the present one.
func (rep report) earlierThan(r message.Recipient) bool {
	return rep.Step < r.Step || rep.Step == r.Step && rep.Try < r.Try
}

// settled judges a report about a recipient that is final: a repetition is
// nothing, a contradiction is counted and shown.
func settled(r message.Recipient, rep report) message.Change {
	if !rep.Final {
		return message.Ignore(r, "already final")
	}
	same := rep.Step == r.Step && rep.Try == r.Try
	if same && rep.Delivered == (r.State == message.Delivered) && r.State != message.Expired {
		return message.Ignore(r, "the same again")
	}
	if leg, known := r.EarlierLeg(rep.Step, rep.Try); known && !rep.Delivered {
		if leg.Reason == rep.Reason {
			return message.Ignore(r, "the same again")
		}
	} else if !known && !same || rep.Account != account(r, rep) {
		return message.Ignore(r, "a leg that this account did not carry")
	}
	for _, l := range r.History {
		if l.Step == rep.Step && l.Try == rep.Try && (l.What == message.LegLate || l.What == message.LegDelivered) {
			return message.Ignore(r, "the same again")
		}
	}
	return message.Contradict(r, rep.leg(r))
}

// contradicts judges a report about a leg that was given up: only its delivery
// is news.
func contradicts(r message.Recipient, rep report) message.Change {
	leg, known := r.EarlierLeg(rep.Step, rep.Try)
	switch {
	case !rep.Final || !rep.Delivered:
		return message.Ignore(r, "an earlier leg that is over")
	case !known || leg.Provider != rep.Account:
		return message.Ignore(r, "a leg that this account did not carry")
	case r.EarlierStep != 0:
		return message.Ignore(r, "the same again")
	}
	return message.Earlier(r, rep.leg(r))
}

// account is the one that carried the leg which the report names.
func account(r message.Recipient, rep report) string {
	if leg, ok := r.EarlierLeg(rep.Step, rep.Try); ok {
		return leg.Provider
	}
	return r.Provider
}

// leg is the report as the history keeps it, with the times of the leg it names.
func (rep report) leg(r message.Recipient) message.Leg {
	l, ok := r.EarlierLeg(rep.Step, rep.Try)
	if !ok {
		l = message.Leg{Step: rep.Step, Try: rep.Try, Provider: r.Provider, HandedAt: r.HandedAt, SentAt: r.SentAt}
		if !r.Attempt.IsZero() {
			l.Attempt = r.Attempt.String()
		}
	}
	l.Reason, l.Code, l.ReportedAt, l.At = rep.Reason, code(rep.Code), rep.At, rep.At
	return l
}

// code bounds a provider's code to what the column holds.
func code(text string) string {
	clean := make([]byte, 0, 64)
	for i := 0; i < len(text) && len(clean) < cap(clean); i++ {
		if c := text[i]; c > ' ' && c < 0x7f {
			clean = append(clean, c)
		}
	}
	return string(clean)
}
