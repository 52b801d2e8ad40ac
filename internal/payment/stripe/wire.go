package stripe

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// The vendor's words for where a payment stands.
const (
	statusNoMethod   = "requires_payment_method"
	statusConfirm    = "requires_confirmation"
	statusAction     = "requires_action"
	statusHeld       = "requires_capture"
	statusProcessing = "processing"
	statusSucceeded  = "succeeded"
	statusCanceled   = "canceled"
)

// orderTag, cancelTag and the others are the names under which the vendor keeps what of ours
// its objects belong to.
const (
	orderTag    = "order_id"
	cancelTag   = "cancellation"
	leftTag     = "registration_id"
	customerTag = "customer"
)

// everything is what is expanded of a payment.
const everything = "latest_charge.balance_transaction"

// wireIntent is what is read of a PaymentIntent.
type wireIntent struct {
	wireListed
	Customer string      `json:"customer"`
	Currency string      `json:"currency"`
	Amount   json.Number `json:"amount"`
	Received json.Number `json:"amount_received"`
	Charge   *wireCharge `json:"latest_charge"`
	Failure  *wireError  `json:"last_payment_error"`
	Reason   string      `json:"cancellation_reason"`
}

type wireCharge struct {
	ID       string      `json:"id"`
	Created  json.Number `json:"created"`
	Refunded json.Number `json:"amount_refunded"`
	Receipt  string      `json:"receipt_url"`
	Moved    *struct {
		Created json.Number `json:"created"`
	} `json:"balance_transaction"`
	Means struct {
		Type string    `json:"type"`
		Card *wireCard `json:"card"`
	} `json:"payment_method_details"`
}

type wireCard struct {
	Brand string `json:"brand"`
	Last  string `json:"last4"`
}

// readIntent reads a PaymentIntent.
func readIntent(body []byte) (*wireIntent, error) {
	var p wireIntent
	if err := upstream.Lenient(json.Unmarshal(body, &p)); err != nil {
		return nil, errors.New("the reply cannot be read")
	}
	return &p, p.wrong()
}

// wrong checks what everything else stands on.
func (p *wireIntent) wrong() error {
	_, ok := amount(p.Amount)
	switch {
	case !ofKind(p.ID, intentID) || p.Status == "":
		return errors.New("the reply names no payment")
	case !ok:
		return errors.New("the reply names no amount")
	case p.Currency != currency:
		return errors.New("the reply is about another currency")
	}
	return nil
}

// amount reads a number of won.
func amount(n json.Number) (money.Amount, bool) {
	whole, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || whole < 0 {
		return 0, false
	}
	a, err := money.Parse(strconv.FormatInt(whole, 10)) // which knows what is too much
	return a, err == nil
}

// result says what a payment is.
func (p *wireIntent) result(m payment.Method) payment.Result {
	total, _ := amount(p.Amount)
	r := payment.Result{Ref: p.ID, Amount: total}
	if c := p.Charge; c != nil {
		r.Means, r.Slip, r.ReceiptURL, r.PaidAt = c.means(), c.Means.Card != nil, upstream.Link(c.Receipt), at(c.Created)
		if c.Moved != nil && !at(c.Moved.Created).IsZero() {
			r.PaidAt = at(c.Moved.Created) // of a card that was held first, this is when it was captured
		}
	}
	p.judge(&r, m)
	if !r.State.Taken() {
		r.PaidAt, r.ReceiptURL, r.Slip = time.Time{}, "", false
	}
	return r
}

// judge sets the state, and the reason of a payment that took no money.
func (p *wireIntent) judge(r *payment.Result, m payment.Method) {
	switch p.Status {
	case statusSucceeded:
		p.judgeTaken(r)
	case statusHeld, statusConfirm:
		r.State = payment.Open
	case statusNoMethod, statusAction:
		r.State = payment.Open
		if p.Failure != nil {
			r.Code, r.Text = p.Failure.code(), upstream.Words(p.Failure.Text)
		}
		if m == payment.Stored { // nobody can go on with it: only the vendor and we know of it
			r.State, r.Reason = payment.Declined, payment.NeedsPayer
			if p.Failure != nil {
				r.Reason = p.Failure.declined().reason
			}
		}
	case statusCanceled:
		r.State, r.Reason, r.Code = payment.Declined, payment.PayerLeft, upstream.Code(p.Reason)
	default:
		r.Reason, r.Code, r.Text = payment.GatewayFailure, upstream.Code(p.Status), "the payment is under way, or has a status that is not known"
	}
}

// judgeTaken tells how much of the money is still there. Without its charge that is not known.
func (p *wireIntent) judgeTaken(r *payment.Result) {
	received, ok := amount(p.Received)
	if p.Charge == nil || p.Charge.ID == "" || !ok || received != r.Amount {
		r.Reason, r.Text = payment.GatewayFailure, "the reply does not say what was taken and given back"
		return
	}
	back, ok := amount(p.Charge.Refunded)
	switch {
	case !ok || back > received:
		r.Reason, r.Text = payment.GatewayFailure, "the reply does not say what was given back"
	case back == 0:
		r.State = payment.Paid
	case back < received:
		r.State, r.Cancelled = payment.PartlyCancelled, back
	default:
		r.State, r.Cancelled = payment.Cancelled, back
	}
}

// brands are the card companies by the vendor's word.
var brands = map[string]string{
	"amex": "아멕스", "diners": "다이너스", "discover": "디스커버", "jcb": "JCB", "mastercard": "마스터카드", "unionpay": "유니온페이", "visa": "비자",
}

// label is a card as people read it: 비자 ****-****-****-1234.
func (c *wireCard) label() string {
	brand := brands[c.Brand]
	if brand == "" {
		brand = "카드"
	}
	if len(c.Last) != 4 || strings.Trim(c.Last, "0123456789") != "" {
		return brand
	}
	return brand + " ****-****-****-" + c.Last
}

// means is what a payment was paid with.
func (c *wireCharge) means() string {
	if c.Means.Card != nil {
		return c.Means.Card.label()
	}
	return upstream.Words(c.Means.Type)
}

const lastMoment = 253402300799 // the end of the year 9999

// at reads one of the vendor's times; zero = it says none.
func at(n json.Number) time.Time {
	seconds, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || seconds <= 0 || seconds > lastMoment {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
