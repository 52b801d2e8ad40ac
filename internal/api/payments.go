package api

import (
	"context"
	"net/http"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/paper"
	"creditmsg/internal/payment"
)

// paymentView is one payment of a site.
type paymentView struct {
	ID            string         `json:"id"`
	Site          string         `json:"site"`
	Status        string         `json:"status" enum:"created,requesting,waiting_for_deposit,unknown,paid,declined,failed,partially_cancelled,cancelled"`
	Gateway       string         `json:"gateway"`
	Method        string         `json:"method" enum:"card,stored,virtual_account,transfer"`
	MethodID      *string        `json:"method_id" doc:"The stored card that is charged."`
	Automatic     bool           `json:"automatic" doc:"Made by the site's automatic recharge."`
	Amount        money.Amount   `json:"amount" doc:"The credit that it brings, without VAT."`
	VAT           money.Amount   `json:"vat"`
	Total         money.Amount   `json:"total" doc:"What the payer is charged."`
	Bonus         money.Amount   `json:"bonus" doc:"Credit given on top when it is paid."`
	Cancelled     money.Amount   `json:"cancelled" doc:"Of amount, taken back again."`
	Returned      money.Amount   `json:"returned" doc:"Of total, given back to the payer."`
	Reason        *payReasonView `json:"reason" doc:"Why there is no money."`
	Means         string         `json:"means" doc:"What it was paid with, as people read it."`
	ReceiptURL    string         `json:"receipt_url"`
	Checkout      *checkoutView  `json:"checkout" doc:"How the payer's browser goes on, while he has not paid."`
	Deposit       *depositView   `json:"deposit" doc:"Where to transfer to, while nothing has come."`
	CashReceipt   *cashReceipt   `json:"cash_receipt"`
	Cancellations []cancelView   `json:"cancellations"`
	CreatedAt     instant        `json:"created_at"`
	PaidAt        maybeInstant   `json:"paid_at"`
}

// payReasonView says why a gateway refused.
type payReasonView struct {
	Code        string `json:"code"`
	TextKo      string `json:"text_ko"`
	TextEn      string `json:"text_en"`
	GatewayCode string `json:"gateway_code"`
}

type checkoutView struct {
	URL    string            `json:"url" doc:"A page to open; empty = only the gateway's script opens its window."`
	Script string            `json:"script"`
	Fields map[string]string `json:"fields" doc:"What the script is told."`
}

type depositView struct {
	Bank   string       `json:"bank"`
	Number string       `json:"number"`
	Holder string       `json:"holder"`
	Until  maybeInstant `json:"until"`
	Text   string       `json:"text" doc:"The operator's own account, as people read it, in place of the others."`
}

type cashReceipt struct {
	Status string       `json:"status" enum:"wanted,issued,taken_back,refused"`
	Amount money.Amount `json:"amount"`
	URL    string       `json:"url"`
}

// cancelView is one cancellation of a payment.
type cancelView struct {
	ID        string         `json:"id"`
	PaymentID string         `json:"payment_id"`
	Status    string         `json:"status" enum:"requested,done,refused,transfer" doc:"transfer: the operator gives it back by hand."`
	Amount    money.Amount   `json:"amount" doc:"Credit that was taken back."`
	VAT       money.Amount   `json:"vat"`
	Total     money.Amount   `json:"total" doc:"What the payer gets."`
	Bonus     money.Amount   `json:"bonus" doc:"Bonus that was taken back with it."`
	Owed      money.Amount   `json:"owed" doc:"What was spent already when the gateway gave it back by itself."`
	Reason    string         `json:"reason" doc:"What was said when it was asked for."`
	Refusal   *payReasonView `json:"refusal"`
	CreatedAt instant        `json:"created_at"`
	DoneAt    maybeInstant   `json:"done_at"`
}

func showPayReason(r payment.Reason, code string) *payReasonView {
	if r == "" {
		return nil
	}
	return &payReasonView{string(r), r.Korean(), r.English(), code}
}

