package simulator

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// fault is what goes wrong with a request that hands over. Those before errorAfter
// leave nothing taken; of two in one request the lesser comes first.
type fault uint8

const (
	noFault     fault = iota
	tooMany           // 429 with Retry-After
	errorBefore       // 500
	hangs             // no answer until the client gives up
	errorAfter        // 500, though it was taken
	cutAfter          // the connection is cut, though it was taken
)

func (f fault) before() bool { return f != noFault && f < errorAfter }

// retryAfter is how many seconds a client that is too fast is asked to wait.
const retryAfter = "1"

// errCut and errHang end a request without an answer.
var (
	errCut  = errors.New("the connection is cut")
	errHang = errors.New("no answer comes")
)

// errorOf is how a request with this fault ends: nil for none.
func (f fault) errorOf() error {
	switch f {
	case tooMany:
		return &refusal{status: http.StatusTooManyRequests, code: "TooManyRequests", text: "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.", retryAfter: retryAfter}
	case errorBefore, errorAfter:
		return refuse(http.StatusInternalServerError, "InternalError", "알 수 없는 오류가 발생했습니다.")
	case hangs:
		return errHang
	case cutAfter:
		return errCut
	default:
		return nil
	}
}

// handOverAsked hands a group over because of a request, with what goes wrong with
// that request. The caller holds the lock.
func (s *Simulator) handOverAsked(g *group, now time.Time, counts bool) error {
	f := s.faultOf(g)
	if f.before() {
		s.spend(g, f)
		return f.errorOf()
	}
	if err := s.handOver(g, now, counts); err != nil || g.status != sending {
		return err
	}
	s.spend(g, f)
	err := f.errorOf()
	if err != nil {
		g.early = nil // there is no reply to wait with
	}
	return err
}

// faultOf is what goes wrong with the request that hands g over: what a number in it
// stands for, once, otherwise what the scenario says.
func (s *Simulator) faultOf(g *group) fault {
	found := noFault
	var first phone
	for _, m := range g.messages {
		if m.code != codeRegistered {
			continue
		}
		if first == 0 {
			first = m.to
		}
		f := outcomeOf(m.to).fault
		if _, spent := s.spent[m.to]; f != noFault && !spent && (found == noFault || f < found) {
			found = f
		}
	}
	if found == noFault && first != 0 {
		return s.trouble(first)
	}
	return found
}

// spend notes that the registered numbers of g that stand for f had their turn.
func (s *Simulator) spend(g *group, f fault) {
	if f == noFault {
		return
	}
	for _, m := range g.messages {
		if !m.refused() && outcomeOf(m.to).fault == f {
			s.spent[m.to] = struct{}{}
		}
	}
}

// breakOff ends a request that gets no answer.
func (s *Simulator) breakOff(w http.ResponseWriter, r *http.Request, err error) int {
	if errors.Is(err, errHang) {
		s.until(r, nil)
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // no connection of its own to cut
		w.WriteHeader(http.StatusBadGateway)
		return http.StatusBadGateway
	}
	_ = conn.Close() // it is of no use any more
	return http.StatusOK
}

// linger lets the time pass that the scenario puts before every answer.
func (s *Simulator) linger(r *http.Request) {
	s.mu.Lock()
	wait := s.scenario.AnswerDelay
	s.mu.Unlock()
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.over:
	}
}

// until waits for done, but no longer than the client, Options.HangFor and Run last.
func (s *Simulator) until(r *http.Request, done <-chan struct{}) {
	_, _ = io.Copy(io.Discard, r.Body) // only then the server sees its client go
	timer := time.NewTimer(s.options.HangFor)
	defer timer.Stop()
	select {
	case <-done:
	case <-r.Context().Done():
	case <-s.over:
	case <-timer.C:
	}
}

// early is the legs of one request whose reports come before its reply.
type early struct {
	left int           // reports that no webhook was called with yet
	done chan struct{} // closed when there are none
}

// held is a reply that waits.
type held struct {
	reply any
	until <-chan struct{}
}

// hasten makes the report of a leg that is handed over come before the reply, when
// anybody wants reports. The caller holds the lock.
func (s *Simulator) hasten(m *message, now time.Time) {
	g := m.group
	if !s.wanted(g, singleReport) {
		return
	}
	if g.early == nil {
		g.early = &early{done: make(chan struct{})}
	}
	g.early.left++
	s.early[m] = g.early
	s.after(now, 0, event{func(s *Simulator, m *message, now time.Time) {
		m.code, m.processed = codeCarrier, now.UnixMilli()
		s.arrive(m, now)
	}, m})
}

// reported releases the replies that waited for the reports of a webhook call,
// whatever its answer was.
func (s *Simulator) reported(items []report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range items {
		if e, ok := s.early[r.msg]; ok {
			delete(s.early, r.msg)
			if e.left--; e.left == 0 {
				close(e.done)
			}
		}
	}
}

// hold gives the reply to the hand-over of g: at once, or when its early reports were
// made. The caller holds the lock.
func (g *group) hold(reply any) any {
	if g.early == nil {
		return reply
	}
	until := g.early.done
	g.early = nil
	return held{reply, until}
}
