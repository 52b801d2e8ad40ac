package toss

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

func wrongReceipt(text string) payment.ReceiptResult {
	return payment.ReceiptResult{State: payment.Failed, Reason: payment.BadRequest, Text: text}
}

// Receipt has a cash receipt issued. The vendor looks neither whether the order was paid in
// cash nor whether there is a receipt already: the caller does.
func (a *account) Receipt(ctx context.Context, r payment.CashReceipt) payment.ReceiptResult {
	n, ok := payment.WholeWon(r.Amount)
	if !ok || !payment.ValidOrderID(r.OrderID) || r.OrderName == "" || r.Identity == "" || len(r.Identity) > 30 || strings.Trim(r.Identity, "0123456789") != "" {
		return wrongReceipt("a cash receipt needs an order, its name, whole won, and digits of a phone or a business")
	}
	kind := "소득공제"
	if r.Business {
		kind = "지출증빙"
	}
	body := map[string]any{"amount": n, "orderId": r.OrderID, "orderName": r.OrderName, "customerIdentityNumber": r.Identity, "type": kind}
	return receipted(payment.Paid, a.call(ctx, request{method: http.MethodPost, path: "/v1/cash-receipts", key: r.Key, body: body}))
}

// TakeBack cancels a cash receipt by Amount, or what is left of it when Amount is 0.
func (a *account) TakeBack(ctx context.Context, r payment.CashReceipt) payment.ReceiptResult {
	body := map[string]any{}
	if n, ok := payment.WholeWon(r.Amount); ok {
		body["amount"] = n
	} else if r.Amount != 0 {
		return wrongReceipt("the amount is not a whole number of won")
	}
	if !validRef(r.Ref) {
		return wrongReceipt("the receipt has no id of this gateway")
	}
	path := "/v1/cash-receipts/" + url.PathEscape(r.Ref) + "/cancel"
	return receipted(payment.Cancelled, a.call(ctx, request{method: http.MethodPost, path: path, key: r.Key, body: body}))
}

// receipted reads the reply about a receipt, which is good when it was carried out.
func receipted(good payment.State, reply upstream.Reply) payment.ReceiptResult {
	if reply.Err != nil || reply.Status != http.StatusOK {
		r := refused(reply)
		state := r.state()
		if state == payment.Declined {
			state = payment.Failed
		}
		return payment.ReceiptResult{State: state, Reason: r.reason, Code: r.code, Text: r.text}
	}
	var b struct {
		Key    string `json:"receiptKey"`
		URL    string `json:"receiptUrl"`
		Status string `json:"issueStatus"`
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &b)); err != nil || !validRef(b.Key) {
		return payment.ReceiptResult{Reason: payment.GatewayFailure, Text: "the reply names no receipt"}
	}
	if b.Status == "FAILED" {
		return payment.ReceiptResult{State: payment.Failed, Ref: b.Key, Reason: payment.UnknownRefusal, Code: b.Status, Text: "the tax office did not take the receipt"}
	}
	return payment.ReceiptResult{State: good, Ref: b.Key, URL: upstream.Link(b.URL)}
}
