// Package stripe speaks to Stripe, API version 2024-06-20: checkouts for cards, stored cards,
// refunds, signed notices and the list of what was moved.
//
// It calls certain only what the documents call certain. A time-out, a cut connection, any
// 5xx and 424, a reply that cannot be read, an answer that an earlier request is still under
// way, and every error that is none of a card's and none of a request that does not fit leave
// a payment Unknown. A refused card is certain when its payment says so too.
//
// # How money is taken
//
// A stored card is charged by one request (a PaymentIntent, confirmed off-session). On a
// checkout, which is a page of the vendor's own, the payer's card is only held; Confirm
// captures it, after it has compared order, amount and checkout. So no money is ever taken
// that Confirm or Charge did not ask for, and a payer who closes the page, opens the way back
// twice or forges it has paid nothing. The price is that somebody whose browser does not come
// back has a hold on his card, which the vendor lets go after seven days.
//
// # How an order is found
//
// Each payment and checkout bears its order (metadata order_id). After a time-out three ways
// lead to it, of which one is right:
//
//   - The vendor's search by metadata lags behind by up to an hour. What it does not find may
//     have been paid, so it is never asked.
//   - The same request with the same idempotency key gets the first one's answer, but only
//     for a day; afterwards it would charge again. And an error inside is kept with the key
//     although the money may have been taken. So a repeat proves nothing.
//   - Lists are exact at any moment. Find asks by the vendor's id where one is known and
//     otherwise goes through the list of the customer's payments to its end: what is not on it
//     is Absent.
//
// The list is short because each stored card has a customer of the vendor's (cus_…), which is
// its Token.Customer; an order of a stored card carries it as Order.Customer. Without one, the
// payments of the whole account are gone through. What lies behind the newest 5,000 is Unknown.
// A checkout whose Begin was lost is Absent: nobody has the address of its page.
//
// Since keys are forgotten after a day, Charge and Cancel look first whether their order was
// paid, or their cancellation (metadata cancellation, its Key) was made, already. The vendor
// takes one key for one kind of request only; checkouts, customers and captures get the
// caller's key with a word behind it.
//
// # Errors that are kept
//
// An error inside (500, 424) is what the same key gets again for a day, whether money moved or
// not. Find tells of a payment. A cancellation that stays CancelUnknown, of which Find says
// that nothing was given back, may be made with another key by a person who has waited; the
// vendor says that it may still complete such a request while it repairs a failure.
//
// # What is not confirmed
//
// Nothing here has met a real account. From the documents or general knowledge, unproven:
//
//   - The won has no decimals. The least amount is half a US dollar in won, taken as 1,000.
//   - 402 with card_error is certain; 400 and 404 with invalid_request_error, and 429, carried
//     nothing out. One about the parameters payment_method or customer means that the stored
//     card is gone: removed, or of another customer.
//   - A capture that comes twice is payment_intent_unexpected_state, and one of a hold that
//     lapsed charge_expired_for_capture. Holding works for cards; other ways to pay are not
//     offered on the checkout.
//   - Whatever was wrong with a refund's amount is NotCancellable.
//   - A refund that is pending counts as given back, as the vendor counts it. One that fails
//     afterwards is told by a notice, and then Find says Paid again.
//   - A dispute changes nothing here while it is open. Neither does one that is lost: a person
//     has to book it.
//   - A detached card can still be asked for, and says that it belongs to nobody.
//   - Charges bear the metadata of their payment, and a balance transaction's time is that of
//     the capture. Refunds made in the vendor's dashboard have no order: Ref tells the payment.
//   - Movements that undo a failed refund are not listed.
//   - Codes of refused cards that are not in code.go may go later (CardDeclined).
//
// The webhook endpoint is to be registered for payment_intent.succeeded,
// payment_intent.payment_failed, payment_intent.canceled, charge.refunded, charge.refund.updated,
// charge.dispute.created and payment_method.detached. Others do no harm.
//
// Reading order: stripe.go (the account and its requests), code.go (the vendor's errors),
// wire.go and session.go (what is read), sale.go, find.go, cancel.go, token.go, list.go,
// notice.go, receipt.go.
package stripe
