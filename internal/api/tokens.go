package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// TokenView is a token without its secret.
type TokenView struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Abilities  []string     `json:"abilities"`
	Addresses  []string     `json:"addresses" doc:"Networks that it may be used from; empty = anywhere."`
	Last4      string       `json:"last4" doc:"The end of its secret, to recognise it by."`
	CreatedAt  instant      `json:"created_at"`
	LastUsedAt maybeInstant `json:"last_used_at" doc:"To the minute."`
	ExpiresAt  maybeInstant `json:"expires_at" doc:"null = never."`
	RevokedAt  maybeInstant `json:"revoked_at"`
}

// setting is the token without its use.
func (v TokenView) setting() any {
	v.LastUsedAt = 0
	return v
}

// secretView is a token with its secret, once.
type secretView struct {
	TokenView
	Token         string       `json:"token" secret:"once" doc:"The secret: it is not shown again." example:"cm_live_…"`
	PreviousUntil maybeInstant `json:"previous_until,omitzero" doc:"How long the secret before is good, after a rotation."`
}

func showToken(t site.Token) (TokenView, error) {
	return TokenView{t.ID.Text(id.Token), t.Name, t.Abilities, t.Networks.Texts(), t.Last4, instant(t.CreatedAt),
		maybeInstant(t.LastUsedAt), maybeInstant(t.ExpiresAt), maybeInstant(t.RevokedAt)}, nil
}

// TokenBody is a token as it is written.
type TokenBody struct {
	Name      string   `json:"name" example:"shop"`
	Abilities []string `json:"abilities" doc:"What it may do; * is everything of the site." example:"messages:write"`
	Addresses []string `json:"addresses,omitempty" doc:"Networks that it may be used from, such as 203.0.113.0/24; none = anywhere."`
	ExpiresAt *string  `json:"expires_at,omitempty" format:"date-time" nullable:"true" doc:"null = never."`
}

type tokenAdded struct{ Body TokenBody }

type tokenNamed struct {
	ID string `path:"id" doc:"tok_…"`
}

type tokenChanged struct {
	ID   string `path:"id" doc:"tok_…"`
	Body struct {
		Name      *string   `json:"name,omitempty"`
		Abilities []string  `json:"abilities,omitempty"`
		Addresses *[]string `json:"addresses,omitempty" doc:"Empty = anywhere."`
		ExpiresAt clearable `json:"expires_at,omitempty" doc:"null = never."`
	} `nameHint:"TokenChange"`
}

type tokenRotated struct {
	ID   string `path:"id" doc:"tok_…"`
	Body *struct {
		Overlap *int64 `json:"overlap,omitempty" minimum:"0" maximum:"2592000" doc:"Seconds for which the old secret stays good; a day where it is left out, 0 = it ends at once, and all earlier ones with it."`
	} `nameHint:"TokenRotation"`
}

// defaultOverlap leaves people the time to bring the new secret to all their programs.
const defaultOverlap = 24 * time.Hour

// clearable is a time that a change sets, takes away (null) or leaves (absent).
type clearable struct {
	given bool
	at    db.Time
}

// UnmarshalJSON reads a time or null.
func (c *clearable) UnmarshalJSON(text []byte) error {
	c.given = true
	var at *time.Time
	if err := json.Unmarshal(text, &at); err != nil {
		return err
	}
	if at != nil {
		c.at = db.At(*at)
	}
	return nil
}

// Schema describes it.
func (clearable) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// change gives what is to be set, nil for nothing.
func (c clearable) change() *db.Time {
	if !c.given {
		return nil
	}
	return &c.at
}

// shelf is a place where tokens are kept: those of a site or of the operator, or a person's own.
type shelf struct {
	path, noun        string
	can, change       string // abilities
	about             string
	owner             func(x *exchange) string
	mayGive           func(x *exchange, t site.Token) error
	either, forPerson bool
}

// tokens declares the routes about tokens.
func tokens(a *api) {
	a.keepTokens(shelf{
		path: "/v1/tokens", noun: "Token", can: "tokens:read", change: "tokens:write", either: true,
		about:   "Of the site; a token of the operator that names no site works on the operator's own. Nobody can make, change or rotate a token that may more than he.",
		owner:   func(x *exchange) string { return x.site },
		mayGive: func(x *exchange, t site.Token) error { return x.call.MayGive(t.Abilities) },
	})
	a.keepTokens(shelf{
		path: "/v1/me/tokens", noun: "PersonalToken", can: access.Signed, change: access.Signed, forPerson: true,
		about:   "Of the person who signed in. A personal token may do what is in its abilities and what the person may at that moment; if he has roles on several sites, its requests name the site as an operator's do.",
		owner:   func(x *exchange) string { return site.OwnedBy(x.call.Person.ID) },
		mayGive: func(*exchange, site.Token) error { return nil },
	})
}

func (s shelf) operation(id, method, path string, status int, summary string, codes ...string) operation {
	o := operation{id: id, method: method, path: s.path + path, tag: "Tokens", ability: s.change, status: status, summary: summary, about: s.about, codes: codes, either: s.either, secondFactor: true}
	if method == http.MethodGet {
		o.ability, o.secondFactor = s.can, false
	}
	return o
}

