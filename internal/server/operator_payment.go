package server

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// Payment is one payment of a site.
type Payment struct {
	ID            string         `json:"id"`
	Site          string         `json:"site"`
	Status        string         `json:"status"`
	Gateway       string         `json:"gateway"`
	Method        string         `json:"method"`
	MethodID      *string        `json:"method_id"` // the stored card
	Automatic     bool           `json:"automatic"` // a recharge by the site's rule
	Amount        money.Amount   `json:"amount"`    // credit, without VAT
	VAT           money.Amount   `json:"vat"`
	Total         money.Amount   `json:"total"` // what the payer is charged
	Bonus         money.Amount   `json:"bonus"`
	Cancelled     money.Amount   `json:"cancelled"` // of amount
	Returned      money.Amount   `json:"returned"`  // of total
	Reason        *PaymentReason `json:"reason"`    // why there is no money
	Means         string         `json:"means"`
	ReceiptURL    string         `json:"receipt_url"`
	CashReceipt   *CashReceipt   `json:"cash_receipt"`
	CreatedAt     time.Time      `json:"created_at"`
	PaidAt        *time.Time     `json:"paid_at"`
	Cancellations []Cancellation `json:"cancellations,omitempty"` // of one that is shown alone
}

// CashReceipt is the cash receipt that a payer wants.
type CashReceipt struct {
	Status   string       `json:"status"`   // wanted, issued, taken_back or refused
	Identity string       `json:"identity"` // whom it is issued to: a mobile number, or a business registration number
	Business bool         `json:"business"` // for a business (지출증빙)
	Number   string       `json:"number"`   // its approval number, or the gateway's reference
	Amount   money.Amount `json:"amount"`   // that it stands for now
}

// PaymentReason says why money was not taken or given back.
type PaymentReason struct {
	Code        string `json:"code"`
	TextKo      string `json:"text_ko"`
	TextEn      string `json:"text_en"`
	GatewayCode string `json:"gateway_code"`
}

// Cancellation gives a payment back, all or a part.
type Cancellation struct {
	ID        string         `json:"id"`
	Site      string         `json:"site"`
	PaymentID string         `json:"payment_id"`
	Status    string         `json:"status"` // requested, done, refused, or transfer: the operator's to do
	Amount    money.Amount   `json:"amount"`
	VAT       money.Amount   `json:"vat"`
	Total     money.Amount   `json:"total"` // what the payer gets
	Bonus     money.Amount   `json:"bonus"`
	Owed      money.Amount   `json:"owed"`
	Reason    string         `json:"reason"`
	To        *BankAccount   `json:"to"` // where the money goes, if not back the way it came
	Refusal   *PaymentReason `json:"refusal"`
	CreatedAt time.Time      `json:"created_at"`
	DoneAt    *time.Time     `json:"done_at"`
}

// BankAccount is an account to which money is given back.
type BankAccount struct {
	Bank   string `json:"bank"`
	Number string `json:"number"`
	Holder string `json:"holder"`
}

func paymentOf(p billing.Payment, cancels []billing.Cancellation) Payment {
	v := Payment{
		ID: p.ID.Text(id.Payment), Site: p.Site, Status: string(p.State), Gateway: p.Gateway, Method: string(p.Method), Automatic: p.Auto,
		Amount: p.Amount, VAT: p.VAT, Total: p.Total, Bonus: p.Bonus, Cancelled: p.Cancelled, Returned: p.Returned,
		Reason: reasonOf(p.Reason, p.Code), Means: p.Means, ReceiptURL: p.ReceiptURL, CreatedAt: p.CreatedAt.Time(), PaidAt: timed(p.PaidAt),
	}
	if !p.Card.IsZero() {
		v.MethodID = new(p.Card.Text(id.Card))
	}
	if r := p.Receipt; r != nil {
		v.CashReceipt = &CashReceipt{cmp.Or(string(r.State), "wanted"), r.Identity, r.Business, r.Ref, r.Amount}
	}
	for _, c := range cancels {
		v.Cancellations = append(v.Cancellations, cancellationOf(c))
	}
	return v
}

func reasonOf(r payment.Reason, code string) *PaymentReason {
	if r == "" {
		return nil
	}
	return &PaymentReason{string(r), r.Korean(), r.English(), code}
}

func cancellationOf(c billing.Cancellation) Cancellation {
	v := Cancellation{
		ID: c.ID.Text(id.Cancel), Site: c.Site, PaymentID: c.Payment.Text(id.Payment), Status: string(c.State), Amount: c.Amount, VAT: c.VAT, Total: c.Total,
		Bonus: c.Bonus, Owed: c.Owed, Reason: c.Why, Refusal: reasonOf(c.Reason, c.Code), CreatedAt: c.CreatedAt.Time(), DoneAt: timed(c.DoneAt),
	}
	if c.To != nil {
		v.To = new(BankAccount(*c.To))
	}
	return v
}

func parsePayment(text string) (id.ID, error) {
	of, err := id.Parse(id.Payment, text)
	if err != nil {
		return of, fault.Check("ID", "%q is not the id of a payment, such as pay_01k9…", text)
	}
	return of, nil
}

// PaymentFilter says which payments are listed.
type PaymentFilter struct {
	Site   string // "" = of all sites
	Status string // "" = any
	Limit  int    // of the newest
}

