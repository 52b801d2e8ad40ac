// Package webhook tells sites' own programs what happened to them: it hands the events of the
// outbox to the endpoints that a site named, signed after Standard Webhooks 1.0.0.
//
// What it promises:
//
//   - Every event that an endpoint asked for is handed to it at least once, under an id that
//     stays the same over all attempts, so that who gets it twice can tell.
//   - A request never reaches an address that is not public (loopback, private, link-local,
//     metadata), whatever a name resolves to at the moment of the request: the address that is
//     dialled is what is judged. Redirects are not followed.
//   - Secrets are made here, shown once, and signed with for a while after they were replaced.
//
// What it never does: put a number or a text of a message into a body or a log.
package webhook
