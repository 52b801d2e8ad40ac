package client

import (
	"maps"
	"net/url"
)

// ForSite gives a client whose requests are about a site, for tokens that may act for others
// than their own: an operator's, and those of people who have several sites. "*" asks for all
// sites together where that can be: the audit log, blocked words, Payments, Stats and Withdrawals; "" is
// the token's own site again. Requests that are about the installation, such as Plans, name no site.
func (c *Client) ForSite(id string) *Client {
	with := *c
	with.site = id
	return &with
}

// siteless reports whether a path is about the installation or oneself, or names its site.
func siteless(path []string) bool {
	if len(path) < 2 || path[0] != "v1" {
		return true
	}
	under, last := path[1:], path[len(path)-1]
	switch under[0] {
	case "invoices", "margin", "overview", "password-resets", "plans", "prices", "providers", "queues", "sessions", "sites", "system", "tax-invoices":
		return true
	case "inbox": // lists of letters and of differences can be narrowed to a site
		return len(under) > 1 && last != "differences"
	case "me":
		return len(under) > 1 && under[1] != "tokens"
	case "credit":
		return last == "signing-key"
	}
	return false
}

// about adds the site to a query.
func (c *Client) about(path []string, query url.Values) url.Values {
	if c.site == "" || siteless(path) {
		return query
	}
	with := maps.Clone(query)
	if with == nil {
		with = url.Values{}
	}
	with.Set("site", c.site)
	return with
}
