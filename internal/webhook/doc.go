// Package webhook tells sites' own programs what happened to them: it hands the events of the
// outbox to the endpoints that a site named, signed after Standard Webhooks 1.0.0.
//
// What it promises:
//
//   - Every event that an endpoint asked for is handed to it at least once, under an id that
//     stays the same over all attempts, so that who gets it twice can tell. It has a place in
//     the endpoint's own sequence, which has no gap.
//   - An event that one transaction committed before another of the same process began has the
//     lower place. Of other processes this holds as far as their clocks agree: each goes by the
//     database's to some milliseconds, and by its own while more events wait than are given at
//     once. No two have one place, whichever processes give them.
//   - What has a higher place may come first: several requests to an endpoint are under way at a
//     time, and what fails is passed by what comes after it.
//   - What fails is tried again for three days; what an endpoint missed while it was disabled
//     waits for it, for as long as deliveries are kept (Options.KeepAttempts, 30 days); what failed
//     for good can be sent again as long, and waits as long from then on. Each attempt is written
//     down with what was answered.
//   - An endpoint that hangs or fails holds up no other, and is left alone for longer and
//     longer. One that has failed for days is disabled, and its site is told when half of that
//     time is over.
//   - A request never reaches an address that is not public (loopback, private, link-local,
//     metadata) and not in Options.Allow, whatever a name resolves to at the moment of the
//     request: the address that is dialled is what is judged. Redirects are not followed.
//   - Secrets are made here, shown once, and signed with for a while after they were replaced.
//   - A process that dies loses nothing: what it had not written down is sent again.
//
// What it never does: put a number or a text of a message into a body or a log, follow an
// environment's proxy, send inside a transaction.
//
// Transactions lock who listens to a site, then its endpoints, their deliveries, and then jobs.
//
// Tables owned: webhook_endpoint, webhook_delivery, webhook_attempt.
//
// Reading order: service.go, endpoint.go with secret.go and topics.go (what an endpoint is),
// change.go; fan.go (from events to deliveries); health.go with retry.go (when to try again,
// pure), due.go (what is to be sent), round.go (sending it), post.go with guard.go (one
// request), ending.go (what became of it); log.go, replay.go, sweep.go, erase.go.
package webhook
