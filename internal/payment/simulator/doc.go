// Package simulator is two payment gateways in a box: it speaks the wire protocols of Toss
// Payments (core API, version 2022-11-16) and of Stripe (version 2024-06-20) under the
// vendors' own paths, which do not meet, so that nothing but the base address differs; and it
// tells what was really taken of payers.
//
// It promises: a card always ends the same way, as the table below says; what
// GET /_sim/payments shows was really taken, once each, with what was really given back of
// it; nothing leaves it but notices to the address it was given. It never writes to disk and
// owns no tables. Time passes only while Run runs. What took no money is forgotten after a day,
// a card that was left and not issued when its key ends.
//
// Toss's window for the payer is GET /_sim/checkout with what the vendor's script is told:
// clientKey, orderId, orderName, amount, customerKey, successUrl, failUrl; without an order it
// takes a card to be left. A person uses its buttons; a test posts the same fields with card
// and action (pay, decline, leave) and follows the redirect. Stripe's page has session in
// place of these fields; a card that is refused keeps the payer on it (402), and its address
// in a checkout begins as whoever made the checkout reaches the simulator. GET /_sim/deposit
// shows accounts that wait; POST /_sim/deposit with account or orderId pays in. Pages has both
// for a door that everybody reaches, and shows there the account that is named alone.
// POST /_sim/payments/reset empties everything.
//
// Reading order: simulator.go (options, life), table.go (the table), fault.go (what goes
// wrong with a request), call.go (idempotency keys), scenario.go and chance.go (shares),
// clock.go (time), notice.go (calls), taking.go (the truth), checkout.go and deposit.go (the
// payer), then the protocol: toss.go (paths), toss_code.go (errors), toss_payment.go,
// toss_view.go (what is shown), and one file for each service; stripe.go (paths, parameters,
// lists), stripe_code.go (errors), stripe_session.go and stripe_page.go (checkouts),
// stripe_intent.go, stripe_refund.go, stripe_customer.go, stripe_view.go, stripe_notice.go.
//
// # Table
//
// A card is one of 16 digits; 9000 00BB xxxx xxxx goes by its BB, and so does a virtual
// account whose payer's name ends in #BB. All others are good.
//
//	00  all goes well                        15  400 PROVIDER_ERROR, the money is taken
//	01  REJECT_CARD_PAYMENT                  16  every notice comes twice
//	02  REJECT_CARD_COMPANY                  17  the first notices come after the next ones
//	03  INVALID_STOPPED_CARD                 18  notices come late (Options.Late)
//	04  INVALID_CARD_EXPIRATION              19  a deposit is taken back by its bank
//	05  EXCEED_MAX_AMOUNT                    20  never cancelled: NOT_CANCELABLE_PAYMENT
//	06  FDS_ERROR                            21  never cancelled: EXCEED_MAX_REFUND_DUE
//	07  NOT_SUPPORTED_CARD_TYPE              22  cancelled later: FORBIDDEN_CONSECUTIVE_REQUEST
//	08  500, the money is taken              23  cancelling: 500, the money is given back
//	09  connection cut, the money is taken   24  connection cut, the money is given back
//	10  500, nothing is taken                25  500, nothing is given back
//	11  429, nothing is taken                26  429, nothing is given back
//	12  no answer, the money is taken        27  no answer, the money is given back
//	13  no answer, nothing is taken          28  409 in progress, given back a second later
//	14  409 in progress, taken a second      29  can be cancelled as a whole only
//	    later (Options.SlowFor)            30  a forged notice comes before each (Stripe)
//
// Of 08 to 15 and 22 to 28 each acts on the first request for an order, after everything else
// about it was found right; the next request goes through. Where money moved although its
// answer was lost, the same idempotency key gets the true answer; where nothing moved, the
// key is as new; but Stripe keeps an error of its own (08, 10, 15, 23, 25) for the key. 08 to
// 15 act on virtual accounts as well, of which "taken" is "given out". An order of 01 to 07 is
// refused every time.
//
// At Stripe an order is metadata[order_id] of a payment; what takes its money is the charge of
// a stored card, or the capture of one that was held on a page. Pages refuse 01 to 05 and 07
// themselves; the issuer of 06 asks the payer, who is there. In Stripe's words:
//
//	01  insufficient_funds       06  authentication_required    20  charge_disputed
//	02  generic_decline          07  card_not_supported         21  charge_not_refundable
//	03  lost_card                11  429 rate_limit             22  429 lock_timeout
//	04  expired_card             14  idempotency_key_in_use     26  429 rate_limit
//	05  card_velocity_exceeded   15  424                        28  idempotency_key_in_use
//
// # Scenario
//
// Put by Options.Scenario, PUT /_sim/payments/scenario (YAML or JSON) or Play; GET shows the
// one in force. Shares are decimals from 0 to 1 with at most four places:
//
//	seed             decides what the shares fall on
//	answer_delay     before a request is looked at, such as 200ms
//	refuse           {code: share} of payments; for Stripe a decline_code, or its twin above
//	refuse_cancel    {code: share} of cancellations
//	http_429         requests that move money: as 11 and 26
//	http_5xx_before  as 10 and 25
//	http_5xx_after   as 08 and 23
//	cut              as 09 and 24
//	timeout          as 12 and 27
//	timeout_before   as 13
//	in_progress      as 14 and 28
//	partner_error    as 15
//	duplicate        notices: as 16
//	reorder          as 17
//	late             as 18
//	forged           as 30
//	reverse          deposits: as 19
//	no_lookup        true: reading is answered 500
//
// Every decision follows from the seed, the card or payer, and how often it met such a
// decision. Cards and payers of the table keep to the table.
//
// # What is not confirmed
//
// The vendor's documents leave gaps. Where they do, this is what was chosen:
//
//   - Answers that refuse are kept with their idempotency key as those that succeed; 429 and
//     500 are not. The key is looked at after the credentials and before everything else.
//   - A payment is known from the payer's yes on (IN_PROGRESS); a window that was opened or
//     left is not. A refused confirmation makes it ABORTED, a refused charge of a stored card
//     leaves no payment. An order id may be used again after ABORTED and EXPIRED alone.
//   - Confirming with another amount or order is INVALID_REQUEST; a payment that is over is
//     NOT_FOUND_PAYMENT_SESSION.
//   - Codes without a known status are 400.
//   - Transactions: an amount is positive also where money was given back, the status then
//     being CANCELED or PARTIAL_CANCELED; both dates are inclusive, to the second.
//   - Cancelling an account that waits is CANCELED, whole only, with an entry in cancels.
//   - Refunds of virtual accounts are done at once.
//   - A notice has its transmission id from its first call on, also when it is sent twice.
//
// Of Stripe:
//
//   - Parameters are strict: one that is not simulated is parameter_unknown. Only won, cards,
//     one thing in a checkout, and charges that are confirmed at once are.
//   - What is found wrong before anything is carried out (400, 401, 404, 409, 429) is not kept
//     with the idempotency key; 402 and errors inside are, for 24 hours.
//   - A stored card that refuses leaves a payment that requires_payment_method. So does a
//     capture that a scenario refuses.
//   - Lists are exact at once. There is no search.
//   - Refunds are made at once, and what is paid in is the merchant's without a fee.
//   - The endpoint of notices has payment_intent.succeeded, .payment_failed, .canceled,
//     charge.refunded and payment_method.detached. A call is repeated for about three days, and
//     signed anew each time.
package simulator
