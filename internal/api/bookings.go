package api

import (
	"context"
	"net/http"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

type givenBack struct {
	ID     string `path:"id" doc:"pay_…"`
	Cancel string `path:"cancel" doc:"pcn_…"`
}

type receiptIssued struct {
	ID   string `path:"id" doc:"pay_…"`
	Body struct {
		Number string `json:"number" pattern:"^[0-9]{1,20}$" patternDescription:"digits" doc:"The receipt's approval number (승인번호)."`
	} `nameHint:"CashReceiptIssuedBody"`
}

// bookings declares the routes by which the operator says what he did or saw himself.
func bookings(a *api) {
	perform(a, operation{
		id: "bookPayment", secondFactor: true, method: http.MethodPost, path: "/v1/credit/payments/{id}/arrived", tag: "Payments", ability: "operator", status: http.StatusOK,
		summary: "Say that a transfer to the operator's account has come", codes: []string{fault.CodeStateConflict}, about: "Repeating it changes nothing.",
	}, func(ctx context.Context, x *exchange, in *paymentInput, _ string) (billing.Payment, error) {
		of, err := paymentID(in.ID)
		if err != nil {
			return billing.Payment{}, err
		}
		return a.Billing.Arrived(ctx, x.site, of)
	}, func(_ *db.Tx, p billing.Payment) (paymentView, error) { return showPayment(p, nil), nil })
	perform(a, operation{
		id: "bookCancellation", secondFactor: true, method: http.MethodPost, path: "/v1/credit/payments/{id}/cancellations/{cancel}/given-back", tag: "Payments", ability: "operator", status: http.StatusOK,
		summary: "Say that a cancellation was given back by hand", about: "Repeating it changes nothing.",
	}, func(ctx context.Context, x *exchange, in *givenBack, _ string) (billing.Cancellation, error) {
		of, err := paymentID(in.ID)
		if err != nil {
			return billing.Cancellation{}, err
		}
		cancel, err := named(id.Cancel, "cancellation", in.Cancel)
		if err != nil {
			return billing.Cancellation{}, err
		}
		return a.Billing.GivenBack(ctx, x.site, of, cancel)
	}, func(_ *db.Tx, c billing.Cancellation) (cancelView, error) { return showCancel(c), nil })
	perform(a, operation{
		id: "bookCashReceipt", method: http.MethodPost, path: "/v1/credit/payments/{id}/cash-receipt/issued", tag: "Payments", ability: "operator", status: http.StatusOK,
		summary: "Say that the cash receipt of a transfer was issued by hand", codes: []string{fault.CodeStateConflict},
		about: "Of transfers to the operator's own account, whose cash receipts no gateway issues. Repeating it changes nothing.",
	}, func(ctx context.Context, x *exchange, in *receiptIssued, _ string) (billing.Payment, error) {
		of, err := paymentID(in.ID)
		if err != nil {
			return billing.Payment{}, err
		}
		return a.Billing.ReceiptIssued(ctx, x.site, of, in.Body.Number)
	}, func(_ *db.Tx, p billing.Payment) (paymentView, error) { return showPayment(p, nil), nil })
}
