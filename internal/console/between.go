package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"creditmsg/client"
)

func betweenScreens() []screen {
	return []screen{{pattern: "POST /confirm", do: (*page).confirm}}
}

// kept is a field that is carried along while somebody signs in, or gives his second factor.
type kept struct{ Name, Value string }

// keptMark begins the names of fields that are carried along.
const keptMark = "_kept."

// unkept are fields that are asked for again instead.
var unkept = []string{"password", "new_password", "code"}

// keptOf gives what a page in between was handed to carry along.
func keptOf(v url.Values) (out []kept) {
	for name, values := range v {
		if rest, ok := strings.CutPrefix(name, keptMark); ok {
			for _, value := range values {
				out = append(out, kept{rest, value})
			}
		}
	}
	return out
}

// carry gives what was typed into the form of this request.
func (p *page) carry() (out []kept) {
	if p.r.Method != http.MethodPost {
		return nil
	}
	out = []kept{{pathField, p.r.URL.RequestURI()}}
	for name, values := range p.r.PostForm {
		if slices.Contains(unkept, name) {
			continue
		}
		for _, value := range values {
			out = append(out, kept{name, value})
		}
	}
	return out
}

// again does what was asked for before somebody signed in or gave his second factor: with GET the
// form is shown with what was typed, with POST it is sent.
func (p *page) again(method, home string, list []kept) error {
	typed, path := url.Values{}, home
	for _, one := range list {
		if one.Name == pathField {
			path = here(one.Value)
		} else {
			typed.Add(one.Name, one.Value)
		}
	}
	next, err := url.Parse(path)
	if err != nil {
		return errForm
	}
	r := p.r.Clone(p.r.Context())
	r.Method, r.URL, r.PostForm = method, next, typed
	r.RequestURI = next.RequestURI()
	if method == http.MethodGet {
		if _, pattern := p.mux.Handler(r); pattern == Root+"/" {
			return p.lead(home) // nothing was typed there: it was a button of some page
		}
		r.PostForm, r = nil, r.WithContext(context.WithValue(r.Context(), typedKey{}, typed))
	}
	p.mux.ServeHTTP(p.w, r)
	return nil
}

type typedKey struct{}

// confirming is what the page shows that asks for the second factor.
type confirming struct {
	Form form
	Kept []kept
	Next string
}

// confirm takes a code of the second factor, and then does what needed it.
func (p *page) confirm() error {
	f := p.form()
	in := confirming{Form: f, Kept: keptOf(p.r.PostForm), Next: here(f.Get("next"))}
	if _, err := p.api.Confirm(p.ctx(), strings.TrimSpace(f.Get("code"))); err != nil {
		if in.Form.wrongCode(p, err) {
			return p.unfit("confirm", in)
		}
		return err
	}
	if len(in.Kept) > 0 {
		return p.again(http.MethodPost, in.Next, in.Kept)
	}
	return p.lead(in.Next)
}

// between shows the page that has to come before what was asked for: signing in where nobody is
// signed in, the second factor where it is asked for. It reports whether there is one.
func (p *page) between(err error) (asked bool, _ error) {
	var problem *client.Problem
	if !errors.As(err, &problem) {
		return false, nil
	}
	next := p.r.URL.RequestURI()
	if p.r.Method != http.MethodGet {
		next = here(p.form().Get("next"))
	}
	switch {
	case problem.Status == http.StatusUnauthorized:
		if p.wantsPiece() {
			p.w.Header().Set("HX-Refresh", "true") // the page around it asks to sign in
			p.w.WriteHeader(http.StatusNoContent)
			return true, nil
		}
		if p.r.Method == http.MethodGet {
			return true, p.lead(to("sign-in") + "?next=" + url.QueryEscape(next))
		}
		return true, p.showAs(http.StatusUnauthorized, "sign-in", signingIn{Next: next, Kept: p.carry()})
	case factorOf(problem) == "enrol":
		return true, p.showAs(http.StatusForbidden, "enrol-first", nil)
	case factorOf(problem) == "required":
		return true, p.showAs(http.StatusForbidden, "confirm", confirming{Next: next, Kept: p.carry()})
	}
	return false, nil
}

// wantsPiece reports whether a page asks for a part of itself.
func (p *page) wantsPiece() bool { return p.r.Header.Get("HX-Request") == "true" }

// factorOf tells what a refusal says of the second factor: "" = it is about something else.
func factorOf(err error) string {
	var problem *client.Problem
	if !errors.As(err, &problem) {
		return ""
	}
	var more struct {
		Factor string `json:"second_factor"`
	}
	_ = json.Unmarshal(problem.Raw, &more) // what is no object has no member
	return more.Factor
}
