package identity

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
	"creditmsg/internal/upstream"
)

// Options are the settings of a provider; all are needed.
type Options struct {
	Issuer       string // its address, exactly as it stands in what it signs
	ClientID     string
	ClientSecret string
	Redirect     string   // where the provider leads people back to: an address of ours, as it was registered there
	Domains      []string // of the addresses that may come in, in small letters
}

// Provider is one provider of OpenID Connect. It is safe for concurrent use.
type Provider struct {
	d    *db.DB
	keys *site.Keys
	o    Options
	http *upstream.Client

	mu    sync.Mutex
	known *oidc.Provider // guarded by mu: what it said of itself; nil = nothing yet
	until time.Time      // guarded by mu: when it is asked again
}

// mostReply is far above what a provider says of itself, its keys or somebody.
const mostReply = 1 << 20

// knownFor is how long it is believed where a provider said that its doors are.
const knownFor = time.Hour

// New makes a provider, which is not asked anything before somebody signs in.
func New(d *db.DB, keys *site.Keys, o Options) *Provider {
	return &Provider{d: d, keys: keys, o: o, http: upstream.NewClient(0)}
}

// moment reads the installation's key, and the time.
func (p *Provider) moment(ctx context.Context) (key *site.Key, now db.Time, err error) {
	err = p.d.View(ctx, "identity_moment", func(tx *db.Tx) (err error) {
		now = tx.Now
		key, err = p.keys.Installation(tx, site.PeopleKey)
		return err
	})
	return key, now, err
}

// discovered gives what the provider says of itself. One that does not answer now is believed what
// it said before.
func (p *Provider) discovered(ctx context.Context, now time.Time) (*oidc.Provider, error) {
	p.mu.Lock()
	known, fresh := p.known, now.Before(p.until)
	p.mu.Unlock()
	if known != nil && fresh {
		return known, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.http.For(mostReply)), p.o.Issuer)
	if err != nil {
		if known != nil {
			return known, nil
		}
		return nil, silent(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known, p.until = found, now.Add(knownFor)
	return found, nil
}

var errUnsigned = errors.New("unsigned")

// silent is a provider that does not answer, or not as one does. What it says may be anything, and is
// not repeated; what an operator has to know is.
func silent(err error) error {
	why := "it cannot be reached, or answers in another way"
	mismatch, other := errors.AsType[*oidc.IssuerMismatchError](err)
	refusal, refused := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case other && mismatch != nil:
		why = "it names itself otherwise than console.oidc.issuer does"
	case refused:
		why = "it refuses what we ask: " + upstream.Code(refusal.ErrorCode)
	case errors.Is(err, errUnsigned):
		why = "it signed nothing"
	}
	return fault.Wrap(errors.New("sign in at the provider: "+why), fault.Upstream, fault.CodeUpstream,
		"the provider at which people sign in does not answer as it should; try again, or sign in with your password")
}

// stranger refuses who is not known by what came back. Why, he learns where he can do something.
func stranger(format string, args ...any) error {
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, format, args...)
}

// flow is the provider as the library for its first half knows it.
func (p *Provider) flow(of *oidc.Provider) *oauth2.Config {
	end := of.Endpoint()
	end.AuthStyle = oauth2.AuthStyleInHeader // what every provider takes that says nothing else
	var said struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if of.Claims(&said) == nil && len(said.Methods) > 0 && !slices.Contains(said.Methods, "client_secret_basic") {
		end.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: p.o.ClientID, ClientSecret: p.o.ClientSecret, Endpoint: end, RedirectURL: p.o.Redirect, Scopes: []string{oidc.ScopeOpenID, "email"}}
}

// algorithms are those that what is signed may be signed by: with a key whose other half is public.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// allowed reports whether an address is of a domain that may come in.
func (p *Provider) allowed(email string) bool {
	at := strings.LastIndexByte(email, '@')
	return at > 0 && slices.Contains(p.o.Domains, strings.ToLower(email[at+1:]))
}
