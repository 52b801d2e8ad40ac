package simulator

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	noticeTimeout = 10 * time.Second
	noticeForm    = "2006-01-02T15:04:05.000000" // Korean time, without saying so
)

// tossPauses are, in minutes, those after each call that was not answered with 200.
var tossPauses = []int{1, 4, 16, 64, 256, 1024, 4096}

// notice is one call on its way.
type notice struct {
	id     string
	body   []byte
	signed bool // it is Stripe's
	forged bool // it is nobody's: signed with another secret
	calls  int  // made so far
	epoch  uint64
}

// story is how the notices about one payment go, which its label decided.
type story struct {
	crooked
	chapter int       // changes of the payment that were told so far
	held    []*notice // of the first change, which wait for the next one
}

// newStory decides. The caller holds the lock.
func (s *Simulator) newStory(label string) story {
	if r, tabled := rowOf(label); tabled {
		return story{crooked: r.notices}
	}
	return story{crooked: crooked{
		twice:  s.chance(ofTwice, label) < s.scenario.Duplicate,
		behind: s.chance(ofBehind, label) < s.scenario.Reorder,
		late:   s.chance(ofLateness, label) < s.scenario.Late,
		forged: s.chance(ofForgery, label) < s.scenario.Forged,
	}}
}

// tellToss queues a notice of Toss about a payment. The caller holds the lock.
func (s *Simulator) tellToss(t *story, now time.Time, body any) {
	if text, err := json.Marshal(body); err == nil {
		s.tell(t, now, &notice{id: rand.Text(), body: text})
	}
}

// tell queues a notice. The caller holds the lock.
func (s *Simulator) tell(t *story, now time.Time, n *notice) {
	if s.noticeURL(n) == "" {
		return
	}
	n.epoch = s.epoch
	var wait time.Duration
	if t.late {
		wait = s.options.Late
	}
	if t.behind && t.chapter <= 1 {
		t.held = append(t.held, n)
		s.after(now, s.options.Late, func(time.Time) { s.release(t) })
		return
	}
	s.after(now, wait, func(time.Time) {
		if t.forged && n.signed {
			other := *n
			other.forged = true
			s.queue(&other)
		}
		s.queue(n)
		if t.twice {
			again := *n
			s.queue(&again)
		}
		s.release(t)
	})
}

// release sends what waited for the next change, behind it.
func (s *Simulator) release(t *story) {
	for _, n := range t.held {
		s.queue(n)
	}
	t.held = nil
}

// noticeURL is where a notice goes. The caller holds the lock.
func (s *Simulator) noticeURL(n *notice) string {
	if n.signed {
		return s.options.StripeNoticeURL
	}
	return s.options.NoticeURL
}

func (s *Simulator) queue(n *notice) {
	s.notices = append(s.notices, n)
	signal(s.more)
}

// send makes calls until ctx ends, one after the other, so that only what is meant to be
// out of order is.
func (s *Simulator) send(ctx context.Context) {
	for {
		s.mu.Lock()
		var n *notice
		var url string
		if len(s.notices) > 0 {
			n = s.notices[0]
			s.notices = slices.Delete(s.notices, 0, 1)
			url = s.noticeURL(n)
		}
		s.mu.Unlock()
		if n == nil {
			select {
			case <-ctx.Done():
				return
			case <-s.more:
				continue
			}
		}
		taken := s.call(ctx, url, n)
		if ctx.Err() != nil {
			return
		}
		if !taken {
			s.again(n)
		}
	}
}

// again plans the next call of a notice that was not taken, if there is one.
func (s *Simulator) again(n *notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pauses := tossPauses
	if n.signed {
		pauses = stripePauses
	}
	if n.forged || n.calls >= len(pauses) || n.epoch != s.epoch {
		return
	}
	pause := time.Duration(pauses[n.calls]) * s.options.NoticeRetry
	n.calls++
	s.after(time.Now(), pause, func(time.Time) { s.queue(n) })
}

// call makes one call and says whether it was taken: with 200, or by Stripe's rule with any
// success.
func (s *Simulator) call(ctx context.Context, url string, n *notice) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(n.body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	s.sign(req.Header, n)
	reply, err := s.client.Do(req)
	if err != nil {
		return false
	}
	defer reply.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(reply.Body, 1<<16)) // read, so that the connection is used again
	return err == nil && (reply.StatusCode == http.StatusOK || n.signed && reply.StatusCode/100 == 2)
}

// sign adds what tells whose call it is.
func (s *Simulator) sign(h http.Header, n *notice) {
	now := time.Now()
	switch {
	case n.forged:
		h.Set("Stripe-Signature", stripeSignature("whsec_of_somebody_else", now, n.body))
	case n.signed:
		h.Set("Stripe-Signature", stripeSignature(s.options.StripeSecret, now, n.body))
	default:
		h.Set("Tosspayments-Webhook-Transmission-Id", n.id)
		h.Set("Tosspayments-Webhook-Transmission-Retried-Count", strconv.Itoa(n.calls))
		h.Set("Tosspayments-Webhook-Transmission-Time", now.In(korean).Format(time.RFC3339))
	}
}
