package client

import (
	"errors"
	"net/http"
)

// errNoTag is for a tag that was never noted: without a condition the change would overwrite
// what somebody else did.
var errNoTag = errors.New(`the ETag of IfMatch is empty: give the one that Noting found, or "*"`)

// IfMatch gives a client whose next change happens only if what it changes still has this
// ETag, which Noting found when it was read; otherwise it fails with a *Problem of code
// precondition_failed, and nothing is changed. "*" means: if it is there. "" is no ETag, and
// the change fails before it is sent. What cannot be changed so is refused with not_supported.
func (c *Client) IfMatch(tag string) *Client {
	with := *c
	with.ifMatch = &tag
	return &with
}

// Noting gives a client that writes into tag the ETag of what it reads or changes. What has
// none, and what fails, leaves tag as it is.
func (c *Client) Noting(tag *string) *Client {
	with := *c
	with.tag = tag
	return &with
}

// condition writes what a change depends on.
func (c *Client) condition(method string, h http.Header) error {
	if c.ifMatch == nil || method == http.MethodGet {
		return nil
	}
	if *c.ifMatch == "" {
		return errNoTag
	}
	h.Set("If-Match", *c.ifMatch)
	return nil
}

// note keeps the ETag of a reply.
func (c *Client) note(res *http.Response) {
	if tag := res.Header.Get("ETag"); c.tag != nil && tag != "" && res.StatusCode/100 == 2 {
		*c.tag = tag
	}
}
