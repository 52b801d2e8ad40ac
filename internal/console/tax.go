package console

import (
	"io"
	"regexp"
	"strconv"
	"time"

	"creditmsg/client"
)

func taxScreens() []screen {
	return []screen{
		{pattern: "GET /operator/money/tax", do: (*page).taxThisMonth},
		{pattern: "GET /operator/money/tax/{month}", do: (*page).tax},
		{pattern: "GET /operator/money/tax/{month}/files/{file}", do: (*page).taxFile},
		{pattern: "POST /operator/money/tax/{month}/issue", do: (*page).issueTax},
	}
}

// taxThisMonth leads to the month that is asked for, or to the last one that is over: that is the one
// to be issued.
func (p *page) taxThisMonth() error {
	month := p.r.URL.Query().Get("month")
	if month == "" {
		now := time.Now().In(korea)
		month = time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, korea).Format("2006-01")
	}
	return p.lead(to("operator", "money", "tax", month))
}

// taxView is the page of a month's tax invoices.
type taxView struct {
	client.TaxInvoices
	Before, After string // the months around it
	Files         []int
	Wrong         string
}

func (p *page) tax() error {
	month := p.r.PathValue("month")
	d := taxView{}
	var err error
	d.TaxInvoices, err = p.api.TaxInvoices(p.ctx(), month)
	if client.IsProblem(err, "validation") {
		d.Month, d.Wrong = month, said(err)
		return p.unfit("tax", d)
	}
	if err != nil {
		return err
	}
	at, err := time.ParseInLocation("2006-01", d.Month, korea)
	if err != nil {
		return err
	}
	d.Before = at.AddDate(0, -1, 0).Format("2006-01")
	if after := at.AddDate(0, 1, 0); !after.After(time.Now().In(korea)) {
		d.After = after.Format("2006-01")
	}
	for n := range d.TaxInvoices.Files {
		d.Files = append(d.Files, n+1)
	}
	return p.show("tax", d)
}

var taxMonth = regexp.MustCompile(`^\d{4}-\d{2}$`)

func (p *page) taxFile() error {
	month := p.r.PathValue("month")
	n, err := strconv.Atoi(p.r.PathValue("file"))
	if err != nil || !taxMonth.MatchString(month) {
		return p.nothing()
	}
	return p.file("tax-invoices-"+month+"-"+strconv.Itoa(n)+".xlsx", mediaXLSX, func(w io.Writer) error { return p.api.TaxInvoicesFile(p.ctx(), month, n, w) })
}

func (p *page) issueTax() error {
	month := p.r.PathValue("month")
	if _, err := p.api.Once(p.form().Key()).IssueTaxInvoices(p.ctx(), month); err != nil {
		return p.refused(err, to("operator", "money", "tax", month))
	}
	return p.done(to("operator", "money", "tax", month), "house.issued")
}
