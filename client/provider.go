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
