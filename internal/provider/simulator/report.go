package simulator

import (
	"bytes"
	"context"
	"io"
	"net/http"
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
	msg       *message
	group     *group
	code, raw uint16
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
	if s.wanted(m.group, singleReport) {
		s.reports.push(report{msg: m, code: m.code, raw: m.raw})
		signal(s.more)
	}
}

// reportGroup queues the report of a group that ended. The caller holds the lock.
func (s *Simulator) reportGroup(g *group) {
	if s.wanted(g, groupReport) {
		s.reports.push(report{group: g})
		signal(s.more)
	}
}

// of is the group that it is about.
func (r report) of() *group {
	if r.group != nil {
		return r.group
	}
	return r.msg.group
}

// beside says whether two reports may share a body.
func (r report) beside(other report) bool {
	a, b := r.of(), other.of()
	return a.account == b.account && a.vendor == b.vendor && r.event() == other.event()
}

func (r report) event() string {
	if r.group != nil {
		return groupReport
	}
	return singleReport
}

// wanted says whether anybody wants an event of g. The caller holds the lock.
func (s *Simulator) wanted(g *group, event string) bool { return len(s.hooks(g, event)) > 0 }

// hooks are the addresses that want an event of g: the configured one first, then
// those registered. The caller holds the lock.
func (s *Simulator) hooks(g *group, event string) []hook {
	var found []hook
	if g.vendor.push == nil {
		return nil
	}
	if to := s.reportsTo(g.vendor, g.account); to.URL != "" && event == singleReport {
		found = append(found, hook{id: defaultHookID, event: event, url: to.URL, secret: to.Secret})
	}
	if g.vendor != solapi {
		return found
	}
	for _, h := range g.account.hooks {
		if h.event == event {
			found = append(found, *h)
		}
	}
	return found
}

// reportsTo is where reports of a vendor's account go. The caller holds the lock.
func (s *Simulator) reportsTo(v *vendor, a *account) Hook {
	if a.ReportURL != "" {
		return Hook{a.ReportURL, a.ReportSecret}
	}
	if to, ok := s.options.Reports[v.kind]; ok {
		return to
	}
	return Hook{s.options.ReportURL, s.options.ReportSecret}
}

// nextDelivery takes the next body to send. Reports are gathered as far as they
// are there, at most ReportBatch of one account and event. The caller holds the
// lock.
func (s *Simulator) nextDelivery() (*delivery, bool) {
	if s.deliveries.len() == 0 && s.reports.len() > 0 {
		first := s.reports.first()
		var items []report
		for s.reports.len() > 0 && len(items) < s.options.ReportBatch {
			if !s.reports.first().beside(first) {
				break
			}
			items = append(items, s.reports.pop())
		}
		for _, h := range s.hooks(first.of(), first.event()) {
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
		var header http.Header
		var body []byte
		if ok {
			header, body = d.items[0].of().vendor.push(s, d)
		}
		s.mu.Unlock()
		if ok {
			s.deliver(ctx, d, header, body)
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

// deliver makes one call and plans the next one when it was not answered with 200.
func (s *Simulator) deliver(ctx context.Context, d *delivery, header http.Header, body []byte) {
	taken := s.post(ctx, d.hook.url, header, body)
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

// post says whether the address answered 200.
func (s *Simulator) post(ctx context.Context, url string, header http.Header, body []byte) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header = header
	answer, err := s.client.Do(req)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // read, so that the connection is used again
	return err == nil && answer.StatusCode == http.StatusOK
}
