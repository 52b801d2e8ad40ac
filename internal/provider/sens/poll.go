package sens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

const (
	pageSize = 100 // the most that may be asked for: a whole call
	maxPages = 20
)

// Poll asks for the messages of a call by the id of its request. A list that promises more and
// does not bring it is an error while somebody of the call is missing, lest he be silently so.
func (a *account) Poll(ctx context.Context, e provider.Enquiry) (bodies [][]byte, err error) {
	about, request, named := strings.Cut(e.UpstreamID, ":")
	path := map[string]string{"sms": a.sms, "alimtalk": a.alimtalk}[about]
	if !named || path == "" || !upstream.PlainID(request) {
		return nil, fmt.Errorf("ask about call %s: %.20q is no id of this account", e.ID, e.UpstreamID)
	}
	query := url.Values{"requestId": {request}, "pageSize": {strconv.Itoa(pageSize)}}
	seen := map[string]bool{} // numbers, which stand once in a call
	for at := range maxPages {
		p, err := a.page(ctx, path+"/messages?"+query.Encode())
		if err != nil {
			return nil, fmt.Errorf("ask about call %s: %w", e.ID, err)
		}
		if p.body != nil {
			body, err := provider.Polled{Call: e.ID, About: about, Page: p.body}.Body()
			if err != nil {
				return nil, fmt.Errorf("ask about call %s: %w", e.ID, err)
			}
			bodies = append(bodies, body)
		}
		fresh := p.note(seen)
		switch {
		case at == 0 && p.body == nil, p.body != nil && !p.more():
			return bodies, nil
		case at > 0 && !fresh && len(e.Refs) > 0 && len(seen) >= len(e.Refs):
			return bodies, nil
		case at > 0 && !fresh:
			return nil, fmt.Errorf("ask about call %s: the list promises more than the %d recipients that it shows", e.ID, len(seen))
		}
		p.turn(query, at)
	}
	return nil, errors.New("ask about a call: the list does not end")
}

// page is one page of a list, or of an empty one.
type page struct {
	body     []byte       // nil = there are no rows
	More     *bool        `json:"hasMore"`
	Next     upstreamText `json:"nextToken"`
	Index    *int         `json:"pageIndex"`
	Messages []struct {
		To string `json:"to"`
	} `json:"messages"`
}

// page asks for one page.
func (a *account) page(ctx context.Context, path string) (p page, err error) {
	reply := a.call(ctx, http.MethodGet, path, nil)
	switch {
	case reply.Err != nil:
		return p, reply.Err
	case reply.Status == http.StatusNotFound && len(reply.Body) == 0:
		return p, nil
	case reply.Status != http.StatusOK && reply.Status != http.StatusAccepted:
		code, text, _ := said(reply)
		return p, fmt.Errorf("HTTP status %d (%s): %s", reply.Status, code, text)
	case !json.Valid(reply.Body) || reply.Body[0] != '{':
		return p, errors.New("the reply cannot be read")
	}
	_ = json.Unmarshal(reply.Body, &p) // members of another type are as good as none
	p.body = reply.Body
	return p, nil
}

// note adds whom the page shows, and reports whether anybody is new.
func (p *page) note(seen map[string]bool) (fresh bool) {
	before := len(seen)
	for i := range p.Messages {
		if to := p.Messages[i].To; to != "" {
			seen[to] = true
		}
	}
	return len(seen) > before
}

// more reports whether another page follows. A token without a word says so, too.
func (p *page) more() bool {
	if p.More != nil {
		return *p.More
	}
	return p.Next != ""
}

// turn makes the query of the page after this one, of which at came before: by its token, or
// by the number that the vendor gives pages, or else by ours.
func (p *page) turn(query url.Values, at int) {
	query.Del("pageIndex")
	query.Del("nextToken")
	switch {
	case p.Next != "":
		query.Set("nextToken", string(p.Next))
	case p.Index != nil:
		query.Set("pageIndex", strconv.Itoa(*p.Index+1))
	default:
		query.Set("pageIndex", strconv.Itoa(at+1))
	}
}
