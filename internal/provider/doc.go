// Package provider is the contract between Credit Messaging and the companies
// that carry messages to phones (upstreams), and the words both sides use.
//
// It promises that every adapter answers in the same terms: a call ends in
// exactly one of four outcomes, a delivery report is one Report whatever its wire
// form, and each reason of failure is one of a closed list with a sentence a
// person understands in Korean and English. An adapter never guesses: what it
// does not know for certain it calls Unknown, and a timeout is never a failure.
//
// The package owns no tables, keeps no state of messages, does not choose
// between providers, retry, or limit speed: package delivery does. Adapters speak HTTP
// through package upstream.
//
// Reading order: provider.go (the contract), desk.go (what an account has at its vendor
// besides messages), channel.go, reason.go (the closed list), result.go (raw codes that
// several vendors share), sift.go, polled.go and webhook.go (what several adapters need).
package provider
