package simulator

import (
	"io"
	"net/http"
	"time"
)

// call is one request to a vendor.
type call struct {
	r       *http.Request
	body    []byte
	now     time.Time
	dialect *dialect
	entry   *entry // of its idempotency key; nil = it has none
	later   bool   // the entry ends later
}

// entry is what became of an idempotency key.
type entry struct {
	body    string // of the first request
	until   time.Time
	running bool
	answer  answer
}

// end notes what every later request with the key gets.
func (e *entry) end(a answer) {
	if a.truth != nil {
		a = *a.truth
	}
	e.running, e.answer = false, a
}

const bodyLimit = 1 << 20

// keyRules is how a vendor treats idempotency keys.
type keyRules struct {
	most    int           // characters
	lasts   time.Duration // from first use
	sameFor bool          // another body with the same key is an error
	tooLong answer
	another answer // to another body
}

// operation answers a request whose credentials are right. It is called with the lock held.
type operation func(c *call) answer

// serve answers requests of one vendor: credentials first, then the key, then the operation.
func (s *Simulator) serve(d *dialect, keys *keyRules, letsIn func(*http.Request) *answer, op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
		if err != nil {
			return // the client is gone, or is none of ours
		}
		if refused := letsIn(r); refused != nil {
			s.finish(w, r, *refused)
			return
		}
		s.finish(w, r, s.once(&call{r: r, body: body, dialect: d}, keys, op))
	}
}

// once carries a request out, or answers it from what its idempotency key did before.
func (s *Simulator) once(c *call, rules *keyRules, op operation) answer {
	key := c.r.Header.Get("Idempotency-Key")
	if c.r.Method != http.MethodPost || key == "" {
		s.linger(c.r)
		s.mu.Lock()
		defer s.mu.Unlock()
		c.now = time.Now()
		return op(c)
	}
	if len(key) > rules.most {
		return rules.tooLong
	}
	name := c.r.Method + " " + c.r.URL.Path + " " + key
	if a := s.known(c, name, rules); a != nil {
		return *a
	}
	s.linger(c.r)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = time.Now()
	a := op(c)
	switch {
	case c.later:
	case a.forget:
		delete(s.keys, name)
	default:
		c.entry.end(a)
	}
	return a
}

// known answers a request whose key was used, otherwise it marks the key as used.
func (s *Simulator) known(c *call, name string, rules *keyRules) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	e := s.keys[name]
	switch {
	case e == nil || now.After(e.until):
		c.entry = &entry{body: string(c.body), until: now.Add(rules.lasts), running: true}
		s.keys[name] = c.entry
		return nil
	case rules.sameFor && e.body != string(c.body):
		return &rules.another
	case e.running:
		return &c.dialect.processing
	}
	again := e.answer
	return &again
}

// linger lets the time pass that the scenario puts before every answer.
func (s *Simulator) linger(r *http.Request) {
	s.mu.Lock()
	d := s.scenario.AnswerDelay
	s.mu.Unlock()
	s.wait(r, d)
}
