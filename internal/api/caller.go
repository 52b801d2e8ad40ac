package api

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// admit lets a request pass when its token has the operation's ability, and notes
// in the exchange whose things it is about. It runs before anything of the request
// is read.
func (a *api) admit(o operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		x := of(r.Context())
		x.doing = o.id
		if err := a.enter(r, x, o); err != nil {
			a.refuse(w, r, err)
			return
		}
		if o.method != http.MethodGet {
			if err := a.unconditional(r, o); err != nil {
				a.refuse(w, r, err)
				return
			}
			x.beginSum(r)
			r.Body = &summed{r.Body, x}
		}
		next(ctx)
	}
}

// beginSum begins the sum of a request anew: with where it goes to.
func (x *exchange) beginSum(r *http.Request) {
	x.sum = sha256.New()
	_, _ = io.WriteString(x.sum, r.URL.EscapedPath()+"?"+r.URL.RawQuery+"\n") // a hash never fails
}

// summed adds what is read of a body to its exchange's sum.
type summed struct {
	io.ReadCloser
	x *exchange
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.x.sum.Write(p[:n])
	return n, err
}

// identify finds out who calls, and for which site.
func (a *api) identify(r *http.Request, x *exchange, o operation) error {
	x.known = nil
	c, err := claimOf(r)
	if err != nil {
		return err
	}
	x.presented = true
	if o.house {
		c.site = ""
	}
	who, err := a.callers.Join(r.Context(), c)
	if err == nil {
		err = who.err
	}
	if err != nil {
		a.remembered.forget(c)
		return err
	}
	a.remembered.learn(c, who)
	a.admitted(r, x, who)
	x.asked = time.Now()
	return access.Decide(x.call, o.need())
}

// admitted notes who calls.
func (a *api) admitted(r *http.Request, x *exchange, who caller) {
	a.calledBy(r, x, who)
	a.uses.note(x.token.ID)
}

// calledBy says who calls.
func (a *api) calledBy(r *http.Request, x *exchange, who caller) {
	x.presented, x.token, x.site = true, who.Token, who.site
	x.call = access.Call{Who: who.Who, Site: who.site, From: a.client(r)}
}

// claimOf reads what a request says of its caller.
func claimOf(r *http.Request) (claim, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if secret = strings.TrimSpace(secret); !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return claim{}, fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "send a token: Authorization: Bearer cm_live_…")
	}
	return claim{secret, r.URL.Query().Get("site")}, nil
}

// claim is what a request says of its caller, and caller what is true of it. Requests
// that come at the same moment are looked up together, equal claims once.
type (
	claim  struct{ secret, site string }
	caller struct {
		access.Who
		site string
		err  error
		at   time.Time // when this was asked
	}
)

func authenticate(tx *db.Tx, in []claim) ([]caller, error) {
	known := map[claim]caller{}
	out := make([]caller, len(in))
	for i, c := range in {
		who, ok := known[c]
		if !ok {
			who.Who, who.site, who.err = identified(tx, c)
			known[c] = who
		}
		out[i] = who
	}
	return out, nil
}

// identified finds the token of a claim, the person whose it is, and the site.
func identified(tx *db.Tx, c claim) (who access.Who, siteID string, err error) {
	who.Now = tx.Now
	if who.Token, err = site.Authenticate(tx, c.secret); err != nil {
		return who, "", err
	}
	if !who.Token.User.IsZero() {
		if who.Person, err = access.Load(tx, who.Token.User); err != nil {
			return who, "", err
		}
	}
	if siteID, err = access.SiteOf(tx, who, c.site); err != nil || who.Person == nil || siteID == "" || siteID == everySite {
		return who, siteID, err
	}
	who.Token.SiteLimits, err = site.LimitsOf(tx, siteID) // which come with the tokens of a site by themselves
	return who, siteID, err
}

// everySite stands for all sites where an operator may ask for them together. It is not the
// name of a site, so whatever else would be asked of it is not there.
const everySite = access.EverySite

// Uses of tokens are collected and written together: one transaction for all
// tokens of some seconds, a token at most once a minute.
const (
	flushEvery = 15 * time.Second
	noteEvery  = time.Minute
)

// uses is the tokens that were used and not written yet.
type uses struct {
	mu      sync.Mutex
	noted   map[id.ID]time.Time // guarded by mu: when a token was last collected
	waiting []id.ID             // guarded by mu
	flushed time.Time           // guarded by mu
}

func (u *uses) note(token id.ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now := time.Now(); now.Sub(u.noted[token]) >= noteEvery {
		if u.noted == nil {
			u.noted = map[id.ID]time.Time{}
		}
		u.noted[token] = now
		u.waiting = append(u.waiting, token)
	}
}

// due takes what waits, when it is time.
func (u *uses) due() []id.ID {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	if len(u.waiting) == 0 || now.Sub(u.flushed) < flushEvery {
		return nil
	}
	list := u.waiting
	u.waiting, u.flushed = nil, now
	for token, at := range u.noted {
		if now.Sub(at) >= noteEvery {
			delete(u.noted, token)
		}
	}
	return list
}

// flush writes the uses when it is time. A failure costs the time of a last use,
// which is not worth a request's failure.
func (u *uses) flush(ctx context.Context, a *api) {
	list := u.due()
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := a.DB.Update(ctx, "api_touch_tokens", func(tx *db.Tx) error { return site.Touch(tx, list) })
	if err != nil {
		a.Log.WarnContext(ctx, "record the use of tokens", "error", err)
	}
}