// Payments lists payments, the newest first. Faults: Invalid, NotFound.
func (p *Operator) Payments(ctx context.Context, f PaymentFilter) (list List[Payment], err error) {
	state := billing.State(f.Status)
	if state != "" && !slices.Contains(billing.States, state) {
		return list, fault.Check("--status", "%q is not a status of payments", f.Status)
	}
	if f.Limit < 1 || f.Limit > mostPayments {
		return list, fault.Check("--limit", "want 1 to %d", mostPayments)
	}
	var found []billing.Payment
	of := func(tx *db.Tx, siteID string) error {
		page, err := p.billing.Payments(tx, siteID, state, id.ID{}, f.Limit)
		found = append(found, page...)
		slices.SortFunc(found, func(a, b billing.Payment) int { return bytes.Compare(b.ID[:], a.ID[:]) })
		found = found[:min(len(found), f.Limit)]
		return err
	}
	err = p.d.Snapshot(ctx, "operator_payments", func(tx *db.Tx) error {
		found = nil
		if f.Site == "" {
			return eachSite(tx, func(s site.Site) error {
				if site.IsTest(s.ID) {
					return nil // nobody paid there
				}
				return of(tx, s.ID)
			})
		}
		if _, err := site.Find(tx, f.Site); err != nil {
			return err
		}
		return of(tx, f.Site)
	})
	list.Data = make([]Payment, len(found))
	for i, one := range found {
		list.Data[i] = paymentOf(one, nil)
	}
	return list, err
}

// mostPayments bounds what is held in memory to be sorted.
const mostPayments = 1000

// Payment shows one payment with its cancellations. Faults: Invalid, NotFound.
func (p *Operator) Payment(ctx context.Context, siteID, text string) (shown Payment, err error) {
	of, err := parsePayment(text)
	if err != nil {
		return shown, err
	}
	err = p.d.Snapshot(ctx, "operator_payment", func(tx *db.Tx) error {
		found, cancels, err := p.billing.Find(tx, siteID, of)
		if err == nil {
			shown = paymentOf(found, cancels)
		}
		return err
	})
	return shown, err
}

// PaymentArrived books a transfer that the operator has seen on his own account. Faults:
// Invalid, NotFound, Conflict.
func (p *Operator) PaymentArrived(ctx context.Context, siteID, text string) (Payment, error) {
	of, err := parsePayment(text)
	if err != nil {
		return Payment{}, err
	}
	if _, err := p.billing.Arrived(ctx, siteID, of); err != nil {
		return Payment{}, err
	}
	return p.Payment(ctx, siteID, text)
}

// AskPayment has a worker ask the gateway now how a payment stands, and gives it as it stands
// before. Faults: Invalid, NotFound, Conflict.
func (p *Operator) AskPayment(ctx context.Context, siteID, text string) (Payment, error) {
	of, err := parsePayment(text)
	if err != nil {
		return Payment{}, err
	}
	asked, err := p.billing.Ask(ctx, siteID, of)
	if err != nil {
		return Payment{}, err
	}
	return paymentOf(asked, nil), nil
}

// CancelPayment is a payment that an operator gives back.
type CancelPayment struct {
	Site    string
	Payment string
	Amount  string // won of its credit; "" = all that is neither spent nor held
	Reason  string // the payer and the gateway read it
	ByHand  bool   // the operator transfers it himself
	To      BankAccount
}

// CancelPayment takes credit of a payment back, and has its money given back by a worker, or by
// the operator's hand. Faults: Invalid, NotFound, Conflict.
func (p *Operator) CancelPayment(ctx context.Context, c CancelPayment) (Cancellation, error) {
	of, err := parsePayment(c.Payment)
	if err != nil {
		return Cancellation{}, err
	}
	r := billing.CancelRequest{Site: c.Site, Payment: of, Reason: c.Reason, ByHand: c.ByHand}
	if c.Amount != "" {
		if r.Amount, err = money.Parse(c.Amount); err != nil || r.Amount == 0 || r.Amount%money.Won != 0 {
			return Cancellation{}, fault.Check("AMOUNT", "%q is not an amount in whole won above 0, such as 15000", c.Amount)
		}
	}
	if c.To != (BankAccount{}) {
		to := payment.BankAccount(c.To)
		to.Number = strings.ReplaceAll(to.Number, "-", "")
		r.To = &to
	}
	made, err := p.billing.Cancel(ctx, r)
	if err != nil {
		return Cancellation{}, err
	}
	return cancellationOf(made), nil
}

// PaymentGivenBack says that the operator has transferred what he was to give back by hand.
// Faults: Invalid, NotFound.
func (p *Operator) PaymentGivenBack(ctx context.Context, siteID, text, cancel string) (Cancellation, error) {
	of, err := parsePayment(text)
	if err != nil {
		return Cancellation{}, err
	}
	which, err := id.Parse(id.Cancel, cancel)
	if err != nil {
		return Cancellation{}, fault.Check("CANCEL", "%q is not the id of a cancellation, such as pcn_01k9…", cancel)
	}
	done, err := p.billing.GivenBack(ctx, siteID, of, which)
	if err != nil {
		return Cancellation{}, err
	}
	return cancellationOf(done), nil
}

// ReceiptIssued says that the operator has issued the cash receipt of a transfer himself.
// Faults: Invalid, NotFound, Conflict.
func (p *Operator) ReceiptIssued(ctx context.Context, siteID, text, number string) (Payment, error) {
	of, err := parsePayment(text)
	if err != nil {
		return Payment{}, err
	}
	done, err := p.billing.ReceiptIssued(ctx, siteID, of, number)
	if err != nil {
		return Payment{}, err
	}
	return paymentOf(done, nil), nil
}
