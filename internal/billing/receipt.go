package billing

import (
	"context"
	"strings"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
)

// CashReceipt is a cash receipt (현금영수증) that a payer wants for what came without a card
// slip. Issuing it twice would make two of them, so what was issued is written here.
type CashReceipt struct {
	Identity string       `json:"identity"`           // digits: a phone number, or a business number
	Business bool         `json:"business,omitempty"` // 지출증빙 instead of 소득공제
	State    ReceiptState `json:"state,omitempty"`
	Ref      string       `json:"ref,omitempty"` // the gateway's
	URL      string       `json:"url,omitempty"`
	Amount   money.Amount `json:"amount,omitzero"` // that it stands for now
	Asks     int          `json:"asks,omitempty"`
}

// ReceiptState is where a cash receipt stands.
type ReceiptState string

// The states of a cash receipt.
const (
	ReceiptWanted    ReceiptState = ""           // issued once the money has come
	ReceiptIssued    ReceiptState = "issued"     // for Amount: by the gateway, or by the operator
	ReceiptTakenBack ReceiptState = "taken_back" // all of it, since the payment was given back
	ReceiptRefused   ReceiptState = "refused"    // the gateway does not issue it
)

func (r *CashReceipt) check(m payment.Method) error {
	digits := len(r.Identity)
	switch {
	case m != payment.VirtualAccount && m != payment.Transfer:
		return fault.Check("/cash_receipt", "a cash receipt is issued for transfers; a card has its slip")
	case strings.Trim(r.Identity, "0123456789") != "" || !r.Business && (digits < 10 || digits > 11):
		return fault.Check("/cash_receipt/identity", "want the digits of a mobile number")
	case r.Business:
		if _, err := korea.ParseBusinessNumber(r.Identity); err != nil {
			return fault.Check("/cash_receipt/identity", "want a business registration number: ten digits, of which the last one checks the others")
		}
	}
	return nil
}

// open reports whether the gateway is to be asked about the receipt of a payment.
func (r *CashReceipt) open(p *row) bool {
	if r == nil || p.lot == 0 || p.Method != payment.VirtualAccount {
		return false
	}
	return r.State == ReceiptWanted && p.Returned < p.Total || r.State == ReceiptIssued && r.Amount > p.Total-p.Returned
}

// issueAt has a receipt issued, or what was given back taken out of it.
func (s *Service) issueAt(ctx context.Context, g *Gateway, p *row, j queue.Claimed) error {
	r := *p.Receipt
	ask := payment.CashReceipt{OrderID: p.text(), OrderName: orderName, Key: p.text() + "-receipt", Ref: r.Ref, Amount: p.Total - p.Returned, Identity: r.Identity, Business: r.Business}
	act := g.Adapter.Receipt
	if r.State == ReceiptIssued {
		act = g.Adapter.TakeBack
		ask.Amount = r.Amount - ask.Amount
		ask.Key = p.text() + "-receipt-" + (r.Amount - ask.Amount).String()
	}
	said := act(ctx, ask)
	return s.d.Update(context.WithoutCancel(ctx), "billing_receipt", func(tx *db.Tx) error {
		now, err := s.find(tx, p.Site, p.ID, true)
		if err != nil {
			return err
		}
		if now.Receipt == nil || now.Receipt.State != r.State || now.Receipt.Amount != r.Amount {
			return s.queue.Again(tx, tx.Now, "receipt", j)
		}
		return s.receipted(tx, now, said, ask.Amount, j)
	})
}

// receipted writes down what the gateway said about a receipt.
func (s *Service) receipted(tx *db.Tx, p *row, said payment.ReceiptResult, amount money.Amount, j queue.Claimed) error {
	r := p.Receipt
	switch said.State {
	case payment.Paid:
		r.State, r.Ref, r.URL, r.Amount, r.Asks, p.Slip = ReceiptIssued, said.Ref, said.URL, amount, 0, true
	case payment.Cancelled:
		if r.Amount -= amount; r.Amount == 0 {
			r.State = ReceiptTakenBack
		}
		r.Asks = 0
	case payment.Failed:
		r.State = ReceiptRefused
		s.log.Error("cash receipt refused", "payment", p.text(), "site_id", p.Site, "gateway", p.Gateway, "reason", string(said.Reason), "code", said.Code)
	default:
		r.Asks++
		if err := s.queue.Again(tx, tx.Now.Add(pauseAfter(r.Asks-1)), "receipt", j); err != nil {
			return err
		}
		return s.save(tx, p)
	}
	if err := s.later(tx, p, 0, &j); err != nil {
		return err
	}
	return s.save(tx, p)
}

// ReceiptIssued says that the operator has issued the cash receipt that the payer of a transfer
// to his own account wanted, with its approval number; no gateway can. Repeating it changes
// nothing. Faults: Invalid, NotFound, Conflict where there is no such receipt to issue.
func (s *Service) ReceiptIssued(ctx context.Context, site string, of id.ID, number string) (out Payment, err error) {
	if number == "" || len(number) > 20 || strings.Trim(number, "0123456789") != "" {
		return out, fault.Check("/number", "want the receipt's approval number (승인번호): digits, 20 at most")
	}
	err = s.d.Update(ctx, "billing_receipt_issued", func(tx *db.Tx) error {
		p, err := s.find(tx, site, of, true)
		if err != nil {
			return err
		}
		refuse := func(format string, args ...any) error {
			return fault.New(fault.Conflict, fault.CodeStateConflict, format, args...)
		}
		switch r := p.Receipt; {
		case r == nil:
			return refuse("nobody wants a cash receipt for this payment")
		case p.Method != payment.Transfer:
			return refuse("the gateway %s issues the cash receipt of this payment itself", p.Gateway)
		case r.State == ReceiptIssued && r.Ref == number:
			out = p.Payment
			return nil
		case r.State != ReceiptWanted:
			return refuse("its cash receipt is issued already, under another number")
		case !p.State.Credited() || p.Returned >= p.Total:
			return refuse("the payment is %s; there is nothing to issue a cash receipt for", p.State)
		default:
			r.State, r.Ref, r.Amount, p.Slip = ReceiptIssued, number, p.Total-p.Returned, true
		}
		out = p.Payment
		err = audit.Note(tx, audit.Change{Site: site, Action: "payment.receipt_issued", Ref: p.text(), After: audit.Fields{"number": number, "amount": p.Receipt.Amount}})
		if err != nil {
			return err
		}
		return s.save(tx, p)
	})
	return out, err
}
