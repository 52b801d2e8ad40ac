package console

import (
	"cmp"
	"slices"
	"strings"

	"creditmsg/client"
)

func houseMoneyScreens() []screen {
	return []screen{
		{pattern: "GET /operator/money", do: (*page).houseWithdrawals},
		{pattern: "GET /operator/money/withdrawals/{of}/{id}", do: (*page).houseWithdrawal},
		{pattern: "POST /operator/money/withdrawals/{of}/{id}/approve", do: (*page).approveWithdrawal},
		{pattern: "GET /operator/money/withdrawals/{of}/{id}/reject", do: (*page).houseWithdrawal},
		{pattern: "POST /operator/money/withdrawals/{of}/{id}/reject", do: (*page).rejectWithdrawal},
		{pattern: "GET /operator/money/payments", do: (*page).housePayments},
		{pattern: "GET /operator/money/payments/{of}/{id}", do: (*page).housePayment},
		{pattern: "POST /operator/money/payments/{of}/{id}/arrived", do: (*page).bookPayment},
		{pattern: "POST /operator/money/payments/{of}/{id}/given-back/{cancel}", do: (*page).bookCancellation},
		{pattern: "GET /operator/money/payments/{of}/{id}/cash-receipt", do: (*page).housePayment},
		{pattern: "POST /operator/money/payments/{of}/{id}/cash-receipt", do: (*page).bookCashReceipt},
		{pattern: "GET /operator/margin", do: (*page).margin},
	}
}

// MoneyTabs are the operator's pages about money that comes and goes.
func (s view) MoneyTabs() []tab {
	return s.tabs("tab.money.", []string{"operator", "money"}, to, "withdrawals", "payments", "tax")
}

func (p *page) houseWithdrawals() error {
	q := p.r.URL.Query()
	d := withdrawalList{Status: "requested", Statuses: withdrawalStates}
	if q.Has("status") {
		d.Status = oneOf(q.Get("status"), withdrawalStates)
	}
	var err error
	if d.Page, err = p.api.ForSite("*").Withdrawals(p.ctx(), client.WithdrawalFilter{Paging: p.at(50), Status: d.Status}); err != nil {
		return err
	}
	return p.show("house-withdrawals", d)
}

// about asks about the site that the address names, though the page is the operator's.
func (p *page) about() *client.Client { return p.api.ForSite(p.r.PathValue("of")) }

func (p *page) showHouseWithdrawal(f form) error {
	w, err := p.about().Withdrawal(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := withdrawalView{Withdrawal: w, Form: f.Filled(nil), Mine: p.me.Person != nil && w.AskedBy == p.me.Person.ID}
	if f.Errors != nil || f.Kept {
		d.Asking = "reject"
	}
	if f.Errors != nil {
		return p.unfit("house-withdrawal", d)
	}
	return p.show("house-withdrawal", d)
}

func (p *page) houseWithdrawal() error { return p.showHouseWithdrawal(p.form()) }

// withdrawalPath is that of the operator's page of the withdrawal.
func (p *page) withdrawalPath() string {
	return to("operator", "money", "withdrawals", p.r.PathValue("of"), p.r.PathValue("id"))
}

func (p *page) approveWithdrawal() error {
	if _, err := p.about().Once(p.form().Key()).ApproveWithdrawal(p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, p.withdrawalPath())
	}
	return p.done(p.withdrawalPath(), "house.approved")
}

func (p *page) rejectWithdrawal() error {
	f := p.form()
	_, err := p.about().Once(f.Key()).RejectWithdrawal(p.ctx(), p.r.PathValue("id"), f.Get("reason"))
	if err == nil {
		return p.done(p.withdrawalPath(), "house.rejected")
	}
	if f.wrong(p, err, nil) {
		return p.showHouseWithdrawal(f)
	}
	return err
}

// housePaymentList is what the operator may have to book by hand.
type housePaymentList struct {
	Of       string // a site; "" = all of them
	Sites    []option
	Status   string
	Statuses []string
	Page     client.Page[client.Payment]
	Wrong    bool // there is no such site
}

