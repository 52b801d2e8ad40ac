package toss

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// The vendor's words for where a payment stands.
const (
	statusReady    = "READY"
	statusAsking   = "IN_PROGRESS"
	statusWaiting  = "WAITING_FOR_DEPOSIT"
	statusDone     = "DONE"
	statusCanceled = "CANCELED"
	statusPartly   = "PARTIAL_CANCELED"
	statusAborted  = "ABORTED"
	statusExpired  = "EXPIRED"
)

// wirePayment is what is read of the vendor's Payment object.
type wirePayment struct {
	Key      string       `json:"paymentKey"`
	OrderID  string       `json:"orderId"`
	Method   string       `json:"method"`
	Status   string       `json:"status"`
	Total    json.Number  `json:"totalAmount"`
	Approved string       `json:"approvedAt"`
	Secret   string       `json:"secret"`
	Last     string       `json:"lastTransactionKey"`
	Cancels  []wireCancel `json:"cancels"`
	Card     *wireCard    `json:"card"`
	Account  *wireAccount `json:"virtualAccount"`
	EasyPay  *struct {
		Provider string `json:"provider"`
	} `json:"easyPay"`
	Receipt *struct {
		URL string `json:"url"`
	} `json:"receipt"`
	CashReceipt *struct {
		URL string `json:"receiptUrl"`
	} `json:"cashReceipt"`
	Failure *struct {
		Code string `json:"code"`
		Text string `json:"message"`
	} `json:"failure"`
}

type wireCancel struct {
	Amount json.Number `json:"cancelAmount"`
	Key    string      `json:"transactionKey"`
	Status string      `json:"cancelStatus"`
}

type wireCard struct {
	Issuer string `json:"issuerCode"`
	Number string `json:"number"`
}

type wireAccount struct {
	Number string `json:"accountNumber"`
	Bank   string `json:"bankCode"`
	Payer  string `json:"customerName"`
	Due    string `json:"dueDate"`
	Refund string `json:"refundStatus"`
}

// readPayment reads a Payment object and checks what everything else stands on.
func readPayment(body []byte) (*wirePayment, error) {
	var p wirePayment
	if err := upstream.Lenient(json.Unmarshal(body, &p)); err != nil {
		return nil, errors.New("the reply cannot be read")
	}
	if !validRef(p.Key) || !payment.ValidOrderID(p.OrderID) || p.Status == "" {
		return nil, errors.New("the reply names no payment")
	}
	if _, ok := amount(p.Total); !ok {
		return nil, errors.New("the reply names no amount")
	}
	return &p, nil
}

// amount reads a number of won; a fraction of zeros is none.
func amount(n json.Number) (money.Amount, bool) {
	whole, zeros, _ := strings.Cut(n.String(), ".")
	a, err := money.Parse(whole)
	return a, err == nil && strings.Trim(zeros, "0") == ""
}

// result says what a payment is.
func (p *wirePayment) result() payment.Result {
	total, _ := amount(p.Total)
	r := payment.Result{Ref: p.Key, Amount: total, Means: p.means(), PaidAt: at(p.Approved), Secret: p.Secret, Slip: p.Card != nil || p.CashReceipt != nil}
	if p.Receipt != nil {
		r.ReceiptURL = upstream.Link(p.Receipt.URL)
	}
	if p.CashReceipt != nil && r.ReceiptURL == "" {
		r.ReceiptURL = upstream.Link(p.CashReceipt.URL)
	}
	r.Cancelled = p.cancelled()
	p.judge(&r)
	return r
}

// judge sets the state, and the reason of one that took no money.
func (p *wirePayment) judge(r *payment.Result) {
	switch p.Status {
	case statusReady, statusAsking:
		r.State = payment.Open
	case statusWaiting:
		r.State, r.Cancelled = payment.Waiting, 0
		if p.Account != nil {
			r.Account = &payment.Deposit{Bank: upstream.Code(p.Account.Bank), Number: upstream.Code(p.Account.Number), Holder: upstream.Words(p.Account.Payer), Until: at(p.Account.Due)}
		}
	case statusDone:
		r.State = payment.Paid
	case statusPartly:
		r.State = payment.PartlyCancelled
	case statusCanceled:
		r.State = payment.Cancelled
		if p.Account != nil && p.Approved == "" {
			r.State, r.Reason, r.Cancelled = payment.Declined, payment.AccountLapsed, 0
		}
	case statusExpired:
		r.State, r.Reason = payment.Declined, payment.PayerLeft
		if p.Account != nil {
			r.Reason = payment.AccountLapsed
		}
	case statusAborted:
		r.State, r.Reason = payment.Failed, payment.UnknownRefusal
		if p.Failure != nil {
			r.Code, r.Text = upstream.Code(p.Failure.Code), upstream.Words(p.Failure.Text)
			if m, listed := meanings[p.Failure.Code]; listed {
				r.Reason = m.reason
				if m.class == declines {
					r.State = payment.Declined
				}
			}
		}
	default:
		r.Code, r.Text = upstream.Code(p.Status), "the payment has a status that is not known"
	}
}

// cancelled is what was given back.
func (p *wirePayment) cancelled() (sum money.Amount) {
	for _, c := range p.Cancels {
		if a, ok := amount(c.Amount); ok && (c.Status == "" || c.Status == "DONE") {
			sum += a
		}
	}
	if total, _ := amount(p.Total); p.Status == statusCanceled && sum == 0 || sum > total {
		return total
	}
	return sum
}

// at reads one of the vendor's times; zero = it says none.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
