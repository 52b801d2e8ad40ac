// Package nhncloud speaks to NHN Cloud: SMS v3.0 for texts, and KakaoTalk Bizmessage
// v2.3 for Alimtalk.
//
// A call is one request. The vendor takes sender, subject, body and pictures of a text once for all
// recipients, and channel and template of an Alimtalk; legs that differ in these need calls
// of their own (Capabilities.Together). An Alimtalk goes as a raw message, its text as we
// filled it in, and the vendor's own fail-over to text is always off.
// Our reference travels as recipientGroupingKey and comes back in reports and lists; the
// attempt's id is the senderGroupingKey of the call, by which a lost answer is looked up, and
// of an Alimtalk the idempotency key too, so that what the network repeats is refused.
//
// The adapter never repeats a request. Fields it does not know are passed over everywhere.
//
// What the vendor's documents leave open, and what was chosen:
//
//   - The two products have keys of their own. api_key and api_secret are those of SMS, or
//     of Alimtalk where the account is used for nothing else; alimtalk_key and
//     alimtalk_secret are those of Alimtalk beside texts.
//   - Errors come with HTTP status 200 and a header in the body. Statuses are not documented:
//     401, 403 and 429 say for certain that nothing was taken, and of 408 and whatever is no 4xx
//     nothing is known. Any other 4xx is as good as 200 when its header has a code of an error,
//     and unknown without one.
//   - That all recipients of a call were refused (-1031) is believed also when the reply does not
//     name each, unless it names one that was taken.
//   - System errors (-9999, -7000) do not say whether the call was taken: unknown. A queue
//     that is full (-2021) takes nothing.
//   - A look-up finds what was taken by the senderGroupingKey within a day of the call.
//     Nothing found proves nothing, since nowhere is said how soon a call is listed. Each
//     product and kind of text has a list of its own: that of the call's channel is asked.
//   - Lists show recipients that were taken; one that is not named may have been refused
//     when the call was made, so a look-up is never called complete.
//   - The secret of a webhook comes back as it was typed into the console; it proves the
//     sender, not the body. The vendor's examples spell recipientGropuingKey once: both are read.
//   - Result codes outside the lists are final failures; 3005 (Kakao could not confirm) and
//     4161, 4001 (in progress) are not final.
//   - A state decides before a code. Final are COMPLETED, FAILED, CANCEL, DUPLICATED and
//     FAILED_AD, and in lists of texts 0 and 3 to 6; any other, known or not, is on its way
//     whatever code stands beside. Without a state, as in reports of Alimtalk, the code decides.
//   - DUPLICATED and CANCEL, without a code, are the reasons of that name.
//   - Pictures of an MMS are uploaded before (upload.go), three at most. For how long they are
//     kept is not said: they count as kept for a day, and an MMS that is refused since one has
//     expired (-2004) has it uploaded again; of any other call the code is a refusal. Pictures
//     of 1,000 dots count as not above the limit, which the documents write as below
//     1000×1000 once.
//   - A template's code is ours to make. It is submitted as it is added or changed, and there
//     is no request that takes it back, or wakes one that sleeps. Comments of status INQ are
//     the customer's, all others the inspector's.
//   - The vendor bills afterwards: there is no balance.
//   - No rate limit is published; 429 is honoured with its Retry-After.
//
// Reading order: nhncloud.go, submit.go, wire.go, upload.go, refusal.go, lookup.go, report.go, code.go,
// desk.go, template.go.
package nhncloud
