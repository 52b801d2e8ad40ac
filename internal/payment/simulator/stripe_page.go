package simulator

import (
	"net/http"
	"strings"
	"time"
)

// openPage is the window of a checkout that waits for its payer.
func (s *Simulator) openPage(id string) (v *session, w window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v = s.stripe.sessions[id]; v == nil || v.status != sessionOpen {
		return nil, w
	}
	w = window{Name: v.name, Amount: v.amount, Fields: map[string]string{"session": id}, Card: goodCard}
	if v.setup == nil {
		w.OrderID = orElse(v.reference, v.id)
	}
	return v, w
}

// getPage shows a checkout. Looking at it changes nothing.
func (s *Simulator) getPage(w http.ResponseWriter, id string) {
	v, page := s.openPage(id)
	if v == nil {
		http.Error(w, "결제 페이지가 없거나 이미 끝났습니다", http.StatusNotFound)
		return
	}
	show(w, http.StatusOK, checkoutPage, &page)
}

// postPage does what the payer chose. A card that is refused keeps him on the page, where he
// may try another one.
func (s *Simulator) postPage(w http.ResponseWriter, r *http.Request, number, action string) {
	v, page := s.openPage(r.PostForm.Get("session"))
	switch {
	case v == nil:
		http.Error(w, "결제 페이지가 없거나 이미 끝났습니다", http.StatusNotFound)
		return
	case action == "leave":
		http.Redirect(w, r, orElse(v.away, v.success), http.StatusSeeOther)
		return
	case !cardNumber(number):
		page.Card, page.Problem = number, notANumber
		show(w, http.StatusUnprocessableEntity, checkoutPage, &page)
		return
	}
	if action != "pay" || !s.carriedOut(v, &card{number: number, customer: v.customer}) {
		page.Card, page.Problem = number, "카드사에서 거절했습니다. 다른 카드로 다시 시도하세요"
		show(w, http.StatusPaymentRequired, checkoutPage, &page)
		return
	}
	http.Redirect(w, r, strings.ReplaceAll(v.success, "{CHECKOUT_SESSION_ID}", v.id), http.StatusSeeOther)
}

// carriedOut pays, holds or stores a card; it says whether the card was taken. The issuer's
// wish to ask the payer is met, since he is there.
func (s *Simulator) carriedOut(v *session, with *card) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.status != sessionOpen {
		return false // another click was faster
	}
	now := time.Now()
	m := &stripeMethod{id: newKey("pm_"), card: with, created: now}
	if v.setup != nil {
		m.customer = v.customer
		v.setup.status, v.setup.method, v.status = succeeded, m, sessionComplete
		s.stripe.methods[m.id] = m
		return true
	}
	if r, _ := rowOf(with.label()); r.refuse != "" && r.stripe != "authentication_required" {
		return false
	}
	s.stripe.methods[m.id] = m
	p := s.addIntent(&intent{amount: v.amount, customer: v.customer, method: m, tags: v.intentTags, description: v.name, manual: v.manual, status: requiresCapture, created: now})
	p.charge, p.charged = newKey("ch_"), now
	v.intent, v.status = p, sessionComplete
	if !v.manual {
		s.collect(p, now)
		return true
	}
	s.after(now, holdFor, func(now time.Time) {
		if p.status == requiresCapture {
			s.giveUp(p, "automatic", now)
		}
	})
	return true
}
