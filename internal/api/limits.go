package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"creditmsg/internal/credit"
	"creditmsg/internal/fault"
	"creditmsg/internal/limit"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// Limits are what the installation allows in a minute where nothing else is set for a site or
// token; 0 = any number. Operators have the limits of their address alone.
type Limits struct {
	Limiter  *limit.Limiter // nil = one in the memory of this process
	Site     site.Limits    // of all who work for a site together
	Token    site.Limits    // of each token, and of each person whatever he signed in with
	Address  int64          // requests from one address
	Failures int64          // of authentication, from one address
}

// gate is what stands before all routes with a token.
type gate struct {
	limiter  *limit.Limiter
	failures limit.Tries
	proven   proven
	proving  singleflight.Group // by the digest of what was presented
	warned   sync.Once
}

const minute = time.Minute

// limited sets up the gate.
func (a *api) limited() (err error) {
	a.gate.limiter = a.Limits.Limiter
	if a.gate.limiter == nil {
		if a.gate.limiter, err = limit.New(limit.Options{}); err != nil {
			return err
		}
	}
	if a.People != nil {
		a.People.Count(a.gate.limiter)
	}
	a.gate.failures = a.gate.limiter.Tries(limit.Rule{Name: "failures", Limit: a.Limits.Failures, Period: minute})
	return nil
}

// proven remembers which secrets were tokens when they were last asked for, by their digests.
// Who sends one of them is not kept out for the failures of others at his address: many share
// one.
type proven struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]struct{} // guarded by mu
}

func (p *proven) has(digest [sha256.Size]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.known[digest]
	return ok
}

func (p *proven) note(digest [sha256.Size]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= mostCallers {
		p.known = map[[sha256.Size]byte]struct{}{}
	}
	p.known[digest] = struct{}{}
}

func (p *proven) forget(digest [sha256.Size]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, digest)
}

// certainFor is how long what was read of a caller is certain enough to refuse him by it: so a
// crowd of requests that are refused does not ask the database about each.
const certainFor = time.Second

// certainly reports whether a caller may be refused by what is known of him. One who repeats a
// request under its key may not: he gets the first reply.
func (x *exchange) certainly(keyed bool) bool { return !keyed && time.Since(x.asked) < certainFor }

// enter finds out who calls, within the limits of his address and his own. What is counted of
// an address is counted before the database is asked anything.
func (a *api) enter(r *http.Request, x *exchange, o operation) error {
	if err := a.limitAddress(r, x); err != nil {
		return err
	}
	if a.presume(r, x, o) {
		err := a.limitCaller(r.Context(), x)
		if isOver(err) && !x.certainly(false) {
			if err = a.identifyOnce(r, x, o); err == nil {
				x.unshow(siteRequests, tokenRequests)
				err = a.limitCaller(r.Context(), x)
			}
		}
		return err
	}
	c, _ := claimOf(r) // what is wrong with it, identify says
	if who, ok := a.remembered.recall(c); ok && time.Since(who.at) < certainFor {
		a.calledBy(r, x, who)
		if err := a.limitCaller(r.Context(), x); err != nil {
			return err
		}
		return a.identifyOnce(r, x, o)
	}
	err := a.identifyOnce(r, x, o)
	if over := a.limitCaller(r.Context(), x); over != nil { // one who may not do this counts too
		return over
	}
	return err
}

// identifyOnce is identify for a request whose token was not asked for yet. Whoever sends what
// is no token fails, and has so many tries: a thousand wrong tokens a second cost a look into
// memory each. Of a crowd that comes with one token the first tries it, and the others wait.
func (a *api) identifyOnce(r *http.Request, x *exchange, o operation) (err error) {
	c, _ := claimOf(r)
	digest := sha256.Sum256([]byte(c.secret))
	if a.Limits.Failures > 0 && !a.gate.proven.has(digest) {
		first := false
		_, _, _ = a.gate.proving.Do(string(digest[:]), func() (any, error) {
			first, err = true, a.prove(r, x, o, c, digest)
			return nil, nil
		})
		if first {
			return err
		}
	}
	if a.Limits.Failures > 0 && !a.gate.proven.has(digest) {
		return a.prove(r, x, o, c, digest)
	}
	err = a.identify(r, x, o)
	if fault.Is(err, fault.Unauthenticated) {
		a.gate.proven.forget(digest)
	}
	return err
}

