// Package privacy forgets people: one number of a site, whoever a site's old messages went
// to, or a whole site.
//
// It promises:
//
//   - What was asked for is done, also over crashes: an erasure is a row, its work is a job that
//     goes on where it was, and doing a part twice changes nothing.
//   - A number is forgotten in messages that are over, with the values that were filled in for
//     it, in refusals, in kept replies, in the address book, in series, and in what is
//     remembered of it. A message that is not over still needs its number: the erasure waits
//     for it and comes back.
//   - Sums stay. No state, cost, count or entry of a ledger changes, so every law can be proven
//     afterwards as before.
//   - An erased site has no key any more: whatever was sealed with it cannot be read by anybody,
//     but for who has the master key and a backup of the database from before, which holds the key
//     as the master key wraps it. Its ledger stays and verifies. Nothing of it acts any more, no job,
//     series, recharge, alert or webhook, and its test site ends with it. What it owes, or is
//     still to get for its money, is in the way.
//
// What it leaves: a number on a list of opt-outs, since the wish not to be written to has to be
// kept; for message.ClaimedFor a keyed digest by which what a carrier still says of a number finds
// its message; who changed what, in which no number, text or name of a recipient is (package
// audit); raw reports of carriers until they go by age; lines of carriers' invoices, which are
// business records; what a site wrote itself into titles and metadata.
//
// Tables owned: privacy_erasure, privacy_keeping.
//
// Reading order: erasure.go (what is kept of a wish), work.go (how it is done), keeping.go (how
// long a site keeps people, a job for each), site.go (the end of a site).
package privacy
