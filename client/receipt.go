package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Receipt says who paid whom for what, and what of it went back since.
type Receipt struct {
	Payment       string             `json:"payment"`
	Site          string             `json:"site"`
	Status        string             `json:"status"`  // paid, partially_cancelled or cancelled
	PaidOn        string             `json:"paid_on"` // the Korean day
	Item          string             `json:"item"`
	Method        string             `json:"method"`
	Means         string             `json:"means"`
	SlipURL       string             `json:"slip_url"` // where the payer sees his card slip
	CashReceipt   *CashReceipt       `json:"cash_receipt"`
	Supplier      *ReceiptParty      `json:"supplier"`
	Customer      *ReceiptParty      `json:"customer"`
	Charged       Taxed              `json:"charged"`
	Cancellations []ReceiptGivenBack `json:"cancellations"`
	Cancelled     Taxed              `json:"cancelled"` // below zero
	Remaining     Taxed              `json:"remaining"`
}

// ReceiptParty is who supplies or is supplied.
type ReceiptParty struct {
	BusinessNumber string `json:"business_number"`
	Name           string `json:"name"`
	Representative string `json:"representative"`
	Address        string `json:"address"`
}

// ReceiptGivenBack is a cancellation of the payment, below zero.
type ReceiptGivenBack struct {
	ID string `json:"id"`
	On string `json:"on"` // the Korean day
	Taxed
}

// Receipt gets the receipt of a payment that is paid.
func (c *Client) Receipt(ctx context.Context, payment string) (Receipt, error) {
	return get[Receipt](ctx, c, nil, "v1", "credit", "payments", payment, "receipt")
}

// ReceiptFile writes the receipt of a payment to w, as json or as html to print.
func (c *Client) ReceiptFile(ctx context.Context, payment, format string, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "credit", "payments", payment, "receipt"}, query: url.Values{"format": {format}}, to: w})
}
