// Package credit is the ledger: what every site has, holds and has spent.
//
// It promises that credit is never made, lost or spent twice, whatever is
// interrupted and however many processes work on one database, and that anyone
// can prove it afterwards. It never decides by a balance that is not locked, and
// never calls anything outside the database.
//
// # Accounts and entries
//
// A site has three balances, available, held and spent, and five names that
// count where credit came from or went to: cash, bonus, adjustment, breakage,
// receivable. Every entry moves an amount > 0 from a debit to a credit account
// of one site; an account's balance is its credits minus its debits:
//
//	payment         cash → available          release         held → available
//	bonus           bonus → available         refund          spent → available
//	adjustment      adjustment ↔ available    payment_cancel  available ↔ cash or bonus
//	reserve         available → held          expire          available → breakage
//	settle          held → spent              receivable      receivable → cash, available → receivable
//
// A site's entries are one gapless sequence. The hash of each is
//
//	SHA-256(previous hash, 32 bytes, zeros first ‖
//	        seq kind amount debit credit available_after held_after ref key at
//	        note_digest opens_digest, joined by \n, none at the end)
//
// Amounts have exactly four decimals, at is microseconds since 1970 UTC as an
// integer and never falls, digests are hex, what is absent is empty. The note
// itself is not hashed: note_digest is its HMAC under a random key that lies
// sealed beside it. opens_digest is the SHA-256 of what never changes of what
// the entry opened: lot (kind, amount, expiry), reservation (message, amount,
// takes, classes), the usages that a settlement began and what others carried into its
// month, a refund with its lot, or the parts of lots that an entry took without a
// reservation.
//
// # Lots and reservations
//
// Each top-up opens a lot, paid or bonus, with or without an expiry. Credit is
// consumed bonus before paid, nearest expiry first, then oldest. A reservation
// keeps its takes in that order: settling spends from the front, releasing gives
// back from the end. What a reservation holds does not expire; what comes back
// into an expired lot is booked as expired at once. A job for each lot that expires
// warns 30, 7 and 1 days before, and books the rest as expired when the time has come.
//
// # Giving and taking back
//
// A refund gives back what a usage was charged: of what its message spent, the last
// first, in new lots of the same kinds. A cancelled payment takes what is neither spent
// nor held of its lot, and of the bonus given with it the same part; it is restored when
// the money did not go back after all. What a gateway gave back after it was spent is
// owed: nothing is sent until paid credit, by whatever way it comes, has repaid it. Every
// such act is told in an event of topic credit.
//
// Whoever must act when credit runs low gives an account a band (Watch): leaving it puts one
// job, whatever took the credit and however many do at once.
//
// # Caps
//
// A site, and its operator, may set how many recipients its messages have and what they cost
// in a Korean day and month. A hold that would go over a cap is refused under the account's
// lock, as one that lacks credit is. The recipients that the installation allows a site in a day
// (its quota) are a cap as well. What is released is given back to the period in which its
// message was accepted. No money follows from a cap, so Prove has nothing to say of them.
//
// # Prices
//
// A price list belongs to the installation, to a plan, or to a site, and names some
// channels; the nearest that names one counts. A plan is a list that sites share. What it
// makes of a site's prices is written for each of its sites, so that reading what a site
// pays is one look. History stays, and what is accepted keeps the prices of that moment.
//
// # Forecast
//
// Forecast says on which day a site's credit runs out, and how much it lacks for 30 days, if each
// weekday goes on as it did: half-way between the last week and the last four.
//
// # Laws
//
// Prove checks, and names each row that breaks one:
//
//  1. available = Σ remaining of lots = what the entries make of it; held = Σ open
//     of reservations; neither is negative.
//  2. Of each reservation settled + released + open = reserved, and that is what
//     its recipients need and cost.
//  3. All accounts of a site sum to zero; Σ usages = spent, per message and channel;
//     what usages were refunded is what refunds gave back of what was spent.
//  4. The chain is whole and ends in the account row; what was opened matches its
//     digest; each day up to the last signed one ends in what its signed head says.
//  5. Of each lot opened = remaining + held + spent + expired + cancelled.
//
// Every stored column is hashed or follows from hashed ones, so no byte can
// change unseen; a usage that cost nothing follows from the recipients alone.
//
// All sites are proven every six hours, by one process at a time, and when somebody asks; what
// the last proof found is a row that every process reads.
//
// # Signed heads
//
// At the end of each Korean day the installation signs where the chain of every site stood
// that grew on it: Head.Text says what is signed. Who rewrites a whole chain cannot sign it
// anew without the master key. Who also takes the heads away leaves no trace here: that is
// why each is told in an event and stands in statements, for the site to keep.
//
// # Months
//
// Month adds up a Korean month exactly, also by channel. Entries have no channel; usages
// have, and say what they count now. Where one goes on in a later month than its first, a
// carry keeps what it had counted before, so that each month has its own part.
//
// # Tables and files
//
// It owns account, lot, reservation, entry, credit_usage, credit_carry, credit_refund, credit_head,
// credit_cap, credit_cap_use, credit_proof, price, plan and site_plan. Within a site everything of the ledger is
// written under the lock of its account row, and the layer of its plans under that of its Rev. Read
// ledger.go (locking, Reserve, writing), book.go (what is decided in memory), topup.go, settle.go,
// refund.go, cancel.go, expiry.go, watch.go, cap.go with cap_store.go and cap_quota.go; then
// takes.go, lot.go, reservation.go, entry.go, note.go, usage.go with carry.go, account.go; price.go
// with tariff.go and price_period.go, plan.go, plan_site.go, plan_layer.go; head.go; period.go with
// period_channel.go; and prove.go with prove_chain.go, prove_heads.go, prove_messages.go,
// prove_usages.go, prove_refunds.go; proving.go has it done again and again; offline.go proves
// without a database; forecast.go (when credit runs out, pure).
package credit
