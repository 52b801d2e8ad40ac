package console

import (
	"net/http"
	"strings"
	"time"

	"creditmsg/client"
)

func sessionScreens() []screen {
	return []screen{
		{pattern: "GET /sign-in", open: true, do: (*page).signInForm},
		{pattern: "POST /sign-in", open: true, do: (*page).signIn},
		{pattern: "POST /sign-out", open: true, do: (*page).signOut},
		{pattern: "POST /look", open: true, do: (*page).setLook},
	}
}

// cookie is the session's name. Over TLS its prefix has the browser keep it to this host and to TLS.
func (p *page) cookie() string {
	if p.encrypted() {
		return "__Host-creditmsg"
	}
	return "creditmsg"
}

func (p *page) encrypted() bool { return p.Secure || p.r.TLS != nil }

// secret is the session's, as the browser keeps it.
func (p *page) secret() string {
	c, err := p.r.Cookie(p.cookie())
	if err != nil {
		return ""
	}
	return c.Value
}

// keep has the browser keep a session until it ends.
func (p *page) keep(s client.SignedIn) {
	p.set(&http.Cookie{Name: p.cookie(), Value: s.Secret, Expires: s.ExpiresAt, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (p *page) set(c *http.Cookie) {
	c.Path, c.Secure = "/", p.encrypted()
	http.SetCookie(p.w, c)
}

// forget has the browser drop the session.
func (p *page) forget() {
	p.set(&http.Cookie{Name: p.cookie(), MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// signingIn is what the page of signing in shows.
type signingIn struct {
	Form form
	Code bool   // the second factor is asked for
	Next string // where to go then
	Kept []kept // of the form that was sent when the session had ended
}

func (p *page) signInForm() error {
	if p.secret() != "" && p.identify() == nil {
		return p.lead(here(p.r.URL.Query().Get("next")))
	}
	return p.show("sign-in", signingIn{Next: here(p.r.URL.Query().Get("next"))})
}

// here is a path of ours that was given to us, and the first page where it is none.
func here(path string) string {
	if path != Root && !strings.HasPrefix(path, Root+"/") && !strings.HasPrefix(path, Root+"?") || strings.ContainsAny(path, "\\\n\r") {
		return Root
	}
	return path
}

func (p *page) signIn() error {
	f := p.form()
	in := signingIn{Form: f, Next: here(f.Get("next")), Kept: keptOf(p.r.PostForm), Code: f.Get("code") != ""}
	s, err := p.client.SignIn(p.ctx(), f.Get("email"), f.Get("password"), strings.TrimSpace(f.Get("code")))
	if err != nil {
		in.Code = in.Code || factorOf(err) != ""
		if client.IsProblem(err, "unauthenticated") || in.Form.wrong(p, err, nil) {
			return p.unfit("sign-in", in.refused(p, err))
		}
		return err
	}
	p.keep(s)
	p.r.Header.Del("Cookie")
	p.r.AddCookie(&http.Cookie{Name: p.cookie(), Value: s.Secret})
	if len(in.Kept) > 0 {
		return p.again(http.MethodGet, in.Next, in.Kept)
	}
	return p.lead(in.Next)
}

// refused says why somebody is not let in. That a code is asked for is no reproach the first time.
func (in signingIn) refused(p *page, err error) signingIn {
	switch {
	case !client.IsProblem(err, "unauthenticated"):
	case factorOf(err) == "":
		in.Form.Problem = p.say("sign-in.wrong")
	case in.Form.Get("code") != "":
		in.Form.Errors = map[string]string{"code": p.say("confirm.wrong")}
	}
	return in
}

func (p *page) signOut() error {
	if secret := p.secret(); secret != "" {
		err := p.client.As(secret).SignOut(p.ctx())
		if err != nil && !client.IsProblem(err, "unauthenticated") {
			return err
		}
	}
	p.forget()
	return p.lead(to("sign-in"))
}

// lookFor is how long a browser remembers how its person wants to see us.
const lookFor = 400 * 24 * time.Hour

// setLook remembers the language and the theme in the browser.
func (p *page) setLook() error {
	f := p.form()
	for name, choices := range map[string][]string{langCookie: languages, themeCookie: themes} {
		for _, one := range choices {
			if f.Get(name) == one {
				p.set(&http.Cookie{Name: name, Value: one, MaxAge: int(lookFor.Seconds()), SameSite: http.SameSiteLaxMode})
			}
		}
	}
	return p.lead(here(f.Get("next")))
}