// prove tries a token that is not known to count.
func (a *api) prove(r *http.Request, x *exchange, o operation, c claim, digest [sha256.Size]byte) error {
	from := a.from(r)
	if wait := a.gate.failures.Try(r.Context(), from); wait > 0 {
		x.presented = c.secret != ""
		return a.overFailures(wait)
	}
	err := a.identify(r, x, o)
	if fault.Is(err, fault.Unauthenticated) {
		return err
	}
	a.gate.failures.Forgive(r.Context(), from)
	if !x.token.ID.IsZero() { // whatever it may
		a.gate.proven.note(digest)
	}
	return err
}

// from is whose limits by address a request counts for.
func (a *api) from(r *http.Request) limit.Key {
	if r.Header.Get("X-Forwarded-For") != "" && !a.trusted(a.peer(r)) {
		a.gate.warned.Do(func() {
			a.Log.Warn("requests come with X-Forwarded-For from an address that trusted_proxies does not name: whoever is behind it counts as one",
				"address", a.peer(r).String())
		})
	}
	return limit.Address(a.client(r))
}

func (a *api) limitAddress(r *http.Request, x *exchange) error {
	if a.Limits.Address == 0 || x.outer != nil {
		return nil
	}
	return a.spend(r.Context(), x, a.from(r), limit.Take{Rule: perMinute(addressRequests, a.Limits.Address), N: 1})
}

// Names of the policies that clients see.
const (
	addressRequests = "address-requests"
	siteRequests    = "requests"
	tokenRequests   = "token-requests"
	siteRecipients  = "recipients"
	tokenRecipients = "token-recipients"
	dayRecipients   = "recipients-day"
)

func perMinute(name string, n int64) limit.Rule {
	return limit.Rule{Name: name, Limit: n, Period: minute}
}

// limitCaller counts a request about a site. What a page of the console reads is not counted: one
// page asks for several things.
func (a *api) limitCaller(ctx context.Context, x *exchange) error {
	if x.outer != nil && x.request.Method == http.MethodGet {
		return nil
	}
	takes := a.takes(x, false, 1)
	if takes == nil {
		return nil
	}
	return a.spend(ctx, x, limit.Of("site", x.site), takes...)
}

// takes is what a caller has to be allowed on the site that he asks for: of requests, or of
// recipients; nil = he may do as much as he wants.
func (a *api) takes(x *exchange, recipients bool, n int64) []limit.Take {
	if x.site == "" || x.site == everySite || x.call.Operator() {
		return nil
	}
	all, own := x.token.SiteLimits.Or(a.Limits.Site), x.token.Limits.Or(a.Limits.Token)
	ofAll, ofOwn := perMinute(siteRequests, all.Requests), perMinute(tokenRequests, own.Requests)
	if recipients {
		ofAll, ofOwn = perMinute(siteRecipients, all.Recipients), perMinute(tokenRecipients, own.Recipients)
	}
	if ofAll.Limit+ofOwn.Limit == 0 {
		return nil
	}
	return []limit.Take{{Rule: ofAll, N: n}, {Rule: ofOwn, N: n, Part: x.call.Actor()}}
}

// spend takes of limits, or says why not, and shows how they stand.
func (a *api) spend(ctx context.Context, x *exchange, k limit.Key, takes ...limit.Take) error {
	answer := a.gate.limiter.Take(ctx, k, takes...)
	x.show(answer.States)
	if answer.OK {
		return nil
	}
	return overLimit(answer, takes[0].N)
}

