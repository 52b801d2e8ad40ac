package paper

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// HTML is a page that can be printed, nothing of which comes from elsewhere.
const HTML = "html"

// receiptItem is what was sold.
const receiptItem = "메시지 크레딧 충전"

// Receipt says who paid whom for what, and what of it went back since.
type Receipt struct {
	Payment       string       `json:"payment"` // pay_…
	Site          string       `json:"site"`
	Status        string       `json:"status"`
	PaidOn        string       `json:"paid_on"` // the Korean day
	Item          string       `json:"item"`
	Method        string       `json:"method"`
	Means         string       `json:"means"`                  // what it was paid with, as people read it
	SlipURL       string       `json:"slip_url,omitempty"`     // where the payer sees his card slip
	CashReceipt   *CashReceipt `json:"cash_receipt,omitempty"` // 현금영수증
	Supplier      *Party       `json:"supplier,omitempty"`     // the operator, as far as the profile says
	Customer      *Party       `json:"customer,omitempty"`
	Charged       Total        `json:"charged"`
	Cancellations []GivenBack  `json:"cancellations"`
	Cancelled     Total        `json:"cancelled"` // all that was given back, below zero
	Remaining     Total        `json:"remaining"` // charged, and not given back
}

// CashReceipt is what became of the cash receipt that was asked for.
type CashReceipt struct {
	Status string       `json:"status"` // wanted, issued, taken_back or refused
	Amount money.Amount `json:"amount"`
	Ref    string       `json:"ref"` // the gateway's
	URL    string       `json:"url"`
}

// GivenBack is a cancellation of the payment, below zero. One that the gateway is still asked
// for is none yet.
type GivenBack struct {
	ID string `json:"id"` // pcn_…
	On string `json:"on"` // the Korean day
	Total
}

// Receipt makes the receipt of a payment. It belongs into a Snapshot. A payment that has not
// become credit has none: Conflict. NotFound.
func (p *Papers) Receipt(tx *db.Tx, siteID string, of id.ID) (*Receipt, error) {
	paid, cancels, err := p.billing.Find(tx, siteID, of)
	if err != nil {
		return nil, err
	}
	if !paid.State.Credited() {
		return nil, fault.New(fault.Conflict, fault.CodeStateConflict, "the payment is %s; a receipt is made once it is paid", paid.State)
	}
	r := &Receipt{Payment: of.Text(id.Payment), Site: siteID, Status: string(paid.State), PaidOn: korea.Day(paid.PaidAt.Time()),
		Item: receiptItem, Method: string(paid.Method), Means: paid.Means, SlipURL: paid.ReceiptURL,
		Charged: Total{signed(paid.Amount), signed(paid.VAT), signed(paid.Total)}, Cancellations: []GivenBack{}}
	if c := paid.Receipt; c != nil {
		r.CashReceipt = &CashReceipt{"wanted", c.Amount, c.Ref, c.URL}
		if c.State != billing.ReceiptWanted {
			r.CashReceipt.Status = string(c.State)
		}
	}
	r.giveBack(&paid, cancels)
	if r.Supplier, err = p.party(tx, site.Operator); err != nil {
		return nil, err
	}
	if r.Customer, err = p.party(tx, siteID); err != nil {
		return nil, err
	}
	if back := -r.Cancelled.Total; money.Amount(back) != paid.Returned || money.Amount(-r.Cancelled.Supply) != paid.Cancelled {
		return nil, fault.New(fault.Internal, fault.CodeInternal, "the cancellations of %s give back %s, where the payment says %s; its receipt is not given out", r.Payment, money.Amount(back), paid.Returned)
	}
	return r, nil
}

// giveBack lists what went back of the payment, since it was last paid: a transfer that its
// bank took back may have come again.
func (r *Receipt) giveBack(p *billing.Payment, cancels []billing.Cancellation) {
	for _, c := range cancels {
		if c.State != billing.CancelDone && c.State != billing.CancelTransfer || c.CreatedAt < p.PaidAt {
			continue
		}
		at := c.DoneAt
		if at == 0 {
			at = c.CreatedAt
		}
		g := GivenBack{c.ID.Text(id.Cancel), korea.Day(at.Time()), Total{signed(-c.Amount), signed(-c.VAT), signed(-c.Total)}}
		r.Cancellations = append(r.Cancellations, g)
		r.Cancelled.add(g.Total)
	}
	r.Remaining = r.Charged
	r.Remaining.add(r.Cancelled)
}

// In gives the receipt in a format: json or html.
func (r *Receipt) In(format string) ([]byte, error) {
	switch format {
	case JSON:
		text, err := compact(r)
		return append(text, '\n'), err
	case HTML:
		var out bytes.Buffer
		if err := receiptPage.Execute(&out, r); err != nil {
			return nil, fmt.Errorf("write the receipt of %s: %w", r.Payment, err)
		}
		return out.Bytes(), nil
	}
	return nil, fault.Check("/format", "want %s or %s", JSON, HTML)
}

//go:embed receipt.html
var receiptHTML string

var receiptPage = template.Must(template.New("receipt").Parse(receiptHTML))

// The Korean words of a receipt.
var (
	statusKo  = map[string]string{"paid": "결제 완료", "partially_cancelled": "부분 취소", "cancelled": "전액 취소"}
	receiptKo = map[string]string{"wanted": "발급 대기", "issued": "발급", "taken_back": "발급 취소", "refused": "발급 거절"}
	methodKo  = map[string]string{
		string(payment.Card): "카드", string(payment.Stored): "등록 카드", string(payment.VirtualAccount): "가상계좌", string(payment.Transfer): "계좌 이체",
	}
)

// StatusKo is the status as people read it.
func (r *Receipt) StatusKo() string { return inKorean(statusKo, r.Status) }

// MethodKo is the way of paying as people read it.
func (r *Receipt) MethodKo() string { return inKorean(methodKo, r.Method) }

// StatusKo is the status as people read it.
func (c *CashReceipt) StatusKo() string { return inKorean(receiptKo, c.Status) }

// receiptSide is one of the two parties on the page.
type receiptSide struct {
	Who, Number string
	Party
}

// Sides are the parties that are known.
func (r *Receipt) Sides() (out []receiptSide) {
	if r.Supplier != nil {
		out = append(out, receiptSide{"공급자", korea.BusinessNumber(r.Supplier.BusinessNumber).Dashed(), *r.Supplier})
	}
	if r.Customer != nil {
		out = append(out, receiptSide{"공급받는 자", korea.BusinessNumber(r.Customer.BusinessNumber).Dashed(), *r.Customer})
	}
	return out
}

// receiptLine is a row of amounts on the page.
type receiptLine struct {
	What, Day          string
	Supply, VAT, Total money.Amount
}

// Lines are the amounts: what was charged, what went back, and what is left where something did.
func (r *Receipt) Lines() []receiptLine {
	line := func(what, day string, t Total) receiptLine {
		return receiptLine{what, day, money.Amount(t.Supply), money.Amount(t.VAT), money.Amount(t.Total)}
	}
	out := []receiptLine{line("결제", r.PaidOn, r.Charged)}
	for _, c := range r.Cancellations {
		out = append(out, line("취소", c.On, c.Total))
	}
	if len(r.Cancellations) > 0 {
		out = append(out, line("잔액", "", r.Remaining))
	}
	return out
}
