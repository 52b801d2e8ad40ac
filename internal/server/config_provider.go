package server

import (
	"slices"
	"time"

	"creditmsg/internal/provider"
)

// ProviderConfig is one account at a provider.
type ProviderConfig struct {
	// Name is what /webhooks/{name}, statistics and templates call the account.
	Name string `yaml:"name"`
	// Kind is the adapter that speaks to it: solapi.
	Kind string `yaml:"kind"`
	// URL is the base address. Default the vendor's.
	URL           Address       `yaml:"url"`
	APIKey        Secret        `yaml:"api_key"`
	APIKeyFile    string        `yaml:"api_key_file,omitempty"`
	APISecret     Secret        `yaml:"api_secret"`
	APISecretFile string        `yaml:"api_secret_file,omitempty"`
	Channels      []string      `yaml:"channels"`       // alimtalk, sms, lms, mms; default all the kind has
	Weight        int           `yaml:"weight"`         // share among accounts of equal price and health; default 1
	MaxPerSecond  int           `yaml:"max_per_second"` // messages; default no limit
	Timeout       time.Duration `yaml:"timeout"`        // of one request; default 15s
	Webhook       WebhookConfig `yaml:"webhook"`
}

// WebhookConfig says how delivery reports of an account are recognised.
type WebhookConfig struct {
	Secret     Secret   `yaml:"secret"` // without one every report is refused
	SecretFile string   `yaml:"secret_file,omitempty"`
	Allow      Networks `yaml:"allow"` // networks that may report; default any
	Plain      bool     `yaml:"plain"` // the vendor sends the secret itself instead of its digest
}

// ProviderConfigs is the list of provider accounts.
type ProviderConfigs []ProviderConfig

// Accounts gives the accounts in the order of the configuration.
func (c Config) Accounts() []provider.Account {
	all := make([]provider.Account, len(c.Providers))
	for i, p := range c.Providers {
		all[i] = p.Account()
	}
	return all
}

// Kinds gives the kind of each account by its name.
func (c Config) Kinds() map[string]string {
	kinds := map[string]string{}
	for _, p := range c.Providers {
		kinds[p.Name] = p.Kind
	}
	return kinds
}

// Account is the upstream account that p describes.
func (p ProviderConfig) Account() provider.Account {
	var channels []provider.Channel
	for _, name := range p.Channels {
		if c, err := provider.ParseChannel(name); err == nil && !slices.Contains(channels, c) {
			channels = append(channels, c)
		}
	}
	return provider.Account{
		Name: p.Name, Kind: p.Kind, URL: string(p.URL),
		APIKey: string(p.APIKey), APISecret: string(p.APISecret),
		Channels: channels, Weight: max(p.Weight, 1), MaxPerSecond: p.MaxPerSecond, Timeout: p.Timeout,
		Webhook: provider.Webhook{Secret: string(p.Webhook.Secret), Allow: p.Webhook.Allow.Prefixes(), Plain: p.Webhook.Plain},
	}
}
