// Package solapi speaks to Solapi (also sold as CoolSMS), messaging API v4.
//
// It sends through groups, in three requests: create a group, add the messages while
// its id is stored, send. A group that was not sent is inert, so until the third
// request nothing is handed over whatever goes wrong, and after it the group says for
// certain what became of it: a lost answer can always be settled.
// Our reference travels with every message as customFields.ref and comes back in
// reports and lists; the attempt's id is the group's customFields.batch. Solapi's
// own fail-over to text is always off, since a fallback is ours to decide.
//
// The adapter never repeats a request, never sends a group twice, and deletes
// what it will not send. Fields it does not know are passed over everywhere.
//
// What the vendor's documents leave open, and what was chosen:
//
//   - allowDuplicates is false, as a second guard against the same leg being added
//     twice; therefore legs of one call must go to distinct phones
//     (Capabilities.DistinctPhones). A repeated phone is refused with 1026.
//   - strict is false, because the letters of CP949 outside KS X 1001 (뷁) are
//     refused otherwise; what cannot be encoded at all never gets this far.
//   - An item of the reply to adding messages is found by customFields.ref, or by
//     its phone where the vendor leaves customFields out. If a leg is not named, or
//     an item names no leg, the reply was not understood and the group is not sent.
//   - Solapi refuses a group or takes it whole: with one leg refused at
//     registration the others are sent.
//   - A group still PENDING is deleted before it is called not sent, so that a
//     request still on its way cannot send it afterwards. SENDING, COMPLETE and
//     SCHEDULED are taken; DELETED is possible from PENDING only, so it was not.
//   - FAILED (over the daily quota) is final, and Solapi sends such a group again
//     only when a person asks for it: messages that had not left it are reported as
//     failed for provider_quota, the others say themselves what became of them.
//   - A group that is not found proves nothing: the key may by now belong to another
//     account. The look-up is an error and is made again.
//   - Whether nextKey is in the page before or after it is not said, nor whether pages move while
//     messages come to an end. A list is complete by its distinct references alone.
//   - Codes of the classes 1, 2 and 3 outside the list are final failures but for 2000 and
//     3000; codes of any other form are not final.
//   - DuplicatedSignature never speaks of credentials, since no signature of ours is used twice:
//     a copy of a request was refused, and the first was let in. When a group is sent, the call
//     is in doubt; before that nothing was handed over, and besides messages nobody knows.
//   - No rate limit is published; 429 is honoured with its Retry-After.
//   - An MMS has one picture, which is uploaded to the storage before (upload.go) and stays
//     there until somebody deletes it, as far as is said. A group in which a message was
//     refused since its picture is not there (1023, or the error ImageNotFound) is not sent:
//     the picture is uploaded again.
//     What the storage refuses for its form or size (400, 413) is the picture's fault.
//   - Cash and points are one balance, since both pay. Only sender numbers that may be used
//     are listed.
//   - The states of a template are PENDING, INSPECTING, APPROVED and REJECTED; that one sleeps
//     or was stopped is read from members dormant and block, which no document has, and is
//     otherwise learnt from messages alone. A comment cannot be written by request.
//   - A template with a table or quick replies is sent by its variables, every other with its
//     text: how the parts would be sent beside a text is not documented.
//   - The webhook's header X-Solapi-Secret is the SHA-1 of the secret; receivers
//     that saw the secret itself set provider.Webhook.Plain.
//
// Reading order: solapi.go, submit.go, wire.go, upload.go, refusal.go, lookup.go, report.go,
// code.go, desk.go, template.go.
package solapi
