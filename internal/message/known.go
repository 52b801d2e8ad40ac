package message

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/optout"
	"creditmsg/internal/site"
)

// Known is what a caller remembers of a site: the Rev at which he learned what he goes
// by, and until when that may count (0 = as long as the Rev is the same).
type Known struct {
	Rev   site.Rev
	Until db.Time
}

// ErrOutdated says that what was known of a site is not known any more, or not enough.
// Nothing happened; whoever asks anew gets the answer of now.
var ErrOutdated = errors.New("what was known of the site is out of date")

// DraftKnown is Draft without a question about the site, from what earlier drafts of it
// learned; of recipients it may ask who is on Kakao. Accept confirms in its own transaction that nothing changed since. So
// a message is accepted as it would be by Draft; but no other answer counts that comes of
// a known draft before Accept, since it may be yesterday's: the caller then asks Draft.
func (s *Service) DraftKnown(siteID string, k Known, r Request) (*Draft, error) {
	return s.newDraft(siteID, r, func(d *Draft) (facts, error) {
		f, ok := s.memory.recall(d.question(), k.Rev)
		var words bool
		f.key = s.keys.Known(siteID)
		f.words, words = s.vocabulary.of(f.site.Rules.Words)
		switch {
		case !ok, f.key == nil, !words, f.site.Rules.DuplicateWindow > 0, r.timed(),
			r.Text != nil && len(r.Text.Attachments) > 0, // which no Rev counts
			f.policy != nil && f.policy.Steps.timed():
			return facts{}, ErrOutdated
		}
		d.known = &Known{Rev: k.Rev, Until: soonest(k.Until, f.until)}
		return f, nil
	})
}

// timed reports whether limits of the request go by the time of now.
func (r *Request) timed() bool {
	return !r.ScheduledAt.IsZero() || r.Tempo != (Tempo{}) || r.Text != nil && r.Text.Advertising
}

// soonest gives the earlier of two times, of which 0 is never.
func soonest(a, b db.Time) db.Time {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// confirm marks the members whose knowledge is out of date. Seldom is it of any: so it is
// first only made sure, on the way of the next writes, that it is of none, and looked up when
// that has failed.
func confirm(tx *db.Tx, in []joining, out []joined) error {
	known := map[string]site.Rev{}
	sure := !tx.Rerun
	for i, j := range in {
		k := j.draft.known
		if k == nil {
			continue
		}
		if out[i].outdated = k.Rev == 0 || k.Until != 0 && k.Until <= tx.Now; out[i].outdated {
			continue
		}
		rev, met := known[j.draft.Message.Site]
		sure = sure && (!met || rev == k.Rev)
		known[j.draft.Message.Site] = k.Rev
	}
	if len(known) == 0 {
		return nil
	}
	if sure {
		return site.Expect(tx, known)
	}
	now, err := site.Revs(tx, slices.Collect(maps.Keys(known)))
	if err != nil {
		return fmt.Errorf("confirm what is known: %w", err)
	}
	for i, j := range in {
		if k := j.draft.known; k != nil && now[j.draft.Message.Site] != k.Rev {
			out[i].outdated = true
		}
	}
	return nil
}

// mostRemembered bounds the questions whose answers are remembered. When they are too
// many all are forgotten: asking once more costs little.
const mostRemembered = 4096

// memory is the answers that drafts of active sites got, each as true as its site's Rev.
type memory struct {
	mu   sync.Mutex
	said map[question]said // guarded by mu
}

// said is what facts hold beyond the question; the key has a memory of its own.
type said struct {
	site     site.Site
	now      db.Time
	prices   credit.Prices
	until    db.Time
	template *Template
	policy   *Policy
	sender   site.Sender
	optOuts  optout.Standing
}

// recall gives what was answered when the site was at this Rev, but for its key.
func (m *memory) recall(q question, rev site.Rev) (facts, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.said[q]
	f := facts{now: a.now, site: a.site, prices: a.prices, until: a.until, template: a.template, policy: a.policy, sender: a.sender, optOuts: a.optOuts}
	return f, ok && rev != 0 && a.site.Rev == rev
}

func (m *memory) learn(q question, f facts) {
	if f.site.State != site.Active {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.said == nil || len(m.said) >= mostRemembered {
		m.said = map[question]said{}
	}
	m.said[q] = said{f.site, f.now, f.prices, f.until, f.template, f.policy, f.sender, f.optOuts}
}

// ask reads the answer of now.
func (s *Service) ask(ctx context.Context) func(*Draft) (facts, error) {
	return func(d *Draft) (facts, error) {
		q := d.question()
		f, err := s.facts.Join(ctx, q)
		if err == nil && f.err == nil {
			s.memory.learn(q, f)
		}
		return f, err
	}
}
