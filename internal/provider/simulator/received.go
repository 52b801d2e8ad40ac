package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	receivedUsual = 1000
	receivedMost  = 10_000
)

// leg is one message taken at one hand-over.
type leg struct {
	msg *message
	at  int64 // milliseconds since 1970
}

// Received is one leg that an operator took: once per hand-over.
type Received struct {
	To        string    `json:"to"` // digits
	From      string    `json:"from"`
	Channel   string    `json:"channel"` // alimtalk, sms, lms, mms, friendtalk
	Text      string    `json:"text"`    // rendered
	Subject   string    `json:"subject"`
	Reference string    `json:"reference"` // the customer's own, from customFields.ref
	At        time.Time `json:"at"`        // of the hand-over
	Outcome   string    `json:"outcome"`   // delivered, failed or pending, at the handset
	Pictures  []Shown   `json:"pictures,omitempty"`
}

func (l leg) row() Received {
	m := l.msg
	r := Received{To: m.to.String(), From: m.from, Channel: channels[m.kind], Text: m.text, Subject: m.subject,
		At: time.UnixMilli(l.at).UTC(), Outcome: "pending"}
	switch {
	case m.has(reached):
		r.Outcome = "delivered"
	case m.has(missed):
		r.Outcome = "failed"
	}
	r.Reference = m.reference()
	if m.extra != nil {
		r.Pictures = m.extra.pictures
	}
	return r
}

// Received gives every leg so far, in order of hand-over.
func (s *Simulator) Received() []Received {
	rows, _ := s.received("", 0, -1)
	return rows
}

// received gives up to limit legs (below 0: all) from position from, to one number
// or to all, and the position after them, or 0 when there are no more.
func (s *Simulator) received(to string, from, limit int) ([]Received, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := packPhone(to)
	rows := []Received{}
	for at := from; at < len(s.legs); at++ {
		if l := s.legs[at]; number == 0 || l.msg.to == number {
			if len(rows) == limit {
				return rows, at
			}
			rows = append(rows, l.row())
		}
	}
	return rows, 0
}

// serveReceived answers GET /_sim/received?to=&cursor=&limit=.
func (s *Simulator) serveReceived(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to := strings.NewReplacer("-", "", " ", "").Replace(q.Get("to"))
	from, errFrom := strconv.Atoi(orElse(q.Get("cursor"), "0"))
	limit, errLimit := strconv.Atoi(orElse(q.Get("limit"), strconv.Itoa(receivedUsual)))
	if errFrom != nil || errLimit != nil || from < 0 || limit < 1 || to != "" && packPhone(to) == 0 {
		write(w, http.StatusBadRequest, map[string]string{"error": "to is digits, cursor is one of ours, limit is from 1 to 10000"})
		return
	}
	rows, next := s.received(to, from, min(limit, receivedMost))
	var cursor *string
	if next > 0 {
		text := strconv.Itoa(next)
		cursor = &text
	}
	write(w, http.StatusOK, struct {
		Data       []Received `json:"data"`
		NextCursor *string    `json:"next_cursor"`
	}{rows, cursor})
}

func orElse(s, usual string) string {
	if s == "" {
		return usual
	}
	return s
}
