package nhncloud

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

const (
	pageSize = 1_000 // the most that the vendor gives at once
	maxPages = 100
	before   = 10 * time.Minute // how far the vendor's clock may be behind ours
	after    = 24 * time.Hour
)

// Lookup asks for what was taken of a call, by the attempt's id, until a list has it: in the
// lists of the channels that the call went over, or of all that the account carries where
// those are not known. A call stands in one list, so an error of another one (the keys of that
// product may be missing) hides nothing that is found; where nothing is, it is what was learnt.
func (a *account) Lookup(ctx context.Context, e provider.Enquiry) (provider.Lookup, error) {
	if e.ID.IsZero() || e.At.IsZero() {
		return provider.Lookup{}, nil
	}
	channels := e.Channels
	if len(channels) == 0 {
		channels = a.channels
	}
	var failed error
	asked := map[string]bool{} // LMS and MMS stand in one list
	for _, c := range channels {
		if asked[lists[c]] {
			continue
		}
		asked[lists[c]] = true
		found, err := a.list(ctx, c, e)
		switch {
		case err != nil:
			failed = cmp.Or(failed, fmt.Errorf("look up call %s: %w", e.ID, err))
		case len(found) > 0:
			return provider.Lookup{Verdict: provider.LookupTaken, Reports: found}, nil
		}
	}
	return provider.Lookup{}, failed
}

// lists are where messages of a channel are listed.
var lists = map[provider.Channel]string{provider.Alimtalk: "/messages", provider.SMS: "/sender/sms", provider.LMS: "/sender/mms", provider.MMS: "/sender/mms"}

// list reads all messages of a call that were taken.
func (a *account) list(ctx context.Context, c provider.Channel, e provider.Enquiry) (reports []provider.Report, err error) {
	form := "2006-01-02 15:04:05"
	if c == provider.Alimtalk {
		form = "2006-01-02 15:04"
	}
	query := url.Values{
		"senderGroupingKey": {e.ID.String()},
		"startRequestDate":  {e.At.Add(-before).In(korea.Seoul).Format(form)},
		"endRequestDate":    {e.At.Add(after).In(korea.Seoul).Format(form)},
		"pageSize":          {strconv.Itoa(pageSize)},
	}
	for page := 1; page <= maxPages; page++ {
		query.Set("pageNum", strconv.Itoa(page))
		messages, err := a.page(ctx, c, lists[c]+"?"+query.Encode())
		if err != nil {
			return nil, err
		}
		for i := range messages {
			if m := &messages[i]; m.Batch == e.ID.String() {
				reports = append(reports, m.report())
			}
		}
		if len(messages) < pageSize {
			return reports, nil
		}
	}
	return nil, errors.New("the list does not end")
}

// listed is a message of a list with the call that it is of.
type listed struct {
	message
	Batch string `json:"senderGroupingKey"`
}

// page reads one page of a list of either product.
func (a *account) page(ctx context.Context, c provider.Channel, path string) ([]listed, error) {
	reply := a.call(ctx, a.product(c), http.MethodGet, path, "", nil)
	if reply.Err != nil {
		return nil, reply.Err
	}
	var answer struct {
		envelope
		Body *struct {
			Data []listed `json:"data"`
		} `json:"body"`
		Found *struct {
			Messages []listed `json:"messages"`
		} `json:"messageSearchResultResponse"`
	}
	err := upstream.Lenient(json.Unmarshal(reply.Body, &answer))
	switch {
	case err != nil || answer.Header.Code == nil:
		return nil, fmt.Errorf("HTTP status %d: the reply cannot be read", reply.Status)
	case *answer.Header.Code != 0:
		return nil, fmt.Errorf("result code %d", *answer.Header.Code)
	case c == provider.Alimtalk && answer.Found != nil:
		return answer.Found.Messages, nil
	case c != provider.Alimtalk && answer.Body != nil:
		return answer.Body.Data, nil
	}
	return nil, errors.New("the reply has no list")
}
