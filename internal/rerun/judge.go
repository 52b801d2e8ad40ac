package rerun

import (
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
)

// Sums are the amounts that follow from differences, each on its own side.
type Sums struct {
	Spend    money.Amount `json:"spend" doc:"What is held now and would be spent."`
	Freed    money.Amount `json:"freed" doc:"What is held now and would be released."`
	Refund   money.Amount `json:"refund" doc:"What was spent and would be given back."`
	Loss     money.Amount `json:"loss" doc:"What the site would have paid and is not charged."`
	Fallback money.Amount `json:"fallback" doc:"What a next step may cost, out of what is held."`
}

func (s Sums) plus(o Sums, sign money.Amount) Sums {
	return Sums{s.Spend + sign*o.Spend, s.Freed + sign*o.Freed, s.Refund + sign*o.Refund, s.Loss + sign*o.Loss, s.Fallback + sign*o.Fallback}
}

// verdict is what would be otherwise with a leg.
type verdict struct {
	kind    Kind
	channel string
	Sums
	change message.Change
}

// heard is what is known of a leg besides the rows of its recipient.
type heard struct {
	kind Kind // of the difference that an earlier reading of the run made; "" = none
	ends bool // the leg ended by the letter of this reading, and no earlier reading spoke for it
}

// judge says what a reading would do to a recipient as he is at a time; ok is false when
// nothing would be otherwise. It is pure: the same values always give the same, when a run is
// compared and when it is applied.
func judge(r message.Recipient, rd delivery.Reading, before heard, at db.Time) (v verdict, ok bool) {
	switch before.kind {
	case "", NoEnd, Contradiction:
	default:
		return v, false // the first end that is read counts
	}
	v.change = delivery.Decide(r, rd, at)
	if !r.State.Final() {
		ok = v.moves()
	} else {
		ok = v.settled(r, rd, before)
	}
	// What contradicted the leg's end was no reason to doubt it; its own letter is.
	return v, ok && (before.kind != Contradiction || v.kind == ChargedButFailed)
}

// moves judges a reading about somebody who is not final.
func (v *verdict) moves() bool {
	from, to := v.change.From, v.change.To
	v.channel = to.Channel().String()
	switch {
	case v.change.What == message.Remembered:
		v.kind = EarlierDelivered
	case v.change.What != message.Moved || to.State == message.Sent:
		return false
	case to.State == message.Delivered:
		v.kind, v.Spend = WouldDeliver, to.Cost()
		v.Freed = from.Hold() - v.Spend
	case to.State == message.Failed:
		v.kind, v.Freed = WouldFail, from.Hold()
	case to.Step > from.Step:
		v.kind, v.Fallback = WouldFallBack, to.Steps[to.Step-1].Price
	default:
		v.kind = WouldRetry
	}
	return true
}

// settled judges a reading about somebody who is final.
func (v *verdict) settled(r message.Recipient, rd delivery.Reading, before heard) bool {
	l, was := delivery.LegOf(r, rd.Ref)
	if !was || l.Account != "" && l.Account != rd.Letter.Account {
		return false
	}
	v.channel = l.Channel.String()
	said := rd.Report
	switch {
	case !said.Final:
		v.kind = NoEnd
		return before.ends && before.kind == "" && (l.End == delivery.LegCharged || l.End == delivery.LegFailed)
	case l.End == delivery.LegCharged && !said.Delivered && (before.ends || before.kind == NoEnd):
		v.kind, v.Refund = ChargedButFailed, l.Charge
		return true
	case before.kind == NoEnd && said.Delivered == (l.End == delivery.LegCharged):
		v.kind = SameEnd
		return true
	case v.change.What != message.Late:
		return false
	case said.Delivered:
		v.kind, v.Loss = DeliveredNotCharged, r.Steps[rd.Ref.Step-1].Price
	default:
		v.kind = Contradiction
	}
	return true
}

// by says how the leg of a reading came to its end.
type by struct {
	letter bool // by the letter of the reading
	before bool // the letter had been applied before
}

// endedBy says whether a leg ended by a letter: it did so in the transaction in which the letter
// had its effect (or in an earlier one, if some of its recipients came later), or in one of the
// moves that earlier runs made of it.
func endedBy(l delivery.Leg, of delivery.Letter, moves []move) (b by) {
	b.letter = l.EndedAt != 0 && of.ReceivedAt <= l.EndedAt && l.EndedAt <= of.AppliedAt
	for _, m := range moves {
		b.letter = b.letter || m.letter == of.ID && m.at == l.EndedAt
	}
	b.before = of.AppliedAt != 0 && of.AppliedAt < l.EndedAt
	return b
}

// move is what an earlier run applied to a leg.
type move struct {
	letter id.ID
	at     db.Time
}
