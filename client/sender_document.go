package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// SenderDocumentBytes is how large a document may be.
const SenderDocumentBytes = 5 << 20

// SenderDocument is a proof of the right to a sender number.
type SenderDocument struct {
	ID          string    `json:"id"`
	Kind        string    `json:"kind"` // service_certificate, business_registration, power_of_attorney, employment_certificate or other
	Name        string    `json:"name"`
	ContentType string    `json:"content_type"`
	Bytes       int       `json:"bytes"`
	AddedAt     time.Time `json:"added_at"`
	KeptSince   time.Time `json:"kept_since,omitzero"` // since when it stays, whatever becomes of the number; zero = it can be removed
}

// AddSenderDocument adds a PDF, JPEG or PNG by which a sender number is to be registered.
func (c *Client) AddSenderDocument(ctx context.Context, number, kind, name string, content []byte) (SenderDocument, error) {
	query := url.Values{"kind": {kind}}
	if name != "" {
		query.Set("name", name)
	}
	var out SenderDocument
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "senders", number, "documents"}, query: query, file: content, out: &out})
	return out, err
}

// SenderDocuments lists the documents of a sender number, oldest first: there are few.
func (c *Client) SenderDocuments(ctx context.Context, number string) (Page[SenderDocument], error) {
	return get[Page[SenderDocument]](ctx, c, nil, "v1", "senders", number, "documents")
}

// RemoveSenderDocument removes a document of a number that is not decided on, or was rejected.
func (c *Client) RemoveSenderDocument(ctx context.Context, number, id string) error {
	return c.remove(ctx, "v1", "senders", number, "documents", id)
}

// RequestSender asks again for a sender number that was rejected.
func (c *Client) RequestSender(ctx context.Context, number string) (Sender, error) {
	return write[Sender](ctx, c, http.MethodPost, nil, "v1", "senders", number, "request")
}

// MakeSenderDefault makes an approved sender number the one of texts that name none.
func (c *Client) MakeSenderDefault(ctx context.Context, number string) (Sender, error) {
	return write[Sender](ctx, c, http.MethodPost, nil, "v1", "senders", number, "default")
}

// SenderDocumentContent gets a document itself.
func (c *Client) SenderDocumentContent(ctx context.Context, number, id string) (content []byte, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "senders", number, "documents", id}, raw: func(b []byte) { content = b }})
	return content, err
}
