package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"unicode/utf8"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// wireRefund is what is read of a Refund.
type wireRefund struct {
	ID     string            `json:"id"`
	Status string            `json:"status"`
	Amount json.Number       `json:"amount"`
	Intent string            `json:"payment_intent"`
	Tags   map[string]string `json:"metadata"`
	Why    string            `json:"failure_reason"`
}

// given is what a refund gave back, or will; one that failed gave nothing.
func (f *wireRefund) given() money.Amount {
	n, _ := amount(f.Amount)
	if f.Status == "failed" || f.Status == statusCanceled {
		return 0
	}
	return n
}

func (f *wireRefund) wrong(ref string) error {
	if _, ok := amount(f.Amount); !ok || !ofKind(f.ID, "re_") && !ofKind(f.ID, "pyr_") || f.Status == "" || f.Intent != ref {
		return errors.New("the reply names no refund of this payment")
	}
	return nil
}

// uncancellable says why a cancellation cannot be sent; "" = it can.
func uncancellable(c payment.Cancellation) string {
	switch _, ok := won(c.Amount); {
	case !ok:
		return "the amount is not a whole number of won above 0"
	case !ofKind(c.Ref, intentID):
		return "the payment has no id of this gateway, or no money was taken"
	case utf8.RuneCountInString(c.Reason) > 200:
		return "the reason must have at most 200 characters"
	case len(c.Key) == 0 || len(c.Key) > maxKey:
		return "the idempotency key must have 1 to 246 characters"
	}
	return ""
}

// Cancel gives money back. Before, it looks whether the same cancellation was carried out
// already: the vendor keeps an error of its own with an idempotency key although the money may
// have been given back, and forgets the key after a day. A whole cancellation names no amount.
// The reason stays here: the vendor wants no free text.
func (a *account) Cancel(ctx context.Context, c payment.Cancellation) payment.CancelResult {
	if text := uncancellable(c); text != "" {
		return payment.CancelResult{State: payment.CancelNever, Reason: payment.BadRequest, Text: text}
	}
	refunds, r := a.refunds(ctx, c.Ref)
	if r != nil {
		return r.cancelResult()
	}
	var back money.Amount
	var earlier *wireRefund
	for _, f := range refunds {
		if back += f.given(); f.Tags[cancelTag] == c.Key {
			earlier = f
		}
	}
	if earlier != nil {
		return cancelled(earlier, back)
	}
	body := form{"payment_intent": c.Ref, "reason": "requested_by_customer", "metadata[" + orderTag + "]": c.OrderID,
		"metadata[" + cancelTag + "]": c.Key, "expand[0]": "charge"}
	if !c.Whole {
		body["amount"], _ = won(c.Amount)
	}
	return a.refunded(ctx, c, back, a.post(ctx, "/v1/refunds", c.Key, body))
}

// refunded reads the reply to a request that gives money back. back is what was given back
// before.
func (a *account) refunded(ctx context.Context, c payment.Cancellation, back money.Amount, reply upstream.Reply) payment.CancelResult {
	if reply.Err != nil || reply.Status != http.StatusOK {
		r := refused(reply)
		if r.class == ours && r.param == "amount" || r.code == "payment_intent_unexpected_state" {
			r.meaning = meaning{neverPossible, payment.NotCancellable}
		}
		if r.class == doneAlready {
			return a.already(ctx, c, r.cancelResult())
		}
		return r.cancelResult()
	}
	var f struct {
		wireRefund
		Charge struct {
			Refunded json.Number `json:"amount_refunded"`
		} `json:"charge"`
	}
	err := upstream.Lenient(json.Unmarshal(reply.Body, &f))
	if err == nil {
		err = f.wrong(c.Ref)
	}
	if err != nil {
		return payment.CancelResult{Reason: payment.GatewayFailure, Text: "the reply does not say that the money is given back"}
	}
	back += f.given()
	if all, ok := amount(f.Charge.Refunded); ok && all > back {
		back = all // others gave back meanwhile
	}
	return cancelled(&f.wireRefund, back)
}

// cancelled is what a refund says. One that waits will be made, as far as the vendor knows.
func cancelled(f *wireRefund, back money.Amount) payment.CancelResult {
	out := payment.CancelResult{Ref: f.ID, Cancelled: back}
	switch f.Status {
	case statusSucceeded, "pending", statusAction:
		out.State = payment.CancelDone
	case "failed", statusCanceled:
		out.State, out.Reason, out.Code, out.Text = payment.CancelNever, payment.NotCancellable, upstream.Code(f.Why), "the bank did not take the money back"
	default:
		out.Reason, out.Code, out.Text = payment.GatewayFailure, upstream.Code(f.Status), "the refund has a status that is not known"
	}
	return out
}

// refunds are all of a payment's.
func (a *account) refunds(ctx context.Context, ref string) (all []*wireRefund, r *refusal) {
	after := ""
	for range mostPages {
		reply := a.get(ctx, "/v1/refunds", form{"payment_intent": ref, "limit": perPage, "starting_after": after})
		if reply.Err != nil || reply.Status != http.StatusOK {
			not := refused(reply)
			return nil, &not
		}
		page, more, err := readRefunds(reply.Body, ref)
		if err != nil {
			not := unread(err.Error())
			return nil, &not
		}
		if all = append(all, page...); !more {
			return all, nil
		}
		after = page[len(page)-1].ID
	}
	not := unread("the payment has too many refunds to look through")
	return nil, &not
}

func readRefunds(body []byte, ref string) (page []*wireRefund, more bool, err error) {
	page, more, err = readList[*wireRefund](body)
	for i := 0; err == nil && i < len(page); i++ {
		if page[i] == nil {
			return nil, false, errors.New("the reply lists what is no refund")
		}
		err = page[i].wrong(ref)
	}
	return page, more, err
}

// cancelResult says what is known of a cancellation whose request ended so.
func (r *refusal) cancelResult() payment.CancelResult {
	out := payment.CancelResult{State: payment.CancelNever, Reason: r.reason, Code: r.code, Text: r.text, RetryAfter: r.wait}
	switch {
	case r.err != "" && !r.left, r.class == busy:
		out.State = payment.CancelLater
	case r.class == unknownClass, r.class == doneAlready:
		out.State = payment.CancelUnknown
	}
	return out
}

// already asks what a cancellation meets that is said to be done. All given back is what a
// whole one wants; a part cannot be given back any more.
func (a *account) already(ctx context.Context, c payment.Cancellation, out payment.CancelResult) payment.CancelResult {
	p, r := asked(c.Ref, a.intent(ctx, c.Ref))
	if r != nil {
		return out
	}
	found := p.result("")
	switch {
	case found.State == payment.Unknown:
		return out
	case found.State == payment.Cancelled && c.Whole:
		return payment.CancelResult{State: payment.CancelDone, Cancelled: found.Cancelled, Code: out.Code, Text: out.Text}
	}
	out.State, out.Cancelled = payment.CancelNever, found.Cancelled
	return out
}
