package aligo

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
	pageSize = 500
	maxPages = 20 // of a call of 500
)

// Poll asks for the receivers of a call by the id of its request.
func (a *account) Poll(ctx context.Context, e provider.Enquiry) (bodies [][]byte, err error) {
	about, mid, _ := strings.Cut(e.UpstreamID, ":")
	if about != "sms" && about != "alimtalk" || !idForm(mid) {
		return nil, fmt.Errorf("ask about call %s: %.20q is no id of this account", e.ID, e.UpstreamID)
	}
	for page := 1; page <= maxPages; page++ {
		reply, more, err := a.page(ctx, about, mid, page)
		if err != nil {
			return nil, fmt.Errorf("ask about call %s: %w", e.ID, err)
		}
		body, err := provider.Polled{Call: e.ID, About: about, Page: reply}.Body()
		if err != nil {
			return nil, fmt.Errorf("ask about call %s: %w", e.ID, err)
		}
		if bodies = append(bodies, body); !more {
			return bodies, nil
		}
	}
	return nil, errors.New("ask about a call: the list does not end")
}

// page reads one page of a call's receivers, and whether there is another.
func (a *account) page(ctx context.Context, about, mid string, page int) (body []byte, more bool, err error) {
	form := url.Values{"mid": {mid}, "page": {strconv.Itoa(page)}}
	channel, path := provider.SMS, "/sms_list/"
	if about == "alimtalk" {
		channel, path = provider.Alimtalk, "/akv10/history/detail/"
		form.Set("limit", strconv.Itoa(pageSize))
	} else {
		form.Set("page_size", strconv.Itoa(pageSize))
	}
	reply := a.post(ctx, channel, path, form)
	if reply.Err != nil {
		return nil, false, reply.Err
	}
	var answer struct {
		head
		Next  string            `json:"next_yn"`
		Total number            `json:"totalPage"`
		List  []json.RawMessage `json:"list"`
	}
	err = upstream.Lenient(json.Unmarshal(reply.Body, &answer))
	good, known := answer.good(channel)
	switch {
	case reply.Status != http.StatusOK || err != nil || !known:
		return nil, false, fmt.Errorf("HTTP status %d: the reply cannot be read", reply.Status)
	case !good:
		return nil, false, fmt.Errorf("code %s: %s", answer.code(channel), upstream.Words(answer.Message))
	}
	return reply.Body, answer.Next == "Y" || answer.Total.n > int64(page), nil
}
