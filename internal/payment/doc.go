// Package payment is the contract between Credit Messaging and the companies that take money
// (gateways), and the words both sides use.
//
// It promises that every adapter answers in the same terms: what became of a payment is one
// State whatever the gateway calls it, and each reason of failure is one of a closed list with
// a sentence a person understands in Korean and English. An adapter never guesses: what it
// does not know for certain it calls Unknown, and a timeout is never a failure. Money that may
// have been taken is asked for (Find), never taken again.
//
// Amounts are whole won, VAT included: what the payer is charged. What of it becomes credit is
// the caller's to say.
//
// The package owns no tables and keeps no state of payments; package billing does. Adapters
// speak HTTP through package upstream and stand below their kind's name: payment/toss,
// payment/stripe, payment/manual. Package paymenttest holds the sentences that every adapter
// must pass.
//
// Reading order: gateway.go (the contract) with order.go (what is asked for), result.go (its
// answers), reason.go (the closed list).
package payment
