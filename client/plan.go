package client

import (
	"context"
	"net/http"
	"time"
)

// PricePeriod is a time in which a channel costs the same by the same price list.
type PricePeriod struct {
	Channel   string     `json:"channel"`
	UnitPrice Amount     `json:"unit_price"`
	Layer     string     `json:"layer"` // whose list: default, installation, plan or site
	Plan      string     `json:"plan"`  // of the layer plan, else ""
	From      *time.Time `json:"from"`  // nil = since ever
	Until     *time.Time `json:"until"` // nil = nothing else is planned
	State     string     `json:"state"` // past, now or planned
}

// PriceFilter narrows a list of prices; State is past, now, planned, or "" for all.
type PriceFilter struct {
	Paging
	State string
}

// PriceHistory lists what messages of the token's site cost, oldest first.
func (c *Client) PriceHistory(ctx context.Context, f PriceFilter) (Page[PricePeriod], error) {
	return get[Page[PricePeriod]](ctx, c, f.query("state", f.State), "v1", "credit", "prices")
}

// Rates are prices by channel: alimtalk, sms, lms, mms. nil says that there is none, and
// the installation's counts.
type Rates map[string]*Amount

// Plan is a price list that sites share. Operators alone see and change plans.
type Plan struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Prices    Rates     `json:"prices,omitempty"` // of now
	Sites     int       `json:"sites,omitempty"`  // that have it, or will
	Complete  bool      `json:"complete,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// Plans lists the plans by their ids.
func (c *Client) Plans(ctx context.Context, p Paging) (Page[Plan], error) {
	return get[Page[Plan]](ctx, c, p.query(), "v1", "plans")
}

// Plan gets one plan.
func (c *Client) Plan(ctx context.Context, id string) (Plan, error) {
	return get[Plan](ctx, c, nil, "v1", "plans", id)
}

// AddPlan makes a plan with first prices.
func (c *Client) AddPlan(ctx context.Context, id, name string, first Rates) (Plan, error) {
	return write[Plan](ctx, c, http.MethodPost, Plan{ID: id, Name: name, Prices: first}, "v1", "plans")
}

// RenamePlan changes what people call a plan.
func (c *Client) RenamePlan(ctx context.Context, id, name string) (Plan, error) {
	return write[Plan](ctx, c, http.MethodPut, map[string]string{"name": name}, "v1", "plans", id)
}

// RemovePlan removes a plan that no site has or will have.
func (c *Client) RemovePlan(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "plans", id)
}

// planChange is what changes of a plan.
type planChange struct {
	Prices Rates     `json:"prices"`
	Since  time.Time `json:"since,omitzero"`
}

// SetPlanPrices changes prices of a plan from a time on; the zero time is now. A price that
// is nil is taken out of the plan.
func (c *Client) SetPlanPrices(ctx context.Context, id string, change Rates, since time.Time) (Plan, error) {
	return write[Plan](ctx, c, http.MethodPost, planChange{change, since}, "v1", "plans", id, "prices")
}

// PlanPrices lists what a plan names, oldest first.
func (c *Client) PlanPrices(ctx context.Context, id string, f PriceFilter) (Page[PricePeriod], error) {
	return get[Page[PricePeriod]](ctx, c, f.query("state", f.State), "v1", "plans", id, "prices")
}
