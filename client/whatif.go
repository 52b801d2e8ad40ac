package client

import (
	"context"
	"net/http"
)

// WhatIf asks what past messages would have been like. Strategy "" and no prices ask for
// what really happened.
type WhatIf struct {
	From     string            `json:"from"` // the first day, Korean time, such as 2026-11-01
	To       string            `json:"to"`   // the last day, inclusive
	Strategy Strategy          `json:"strategy,omitempty"`
	Policy   string            `json:"policy,omitempty"` // of ByPolicy: its name,
	Steps    []PolicyStep      `json:"steps,omitempty"`  // or steps that are tried out
	Prices   map[string]Amount `json:"prices,omitempty"` // by channel; in place of those that were frozen
}

// Replay is the answer to a WhatIf.
type Replay struct {
	From         string        `json:"from"`
	To           string        `json:"to"`
	Messages     int64         `json:"messages"`
	Recipients   int64         `json:"recipients"` // who are replayed
	LeftOut      int64         `json:"left_out"`   // cancelled, never handed over, or not final yet
	Unchanged    int64         `json:"unchanged"`  // whom the strategy cannot reach: taken as they were
	Actual       Outcome       `json:"actual"`
	Alternative  Outcome       `json:"alternative"`  // guesses included
	Extrapolated Guessed       `json:"extrapolated"` // the part that is a guess
	ByTemplate   []ByTemplate  `json:"by_template"`
	Rates        []ChannelRate `json:"delivery_rates"` // what the guesses go by
}

// Outcome is cost, reach and speed of the same people.
type Outcome struct {
	Cost      Amount   `json:"cost"` // before refunds
	Delivered int64    `json:"delivered"`
	Latency   *Latency `json:"latency"` // nil where it is known of nobody
}

// Latency lies between the first hand-over and the delivery, in milliseconds.
type Latency struct {
	People int64 `json:"people"`
	P50    int64 `json:"p50_ms"`
	P95    int64 `json:"p95_ms"`
}

// Guessed is what people would have had by legs that they did not have.
type Guessed struct {
	Recipients int64  `json:"recipients"`
	Cost       Amount `json:"cost"`
	Delivered  int64  `json:"delivered"`
}

// ByTemplate is the part of one template; Code is empty of messages without one.
type ByTemplate struct {
	Code        string `json:"template_code"`
	Recipients  int64  `json:"recipients"`
	Actual      Amount `json:"actual_cost"`
	Alternative Amount `json:"alternative_cost"`
	Difference  Amount `json:"difference"`
	Verdict     string `json:"verdict"` // cheaper, dearer, same
}

// ChannelRate is how many legs of a channel arrived.
type ChannelRate struct {
	Channel string `json:"channel"`
	Tried   int64  `json:"tried"`
	Arrived int64  `json:"arrived"`
}

// AskWhatIf replays past messages by another strategy or at other prices. It changes nothing.
func (c *Client) AskWhatIf(ctx context.Context, q WhatIf) (out Replay, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "routing", "what-if"}, in: q, out: &out})
	return out, err
}
