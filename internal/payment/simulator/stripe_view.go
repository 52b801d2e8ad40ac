package simulator

func (s *Simulator) intentView(p *intent) object {
	o := object{"id": p.id, "object": "payment_intent", "status": p.status, "amount": p.amount, "amount_capturable": 0, "amount_received": 0, "currency": "krw",
		"capture_method": "automatic", "customer": s.customerRef(p.customer), "description": none(p.description), "metadata": p.tags,
		"payment_method": nil, "payment_method_types": []string{"card"}, "latest_charge": ref{p.charge, func() object { return s.chargeView(p) }},
		"last_payment_error": nil, "cancellation_reason": none(p.reason), "canceled_at": nil, "created": p.created.Unix(), "livemode": false}
	if p.manual {
		o["capture_method"] = "manual"
	}
	switch p.status {
	case succeeded:
		o["amount_received"] = p.amount
	case requiresCapture:
		o["amount_capturable"] = p.amount
	}
	if p.failure != nil {
		o["last_payment_error"] = *p.failure
		return o
	}
	o["payment_method"] = ref{p.method.id, func() object { return s.methodView(p.method) }}
	return o
}

func (s *Simulator) chargeView(p *intent) object {
	o := object{"id": p.charge, "object": "charge", "amount": p.amount, "amount_captured": 0, "amount_refunded": 0, "captured": p.taking != nil, "refunded": false,
		"currency": "krw", "customer": s.customerRef(p.customer), "metadata": p.tags, "paid": true, "status": succeeded, "disputed": false,
		"payment_intent": ref{p.id, func() object { return s.intentView(p) }}, "balance_transaction": p.moved.ref(),
		"payment_method_details": object{"type": "card", "card": p.method.card.stripeView()}, "receipt_url": nil, "created": p.charged.Unix(), "livemode": false}
	if p.taking != nil {
		back := p.taking.back()
		o["amount_captured"], o["amount_refunded"], o["refunded"] = p.amount, back, back == p.amount
		o["receipt_url"] = "https://pay.stripe.com/receipts/payment/" + p.charge
	}
	return o
}

func (s *Simulator) refundView(f *refund) object {
	return object{"id": f.id, "object": "refund", "amount": f.amount, "currency": "krw", "status": succeeded, "reason": nil, "metadata": f.tags,
		"payment_intent":      ref{f.intent.id, func() object { return s.intentView(f.intent) }},
		"charge":              ref{f.intent.charge, func() object { return s.chargeView(f.intent) }},
		"balance_transaction": f.moved.ref(), "created": f.created.Unix()}
}

// ref is a movement, or none.
func (b *balance) ref() ref {
	if b == nil {
		return ref{}
	}
	return ref{b.id, b.view}
}

func (b *balance) view() object {
	return object{"id": b.id, "object": "balance_transaction", "type": b.kind, "amount": b.amount, "currency": "krw", "fee": 0, "net": b.amount,
		"source": b.source, "created": b.at.Unix(), "status": "pending"}
}
