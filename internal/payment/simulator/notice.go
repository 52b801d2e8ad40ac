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

// pauses are the vendor's, in minutes, after each call that was not answered with 200.
var pauses = []int{1, 4, 16, 64, 256, 1024, 4096}

// notice is one call on its way.
type notice struct {
	id    string
	body  []byte
	calls int // made so far
	epoch uint64
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
	}}
}

// tell queues a notice about a payment. The caller holds the lock.
func (s *Simulator) tell(t *story, now time.Time, body any) {
	text, err := json.Marshal(body)
	if s.options.NoticeURL == "" || err != nil {
		return
	}
	n := &notice{id: rand.Text(), body: text, epoch: s.epoch}
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
		if len(s.notices) > 0 {
			n = s.notices[0]
			s.notices = slices.Delete(s.notices, 0, 1)
		}
		url := s.options.NoticeURL
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
	if n.calls >= len(pauses) || n.epoch != s.epoch {
		return
	}
	pause := time.Duration(pauses[n.calls]) * s.options.NoticeRetry
	n.calls++
	s.after(time.Now(), pause, func(time.Time) { s.queue(n) })
}

// call makes one call and says whether it was answered with 200.
func (s *Simulator) call(ctx context.Context, url string, n *notice) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(n.body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Tosspayments-Webhook-Transmission-Id", n.id)
	req.Header.Set("Tosspayments-Webhook-Transmission-Retried-Count", strconv.Itoa(n.calls))
	req.Header.Set("Tosspayments-Webhook-Transmission-Time", time.Now().In(korean).Format(time.RFC3339))
	reply, err := s.client.Do(req)
	if err != nil {
		return false
	}
	defer reply.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(reply.Body, 1<<16)) // read, so that the connection is used again
	return err == nil && reply.StatusCode == http.StatusOK
}
