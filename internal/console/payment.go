package console

import (
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/client"
)

func paymentScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/credit/payments", do: (*page).payments},
		{pattern: "GET /s/{site}/credit/payments/new", do: (*page).payForm},
		{pattern: "POST /s/{site}/credit/payments/new", do: (*page).pay},
		{pattern: "GET /s/{site}/credit/payments/sum", do: (*page).paySum},
		{pattern: "GET /s/{site}/credit/payments/return", do: (*page).paidReturn},
		{pattern: "GET /s/{site}/credit/payments/{id}", do: (*page).payment},
		{pattern: "GET /s/{site}/credit/payments/{id}/live", do: (*page).paymentLive},
		{pattern: "GET /s/{site}/credit/payments/{id}/window", do: (*page).payWindow},
		{pattern: "GET /s/{site}/credit/payments/{id}/receipt", do: (*page).receipt},
		{pattern: "GET /s/{site}/credit/payments/{id}/receipt/print", do: (*page).receiptFile},
		{pattern: "GET /s/{site}/credit/payments/{id}/cancel", do: (*page).payCancelForm},
		{pattern: "POST /s/{site}/credit/payments/{id}/cancel", do: (*page).payCancel},
	}
}

// payStates are what a list of payments can be narrowed to.
var payStates = []string{"created", "waiting_for_deposit", "paid", "unknown", "declined", "failed", "partially_cancelled", "cancelled"}

// paymentList is a page of payments.
type paymentList struct {
	Status   string
	Statuses []string
	Page     client.Page[client.Payment]
}

func (p *page) payments() error {
	d := paymentList{Status: oneOf(p.r.URL.Query().Get("status"), payStates), Statuses: payStates}
	var err error
	if d.Page, err = p.api.Payments(p.ctx(), client.PaymentFilter{Paging: p.at(30), Status: d.Status}); err != nil {
		return err
	}
	return p.show("payments", d)
}

// paying is the form that begins a payment.
type paying struct {
	Form     form
	Gateways []client.Gateway
	Ways     []option
	Cards    []option
	Banks    []option
	Receipts []option
	Sum      paySum
	Sure     bool // a stored card is charged at once: the sum is shown first
}

// paySum is what a payer is charged for an amount.
type paySum struct {
	Known              bool
	Supply, VAT, Total client.Amount
}

// banks are those at which gateways open accounts, by their codes.
var banks = []string{"11", "06", "20", "88", "81", "31", "32", "34", "37", "39", "03", "07", "71"}

// preparePaying reads what can be chosen.
func (p *page) preparePaying(f form) (d paying, err error) {
	gateways, err := p.api.Gateways(p.ctx())
	if err != nil {
		return d, err
	}
	cards, err := p.api.PaymentMethods(p.ctx())
	if err != nil {
		return d, err
	}
	d.Gateways = gateways.Data
	for _, c := range cards.Data {
		if c.Status == "active" {
			d.Cards = append(d.Cards, option{c.ID, c.Label})
		}
	}
	for _, g := range d.Gateways {
		for _, m := range g.Methods {
			if m == "stored" && len(d.Cards) == 0 || m == "stored" && slices.ContainsFunc(d.Ways, func(c option) bool { return strings.HasPrefix(c.Value, "stored@") }) {
				continue
			}
			d.Ways = append(d.Ways, option{m + "@" + g.Name, p.wayText(m, g)})
		}
	}
	first := ""
	if len(d.Ways) > 0 {
		first = d.Ways[0].Value
	}
	d.Banks = append([]option{{"", p.say("money.choose-bank")}}, p.choices("bank", banks...)...)
	d.Receipts = p.choices("money-receipt", "", "person", "business")
	now := map[string]string{"way": first, "amount": "50000"}
	if p.me.Person != nil {
		now["name"], now["email"] = p.me.Person.Name, p.me.Person.Email
	}
	d.Form = f.Filled(now)
	d.Sum = sumOf(d.Gateways, d.Form.Get("way"), d.Form.Get("amount"))
	return d, nil
}

// wayText names a way to pay; where several gateways have it, with the gateway's name.
func (p *page) wayText(method string, g client.Gateway) string {
	if method == "stored" || method == "transfer" {
		return p.word("money-method", method)
	}
	return p.word("money-method", method) + " · " + p.word("gateway", g.Kind)
}

