package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// Taking is money that was really taken of a payer, once each: the truth that tests compare
// with. A payment that was never carried through is not among them.
type Taking struct {
	Gateway string    `json:"gateway"`
	OrderID string    `json:"order_id"`
	Ref     string    `json:"ref"` // the gateway's id of the payment
	Method  string    `json:"method"`
	Amount  int64     `json:"amount"` // won
	At      time.Time `json:"at"`
	Givings []Giving  `json:"cancels"`
}

// Giving is money of a taking that was really given back.
type Giving struct {
	Ref    string    `json:"ref"`
	Amount int64     `json:"amount"` // won
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// back is what was given back in all.
func (t *Taking) back() (sum int64) {
	for _, g := range t.Givings {
		sum += g.Amount
	}
	return sum
}

// Takings gives what was taken so far, in order.
func (s *Simulator) Takings() []Taking {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Taking, len(s.takings))
	for i, t := range s.takings {
		all[i] = *t
		all[i].Givings = append([]Giving{}, t.Givings...)
	}
	return all
}

// take enters a taking. The caller holds the lock.
func (s *Simulator) take(t *Taking) *Taking {
	s.takings = append(s.takings, t)
	return t
}

// untake removes one: its bank took the money back. The caller holds the lock.
func (s *Simulator) untake(t *Taking) {
	s.takings = slices.DeleteFunc(s.takings, func(other *Taking) bool { return other == t })
}

// getPayments answers GET /_sim/payments?order_id=.
func (s *Simulator) getPayments(w http.ResponseWriter, r *http.Request) {
	all := s.Takings()
	if order := r.URL.Query().Get("order_id"); order != "" {
		all = slices.DeleteFunc(all, func(t Taking) bool { return t.OrderID != order })
	}
	write(w, http.StatusOK, map[string]any{"data": all})
}

// write answers with JSON.
func write(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone
}
