package console

import (
	"creditmsg/client"
)

func withdrawalScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/credit/withdrawals", do: (*page).withdrawals},
		{pattern: "GET /s/{site}/credit/withdrawals/new", do: (*page).withdrawForm},
		{pattern: "POST /s/{site}/credit/withdrawals/new", do: (*page).withdraw},
		{pattern: "GET /s/{site}/credit/withdrawals/{id}", do: (*page).withdrawal},
		{pattern: "POST /s/{site}/credit/withdrawals/{id}/cancel", do: (*page).takeBack},
	}
}

// withdrawalStates are what a list of withdrawals can be narrowed to.
var withdrawalStates = []string{"requested", "approved", "done", "partially_done", "failed", "rejected", "cancelled"}

// withdrawalList is a page of withdrawals.
type withdrawalList struct {
	Status   string
	Statuses []string
	Page     client.Page[client.Withdrawal]
}

func (p *page) withdrawals() error {
	d := withdrawalList{Status: oneOf(p.r.URL.Query().Get("status"), withdrawalStates), Statuses: withdrawalStates}
	var err error
	if d.Page, err = p.api.Withdrawals(p.ctx(), client.WithdrawalFilter{Paging: p.at(30), Status: d.Status}); err != nil {
		return err
	}
	return p.show("withdrawals", d)
}

// withdrawing is the form that asks for credit to be given back.
type withdrawing struct {
	Form   form
	Credit client.Credit
	Banks  []option
}

func (p *page) prepareWithdraw(f form) (d withdrawing, err error) {
	d.Credit, err = p.api.Credit(p.ctx())
	d.Form = f.Filled(nil)
	d.Banks = append([]option{{"", p.say("money.choose-bank")}}, p.choices("bank", banks...)...)
	return d, err
}

func (p *page) withdrawForm() error {
	d, err := p.prepareWithdraw(p.form())
	if err != nil {
		return err
	}
	return p.show("withdrawal-new", d)
}

func (p *page) withdraw() error {
	f := p.form()
	made, err := p.api.Withdraw(p.ctx(), client.NewWithdrawal{Amount: typedWon(f.Get("amount")), Reason: f.Get("reason"), To: accountOf(f), Key: f.Key()})
	if err == nil {
		return p.done(p.path("credit", "withdrawals", made.ID), "money.withdrawal")
	}
	if !f.wrong(p, err, accountNames) {
		return err
	}
	d, err := p.prepareWithdraw(f)
	if err != nil {
		return err
	}
	return p.unfit("withdrawal-new", d)
}

// withdrawalView is the page of one withdrawal; with Form an operator's, who decides.
type withdrawalView struct {
	Withdrawal client.Withdrawal
	Form       form
	Asking     string // the question that is open
	Mine       bool   // who looks at it asked for it, and so does not decide
}

func (p *page) withdrawal() error {
	w, err := p.api.Withdrawal(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.show("withdrawal", withdrawalView{Withdrawal: w})
}

func (p *page) takeBack() error {
	at := p.path("credit", "withdrawals", p.r.PathValue("id"))
	if _, err := p.api.Once(p.form().Key()).CancelWithdrawal(p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, at)
	}
	return p.done(at, "money.taken-back")
}
