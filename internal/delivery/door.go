package delivery

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// What became of the letters that came to the door, as they are counted.
const (
	letterStored   = "stored"
	letterRepeated = "repeated" // the same was stored a moment before
	letterForged   = "forged"   // it does not bear a secret of the account
	letterAlien    = "alien"    // it comes from an address that may not report
	letterEncoded  = "encoded"  // its body is compressed, which no provider does
)

// newLetterMeter counts the letters that come to the door.
func newLetterMeter(r prometheus.Registerer) (*prometheus.CounterVec, error) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "creditmsg_letters_total", Help: "Calls of providers with delivery reports, by what became of them."}, []string{"provider", "outcome"})
	if r != nil {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register the metrics of letters: %w", err)
		}
	}
	return c, nil
}

// Expects reports whether reports of an account are taken at all.
func (s *Service) Expects(account string) bool { return s.carriers.byName[account] != nil }

// Receive takes one call of a provider's delivery reports. It returns nil only
// after the raw body is committed; then the provider may forget it. Who cannot
// prove to be the provider is Unauthenticated, who calls from an address that is
// not allowed is Denied, a compressed body is Unsupported, and nothing is stored of
// these. What was stored a moment before is not stored again: its provider did not
// hear that it was.
func (s *Service) Receive(ctx context.Context, account string, h http.Header, body []byte, from netip.Addr) error {
	k, ok := s.carriers.byName[account]
	if !ok {
		return fault.Missing("provider", fmt.Sprintf("%.40s", account))
	}
	if outcome, err := k.vouch(h, body, from); err != nil {
		s.letters.WithLabelValues(account, outcome).Inc()
		return err
	}
	mark := markOf(account, body)
	if s.repeats.has(mark, s.d.Now()) {
		s.letters.WithLabelValues(account, letterRepeated).Inc()
		return nil
	}
	if _, err := s.file(ctx, k, body); err != nil {
		return err
	}
	s.repeats.note(mark, s.d.Now())
	s.letters.WithLabelValues(account, letterStored).Inc()
	return nil
}

// vouch judges a letter by what it proves and where it comes from, in this order.
func (k *carrier) vouch(h http.Header, body []byte, from netip.Addr) (outcome string, err error) {
	name := k.Account.Name
	if !k.Adapter.Authentic(h, body) {
		return letterForged, fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "the report is not signed with the secret configured for %s", name)
	}
	allow := k.Account.Webhook.Allow
	if len(allow) > 0 && !slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(from.Unmap()) }) {
		return letterAlien, fault.New(fault.Denied, fault.CodeForbidden, "reports of %s are not taken from this address", name)
	}
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return letterEncoded, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "reports are taken as they are, without a Content-Encoding")
	}
	return "", nil
}

// mark is what a letter is known by for a while.
type mark [16]byte

func markOf(account string, body []byte) (m mark) {
	sum := sha256.New()
	_, _ = sum.Write([]byte(account + "\n")) // a hash never fails
	_, _ = sum.Write(body)
	copy(m[:], sum.Sum(nil))
	return m
}

// repeats remembers the letters that this process stored lately. Reports have their effect
// once however often they come; what is spared is the room of a letter that a provider, who
// did not hear our answer, or somebody who listened to him sends over and over again. No
// vendor signs when it wrote a letter, so its age cannot be judged by itself.
type repeats struct {
	window time.Duration

	mu     sync.Mutex
	began  db.Time           // guarded by mu: of young
	young  map[mark]struct{} // guarded by mu
	before map[mark]struct{} // guarded by mu: those of the window before
}

// mostRepeats bounds what is remembered of one window: some megabytes.
const mostRepeats = 50_000

func (r *repeats) has(m mark, now db.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(now)
	_, young := r.young[m]
	_, before := r.before[m]
	return young || before
}

func (r *repeats) note(m mark, now db.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(now)
	if r.young == nil {
		r.young = map[mark]struct{}{}
	}
	r.young[m] = struct{}{}
}

// turn begins a window when the present one is over, or full: a letter is remembered for one
// window at least and for two at most, or for as many others as there is room for.
func (r *repeats) turn(now db.Time) {
	age := now.Sub(r.began)
	if age >= 0 && age < r.window && len(r.young) < mostRepeats {
		return
	}
	if r.before, r.young = r.young, nil; age >= 2*r.window {
		r.before = nil
	}
	r.began = now
}
