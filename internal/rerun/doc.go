// Package rerun reads delivery reports again that came in a time past, after a parser was
// mended: what would be otherwise is compared first, with the money that follows from it, and
// applied only when an operator says so.
//
// It promises that nothing moves by a comparison, and that an application does what was
// compared and nothing else: each difference is judged anew right before, and one that would
// be another by now is left out and shown. Whoever waits for his report goes the way that any
// report goes (package delivery), so he is charged or released once. What a site paid for a leg
// that was not delivered is given back by a refund, once for each leg, whether runs, invoices
// or both find it out. Who is final stays so: a delivery that was taken for a failure is never
// charged afterwards, and is shown as a loss.
//
// A leg that ended is spoken for by the letter that ended it. Other letters about it, which
// contradicted it or came too late, were judged when they came; a run does not judge them
// anew, unless the one that ended the leg turns out to be no end at all. Nothing is taken back,
// charged or released against a letter that came before, or that may have ended the leg, and says
// otherwise: whatever its state is, on whichever page and outside of the time as well. Such a
// difference is shown as disputed, and nothing follows from it. The failure after which somebody
// went on to another try or step is no such letter, nor is one that came when he had: that the
// leg was delivered, which is told later, counts as it would have by itself. He is delivered by
// that leg and charged for it if the next one was not handed over, or does not deliver. A failure
// that came first, and would have been his end, does speak against it.
//
// Pages are small, and how far a run came stands in its row: a comparison or an application
// that a crash cut off goes on where it was, by whichever process, without a lease. Memory does
// not grow with the time that is looked at.
//
// Lock order: a run's row comes before everything else.
//
// Tables owned: rerun, rerun_difference, rerun_sum.
//
// Reading order: kind.go (the closed list of differences), judge.go (one report against one
// recipient, pure), run.go, page.go with rows.go (the comparison), hear.go (what other letters
// speak against), apply.go and refund.go (what follows from it) with sum.go, look.go (one letter
// for people), work.go (the jobs).
package rerun
