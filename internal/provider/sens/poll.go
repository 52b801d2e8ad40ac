package sens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

const maxPages = 20 // of a call of 100

// Poll asks for the messages of a call by the id of its request.
func (a *account) Poll(ctx context.Context, e provider.Enquiry) (bodies [][]byte, err error) {
	about, request, named := strings.Cut(e.UpstreamID, ":")
	path := map[string]string{"sms": a.sms, "alimtalk": a.alimtalk}[about]
	if !named || path == "" || !upstream.PlainID(request) {
		return nil, fmt.Errorf("ask about call %s: %.20q is no id of this account", e.ID, e.UpstreamID)
	}
	query := url.Values{"requestId": {request}}
	for range maxPages {
		reply := a.call(ctx, http.MethodGet, path+"/messages?"+query.Encode(), nil)
		switch {
		case reply.Err != nil:
			return nil, fmt.Errorf("ask about call %s: %w", e.ID, reply.Err)
		case reply.Status == http.StatusNotFound && len(reply.Body) == 0:
			return bodies, nil // no rows yet
		case reply.Status != http.StatusOK && reply.Status != http.StatusAccepted:
			code, text, _ := said(reply)
			return nil, fmt.Errorf("ask about call %s: HTTP status %d (%s): %s", e.ID, reply.Status, code, text)
		}
		var page struct {
			Next string `json:"nextToken"`
			More bool   `json:"hasMore"`
		}
		if !json.Valid(reply.Body) || reply.Body[0] != '{' {
			return nil, fmt.Errorf("ask about call %s: the reply cannot be read", e.ID)
		}
		_ = json.Unmarshal(reply.Body, &page) // members of another type are as good as none
		body, err := provider.Polled{Call: e.ID, About: about, Page: reply.Body}.Body()
		if err != nil {
			return nil, fmt.Errorf("ask about call %s: %w", e.ID, err)
		}
		bodies = append(bodies, body)
		if !page.More || page.Next == "" {
			return bodies, nil
		}
		query.Set("nextToken", page.Next)
	}
	return nil, errors.New("ask about a call: the list does not end")
}