// keepTokens declares the routes of one shelf.
func (a *api) keepTokens(s shelf) {
	const one = "/{id}"
	read(a, s.operation("list"+s.noun+"s", http.MethodGet, "", http.StatusOK, "List the tokens, oldest first, also those that ended"), s.list(a))
	read(a, s.operation("get"+s.noun, http.MethodGet, one, http.StatusOK, "Get a token"), func(tx *db.Tx, x *exchange, in *tokenNamed) (TokenView, error) {
		token, err := tokenID(in.ID)
		if err != nil {
			return TokenView{}, err
		}
		t, err := site.FindToken(tx, s.owner(x), token)
		if err != nil {
			return TokenView{}, err
		}
		return showToken(t)
	})
	write(a, s.operation("create"+s.noun, http.MethodPost, "", http.StatusCreated, "Make a token; its secret is shown this once"), s.create)
	change := s.operation("change"+s.noun, http.MethodPatch, one, http.StatusOK, "Change a token, from its next request on", fault.CodeStateConflict)
	change.lock = s.lock
	write(a, change, s.amend)
	write(a, s.operation("rotate"+s.noun, http.MethodPost, one+"/rotate", http.StatusOK, "Give a token a new secret, and let the old one end", fault.CodeStateConflict), s.rotate)
	revoke := s.operation("revoke"+s.noun, http.MethodDelete, one, http.StatusNoContent, "End a token at once and for ever")
	revoke.lock = s.lock
	revoke.secondFactor = false // ending a key must not wait for a telephone
	write(a, revoke, func(tx *db.Tx, x *exchange, in *tokenNamed) (nothing, error) {
		token, err := tokenID(in.ID)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, site.Revoke(tx, s.owner(x), token)
	})
}

// lock holds the token that the path names: a person's is the same one whatever site a request
// names.
func (s shelf) lock(tx *db.Tx, x *exchange) error {
	token, err := tokenID(x.request.PathValue("id"))
	if err != nil {
		return err
	}
	return site.LockToken(tx, s.owner(x), token)
}

// tokenID reads the id of a path; what is none names nothing.
func tokenID(text string) (id.ID, error) { return named(id.Token, "token", text) }

func (s shelf) list(a *api) func(tx *db.Tx, x *exchange, in *Paging) (listOf[TokenView], error) {
	return func(tx *db.Tx, x *exchange, in *Paging) (out listOf[TokenView], err error) {
		l, err := a.list(tx, x, "tokens", s.owner(x))
		if err != nil {
			return out, err
		}
		var after id.ID
		if err := l.after(in.Cursor, &after); err != nil {
			return out, err
		}
		rows, err := site.Tokens(tx, s.owner(x), after, in.Limit+1)
		if err != nil {
			return out, err
		}
		return pageOf(l, rows, in.Limit, showToken, func(t site.Token) any { return t.ID })
	}
}

func (s shelf) create(tx *db.Tx, x *exchange, in *tokenAdded) (out secretView, err error) {
	order := site.TokenOrder{Owner: s.owner(x), Name: in.Body.Name, Abilities: in.Body.Abilities, Networks: in.Body.Addresses}
	if at := in.Body.ExpiresAt; at != nil {
		ends, err := parseInstant(*at)
		if err != nil {
			return out, fault.Check("/expires_at", "want a time such as 2026-12-01T09:00:00+09:00")
		}
		order.Expires = db.At(ends)
	}
	t, secret, err := site.CreateToken(tx, order)
	if err != nil {
		return out, err
	}
	if err := s.mayGive(x, t); err != nil {
		return out, err
	}
	out.Token = secret
	out.TokenView, err = showToken(t)
	return out, err
}

func (s shelf) may(x *exchange) func(site.Token) error {
	return func(t site.Token) error { return s.mayGive(x, t) }
}

func (s shelf) amend(tx *db.Tx, x *exchange, in *tokenChanged) (TokenView, error) {
	token, err := tokenID(in.ID)
	if err != nil {
		return TokenView{}, err
	}
	c := site.TokenChange{Name: in.Body.Name, Abilities: in.Body.Abilities, Networks: in.Body.Addresses, Expires: in.Body.ExpiresAt.change()}
	t, err := site.ChangeToken(tx, s.owner(x), token, c, s.may(x))
	if err != nil {
		return TokenView{}, err
	}
	return showToken(t)
}

func (s shelf) rotate(tx *db.Tx, x *exchange, in *tokenRotated) (out secretView, err error) {
	token, err := tokenID(in.ID)
	if err != nil {
		return out, err
	}
	overlap := defaultOverlap
	if in.Body != nil && in.Body.Overlap != nil {
		overlap = time.Duration(*in.Body.Overlap) * time.Second
	}
	t, secret, err := site.Rotate(tx, s.owner(x), token, overlap, s.may(x))
	if err != nil {
		return out, err
	}
	out.Token, out.PreviousUntil = secret, maybeInstant(tx.Now.Add(overlap))
	out.TokenView, err = showToken(t)
	return out, err
}
