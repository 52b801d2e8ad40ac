package identity

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// issuer is a small provider of OpenID Connect at a socket: it knows one person, gives one code for
// each way to it, and takes each code once.
type issuer struct {
	t   testing.TB
	url string
	key *rsa.PrivateKey

	mu     sync.Mutex
	claims func(map[string]any)         // guarded by mu: changes what is signed
	told   map[string]any               // guarded by mu: what is told besides; nil = nothing
	signs  *rsa.PrivateKey              // guarded by mu: by which it signs; nil = by its own key
	codes  map[string]map[string]string // guarded by mu: the ways whose codes were not taken
	says   func(path string) (status int, body string)
	asked  []string // guarded by mu: the paths
}

const (
	clientID     = "credit messaging"
	clientSecret = "a secret: of ours&"
	redirect     = "https://console.example/console/oidc"
)

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{t: t, key: rsaKey(t), codes: map[string]map[string]string{}}
	door := httptest.NewServer(i)
	t.Cleanup(door.Close)
	i.url = door.URL
	return i
}

// set changes the provider.
func (i *issuer) set(change func(i *issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

// visit is somebody's browser at the provider, who proves there who he is; it gives with what he is
// led back.
func (i *issuer) visit(address string) (state, code string) {
	i.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		i.t.Fatal(err)
	}
	q := u.Query()
	if u.Path != "/authorize" || q.Get("client_id") != clientID || q.Get("response_type") != "code" || q.Get("redirect_uri") != redirect ||
		q.Get("scope") != "openid email" || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" || q.Get("nonce") == "" {
		i.t.Errorf("led to %s", address)
	}
	code = random()
	i.set(func(i *issuer) {
		i.codes[code] = map[string]string{"challenge": q.Get("code_challenge"), "nonce": q.Get("nonce")}
	})
	return q.Get("state"), code
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	if i.says != nil {
		if status, body := i.says(r.URL.Path); status != 0 {
			if status/100 == 3 {
				w.Header().Set("Location", body)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return
		}
	}
	answer := any(nil)
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = map[string]any{"issuer": i.url, "authorization_endpoint": i.url + "/authorize", "token_endpoint": i.url + "/token", "jwks_uri": i.url + "/keys",
			"userinfo_endpoint": i.url + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256", "HS256"}}
	case "/keys":
		answer = map[string]any{"keys": []any{map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
			"n": base.EncodeToString(i.key.N.Bytes()), "e": base.EncodeToString(big.NewInt(int64(i.key.E)).Bytes())}}}
	case "/token":
		answer = i.token(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		answer = i.told
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// token takes a code, once, from who has the secret and began the way.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) any {
	refuse := func(why string) any {
		w.WriteHeader(http.StatusBadRequest)
		return map[string]string{"error": why, "error_description": "Pl4nted words"}
	}
	user, secret, ok := r.BasicAuth()
	user, _ = url.QueryUnescape(user)
	secret, _ = url.QueryUnescape(secret)
	if !ok || user != clientID || secret != clientSecret {
		return refuse("invalid_client")
	}
	way, ok := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || base.EncodeToString(sum[:]) != way["challenge"] || r.PostFormValue("redirect_uri") != redirect {
		return refuse("invalid_grant")
	}
	claims := map[string]any{"iss": i.url, "aud": clientID, "sub": "kim", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
		"nonce": way["nonce"], "email": "Kim@Example.com", "email_verified": true}
	if i.claims != nil {
		i.claims(claims)
	}
	return map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": i.signed(claims)}
}

// signed writes a JWT (RFC 7519) by RS256.
func (i *issuer) signed(claims map[string]any) string {
	key := i.signs
	if key == nil {
		key = i.key
	}
	text, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
	}
	head := base.EncodeToString([]byte(`{"alg":"RS256","kid":"one","typ":"JWT"}`)) + "." + base.EncodeToString(text)
	sum := sha256.Sum256([]byte(head))
	seal, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Error(err)
	}
	return head + "." + base.EncodeToString(seal)
}

// world is a provider of ours over a real database, whose time the test moves.
type world struct {
	t testing.TB
	*issuer
	*Provider
	now time.Time
}

func newWorld(t testing.TB, engine string, set ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, issuer: newIssuer(t), now: time.Now().UTC()}
	d := dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return w.now }})
	keys := site.NewKeys(d, nil)
	w.must(keys.Prepare(t.Context()))
	o := Options{Issuer: w.url, ClientID: clientID, ClientSecret: clientSecret, Redirect: redirect, Domains: []string{"example.com", "example.kr"}}
	for _, f := range set {
		f(&o)
	}
	w.Provider = New(d, keys, o)
	return w
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, newWorld(t, engine)) })
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// back is somebody who has been at the provider, with what he comes back.
func (w *world) back() Answer {
	w.t.Helper()
	b, err := w.Begin(w.t.Context())
	w.must(err)
	state, code := w.visit(b.URL)
	return Answer{Sealed: b.Sealed, State: state, Code: code}
}

func wants(t testing.TB, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: got %v, want kind %d", what, err, kind)
	}
}
