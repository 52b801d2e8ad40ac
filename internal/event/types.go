package event

import (
	"slices"
	"strings"
)

// Families are kinds of events, as a set. Recipients have two, since theirs are many.
type Families int64

// The families, by the first word of an event's type.
const (
	OfMessages Families = 1 << iota
	OfRecipientEnds
	OfRecipientMoves
	OfCredit
	OfPayments
	OfRecharges
	OfWithdrawals
	OfTemplates
	OfSenders
	OfSeries
	OfOptOuts
	OfWebhooks
	OfOthers // whatever has no family of its own
)

// The types of events about single recipients, which only sites have that listen to them.
const (
	RecipientProgress = "recipient.progress"
	RecipientDone     = "recipient.done"
)

var families = map[string]Families{"message": OfMessages, "credit": OfCredit, "payment": OfPayments, "recharge": OfRecharges, "withdrawal": OfWithdrawals,
	"template": OfTemplates, "sender": OfSenders, "series": OfSeries, "opt_out": OfOptOuts, "webhook": OfWebhooks}

// FamilyOf gives the family of a type.
func FamilyOf(t string) Families {
	switch t {
	case RecipientDone:
		return OfRecipientEnds
	case RecipientProgress:
		return OfRecipientMoves
	}
	first, _, _ := strings.Cut(t, ".")
	if f, ok := families[first]; ok {
		return f
	}
	return OfOthers
}

// Type is a type of event that a site can have.
type Type struct {
	Name string
	What string // happened, in a sentence
}

// Types are the types of events that sites can have, in the order of their names. Those of
// the operator alone (payments.*, payment.strange, provider.*) are none of them.
var Types = []Type{
	{"credit.cap_reached", "A daily or monthly cap was used up to one of its levels, or a message would have gone over it."},
	{"credit.expired", "Credit expired."},
	{"credit.expiring", "Credit will expire in some days."},
	{"credit.head", "The day's end of the ledger was signed."},
	{"credit.low", "Available credit fell below a level that the site set."},
	{"credit.payment_cancelled", "The credit of a payment was taken back."},
	{"credit.payment_restored", "Credit that was taken back for a cancellation is there again, since the gateway refused it."},
	{"credit.refund_approved", "A refund that was asked for was approved, and is made."},
	{"credit.refund_cancelled", "A refund that was asked for was taken back by the site."},
	{"credit.refund_rejected", "A refund that was asked for was rejected."},
	{"credit.refund_requested", "A refund of what a usage cost was asked for; somebody else decides."},
	{"credit.refunded", "What a message had spent was given back."},
	{"credit.repaid", "A top-up paid what the site owed."},
	{"message.accepted", "A message was accepted and its credit held; or it goes on after a pause."},
	{"message.cancelled", "A message was cancelled, and all its recipients are final."},
	{"message.cancelling", "A message is being cancelled."},
	{"message.done", "All recipients of a message are final."},
	{"message.paused", "A message was paused."},
	{"message.progress", "Recipients of a message became final; with its counts."},
	{"message.review", "A message waits for a second person's approval."},
	{"message.scheduled", "A message waits for its time again."},
	{"opt_out.added", "Somebody was put on the list of those who may not be written to."},
	{"opt_out.imported", "A list of opt-outs was imported."},
	{"opt_out.removed", "Somebody was taken off the list of opt-outs."},
	{"payment.cancel_refused", "The gateway refused to give a payment back."},
	{"payment.cancelled", "A payment was given back as a whole."},
	{"payment.declined", "The payer's bank declined a payment."},
	{"payment.failed", "A payment failed."},
	{"payment.paid", "A payment was made, and its credit added."},
	{"payment.partially_cancelled", "A part of a payment was given back."},
	{"payment.unknown", "Nobody can say yet whether a payment was made; it is asked about."},
	{"payment.waiting_for_deposit", "A virtual account waits for its deposit."},
	{"recharge.disabled", "Automatic recharge was switched off after it was declined again and again."},
	{"recharge.stopped", "Automatic recharge pauses after a payment that was declined."},
	{RecipientDone, "Recipients became final: delivered, failed, expired or cancelled; at most 100 in one event."},
	{RecipientProgress, "Recipients were handed over, or wait for another try; at most 100 in one event."},
	{"sender.approved", "A sender number was approved."},
	{"sender.blocked", "A sender number was blocked."},
	{"sender.rejected", "A sender number was rejected."},
	{"sender.requested", "A sender number was asked for."},
	{"series.active", "A series was resumed."},
	{"series.ended", "A series has no further time."},
	{"series.failed", "The message of a series was refused."},
	{"series.paused", "A series was paused."},
	{"series.sent", "The message of a series was accepted."},
	{"series.skipped", "A time of a series passed while nothing ran."},
	{"template.approved", "Kakao approved a template."},
	{"template.blocked", "Kakao blocked a template."},
	{"template.dormant", "Kakao made a template dormant, since it was not used for long."},
	{"template.rejected", "Kakao rejected a template."},
	{"webhook.disabled", "An endpoint gets nothing any more: it failed for days, or answered that it is gone."},
	{"webhook.failing", "An endpoint has failed for half of the time after which it is disabled."},
	{"withdrawal.approved", "The operator approved a withdrawal."},
	{"withdrawal.done", "A withdrawal was paid out."},
	{"withdrawal.requested", "A withdrawal was asked for."},
}

// Known reports whether a type is one that a site can have.
func Known(t string) bool {
	return slices.ContainsFunc(Types, func(one Type) bool { return one.Name == t })
}
