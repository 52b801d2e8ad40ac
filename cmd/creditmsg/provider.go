package main

import (
	"context"
	"time"

	"creditmsg/internal/server"
)

// providerVerb looks at the provider accounts.
type providerVerb struct {
	List providerList `cmd:"" help:"What is left at each provider account, as it was last heard."`
	Ask  providerAsk  `cmd:"" help:"Ask a provider account for its balance and sender numbers now."`
}

type providerList struct{ database }

// Run lists the accounts.
func (v *providerList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		all, err := p.Providers(ctx)
		if err != nil {
			return nil, nil, err
		}
		return all, func(t *table) {
			for _, a := range all.Data {
				providerRow(t, a)
			}
		}, nil
	})
}

type providerAsk struct {
	Name string `arg:"" help:"The account's name in the configuration."`
	database
}

// Run asks the account.
func (v *providerAsk) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		a, err := p.AskProvider(ctx, v.Name)
		if err != nil {
			return nil, nil, err
		}
		return a, func(t *table) { providerRow(t, a) }, nil
	})
}

// providerRow shows an account to people.
func providerRow(t *table, a server.ProviderAccount) {
	heard, low := "", ""
	if a.At != nil {
		heard = "at " + a.At.Local().Format(time.DateTime)
	}
	if a.Low {
		low = "less than " + a.Threshold.Grouped()
	}
	t.row(a.Name, a.Rest(), heard, low)
}
