// Package message is the campaign and its people: what a site wants to send, by
// which steps each recipient is reached, what that may cost, and what became of
// everyone.
//
// It promises that an accepted message is whole: its rows, the credit held for
// its worst case, its first event and its jobs stand in one transaction, or
// nothing of it does. It promises that each accepted recipient ends exactly once
// (delivered, failed, expired or cancelled), and that the step which ends it
// spends or releases what was held for it in the same transaction.
//
// Steps, channels and prices are frozen at accept. A recipient carries only a
// class byte; a message has at most 64 classes, so what a recipient may cost is
// a table look-up. A thousand recipients are packed into one compressed and
// sealed batch body, beside a finder (sorted keyed hashes of their numbers). A
// recipient has no row of its own before its first outcome: until then it has
// the state of its batch.
//
// States of a message:
//
//	draft ──accept──▶ accepted ──every recipient final──▶ done
//	  ├────accept──▶ scheduled ──due──▶ accepted
//	  └────accept──▶ review ──a second person──▶ scheduled | accepted
//	scheduled | accepted ◀──pause, resume──▶ paused ──every recipient final──▶ done
//	scheduled | accepted | paused | review ──cancel──▶ cancelling ──every recipient final──▶ cancelled
//
// States of a recipient (final: delivered, failed, expired, cancelled):
//
//	pending ─▶ sent | unknown | delivered | failed | pending (next step) | cancelled | expired
//	sent    ─▶ delivered | failed | pending (operator's failure) | pending (next step) | expired
//	unknown ─▶ as sent, and sent, and pending when a look-up proves that it was not sent
//
// States of a batch, which its recipients without a row share:
//
//	waiting ─▶ taken (its recipients are, or are being, handed over: pending until they have a row)
//	waiting ─▶ cancelled | expired
//
// Tables owned: template, message, batch, reject, recipient, recent, policy, off_kakao, review,
// forgotten, saved_text.
//
// Reading order: message.go and recipient.go (the rows) with batch.go (packing), rows.go and
// outcome.go; route.go (strategies to steps) with policy.go and policy_store.go (a site's own)
// and off_kakao.go (who is spared a detour), template.go with template_check.go and kakao_text.go,
// request.go (what is asked for), text.go (variables) with lines.go, draft.go (the checks of one
// recipient) with check.go, checked.go, attach.go (pictures), groups.go (groups of the address
// book) and advert.go (what advertising must be), asked.go (what is asked about recipients),
// recent.go (who was sent the same words already) and words.go (which words nobody may see),
// quote.go with expect.go and past.go (what it would cost), preview.go (what a phone would show),
// stage.go (large drafts); accept.go (the group commit) with admit.go, facts.go (what a draft asks), known.go (what it may go by without
// asking), reply.go (idempotency keys) and wait.go (for a recharge); change.go (what can happen to
// one person), record.go (writing it, with the money) with figures.go, told.go and notice.go; then
// job.go, turn.go (which site is next) and handover.go, schedule.go, tempo.go (how fast) and
// timing.go (in which hours, and what has none), review.go, cancel.go, resend.go; find.go,
// export.go, sendlog.go and places.go (who it went to); forget.go with recall.go (what carriers
// still say of who was forgotten), erase.go; saved.go with saved_used.go (texts to be sent again);
// noted.go, metrics.go, shift.go.
package message
