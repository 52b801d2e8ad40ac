package payment

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"creditmsg/internal/money"
)

// Gateway is one merchant account at a company that takes money, spoken to in its protocol.
//
// Concurrency: all methods may be called at once from many goroutines. Nothing is remembered
// between calls but idle connections. No method repeats a request of its own accord; each
// returns soon after ctx ends, and none panics for what the gateway sends.
//
// Begin prepares a payment that a person makes: it ends Open with a Checkout, or Waiting with
// an Account to transfer to. Confirm takes the money after the person came back from the
// checkout, with what the gateway put into that address. Charge takes it with a stored Token.
// Each of the three sends Order.Key as the idempotency key of its request (with a word behind
// it where a gateway takes one key for one kind of request), so the same request may be made
// again with the same Key while its result is Unknown; whether the money was taken is then said
// by Find, which wants the Ref that an earlier result gave. Declined and Failed are said of the one request that was made: when an
// earlier one of the same order is Unknown, only Paid or Find ends it.
//
// What a browser brings back can be forged. An address that does not fit the order is Failed,
// one that tells of a payer who left is Declined, and neither is asked of the gateway: Confirm
// is for an order of which nothing is under way.
//
// Find asks what became of an order. Absent is an answer: the gateway has no payment of that
// order. But it may have one a moment later, while a request is still under way there, so one
// Absent soon after a request proves nothing. Where the gateway cannot be asked it is Unknown.
//
// Cancel gives money back, all or a part. The same Key never gives back twice. Cancelling a
// payment that waits closes its account; no money was taken, so Find says Declined.
//
// BeginToken and FinishToken let a person leave a card for later charges: the same way out and
// back as Begin and Confirm. RemoveToken makes a token useless; one that is gone is no error.
//
// Notice reads a call of the gateway to /webhooks/payments/{gateway}. It is pure: no network,
// the same bytes at the same time give the same Notice. A body that is not what the gateway
// sends, or a signature that is not right, is an error. What a notice says is never believed:
// it only names the payment that is to be asked for.
//
// Transactions lists what the gateway moved from a time (inclusive) to another (exclusive),
// oldest first, page by page, for the daily comparison. A page may be empty and have a next.
//
// Receipt has a cash receipt issued for money that came without a card slip; TakeBack cancels
// it, whole or in part.
//
// An amount that is not a whole number of won above 0 is Failed with BadRequest (a
// cancellation: CancelNever), without a request.
//
// A method that a gateway does not have (Capabilities) answers Failed with the reason
// NotSupported; RemoveToken and Transactions return ErrNotSupported.
type Gateway interface {
	Capabilities() Capabilities
	Begin(ctx context.Context, o Order) Result
	Confirm(ctx context.Context, o Order, back url.Values) Result
	Charge(ctx context.Context, o Order, t Token) Result
	Find(ctx context.Context, o Order) Result
	Cancel(ctx context.Context, c Cancellation) CancelResult
	BeginToken(ctx context.Context, r Registration) TokenResult
	FinishToken(ctx context.Context, r Registration, back url.Values) TokenResult
	RemoveToken(ctx context.Context, t Token) error
	Notice(h http.Header, body []byte, now time.Time) (Notice, error)
	Transactions(ctx context.Context, from, until time.Time, after string) (Page, error)
	Receipt(ctx context.Context, r CashReceipt) ReceiptResult
	TakeBack(ctx context.Context, r CashReceipt) ReceiptResult
}

// ErrNotSupported says that a gateway does not have what was asked of it.
var ErrNotSupported = errors.New("the gateway does not support this")

// Account is one configured merchant account.
type Account struct {
	Name          string        // what /webhooks/payments/{gateway} and payments call it
	Kind          string        // which adapter speaks to it
	URL           string        // base address; empty = the gateway's own
	ClientKey     string        // the public key that the payer's browser shows
	SecretKey     string        // the key that requests are made with
	WebhookSecret string        // proves notices, where the gateway signs them
	WebhookOld    string        // still taken while that secret is changed; empty = none
	CheckoutURL   string        // a page that plays the gateway's window, of a simulator; of toss also a path alone = where payers come back to; empty = the gateway's own script
	TransferTo    string        // the operator's own account, as payers read it; of kind manual
	Timeout       time.Duration // of one HTTP request; 0 = 60 s, since charges are slow
	Test          bool          // nobody is charged there: test sites alone use it, and no other gateway
}

