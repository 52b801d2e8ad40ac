package simulator

import (
	"io"
	"net/http"
	"time"
)

// fault is what goes wrong with a request that moves money.
type fault uint8

const (
	noFault      fault = iota
	tooMany            // 429 with Retry-After, nothing moved
	errorBefore        // 500, nothing moved
	hangsBefore        // no answer, nothing moved
	inProgress         // answered that it is in progress; the money moves after Options.SlowFor
	errorAfter         // 500, though the money moved
	cutAfter           // the connection is cut, though the money moved
	hangsAfter         // no answer, though the money moved
	strangeAfter       // an error of the vendor's partner, though the money moved
)

// retryAfter is how many seconds a client that is too fast is asked to wait.
const retryAfter = "1"

// ending is how a request ends.
type ending uint8

const (
	replies ending = iota
	cuts
	hangs
)

// answer is what a request gets.
type answer struct {
	status int
	body   any
	how    ending
	wait   string  // Retry-After
	forget bool    // the idempotency key was not used up
	again  bool    // it was given before, to the same key
	truth  *answer // what the same key gets the next time; nil = this answer
}

// dialect is how one vendor says what goes wrong.
type dialect struct {
	refuse     func(code string) answer
	busy       answer // 429
	broken     answer // 500
	processing answer // the request with this key is under way
	strange    answer
	keepsError bool // an error inside is also what the same key gets the next time
	marks      bool // each answer says its request's id, and whether it is a repeat
}

// matter tells the decisions about one label apart.
type matter string

const (
	ofTaking    matter = "take"
	ofGiving    matter = "give"
	ofRefusal   matter = "refuse"
	ofTwice     matter = "twice"
	ofBehind    matter = "behind"
	ofLateness  matter = "late"
	ofForgery   matter = "forge"
	ofReversing matter = "reverse"
)

// move carries out a request that moves money, with what goes wrong with it. do cannot fail:
// everything was checked. label is the card or the payer, order what the money is for. The
// caller holds the lock.
func (s *Simulator) move(c *call, what matter, label, order string, do func(now time.Time) answer) answer {
	f, code := s.meets(what, label, order)
	if code != "" {
		return c.dialect.refuse(code)
	}
	switch f {
	case tooMany:
		return forgotten(c.dialect.busy)
	case errorBefore:
		if c.dialect.keepsError {
			return c.dialect.broken
		}
		return forgotten(c.dialect.broken)
	case hangsBefore:
		return answer{how: hangs, forget: true}
	case inProgress:
		e, epoch := c.entry, s.epoch
		c.later = true
		s.after(c.now, s.options.SlowFor, func(now time.Time) {
			if truth := do(now); e != nil && epoch == s.epoch {
				e.end(truth)
			}
		})
		return c.dialect.processing
	}
	truth := do(c.now)
	switch f {
	case errorAfter:
		if c.dialect.keepsError {
			return c.dialect.broken
		}
		return lost(c.dialect.broken, truth)
	case cutAfter:
		return lost(answer{how: cuts}, truth)
	case hangsAfter:
		return lost(answer{how: hangs}, truth)
	case strangeAfter:
		if c.dialect.keepsError {
			return c.dialect.strange
		}
		return lost(c.dialect.strange, truth)
	}
	return truth
}

func forgotten(a answer) answer {
	a.forget = true
	return a
}

func lost(a, truth answer) answer {
	a.truth = &truth
	return a
}

// meets decides what a request meets: a fault, or a code that refuses it. The caller holds
// the lock.
func (s *Simulator) meets(what matter, label, order string) (fault, string) {
	r, tabled := rowOf(label)
	if !tabled {
		return s.trouble(what, label)
	}
	f, code, once := r.take, r.refuse, ""
	if what == ofGiving {
		f, code, once = r.give, r.never, r.later
	}
	turn := string(what) + " " + label + " " + order
	if (f != noFault || once != "") && !s.spent[turn] {
		s.spent[turn] = true
		return f, once
	}
	return noFault, code
}

// finish writes an answer, or does not.
func (s *Simulator) finish(w http.ResponseWriter, r *http.Request, a answer) {
	switch a.how {
	case hangs:
		s.wait(r, s.options.HangFor)
		fallthrough
	case cuts:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil { // no connection of its own to cut
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = conn.Close() // it is of no use any more
	default:
		if a.wait != "" {
			w.Header().Set("Retry-After", a.wait)
		}
		write(w, a.status, a.body)
	}
}

// wait lets time pass, but no longer than the client and Run last.
func (s *Simulator) wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // only then the server sees its client go
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
	case <-s.over:
	case <-timer.C:
	}
}
