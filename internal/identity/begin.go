package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"creditmsg/internal/db"
)

// For is how long somebody may be at the provider.
const For = 10 * time.Minute

// way is somebody's way to the provider and back.
type way struct {
	Issuer   string  `json:"issuer"`
	State    string  `json:"state"`
	Nonce    string  `json:"nonce"`
	Verifier string  `json:"verifier"` // of PKCE
	Until    db.Time `json:"until"`
}

// sealedWay is what a way is sealed for.
const sealedWay = "way to a provider"

var base = base64.RawURLEncoding

// Begun is what begins somebody's way.
type Begun struct {
	URL    string // at the provider, where his browser is led
	Sealed string // that his browser keeps meanwhile, for For: in a cookie that no page of another site can have sent along, and no script can read
}

// Begin begins somebody's way in. Faults: Upstream.
func (p *Provider) Begin(ctx context.Context) (Begun, error) {
	key, now, err := p.moment(ctx)
	if err != nil {
		return Begun{}, err
	}
	of, err := p.discovered(ctx, now.Time())
	if err != nil {
		return Begun{}, err
	}
	w := way{Issuer: p.o.Issuer, State: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier(), Until: now.Add(For)}
	text, err := json.Marshal(w)
	if err != nil {
		return Begun{}, fmt.Errorf("begin somebody's way in: %w", err)
	}
	url := p.flow(of).AuthCodeURL(w.State, oidc.Nonce(w.Nonce), oauth2.S256ChallengeOption(w.Verifier))
	return Begun{url, base.EncodeToString(key.Seal(sealedWay, text))}, nil
}

// random is 256 bits that nobody guesses.
func random() string {
	out := make([]byte, 32)
	_, _ = rand.Read(out) // never fails: the program stops if it does
	return base.EncodeToString(out)
}
