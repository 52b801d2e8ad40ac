package server

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"creditmsg/internal/delivery"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/vendor"
)

// ProviderConfig is one account at a provider.
type ProviderConfig struct {
	// Name is what /webhooks/{name}, statistics and templates call the account.
	Name string `yaml:"name"`
	// Kind is the adapter that speaks to it: solapi, nhncloud, sens, aligo, sendgo.
	Kind string `yaml:"kind"`
	// URL is the base address. Default the vendor's.
	URL           Address `yaml:"url"`
	APIKey        Secret  `yaml:"api_key"`
	APIKeyFile    string  `yaml:"api_key_file,omitempty"`
	APISecret     Secret  `yaml:"api_secret"`
	APISecretFile string  `yaml:"api_secret_file,omitempty"`
	// The same two by the vendors' names: app_key and secret_key of nhncloud, access_key and
	// secret_key of sens and sendgo, user_id and key of aligo.
	AppKey        Secret `yaml:"app_key,omitempty"`
	AppKeyFile    string `yaml:"app_key_file,omitempty"`
	AccessKey     Secret `yaml:"access_key,omitempty"`
	AccessKeyFile string `yaml:"access_key_file,omitempty"`
	SecretKey     Secret `yaml:"secret_key,omitempty"`
	SecretKeyFile string `yaml:"secret_key_file,omitempty"`
	UserID        Secret `yaml:"user_id,omitempty"`
	UserIDFile    string `yaml:"user_id_file,omitempty"`
	Key           Secret `yaml:"key,omitempty"`
	KeyFile       string `yaml:"key_file,omitempty"`
	// Of nhncloud: the keys of KakaoTalk Bizmessage where the account also sends texts, whose
	// keys are others, and the identification code of a reseller.
	AlimtalkKey        Secret `yaml:"alimtalk_key,omitempty"`
	AlimtalkKeyFile    string `yaml:"alimtalk_key_file,omitempty"`
	AlimtalkSecret     Secret `yaml:"alimtalk_secret,omitempty"`
	AlimtalkSecretFile string `yaml:"alimtalk_secret_file,omitempty"`
	OriginCode         string `yaml:"origin_code,omitempty"`
	// Of sens: the ids of the services, such as ncp:sms:kr:123456789012:project. A channel
	// whose service is not named is not used.
	SMSService      string `yaml:"sms_service,omitempty"`
	AlimtalkService string `yaml:"alimtalk_service,omitempty"`
	// Of aligo: the number of Alimtalk without a text, and the codes of Alimtalk that mean a
	// delivery, separated by commas; default 0,0000.
	Sender  string `yaml:"sender,omitempty"`
	Success string `yaml:"success,omitempty"`

	Channels     []string      `yaml:"channels"`       // alimtalk, sms, lms, mms; default all the kind has
	Weight       int           `yaml:"weight"`         // share among accounts of equal priority and health; default 1
	Priority     int           `yaml:"priority"`       // accounts of a lower number are used first; default 0
	Sites        []string      `yaml:"sites"`          // whose account it is: only these sites use it, and before others; default everybody's
	Cost         CostConfig    `yaml:"cost"`           // what the vendor charges for a delivered message, by channel, in won without VAT
	MaxPerSecond int           `yaml:"max_per_second"` // messages; default no limit
	Timeout      time.Duration `yaml:"timeout"`        // of one request; default 15s
	// LowBalance is what must be left at the vendor: below it the operator is told. It counts
	// won at solapi, credits at sendgo and SMS at aligo; the others tell no balance. Default
	// the operator is not told.
	LowBalance int           `yaml:"low_balance"`
	Webhook    WebhookConfig `yaml:"webhook"`
}

// WebhookConfig says how delivery reports of an account are recognised.
type WebhookConfig struct {
	Secret     Secret `yaml:"secret"` // without one every report is refused
	SecretFile string `yaml:"secret_file,omitempty"`
	// SecretOld is one that is still taken while the secret is changed at the vendor. Default
	// none.
	SecretOld     Secret   `yaml:"secret_old,omitempty"`
	SecretOldFile string   `yaml:"secret_old_file,omitempty"`
	Allow         Networks `yaml:"allow"` // networks that may report; default any
	Plain         bool     `yaml:"plain"` // the vendor sends the secret itself instead of its digest
}

// CostConfig is what a vendor charges by channel, such as 8.4; empty = not known.
type CostConfig struct {
	Alimtalk string `yaml:"alimtalk,omitempty"`
	SMS      string `yaml:"sms,omitempty"`
	LMS      string `yaml:"lms,omitempty"`
	MMS      string `yaml:"mms,omitempty"`
}

// texts gives the costs in the order of the channels.
func (c CostConfig) texts() [provider.Channels]string {
	return [...]string{c.Alimtalk, c.SMS, c.LMS, c.MMS}
}

// Costs gives the amounts of the channels that are known; nil = of none.
func (c CostConfig) Costs() provider.Costs {
	var costs provider.Costs
	for ch, text := range c.texts() {
		amount, err := money.Parse(text)
		if err != nil {
			continue // complained about when the configuration was checked
		}
		if costs == nil {
			costs = provider.Costs{}
		}
		costs[provider.Channel(ch)] = amount
	}
	return costs
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

// watched are the accounts of carriers with what the operator wants to know of them.
func (c Config) watched(list []delivery.Carrier) []vendor.Account {
	low := map[string]int{}
	for _, p := range c.Providers {
		low[p.Name] = p.LowBalance
	}
	var all []vendor.Account
	for _, one := range list {
		if one.Account.Test { // which has neither money nor numbers that anybody registered
			continue
		}
		all = append(all, vendor.Account{Name: one.Account.Name, Kind: one.Account.Kind, Adapter: one.Adapter, LowBalance: money.Amount(low[one.Account.Name]) * money.Won})
	}
	return all
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
		Name: p.Name, Kind: p.Kind, URL: string(p.URL), APIKey: string(p.key()), APISecret: string(p.secret()), Settings: p.settings(),
		Channels: channels, Weight: max(p.Weight, 1), Priority: p.Priority, Sites: p.Sites, Costs: p.Cost.Costs(), MaxPerSecond: p.MaxPerSecond, Timeout: p.Timeout,
		Webhook: provider.Webhook{Secret: string(p.Webhook.Secret), SecretOld: string(p.Webhook.SecretOld), Allow: p.Webhook.Allow.Prefixes(), Plain: p.Webhook.Plain},
	}
}

// key and secret are what the account proves itself with, by whichever name.
func (p ProviderConfig) key() Secret { return cmp.Or(p.APIKey, p.AppKey, p.AccessKey, p.UserID) }

func (p ProviderConfig) secret() Secret { return cmp.Or(p.APISecret, p.SecretKey, p.Key) }

// settings are what only one kind of account has, by name; nil for none.
func (p ProviderConfig) settings() map[string]string {
	all := map[string]string{"alimtalk_key": string(p.AlimtalkKey), "alimtalk_secret": string(p.AlimtalkSecret), "origin_code": p.OriginCode,
		"sms_service": p.SMSService, "alimtalk_service": p.AlimtalkService, "sender": p.Sender, "success": p.Success}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	if len(all) == 0 {
		return nil
	}
	return all
}
