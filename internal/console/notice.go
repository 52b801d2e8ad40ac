package console

import "net/http"

const noticeCookie = "creditmsg-notice"

// done leads on to a page, which then says once what was done: the text of a key.
func (p *page) done(path, key string) error {
	p.set(&http.Cookie{Name: noticeCookie, Value: key, MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return p.lead(path)
}

// notice is what was just done.
func (p *page) notice() string {
	c, err := p.r.Cookie(noticeCookie)
	if err != nil || c.Value == "" {
		return ""
	}
	p.set(&http.Cookie{Name: noticeCookie, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	out, err := p.text("done." + c.Value)
	if err != nil {
		return ""
	}
	return out
}
