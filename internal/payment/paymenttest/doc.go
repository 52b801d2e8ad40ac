// Package paymenttest is what every payment gateway's adapter must pass. It is for tests.
//
// Run holds an adapter to each sentence of the contract in payment.Gateway: it stands a
// simulated vendor behind a real socket, plays the payer, breaks every request in every way a
// network can, and compares what the adapter says with what was really taken and given back.
// It never looks into the adapter and knows no vendor: what differs between vendors is in the
// Harness. A vendor here is one that keeps to the cards, the payer's page and the /_sim paths
// of package payment/simulator.
//
// Reading order: harness.go (what an adapter brings), line.go (the breakable socket),
// world.go (one test's vendor, adapter and payer), law.go (what holds whatever happened), then
// the sentences: begin.go, take.go, broken.go (every request broken), cancel.go, token.go,
// deposit.go, notice.go, paper.go; and liar.go, adapters that the suite must find.
package paymenttest
