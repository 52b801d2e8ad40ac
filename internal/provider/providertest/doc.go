// Package providertest is what every provider adapter must pass, and a provider
// without a network. It is for tests and benchmarks.
//
// Run holds an adapter to each sentence of the contract in provider.Provider: it
// stands a simulated vendor behind a real socket, breaks every request of a call in
// every way a network can, and compares what the adapter says with what the vendor
// took. It never looks into the adapter and knows no vendor: what differs between
// vendors is in the Harness. A vendor here is one that keeps to the numbers, the
// scenario and the /_sim paths of package provider/simulator.
//
// Instant is a provider in this process. It takes a leg for some hundred
// nanoseconds, so that what is measured above it is not the provider, and behaves
// by the same numbers as the simulator.
//
// Reading order: harness.go (what an adapter brings), line.go (the breakable socket), world.go (one
// test's vendor, adapter and webhook, and the laws), then the sentences: submit.go, sweep.go (every
// request broken), ending.go, picture.go, advert.go, lookup.go, report.go, load.go; about what
// accounts have besides messages desk.go and desk_sweep.go. Of Instant: instant.go,
// instant_submit.go, instant_report.go.
package providertest
