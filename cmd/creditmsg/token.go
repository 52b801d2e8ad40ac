package main

import (
	"context"

	"creditmsg/internal/server"
)

// tokenVerb works on API tokens.
type tokenVerb struct {
	Create tokenCreate `cmd:"" help:"Make a token; its secret is shown this once."`
	List   tokenList   `cmd:"" help:"List tokens, without their secrets."`
	Limits tokenLimits `cmd:"" help:"Show or set how much a token may do in a minute."`
	Revoke tokenRevoke `cmd:"" help:"End a token at once and for ever."`
}

type tokenCreate struct {
	Owner   string   `arg:"" name:"site" help:"The site, or operator for the installation's own."`
	Name    string   `required:"" placeholder:"NAME" help:"What it is for."`
	Ability []string `required:"" placeholder:"ABILITY" help:"What it may do, such as messages:write, credit:read or *; repeated or comma-separated."`
	Expires string   `placeholder:"90d" help:"When it ends, from now; without it never."`
	database
}

// Run makes the token.
func (v *tokenCreate) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		made, err := p.CreateToken(ctx, v.Owner, v.Name, v.Ability, v.Expires)
		if err != nil {
			return nil, nil, err
		}
		return made, func(t *table) {
			t.row("id", made.ID)
			t.row("token", made.Secret)
			t.row("abilities", each(made.Abilities))
			t.row("", "keep it now: it is not shown again")
		}, nil
	})
}

type tokenList struct {
	Owner string `arg:"" optional:"" name:"site" help:"The site, or operator; without it everybody's."`
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
			t.row("ID", "SITE", "NAME", "ENDS IN", "ABILITIES", "LAST USED", "STATE")
			for _, one := range all.Data {
				state := "valid"
				switch {
				case !one.RevokedAt.IsZero():
					state = "revoked " + day(one.RevokedAt)
				case !one.ExpiresAt.IsZero():
					state = "until " + day(one.ExpiresAt)
				}
				t.row(one.ID, one.Site, one.Name, "…"+one.Last4, each(one.Abilities), day(one.LastUsedAt), state)
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
