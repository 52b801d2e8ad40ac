package main

import (
	"context"
	"strconv"

	"creditmsg/internal/server"
)

// limitFlags are limits as they are written.
type limitFlags struct {
	Requests   string `placeholder:"N" help:"Requests a minute; none = any number, default = what the installation allows."`
	Recipients string `placeholder:"N" help:"Recipients a minute."`
}

type siteLimits struct {
	ID string `arg:"" help:"The site."`
	limitFlags
	Day string `placeholder:"N" help:"Recipients on a Korean day."`
	database
}

// Help is shown below the flags' own help.
func (siteLimits) Help() string {
	return `Without flags the limits are shown. What a flag does not name stays as it is. Limits of a minute are
of all tokens of the site together; one message alone is never above its minute.`
}

// Run sets what is given, and shows what holds then.
func (v *siteLimits) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		l, err := p.SiteLimits(ctx, v.ID, server.LimitsChange{Requests: v.Requests, Recipients: v.Recipients, Day: v.Day})
		if err != nil {
			return nil, nil, err
		}
		return l, func(t *table) { showLimits(t, l) }, nil
	})
}

type tokenLimits struct {
	Site  string `arg:"" help:"The site."`
	Token string `arg:"" help:"The id of its token, tok_…"`
	limitFlags
	database
}

// Help is shown below the flags' own help.
func (tokenLimits) Help() string {
	return `Without flags the limits are shown. What its site may do bounds a token all the same.`
}

// Run sets what is given, and shows what holds then.
func (v *tokenLimits) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		l, err := p.TokenLimits(ctx, v.Site, v.Token, server.LimitsChange{Requests: v.Requests, Recipients: v.Recipients})
		if err != nil {
			return nil, nil, err
		}
		return l, func(t *table) { showLimits(t, l) }, nil
	})
}

func showLimits(t *table, l server.Limits) {
	row := func(what string, s server.LimitState) {
		text, whose := "any number", "the installation's"
		if s.Limit != nil {
			text = strconv.FormatInt(*s.Limit, 10)
		}
		if s.Own {
			whose = "set"
		}
		t.row(what, text, whose)
	}
	row("requests a minute", l.Requests)
	row("recipients a minute", l.People)
	if l.Day != nil {
		row("recipients a day", *l.Day)
	}
}
