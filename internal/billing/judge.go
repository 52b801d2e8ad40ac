package billing

import (
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// What a gateway's word means for a payment is decided here, without a database.

// How long things may take.
const (
	checkoutLasts = 25 * time.Hour   // until a payer who did not come back has left
	checkoutCalm  = 40 * time.Minute // until it is first asked what became of a checkout
	provenAfter   = 10 * time.Minute // "no such order" counts only so long after the request
	depositCalm   = 10 * time.Minute // after a deposit was due
	absentTwice   = 2
)

// asking are the pauses between questions about a payment of which nobody knows; the last
// one is repeated.
var asking = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}

func pauseAfter(asks int) time.Duration { return asking[min(asks, len(asking)-1)] }

// verdict is what follows from a gateway's word.
type verdict struct {
	State   State
	Credit  bool          // the payment becomes credit now
	Back    bool          // its bank took the whole transfer back: what was credited is gone
	Gone    money.Amount  // of Total: what was given back of it besides what we know
	Next    time.Duration // until the gateway is asked again; 0 = never of our own accord
	Strange string        // what the operator must look at; "" = nothing
	Asks    int
	Absents int
}

// returns is what of a payment is given back by our own doing.
type returns struct {
	underWay money.Amount // the gateway is being asked for it
	byHand   money.Amount // the operator transferred it, the gateway knows nothing of it
}

// judge decides about a result that came at now.
func (p *row) judge(r payment.Result, now db.Time, ours returns) verdict {
	v := verdict{State: p.State, Asks: p.asks, Absents: p.absents}
	switch {
	case r.State.Taken():
		p.taken(&v, r, ours)
	case p.State.Credited():
		p.denied(&v, r)
	case r.State == payment.Declined:
		v.State = Declined
	case r.State == payment.Failed:
		v.State = Failed
	case r.State == payment.Waiting:
		v.State, v.Next = WaitingForDeposit, p.untilDue(r, now)
	case r.State == payment.Absent && p.method() != hosted:
		p.absent(&v, now)
	case p.method() == hosted && (r.State == payment.Open || r.State == payment.Absent):
		p.unfinished(&v, now)
	default:
		p.unknown(&v, r)
	}
	return v
}

// taken: the gateway has the payer's money.
func (p *row) taken(v *verdict, r payment.Result, ours returns) {
	if r.Amount != p.Total {
		v.Strange = "another amount was taken: " + r.Amount.String()
		if !p.State.Credited() {
			v.State, v.Next = Unknown, asking[len(asking)-1]
		}
		return
	}
	if !p.State.Credited() {
		v.Credit, v.State, v.Asks, v.Absents = true, Paid, 0, 0
	}
	// What is under way counts as known only when the gateway has done it.
	known := p.Returned - ours.byHand
	if r.Cancelled >= known+ours.underWay {
		known += ours.underWay
	}
	v.Gone = max(0, r.Cancelled-known)
}

// denied: the gateway says something else of a payment that it had taken. Only a bank's
// word about a deposit moves anything: of a transfer to his own account the operator says.
func (p *row) denied(v *verdict, r payment.Result) {
	switch {
	case r.State == payment.Unknown:
	case r.State == payment.Waiting && p.Method == payment.Transfer: // which the operator saw himself
	case r.State == payment.Waiting && p.State == Paid && p.Method == payment.VirtualAccount:
		v.State, v.Back, v.Next = WaitingForDeposit, true, asking[len(asking)-1]
	default:
		v.Strange = "it was paid, and is now said to be " + r.State.String()
	}
}

// absent: the gateway has no such order, though we asked it to take money. Soon after the
// request that proves nothing.
func (p *row) absent(v *verdict, now db.Time) {
	v.State, v.Asks = Unknown, p.asks+1
	since := now.Time().Sub(p.postedAt.Time())
	if since < provenAfter {
		v.Next = max(min(pauseAfter(p.asks), provenAfter-since), asking[0])
		return
	}
	if v.Absents++; v.Absents >= absentTwice {
		v.State = Failed
		return
	}
	v.Next = asking[2]
}

// unfinished: the payer has not paid yet, on a page of the gateway's.
func (p *row) unfinished(v *verdict, now db.Time) {
	v.State, v.Asks = Created, p.asks+1
	age := now.Time().Sub(p.CreatedAt.Time())
	switch {
	case age >= checkoutLasts:
		v.State = Declined
	case age < checkoutCalm:
		v.Next = checkoutCalm - age
	default:
		v.Next = min(max(age, time.Hour), checkoutLasts-age)
	}
}

// unknown: no answer that can be trusted.
func (p *row) unknown(v *verdict, r payment.Result) {
	if p.State == Created || p.State == Requesting {
		v.State = Unknown
	}
	v.Next, v.Asks = max(pauseAfter(p.asks), r.RetryAfter), p.asks+1
}

// untilDue is when it is to be asked whether a deposit has come: notices tell it earlier.
func (p *row) untilDue(r payment.Result, now db.Time) time.Duration {
	if p.Method == payment.Transfer {
		return 0 // only the operator sees it
	}
	day := asking[len(asking)-1]
	if r.Account == nil || r.Account.Until.IsZero() {
		return day
	}
	due := r.Account.Until.Sub(now.Time()) + depositCalm
	return min(max(due, depositCalm), day)
}

// way is how a payment comes about.
type way uint8

const (
	charged way = iota // we ask the gateway for the money, or for an account
	hosted             // the payer goes to a page, and may come back
)

func (p *row) method() way {
	if p.Method == payment.Card && p.State != Requesting && p.postedAt == 0 {
		return hosted
	}
	return charged
}

// keep takes over what else the gateway said.
func (p *row) keep(r payment.Result, v verdict, now db.Time) {
	p.State, p.asks, p.absents = v.State, v.Asks, v.Absents
	if r.Ref != "" {
		p.ref = r.Ref
	}
	if r.Means != "" {
		p.Means = r.Means
	}
	if r.ReceiptURL != "" {
		p.ReceiptURL = r.ReceiptURL
	}
	if r.Secret != "" {
		p.NoticeSecret = r.Secret
	}
	if r.Account != nil {
		p.Deposit = r.Account
	}
	if r.Checkout != nil {
		p.Checkout = r.Checkout
	}
	p.Slip = p.Slip || r.Slip
	p.blame(r)
	if v.Credit {
		p.PaidAt, p.times = now, p.times+1
	}
}

// blame keeps why there is no money, as long as there is none.
func (p *row) blame(r payment.Result) {
	p.Reason, p.Code, p.Text = "", "", ""
	switch {
	case p.State.Credited():
	case r.State == payment.Declined || r.State == payment.Failed || p.State == Unknown:
		p.Reason, p.Code, p.Text = r.Reason, r.Code, r.Text
	case p.State == Declined: // the payer did not come back
		p.Reason = payment.PayerLeft
	case p.State == Failed: // the gateway never had it
		p.Reason = payment.GatewayFailure
	}
}
