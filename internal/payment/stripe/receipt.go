package stripe

import (
	"context"

	"creditmsg/internal/payment"
)

var noReceipts = payment.ReceiptResult{State: payment.Failed, Reason: payment.NotSupported, Text: "stripe issues no cash receipts; its card payments have slips"}

// Receipt is not supported: every payment here is by card.
func (a *account) Receipt(context.Context, payment.CashReceipt) payment.ReceiptResult {
	return noReceipts
}

// TakeBack is not supported.
func (a *account) TakeBack(context.Context, payment.CashReceipt) payment.ReceiptResult {
	return noReceipts
}
