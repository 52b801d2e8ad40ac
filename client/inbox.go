package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Letter is one call of a provider with delivery reports.
type Letter struct {
	ID         string     `json:"id"`
	Provider   string     `json:"provider"`
	State      string     `json:"state"` // new, applied, waiting, unreadable
	Reports    int64      `json:"reports"`
	ReceivedAt time.Time  `json:"received_at"`
	AppliedAt  *time.Time `json:"applied_at"` // nil = not yet
}

// LetterFilter narrows the list of letters; empty values do not.
type LetterFilter struct {
	Provider, State string
	From, Until     string // RFC 3339
	Message, To     string // letters that name a leg of a message, or to a number; of the site of ForSite
}

// LetterReport is one report of a letter as it is read now.
type LetterReport struct {
	Effect    string `json:"effect"`    // what it did, or would do
	Reference string `json:"reference"` // the leg that it names; empty for none
	Channel   string `json:"channel"`
	To        string `json:"to"`
	Final     bool   `json:"final"`
	Delivered bool   `json:"delivered"`
	Reason    string `json:"reason"`
	TextKo    string `json:"text_ko"`
	TextEn    string `json:"text_en"`
	Code      string `json:"code"`
	Text      string `json:"text"`

	UpstreamID string     `json:"upstream_id"`
	At         *time.Time `json:"at"` // the provider's time
}

// LetterDetail is a letter with what it says.
type LetterDetail struct {
	Letter
	Problem string         `json:"problem"` // why it cannot be read; empty = it can
	Says    []LetterReport `json:"data"`
	Raw     string         `json:"raw"` // the body
}

// Rerun says which letters are read again.
type Rerun struct {
	Provider string    `json:"provider,omitempty"` // "" = all
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	States   []string  `json:"states,omitempty"` // nil = applied and unreadable
}

// RunAmounts are the amounts that follow from differences.
type RunAmounts struct {
	Spend    Amount `json:"spend"`
	Freed    Amount `json:"freed"`
	Refund   Amount `json:"refund"`
	Loss     Amount `json:"loss"`
	Fallback Amount `json:"fallback"`
}

// RunSum is what the differences of a kind add up to, of one site and account or of all.
type RunSum struct {
	Site     string `json:"site_id"`
	Provider string `json:"provider"`
	Kind     string `json:"kind"`
	TextKo   string `json:"text_ko"`
	TextEn   string `json:"text_en"`
	Legs     int64  `json:"legs"`
	RunAmounts
}

// Run is letters of a time that are read again.
type Run struct {
	ID             string     `json:"id"`
	Provider       string     `json:"provider"`
	From           time.Time  `json:"from"`
	Until          time.Time  `json:"until"`
	States         []string   `json:"states"` // of the letters that are read
	State          string     `json:"state"`  // comparing, compared, applying, applied, cancelled
	Letters        int64      `json:"letters"`
	Reports        int64      `json:"reports"`
	Unreadable     int64      `json:"unreadable"`
	Strange        int64      `json:"strange"` // reports that name no leg of ours
	Unborn         int64      `json:"unborn"`  // reports about a hand-over without an outcome yet
	Reached        *time.Time `json:"reached"` // how far it is; nil = no letter was read
	Differences    int64      `json:"differences"`
	Applied        int64      `json:"applied"`
	Skipped        int64      `json:"skipped"`
	ReturnedBefore int64      `json:"returned_before"`
	Refunds        int64      `json:"refunds"` // made, one for what is posted together
	GivenBack      Amount     `json:"given_back"`
	Short          Amount     `json:"short"` // not left to be refunded
	Kinds          []RunSum   `json:"kinds"`
	CreatedAt      time.Time  `json:"created_at"`
	ComparedAt     *time.Time `json:"compared_at"` // nil = not yet
	AppliedAt      *time.Time `json:"applied_at"`
}

// RunDifference is what would be otherwise with one leg.
type RunDifference struct {
	N         int64  `json:"n"`
	Kind      string `json:"kind"`
	TextKo    string `json:"text_ko"`
	TextEn    string `json:"text_en"`
	Site      string `json:"site_id"`
	Reference string `json:"reference"`
	Letter    string `json:"letter"`
	Provider  string `json:"provider"`
	Channel   string `json:"channel"`
	Stood     string `json:"stood"`
	Delivered bool   `json:"delivered"`
	Reason    string `json:"reason"`
	Code      string `json:"code"`
	Outcome   string `json:"outcome"` // applied, skipped, returned_before, noted; "" = not yet
	Became    string `json:"became"`
	RunAmounts
}

// Inbox lists letters, the newest first. It is an operator's, who names the site of a message
// or a number with ForSite. A page may be short and have more.
func (c *Client) Inbox(ctx context.Context, f LetterFilter, p Paging) (Page[Letter], error) {
	return get[Page[Letter]](ctx, c, p.query("provider", f.Provider, "state", f.State, "from", f.From, "until", f.Until,
		"message", f.Message, "to", f.To), "v1", "inbox")
}

// InboxLetter gives a letter with its reports as they are read now; raw shows numbers as they are.
func (c *Client) InboxLetter(ctx context.Context, letter string, raw bool) (LetterDetail, error) {
	q := url.Values{}
	if raw {
		q.Set("raw", "true")
	}
	return get[LetterDetail](ctx, c, q, "v1", "inbox", letter)
}

// BeginRun has the letters of a time read again; nothing moves by it.
func (c *Client) BeginRun(ctx context.Context, r Rerun) (Run, error) {
	return write[Run](ctx, c, http.MethodPost, r, "v1", "inbox", "runs")
}

// Runs lists runs, the newest first.
func (c *Client) Runs(ctx context.Context, p Paging) (Page[Run], error) {
	return get[Page[Run]](ctx, c, p.query(), "v1", "inbox", "runs")
}

// Run gives a run with its differences by kind.
func (c *Client) Run(ctx context.Context, run string) (Run, error) {
	return get[Run](ctx, c, nil, "v1", "inbox", "runs", run)
}

// RunSums lists the money difference of a run by site, account and kind.
func (c *Client) RunSums(ctx context.Context, run string, p Paging) (Page[RunSum], error) {
	return get[Page[RunSum]](ctx, c, p.query(), "v1", "inbox", "runs", run, "sums")
}

// RunDifferences lists what a run found; kind and outcome narrow it, "" does not. ForSite lists
// those of one site.
func (c *Client) RunDifferences(ctx context.Context, run, kind, outcome string, p Paging) (Page[RunDifference], error) {
	return get[Page[RunDifference]](ctx, c, p.query("kind", kind, "outcome", outcome), "v1", "inbox", "runs", run, "differences")
}

// ApplyRun has applied what a run compared. It may be repeated.
func (c *Client) ApplyRun(ctx context.Context, run string) (Run, error) {
	return write[Run](ctx, c, http.MethodPost, nil, "v1", "inbox", "runs", run, "apply")
}

// CancelRun ends a run before its end.
func (c *Client) CancelRun(ctx context.Context, run string) (Run, error) {
	return write[Run](ctx, c, http.MethodPost, nil, "v1", "inbox", "runs", run, "cancel")
}