// sumOf tells what is charged for an amount that was typed. The API computes it again and decides.
func sumOf(gateways []client.Gateway, way, typed string) (s paySum) {
	n, err := typedWon(typed).Units()
	_, name, _ := strings.Cut(way, "@")
	at := slices.IndexFunc(gateways, func(g client.Gateway) bool { return g.Name == name })
	if at < 0 && len(gateways) > 0 {
		at = 0
	}
	if err != nil || n <= 0 || n%10_000 != 0 || at < 0 || n/10_000 > 1_000_000_000_000 {
		return s
	}
	whole := n / 10_000
	vat := (whole*2 + 10) / 20 // a tenth, half a won up
	supply, total := whole, whole+vat
	if gateways[at].VATIncluded {
		vat = (whole*2 + 11) / 22
		supply, total = whole-vat, whole
	}
	return paySum{true, amountOf(supply * 10_000), amountOf(vat * 10_000), amountOf(total * 10_000)}
}

func (p *page) payForm() error {
	d, err := p.preparePaying(p.form())
	if err != nil {
		return err
	}
	return p.show("pay", d)
}

// paySum is the piece of the form that says what is charged.
func (p *page) paySum() error {
	gateways, err := p.api.Gateways(p.ctx())
	if err != nil {
		return err
	}
	q := p.r.URL.Query()
	return p.show("pay-sum", sumOf(gateways.Data, q.Get("way"), q.Get("amount")))
}

// payNames are where fields of a payment stand in its form.
var payNames = map[string]string{"/gateway": "way", "/method": "way", "/payer/name": "name", "/payer/email": "email", "/cash_receipt/identity": "identity", "/cash_receipt": "identity"}

func (p *page) pay() error {
	f := p.form()
	method, gateway, _ := strings.Cut(f.Get("way"), "@")
	if method == "stored" && f.Get("sure") == "" {
		d, err := p.preparePaying(f)
		if err != nil {
			return err
		}
		if d.Sure = d.Sum.Known; d.Sure {
			return p.show("pay", d)
		}
	}
	n := client.NewPayment{Gateway: gateway, Method: method, Amount: typedWon(f.Get("amount")), Key: f.Key()}
	switch method {
	case "stored":
		n.Gateway, n.MethodID = "", f.Get("method_id")
	case "card":
		n.ReturnURL = p.address(p.path("credit", "payments", "return"))
		n.Payer = client.Payer{Name: f.Get("name"), Email: f.Get("email")}
	default:
		n.Payer = client.Payer{Name: f.Get("name"), Email: f.Get("email")}
		if method == "virtual_account" {
			n.Bank = f.Get("bank")
		}
		if f.Get("receipt") != "" {
			n.CashReceipt = &client.CashReceiptRequest{Identity: digits(f.Get("identity")), Business: f.Get("receipt") == "business"}
		}
	}
	made, err := p.api.Pay(p.ctx(), n)
	if err == nil {
		return p.lead(p.path("credit", "payments", made.ID))
	}
	if !f.wrong(p, err, payNames) {
		return err
	}
	d, err := p.preparePaying(f)
	if err != nil {
		return err
	}
	return p.unfit("pay", d)
}

// digits leaves out what people put between digits.
func digits(text string) string { return strings.NewReplacer("-", "", " ", "").Replace(text) }

// paidReturn is where a payer comes back to. What the address says is not believed: the page of the
// payment asks.
func (p *page) paidReturn() error {
	return p.lead(p.path("credit", "payments", p.r.URL.Query().Get("payment")))
}

// paymentView is the page of one payment.
type paymentView struct {
	Payment client.Payment
	Live    bool   // it still changes
	Go      string // where the payer's browser goes on; "" = nowhere
	Paid    bool   // there is a receipt
}

func (p *page) viewPayment(v client.Payment) paymentView {
	d := paymentView{Payment: v, Paid: slices.Contains([]string{"paid", "partially_cancelled", "cancelled"}, v.Status)}
	d.Live = slices.Contains([]string{"created", "requesting", "unknown", "waiting_for_deposit"}, v.Status) ||
		slices.ContainsFunc(v.Cancellations, func(c client.Cancellation) bool { return c.Status == "requested" })
	d.Go = goesOn(v.Checkout, p.path("credit", "payments", v.ID, "window"))
	return d
}

// leftOf is what of a payment's credit is in no cancellation, done or under way.
func leftOf(v client.Payment) (left client.Amount, err error) {
	left = v.Amount
	for _, c := range v.Cancellations {
		if c.Status != "refused" && err == nil {
			left, err = less(left, c.Amount)
		}
	}
	return left, err
}

