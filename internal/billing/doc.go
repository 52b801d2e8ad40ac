// Package billing brings money in: payments through gateways, cards that were left for
// later, credit that recharges itself, money that is given back.
//
// What it promises:
//
//   - A payment becomes credit once, and only by the gateway's own word: it is asked, or it
//     answered our request, and says that the whole amount was taken. What a browser brings
//     back, what a notice says and what an amount somewhere else reads never move anything.
//   - The amount is that of our row, written before anything leaves this house. A gateway
//     that took another amount gets no credit for its payer, and the operator is told.
//   - A request that moves money is written down before it is made, and made once. What
//     became of it when no answer came is asked for, by the order's id, until the gateway
//     says so: a timeout is not a failure, and nothing is charged again on a guess.
//   - The state, the credit and the event of a payment are one transaction, without any
//     network in it. A process that dies at any moment leaves a row that the next one asks
//     about.
//   - A site has one automatic recharge under way at most, whatever crosses its threshold
//     and however often.
//   - Card secrets, bank accounts and what payers wrote are sealed with the site's key.
//
// What it never does: hold a lock while it waits for a gateway, believe a notice, charge
// below or above what the site was told, or stop a site's recharging without an event.
//
// # States of a payment
//
//	created ─▶ requesting ─▶ paid | declined | failed | unknown
//	created ─▶ waiting_for_deposit | unknown | declined | failed
//	unknown, waiting_for_deposit ─▶ paid | declined | failed
//	declined, failed ─▶ paid                 (the gateway says so after all)
//	paid ─▶ partially_cancelled ─▶ cancelled
//	paid ─▶ waiting_for_deposit              (a bank took its transfer back)
//
// # Cancelling
//
// What is to be given back is first taken out of the site's reach (credit.TakeBack), then
// the gateway is asked to give the money back; if it certainly does not, the credit is
// restored. What a gateway gave back without being asked is taken back as gone, and what is
// missing is owed.
//
// # Withdrawing
//
// A site may ask for paid credit back that it did not use, and somebody else approves. It is
// in this house, and not with the papers above, since all that it does is cancel payments:
// it takes their locks, and the rules and jobs of cancellations are its own. Only credit that
// a payment brought and that is neither spent nor held can be withdrawn; the newest payments
// go first, each back the way it came, or by the operator's hand to the account that the site
// named. Approval takes all of the credit in one transaction or nothing.
//
// The fee, a part in whole won, rounded down, is kept as an adjustment out of the oldest
// credit that is withdrawn. What a gateway certainly refuses goes by hand where there is an
// account; otherwise its credit is restored, with its part of the fee, rounded down too.
//
//	requested ─▶ approved ─▶ done | partially_done | failed
//	requested ─▶ rejected | cancelled
//
// # Refunds that somebody else approves
//
// Who may not give credit back by himself asks for it: for a part of what a usage cost, with a
// reason. Somebody else approves, an operator or another person of the site, and that makes the
// ledger's refund in the same transaction, once; more than can be refunded by then is refused and
// leaves the request as it is. A usage has one request that waits.
//
//	requested ─▶ approved | rejected | cancelled
//
// # Recharging by itself
//
// A rule says below which available credit a site is recharged, with how much, by which
// card and up to which sums a day and a month. The ledger's band (credit.Watch) tells when
// a threshold is crossed; a refused send asks by itself, and is told if the credit has come
// since. A decline backs off for 1, 6 and 24 hours and tries the next card; the third one
// switches the rule off. The same bands carry the levels at which somebody wants to be told.
//
// # Tables and files
//
// It owns billing_payment, billing_cancel, billing_card, billing_rule, billing_day,
// billing_difference, billing_withdrawal and billing_refund_request. Of a site that was erased its rows stay, without what
// was sealed of them; the comparison and lists have them, and nobody is asked about them.
//
// Lock order: the site's row where something of it begins, ends or is given back, so that it is not
// erased meanwhile, then payments, then the site's rule, then jobs, then the site's withdrawal
// or its request for a refund, then its account.
//
// Reading order: billing.go (the service), payment.go with
// papers.go (the row), judge.go (what a gateway's word means, pure), begin.go, run.go (asking
// and charging), conclude.go (writing it), cancel.go with refunding.go, withdrawal.go (the row)
// with withdraw.go, withdraw_spread.go (of which payments, pure) and withdraw_end.go, refund_request.go (the row) with refund_decide.go, card.go,
// rule.go with level.go (recharging, decided by decide.go, pure), refused.go, record.go (what
// the operator was paid), notice.go, compare.go (the daily comparison with the gateway),
// receipt.go, list.go, booked.go (what stands behind entries of the ledger), sales.go (what
// papers are issued for), trouble.go (what did not end), underway.go with erase.go (the end of a
// site); noted.go, shift.go.
package billing
