// Package sens speaks to Naver Cloud SENS: SMS v2 for texts and Alimtalk v2.
//
// A call is one request. The vendor takes type, sender and pictures of texts, and channel and template
// of Alimtalk, once for all recipients; legs that differ in these need calls of their own
// (Capabilities.Together). Each recipient has a text of its own, filled in by us, since
// the vendor knows no variables. Its own fail-over to text is always off.
//
// The vendor has no room for our reference and no webhook: results are asked for by the
// id of the request (provider.Poller), and a leg is told by its number, which therefore
// stands once in a call (Capabilities.DistinctPhones). What an answer is about stands beside
// it in the body that Poll gives, so that it can be read again by itself.
//
// The adapter never repeats a request. Fields it does not know are passed over everywhere.
//
// What the vendor's documents leave open, and what was chosen:
//
//   - Texts and Alimtalk are services with ids of their own: settings sms_service and
//     alimtalk_service. A channel whose service is not named is not carried.
//   - A lost answer cannot be asked for: lists tell neither whose a message is nor how soon
//     it is there, and the same words may go to the same number twice. Look-up is none.
//   - The path is signed as it is sent, with colons as they are.
//   - Errors come in two forms, of the gateway and of the service; both are read, and what
//     is in neither is told by its status. 429 and 503 of the gateway took nothing; other
//     statuses of 5xx may have.
//   - A text that is refused for one bad number, or taken without it, cannot be told apart
//     beforehand: whoever is not in the list of a call stays on its way until expiry.
//   - An empty 404 of a list says that there are no rows yet.
//   - How a list goes on is said in part: pages of 100 are asked for, which a call fits in, and
//     more of them by nextToken, or by the pageIndex of the reply and one, or by numbers from 0.
//     A page that brings nobody new, though more was promised, is an error as long as fewer are
//     seen than the call has.
//   - Whether a code may be absent or null is not said: it is then no end of a message, and no
//     refusal of a recipient of Alimtalk, who counts as taken when he has an id. Without one the
//     call is in doubt.
//   - requestStatusCode of Alimtalk other than A000 refuses a recipient. Its code is kept;
//     beginnings of it are not documented but for B (template, content), so B is a template
//     that does not match and anything else is not recognised.
//   - Kakao's code of success is 0000; 1000, which other dealers pass on, counts as well.
//   - Codes outside the lists are final failures; 3005 of Kakao is not final.
//   - The picture of an MMS is uploaded before (upload.go), one alone: whether a message takes
//     more is not said. It is kept for six days, or until the time of the reply. How a message
//     is refused whose picture is gone is not documented: a 400 or 404 that speaks of a file has
//     it uploaded again. What is reported of one later (S006 and its like) is the end of the leg.
//   - Templates are shown and written in the console alone; so are channels, and sender numbers,
//     which nothing lists. States of an inspection outside REGISTER, REQUEST, ACCEPT, COMPLETE
//     and REJECT are not known ones. The vendor bills afterwards: there is no balance.
//   - Quick replies are not documented and not sent.
//   - No rate limit is published; 429 is honoured with its Retry-After.
//
// Reading order: sens.go, submit.go, wire.go, upload.go, refusal.go, poll.go, report.go,
// desk.go.
package sens