func (p *page) payment() error {
	v, err := p.api.Payment(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.show("payment", p.viewPayment(v))
}

// payLiveEvery is how long the page waits between two looks at a payment.
const payLiveEvery = time.Second

// paymentLive tells the page what became of the payment, until nothing changes any more.
func (p *page) paymentLive() error {
	last := ""
	return p.stream(payLiveEvery, func() (piece string, over bool, err error) {
		v, err := p.api.Payment(p.ctx(), p.r.PathValue("id"))
		if err != nil {
			return "", false, err
		}
		d := p.viewPayment(v)
		text, err := p.written("payment-state", d)
		if err != nil || text == last {
			return "", !d.Live, err
		}
		last = text
		return text, !d.Live, nil
	})
}

// receiptView is a receipt and where it is printed.
type receiptView struct {
	client.Receipt
	ID string
}

func (p *page) receipt() error {
	r, err := p.api.Receipt(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return p.refused(err, p.path("credit", "payments", p.r.PathValue("id")))
	}
	return p.show("receipt", receiptView{r, p.r.PathValue("id")})
}

// receiptPolicy is that of a paper, which loads nothing and has its style in itself.
const receiptPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// receiptFile is the receipt as a page of its own, to print or to keep.
func (p *page) receiptFile() error {
	id, name := p.r.PathValue("id"), ""
	if p.r.URL.Query().Get("save") != "" {
		name = "receipt-" + id + ".html"
	}
	if _, err := p.api.Receipt(p.ctx(), id); err != nil {
		return p.refused(err, p.path("credit", "payments", id))
	}
	p.w.Header().Set("Content-Security-Policy", receiptPolicy)
	return p.file(name, mediaHTML, func(w io.Writer) error { return p.api.ReceiptFile(p.ctx(), id, "html", w) })
}

// payCancelView is the form that gives a payment back.
type payCancelView struct {
	Form    form
	Payment client.Payment
	Left    client.Amount
	Partial bool // the gateway gives parts back
	Account bool // the money goes to an account that is to be named
	ByHand  bool // who asks may say that he transfers it himself
	Banks   []option
}

func (p *page) prepareCancel(f form) (d payCancelView, err error) {
	group, ctx := errgroup.WithContext(p.ctx())
	var gateways client.Page[client.Gateway]
	group.Go(func() (err error) { d.Payment, err = p.api.Payment(ctx, p.r.PathValue("id")); return err })
	group.Go(func() (err error) { gateways, err = p.api.Gateways(ctx); return err })
	if err := group.Wait(); err != nil {
		return d, err
	}
	if d.Left, err = leftOf(d.Payment); err != nil {
		return d, err
	}
	d.Account = d.Payment.Method == "virtual_account" || d.Payment.Method == "transfer"
	d.ByHand = p.me.Operator
	d.Partial = slices.ContainsFunc(gateways.Data, func(g client.Gateway) bool { return g.Name == d.Payment.Gateway && g.Partial })
	d.Banks = append([]option{{"", p.say("money.choose-bank")}}, p.choices("bank", banks...)...)
	d.Form = f.Filled(map[string]string{"amount": ""})
	return d, nil
}

func (p *page) payCancelForm() error {
	d, err := p.prepareCancel(p.form())
	if err != nil {
		return err
	}
	return p.show("payment-cancel", d)
}

func (p *page) payCancel() error {
	f := p.form()
	r := client.CancelRequest{Amount: typedWon(f.Get("amount")), Reason: f.Get("reason"), ByHand: f.Get("by_hand") != "", To: accountOf(f)}
	_, err := p.api.Once(f.Key()).CancelPayment(p.ctx(), p.r.PathValue("id"), r)
	if err == nil {
		return p.done(p.path("credit", "payments", p.r.PathValue("id")), "money.cancelled")
	}
	if !f.wrong(p, err, accountNames) {
		return err
	}
	d, err := p.prepareCancel(f)
	if err != nil {
		return err
	}
	return p.unfit("payment-cancel", d)
}

// accountNames are where the fields of an account stand in a form.
var accountNames = map[string]string{"/to": "bank", "/to/bank": "bank", "/to/number": "number", "/to/holder": "holder"}

// accountOf is the account that money goes back to, if the form names one.
func accountOf(f form) *client.BankAccount {
	to := client.BankAccount{Bank: f.Get("bank"), Number: digits(f.Get("number")), Holder: strings.TrimSpace(f.Get("holder"))}
	if to == (client.BankAccount{}) {
		return nil
	}
	return &to
}
