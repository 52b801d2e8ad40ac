package provider

import (
	"crypto/subtle"
	"net/netip"
)

// Webhook says how delivery reports of an account are recognised.
type Webhook struct {
	Secret    string         // empty = no report is authentic
	SecretOld string         // still taken while the secret is changed at the vendor; empty = none
	Allow     []netip.Prefix // addresses that may report; nil = any
	Plain     bool           // the vendor sends the secret itself instead of its digest
}

// Proofs are what a report may prove itself with, made of each secret that is taken: while one
// is changed, reports of both come in. Without a secret there are none.
func (w Webhook) Proofs(of func(secret string) string) (all [][]byte) {
	if w.Secret == "" {
		return nil
	}
	for _, secret := range []string{w.Secret, w.SecretOld} {
		if secret != "" {
			all = append(all, []byte(of(secret)))
		}
	}
	return all
}

// Proves reports whether a value that a report bears is one of the proofs. It takes the same
// time for each of them.
func Proves(given string, proofs [][]byte) bool {
	fits := 0
	for _, p := range proofs {
		fits |= subtle.ConstantTimeCompare([]byte(given), p)
	}
	return fits == 1
}
