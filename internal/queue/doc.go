// Package queue keeps the installation's jobs as rows, beside the rows they are
// about: a job is put, finished or put back in the very transaction that changes
// what it works on, so neither can exist without the other.
//
// A job is a kind and a key ("send", message and batch), never a list of things
// to do: the handler looks at the rows the key names and does what they need now.
// That is why putting a job that exists is safe and cheap, and why running one
// twice must be harmless.
//
// What it promises:
//
//   - No wake-up is lost. Put on a job that exists raises its revision; Done
//     deletes only the revision that was claimed, otherwise the job runs again.
//   - A job is in the hands of one valid lease at most. Done, Again and Fail of
//     any other lease are refused with ErrLost, which undoes the caller's
//     transaction: work of a lost lease never commits.
//   - A lease that runs out counts as a failed try, and the job is claimed again.
//   - Among the jobs that are due, claims go by rank. Claims read a few index
//     entries, however many jobs wait.
//   - A job that fails BuryAfter times is buried: kept, counted, not run, until
//     Retry or Put wakes it.
//   - What became of jobs is counted by the minute, of all processes together and for two
//     days: how many, how long they waited and how long they took. It costs a job nothing in
//     the database (tally.go); a process that is killed forgets the last seconds of it.
//
// What it never does: run a handler inside a transaction, keep a job in memory
// only, or retry without a pause.
//
// States of a job's row:
//
//	later ──its time has come──▶ ready ──Claim──▶ later, with a lease
//	later, with a lease ──Done──▶ gone | ──Again, Fail, Put meanwhile──▶ later | ready
//	later, with a lease ──Fail, too often──▶ buried ──Put, Retry──▶ ready
//	ready | later | buried ──Drop──▶ gone; with a lease: gone once the lease ends
//
// Transactions lock jobs in the order of key and kind.
//
// Tables owned: job, queue_minute.
//
// Reading order: queue.go (the words), row.go (one job and the moves it can make,
// pure), put.go, claim.go, finish.go, run.go (the workers), tally.go (what became of
// jobs), stats.go, list.go, shift.go.
package queue
