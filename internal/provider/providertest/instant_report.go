package providertest

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/provider"
)

// A body of reports is lines: the first is bodyHead and the time in microseconds since
// 1970, each other one a code of four digits, a space and our reference.

const (
	secretHeader = "X-Instant-Secret"
	bodyHead     = "instant reports "
	codeLength   = 4
	retryAfter   = time.Second // between a body that was not taken and the next try
)

// Deliver hands over the reports that are due, in the caller's goroutine, until none
// is left, and gives how many were taken. An error of Receive ends it; what was not
// taken waits on. Several may deliver at once.
func (p *Instant) Deliver(ctx context.Context) (n int, err error) {
	if p.o.Receive == nil {
		return 0, nil
	}
	for {
		batch := p.batch()
		if len(batch) == 0 {
			return n, nil
		}
		if err := p.o.Receive(ctx, p.header, p.body(batch)); err != nil {
			p.again(batch)
			return n, fmt.Errorf("hand %d reports over: %w", len(batch), err)
		}
		n += len(batch)
	}
}

// Run delivers until ctx ends, and returns nil.
func (p *Instant) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		case <-timer.C:
		}
		if _, err := p.Deliver(ctx); err != nil {
			timer.Reset(retryAfter)
		} else if wait, any := p.next(); any {
			timer.Reset(wait)
		}
	}
}

// rouse wakes Run.
func (p *Instant) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// next is how long the first late report still takes.
func (p *Instant) next() (wait time.Duration, any bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.late) == 0 {
		return 0, false
	}
	return max(p.late[0].due.Sub(p.o.Now()), time.Millisecond), true
}

// batch takes the reports of one body.
func (p *Instant) batch() []report {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.late) > 0 {
		now, due := p.o.Now(), 0
		for due < len(p.late) && !p.late[due].due.After(now) {
			due++
		}
		p.waiting = append(p.waiting, p.late[:due]...)
		p.late = p.late[due:]
	}
	n := min(p.o.Batch, len(p.waiting))
	if p.o.Seed != 0 {
		p.rounds++
		random := rand.New(rand.NewPCG(p.o.Seed, p.rounds))
		for i := range n {
			j := i + random.IntN(len(p.waiting)-i)
			p.waiting[i], p.waiting[j] = p.waiting[j], p.waiting[i]
		}
	}
	batch := p.waiting[:n:n]
	if p.waiting = p.waiting[n:]; len(p.waiting) == 0 {
		p.waiting = nil // the next ones begin in memory of their own
	}
	return batch
}

// again puts back reports that were not taken.
func (p *Instant) again(batch []report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, batch...)
}

// body writes reports.
func (p *Instant) body(batch []report) []byte {
	size := len(bodyHead) + 20
	for i := range batch {
		size += codeLength + len(batch[i].ref) + 2
	}
	b := append(make([]byte, 0, size), bodyHead...)
	b = strconv.AppendInt(b, p.o.Now().UnixMicro(), 10)
	b = append(b, '\n')
	for i := range batch {
		b = append(b, batch[i].code...)
		b = append(b, ' ')
		b = append(b, batch[i].ref...)
		b = append(b, '\n')
	}
	return b
}

// Authentic says whether a body was made with the secret.
func (p *Instant) Authentic(h http.Header, _ []byte) bool {
	return p.o.Secret != "" && subtle.ConstantTimeCompare([]byte(h.Get(secretHeader)), []byte(p.o.Secret)) == 1
}

var errBody = errors.New("read reports: this is no body of reports")

// Parse reads what body wrote.
func (p *Instant) Parse(body []byte) ([]provider.Report, error) {
	lines := string(body) // one copy: what is kept of a report are parts of it
	head, lines, whole := strings.Cut(lines, "\n")
	micro, ours := strings.CutPrefix(head, bodyHead)
	at, err := strconv.ParseInt(micro, 10, 64)
	if !whole || !ours || err != nil {
		return nil, errBody
	}
	when := time.UnixMicro(at).UTC()
	reports := make([]provider.Report, 0, bytes.Count(body, []byte{'\n'})-1)
	for lines != "" {
		end := strings.IndexByte(lines, '\n')
		if end < codeLength+2 || lines[codeLength] != ' ' {
			return nil, errBody
		}
		r := reportOf(lines[codeLength+1:end], lines[:codeLength])
		r.At = when
		reports = append(reports, r)
		lines = lines[end+1:]
	}
	return reports, nil
}

// reportOf is what a code says of a leg.
func reportOf(ref, code string) provider.Report {
	switch code {
	case codeDelivered:
		return provider.Report{Ref: ref, Final: true, Delivered: true, Code: code}
	case codeOnWay:
		return provider.Report{Ref: ref, Code: code}
	default:
		return provider.Report{Ref: ref, Final: true, Reason: reasonOf(code), Code: code}
	}
}

func reasonOf(code string) provider.Reason {
	switch code {
	case codeAbsent:
		return provider.NumberAbsent
	case codeNotKakao:
		return provider.NotKakaoUser
	default:
		return provider.UnrecognisedCode
	}
}
