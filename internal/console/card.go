package console

import (
	"slices"
	"strconv"

	"creditmsg/client"
)

func cardScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/credit/methods", do: (*page).cards},
		{pattern: "GET /s/{site}/credit/methods/return", do: (*page).cardReturn},
		{pattern: "POST /s/{site}/credit/methods", do: (*page).addCard},
		{pattern: "GET /s/{site}/credit/methods/{id}/window", do: (*page).cardWindow},
		{pattern: "POST /s/{site}/credit/methods/{id}/move", do: (*page).moveCard},
		{pattern: "POST /s/{site}/credit/methods/{id}/remove", do: (*page).removeCard},
	}
}

// cardList is the page of stored cards.
type cardList struct {
	Cards    []client.PaymentMethod
	Gateways []option // that keep cards
	Form     form
}

func (p *page) cards() error { return p.showCards(p.form()) }

func (p *page) showCards(f form) error {
	cards, err := p.api.PaymentMethods(p.ctx())
	if err != nil {
		return err
	}
	gateways, err := p.api.Gateways(p.ctx())
	if err != nil {
		return err
	}
	d := cardList{Cards: cards.Data, Form: f.Filled(nil)}
	for _, g := range gateways.Data {
		if slices.Contains(g.Methods, "stored") {
			d.Gateways = append(d.Gateways, option{g.Name, p.word("gateway", g.Kind)})
		}
	}
	if f.Errors != nil || f.Problem != "" {
		return p.unfit("methods", d)
	}
	return p.show("methods", d)
}

func (p *page) addCard() error {
	f := p.form()
	n := client.NewPaymentMethod{Gateway: f.Get("gateway"), ReturnURL: p.address(p.path("credit", "methods", "return"))}
	if p.me.Person != nil {
		n.Payer = client.Payer{Name: p.me.Person.Name, Email: p.me.Person.Email}
	}
	_, err := p.api.Once(f.Key()).AddPaymentMethod(p.ctx(), n)
	if err == nil {
		return p.done(p.path("credit", "methods"), "money.card-begun")
	}
	if f.wrong(p, err, nil) {
		return p.showCards(f)
	}
	return err
}

// cardReturn is where the owner of a card comes back to.
func (p *page) cardReturn() error {
	id := p.r.URL.Query().Get("payment_method")
	c, err := p.api.PaymentMethod(p.ctx(), id)
	switch {
	case err != nil:
		return p.lead(p.path("credit", "methods"))
	case c.Status == "active":
		return p.done(p.path("credit", "methods"), "money.card-added")
	}
	return p.lead(p.path("credit", "methods"))
}

// moveCard puts a card before the one above it, or behind the one below it. Cards that stand at the
// same place are told apart by their age, so both get a place of their own.
func (p *page) moveCard() error {
	id, up := p.r.PathValue("id"), p.form().Get("to") == "up"
	list, err := p.api.PaymentMethods(p.ctx())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list.Data, func(c client.PaymentMethod) bool { return c.ID == id })
	if at < 0 {
		return p.nothing()
	}
	to := at + 1
	if up {
		to = at - 1
	}
	if to >= 0 && to < len(list.Data) {
		list.Data[at], list.Data[to] = list.Data[to], list.Data[at]
	}
	for place, c := range list.Data {
		if c.Place == place {
			continue
		}
		if _, err := p.api.MovePaymentMethod(p.ctx(), c.ID, place); err != nil {
			return p.refused(err, p.path("credit", "methods"))
		}
	}
	return p.lead(p.path("credit", "methods") + "#card-" + id)
}

func (p *page) removeCard() error {
	err := p.api.Once(p.form().Key()).RemovePaymentMethod(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return p.refused(err, p.path("credit", "methods"))
	}
	return p.done(p.path("credit", "methods"), "money.card-removed")
}

func rechargeScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/credit/recharge", do: (*page).rechargeForm},
		{pattern: "POST /s/{site}/credit/recharge", do: (*page).setRecharge},
	}
}

// rechargeView is the page of the automatic recharge.
type rechargeView struct {
	Form  form
	Rule  client.AutoRecharge
	Hows  []option
	Cards []option
	Last  []client.Payment // that it made
}

// rechargeNames are where the fields of a rule stand in its form.
var rechargeNames = map[string]string{"/amount": "sum", "/target": "sum"}

// prepareRecharge reads the rule, and what the form is made from.
func (p *page) prepareRecharge() (d rechargeView, s settles, tag string, err error) {
	if d.Rule, err = p.api.Noting(&tag).AutoRecharge(p.ctx()); err != nil {
		return d, s, tag, err
	}
	cards, err := p.api.PaymentMethods(p.ctx())
	if err != nil {
		return d, s, tag, err
	}
	d.Cards = []option{{"", p.say("money.first-card")}}
	for _, c := range cards.Data {
		if c.Status == "active" {
			d.Cards = append(d.Cards, option{c.ID, c.Label})
		}
	}
	payments, err := p.api.Payments(p.ctx(), client.PaymentFilter{Paging: client.Paging{Limit: 100}})
	if err != nil {
		return d, s, tag, err
	}
	d.Last = slices.DeleteFunc(payments.Data, func(v client.Payment) bool { return !v.Automatic })
	d.Last = d.Last[:min(5, len(d.Last))]
	d.Hows = p.choices("money-how", "amount", "target")
	how, sum := "amount", d.Rule.Amount
	if d.Rule.Target != "" {
		how, sum = "target", d.Rule.Target
	}
	s = settles{names: []string{"enabled", "threshold", "how", "sum", "method_id", "daily_cap", "monthly_cap"}, label: "money.f", now: map[string]string{
		"threshold": plainWon(d.Rule.Threshold), "how": how, "sum": plainWon(sum), "method_id": d.Rule.MethodID, "enabled": "",
		"daily_cap": plainWon(d.Rule.DailyCap), "monthly_cap": plainWon(d.Rule.MonthlyCap),
	}}
	if d.Rule.Enabled {
		s.now["enabled"] = "on"
	}
	return d, s, tag, nil
}

func (p *page) rechargeForm() error {
	d, s, tag, err := p.prepareRecharge()
	if err != nil {
		return err
	}
	d.Form = s.begin(p.form(), tag)
	return p.show("recharge", d)
}

func (p *page) setRecharge() error {
	f := p.form()
	r := client.AutoRecharge{Enabled: f.Get("enabled") != "", Threshold: typedWon(f.Get("threshold")), MethodID: f.Get("method_id"),
		DailyCap: typedWon(f.Get("daily_cap")), MonthlyCap: typedWon(f.Get("monthly_cap"))}
	if f.Get("how") == "target" {
		r.Target = typedWon(f.Get("sum"))
	} else {
		r.Amount = typedWon(f.Get("sum"))
	}
	_, err := p.unchanged(f).SetAutoRecharge(p.ctx(), r)
	if err == nil {
		return p.done(p.path("credit", "recharge"), "money.recharge")
	}
	d, s, tag, err2 := p.prepareRecharge()
	if err2 != nil {
		return err2
	}
	if isOvertaken(err) {
		s.overtaken(p, &f, tag)
	} else if !f.wrong(p, err, rechargeNames) {
		return err
	}
	d.Form = f
	return p.unfit("recharge", d)
}

// count is a whole number that was typed: "" = none; ok is false for what is no number.
func count(text string) (n *int64, ok bool) {
	if text = string(typedWon(text)); text == "" {
		return nil, true
	}
	value, err := strconv.ParseInt(text, 10, 64)
	return &value, err == nil
}
