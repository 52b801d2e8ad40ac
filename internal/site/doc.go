// Package site keeps the tenants and what they own before they can send: their
// keys, tokens, sender numbers and Kakao channels.
//
// What it promises:
//
//   - A site's secrets (texts, telephone numbers, notes) are sealed with the site's own
//     data key from the first row on. Erasing that key makes them unreadable for good, and
//     nothing else; a backup of the database from before still holds it, as the master key
//     wraps it. Two processes always agree on a key.
//   - Sealed values begin with a byte that names their form, so that a later form
//     can stand beside them.
//   - A token's secret is shown once and stored as a digest. A mistyped one is
//     refused without asking the database. A secret that was rotated away counts until its time.
//   - What was signed can be proven by anyone with the public key, for ever: a new signing
//     key does not end the old ones.
//   - A site has at most one default sender.
//   - A test site is known by its id alone, and the secrets of its tokens begin otherwise.
//   - Every question carries the site: what belongs to another one is not found.
//
// It never logs a secret, and knows nothing of money or messages.
//
// Tables owned: site, site_key, site_installation, site_token, site_sender,
// site_token_old, site_channel, site_rev, site_word, site_word_list, site_opt_out_number.
//
// Reading order: site.go, key.go (sealing, pure), keys.go (where keys are kept),
// signer.go (who signs for the installation), secret.go (the form of a token, pure),
// token.go with token_change.go and network.go, sender.go, channel.go, rules.go with optoutnumber.go, words.go, rev.go (what others
// may remember, and how long), limits.go, alias.go (what stands for a number), sibling.go (test
// sites and their clocks), erase.go (the end of a site), note.go.
package site
