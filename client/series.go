package client

import (
	"context"
	"net/http"
	"time"
)

// Series is a message that is sent again and again.
type Series struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Status    string         `json:"status"` // active, paused or ended
	Cron      string         `json:"cron"`   // in Korean time
	Missed    string         `json:"missed"` // skip or once: what passed while nothing ran
	StartsAt  time.Time      `json:"starts_at"`
	EndsAt    time.Time      `json:"ends_at"` // zero = never
	Message   map[string]any `json:"message"`
	Next      []time.Time    `json:"next"`
	CreatedAt time.Time      `json:"created_at"`
	ChangedAt time.Time      `json:"changed_at"`
}

// SeriesDraft is a series as it is written.
type SeriesDraft struct {
	Name     string    `json:"name"`
	Cron     string    `json:"cron"`
	Missed   string    `json:"missed,omitempty"` // "" = skip
	StartsAt time.Time `json:"starts_at,omitzero"`
	EndsAt   time.Time `json:"ends_at,omitzero"`
	Message  Draft     `json:"message"`
}

// Firing is one time of a series, and what became of it.
type Firing struct {
	At        time.Time `json:"at"`
	Outcome   string    `json:"outcome"`
	MessageID string    `json:"message_id"` // "" = none was made
	Code      string    `json:"code"`       // why not
	Skipped   int64     `json:"skipped"`
	DoneAt    time.Time `json:"done_at"`
}

// AllSeries lists the series.
func (c *Client) AllSeries(ctx context.Context, p Paging) (Page[Series], error) {
	return get[Page[Series]](ctx, c, p.query(), "v1", "series")
}

// Series gets one series.
func (c *Client) Series(ctx context.Context, id string) (Series, error) {
	return get[Series](ctx, c, nil, "v1", "series", id)
}

// AddSeries makes a series.
func (c *Client) AddSeries(ctx context.Context, d SeriesDraft) (Series, error) {
	return write[Series](ctx, c, http.MethodPost, d, "v1", "series")
}

// PutSeries replaces a series.
func (c *Client) PutSeries(ctx context.Context, id string, d SeriesDraft) (Series, error) {
	return write[Series](ctx, c, http.MethodPut, d, "v1", "series", id)
}

// RemoveSeries ends and removes a series. Its messages stay.
func (c *Client) RemoveSeries(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "series", id)
}

// PauseSeries keeps a series from firing.
func (c *Client) PauseSeries(ctx context.Context, id string) (Series, error) {
	return write[Series](ctx, c, http.MethodPost, nil, "v1", "series", id, "pause")
}

// ResumeSeries lets a paused series fire again.
func (c *Client) ResumeSeries(ctx context.Context, id string) (Series, error) {
	return write[Series](ctx, c, http.MethodPost, nil, "v1", "series", id, "resume")
}

// Firings lists the last times of a series, newest first.
func (c *Client) Firings(ctx context.Context, id string, p Paging) (Page[Firing], error) {
	return get[Page[Firing]](ctx, c, p.query(), "v1", "series", id, "firings")
}
