package console

import (
	"creditmsg/client"
)

// tossScript is the only script of somebody else that a page of ours loads, and only the page that
// opens that gateway's window does: it has no other way in.
const tossScript = "https://js.tosspayments.com/v2/standard"

// windowPolicy lets that page load the gateway's script and show its window.
const windowPolicy = "default-src 'none'; script-src 'self' https://js.tosspayments.com; style-src 'self'; font-src 'self'; img-src 'self' data: https://*.tosspayments.com; " +
	"connect-src 'self' https://*.tosspayments.com; frame-src https://*.tosspayments.com; form-action 'self' https://*.tosspayments.com; base-uri 'none'; frame-ancestors 'none'"

// goesOn is where a browser goes on at a gateway: its page, or ours that opens its window; "" = nowhere.
func goesOn(c *client.Checkout, window string) string {
	switch {
	case c == nil:
		return ""
	case c.URL != "":
		return c.URL
	case c.Script == tossScript:
		return window
	}
	return ""
}

// windowView is the page that opens a gateway's window.
type windowView struct {
	Script string
	Fields map[string]string
	Back   string
}

// showWindow shows the page that opens a gateway's window, or leads back where there is nothing to open.
func (p *page) showWindow(c *client.Checkout, back string) error {
	if c == nil || c.Script != tossScript {
		return p.lead(back)
	}
	h := p.w.Header()
	h.Set("Content-Security-Policy", windowPolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // it may open the card company's
	return p.show("pay-window", windowView{c.Script, c.Fields, back})
}

func (p *page) payWindow() error {
	v, err := p.api.Payment(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showWindow(v.Checkout, p.path("credit", "payments", v.ID))
}

func (p *page) cardWindow() error {
	c, err := p.api.PaymentMethod(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showWindow(c.Checkout, p.path("credit", "methods"))
}

// CardGo is where the owner of a card that is pending goes on.
func (s view) CardGo(c client.PaymentMethod) string {
	return goesOn(c.Checkout, s.Path("credit", "methods", c.ID, "window"))
}
