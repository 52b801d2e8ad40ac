package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// The second factor is a time-based code (RFC 6238): six digits of HMAC-SHA1, a new one each
// half minute, as the programs on people's telephones make them.
const (
	codePeriod = 30 * time.Second
	issuer     = "Credit Messaging"
	// leeway is how many codes before and after the present one are taken too: clocks differ
	// and people are slow (RFC 6238 §5.2).
	leeway = 1
)

func codeOptions() totp.ValidateOpts {
	return totp.ValidateOpts{Period: uint(codePeriod / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
}

// newFactor makes a secret for somebody, and the address that shows it to a program.
func newFactor(email string) (secret, uri string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: email, Period: uint(codePeriod / time.Second),
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", "", fmt.Errorf("make a second factor: %w", err)
	}
	return key.Secret(), key.URL(), nil
}

// stepOf gives the half minute that a code is of, if it is one of those around now that come
// after used: a code counts once, and with it those before. 0 = none.
func stepOf(secret, given string, now time.Time, used int64) int64 {
	found := int64(0)
	present := now.Unix() / int64(codePeriod/time.Second)
	for step := present - leeway; step <= present+leeway; step++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(step*int64(codePeriod/time.Second), 0), codeOptions())
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(given)) == 1 && step > used {
			found = step
		}
	}
	return found
}

// recoveryCodes is how many codes there are for whoever loses his telephone.
const recoveryCodes = 10

var codeLetters = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz123456789").WithPadding(base32.NoPadding)

// codeLength is how many bytes a secret has that people can copy by hand.
const codeLength = 10

// code makes such a secret.
func code() string { return codeOf(random(codeLength)) }

// codeOf writes 80 bits in four groups of four letters.
func codeOf(bits []byte) string {
	text := codeLetters.EncodeToString(bits)
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
}

// plainCode reads a code as people write it.
func plainCode(text string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(text))
}

// codeDigest is what is stored of a recovery code, which is random enough for a plain hash.
func codeDigest(given string) string {
	sum := sha256.Sum256([]byte(plainCode(given)))
	return hex.EncodeToString(sum[:])
}

// newRecovery makes recovery codes, and what is stored of them.
func newRecovery() (codes, digests []string) {
	for range recoveryCodes {
		one := code()
		codes, digests = append(codes, one), append(digests, codeDigest(one))
	}
	return codes, digests
}

// spend takes a recovery code out of those that are left.
func spend(digests []string, given string) (left []string, ok bool) {
	i := slices.Index(digests, codeDigest(given))
	if i < 0 {
		return digests, false
	}
	return slices.Delete(slices.Clone(digests), i, i+1), true
}
