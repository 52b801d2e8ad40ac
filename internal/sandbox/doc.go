// Package sandbox is test mode: the test site that every site may have beside it, and the
// clock of test sites, which can be set forward.
//
// A test site is a site like any other, with its own key, account, chain and statistics, and
// everything that happens there happens by the ordinary code; no row says that it is of a
// test. What is different lies at its edges alone: provider accounts and payment gateways
// that reach nobody are its only ones (packages delivery and billing see to that), and its
// credit was given away.
//
// What the package promises:
//
//   - A test site is made at its first use, with copies of what its live site can send by.
//     Nothing about people is copied, and nothing goes back.
//   - Advance moves time for one test site in one transaction: whatever counts from a moment
//     is as much older afterwards, and nothing else of the installation has changed.
//   - Time cannot be moved at a live site.
//
// What moves with the clock is what waits: jobs, messages and recipients that are not final,
// calls in doubt, reviews, payments that are open, the pauses of automatic recharge, series,
// deliveries to webhook endpoints and the pauses of those, what is remembered against duplicates,
// looks at templates (Shifts has them in the order of their locks). What goes by the calendar goes
// by the true day (caps, statistics, statements, the night of advertising), since those days are
// shared with what has happened already; and so does what the chain of the ledger has written
// down (when credit expires), what guards requests of the real world (idempotency keys, tokens),
// and what others count (the simulators, mail servers).
//
// The clock jumps: what would have happened meanwhile is due at once. Schedules and series
// that lie within the jump come now and are not missed; everything else is late, as after a
// standstill.
//
// Tables owned: none.
//
// Reading order: sandbox.go, make.go (the test site), clock.go, span.go (how long a time is,
// as people write it).
package sandbox
