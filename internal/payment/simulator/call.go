package simulator

import (
	"io"
	"net/http"
	"net/url"
	"time"
)

// call is one request to a vendor.
type call struct {
	r       *http.Request
	body    []byte
	form    url.Values // what the body or the query of a request of Stripe's says
	now     time.Time
	dialect *dialect
	entry   *entry // of its idempotency key; nil = it has none
	later   bool   // the entry ends later
}

// entry is what became of an idempotency key.
type entry struct {
	asked   string // by the first request
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
	wide    bool          // a key is of one request, whatever its path
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
		a := s.once(&call{r: r, body: body, dialect: d}, keys, op)
		if d.marks {
			w.Header().Set("Request-Id", newKey("req_"))
			if a.again {
				w.Header().Set("Idempotent-Replayed", "true")
			}
		}
		s.finish(w, r, a)
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
	name, asked := c.r.Method+" "+c.r.URL.Path+" "+key, string(c.body)
	if rules.wide {
		name, asked = "stripe "+key, c.r.URL.Path+" "+asked
	}
	if a := s.known(c, name, asked, rules); a != nil {
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
func (s *Simulator) known(c *call, name, asked string, rules *keyRules) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	e := s.keys[name]
	switch {
	case e == nil || now.After(e.until):
		c.entry = &entry{asked: asked, until: now.Add(rules.lasts), running: true}
		s.keys[name] = c.entry
		return nil
	case rules.sameFor && e.asked != asked:
		return &rules.another
	case e.running:
		return &c.dialect.processing
	}
	again := e.answer
	again.again = true
	return &again
}

// linger lets the time pass that the scenario puts before every answer.
func (s *Simulator) linger(r *http.Request) {
	s.mu.Lock()
	d := s.scenario.AnswerDelay
	s.mu.Unlock()
	s.wait(r, d)
}
