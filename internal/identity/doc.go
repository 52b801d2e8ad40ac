// Package identity finds out who somebody is from a provider of OpenID Connect, which the
// installation believes in that: whose mailbox he has. What he may here, and whether he may come in
// at all, is package access's to say (SignInVerified).
//
// It is a package of its own, below access and console: access makes no request to anybody, and a
// console shows what others decide. The requests are made by the client of package upstream, so none
// hangs, follows a redirect or reads without bound.
//
// What it promises:
//
//   - The authorization code flow with PKCE (RFC 7636, S256), a state and a nonce. They are sealed
//     into what the browser keeps (Begin gives it, a cookie holds it, Finish wants it back): whoever
//     comes back in another browser, later than ten minutes, or a second time is refused.
//   - The provider's signature, its name, for whom it signed and until when are checked, and that the
//     address is verified and of a domain that was named. An address is never taken as verified
//     because nothing is said about it.
//   - A provider that does not answer, or not as the standard says, lets nobody in.
//   - No token of the provider is kept, and nothing that it says in words of its own is shown or logged.
//
// Nothing is stored before somebody has come back with what the provider signed.
//
// Table owned: identity_state.
//
// Reading order: identity.go (settings, what is known of the provider), begin.go, finish.go.
package identity
