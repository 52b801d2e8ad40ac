// Package whatif replays what a site sent in a past time by another strategy or at other
// prices: what would it have cost, whom would it have reached, and how soon.
//
// What it promises:
//
//   - Replaying what really ran gives the real cost to the won, the real number of people
//     reached and their real latency.
//   - What is known is told apart from what is guessed. A leg that a person really had is
//     known to arrive or not; one that he did not have is taken to arrive as often as that
//     channel's legs of the same replay did, and its numbers are labelled extrapolated.
//   - It only reads, at one moment, and holds up nobody but other questions: of these a process
//     answers one at a time.
//
// What it never does: change a message, a price or a balance; guess about people who were
// cancelled, or who are not final yet: they are counted apart.
//
// Money is what was or would be charged on delivery, before refunds. It is rounded down to
// 1/10,000 won for each group of alike people that is extrapolated.
//
// Tables owned: none.
//
// Reading order: whatif.go (the question and the answer), replay.go (one person, pure),
// sum.go (the sums).
package whatif
