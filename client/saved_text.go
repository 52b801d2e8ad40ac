package client

import (
	"context"
	"net/http"
	"time"
)

// SavedText is a text that a site keeps to be sent again.
type SavedText struct {
	ID           string   `json:"id,omitempty"`
	Title        string   `json:"title"`
	Kind         string   `json:"kind"` // text or alimtalk
	Folder       string   `json:"folder,omitempty"`
	TemplateCode string   `json:"template_code,omitempty"` // of alimtalk
	Subject      string   `json:"subject,omitempty"`
	Body         string   `json:"body,omitempty"`
	Attachments  []string `json:"attachments,omitempty"`
	Advertising  bool     `json:"advertising,omitempty"`

	// What follows is the server's to say.
	Uses       int64     `json:"uses,omitempty"` // messages that named it as Draft.SavedText
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
	CreatedAt  time.Time `json:"created_at,omitzero"`
	UpdatedAt  time.Time `json:"updated_at,omitzero"`
}

// bare is the part that is written.
func (t SavedText) bare() SavedText {
	t.ID, t.Uses, t.LastUsedAt, t.CreatedAt, t.UpdatedAt = "", 0, time.Time{}, time.Time{}, time.Time{}
	return t
}

// SavedTextFilter narrows SavedTexts; empty members do not.
type SavedTextFilter struct {
	Paging
	Kind, Folder string
}

// SavedTexts lists the saved texts, the most used first.
func (c *Client) SavedTexts(ctx context.Context, f SavedTextFilter) (Page[SavedText], error) {
	return get[Page[SavedText]](ctx, c, f.query("kind", f.Kind, "folder", f.Folder), "v1", "saved-texts")
}

// SavedText gets a saved text.
func (c *Client) SavedText(ctx context.Context, id string) (SavedText, error) {
	return get[SavedText](ctx, c, nil, "v1", "saved-texts", id)
}

// AddSavedText saves a text.
func (c *Client) AddSavedText(ctx context.Context, t SavedText) (out SavedText, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "saved-texts"}, in: t.bare(), out: &out})
	return out, err
}

// PutSavedText replaces the saved text of t.ID.
func (c *Client) PutSavedText(ctx context.Context, t SavedText) (out SavedText, err error) {
	err = c.do(ctx, call{method: http.MethodPut, path: []string{"v1", "saved-texts", t.ID}, in: t.bare(), out: &out})
	return out, err
}

// RemoveSavedText removes a saved text.
func (c *Client) RemoveSavedText(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "saved-texts", id)
}