// errOver is the cause of a refusal by a limit of a minute.
var errOver = errors.New("over a limit")

// isOver reports whether that is why a request was refused.
func isOver(err error) bool { return errors.Is(err, errOver) }

func overLimit(answer limit.Answer, n int64) error {
	var names []string
	var tightest limit.State
	for _, s := range answer.States {
		if s.Wait > 0 {
			names = append(names, s.Name)
		}
		if s.Wait > tightest.Wait {
			tightest = s
		}
	}
	wait := inSeconds(tightest.Wait)
	f := fault.Wrap(errOver, fault.TooMany, fault.CodeRateLimited, "%s is used up; try again in %d s", sentenceOf(tightest), wait)
	if unitOf(tightest.Name) != "" {
		f = fault.Wrap(errOver, fault.TooMany, fault.CodeRateLimited, "%s leaves %d at the moment, and the message has %d; send it in %d s",
			sentenceOf(tightest), tightest.Remaining(), n, wait)
	}
	f.RetryAfter = time.Duration(wait) * time.Second
	return f.With("violated_policies", names)
}

// sentenceOf names a limit for people.
func sentenceOf(s limit.State) *fault.Phrase {
	switch s.Name {
	case addressRequests:
		return fault.Say("the limit of %d requests a minute from one address", s.Limit)
	case siteRequests:
		return fault.Say("the limit of %d requests a minute of the site", s.Limit)
	case tokenRequests:
		return fault.Say("the limit of %d requests a minute of the token", s.Limit)
	case siteRecipients:
		return fault.Say("the limit of %d recipients a minute of the site", s.Limit)
	}
	return fault.Say("the limit of %d recipients a minute of the token", s.Limit)
}

func (a *api) overFailures(wait time.Duration) error {
	f := fault.New(fault.TooMany, fault.CodeRateLimited,
		"too many requests without a valid token came from this address; try again in %d s, with a valid one", inSeconds(wait))
	f.RetryAfter = time.Duration(inSeconds(wait)) * time.Second
	return f.With("violated_policies", []string{"failures"})
}

// withinLimits accepts a message if its recipients are within the limits of a minute. They are
// given back when it is not accepted: it costs a request then, as a repeat under its key does.
func (a *api) withinLimits(d *message.Draft, ctx context.Context, once *message.Once) (message.Receipt, error) {
	x := of(ctx)
	var k limit.Key
	var taken []limit.Take
	d.Admit = func(ctx context.Context, recipients int64) error {
		x.unshow(siteRecipients, tokenRecipients) // of a try by what was only remembered
		takes := a.takes(x, true, min(recipients, limit.Most))
		if takes == nil {
			return nil
		}
		k = limit.Of("site", x.site)
		err := a.spend(ctx, x, k, takes...)
		if err == nil {
			taken = takes
		}
		return err
	}
	receipt, err := d.Accept(ctx, once)
	if err != nil && taken != nil && !unclear(err) {
		x.show(a.gate.limiter.Return(ctx, k, taken...).States)
	}
	if c, is := errors.AsType[*message.OverCap](err); is && fault.Is(err, fault.TooMany) {
		_ = fault.Of(err).With("violated_policies", []string{string(c.Kind) + "-" + string(c.Period)})
		if c.Cap == credit.AllCaps[0] {
			x.showDay(credit.DayStanding{Limit: c.Limit, Used: c.Used, Rest: c.Wait}, true)
		}
	}
	if err == nil && receipt.Day.Limit > 0 {
		x.showDay(receipt.Day, false)
	}
	return receipt, err
}

// unclear reports whether a message may have been accepted in spite of an error.
func unclear(err error) bool {
	if _, twin := errors.AsType[*message.Replay](err); twin || errors.Is(err, message.ErrOutdated) {
		return false
	}
	f := fault.Of(err)
	return f.Kind == fault.Internal || f.Kind == fault.Unavailable
}
