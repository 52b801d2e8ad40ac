// Package toss speaks to Toss Payments, core API 2022-11-16: the card window, stored cards
// (billing keys), virtual accounts, cancellations, cash receipts and the list of
// transactions.
//
// It decides by the vendor's code, not by the HTTP status, and calls certain only what the
// documents call certain: a time-out, a cut connection, any 5xx, a reply that cannot be read,
// an answer that an earlier request is still under way, and every code that is not in the
// list of code.go leave a payment Unknown. Find then says what became of it. Every request
// that moves money carries its caller's idempotency key, which the vendor keeps for 15 days
// without looking at the body: one key belongs to one operation for ever.
//
// Notices about payments are not signed, so nothing of them is believed but which payment
// to ask for; the secret of a deposit's call-back is handed on for the caller to compare.
//
// What the documents leave open, and what was chosen:
//
//   - The address of the script (v2/standard) and the names of its fields are from general
//     knowledge. Fields["call"] says which function opens the window: requestPayment or
//     requestBillingAuth. An added paymentType in the return address is passed over.
//   - Dates of the list of transactions are sent as Korean time without a zone, since a Z is
//     known to be refused; what lies outside the period is left out here, so it does not
//     matter which ends the vendor includes. A cancelled amount may come with a minus sign.
//     Pages are read until one is empty.
//   - A payment that was CANCELED and never approved took no money: Declined, AccountLapsed.
//   - CANCELED without a list of cancellations counts as given back whole.
//   - When a cancellation is answered with "cancelled already", the payment is asked for: it
//     is done when all was given back and all was asked for. For a part it cannot be told
//     whose cancellation it was, and a person decides (CancelNever with what was given back).
//   - A refund to a bank account is done when the vendor took it, though the transfer runs
//     later; a reply that says it FAILED is CancelNever with BadBankAccount.
//   - An authKey that the vendor does not know (used, or too old) is PayerLeft: the person
//     begins again.
//   - 429 is not in the documents but may come from any gate in front of the vendor; nothing
//     was carried out.
//   - Names of the card companies by issuer code are from general knowledge and only shown.
//   - Tax-free amounts, escrow, instalments and fixed accounts are not offered.
//
// Reading order: toss.go (the account and its requests), code.go (the vendor's codes),
// wire.go (what is read), sale.go, means.go, find.go, cancel.go, token.go, receipt.go, list.go,
// notice.go.
package toss
