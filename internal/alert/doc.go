// Package alert tells people what needs them. A site's contacts are told of its money: credit
// that runs low or is about to expire, caps that are used up, payments that failed, recharges
// that stopped, credit that is owed; of its messages: that one of a series was refused, that one
// waits for a second person, and, where they asked for it, that one is done; and of sender
// numbers that were decided on and webhook endpoints that fail or were disabled. The operator is
// told when a payment does not fit its gateway, when a site asks for a sender number or a refund,
// and when little is left at a vendor. People with an account get the mails that package access puts for
// them: invitations, links to set a forgotten password, and what became of their account.
//
// What it promises:
//
//   - No event is passed over. Whoever appends one that is to be told puts a job for it in
//     the same transaction (credit.Announce); the job puts one more for each contact, and
//     each of these ends only when its contact has been told, is certainly not to be
//     reached, or is not to be told any more.
//   - A mail server that is down, slow, busy or wrongly configured delays an alert and loses
//     none: it is tried again, later and later, for three days. Then it is given up with a
//     line in the log.
//   - A contact gets each alert once, as far as mail allows. Where a connection dies before
//     the server's last answer, or a process before it wrote that answer down, the mail is
//     sent again under the same Message-ID, by which servers and readers know it. A text is
//     sent once in any case: its message has an idempotency key.
//   - A text is paid for by the operator's own site. What a site is told costs it nothing.
//   - Addresses and numbers are sealed with the site's key, are in no job and no log, and
//     stand in no mail but as its own recipient. What a server says of a mail is logged as
//     its code, since its words may repeat an address.
//
// What it never does: send inside a transaction, take what an event says as anything but
// text, name a telephone number, or load anything into a mail from elsewhere.
//
// Who changes contacts writes them before the site's recharge rule: see the lock order in
// ARCHITECTURE.md.
//
// Table owned: alert_contact.
//
// Reading order: alert.go (the service), contact.go with address.go, notice.go (what of an
// event is told to whom, pure) with sending.go (what is about messages), plan.go (from events
// to contacts), wording.go with the texts in wording, mail.go and smtp.go, deliver.go with
// again.go (when it is tried again, pure), text.go, person.go; erase.go, noted.go.
package alert
