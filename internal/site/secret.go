package site

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// A token's secret is a prefix, 30 random characters of base 62 (178 bits) and
// their CRC-32 in 6 more: a typing mistake is found without a look-up, and the
// prefix lets scanners find a leaked one.
const (
	livePrefix   = "cm_live_"
	testPrefix   = "cm_test_" // of test sites
	randomLength = 30
	checkLength  = 6
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// newSecret makes the secret of a token of a site.
func newSecret(site string) string {
	random := make([]byte, 0, randomLength)
	for len(random) < randomLength {
		var raw [64]byte
		_, _ = rand.Read(raw[:]) // never fails: the program stops if it does
		for _, b := range raw {
			// 62 of the 64 values of six bits, so that every letter is as likely.
			if b &= 63; int(b) < len(base62) && len(random) < randomLength {
				random = append(random, base62[b])
			}
		}
	}
	prefix := livePrefix
	if IsTest(site) {
		prefix = testPrefix
	}
	return prefix + string(random) + checksum(string(random))
}

// checksum is the CRC-32 (IEEE) of text in base 62, padded with zeros.
func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	var out [checkLength]byte
	for i := checkLength - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
	return string(out[:])
}

// wellFormed reports whether text has the form of a secret and its checksum fits.
func wellFormed(text string) bool {
	rest, ok := strings.CutPrefix(text, livePrefix)
	if !ok {
		rest, ok = strings.CutPrefix(text, testPrefix)
	}
	return ok && len(rest) == randomLength+checkLength && checksum(rest[:randomLength]) == rest[randomLength:]
}

// digest is what is stored of a secret. It is random enough for a plain hash.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
