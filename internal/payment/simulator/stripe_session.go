package simulator

import (
	"net/http"
	"net/url"
	"time"
)

// Stripe's words for where a checkout stands.
const (
	sessionOpen     = "open"
	sessionComplete = "complete"
	sessionExpired  = "expired"
)

// session is a checkout: a page of Stripe's own, on which a payer pays or leaves a card.
type session struct {
	id, status       string
	address          string // of the page
	customer, email  string
	reference, name  string
	amount           int64 // won; 0 = a card is to be left
	success, away    string
	manual           bool
	tags, intentTags map[string]string
	intent           *intent
	setup            *setup
	created          time.Time
}

// mode is Stripe's word for what the page is for.
func (v *session) mode() string {
	if v.setup != nil {
		return "setup"
	}
	return "payment"
}

// openSession makes a checkout.
func (s *Simulator) openSession(c *call) answer {
	v := &session{id: newKey("cs_test_"), status: sessionOpen, customer: c.form.Get("customer"), email: c.form.Get("customer_email"),
		reference: c.form.Get("client_reference_id"), success: c.form.Get("success_url"), away: c.form.Get("cancel_url"),
		tags: c.tagged("metadata"), created: c.now}
	v.address = pageOf(c.r, v.id)
	switch {
	case !webAddress(v.success):
		return unfit("success_url", "Not a valid URL")
	case v.away != "" && !webAddress(v.away):
		return unfit("cancel_url", "Not a valid URL")
	case v.customer != "" && s.stripe.customers[v.customer] == nil:
		return missing("customer", v.customer)
	}
	var refused *answer
	switch c.form.Get("mode") {
	case "payment":
		refused = v.sells(c)
	case "setup":
		v.setup = &setup{id: newKey("seti_"), status: "requires_payment_method", customer: v.customer, tags: c.tagged("setup_intent_data[metadata]"), created: c.now}
		s.stripe.setups[v.setup.id] = v.setup
	default:
		return unfit("mode", "Invalid mode: must be payment or setup")
	}
	if refused != nil {
		return *refused
	}
	s.stripe.sessions[v.id] = v
	s.after(c.now, sessionFor, func(time.Time) {
		if v.status == sessionOpen {
			v.status = sessionExpired
		}
	})
	return c.shows(s.sessionView(v))
}

// sells reads what is to be paid for; it says what is wrong with it.
func (v *session) sells(c *call) *answer {
	amount, ok := c.won("line_items[0][price_data][unit_amount]")
	v.amount, v.name = amount, c.form.Get("line_items[0][price_data][product_data][name]")
	v.manual = c.form.Get("payment_intent_data[capture_method]") == "manual"
	v.intentTags = c.tagged("payment_intent_data[metadata]")
	var a answer
	switch {
	case !ok || c.form.Get("line_items[0][quantity]") != "1":
		a = unfit("line_items[0]", "One thing with a whole amount is wanted.")
	case c.form.Get("line_items[0][price_data][currency]") != "krw":
		a = unfit("line_items[0][price_data][currency]", "Only krw is simulated.")
	case v.name == "":
		a = unfit("line_items[0][price_data][product_data][name]", "Missing required param.")
	case amount < stripeLeast:
		a = coded("amount_too_small")
	default:
		return nil
	}
	return &a
}

// pageOf is where the payer's page is, as whoever made the request reaches this simulator.
func pageOf(r *http.Request, id string) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: "/_sim/checkout", RawQuery: url.Values{"session": {id}}.Encode()}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

func (s *Simulator) getSession(c *call) answer {
	if v := s.stripe.sessions[c.r.PathValue("id")]; v != nil {
		return c.shows(s.sessionView(v))
	}
	return missing("session", c.r.PathValue("id"))
}

func (s *Simulator) sessionView(v *session) object {
	o := object{"id": v.id, "object": "checkout.session", "mode": v.mode(), "status": v.status, "url": nil, "customer": s.customerRef(v.customer),
		"customer_email": none(v.email), "client_reference_id": none(v.reference), "success_url": v.success, "cancel_url": none(v.away), "metadata": v.tags,
		"created": v.created.Unix(), "expires_at": v.created.Add(sessionFor).Unix(), "payment_status": "no_payment_required", "payment_intent": nil,
		"setup_intent": nil, "amount_total": nil, "currency": nil, "livemode": false}
	if v.status == sessionOpen {
		o["url"] = v.address
	}
	if v.setup != nil {
		o["setup_intent"] = ref{v.setup.id, func() object { return s.setupView(v.setup) }}
		return o
	}
	o["amount_total"], o["currency"], o["payment_status"] = v.amount, "krw", "unpaid"
	if v.intent != nil {
		o["payment_intent"] = ref{v.intent.id, func() object { return s.intentView(v.intent) }}
		if v.intent.status == succeeded {
			o["payment_status"] = "paid"
		}
	}
	return o
}
