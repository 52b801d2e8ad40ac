package api

import (
	"context"
	"net/http"
	"net/url"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// The operations that payers' browsers come back to.
const (
	returnFromPayment = "returnFromPayment"
	returnFromCard    = "returnFromCard"
)

// returns declares where payers' browsers come back to, and the door for the notices of
// gateways. None of it is believed: the gateway is asked.
func returns(a *api) {
	for _, way := range []struct {
		id, path, summary string
		back              func(ctx context.Context, of string, q url.Values) (to, key, name, status string, err error)
	}{
		{returnFromPayment, "/payments/{id}/return", "Come back from a gateway's window", a.paid},
		{returnFromCard, "/payment-methods/{id}/return", "Come back from leaving a card", a.cardLeft},
	} {
		o := operation{
			id: way.id, method: http.MethodGet, path: way.path, tag: "Payments", status: http.StatusSeeOther,
			summary: way.summary, about: "For browsers: leads on to the return_url of whoever began it, with its id and status.",
			codes:  []string{fault.CodeNotFound, fault.CodeUnavailable},
			params: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		}
		plain(a, o, nil, a.answering(func(w http.ResponseWriter, r *http.Request, _ *exchange) (*reply, error) {
			to, key, name, status, err := way.back(r.Context(), r.PathValue("id"), r.URL.Query())
			if err != nil {
				return nil, err
			}
			w.Header().Set("Location", leading(to, key, name, status))
			return &reply{Status: http.StatusSeeOther}, nil
		}))
	}
	o := operation{
		id: "takeNotice", method: http.MethodPost, path: "/webhooks/payments/{gateway}", tag: "Providers", status: http.StatusOK,
		summary: "Take what a payment gateway calls about",
		about:   "For gateways, in each one's own format; {gateway} is the configured name. What it says is not believed: the gateway is asked about the payment that it names.",
		codes:   []string{fault.CodeBodyTooLarge, fault.CodeUnauthenticated, fault.CodeForbidden, fault.CodeUnsupportedMedia, fault.CodeNotFound, fault.CodeMalformed, fault.CodeUnavailable},
		params:  []*huma.Param{{Name: "gateway", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		body:    &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{}}}},
	}
	plain(a, o, reflect.TypeFor[statusView](), a.answering(func(w http.ResponseWriter, r *http.Request, _ *exchange) (*reply, error) {
		name := r.PathValue("gateway")
		if !a.Billing.Expects(name) {
			return nil, fault.Missing("payment gateway", cut(name))
		}
		body, err := called(w, r)
		if err != nil {
			return nil, err
		}
		if err := a.Billing.Notice(r.Context(), name, a.client(r), r.Header, body); err != nil {
			return nil, err
		}
		return rendered(http.StatusOK, statusView{"ok"})
	}))
}

func (a *api) paid(ctx context.Context, of string, q url.Values) (to, key, name, status string, err error) {
	p, err := a.Billing.Return(ctx, of, q)
	return p.ReturnURL, "payment", p.ID.Text(id.Payment), string(p.State), err
}

func (a *api) cardLeft(ctx context.Context, of string, q url.Values) (to, key, name, status string, err error) {
	c, err := a.Billing.FinishCard(ctx, of, q)
	return c.ReturnURL, "payment_method", c.ID.Text(id.Card), string(c.State), err
}

// leading adds what happened to a site's own address, which was checked when it was given.
func leading(to, key, name, status string) string {
	u, err := url.Parse(to)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set(key, name)
	q.Set("status", status)
	u.RawQuery = q.Encode()
	return u.String()
}

// here is the address at which this installation is reached from outside.
func (a *api) here(x *exchange) string {
	if a.PublicURL != "" {
		return a.PublicURL
	}
	scheme := "http"
	if x.request.TLS != nil || a.trusted(a.peer(x.request)) && x.request.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + x.request.Host
}
