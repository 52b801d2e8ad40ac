// Package delivery hands accepted messages over to providers and brings their
// ends home: attempts, delivery reports, fallback, look-ups, expiry.
//
// It promises that a recipient is never handed over twice for one leg. Every
// provider call is a row, an attempt, before it is made; it is made only by the
// one who moved that row from planned to calling, or who wrote it as calling because
// nothing holds the call back, and its outcome is written only by the one who moves
// it on from there. A timeout is "unknown", never a failure:
// only a provider's authoritative word, asked twice, turns it into "not sent".
//
// It promises that nobody is handed over whom the rules of messaging forbid: advertising by
// night to who did not consent to it, anything to who opted out of it. This is judged for
// every leg when it is planned, and the hour once more right before its call.
//
// It promises that a report is never lost: its raw body is committed to the inbox
// before the provider gets its 200, and stays there until it was applied. What a
// report does is decided by one pure function (decide.go) and written, with the
// money that it moves, in one transaction.
//
// States of an attempt:
//
//	planned ─▶ calling ─▶ answered | refused | not_sent | unknown
//	planned ─▶ not_sent   (its process died, or it may not go now: certainly not made)
//	planned ─▶ not_sent | refused   (a picture in it could not be uploaded: certainly not made)
//	calling ─▶ not_sent   (it began with its plan and may not go after all: certainly not made)
//	planned ─▶ closed     (nobody in it is wanted any more: certainly not made)
//	calling, unknown ─▶ answered | not_sent   (by look-up)
//	calling ─▶ unknown ─▶ closed              (nobody can tell; reports or expiry decide)
//
// Tables owned: attempt, inbox, leg_returned.
//
// Among accounts it prefers those that are well; which ones they are is a process's own
// view, made of what all processes tell each other, and decides nothing about a message.
//
// Reading order: service.go, reference.go (how a leg is called) and attempt.go (one call as its
// row has it); dispatch.go with facts.go, round.go and allowed.go (claimed jobs to planned calls),
// choose.go (which account) with health.go, lane.go, rests.go and standing.go (how one does) and
// news.go (what processes tell each other), flight.go (the calls of a plan) with calm.go, call.go
// (one call and its outcome) with split.go and upload.go (what an MMS shows), decide.go, door.go
// and inbox.go (reports in), intake.go (reports applied), letters.go and letters_find.go (the inbox
// as people look into it), calls.go and trace.go (what happened to whom), leg.go and give_back.go
// (what a leg is worth, and giving it back), retain.go (what is over), poll.go (providers that have
// to be asked), await.go (look-ups and expiry), recover.go (after a crash), all three with
// lookup.go (what is asked of accounts that may not answer); backlog.go, shift.go.
package delivery
