package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"creditmsg/internal/fault"
)

// Secret is the key of an endpoint, as whsec_ and base64; Standard Webhooks wants 24 to 64
// random bytes.
type Secret string

const (
	secretPrefix = "whsec_"
	secretBytes  = 32
)

// NewSecret makes a secret.
func NewSecret() Secret {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // never fails
	return Secret(secretPrefix + base64.StdEncoding.EncodeToString(raw))
}

var errSecret = fault.Say("want whsec_ and the base64 of 24 to 64 bytes")

// ParseSecret reads a secret that was made elsewhere. Its error is for people, and repeats
// nothing of it.
func ParseSecret(text string) (Secret, error) {
	coded, ok := strings.CutPrefix(text, secretPrefix)
	raw, err := base64.StdEncoding.DecodeString(coded)
	if !ok || err != nil || len(raw) < 24 || len(raw) > 64 {
		return "", errSecret
	}
	return Secret(text), nil
}

// String hides the secret wherever it is printed.
func (Secret) String() string { return secretPrefix + "…" }

// sign gives the value of webhook-signature: one signature of each secret, the newest first.
// At is the time of this attempt.
func sign(secrets []Secret, id string, at time.Time, body []byte) (string, error) {
	list := make([]string, len(secrets))
	for i, s := range secrets {
		w, err := standard.NewWebhook(string(s))
		if err != nil {
			return "", fmt.Errorf("sign event %s: %w", id, errSecret)
		}
		if list[i], err = w.Sign(id, at, body); err != nil {
			return "", fmt.Errorf("sign event %s: %w", id, err)
		}
	}
	return strings.Join(list, " "), nil
}