func showCancel(c billing.Cancellation) cancelView {
	return cancelView{c.ID.Text(id.Cancel), c.Payment.Text(id.Payment), string(c.State), c.Amount, c.VAT, c.Total, c.Bonus, c.Owed, c.Why,
		showPayReason(c.Reason, c.Code), instant(c.CreatedAt), maybeInstant(c.DoneAt)}
}

func showCheckout(c *payment.Checkout) *checkoutView {
	if c == nil {
		return nil
	}
	return &checkoutView{c.URL, c.Script, c.Fields}
}

func showPayment(p billing.Payment, cancels []billing.Cancellation) paymentView {
	v := paymentView{
		ID: p.ID.Text(id.Payment), Site: p.Site, Status: string(p.State), Gateway: p.Gateway, Method: string(p.Method), Automatic: p.Auto,
		Amount: p.Amount, VAT: p.VAT, Total: p.Total, Bonus: p.Bonus, Cancelled: p.Cancelled, Returned: p.Returned,
		Reason: showPayReason(p.Reason, p.Code), Means: p.Means, ReceiptURL: p.ReceiptURL,
		Cancellations: []cancelView{}, CreatedAt: instant(p.CreatedAt), PaidAt: maybeInstant(p.PaidAt),
	}
	if !p.Card.IsZero() {
		card := p.Card.Text(id.Card)
		v.MethodID = &card
	}
	if p.State == billing.Created {
		v.Checkout = showCheckout(p.Checkout)
	}
	if d := p.Deposit; d != nil && p.State == billing.WaitingForDeposit {
		v.Deposit = &depositView{Bank: d.Bank, Number: d.Number, Holder: d.Holder, Text: d.Text}
		if !d.Until.IsZero() {
			v.Deposit.Until = maybeInstant(db.At(d.Until))
		}
	}
	if r := p.Receipt; r != nil {
		v.CashReceipt = &cashReceipt{"wanted", r.Amount, r.URL}
		if r.State != billing.ReceiptWanted {
			v.CashReceipt.Status = string(r.State)
		}
	}
	for _, c := range cancels {
		v.Cancellations = append(v.Cancellations, showCancel(c))
	}
	return v
}

type paymentsInput struct {
	Paging
	Status string `query:"status" enum:"created,requesting,waiting_for_deposit,unknown,paid,declined,failed,partially_cancelled,cancelled"`
}

type paymentInput struct {
	ID string `path:"id" doc:"pay_…"`
}

type paymentBegun struct {
	Body struct {
		Gateway   string       `json:"gateway,omitempty" doc:"As configured; without it the first that takes the method."`
		Method    string       `json:"method" enum:"card,stored,virtual_account,transfer"`
		Amount    money.Amount `json:"amount" pattern:"^[0-9]{1,14}([.]0{1,4})?$" patternDescription:"whole won, such as 50000" doc:"Whole won, at least 1,000: the credit, or where the operator says so what is charged."`
		MethodID  string       `json:"method_id,omitempty" doc:"Of stored: pmt_…; without it the site's first."`
		ReturnURL string       `json:"return_url,omitempty" doc:"Of card: the page to which the browser returns, with payment and status."`
		Bank      string       `json:"bank,omitempty" doc:"Of virtual_account: the bank's code."`
		Payer     struct {
			Name  string `json:"name,omitempty" maxLength:"60"`
			Email string `json:"email,omitempty" maxLength:"200"`
		} `json:"payer,omitempty"`
		CashReceipt *struct {
			Identity string `json:"identity" doc:"Digits of a mobile number, or a business registration number."`
			Business bool   `json:"business,omitempty" doc:"For a business (지출증빙)."`
		} `json:"cash_receipt,omitempty" doc:"Of transfers: issue a cash receipt once they have come; without it the one that the billing profile asks for."`
	} `nameHint:"PaymentBody"`
}

type bankAccount struct {
	Bank   string `json:"bank" doc:"The bank's code."`
	Number string `json:"number" doc:"Digits."`
	Holder string `json:"holder"`
}

