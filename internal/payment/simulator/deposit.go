package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// deposits is what the page of accounts shows.
type deposits struct {
	Lines []depositLine
	Named bool   // of the account that is named alone
	Asked string // which one that is
}

// depositLine is an account that waits.
type depositLine struct {
	Account, Bank, Payer, OrderID, Until string
	Amount                               int64
}

// getDeposit shows all accounts that wait, each with a button.
func (s *Simulator) getDeposit(w http.ResponseWriter, _ *http.Request) {
	v := deposits{Lines: s.waiting(func(*payment) bool { return true })}
	slices.SortFunc(v.Lines, func(a, b depositLine) int { return strings.Compare(a.Until+a.Account, b.Until+b.Account) })
	show(w, http.StatusOK, depositPage, v)
}

// getOneDeposit shows the account that account=X… or orderId=… names, and asks for its number
// where none is named: who has it was told of the payment.
func (s *Simulator) getOneDeposit(w http.ResponseWriter, r *http.Request) {
	number, order := r.FormValue("account"), r.FormValue("orderId")
	show(w, http.StatusOK, depositPage, deposits{Named: true, Asked: number + order, Lines: s.waiting(func(p *payment) bool {
		return p.account.number == number || p.order == order
	})})
}

func (s *Simulator) waiting(wanted func(*payment) bool) (lines []depositLine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.toss.accounts {
		if p.status == waiting && wanted(p) {
			lines = append(lines, depositLine{p.account.number, p.account.bank, p.account.payer, p.order, stamp(p.account.due), p.total})
		}
	}
	return lines
}

// postDeposit transfers the amount of a payment to its account: account=X… or orderId=…, and
// reverse=1 for money that its bank takes back after Options.SlowFor. It answers with the
// payment, or sends a person's browser back to the page that it has the form of.
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
	switch page := r.Form.Get("page"); {
	case !arrived:
		write(w, http.StatusConflict, map[string]string{"error": "no payment waits for money on this account"})
	case page == onePage:
		http.Redirect(w, r, r.URL.Path+"?account="+url.QueryEscape(r.Form.Get("account")), http.StatusSeeOther)
	case page != "":
		http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
	default:
		write(w, http.StatusOK, a.body)
	}
}

// onePage is what the form of the page of one account says of itself.
const onePage = "one"
