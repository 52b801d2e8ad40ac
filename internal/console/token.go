package console

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/client"
)

// shelves are where tokens are kept: those of a site, of the installation, and one's own.
var shelves = []string{"/s/{site}/settings/api/tokens", "/operator/access/tokens", "/me/tokens"}

func tokenScreens() (out []screen) {
	for _, base := range shelves {
		out = append(out,
			screenAt("GET", base, "", (*page).tokens),
			screenAt("GET", base, "/new", (*page).tokenForm),
			screenAt("POST", base, "/new", (*page).addToken),
			screenAt("GET", base, "/{id}", (*page).token),
			screenAt("POST", base, "/{id}", (*page).setToken),
			screenAt("POST", base, "/{id}/rotate", (*page).rotateToken),
			screenAt("POST", base, "/{id}/revoke", (*page).revokeToken),
		)
	}
	return out
}

// shelf is the tokens that a page is about, by what the client does with them.
type shelf struct {
	Mine   bool   // the person's own
	Path   string // of the list
	Back   string // of where it was come from; "" = it has tabs
	list   func(*client.Client, context.Context, client.Paging) (client.Page[client.Token], error)
	get    func(*client.Client, context.Context, string) (client.Token, error)
	create func(*client.Client, context.Context, client.NewToken) (client.SecretToken, error)
	change func(*client.Client, context.Context, string, client.TokenChange) (client.Token, error)
	rotate func(*client.Client, context.Context, string, time.Duration) (client.SecretToken, error)
	revoke func(*client.Client, context.Context, string) error
}

func (p *page) shelf() shelf {
	if strings.HasPrefix(p.r.URL.Path, to("me", "tokens")) {
		return shelf{true, to("me", "tokens"), to("me"), (*client.Client).PersonalTokens, (*client.Client).PersonalToken, (*client.Client).CreatePersonalToken,
			(*client.Client).ChangePersonalToken, (*client.Client).RotatePersonalToken, (*client.Client).RevokePersonalToken}
	}
	path := to("operator", "access", "tokens")
	if p.site != "" {
		path = p.path("settings", "api", "tokens")
	}
	return shelf{false, path, "", (*client.Client).Tokens, (*client.Client).TokenByID, (*client.Client).CreateToken,
		(*client.Client).ChangeToken, (*client.Client).RotateToken, (*client.Client).RevokeToken}
}

// mayGive reports whether this person may make a token of the shelf that may something.
func (p *page) mayGive(s shelf, ability string) bool {
	if !s.Mine || p.me.Operator {
		return p.can(ability) || p.me.Operator
	}
	return slices.ContainsFunc(p.me.Person.Roles, func(r client.RoleOnSite) bool { return slices.Contains(r.Permissions, ability) })
}

// mayAll reports whether the person may everything here, and so make a token that does.
func (p *page) mayAll(s shelf) bool {
	return !slices.ContainsFunc(abilities, func(one string) bool { return !p.mayGive(s, one) })
}

// MayChange reports whether tokens of the shelf can be made and changed.
func (s view) MayChange(of shelf) bool {
	return of.Mine || s.page.can("tokens:write") || s.page.me.Operator
}

// tokenList is the page of tokens.
type tokenList struct {
	Shelf shelf
	Page  client.Page[client.Token]
	Ended string // not empty: those that ended are shown too
	Limit *client.TokenLimits
}

