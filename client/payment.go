package client

import (
	"context"
	"net/http"
	"time"
)

// Payment is credit that is paid for. Total = Amount + VAT is what the payer is charged.
type Payment struct {
	ID            string         `json:"id"`
	Site          string         `json:"site"`
	Status        string         `json:"status"` // created, requesting, waiting_for_deposit, unknown, paid, declined, failed, partially_cancelled or cancelled
	Gateway       string         `json:"gateway"`
	Method        string         `json:"method"`    // card, stored, virtual_account or transfer
	MethodID      string         `json:"method_id"` // of stored
	Automatic     bool           `json:"automatic"` // made by the site's automatic recharge
	Amount        Amount         `json:"amount"`
	VAT           Amount         `json:"vat"`
	Total         Amount         `json:"total"`
	Bonus         Amount         `json:"bonus"`
	Cancelled     Amount         `json:"cancelled"` // of Amount
	Returned      Amount         `json:"returned"`  // of Total
	Reason        *PaymentReason `json:"reason"`
	Means         string         `json:"means"`
	ReceiptURL    string         `json:"receipt_url"`
	Checkout      *Checkout      `json:"checkout"` // how the payer's browser goes on, while he has not paid
	Deposit       *Deposit       `json:"deposit"`  // where to transfer to, while nothing has come
	CashReceipt   *CashReceipt   `json:"cash_receipt"`
	Cancellations []Cancellation `json:"cancellations"`
	CreatedAt     time.Time      `json:"created_at"`
	PaidAt        time.Time      `json:"paid_at"` // zero = not paid
}

// PaymentReason says why a gateway refused.
type PaymentReason struct {
	Code        string `json:"code"`
	TextKo      string `json:"text_ko"`
	TextEn      string `json:"text_en"`
	GatewayCode string `json:"gateway_code"`
}

// Checkout is how a browser goes on: to a page, or with the gateway's own script.
type Checkout struct {
	URL    string            `json:"url"`
	Script string            `json:"script"`
	Fields map[string]string `json:"fields"`
}

// Deposit is an account to transfer to. Text stands in place of the others for an
// operator's own account.
type Deposit struct {
	Bank   string    `json:"bank"`
	Number string    `json:"number"`
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
	Text   string    `json:"text"`
}

// CashReceipt is the cash receipt of a transfer.
type CashReceipt struct {
	Status string `json:"status"` // wanted, issued, taken_back or refused
	Amount Amount `json:"amount"`
	Ref    string `json:"ref"` // of a Receipt: the gateway's name of it
	URL    string `json:"url"`
}

// Cancellation gives a payment back, all or a part.
type Cancellation struct {
	ID        string         `json:"id"`
	PaymentID string         `json:"payment_id"`
	Status    string         `json:"status"` // requested, done, refused or transfer
	Amount    Amount         `json:"amount"`
	VAT       Amount         `json:"vat"`
	Total     Amount         `json:"total"`
	Bonus     Amount         `json:"bonus"`
	Owed      Amount         `json:"owed"`
	Reason    string         `json:"reason"`
	Refusal   *PaymentReason `json:"refusal"`
	CreatedAt time.Time      `json:"created_at"`
	DoneAt    time.Time      `json:"done_at"`
}

// NewPayment asks for a payment.
type NewPayment struct {
	Gateway     string              `json:"gateway,omitempty"` // "" = the first that takes the method
	Method      string              `json:"method"`
	Amount      Amount              `json:"amount"`               // whole won, at least 1,000
	MethodID    string              `json:"method_id,omitempty"`  // of stored; "" = the site's first
	ReturnURL   string              `json:"return_url,omitempty"` // of card
	Bank        string              `json:"bank,omitempty"`       // of virtual_account
	Payer       Payer               `json:"payer,omitzero"`
	CashReceipt *CashReceiptRequest `json:"cash_receipt,omitempty"`

	// Key is the Idempotency-Key; "" means a random one per call.
	Key string `json:"-"`
}

// Payer is who pays.
type Payer struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// CashReceiptRequest asks for a cash receipt, by a mobile number or for a business.
type CashReceiptRequest struct {
	Identity string `json:"identity"`
	Business bool   `json:"business,omitempty"`
}

// BankAccount is where money is given back to.
type BankAccount struct {
	Bank   string `json:"bank"`
	Number string `json:"number"`
	Holder string `json:"holder"`
}

// CancelRequest asks for a payment to be given back.
type CancelRequest struct {
	Amount Amount       `json:"amount,omitempty"` // of its credit; "" = all that is neither spent nor held
	Reason string       `json:"reason"`
	To     *BankAccount `json:"to,omitempty"`      // of what was transferred
	ByHand bool         `json:"by_hand,omitempty"` // an operator transfers it himself, and says so
}

// Gateway is a way to pay.
type Gateway struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Methods    []string `json:"methods"`
	LeastTotal Amount   `json:"least_total"`
	Partial    bool     `json:"partial"`

	VATIncluded bool `json:"vat_included"` // what is asked for is what the payer is charged
}

