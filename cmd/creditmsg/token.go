package main

import (
	"context"

	"creditmsg/internal/server"
)

// tokenVerb works on API tokens.
type tokenVerb struct {
	Create tokenCreate `cmd:"" help:"Make a token; its secret is shown this once."`
	Rotate tokenRotate `cmd:"" help:"Give a token a new secret, and let the old one end."`
	List   tokenList   `cmd:"" help:"List tokens, without their secrets."`
	Limits tokenLimits `cmd:"" help:"Show or set how much a token may do in a minute."`
	Revoke tokenRevoke `cmd:"" help:"End a token at once and for ever."`
}

type tokenCreate struct {
	Owner   string   `arg:"" name:"site" help:"The site, or operator for the installation's own."`
	Name    string   `required:"" placeholder:"NAME" help:"What it is for."`
	Ability []string `required:"" placeholder:"ABILITY" help:"What it may do, such as messages:write, credit:read or *; repeated or comma-separated."`
	Address []string `placeholder:"CIDR" help:"Networks that it may be used from, such as 203.0.113.0/24; repeated or comma-separated. Without it from anywhere."`
	Test    bool     `help:"Of the site's test site, which is made if it is not there; what it sends reaches nobody."`
	Expires string   `placeholder:"90d" help:"When it ends, from now; without it never."`
	database
}

// Run makes the token.
func (v *tokenCreate) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		create := p.CreateToken
		if v.Test {
			create = p.CreateTestToken
		}
		made, err := create(ctx, v.Owner, v.Name, v.Ability, v.Expires, v.Address...)
		if err != nil {
			return nil, nil, err
		}
		return made, func(t *table) { showSecret(t, made) }, nil
	})
}

func showSecret(t *table, made server.NewToken) {
	t.row("id", made.ID)
	t.row("token", made.Secret)
	t.row("abilities", each(made.Abilities))
	if len(made.Addresses) > 0 {
		t.row("usable from", each(made.Addresses))
	}
	t.row("", "keep it now: it is not shown again")
}

type tokenRotate struct {
	ID      string `arg:"" help:"The token's id, such as tok_01k…"`
	Overlap string `placeholder:"24h" default:"24h" help:"How long the old secret stays good, such as 24h or 7d; 0 ends it at once, and all earlier ones with it."`
	database
}

// Run rotates the token.
func (v *tokenRotate) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		made, err := p.RotateToken(ctx, v.ID, v.Overlap)
		if err != nil {
			return nil, nil, err
		}
		return made, func(t *table) {
			showSecret(t, made.NewToken)
			t.row("", "the old one is good until "+day(made.PreviousUntil))
		}, nil
	})
}

type tokenList struct {
	Owner string `arg:"" optional:"" name:"owner" help:"The site, operator, or somebody by his address or id; without it everybody's."`
	database
}

// Run lists the tokens.
func (v *tokenList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		all, err := p.Tokens(ctx, v.Owner)
		if err != nil {
			return nil, nil, err
		}
		return all, func(t *table) {
			t.row("ID", "SITE", "NAME", "ENDS IN", "ABILITIES", "FROM", "LAST USED", "STATE")
			for _, one := range all.Data {
				state := "valid"
				switch {
				case !one.RevokedAt.IsZero():
					state = "revoked " + day(one.RevokedAt)
				case !one.ExpiresAt.IsZero():
					state = "until " + day(one.ExpiresAt)
				}
				t.row(one.ID, one.Site, one.Name, "…"+one.Last4, each(one.Abilities), each(one.Addresses), day(one.LastUsedAt), state)
			}
		}, nil
	})
}

type tokenRevoke struct {
	ID string `arg:"" help:"The token's id, such as tok_01k…"`
	database
}

// Run revokes the token.
func (v *tokenRevoke) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		t, err := p.RevokeToken(ctx, v.ID)
		if err != nil {
			return nil, nil, err
		}
		return t, func(out *table) { out.say("%s is revoked", t.ID) }, nil
	})
}
