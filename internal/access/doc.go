// Package access decides who may do what: people, their roles, and what these allow.
//
// What it promises:
//
//   - Decide is the one place that says whether a caller may do something. It is pure, and
//     nothing else compares abilities or permissions.
//   - What a person may with a token is what both may, now: a role that is taken away, or an
//     account that is closed, counts from the next request on, in every process. People are
//     never remembered, only read.
//   - Nobody gives a role or makes a token that may more than he, and nobody changes an
//     account that does.
//   - Nobody has a role on a site, or on the installation, before he said yes to have one there, but
//     by who keeps the installation at its command line. Who has one there may be given others
//     without being asked again. Nobody keeps one that he does not want, and who has none left there
//     is asked again. Who invites somebody is told the same, whether the address has an account or
//     not, and only who was handed the invitation's password can say yes to it.
//   - One's own password and second factor are changed with the present ones, whatever one may.
//   - What moves money or makes keys asks of a person a second factor, given in the last
//     quarter of an hour.
//   - A password is stored as its argon2id hash, a second factor sealed, recovery codes as
//     digests. An address that is not known and a wrong password are told the same, and take as long.
//   - Few hashes are made at a time, so that a crowd who signs in cannot eat the memory.
//   - Tries that were in vain are counted with the limits, in Redis where all processes share it: by
//     the address that they come from (of IPv6 its /64), tightly by address and account together,
//     and loosely by the account alone, but there not of the last eight addresses that its person
//     signed in from. So nobody keeps him out there from elsewhere; from a new address he may have
//     to wait while somebody guesses, and at an address with somebody who guesses at the same one.
//   - A code of a second factor counts once.
//   - Where mails are sent (Mail), people are told by them: who is invited, with a link; who forgot
//     his password, with a link that counts once within half an hour, and not without his second
//     factor if he has one; and everybody when his password or second factor became another one, or
//     when somebody signed in to his account from an address that it does not know. A mail is put with
//     what it tells of, in one transaction, and sent outside of any by package alert.
//   - What a link bears is stored as a digest, and is made again from the installation's key when its
//     mail is sent: it is in no job, no letter and no log.
//   - Whether an address has an account, asking for a new password does not tell.
//
// It logs nothing. Addresses of mails and names are personal data and stored sealed.
//
// Tables owned: access_user, access_role, access_member, access_invitation, access_letter (mails
// that are to be sent), access_reset (links that set a forgotten password).
//
// Reading order: pattern.go (what a permission is), decide.go (all of it pure), role.go,
// user.go, member.go, invite.go, password.go, factor.go, throttle.go, signin.go, enrol.go, letter.go,
// reset.go.
package access