type cancelAsked struct {
	ID   string `path:"id" doc:"pay_…"`
	Body struct {
		Amount *money.Amount `json:"amount,omitempty" pattern:"^[0-9]{1,14}([.]0{1,4})?$" patternDescription:"whole won, such as 50000" doc:"Of the payment's credit, whole won; without it all that is neither spent nor held."`
		Reason string        `json:"reason" minLength:"1" maxLength:"200" doc:"The payer and the gateway read it."`
		To     *bankAccount  `json:"to,omitempty" doc:"Of what was transferred: where it is given back to."`
		ByHand bool          `json:"by_hand,omitempty" doc:"The operator transfers it himself. Only operators say so."`
	} `nameHint:"PaymentCancelBody"`
}

// payments declares the routes about payments.
func payments(a *api) {
	read(a, operation{
		id: "listPayments", method: http.MethodGet, path: "/v1/credit/payments", tag: "Payments", ability: "credit:read", status: http.StatusOK, everySite: true,
		summary: "List payments, newest first", about: "A token of the operator asks with `site=*` for those of all sites: `?site=*&status=waiting_for_deposit` are transfers to look for in the bank.",
	}, a.listPayments)
	read(a, operation{
		id: "getPayment", method: http.MethodGet, path: "/v1/credit/payments/{id}", tag: "Payments", ability: "credit:read", status: http.StatusOK,
		summary: "Get a payment and what was given back of it",
	}, func(tx *db.Tx, x *exchange, in *paymentInput) (paymentView, error) {
		of, err := paymentID(in.ID)
		if err != nil {
			return paymentView{}, err
		}
		p, cancels, err := a.Billing.Find(tx, x.site, of)
		return showPayment(p, cancels), err
	})
	perform(a, operation{
		id: "beginPayment", secondFactor: true, method: http.MethodPost, path: "/v1/credit/payments", tag: "Payments", ability: "credit:write", status: http.StatusCreated,
		summary: "Begin a payment", codes: []string{fault.CodeNotSupported, fault.CodeStateConflict},
		about: "A card window and an account to transfer to come back in the reply; a stored card is charged soon after it. " +
			"A gateway that does not answer leaves the payment unknown: it is asked for, and never charged twice.",
	}, a.beginPayment, func(_ *db.Tx, p billing.Payment) (paymentView, error) { return showPayment(p, nil), nil })
	perform(a, operation{
		id: "cancelPayment", secondFactor: true, method: http.MethodPost, path: "/v1/credit/payments/{id}/cancel", tag: "Payments", ability: "credit:refund", status: http.StatusCreated,
		summary: "Give a payment back, all or a part", codes: []string{fault.CodeCancelExceeds, fault.CodeStateConflict},
		about: "The credit is out of reach at once, with its share of a bonus; the money follows. What is spent or held is not given back: " +
			"more is refused with `cancellable`, what can be.",
	}, a.cancelPayment, func(_ *db.Tx, c billing.Cancellation) (cancelView, error) { return showCancel(c), nil })
	read(a, operation{
		id: "listGateways", method: http.MethodGet, path: "/v1/payment-gateways", tag: "Payments", ability: "credit:read", status: http.StatusOK,
		summary: "List the ways to pay",
	}, func(_ *db.Tx, x *exchange, _ *struct{}) (listOf[gatewayView], error) {
		out := listOf[gatewayView]{Data: []gatewayView{}}
		for _, o := range a.Billing.Offers(x.site) {
			v := gatewayView{Name: o.Gateway, Kind: o.Kind, LeastTotal: o.Least, Partial: o.Partial, VATIncluded: o.VATIncluded}
			for _, m := range o.Methods {
				v.Methods = append(v.Methods, string(m))
			}
			out.Data = append(out.Data, v)
		}
		return out, nil
	})
}