func (p *page) housePayments() error {
	q := p.r.URL.Query()
	d := housePaymentList{Of: strings.ToLower(strings.TrimSpace(q.Get("of"))), Status: "waiting_for_deposit", Statuses: payStates}
	if q.Has("status") {
		d.Status = oneOf(q.Get("status"), payStates)
	}
	sites, err := p.api.Sites(p.ctx(), client.Paging{Limit: 200})
	if err != nil {
		return err
	}
	for _, s := range sites.Data {
		d.Sites = append(d.Sites, option{s.ID, s.Name})
	}
	d.Page, err = p.api.ForSite(cmp.Or(d.Of, "*")).Payments(p.ctx(), client.PaymentFilter{Paging: p.at(50), Status: d.Status})
	if d.Of != "" && (client.IsProblem(err, "not_found") || client.IsProblem(err, "validation")) {
		d.Wrong, err = true, nil
	}
	if err != nil {
		return err
	}
	return p.show("house-payments", d)
}

// housePaymentView is the operator's page of one payment.
type housePaymentView struct {
	Of      string
	Payment client.Payment
	Form    form // of the cash receipt's number
	Arrives bool // it can be said that it has come
	Receipt bool // its cash receipt is to be issued by hand
}

func (p *page) showHousePayment(f form) error {
	v, err := p.about().Payment(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := housePaymentView{Of: p.r.PathValue("of"), Payment: v, Form: f.Filled(nil)}
	d.Arrives = v.Status == "waiting_for_deposit" && v.Method == "transfer"
	d.Receipt = v.CashReceipt != nil && v.CashReceipt.Status == "wanted" && v.Method == "transfer" && slices.Contains([]string{"paid", "partially_cancelled"}, v.Status)
	if f.Errors != nil {
		return p.unfit("house-payment", d)
	}
	return p.show("house-payment", d)
}

func (p *page) housePayment() error { return p.showHousePayment(p.form()) }

// bookedPath is that of the operator's page of the payment.
func (p *page) bookedPath() string {
	return to("operator", "money", "payments", p.r.PathValue("of"), p.r.PathValue("id"))
}

func (p *page) bookPayment() error {
	if _, err := p.about().Once(p.form().Key()).BookPayment(p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, p.bookedPath())
	}
	return p.done(p.bookedPath(), "house.arrived")
}

func (p *page) bookCancellation() error {
	if _, err := p.about().Once(p.form().Key()).BookCancellation(p.ctx(), p.r.PathValue("id"), p.r.PathValue("cancel")); err != nil {
		return p.refused(err, p.bookedPath())
	}
	return p.done(p.bookedPath(), "house.given-back")
}

func (p *page) bookCashReceipt() error {
	f := p.form()
	_, err := p.about().Once(f.Key()).BookCashReceipt(p.ctx(), p.r.PathValue("id"), digits(f.Get("number")))
	if err == nil {
		return p.done(p.bookedPath(), "house.receipt")
	}
	if f.wrong(p, err, nil) {
		return p.showHousePayment(f)
	}
	return err
}

// marginView is the page of what is left of what sites pay.
type marginView struct {
	Margin   client.Margin
	By       string
	Groups   []option
	From, To string
	Wrong    string
}

// marginGroups are what a margin is told by.
var marginGroups = []string{"day", "channel", "provider", "site"}

func (p *page) margin() error {
	q := p.r.URL.Query()
	d := marginView{By: oneOf(q.Get("by"), marginGroups), From: q.Get("from"), To: q.Get("to"), Groups: p.choices("house-by", marginGroups...)}
	if d.By == "" {
		d.By = "day"
	}
	var err error
	d.Margin, err = p.api.Margin(p.ctx(), client.StatsQuery{From: d.From, To: d.To, GroupBy: []string{d.By}})
	if client.IsProblem(err, "validation") {
		d.Wrong = said(err)
		return p.unfit("margin", d)
	}
	if err != nil {
		return err
	}
	d.From, d.To = d.Margin.From, d.Margin.To
	return p.show("margin", d)
}
