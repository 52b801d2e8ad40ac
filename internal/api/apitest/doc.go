// Package apitest holds the HTTP API to its OpenAPI document, for tests.
//
// It knows no route: whatever it checks or asks follows from a document, so that an
// operation which is added is covered without a line here.
//
//   - Document.Check says what a reply has that its document does not describe, or lacks:
//     status, media type, headers, members of the body, codes of refusals.
//   - Inner finds what no reply may hold: errors of databases, traces, paths of our source.
//   - Maker makes requests from the document, good ones and every kind of bad ones, the
//     same for the same seed.
//   - Noise makes bytes for a connection that are hardly HTTP any more.
//
// Reading order: document.go, reply.go, inner.go, maker.go with request.go and known.go, value.go
// with sample.go, spoil.go, noise.go.
package apitest