type gatewayView struct {
	Name       string       `json:"name"`
	Kind       string       `json:"kind"`
	Methods    []string     `json:"methods"`
	LeastTotal money.Amount `json:"least_total" doc:"The smallest sum that it charges."`
	Partial    bool         `json:"partial" doc:"Parts of a payment can be given back."`

	VATIncluded bool `json:"vat_included" doc:"The amount of a payment is what the payer is charged, with VAT; otherwise it is the credit, and VAT comes on top."`
}

func paymentID(text string) (id.ID, error) { return named(id.Payment, "payment", text) }

func (a *api) listPayments(tx *db.Tx, x *exchange, in *paymentsInput) (out listOf[paymentView], err error) {
	l, err := a.list(tx, x, "payments", in.Status)
	if err != nil {
		return out, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return out, err
	}
	of := x.site
	if of == everySite {
		of = ""
	}
	rows, err := a.Billing.Payments(tx, of, billing.State(in.Status), before, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, func(p billing.Payment) (paymentView, error) {
		if p.Cancelled == 0 && !p.State.Credited() {
			return showPayment(p, nil), nil
		}
		_, cancels, err := a.Billing.Find(tx, p.Site, p.ID)
		return showPayment(p, cancels), err
	}, func(p billing.Payment) any { return p.ID })
}

func (a *api) beginPayment(ctx context.Context, x *exchange, in *paymentBegun, key string) (billing.Payment, error) {
	b := in.Body
	r := billing.Request{
		Site: x.site, Gateway: b.Gateway, Method: payment.Method(b.Method), Amount: b.Amount, ReturnURL: b.ReturnURL, Bank: b.Bank, Key: key,
		Payer: payment.Payer{Name: b.Payer.Name, Email: b.Payer.Email},
		Back:  func(id string) string { return a.here(x) + "/payments/" + id + "/return" },
	}
	if b.MethodID != "" {
		card, err := id.Parse(id.Card, b.MethodID)
		if err != nil {
			return billing.Payment{}, fault.Check("/method_id", "want the id of a payment method: pmt_…")
		}
		r.Card = card
	}
	if c := b.CashReceipt; c != nil {
		r.Receipt = &billing.CashReceipt{Identity: c.Identity, Business: c.Business}
	} else if r.Method == payment.Transfer || r.Method == payment.VirtualAccount {
		var err error
		if r.Receipt, err = a.usualReceipt(ctx, x.site); err != nil {
			return billing.Payment{}, err
		}
	}
	return a.Billing.Begin(ctx, r)
}

// usualReceipt is the cash receipt that a site's billing profile asks for; nil = none.
func (a *api) usualReceipt(ctx context.Context, site string) (out *billing.CashReceipt, err error) {
	err = a.DB.View(ctx, "api_usual_receipt", func(tx *db.Tx) error {
		p, err := a.Papers.Profile(tx, site)
		if err == nil && (p.Paper == paper.CashReceiptBusiness || p.Paper == paper.CashReceiptPerson) {
			out = &billing.CashReceipt{Identity: p.CashReceiptNumber, Business: p.Paper == paper.CashReceiptBusiness}
		}
		return err
	})
	return out, err
}

func (a *api) cancelPayment(ctx context.Context, x *exchange, in *cancelAsked, key string) (billing.Cancellation, error) {
	of, err := paymentID(in.ID)
	if err != nil {
		return billing.Cancellation{}, err
	}
	r := billing.CancelRequest{Site: x.site, Payment: of, Reason: in.Body.Reason, ByHand: in.Body.ByHand, Key: key}
	if in.Body.Amount != nil {
		if r.Amount = *in.Body.Amount; r.Amount <= 0 {
			return billing.Cancellation{}, fault.Check("/amount", "want more than nothing")
		}
	}
	if r.ByHand && !x.operator() {
		return billing.Cancellation{}, fault.New(fault.Denied, fault.CodeForbidden, "only operators give payments back by hand")
	}
	if t := in.Body.To; t != nil {
		r.To = &payment.BankAccount{Bank: t.Bank, Number: t.Number, Holder: t.Holder}
	}
	return a.Billing.Cancel(ctx, r)
}
