package simulator

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"
)

const (
	reportTimeout = 5 * time.Second
	reportCalls   = 5 // calls of one webhook in all
)

// The events a webhook may ask for.
const (
	singleReport  = "SINGLE-REPORT"
	groupReport   = "GROUP-REPORT"
	defaultHookID = ""
)

// hook is one address that wants events.
type hook struct {
	id, event, name, url, secret string
	temporary                    bool
	created                      time.Time
}

// report is one delivery report, or a group's when group is set. It keeps the
// code it was made for: a later one may contradict it.
type report struct {
	msg   *message
	group *group
	code  uint16
}

// delivery is one webhook body on its way.
type delivery struct {
	hook  hook
	items []report
	calls int    // made so far
	epoch uint64 // a reset drops those of an earlier one
}

// report queues the report of m as it now is. The caller holds the lock.
func (s *Simulator) report(m *message, _ time.Time) {
	if s.wanted(m.group.account, singleReport) {
		s.reports.push(report{msg: m, code: m.code})
		signal(s.more)
	}
}

// reportGroup queues the report of a group that ended. The caller holds the lock.
func (s *Simulator) reportGroup(g *group) {
	if s.wanted(g.account, groupReport) {
		s.reports.push(report{group: g})
		signal(s.more)
	}
}

// account is whose report it is.
func (r report) account() *account {
	if r.group != nil {
		return r.group.account
	}
	return r.msg.group.account
}

func (r report) event() string {
	if r.group != nil {
		return groupReport
	}
	return singleReport
}

// wanted says whether anybody wants an event of a. The caller holds the lock.
func (s *Simulator) wanted(a *account, event string) bool {
	if event == singleReport && (a.ReportURL != "" || s.options.ReportURL != "") {
		return true
	}
	return slices.ContainsFunc(a.hooks, func(h *hook) bool { return h.event == event })
}

// hooks are the addresses that want an event of a: the configured one first, then
// those registered. The caller holds the lock.
func (s *Simulator) hooks(a *account, event string) []hook {
	var found []hook
	url, secret := s.options.ReportURL, s.options.ReportSecret
	if a.ReportURL != "" {
		url, secret = a.ReportURL, a.ReportSecret
	}
	if url != "" && event == singleReport {
		found = append(found, hook{id: defaultHookID, event: event, url: url, secret: secret})
	}
	for _, h := range a.hooks {
		if h.event == event {
			found = append(found, *h)
		}
	}
	return found
}

// nextDelivery takes the next body to send. Reports are gathered as far as they
// are there, at most ReportBatch of one account and event. The caller holds the
// lock.
func (s *Simulator) nextDelivery() (*delivery, bool) {
	if s.deliveries.len() == 0 && s.reports.len() > 0 {
		first := s.reports.first()
		var items []report
		for s.reports.len() > 0 && len(items) < s.options.ReportBatch {
			if r := s.reports.first(); r.account() != first.account() || r.event() != first.event() {
				break
			}
			items = append(items, s.reports.pop())
		}
		for _, h := range s.hooks(first.account(), first.event()) {
			s.deliveries.push(&delivery{hook: h, items: items, epoch: s.epoch})
		}
	}
	if s.deliveries.len() == 0 {
		return nil, false
	}
	d := s.deliveries.pop()
	if s.deliveries.len()+s.reports.len() > 0 {
		signal(s.more)
	}
	return d, true
}

// send calls webhooks until ctx ends.
func (s *Simulator) send(ctx context.Context) {
	for {
		s.mu.Lock()
		d, ok := s.nextDelivery()
		var body []byte
		if ok {
			body = s.body(d)
		}
		s.mu.Unlock()
		if ok {
			s.deliver(ctx, d, body)
		}
		if ctx.Err() != nil {
			return
		}
		if ok {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.more:
		}
	}
}

// body writes the JSON array of d. The caller holds the lock.
func (s *Simulator) body(d *delivery) []byte {
	b := append(make([]byte, 0, len(d.items)*600), '[')
	for i, r := range d.items {
		if i > 0 {
			b = append(b, ',')
		}
		if s.options.ReportEnvelope {
			b = append(b, `{"eventDataId":"`...)
			b = append(b, s.ids.next("ED4V", clockForm, time.Now())...)
			b = append(b, `","retryCount":`...)
			b = appendInt(b, d.calls)
			b = append(b, `,"data":`...)
		}
		if r.group != nil {
			view, _ := json.Marshal(r.group.view()) // plain strings and numbers: cannot fail
			b = append(b, view...)
		} else {
			b = s.appendReport(b, r.msg, r.code)
		}
		if s.options.ReportEnvelope {
			b = append(b, '}')
		}
	}
	return append(b, ']')
}

// deliver makes one call and plans the next one when it was not answered with 200.
func (s *Simulator) deliver(ctx context.Context, d *delivery, body []byte) {
	taken := s.post(ctx, d.hook, body)
	s.reported(d.items)
	if taken || ctx.Err() != nil {
		return
	}
	d.calls++
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.calls >= reportCalls || d.epoch != s.epoch {
		return
	}
	s.after(time.Now(), s.options.ReportRetry, event{do: func(s *Simulator, _ *message, _ time.Time) {
		s.deliveries.push(d)
		signal(s.more)
	}})
}

// post says whether the hook answered 200.
func (s *Simulator) post(ctx context.Context, h hook, body []byte) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	sum := sha1.Sum([]byte(h.secret))
	req.Header.Set("Content-Type", "application/json")
	req.Header["X-Solapi-Event-Name"] = []string{h.event}
	req.Header["X-Solapi-Secret"] = []string{hex.EncodeToString(sum[:])}
	answer, err := s.client.Do(req)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // read, so that the connection is used again
	return err == nil && answer.StatusCode == http.StatusOK
}
