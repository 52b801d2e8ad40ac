package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const tossPage = 100

// movement is one line of the vendor's list of transactions.
type movement struct {
	payment *payment
	key     string
	status  string
	amount  int64
	at      time.Time
}

type movementView struct {
	Merchant string `json:"mId"`
	Key      string `json:"transactionKey"`
	Payment  string `json:"paymentKey"`
	OrderID  string `json:"orderId"`
	Method   string `json:"method"`
	Customer string `json:"customerKey"`
	Escrow   bool   `json:"useEscrow"`
	Receipt  string `json:"receiptUrl"`
	Status   string `json:"status"`
	At       string `json:"transactionAt"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
}

// moves enters a movement of a payment. The caller holds the lock.
func (s *Simulator) moves(p *payment, amount int64, status string, now time.Time) {
	s.toss.moved = append(s.toss.moved, &movement{p, p.last, status, amount, now})
}

// unmove removes those of a payment whose money went back to its bank.
func (s *Simulator) unmove(p *payment) {
	s.toss.moved = slices.DeleteFunc(s.toss.moved, func(m *movement) bool { return m.payment == p })
}

// listTransactions answers with a page of movements, oldest first.
func (s *Simulator) listTransactions(c *call) answer {
	q := c.r.URL.Query()
	from, okFrom := tossTime(q.Get("startDate"))
	until, okUntil := tossTime(q.Get("endDate"))
	limit, err := strconv.Atoi(orElse(q.Get("limit"), strconv.Itoa(tossPage)))
	if !okFrom || !okUntil {
		return tossRefuses("INVALID_DATE")
	}
	if err != nil || limit < 1 || limit > tossMaxPage {
		return tossRefuses("INVALID_REQUEST")
	}
	limit = min(limit, s.options.MaxPage)
	after, started := q.Get("startingAfter"), false
	page := []movementView{}
	for _, m := range s.toss.moved {
		if after != "" && !started {
			started = m.key == after
			continue
		}
		if at := m.at.Truncate(time.Second); at.Before(from) || at.After(until) || len(page) == limit {
			continue
		}
		page = append(page, movementView{tossMerchant, m.key, m.payment.key, m.payment.order, m.payment.method(), m.payment.customer,
			false, "", m.status, stamp(m.at), "KRW", m.amount})
	}
	return answer{status: http.StatusOK, body: page}
}

// tossTime reads a date of a query: Korean time when it names no zone; a Z is refused.
func tossTime(text string) (time.Time, bool) {
	if strings.HasSuffix(text, "Z") {
		return time.Time{}, false
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, text, korean); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
