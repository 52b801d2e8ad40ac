// Package aligo speaks to Aligo (smartsms.aligo.in): its SMS API and its Kakao API.
//
// A call is one request. Texts go by send_mass, each recipient with its own; the vendor takes
// sender, type, title and pictures once for all, and of Alimtalk template and sender; legs that differ
// in these need calls of their own (Capabilities.Together). Texts are filled in by us, and the
// vendor's own fail-over is always off.
//
// The vendor has no room for our reference and no webhook: results are asked for by the id
// of the request (provider.Poller), and a leg is told by its number, which therefore stands
// once in a call.
//
// The adapter never repeats a request. Fields it does not know are passed over everywhere;
// numbers come as text or as numbers and are read both ways.
//
// What the vendor's documents leave open, and what was chosen:
//
//   - api_key is the user's id and api_secret the key. Both products take the same ones, under
//     other names. The address from which we call must be registered with the vendor: -101.
//   - A request that was taken says how many of its receivers were malformed and not which:
//     all count as taken, and the list tells.
//   - One code (-99) stands for many reasons; they are told by words of the message. What is
//     not understood refuses the call for a reason that is not recognised.
//   - A lost answer cannot be asked for: the list of requests tells neither whose a request is
//     nor how soon it is there. Look-up is none.
//   - The state of a text is words: 발송완료 is a delivery, what speaks of sending or waiting is
//     no end, anything else is a failure whose reason its words tell. Kept as code is "state".
//     Words that would make it the operator's failure (credentials, money, quota) are not
//     recognised there: a message that was taken and failed is not made again for a word.
//   - Who is not in a list is on the way; the vendor tries for up to 24 hours.
//   - The codes of Alimtalk that mean a delivery are not documented: 0 and 0000, or those of the
//     setting success, separated by commas. A message whose msgid begins with Q is on the way.
//   - An Alimtalk needs a sender number, though it is not shown: the leg's, or the setting sender.
//   - The pictures of an MMS travel in its request, three at most, as parts image1 to image3 of a
//     form. Their limit is not documented but is taken for that of the others. A call is
//     refused for one in words.
//   - The balance is told in SMS that it would pay, not in won. Sender numbers are not listed.
//   - A template that is stopped (S) counts as blocked, whether Kakao stopped it or it sleeps.
//     There is no request that takes one back from inspection, wakes one or comments on it.
//     Tables and quick replies are not documented; a template that has them is denied.
//   - HTTP statuses other than 200 are not documented: 401, 403 and 429 took nothing, others
//     may have.
//
// Reading order: aligo.go, submit.go with parts.go, poll.go, report.go, desk.go, template.go.
package aligo
