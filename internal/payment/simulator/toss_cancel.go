package simulator

import (
	"time"
	"unicode/utf8"
)

type cancelRequest struct {
	Reason string `json:"cancelReason"`
	Amount *int64 `json:"cancelAmount"`
	To     *struct {
		Bank   string `json:"bank"`
		Number string `json:"accountNumber"`
		Holder string `json:"holderName"`
	} `json:"refundReceiveAccount"`
}

// cancel gives money back, or closes an account that waits.
func (s *Simulator) cancel(c *call) answer {
	var in cancelRequest
	if a := c.read(&in); a != nil {
		return *a
	}
	p := s.toss.payments[c.r.PathValue("key")]
	if p == nil {
		return tossRefuses("NOT_FOUND_PAYMENT")
	}
	if code := in.wrong(p); code != "" {
		return tossRefuses(code)
	}
	amount := p.balance()
	if in.Amount != nil {
		amount = *in.Amount
	}
	return s.move(c, ofGiving, p.label(), p.order, func(now time.Time) answer {
		s.giveBack(p, min(amount, p.balance()), in.Reason, now)
		return shown(p)
	})
}

// wrong says why a cancellation cannot be, in the vendor's code.
func (in *cancelRequest) wrong(p *payment) string {
	partial := in.Amount != nil && *in.Amount != p.balance()
	switch {
	case in.Reason == "" || utf8.RuneCountInString(in.Reason) > 200 || in.Amount != nil && *in.Amount <= 0:
		return "INVALID_REQUEST"
	case p.status == canceled && len(p.cancels) > 1:
		return "NOT_CANCELABLE_AMOUNT"
	case p.status == canceled:
		return "ALREADY_CANCELED_PAYMENT"
	case p.status == waiting && partial:
		return "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT"
	case p.status != done && p.status != partly && p.status != waiting:
		return "NOT_CANCELABLE_PAYMENT"
	case in.Amount != nil && *in.Amount > p.balance():
		return "NOT_CANCELABLE_AMOUNT"
	case partial && !p.partial():
		return "NOT_ALLOWED_PARTIAL_REFUND"
	case p.account != nil && p.status != waiting && (in.To == nil || in.To.Bank == "" || in.To.Number == "" || in.To.Holder == ""):
		return "INVALID_REFUND_ACCOUNT_INFO"
	}
	return ""
}

// giveBack carries a cancellation out. The caller holds the lock.
func (s *Simulator) giveBack(p *payment, amount int64, reason string, now time.Time) {
	if amount == 0 {
		return // another cancellation was faster
	}
	left := p.balance() - amount
	p.last = newKey("")
	p.cancels = append(p.cancels, cancelView{Amount: amount, Reason: reason, Refundable: left, At: stamp(now), Key: p.last, Status: "DONE"})
	if p.taking != nil {
		p.taking.Givings = append(p.taking.Givings, Giving{Ref: p.last, Amount: amount, Reason: reason, At: now})
	}
	p.status = partly
	if left == 0 {
		p.status = canceled
	}
	if p.taking != nil {
		s.moves(p, amount, p.status, now)
	}
	if p.account != nil && p.taking != nil {
		p.account.refund = "COMPLETED"
	}
	s.changed(p, now)
}
