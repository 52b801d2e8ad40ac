package rerun

import (
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
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

// judge says what a reading would do to a recipient as he is at a time; ok is false when
// nothing would be otherwise. before is the kind of what an earlier reading of the run said of
// the same leg, "" = nothing. It is pure: the same values always give the same, when a run is
// compared and when it is applied.
func judge(r message.Recipient, rd delivery.Reading, before Kind, at db.Time) (v verdict, ok bool) {
	if before != "" && before != NoEnd {
		return v, false // the first end that is read counts
	}
	v.change = delivery.Decide(r, rd, at)
	if !r.State.Final() {
		ok = v.moves()
	} else {
		ok = v.settled(r, rd, before)
	}
	return v, ok
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
func (v *verdict) settled(r message.Recipient, rd delivery.Reading, before Kind) bool {
	l, was := delivery.LegOf(r, rd.Ref)
	if !was || l.Account != "" && l.Account != rd.Letter.Account {
		return false
	}
	v.channel = l.Channel.String()
	ended, said := ends(l, rd), rd.Report
	switch {
	case !said.Final:
		v.kind = NoEnd
		return ended && before == "" && (l.End == delivery.LegCharged || l.End == delivery.LegFailed)
	case l.End == delivery.LegCharged && !said.Delivered && (ended || before == NoEnd):
		v.kind, v.Refund = ChargedButFailed, l.Charge
		return true
	case before == NoEnd && said.Delivered == (l.End == delivery.LegCharged):
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

// ends reports whether a leg's end became known by this letter: it did so in the transaction in
// which the letter had its effect, or in an earlier one if some of its recipients came later.
func ends(l delivery.Leg, rd delivery.Reading) bool {
	return l.EndedAt != 0 && rd.Letter.ReceivedAt <= l.EndedAt && l.EndedAt <= rd.Letter.AppliedAt
}
