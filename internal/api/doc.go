// Package api is the HTTP API of the installation: the routes that the contract
// names, their OpenAPI 3.1 document, and the door through which providers report.
//
// It promises that every reply of its own that is no success is application/problem+json
// with a code of the closed list, also for paths and methods that do not exist, for
// bodies that cannot be read and for a panic (pages that others show beside it, pages.go,
// answer browsers as pages do); that no reply shows another site's
// data or the text of an inner error; that a write with an Idempotency-Key happens
// once and a repeat of it gets the first reply's bytes; that the sentences of refusals and rejections
// are in the language that the request asks for, Korean or English, and codes and log lines never
// differ by it; and that the memory for a
// request does not grow with what a client sends: recipients are streamed into a
// draft, one at a time. What large requests hold, in memory and on disk, is bounded for all of
// them together, and a site has a quarter of it at most.
//
// It never logs a body, a query string, a number or a text. It owns no tables and
// has no SQL: each act is one call of the package that owns the thing.
//
// Reading order: api.go (how a server of it is made), exchange.go (what surrounds every request)
// with head.go and pace.go (what a client may send, and how slowly), problem.go (how a fault is
// told) with words.go (in which language), operation.go (how a route is declared), caller.go (who may) with known.go (who is
// remembered), mask.go (what is hidden from whom), limits.go (how much in a minute) with proxies.go
// (from which address), once.go (idempotency), precondition.go (ETags), cors.go, list.go (pages);
// then send.go with order.go, reading.go, upload.go, room.go, lines.go, form.go and uploads.go, which
// are the hot path; then one file for each resource; document.go, polish.go, examples.go and downgrade.go for
// the document, docs.go, docs_fields.go and docs_request.go for the page of it.
package api