// PaymentMethod is a card that was left with a gateway.
type PaymentMethod struct {
	ID        string         `json:"id"`
	Status    string         `json:"status"` // pending, active, disabled, removing or removed
	Gateway   string         `json:"gateway"`
	Label     string         `json:"label"`
	Place     int            `json:"place"` // recharges try lower ones first
	Reason    *PaymentReason `json:"reason"`
	Checkout  *Checkout      `json:"checkout"`
	CreatedAt time.Time      `json:"created_at"`
}

// NewPaymentMethod asks for a card to be left with a gateway.
type NewPaymentMethod struct {
	Gateway   string `json:"gateway,omitempty"`
	ReturnURL string `json:"return_url"`
	Payer     Payer  `json:"payer,omitzero"`
}

// AutoRecharge says when and how the site is recharged by itself. Amounts are whole won;
// "" = none.
type AutoRecharge struct {
	Enabled    bool   `json:"enabled"`
	Threshold  Amount `json:"threshold,omitempty"`
	Amount     Amount `json:"amount,omitempty"` // either this or Target
	Target     Amount `json:"target,omitempty"`
	MethodID   string `json:"method_id,omitempty"`
	DailyCap   Amount `json:"daily_cap,omitempty"`
	MonthlyCap Amount `json:"monthly_cap,omitempty"`

	// What the server tells besides.
	PaymentID   string    `json:"payment_id,omitempty"` // the recharge under way
	Declines    int       `json:"declines,omitempty"`
	PausedUntil time.Time `json:"paused_until,omitzero"`
}

// Gateways lists the ways to pay.
func (c *Client) Gateways(ctx context.Context) (Page[Gateway], error) {
	return get[Page[Gateway]](ctx, c, nil, "v1", "payment-gateways")
}

// PaymentFilter narrows a list of payments; Status "" does not.
type PaymentFilter struct {
	Paging
	Status string
}

// Payments lists the payments, newest first. ForSite("*") lists those of all sites.
func (c *Client) Payments(ctx context.Context, f PaymentFilter) (Page[Payment], error) {
	return get[Page[Payment]](ctx, c, f.query("status", f.Status), "v1", "credit", "payments")
}

// Payment gets one payment.
func (c *Client) Payment(ctx context.Context, id string) (Payment, error) {
	return get[Payment](ctx, c, nil, "v1", "credit", "payments", id)
}

// Pay begins a payment.
func (c *Client) Pay(ctx context.Context, p NewPayment) (Payment, error) {
	var out Payment
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "credit", "payments"}, in: p, key: p.Key, out: &out})
	return out, err
}

// CancelPayment gives a payment back, all or a part.
func (c *Client) CancelPayment(ctx context.Context, id string, r CancelRequest) (Cancellation, error) {
	return write[Cancellation](ctx, c, http.MethodPost, r, "v1", "credit", "payments", id, "cancel")
}

// PaymentMethods lists the stored cards.
func (c *Client) PaymentMethods(ctx context.Context) (Page[PaymentMethod], error) {
	return get[Page[PaymentMethod]](ctx, c, nil, "v1", "payment-methods")
}

// PaymentMethod gets one stored card.
func (c *Client) PaymentMethod(ctx context.Context, id string) (PaymentMethod, error) {
	return get[PaymentMethod](ctx, c, nil, "v1", "payment-methods", id)
}

// AddPaymentMethod begins to leave a card: its Checkout says where its owner confirms it.
func (c *Client) AddPaymentMethod(ctx context.Context, m NewPaymentMethod) (PaymentMethod, error) {
	return write[PaymentMethod](ctx, c, http.MethodPost, m, "v1", "payment-methods")
}

// RemovePaymentMethod has a gateway forget a card.
func (c *Client) RemovePaymentMethod(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "payment-methods", id)
}

// AutoRecharge gets when and how the site is recharged by itself. Where that was never set, it
// is not enabled.
func (c *Client) AutoRecharge(ctx context.Context) (AutoRecharge, error) {
	return get[AutoRecharge](ctx, c, nil, "v1", "credit", "auto-recharge")
}

// SetAutoRecharge sets when and how the site is recharged by itself.
func (c *Client) SetAutoRecharge(ctx context.Context, r AutoRecharge) (AutoRecharge, error) {
	r.PaymentID, r.Declines, r.PausedUntil = "", 0, time.Time{}
	return write[AutoRecharge](ctx, c, http.MethodPut, r, "v1", "credit", "auto-recharge")
}

// MovePaymentMethod puts a card to another place in the order in which they are tried.
func (c *Client) MovePaymentMethod(ctx context.Context, id string, place int) (PaymentMethod, error) {
	return write[PaymentMethod](ctx, c, http.MethodPatch, map[string]int{"place": place}, "v1", "payment-methods", id)
}