// Method is a way to pay.
type Method string

// The ways to pay.
const (
	Card           Method = "card"            // by the card window of the gateway, once
	Stored         Method = "stored"          // by a card that was left with the gateway (a billing key)
	VirtualAccount Method = "virtual_account" // by a transfer to an account of the payment's own
	Transfer       Method = "transfer"        // by a transfer that the operator sees on his account
)

// Capabilities says what a gateway can do.
type Capabilities struct {
	Methods      []Method
	Tokens       bool         // cards may be left for later charges
	Partial      bool         // part of a payment can be cancelled
	CashReceipts bool         // Receipt and TakeBack
	Lists        bool         // Transactions
	Least        money.Amount // the smallest amount it charges
}

// Takes reports whether payments may be made this way.
func (c Capabilities) Takes(m Method) bool { return slices.Contains(c.Methods, m) }

// Order is one payment as the gateway is told of it. Everything in it is the caller's row,
// never what a browser or a notice said.
type Order struct {
	ID        string        // the caller's, unique for all time: 6 to 64 of A-Z a-z 0-9 _ -
	Key       string        // idempotency key of the request that is made now
	Ref       string        // the gateway's id of the payment, once one is known
	Method    Method        // how it is to be paid
	Name      string        // what the payer reads: at most 100 characters
	Amount    money.Amount  // whole won, VAT included
	Customer  string        // random id of the payer at the gateway; of a stored card that of its Token
	Payer     Payer         // of virtual accounts, and for the gateway's own letters
	ReturnURL string        // where the payer's browser comes back to, well or not
	Bank      string        // of virtual accounts: the bank's code
	ValidFor  time.Duration // of virtual accounts; 0 = the gateway's usual
}

// Payer is who pays. All of it may be empty but where a gateway needs it.
type Payer struct {
	Name  string
	Email string
}

// Token is a card that was left with a gateway. Secret is to be stored sealed.
type Token struct {
	Customer string // the payer that it belongs to
	Secret   string // the billing key, or the gateway's id of the card
	Label    string // what people read: 신한 4330-****-****-1234
}

// Registration is a card to be left with the gateway.
type Registration struct {
	ID        string // the caller's, unique for all time, of the form of Order.ID
	Key       string // idempotency key of the request that is made now
	Customer  string // random id of the payer, never guessable: a UUID
	ReturnURL string // where the payer's browser comes back to
	Payer     Payer
}

// Cancellation gives money of a payment back.
type Cancellation struct {
	OrderID string
	Ref     string       // the gateway's id of the payment
	Key     string       // idempotency key: the same while CancelUnknown, a new one after CancelLater, since a gateway may keep its answer
	Amount  money.Amount // whole won, VAT included
	Whole   bool         // Amount is all that is left of the payment
	Reason  string       // at most 200 characters
	To      *BankAccount // where to, when it was paid by virtual account
}

// BankAccount is where money is paid back to.
type BankAccount struct {
	Bank   string // the bank's code
	Number string // digits
	Holder string
}

// CashReceipt is a cash receipt (현금영수증), to be issued or taken back.
type CashReceipt struct {
	OrderID   string
	OrderName string
	Key       string // idempotency key
	Ref       string // the gateway's id of the receipt, to take it back
	Amount    money.Amount
	Identity  string // digits: a phone number, or a business number
	Business  bool   // 지출증빙 instead of 소득공제
}

// Notice is what a gateway called about.
type Notice struct {
	ID      string // the gateway's id of this call, the same on every repeat; empty = it gives none
	Kind    string // the gateway's name of what happened, for the log
	OrderID string // the payment to ask for, by one or both; both empty = it concerns nobody here
	Ref     string
	Token   string // the secret of a token that is gone
	Secret  string // what must equal Result.Secret of the payment; empty = nothing to compare
}

// Page is a part of what a gateway moved.
type Page struct {
	Transactions []Transaction
	Next         string // where the next page begins; empty = this was the last
}

// Transaction is one movement at the gateway.
type Transaction struct {
	ID      string // the gateway's
	OrderID string
	Ref     string
	Cancel  bool         // money that was given back
	Amount  money.Amount // > 0
	At      time.Time
}
