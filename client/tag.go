package client

import "net/http"

// IfMatch gives a client whose next change happens only if what it changes still has this
// ETag, which Noting found when it was read; otherwise it fails with a *Problem of code
// precondition_failed, and nothing is changed. "*" means: if it is there. What cannot be
// changed so is refused with not_supported.
func (c *Client) IfMatch(tag string) *Client {
	with := *c
	with.ifMatch = tag
	return &with
}

// Noting gives a client that writes into tag the ETag of what it reads or changes, and "" where
// that has none.
func (c *Client) Noting(tag *string) *Client {
	with := *c
	with.tag = tag
	return &with
}

// condition writes what a change depends on.
func (c *Client) condition(method string, h http.Header) {
	if c.ifMatch != "" && method != http.MethodGet {
		h.Set("If-Match", c.ifMatch)
	}
}

// note keeps the ETag of a reply.
func (c *Client) note(h http.Header) {
	if c.tag != nil {
		*c.tag = h.Get("ETag")
	}
}
