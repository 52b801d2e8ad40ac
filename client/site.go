package client

import (
	"context"
	"net/http"
	"time"
)

// Site is a tenant. Operators alone see and change sites.
type Site struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	State     string    `json:"state"`  // active, suspended or erased
	Weight    int       `json:"weight"` // its part of the sending when several sites have much to send
	Plan      string    `json:"plan"`   // whose prices count now; "" = none
	Prices    Prices    `json:"prices"`
	Balance   Amount    `json:"balance"`
	Available Amount    `json:"available"`
	Held      Amount    `json:"held"`
	CreatedAt time.Time `json:"created_at"`
}

// NewSite is a site to open. ID is 2 to 40 characters of a-z, 0-9 and -, and stays.
type NewSite struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Prices Rates  `json:"prices,omitempty"` // of its own
	Plan   string `json:"plan,omitempty"`
}

// SiteChange is what changes of a site; nil stays.
type SiteChange struct {
	Name   *string `json:"name,omitempty"`
	State  *string `json:"state,omitempty"` // active or suspended
	Weight *int    `json:"weight,omitempty"`
}

// SiteTopUp is credit that an operator gives, or takes with a negative adjustment.
type SiteTopUp struct {
	Amount    Amount `json:"amount"`
	Kind      string `json:"kind"` // paid, bonus or adjustment
	Reason    string `json:"reason"`
	ExpiresOn string `json:"expires_on,omitempty"` // the last day in Korea, such as 2027-12-31; "" = never
}

// Sites lists the sites by their ids.
func (c *Client) Sites(ctx context.Context, p Paging) (Page[Site], error) {
	return get[Page[Site]](ctx, c, p.query(), "v1", "sites")
}

// Site gets one site.
func (c *Client) Site(ctx context.Context, id string) (Site, error) {
	return get[Site](ctx, c, nil, "v1", "sites", id)
}

// OpenSite opens a site.
func (c *Client) OpenSite(ctx context.Context, n NewSite) (Site, error) {
	return write[Site](ctx, c, http.MethodPost, n, "v1", "sites")
}

// ChangeSite renames, weighs, suspends or resumes a site.
func (c *Client) ChangeSite(ctx context.Context, id string, change SiteChange) (Site, error) {
	return write[Site](ctx, c, http.MethodPatch, change, "v1", "sites", id)
}

// TopUpSite gives a site credit, or takes some, and returns the entry of its ledger.
func (c *Client) TopUpSite(ctx context.Context, id string, t SiteTopUp) (Entry, error) {
	return write[Entry](ctx, c, http.MethodPost, t, "v1", "sites", id, "credit")
}

// since is a change that may be planned; the zero time is now.
type since struct {
	Prices Rates     `json:"prices"`
	Since  time.Time `json:"since,omitzero"`
}

// SetSitePrices changes a site's own prices from a time on, the zero time being now. A nil
// price drops the site's own.
func (c *Client) SetSitePrices(ctx context.Context, id string, prices Rates, from time.Time) (Site, error) {
	return write[Site](ctx, c, http.MethodPost, since{prices, from}, "v1", "sites", id, "prices")
}

// SetSitePlan gives a site a plan from a time on, "" being none and the zero time now.
func (c *Client) SetSitePlan(ctx context.Context, id, plan string, from time.Time) (Site, error) {
	in := struct {
		Plan  *string   `json:"plan"`
		Since time.Time `json:"since,omitzero"`
	}{Since: from}
	if plan != "" {
		in.Plan = &plan
	}
	return write[Site](ctx, c, http.MethodPut, in, "v1", "sites", id, "plan")
}

// InstallationPrices gets what sites pay that have no price of their own.
func (c *Client) InstallationPrices(ctx context.Context) (Prices, error) {
	return get[Prices](ctx, c, nil, "v1", "prices")
}

// SetInstallationPrices changes what sites pay that have no price of their own, from a time
// on, the zero time being now.
func (c *Client) SetInstallationPrices(ctx context.Context, prices Rates, from time.Time) (Prices, error) {
	return write[Prices](ctx, c, http.MethodPost, since{prices, from}, "v1", "prices")
}
