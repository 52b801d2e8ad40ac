package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// getDeposit shows the accounts that wait, each with a button.
func (s *Simulator) getDeposit(w http.ResponseWriter, _ *http.Request) {
	type line struct {
		Account, Bank, Payer, OrderID, Until string
		Amount                               int64
	}
	s.mu.Lock()
	lines := []line{}
	for _, p := range s.toss.accounts {
		if p.status == waiting {
			lines = append(lines, line{p.account.number, p.account.bank, p.account.payer, p.order, stamp(p.account.due), p.total})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.Until+a.Account, b.Until+b.Account) })
	show(w, http.StatusOK, depositPage, lines)
}

// postDeposit transfers the amount of a payment to its account: account=X… or orderId=…, and
// reverse=1 for money that its bank takes back after Options.SlowFor. It answers with the
// payment, or sends a person's browser back to the list.
func (s *Simulator) postDeposit(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "요청을 읽을 수 없습니다", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	p := s.toss.accounts[r.Form.Get("account")]
	if order := r.Form.Get("orderId"); order != "" {
		p = s.toss.orders[order]
	}
	arrived := s.deposit(p, time.Now(), r.Form.Get("reverse") != "")
	var a answer
	if arrived {
		a = shown(p)
	}
	s.mu.Unlock()
	switch {
	case !arrived:
		write(w, http.StatusConflict, map[string]string{"error": "no payment waits for money on this account"})
	case r.Form.Get("page") != "":
		http.Redirect(w, r, "/_sim/deposit", http.StatusSeeOther)
	default:
		write(w, http.StatusOK, a.body)
	}
}
