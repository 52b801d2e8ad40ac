package server

import (
	"context"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// Token is the right of a program to use the API, without its secret.
type Token struct {
	ID         string    `json:"id"`
	Site       string    `json:"site"` // or operator, or usr_… of a person
	Name       string    `json:"name"`
	Abilities  []string  `json:"abilities"`
	Addresses  []string  `json:"addresses"` // networks that it may be used from; none = anywhere
	Last4      string    `json:"last4"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
}

func tokenOf(t site.Token) Token {
	owner := t.Owner()
	if owner == "" {
		owner = site.Operator
	}
	return Token{ID: t.ID.Text(id.Token), Site: owner, Name: t.Name, Abilities: t.Abilities, Addresses: t.Networks.Texts(), Last4: t.Last4,
		CreatedAt: t.CreatedAt.Time(), LastUsedAt: t.LastUsedAt.Time(), ExpiresAt: t.ExpiresAt.Time(), RevokedAt: t.RevokedAt.Time()}
}

// NewToken is a token that was made just now; its secret is never shown again.
type NewToken struct {
	ID        string   `json:"id"`
	Secret    string   `json:"token"`
	Abilities []string `json:"abilities"`
	Addresses []string `json:"addresses,omitempty"`
}

// siteOf reads SITE|operator.
func siteOf(owner string) string {
	if owner == site.Operator {
		return ""
	}
	return owner
}

// CreateToken makes a token of a site, or of the operator. expires is a time from now
// such as 90d or 12h, "" = never; without networks it can be used from anywhere. Faults:
// Invalid, NotFound.
func (p *Operator) CreateToken(ctx context.Context, owner, name string, abilities []string, expires string, networks ...string) (NewToken, error) {
	return p.makeToken(ctx, site.TokenOrder{Owner: siteOf(owner), Name: name, Abilities: abilities, Networks: networks}, expires, nil)
}

// CreateTestToken makes a token of the test site of a site, which is made if it is not there.
// Faults: Invalid, NotFound.
func (p *Operator) CreateTestToken(ctx context.Context, owner, name string, abilities []string, expires string, networks ...string) (NewToken, error) {
	if siteOf(owner) == "" {
		return NewToken{}, fault.Check("--test", "the operator has no test site; name a site")
	}
	o := site.TokenOrder{Owner: site.TestID(owner), Name: name, Abilities: abilities, Networks: networks}
	return p.makeToken(ctx, o, expires, func(tx *db.Tx) error {
		_, err := p.sandbox.Make(tx, owner)
		return err
	})
}

// makeToken makes a token after what has to be done before it, in one transaction.
func (p *Operator) makeToken(ctx context.Context, o site.TokenOrder, expires string, before func(*db.Tx) error) (t NewToken, err error) {
	valid, err := parseExpiry("--expires", expires)
	if err != nil {
		return NewToken{}, err
	}
	err = p.d.Update(ctx, "operator_create_token", func(tx *db.Tx) error {
		if before != nil {
			if err := before(tx); err != nil {
				return err
			}
		}
		order := o
		if valid > 0 {
			order.Expires = tx.Now.Add(valid)
		}
		made, secret, err := site.CreateToken(tx, order)
		t = NewToken{made.ID.Text(id.Token), secret, made.Abilities, made.Networks.Texts()}
		return err
	})
	return t, err
}

// longestExpiry keeps a time from now inside what can be stored.
const longestExpiry = 100 * 365

func parseExpiry(flag, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	wrong := fault.Check(flag, "%q is not a time from now such as 90d or 12h", text)
	if days, is := strings.CutSuffix(text, "d"); is {
		n, err := strconv.Atoi(days)
		if err != nil || n <= 0 || n > longestExpiry {
			return 0, wrong
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, wrong
	}
	return d, nil
}

// Tokens gives the tokens of a site, of the operator, or of somebody by his id or his address; of
// all of them with "". NotFound.
func (p *Operator) Tokens(ctx context.Context, owner string) (all List[Token], err error) {
	err = p.d.Snapshot(ctx, "operator_tokens", func(tx *db.Tx) error {
		all = List[Token]{Data: []Token{}}
		collect := func(t site.Token) error {
			all.Data = append(all.Data, tokenOf(t))
			return nil
		}
		if owner == "" {
			return p.everyToken(tx, collect)
		}
		whose, err := p.tokenOwner(tx, owner)
		if err != nil {
			return err
		}
		return eachToken(tx, whose, collect)
	})
	return all, err
}

// tokenOwner is how tokens are found of a site, the operator or somebody.
func (p *Operator) tokenOwner(tx *db.Tx, named string) (string, error) {
	if named == site.Operator {
		return "", nil
	}
	if strings.Contains(named, "@") || strings.HasPrefix(named, string(id.User)+"_") {
		who, err := p.user(tx, named)
		return site.OwnedBy(who.ID), err
	}
	_, err := site.Find(tx, named)
	return named, err
}

// everyToken calls do for the tokens of the operator, of all sites and of all people.
func (p *Operator) everyToken(tx *db.Tx, do func(site.Token) error) error {
	err := eachToken(tx, "", do)
	if err == nil {
		err = eachSite(tx, func(s site.Site) error { return eachToken(tx, s.ID, do) })
	}
	if err == nil {
		err = p.eachUser(tx, "", func(u access.User) error { return eachToken(tx, site.OwnedBy(u.ID), do) })
	}
	return err
}

// eachToken calls do for every token of an owner.
func eachToken(tx *db.Tx, owner string, do func(site.Token) error) error {
	for after := (id.ID{}); ; {
		page, err := site.Tokens(tx, owner, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, t := range page {
			if err := do(t); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}

// token finds whose a token is.
func tokenOwner(tx *db.Tx, token string) (id.ID, string, error) {
	which, err := id.Parse(id.Token, token)
	if err != nil {
		return id.ID{}, "", fault.Check("ID", "%q is not the id of a token, such as tok_01k…; token list shows them", token)
	}
	owner, err := site.OwnerOf(tx, which)
	return which, owner, err
}

// RevokeToken ends a token or a session, whoever it belongs to, at once and for ever. Repeating it
// changes nothing. NotFound.
func (p *Operator) RevokeToken(ctx context.Context, token string) (t Token, err error) {
	err = p.d.Update(ctx, "operator_revoke_token", func(tx *db.Tx) error {
		which, owner, err := tokenOwner(tx, token)
		if err != nil {
			return err
		}
		ended, err := endToken(tx, owner, which)
		t = tokenOf(ended)
		return err
	})
	return t, err
}

// endToken ends a token, or a session: the log names both alike.
func endToken(tx *db.Tx, owner string, which id.ID) (site.Token, error) {
	err := site.Revoke(tx, owner, which)
	if err == nil {
		return site.FindToken(tx, owner, which)
	}
	user, none := id.Parse(id.User, owner)
	if none != nil || !fault.Is(err, fault.NotFound) {
		return site.Token{}, err
	}
	if err := site.EndSession(tx, user, which); err != nil {
		return site.Token{}, err
	}
	return site.FindSession(tx, user, which)
}

// RotatedToken is a token with the new secret that it was given.
type RotatedToken struct {
	NewToken
	PreviousUntil time.Time `json:"previous_until"` // how long the secret before is good
}

// RotateToken gives a token a new secret. overlap is how long the old one stays good, such as
// 24h or 7d; "0" ends it at once. Faults: Invalid, NotFound, StateConflict for one that has ended.
func (p *Operator) RotateToken(ctx context.Context, token, overlap string) (t RotatedToken, err error) {
	var keep time.Duration
	if overlap != "0" {
		if keep, err = parseExpiry("--overlap", overlap); err != nil {
			return RotatedToken{}, err
		}
	}
	err = p.d.Update(ctx, "operator_rotate_token", func(tx *db.Tx) error {
		which, owner, err := tokenOwner(tx, token)
		if err != nil {
			return err
		}
		made, secret, err := site.Rotate(tx, owner, which, keep, nil)
		t = RotatedToken{NewToken{made.ID.Text(id.Token), secret, made.Abilities, made.Networks.Texts()}, tx.Now.Add(keep).Time()}
		return err
	})
	return t, err
}
