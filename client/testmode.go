package client

import (
	"context"
	"net/http"
	"time"
)

// TestToken is a token of a site's test site. Token is shown this once.
type TestToken struct {
	ID        string   `json:"id"`
	Site      string   `json:"site"`
	Token     string   `json:"token"`
	Abilities []string `json:"abilities"`
}

// NewTestToken is a token of a test site that is to be made.
type NewTestToken struct {
	Name      string     `json:"name"`
	Abilities []string   `json:"abilities"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // nil = never
}

// TestSite is where a site tries things out.
type TestSite struct {
	ID        string    `json:"id"` // the site's own with .test behind it
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// TestCredit is credit that was added to a test site.
type TestCredit struct {
	Amount         Amount `json:"amount"`
	AvailableAfter Amount `json:"available_after"`
}

// TestClock is where the clock of a test site stands.
type TestClock struct {
	Clock      time.Time `json:"clock"`
	Now        time.Time `json:"now"`   // the true time
	Ahead      string    `json:"ahead"` // such as 73h0m0s
	AdvancedBy string    `json:"advanced_by"`
	JobsDue    int64     `json:"jobs_due"`
}

// MakeTestSite makes the test site of the token's site, or brings it up to date: what it lacks of
// the site's channels, approved senders and approved templates is copied, and prices and rules
// are the site's again.
func (c *Client) MakeTestSite(ctx context.Context) (TestSite, error) {
	return write[TestSite](ctx, c, http.MethodPost, nil, "v1", "test")
}

// CreateTestToken makes a token of the test site of the token's site, which is made if it is
// not there. What a test site sends reaches nobody.
func (c *Client) CreateTestToken(ctx context.Context, n NewTestToken) (TestToken, error) {
	return write[TestToken](ctx, c, http.MethodPost, n, "v1", "test", "tokens")
}

// TestClock gets where the clock of the test site stands, with one of its tokens.
func (c *Client) TestClock(ctx context.Context) (TestClock, error) {
	return get[TestClock](ctx, c, nil, "v1", "test", "clock")
}

// AdvanceTestClock sets the clock of the test site forward, with one of its tokens. What is
// due before is done first, and it returns when what became due is done too, or after a
// minute.
func (c *Client) AdvanceTestClock(ctx context.Context, by time.Duration) (TestClock, error) {
	body := struct {
		By   string `json:"by"`
		Wait bool   `json:"wait"`
	}{by.String(), true}
	return write[TestClock](ctx, c, http.MethodPost, body, "v1", "test", "clock", "advance")
}

// AddTestCredit adds credit to the test site, with one of its tokens. The amount is in won,
// such as 50000.
func (c *Client) AddTestCredit(ctx context.Context, amount Amount) (TestCredit, error) {
	return write[TestCredit](ctx, c, http.MethodPost, map[string]Amount{"amount": amount}, "v1", "test", "credit")
}
