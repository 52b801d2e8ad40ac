package client

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Group is some of the contacts of the address book.
type Group struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Members   int64     `json:"members"`
	CreatedAt time.Time `json:"created_at"`
}

// Joined is how many contacts came into a group, and how many it has.
type Joined struct {
	Added   int64 `json:"added"`
	Members int64 `json:"members"`
}

type groupName struct {
	Name string `json:"name"`
}

// Groups lists the groups.
func (c *Client) Groups(ctx context.Context, p Paging) (Page[Group], error) {
	return get[Page[Group]](ctx, c, p.query(), "v1", "groups")
}

// Group gets one group.
func (c *Client) Group(ctx context.Context, id string) (Group, error) {
	return get[Group](ctx, c, nil, "v1", "groups", id)
}

// AddGroup makes a group.
func (c *Client) AddGroup(ctx context.Context, name string) (Group, error) {
	return write[Group](ctx, c, http.MethodPost, groupName{name}, "v1", "groups")
}

// RenameGroup gives a group another name.
func (c *Client) RenameGroup(ctx context.Context, id, name string) (Group, error) {
	return write[Group](ctx, c, http.MethodPut, groupName{name}, "v1", "groups", id)
}

// RemoveGroup removes a group. Its contacts stay in the book.
func (c *Client) RemoveGroup(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "groups", id)
}

// Members lists who is in a group.
func (c *Client) Members(ctx context.Context, id string, p Paging) (Page[Contact], error) {
	return get[Page[Contact]](ctx, c, p.query(), "v1", "groups", id, "members")
}

// AddMembers puts contacts, by their ids, into a group.
func (c *Client) AddMembers(ctx context.Context, id string, contacts ...string) (Joined, error) {
	return write[Joined](ctx, c, http.MethodPost, map[string][]string{"contacts": contacts}, "v1", "groups", id, "members")
}

// RemoveMember takes a contact out of a group.
func (c *Client) RemoveMember(ctx context.Context, id, contact string) error {
	return c.remove(ctx, "v1", "groups", id, "members", contact)
}

// ImportMembers takes a list into the address book and into a group.
func (c *Client) ImportMembers(ctx context.Context, id string, l List) (Taken, error) {
	return c.take(ctx, l, "v1", "groups", id, "import")
}

// ExportMembers writes who is in a group as it comes: format is csv, the default, or xlsx.
func (c *Client) ExportMembers(ctx context.Context, id, format string, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "groups", id, "export"}, query: Paging{}.query("format", format), to: w})
}
