// Package client is the Go client of the Credit Messaging HTTP API.
//
// What it promises:
//   - One method per operation of the API that is for programs, which a test holds against
//     the API's OpenAPI document; every method takes a context and ends soon after it does.
//   - A refusal by the server is a *Problem with every member of the reply's
//     application/problem+json.
//   - Every write carries an Idempotency-Key. The key is made once per call and
//     reused over the retries of that call, so a message is never sent twice
//     because an answer was lost. Retries are bounded and happen only after a lost
//     connection, 429, 502, 503, 504, and 409 for an earlier try that is still
//     being worked on; a Retry-After is obeyed.
//   - The server goes by that key where the OpenAPI document gives an operation the header
//     Idempotency-Key. Elsewhere it passes over it: a second try changes nothing more, but may
//     be refused where the first was not, as when a session was ended already. AppendUpload, for
//     which the offset says what is new, and what people show of themselves (SignIn, Confirm,
//     SetPassword and the second factor) are tried once.
//   - Once makes a change under a key of the caller, who may then ask for it again at any time.
//   - ForSite acts for one of several sites, or for all, where the token may.
//   - Amounts stay decimal text (Amount) and are never turned into floats.
//   - SendStream needs memory for a few dozen recipients at a time, whatever their
//     number, and ExportEntries for none of the entries that it hands on.
//
// It never logs, keeps no package state, starts no goroutine of its own and imports
// only the standard library. A Client is safe for concurrent use.
//
// Reading order: client.go (New, the one function that talks HTTP and its retries),
// problem.go, page.go; message.go, send.go, stream.go with upload.go and form.go, attachment.go,
// recipient.go; then one file for each thing of the API.
package client
