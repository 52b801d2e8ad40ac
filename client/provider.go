package client

import (
	"context"
	"net/http"
	"time"
)

// Provider is a provider account as it was last heard of.
type Provider struct {
	Name    string           `json:"name"`
	Kind    string           `json:"kind"`
	Balance *ProviderBalance `json:"balance"` // nil where the vendor does not tell it
	Senders *ProviderSenders `json:"senders"` // nil where the vendor has no list

	Breaker  string            `json:"breaker"` // closed, half_open, or open: its calls fail, and none goes to it for a while
	Hanging  bool              `json:"hanging"` // it does not answer a call
	Weight   int               `json:"weight"`
	Priority int               `json:"priority"` // lower ones are used first
	Sites    []string          `json:"sites"`    // whose account it is; none = everybody's
	Test     bool              `json:"test"`     // it reaches nobody, and serves test sites alone
	Channels []ProviderChannel `json:"channels"`
}

// ProviderChannel is how an account does with one channel. Shares are decimal text.
type ProviderChannel struct {
	Channel      string  `json:"channel"`
	Share        string  `json:"share"`         // of its usual traffic that it gets, from 0.00 to 1.00
	DeliveryRate string  `json:"delivery_rate"` // of the last half hour or so, in time; "" = there were few
	Cost         *Amount `json:"cost"`          // of a delivered message; nil = not configured
}

// ProviderBalance is what is left at a vendor, in its own unit: won, credit or sms.
type ProviderBalance struct {
	Left      *Amount    `json:"left"` // nil until it was heard
	Unit      string     `json:"unit"`
	Threshold *Amount    `json:"threshold"` // nil = the operator is never told
	Low       bool       `json:"low"`
	At        *time.Time `json:"at"`
	Problem   string     `json:"problem"` // why the last question had no answer
}

// ProviderSenders says when a vendor's list of sender numbers was last read.
type ProviderSenders struct {
	At      *time.Time `json:"at"`
	Problem string     `json:"problem"`
}

// SenderStanding is where a sender number stands at a provider account: registered, waiting,
// rejected, blocked or missing.
type SenderStanding struct {
	State     string    `json:"state"`
	CheckedAt time.Time `json:"checked_at"`
}

// Providers lists the provider accounts. It is an operator's.
func (c *Client) Providers(ctx context.Context) (Page[Provider], error) {
	return get[Page[Provider]](ctx, c, nil, "v1", "providers")
}

// AskProvider asks a provider account for its balance and sender numbers now. It is an
// operator's.
func (c *Client) AskProvider(ctx context.Context, name string) (Provider, error) {
	return write[Provider](ctx, c, http.MethodPost, nil, "v1", "providers", name, "ask")
}
