package toss

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// sold reads the reply to a request that takes money or gives an account out.
func sold(o payment.Order, reply upstream.Reply) payment.Result {
	if reply.Err != nil || reply.Status != http.StatusOK {
		r := refused(reply)
		return r.result(upstream.RetryAfter(reply.Header))
	}
	p, err := readPayment(reply.Body)
	if err != nil {
		r := unread(err.Error())
		return r.result(0)
	}
	if p.OrderID != o.ID {
		r := unread("the reply is about another order")
		return r.result(0)
	}
	return p.result()
}

// Find asks what became of an order: by the vendor's id when there is one, otherwise by ours.
// An id that a browser brought may be of another payment; then ours decides.
func (a *account) Find(ctx context.Context, o payment.Order) payment.Result {
	if !payment.ValidOrderID(o.ID) {
		return payment.Result{State: payment.Absent, Text: "no order has such an id"}
	}
	if validRef(o.Ref) {
		reply := a.call(ctx, request{method: http.MethodGet, path: "/v1/payments/" + url.PathEscape(o.Ref)})
		if r, astray := found(o, reply); !astray {
			return r
		}
	}
	r, _ := found(o, a.call(ctx, request{method: http.MethodGet, path: "/v1/payments/orders/" + url.PathEscape(o.ID)}))
	return r
}

// found reads the reply to a question. astray says that it is not about this order, or that
// there is no such payment.
func found(o payment.Order, reply upstream.Reply) (result payment.Result, astray bool) {
	if reply.Err == nil && reply.Status == http.StatusOK {
		p, err := readPayment(reply.Body)
		return sold(o, reply), err == nil && p.OrderID != o.ID
	}
	r := refused(reply)
	result = r.result(upstream.RetryAfter(reply.Header))
	result.State = payment.Unknown
	if r.class == notFound && reply.Status == http.StatusNotFound {
		result.State, result.Reason = payment.Absent, ""
		return result, true
	}
	return result, false
}

// result is what is said of a payment whose request ended so.
func (r *refusal) result(wait time.Duration) payment.Result {
	return payment.Result{State: r.state(), Reason: r.reason, Code: r.code, Text: r.text, RetryAfter: wait}
}