func (p *page) tokens() error {
	d := tokenList{Shelf: p.shelf(), Ended: oneOf(p.r.URL.Query().Get("ended"), []string{"1"})}
	var err error
	d.Page, err = d.Shelf.list(p.api, p.ctx(), client.Paging{Limit: 100, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	if d.Ended == "" {
		now := time.Now()
		d.Page.Data = slices.DeleteFunc(d.Page.Data, func(t client.Token) bool { return stateOf(t, now) != "active" })
	}
	if p.site != "" && p.can("messages:read") {
		l, err := p.api.Limits(p.ctx())
		if err != nil {
			return err
		}
		d.Limit = &l.Token
	}
	return p.show("tokens", d)
}

// stateOf is how a token stands: active, expired or revoked.
func stateOf(t client.Token, now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(now):
		return "expired"
	}
	return "active"
}

// State is how a token stands.
func (s view) State(t client.Token) string { return stateOf(t, time.Now()) }

// tokenView is the page of a token, or of one that is to be made.
type tokenView struct {
	Shelf  shelf
	Token  client.Token
	State  string
	Form   form
	Rows   []abilityRow
	All    bool // one that may everything can be made
	House  bool // one of operators can be made
	Terms  []choice
	Theirs []choice
}

// tokenTerms are in how many days a new token can end; "" is never, and day the day that is named.
var tokenTerms = []string{"90", "30", "365", "", "day"}

func (p *page) newTokenView(f form) tokenView {
	s := p.shelf()
	d := tokenView{Shelf: s, Form: f, Rows: abilityRows(func(a string) bool { return p.mayGive(s, a) }, f.chosen("abilities"))}
	has := f.chosen("abilities")
	d.All = p.mayAll(s) || slices.Contains(has, "*")
	d.House = p.me.Operator && p.site == "" || slices.Contains(has, "operator")
	d.Terms = p.wordsOf(func(one string) string { return p.word("token-term", orNever(one)) }, tokenTerms...)
	return d
}

func orNever(term string) string {
	if term == "" {
		return "never"
	}
	return term
}

func (p *page) tokenForm() error {
	return p.showNewToken(p.form().fill(url.Values{"term": {tokenTerms[0]}}))
}

func (p *page) showNewToken(f form) error {
	if f.Problem != "" {
		return p.unfit("token-new", p.newTokenView(f))
	}
	return p.show("token-new", p.newTokenView(f))
}

// ends reads when a token is to end.
func (p *page) ends(f *form) (at time.Time, ok bool) {
	switch term := f.Get("term"); term {
	case "":
		return time.Time{}, true
	case "day":
		if at = dayAfter(f.Get("expires_on")); at.IsZero() {
			f.Errors, f.Problem = map[string]string{"expires_on": p.say("token.no-day")}, p.say("form.wrong")
			return at, false
		}
		return at, true
	default:
		days, _ := strconv.Atoi(term)
		return time.Now().AddDate(0, 0, min(max(days, 1), 3650)).In(korea).Truncate(time.Second), true
	}
}

// tokenNames are where fields of the API stand in the forms of tokens.
func tokenNames(abilities, addresses int) map[string]string {
	out := listed("/abilities", "abilities", abilities)
	for pointer, name := range listed("/addresses", "addresses", addresses) {
		out[pointer] = name
	}
	out["/expires_at"] = "expires_on"
	return out
}

func (p *page) addToken() error {
	f := p.form()
	n := client.NewToken{Name: strings.TrimSpace(f.Get("name")), Abilities: f.chosen("abilities"), Addresses: f.linesOf("addresses")}
	at, ok := p.ends(&f)
	if !ok {
		return p.showNewToken(f)
	}
	if !at.IsZero() {
		n.ExpiresAt = p.sameEnd(&f, at)
	}
	made, err := p.shelf().create(p.once(f), p.ctx(), n)
	if err != nil {
		if f.wrong(p, err, tokenNames(len(n.Abilities), len(n.Addresses))) {
			return p.showNewToken(f)
		}
		return err
	}
	p.private()
	return p.show("token-made", madeToken{p.shelf(), made, false})
}

// sameEnd is the end of a token that is so many days from now, to the day: a form that is sent twice
// has to say the same twice.
func (p *page) sameEnd(f *form, at time.Time) *time.Time {
	if f.Get("term") != "day" {
		y, m, d := at.In(korea).Date()
		at = time.Date(y, m, d+1, 0, 0, 0, 0, korea)
	}
	return &at
}

// madeToken is a token with its secret, which is shown this once.
type madeToken struct {
	Shelf   shelf
	Token   client.SecretToken
	Rotated bool
}

func (p *page) token() error { return p.showToken(p.form(), false) }

func (p *page) showToken(f form, theirs bool) error {
	s := p.shelf()
	var tag string
	t, err := s.get(p.api.Noting(&tag), p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	now := url.Values{"name": {t.Name}, "abilities": t.Abilities, "addresses": {strings.Join(t.Addresses, "\n")}, "term": {""}, tagField: {tag}}
	if !t.ExpiresAt.IsZero() {
		now.Set("term", "day")
		now.Set("expires_on", t.ExpiresAt.Add(-time.Second).In(korea).Format(time.DateOnly))
	}
	f = f.fill(now)
	var other []choice
	if theirs {
		f.fresh(p, tag)
		other = []choice{{t.Name, p.say("token.name")}, {p.named("ability", t.Abilities), p.say("token.abilities")}, {strings.Join(t.Addresses, ", "), p.say("token.addresses")}, {p.moment(t.ExpiresAt), p.say("token.ends")}}
	}
	d := p.newTokenView(f)
	d.Token, d.State, d.Theirs = t, stateOf(t, time.Now()), other
	d.Terms = p.wordsOf(func(one string) string { return p.word("token-term", orNever(one)) }, "", "day")
	if f.Problem != "" {
		return p.unfit("token", d)
	}
	return p.show("token", d)
}

func (p *page) setToken() error {
	f := p.form()
	name, addresses := strings.TrimSpace(f.Get("name")), f.linesOf("addresses")
	list := f.chosen("abilities")
	if len(list) == 0 {
		f.Errors, f.Problem = map[string]string{"abilities": p.say("token.no-ability")}, p.say("form.wrong")
		return p.showToken(f, false)
	}
	at, ok := p.ends(&f)
	if !ok {
		return p.showToken(f, false)
	}
	ch := client.TokenChange{Name: &name, Abilities: list, Addresses: &addresses, ExpiresAt: &client.Expiry{Time: at}}
	_, err := p.shelf().change(p.onto(f), p.ctx(), p.r.PathValue("id"), ch)
	switch {
	case overtaken(err):
		return p.showToken(f, true)
	case err != nil && f.wrong(p, err, tokenNames(len(list), len(addresses))):
		return p.showToken(f, false)
	case err != nil:
		return err
	}
	return p.done(p.shelf().Path, "token.changed")
}

func (p *page) rotateToken() error {
	f, s := p.form(), p.shelf()
	hours, _ := strconv.Atoi(f.Get("overlap")) // what is no number ends the old one at once
	made, err := s.rotate(p.once(f), p.ctx(), p.r.PathValue("id"), time.Duration(hours)*time.Hour)
	if err != nil {
		return p.refused(err, s.Path+"/"+url.PathEscape(p.r.PathValue("id")))
	}
	p.private()
	return p.show("token-made", madeToken{s, made, true})
}

func (p *page) revokeToken() error {
	s := p.shelf()
	if err := s.revoke(p.once(p.form()), p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, s.Path+"/"+url.PathEscape(p.r.PathValue("id")))
	}
	return p.done(s.Path, "token.revoked")
}
