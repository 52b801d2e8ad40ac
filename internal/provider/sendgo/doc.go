// Package sendgo speaks to SendGo (sendgo.io), API v2.
//
// SendGo knows campaigns: a call is one, made by one request. Of a text the vendor takes
// sender, subject, words and pictures once for all contacts, of an Alimtalk channel and template, and
// puts the variables of each contact in itself; legs that differ in what it takes once need
// calls of their own (Capabilities.Together). Its own fail-over is always off.
//
// Before the request that hands over the adapter needs a token, which it keeps for fifty
// minutes, and for a text the key of the sender number, which it asks for and keeps as long.
// Only the newest token of an application is valid, and a provider has no store to share one
// in, so processes that share an account take it from each other. A request that is refused
// for its token was not carried out, and is made again, four times at most; it is the only one
// that the adapter repeats. It goes with a token that this process got in the meantime, or else
// with a new one, which is asked for after a rest of random length only: the process that has
// the newest makes its calls meanwhile, so that tokens are few and calls wait for about half a
// second instead. A call that loses its token every time was not sent, which is no fault of the
// keys; wrong keys are told at once, when the token is asked for.
//
// Campaigns have no room for our reference: their items are asked for (provider.Poller), and
// a leg is told by its number, which therefore stands once in a call.
//
// What the vendor's documents leave open, and what was chosen:
//
//   - The limit of contacts is not published; calls carry at most 1,000.
//   - Whether the words of a text may hold variables is not said, so none are used.
//   - The reply names the campaign campaignId, campaign_id, uuid or id; all are read.
//   - Values of an item's status are not documented: SUCCESS is a delivery, FAILED, REJECTED,
//     CANCELED and CANCELLED are ends, anything else is on its way. A code beside it,
//     by any of the names seen, is Kakao's or the carrier's.
//   - An Alimtalk that failed without a code could not be delivered (kakao_undeliverable), so
//     that a text may go instead.
//   - A lost answer cannot be asked for, since campaigns bear nothing of ours. Look-up is none.
//   - The push of results that one reseller uses is not documented by the vendor and not used.
//   - Pictures travel in the request, three at most. What stands in files is not documented but
//     that it is objects: each has fileName and fileBody, in base64, the names that such members
//     have with other vendors. Who does not want to find out leaves mms out of the account's
//     channels.
//   - The balance is in the vendor's credits, under a name that is not documented: credits,
//     credit, balance or amount. A sender number in a state outside the documented ones may not
//     be used. A list of senders that is missing, or in which nothing is of the documented form,
//     does not say that a number is not registered: it is no answer.
//   - A template wants a purpose and that the vendor's rules are confirmed; without these it
//     is denied here. Nobody but the site can confirm, so nothing is filled in. A
//     template of no category goes among others (999999). Members of templates and channels
//     are read in both spellings that were seen.
//   - No rate limit is published; 429 is honoured with its Retry-After.
//
// Reading order: sendgo.go, token.go, submit.go, refusal.go, poll.go, desk.go,
// template.go.
package sendgo
