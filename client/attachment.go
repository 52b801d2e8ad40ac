package client

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"time"
)

// AttachmentBytes is how large a picture may be that is uploaded.
const AttachmentBytes = 10 << 20

// Attachment is a picture that messages can show.
type Attachment struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	ContentType string    `json:"content_type"`
	Bytes       int       `json:"bytes"`
	Width       int       `json:"width"` // in dots
	Height      int       `json:"height"`
	InUse       bool      `json:"in_use"` // a message that is not done needs it, or a series
	CreatedAt   time.Time `json:"created_at"`
	ExpiresAt   time.Time `json:"expires_at"` // when it is deleted unless it is needed before; zero while it is in use
}

// NewAttachment is a picture to be uploaded. What it is, its content says.
type NewAttachment struct {
	Name    string // what its file is called; may be empty
	Content []byte
	Resize  bool // make it fit: an MMS takes a JPEG of at most 200,000 bytes and 1000 × 1000 dots
}

// AddAttachment uploads a picture; name its ID in Text.Attachments. The same picture again is
// the same attachment.
func (c *Client) AddAttachment(ctx context.Context, n NewAttachment) (Attachment, error) {
	query := url.Values{}
	if n.Name != "" {
		query.Set("name", n.Name)
	}
	if n.Resize {
		query.Set("resize", "true")
	}
	var out Attachment
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "attachments"}, query: query, file: n.Content, out: &out})
	return out, err
}

// Attachments lists the attachments, newest first.
func (c *Client) Attachments(ctx context.Context, p Paging) (Page[Attachment], error) {
	return get[Page[Attachment]](ctx, c, p.query(), "v1", "attachments")
}

// Attachment gets one attachment.
func (c *Client) Attachment(ctx context.Context, id string) (Attachment, error) {
	return get[Attachment](ctx, c, nil, "v1", "attachments", id)
}

// AttachmentContent gets the picture itself, as phones get it.
func (c *Client) AttachmentContent(ctx context.Context, id string) ([]byte, error) {
	var content []byte
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "attachments", id, "content"}, raw: func(reply []byte) { content = bytes.Clone(reply) }})
	return content, err
}

// RemoveAttachment deletes an attachment. While a message needs it the server refuses that
// with the code state_conflict.
func (c *Client) RemoveAttachment(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "attachments", id)
}
