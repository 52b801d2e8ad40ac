package simulator

import "time"

// The vendor's words for where a payment stands.
const (
	inProcess = "IN_PROGRESS"
	waiting   = "WAITING_FOR_DEPOSIT"
	done      = "DONE"
	canceled  = "CANCELED"
	partly    = "PARTIAL_CANCELED"
	aborted   = "ABORTED"
	expired   = "EXPIRED"
)

// payment is one at the vendor.
type payment struct {
	key, order, name, customer string
	kind                       string // NORMAL or BILLING
	status                     string
	total                      int64 // won
	requested, approved        time.Time
	card                       *card    // nil = by virtual account
	account                    *account // nil = by card
	secret                     string
	last                       string // the key of its last movement
	taking                     *Taking
	cancels                    []cancelView
	failure                    *tossError
	story                      story
}

// account is one that a payer transfers to.
type account struct {
	number, bank, payer string
	due                 time.Time
	refund              string // NONE, COMPLETED
}

// balance is what can still be cancelled.
func (p *payment) balance() int64 {
	if p.status == canceled {
		return 0
	}
	if p.taking == nil {
		return p.total
	}
	return p.total - p.taking.back()
}

func (p *payment) label() string {
	if p.account != nil {
		return p.account.payer
	}
	return p.card.label()
}

func (p *payment) partial() bool {
	r, _ := rowOf(p.label())
	return !r.whole
}

// add enters a payment. The caller holds the lock.
func (s *Simulator) add(p *payment) *payment {
	p.key = newKey("tsim_")
	p.last = newKey("")
	p.secret = newKey("ps_")
	p.story = s.newStory(p.label())
	s.toss.payments[p.key], s.toss.orders[p.order] = p, p
	return p
}

// paid takes the money of a payment. The caller holds the lock.
func (s *Simulator) paid(p *payment, now time.Time) {
	p.status, p.approved = done, now
	p.taking = s.take(&Taking{Gateway: "toss", OrderID: p.order, Ref: p.key, Method: p.method(), Amount: p.total, At: now})
	s.moves(p, p.total, done, now)
	s.changed(p, now)
}

// method is the vendor's name of how it is paid.
func (p *payment) method() string {
	if p.account != nil {
		return "가상계좌"
	}
	return "카드"
}

// forgetAfter is when a payment that took no money is forgotten: payers can make as many as they
// like, and nothing here is on a disk.
const forgetAfter = 24 * time.Hour

// ended ends a payment that took no money. The caller holds the lock.
func (s *Simulator) ended(p *payment, status string, code string, now time.Time) {
	p.status = status
	if code != "" {
		p.failure = &tossError{code, tossTexts[code]}
	}
	s.changed(p, now)
	s.after(now, forgetAfter, func(time.Time) {
		delete(s.toss.payments, p.key)
		if s.toss.orders[p.order] == p {
			delete(s.toss.orders, p.order)
		}
	})
}

// changed calls about where a payment now stands. The caller holds the lock.
func (s *Simulator) changed(p *payment, now time.Time) {
	p.story.chapter++
	created := now.In(korean).Format(noticeForm)
	s.tellToss(&p.story, now, map[string]any{"eventType": "PAYMENT_STATUS_CHANGED", "createdAt": created, "data": p.view()})
	if p.account != nil {
		s.tellToss(&p.story, now, map[string]any{
			"createdAt": created, "secret": p.secret, "orderId": p.order, "status": p.status, "transactionKey": p.last,
		})
	}
}

// lapse ends a payment that still waits, when its time is over. The caller holds the lock.
func (s *Simulator) lapse(p *payment, from time.Time, after time.Duration, status string) {
	s.after(from, after, func(now time.Time) {
		if p.status == status {
			s.ended(p, expired, "", now)
		}
	})
}
