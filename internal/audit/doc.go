// Package audit keeps who changed what: by which token, person or verb of the command
// line, from where, what it was before and what it became, and who approved it.
//
// Whoever owns a table calls Note in the transaction that changes it, so that a change and
// its entry are there together or not at all. Who acts stands in the context of the
// transaction (With): the API and the command line put it there in one place each, and a
// change that nobody asked for is the program's own. Sending and delivery note nothing: a
// message tells by itself who sent it, and what became of it.
//
// An entry names things and holds what changed of them: states, prices, amounts, settings.
// It never holds a recipient's number, the text of a message, or a secret; that these
// changed is all that is said of them (Hidden, Wording).
//
// Entries are never changed, and deleted only when they are older than they are kept. What
// a site's entries of a Korean day were is signed soon after the day (Seal): each
// seal counts in the one before it, and that of the installation counts in those of all
// sites of its day. So Verify notices an entry that was changed, taken out or put in later,
// and a seal that is missing; and that entries are gone for their age it takes from nothing
// but what was signed when they were deleted (Sweep). What it cannot notice: what somebody who writes to the
// database does to the entries of a day before its seal is made, and seals that are taken
// away from the end, unless somebody kept a later one. There is no chain from entry to
// entry, since its end would be one more row that every change has to lock.
//
// Tables owned: audit, audit_seal.
//
// Reading order: actor.go, audit.go, value.go, list.go, csv.go, seal.go, verify.go, sweep.go.
package audit
