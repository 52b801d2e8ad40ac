package console

import (
	"io"

	"creditmsg/client"
)

func paperScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/credit/statements", do: (*page).statements},
		{pattern: "GET /s/{site}/credit/statements/{month}", do: (*page).statement},
		{pattern: "GET /s/{site}/credit/statements/{month}/{format}", do: (*page).statementFile},
		{pattern: "GET /s/{site}/credit/billing", do: (*page).billingForm},
		{pattern: "POST /s/{site}/credit/billing", do: (*page).setBilling},
	}
}

func (p *page) statements() error {
	list, err := p.api.Statements(p.ctx(), p.at(24))
	if err != nil {
		return err
	}
	return p.show("statements", list)
}

// statementView is a statement, and the sums that have to be the same.
type statementView struct {
	client.Statement
	Change struct{ Available, Held, Spent client.Amount } // from opening to closing, added up from the movements
	Holds  bool                                           // opening and movements are closing
}

// movementOf is what one sum does to an account; "" = nothing.
func movementOf(m client.StatementSum, account string) (client.Amount, error) {
	n, err := m.Amount.Units()
	switch account {
	case m.Credit:
		return m.Amount, err
	case m.Debit:
		return amountOf(-n), err
	}
	return "", err
}

// proven adds the movements to the opening balance, as somebody with a pencil would.
func proven(s client.Statement) (d statementView, err error) {
	d.Statement = s
	d.Holds = true
	for _, a := range []struct {
		name             string
		opening, closing client.Amount
		sum              *client.Amount
	}{{"available", s.Opening.Available, s.Closing.Available, &d.Change.Available}, {"held", s.Opening.Held, s.Closing.Held, &d.Change.Held}, {"spent", s.Opening.Spent, s.Closing.Spent, &d.Change.Spent}} {
		var total int64
		for _, m := range s.Movements {
			moved, err := movementOf(m, a.name)
			if err != nil {
				return d, err
			}
			n, err := moved.Units()
			if err != nil {
				return d, err
			}
			total += n
		}
		first, err := a.opening.Units()
		if err != nil {
			return d, err
		}
		last, err := a.closing.Units()
		if err != nil {
			return d, err
		}
		*a.sum = amountOf(total)
		d.Holds = d.Holds && first+total == last
	}
	return d, nil
}

func (p *page) statement() error {
	s, err := p.api.Statement(p.ctx(), p.r.PathValue("month"))
	if err != nil {
		return err
	}
	d, err := proven(s)
	if err != nil {
		return err
	}
	return p.show("statement", d)
}

// statementFormats are in the order in which people want them.
var statementFormats = []string{"xlsx", "csv", "json"}

// paperMedia are the forms of a statement.
var paperMedia = map[string]string{"json": mediaJSON, "csv": mediaCSV, "xlsx": mediaXLSX}

func (p *page) statementFile() error {
	month, format := p.r.PathValue("month"), p.r.PathValue("format")
	media := paperMedia[format]
	if media == "" {
		return p.nothing()
	}
	if _, err := p.api.Statement(p.ctx(), month); err != nil {
		return err // such as a month that there is none of: the file's name is made from it
	}
	return p.file("statement-"+p.site+"-"+month+"."+format, media, func(w io.Writer) error { return p.api.StatementFile(p.ctx(), month, format, w) })
}

// billingView is the form of whom papers are made out to.
type billingView struct {
	Form   form
	Papers []option
}

// papers are what is issued for a payment.
var papers = []string{"none", "tax_invoice", "cash_receipt_business", "cash_receipt_person"}

func (p *page) prepareBilling() (d billingView, s settles, tag string, err error) {
	b, err := p.api.Noting(&tag).BillingProfile(p.ctx())
	if b.Paper == "" {
		b.Paper = "none"
	}
	s = settles{names: []string{"business_number", "name", "representative", "address", "business_type", "business_item", "email", "paper", "cash_receipt_number"}, label: "money.f", now: map[string]string{
		"business_number": b.BusinessNumber, "name": b.Name, "representative": b.Representative, "address": b.Address, "business_type": b.BusinessType,
		"business_item": b.BusinessItem, "email": b.Email, "paper": b.Paper, "cash_receipt_number": b.CashReceiptNumber,
	}}
	d.Papers = p.choices("money-paper", papers...)
	return d, s, tag, err
}

func (p *page) billingForm() error {
	d, s, tag, err := p.prepareBilling()
	if err != nil {
		return err
	}
	d.Form = s.begin(p.form(), tag)
	return p.show("billing", d)
}

func (p *page) setBilling() error {
	f := p.form()
	_, err := p.unchanged(f).PutBillingProfile(p.ctx(), client.BillingProfile{
		BusinessNumber: f.Get("business_number"), Name: f.Get("name"), Representative: f.Get("representative"), Address: f.Get("address"),
		BusinessType: f.Get("business_type"), BusinessItem: f.Get("business_item"), Email: f.Get("email"), Paper: f.Get("paper"), CashReceiptNumber: f.Get("cash_receipt_number"),
	})
	if err == nil {
		return p.done(p.path("credit", "billing"), "money.billing")
	}
	d, s, tag, err2 := p.prepareBilling()
	if err2 != nil {
		return err2
	}
	if isOvertaken(err) {
		s.overtaken(p, &f, tag)
	} else if !f.wrong(p, err, nil) {
		return err
	}
	d.Form = f
	return p.unfit("billing", d)
}
