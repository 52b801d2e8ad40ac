package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// mostPages is how far an order is looked for: 5,000 payments of its customer. What lies
// beyond is not known.
const mostPages = 50

// Find asks what became of an order: by the vendor's id of its payment or checkout when there
// is one, otherwise by going through the payments of its customer. An id that a browser
// brought may be of another order; then the list decides.
func (a *account) Find(ctx context.Context, o payment.Order) payment.Result {
	if !payment.ValidOrderID(o.ID) {
		return payment.Result{State: payment.Absent, Text: "no order has such an id"}
	}
	if out, astray := a.findRef(ctx, o); !astray {
		return out
	}
	customer := ""
	if ofKind(o.Customer, customerID) {
		customer = o.Customer
	}
	p, r := a.search(ctx, o, customer, mostPages)
	switch {
	case r != nil && r.class == declines: // there is no such customer, hence none of his payments
		return payment.Result{State: payment.Absent, Code: r.code, Text: r.text}
	case r != nil:
		return r.asked()
	case p == nil:
		return payment.Result{State: payment.Absent}
	}
	return a.show(ctx, o, p.ID)
}

// show asks for a payment of the order that was listed.
func (a *account) show(ctx context.Context, o payment.Order, id string) payment.Result {
	p, r := asked(id, a.intent(ctx, id))
	switch {
	case r != nil:
		return r.asked()
	case p.Tags[orderTag] != o.ID:
		u := unread("the payment is listed as one of this order, and shown as one of another")
		return u.result()
	}
	return p.result(o.Method)
}

// findRef asks by the vendor's id. astray says that it is not of this order, or that there is
// none.
func (a *account) findRef(ctx context.Context, o payment.Order) (out payment.Result, astray bool) {
	switch {
	case ofKind(o.Ref, intentID):
		return a.findIntent(ctx, o)
	case !ofKind(o.Ref, sessionID):
		return out, true
	}
	s, r := a.session(ctx, o.Ref, "payment_intent."+everything)
	switch {
	case r != nil:
		return r.asked(), r.missing
	case !s.is(o):
		return out, true
	}
	return s.result(), false
}

// intent asks for a payment.
func (a *account) intent(ctx context.Context, id string) upstream.Reply {
	return a.get(ctx, "/v1/payment_intents/"+url.PathEscape(id), form{"expand[0]": everything})
}

// findIntent asks for one payment. Where it took no money, another one of the order may have: a
// stored card that was refused may have been charged again, under another key.
func (a *account) findIntent(ctx context.Context, o payment.Order) (out payment.Result, astray bool) {
	p, r := asked(o.Ref, a.intent(ctx, o.Ref))
	switch {
	case r != nil:
		return r.asked(), r.missing
	case p.Tags[orderTag] != o.ID:
		return out, true
	case p.takes() || !ofKind(p.Customer, customerID):
		return p.result(o.Method), false
	}
	other, r := a.search(ctx, o, p.Customer, mostPages)
	switch {
	case r != nil:
		return r.asked(), false
	case other != nil && other.takes():
		return a.show(ctx, o, other.ID), false
	}
	return p.result(o.Method), false
}

// asked reads the reply to a question for a payment.
func asked(id string, reply upstream.Reply) (*wireIntent, *refusal) {
	if reply.Err != nil || reply.Status != http.StatusOK {
		r := refused(reply)
		return nil, &r
	}
	p, err := readIntent(reply.Body)
	if err == nil && p.ID != id {
		err = errors.New("the reply is about another payment")
	}
	if err != nil {
		r := unread(err.Error())
		return nil, &r
	}
	return p, nil
}

// asked is what is known after a question that was not answered: nothing.
func (r *refusal) asked() payment.Result {
	out := r.result()
	out.State, out.Ref = payment.Unknown, ""
	return out
}

// search goes through payments, the newest first, for those of an order. Of several it gives
// the one that takes money, otherwise the newest; nil = there is none. The list is exact at
// any moment, other than the vendor's search.
func (a *account) search(ctx context.Context, o payment.Order, customer string, pages int) (*wireListed, *refusal) {
	var best *wireListed
	after := ""
	for range pages {
		page, more, r := a.listed(ctx, customer, after)
		if r != nil {
			return nil, r
		}
		for _, p := range page {
			after = p.ID
			switch {
			case p.Tags[orderTag] != o.ID:
			case p.takes():
				return p, nil
			case best == nil:
				best = p
			}
		}
		if !more {
			return best, nil
		}
	}
	if pages == 1 {
		return best, nil
	}
	r := unread("there are too many payments to look through")
	return nil, &r
}

// wireListed is what is read of a payment in a list.
type wireListed struct {
	ID     string            `json:"id"`
	Status string            `json:"status"`
	Tags   map[string]string `json:"metadata"`
}

// takes says whether money was taken, or may be at any moment.
func (p *wireListed) takes() bool {
	return p.Status == statusSucceeded || p.Status == statusProcessing || p.Status == statusHeld
}

// listed reads one page of payments.
func (a *account) listed(ctx context.Context, customer, after string) (page []*wireListed, more bool, r *refusal) {
	reply := a.get(ctx, "/v1/payment_intents", form{"customer": customer, "starting_after": after, "limit": perPage})
	if reply.Err != nil || reply.Status != http.StatusOK {
		not := refused(reply)
		return nil, false, &not
	}
	page, more, err := readList[*wireListed](reply.Body)
	for i := 0; err == nil && i < len(page); i++ {
		if page[i] == nil || !ofKind(page[i].ID, intentID) || page[i].Status == "" {
			err = errors.New("the reply lists what is no payment")
		}
	}
	if err != nil {
		not := unread(err.Error())
		return nil, false, &not
	}
	return page, more, nil
}

// readList reads one page of a list of the vendor's. A field of another type than expected is
// an error here: what is passed over would be taken for what is not there.
func readList[T any](body []byte) (data []T, more bool, err error) {
	var list struct {
		Object string `json:"object"`
		More   *bool  `json:"has_more"`
		Data   []T    `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, false, errors.New("the reply cannot be read")
	}
	if list.Object != "list" || list.More == nil || *list.More && len(list.Data) == 0 {
		return nil, false, errors.New("the reply is no list")
	}
	return list.Data, *list.More, nil
}
