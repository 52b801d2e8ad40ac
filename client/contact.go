package client

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Contact is somebody in the site's address book.
type Contact struct {
	ID        string            `json:"id,omitempty"`
	To        string            `json:"to"`
	Name      string            `json:"name,omitempty"`
	Variables map[string]string `json:"variables,omitempty"`
	Consent   *Consent          `json:"consent,omitempty"` // to advertising; nil = none
	Groups    []string          `json:"groups,omitempty"`  // ids; read of one contact, and set when it is added
	CreatedAt time.Time         `json:"created_at,omitzero"`
	ChangedAt time.Time         `json:"changed_at,omitzero"`
}

// Consent is a consent to advertising.
type Consent struct {
	At       time.Time `json:"at"`
	Evidence string    `json:"evidence,omitempty"`
	Night    bool      `json:"night,omitempty"` // at night too
}

// ContactFilter narrows a list of contacts.
type ContactFilter struct {
	To string // a number; "" = all
	Paging
}

// Contacts lists the address book.
func (c *Client) Contacts(ctx context.Context, f ContactFilter) (Page[Contact], error) {
	return get[Page[Contact]](ctx, c, f.query("to", f.To), "v1", "contacts")
}

// Contact gets one contact with its groups.
func (c *Client) Contact(ctx context.Context, id string) (Contact, error) {
	return get[Contact](ctx, c, nil, "v1", "contacts", id)
}

// contactBody is what is written of a contact.
type contactBody struct {
	To        string            `json:"to"`
	Name      string            `json:"name,omitempty"`
	Variables map[string]string `json:"variables,omitempty"`
	Consent   *Consent          `json:"consent,omitempty"`
	Groups    []string          `json:"groups,omitempty"`
}

// AddContact adds a contact, and puts it into its groups.
func (c *Client) AddContact(ctx context.Context, n Contact) (Contact, error) {
	return write[Contact](ctx, c, http.MethodPost, contactBody{n.To, n.Name, n.Variables, n.Consent, n.Groups}, "v1", "contacts")
}

// PutContact replaces the contact of n.ID. Its groups stay.
func (c *Client) PutContact(ctx context.Context, n Contact) (Contact, error) {
	return write[Contact](ctx, c, http.MethodPut, contactBody{n.To, n.Name, n.Variables, n.Consent, nil}, "v1", "contacts", n.ID)
}

// RemoveContact erases a contact from the book and its groups.
func (c *Client) RemoveContact(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "contacts", id)
}

// List is a list of people as they are kept: CSV in UTF-8 or CP949, or XLSX.
type List struct {
	Content []byte
	// Fields are further parts of the form, such as to_column, name_column, consent_at,
	// consent_evidence, sheet, and groups where the list is the book's.
	Fields map[string]string
}

// Taken is what became of a list.
type Taken struct {
	Rows                int64            `json:"rows"`
	Created             int64            `json:"created"`
	Updated             int64            `json:"updated"`
	Unchanged           int64            `json:"unchanged"`
	Joined              int64            `json:"joined"` // groups
	Rejected            int64            `json:"rejected"`
	RejectedByCode      map[string]int64 `json:"rejected_by_code"`
	Rejections          []RejectedLine   `json:"rejections"`
	RejectionsTruncated bool             `json:"rejections_truncated"`
}

// RejectedLine is a line of a list that was not taken.
type RejectedLine struct {
	Line   int64  `json:"line"` // from 1
	To     string `json:"to"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// ImportContacts takes a list into the address book.
func (c *Client) ImportContacts(ctx context.Context, l List) (Taken, error) {
	return c.take(ctx, l, "v1", "contacts", "import")
}

// ExportContacts writes the address book as it comes: format is csv, the default, or xlsx.
func (c *Client) ExportContacts(ctx context.Context, format string, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "contacts", "export"}, query: Paging{}.query("format", format), to: w})
}

func (c *Client) take(ctx context.Context, l List, path ...string) (out Taken, err error) {
	body, media, err := l.form()
	if err != nil {
		return out, err
	}
	err = c.do(ctx, call{method: http.MethodPost, path: path, file: body, media: media, out: &out})
	return out, err
}
