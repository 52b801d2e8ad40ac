// Package manual is the operator's own bank account in the place of a gateway: the payer is
// told where to transfer to, and the operator says when the money has come.
//
// It promises that nothing is ever Paid here: what came is known to the operator alone, who
// books it. It makes no request, remembers nothing, owns no table and does nothing else.
package manual

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// account is one bank account of the operator. It is immutable.
type account struct{ to string }

// New makes the gateway of a configured account, which needs its TransferTo.
func New(a payment.Account) (payment.Gateway, error) {
	to := strings.TrimSpace(a.TransferTo)
	if to == "" {
		return nil, fmt.Errorf("configure gateway %q: transfer_to is missing: bank, number and holder as payers read them", a.Name)
	}
	return &account{to}, nil
}

// Capabilities says that there are transfers, and nothing else.
func (a *account) Capabilities() payment.Capabilities {
	return payment.Capabilities{Methods: []payment.Method{payment.Transfer}, Least: money.Won}
}

var none = payment.Result{State: payment.Failed, Reason: payment.NotSupported, Text: "the operator's own account takes transfers alone"}

func (a *account) waiting(o payment.Order) payment.Result {
	return payment.Result{State: payment.Waiting, Amount: o.Amount, Account: &payment.Deposit{Text: a.to}}
}

// Begin tells where to transfer to.
func (a *account) Begin(_ context.Context, o payment.Order) payment.Result {
	if o.Amount <= 0 || o.Amount%money.Won != 0 {
		return payment.Result{State: payment.Failed, Reason: payment.BadRequest, Text: "the amount is not a whole number of won above 0"}
	}
	if o.Method != payment.Transfer {
		return none
	}
	return a.waiting(o)
}

// Find says that the payment waits, whatever has come: that is the operator's to say.
func (a *account) Find(_ context.Context, o payment.Order) payment.Result { return a.waiting(o) }

// Confirm is not supported.
func (a *account) Confirm(context.Context, payment.Order, url.Values) payment.Result { return none }

// Charge is not supported.
func (a *account) Charge(context.Context, payment.Order, payment.Token) payment.Result { return none }

// Cancel is never done here: the operator transfers back himself.
func (a *account) Cancel(context.Context, payment.Cancellation) payment.CancelResult {
	return payment.CancelResult{State: payment.CancelNever, Reason: payment.NotSupported, Text: "money is given back by a transfer of the operator's"}
}

// BeginToken is not supported.
func (a *account) BeginToken(context.Context, payment.Registration) payment.TokenResult {
	return payment.TokenResult{State: payment.Failed, Reason: payment.NotSupported}
}

// FinishToken is not supported.
func (a *account) FinishToken(context.Context, payment.Registration, url.Values) payment.TokenResult {
	return payment.TokenResult{State: payment.Failed, Reason: payment.NotSupported}
}

// RemoveToken is not supported.
func (a *account) RemoveToken(context.Context, payment.Token) error { return payment.ErrNotSupported }

// Notice refuses every call, since nobody calls about a bank account.
func (a *account) Notice(http.Header, []byte, time.Time) (payment.Notice, error) {
	return payment.Notice{}, errors.New("read notice: nobody calls about the operator's own account")
}

// Transactions is not supported.
func (a *account) Transactions(context.Context, time.Time, time.Time, string) (payment.Page, error) {
	return payment.Page{}, payment.ErrNotSupported
}

// Receipt is not supported.
func (a *account) Receipt(context.Context, payment.CashReceipt) payment.ReceiptResult {
	return payment.ReceiptResult{State: payment.Failed, Reason: payment.NotSupported}
}

// TakeBack is not supported.
func (a *account) TakeBack(context.Context, payment.CashReceipt) payment.ReceiptResult {
	return payment.ReceiptResult{State: payment.Failed, Reason: payment.NotSupported}
}
