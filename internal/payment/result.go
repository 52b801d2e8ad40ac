package payment

import (
	"time"

	"creditmsg/internal/money"
)

// State is what became of a payment.
type State uint8

// The states. The zero State is Unknown, so that nothing forgotten is ever taken for a
// certainty.
const (
	Unknown         State = iota // no answer that can be trusted: Find says it, later
	Open                         // the gateway, or a page of it, waits for the payer
	Waiting                      // an account was given, nothing has arrived
	Paid                         // the whole amount was taken, and nothing given back
	Declined                     // certainly not taken: the payer's means were refused, or he left
	Failed                       // certainly not taken: for another reason than the payer's
	Absent                       // Find alone: the gateway has no such payment
	PartlyCancelled              // taken, and a part given back
	Cancelled                    // taken, and all given back
)

var stateNames = [...]string{"unknown", "open", "waiting", "paid", "declined", "failed", "absent", "partly_cancelled", "cancelled"}

// String gives the state's name in logs and metrics.
func (s State) String() string { return stateNames[s] }

// Taken reports whether the payer's money was taken, whatever was given back since.
func (s State) Taken() bool { return s == Paid || s == PartlyCancelled || s == Cancelled }

// Result is what a gateway says of a payment.
type Result struct {
	State      State
	Ref        string        // the gateway's id of the payment, when one is known
	Amount     money.Amount  // what was to be paid, as the gateway has it; 0 = not said
	Cancelled  money.Amount  // what was given back of it
	Reason     Reason        // of Declined and Failed, and what kept an answer away
	Code, Text string        // the gateway's own, or the HTTP status; no secrets
	RetryAfter time.Duration // when the gateway asked to come again; 0 = not said
	PaidAt     time.Time     // the gateway's time; zero = not said
	Means      string        // what it was paid with, as people read it: 신한카드 4330-****-****-1234
	Slip       bool          // a card slip or a cash receipt stands for it, so no tax invoice is issued
	ReceiptURL string        // where the payer sees his receipt
	Secret     string        // what notices about this payment carry; to be stored sealed
	Account    *Deposit      // of Waiting: where to pay
	Checkout   *Checkout     // of Open after Begin: how the payer pays
}

// Deposit is the account that a payer transfers to.
type Deposit struct {
	Bank   string // the bank's code
	Number string
	Holder string
	Until  time.Time // zero = whenever
	Text   string    // in place of bank, number and holder: the operator's account as payers read it
}

// Checkout is how a payer's browser goes on: to a page, or with the gateway's own script.
type Checkout struct {
	URL    string            // a page to open; empty = only the script opens the window
	Script string            // the gateway's script
	Fields map[string]string // what the script is told
}

// CancelState is how a cancellation ended.
type CancelState uint8

// The ends of a cancellation.
const (
	CancelUnknown CancelState = iota // ask Find, or make the same cancellation again with its Key
	CancelDone                       // the money is given back, now or earlier under the same Key
	CancelLater                      // certainly not now: try again later
	CancelNever                      // certainly not, and not later: a person must act
)

var cancelNames = [...]string{"unknown", "done", "later", "never"}

// String gives the name in logs and metrics.
func (s CancelState) String() string { return cancelNames[s] }

// CancelResult is the answer of Cancel.
type CancelResult struct {
	State      CancelState
	Ref        string       // the gateway's id of this cancellation
	Cancelled  money.Amount // what was given back of the payment in all, when said
	Reason     Reason       // of CancelLater and CancelNever
	Code, Text string
	RetryAfter time.Duration
}

// TokenResult is the answer of BeginToken and FinishToken.
type TokenResult struct {
	State      State // Open with a Checkout, Paid with the Token, Declined, Failed or Unknown
	Token      Token
	Checkout   *Checkout
	Reason     Reason
	Code, Text string
}

// ReceiptResult is the answer of Receipt and TakeBack.
type ReceiptResult struct {
	State      State  // Paid: issued; Cancelled: taken back; Failed; Unknown
	Ref        string // the gateway's id of the receipt
	URL        string // where it is seen
	Reason     Reason
	Code, Text string
}
