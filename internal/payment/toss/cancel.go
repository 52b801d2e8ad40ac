package toss

import (
	"context"
	"net/http"
	"net/url"
	"unicode/utf8"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// uncancellable says why a cancellation cannot be sent; "" = it can.
func uncancellable(c payment.Cancellation) string {
	n := utf8.RuneCountInString(c.Reason)
	switch _, ok := payment.WholeWon(c.Amount); {
	case !ok:
		return "the amount is not a whole number of won above 0"
	case !validRef(c.Ref):
		return "the payment has no id of this gateway"
	case n == 0 || n > 200:
		return "the reason must have 1 to 200 characters"
	case len(c.Key) == 0 || len(c.Key) > maxKey:
		return "the idempotency key must have 1 to 300 characters"
	}
	return ""
}

// Cancel gives money back. A whole cancellation names no amount, so that it goes where parts
// cannot be given back.
func (a *account) Cancel(ctx context.Context, c payment.Cancellation) payment.CancelResult {
	if text := uncancellable(c); text != "" {
		return payment.CancelResult{State: payment.CancelNever, Reason: payment.BadRequest, Text: text}
	}
	body := map[string]any{"cancelReason": c.Reason}
	if n, _ := payment.WholeWon(c.Amount); !c.Whole {
		body["cancelAmount"] = n
	}
	if c.To != nil {
		body["refundReceiveAccount"] = map[string]string{"bank": c.To.Bank, "accountNumber": c.To.Number, "holderName": c.To.Holder}
	}
	reply := a.call(ctx, request{method: http.MethodPost, path: "/v1/payments/" + url.PathEscape(c.Ref) + "/cancel", key: c.Key, body: body})
	if reply.Err == nil && reply.Status == http.StatusOK {
		return cancelled(c, reply.Body)
	}
	r := refused(reply)
	out := payment.CancelResult{State: r.cancelState(), Reason: r.reason, Code: r.code, Text: r.text, RetryAfter: upstream.RetryAfter(reply.Header)}
	if r.class == doneAlready {
		return a.already(ctx, c, out)
	}
	return out
}

// cancelState says what is known of a cancellation whose request ended so.
func (r *refusal) cancelState() payment.CancelState {
	switch {
	case r.err != "" && !r.left, r.class == busy, r.class == laterPerhaps:
		return payment.CancelLater
	case r.class == unknownClass, r.class == doneAlready:
		return payment.CancelUnknown
	}
	return payment.CancelNever
}

// cancelled reads the payment that a cancellation is answered with.
func cancelled(c payment.Cancellation, body []byte) payment.CancelResult {
	p, err := readPayment(body)
	if err != nil || p.Key != c.Ref || p.Status != statusCanceled && p.Status != statusPartly {
		return payment.CancelResult{Reason: payment.GatewayFailure, Text: "the reply does not say that the payment is cancelled"}
	}
	out := payment.CancelResult{State: payment.CancelDone, Ref: upstream.Code(p.Last), Cancelled: p.cancelled()}
	if p.Account != nil && p.Account.Refund == "FAILED" {
		out.State, out.Reason, out.Text = payment.CancelNever, payment.BadBankAccount, "the transfer back failed"
	}
	return out
}

// already asks what a cancellation meets that is said to be done. All given back is what a
// whole one wants; of a part it cannot be told whose it was.
func (a *account) already(ctx context.Context, c payment.Cancellation, out payment.CancelResult) payment.CancelResult {
	found := a.Find(ctx, payment.Order{ID: c.OrderID, Ref: c.Ref})
	switch {
	case found.State == payment.Unknown:
		return out
	case found.State == payment.Cancelled && c.Whole:
		return payment.CancelResult{State: payment.CancelDone, Cancelled: found.Cancelled, Code: out.Code, Text: out.Text}
	}
	out.State, out.Cancelled = payment.CancelNever, found.Cancelled
	return out
}
