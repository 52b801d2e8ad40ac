package simulator

import "time"

type stripeCustomer struct {
	id, email, name string
	tags            map[string]string
	created         time.Time
}

// stripeMethod is a card that was left with Stripe, or paid with once.
type stripeMethod struct {
	id       string
	card     *card
	customer string // empty = it belongs to nobody, and cannot be used again
	created  time.Time
}

// setup is what a card was left by.
type setup struct {
	id, status string
	customer   string
	method     *stripeMethod
	tags       map[string]string
	created    time.Time
}

func (s *Simulator) newCustomer(c *call) answer {
	u := &stripeCustomer{id: newKey("cus_"), email: c.form.Get("email"), name: c.form.Get("name"), tags: c.tagged("metadata"), created: c.now}
	s.stripe.customers[u.id] = u
	return c.shows(u.view())
}

func (s *Simulator) getCustomer(c *call) answer {
	if u := s.stripe.customers[c.r.PathValue("id")]; u != nil {
		return c.shows(u.view())
	}
	return missing("customer", c.r.PathValue("id"))
}

func (u *stripeCustomer) view() object {
	return object{"id": u.id, "object": "customer", "created": u.created.Unix(), "email": none(u.email), "name": none(u.name), "metadata": u.tags, "livemode": false}
}

// none is null for what is empty.
func none(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// customerRef is a customer, or nobody.
func (s *Simulator) customerRef(id string) ref {
	return ref{id, func() object { return s.stripe.customers[id].view() }}
}

func (s *Simulator) getMethod(c *call) answer {
	if m := s.stripe.methods[c.r.PathValue("id")]; m != nil {
		return c.shows(s.methodView(m))
	}
	return missing("payment_method", c.r.PathValue("id"))
}

// detach takes a card from its customer, after which it cannot be used.
func (s *Simulator) detach(c *call) answer {
	m := s.stripe.methods[c.r.PathValue("id")]
	switch {
	case m == nil:
		return missing("payment_method", c.r.PathValue("id"))
	case m.customer == "":
		return unfit("", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	m.customer = ""
	t := s.newStory(m.card.label())
	s.announce(&t, c.now, "payment_method.detached", s.methodView(m))
	return c.shows(s.methodView(m))
}

func (s *Simulator) methodView(m *stripeMethod) object {
	return object{"id": m.id, "object": "payment_method", "type": "card", "card": m.card.stripeView(), "customer": s.customerRef(m.customer),
		"created": m.created.Unix(), "livemode": false}
}

// stripeView is a card as Stripe shows it.
func (c *card) stripeView() map[string]any {
	brand := "visa"
	if c.number[0] == '5' {
		brand = "mastercard"
	}
	return map[string]any{"brand": brand, "last4": c.number[len(c.number)-4:], "exp_month": 12, "exp_year": 2034, "country": "KR", "funding": "credit"}
}

func (s *Simulator) getSetup(c *call) answer {
	if t := s.stripe.setups[c.r.PathValue("id")]; t != nil {
		return c.shows(s.setupView(t))
	}
	return missing("setup_intent", c.r.PathValue("id"))
}

func (s *Simulator) setupView(t *setup) object {
	method := ref{}
	if t.method != nil {
		method = ref{t.method.id, func() object { return s.methodView(t.method) }}
	}
	return object{"id": t.id, "object": "setup_intent", "status": t.status, "usage": "off_session", "customer": s.customerRef(t.customer),
		"payment_method": method, "metadata": t.tags, "last_setup_error": nil, "created": t.created.Unix(), "livemode": false}
}
