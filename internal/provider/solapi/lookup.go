package solapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// The states of a group.
const (
	statusPending   = "PENDING"
	statusSending   = "SENDING"
	statusScheduled = "SCHEDULED"
	statusComplete  = "COMPLETE"
	statusFailed    = "FAILED"
	statusDeleted   = "DELETED"
)

const (
	pageSize = 500   // the most the vendor gives at once
	maxPages = 2_000 // of one group, should it give fewer
)

// Lookup asks what became of a group. One that was not sent is deleted first and
// only then called not sent. A call whose group's id was never stored ended before
// anything could be sent: nobody has to be asked.
func (a *account) Lookup(ctx context.Context, e provider.Enquiry) (provider.Lookup, error) {
	group := e.UpstreamID
	if group == "" {
		return provider.Lookup{Verdict: provider.LookupNotSent}, nil
	}
	if !upstream.PlainID(group) {
		return provider.Lookup{}, fmt.Errorf("look up group: %q is not an id of a group", clip(group, maxGroupID))
	}
	var g groupReply
	if err := a.ask(ctx, http.MethodGet, groupPath(group, ""), &g); err != nil {
		return provider.Lookup{}, fmt.Errorf("look up group %s: %w", group, err)
	}
	switch g.Status {
	case statusDeleted:
		return provider.Lookup{Verdict: provider.LookupNotSent}, nil
	case statusPending:
		if err := a.ask(ctx, http.MethodDelete, groupPath(group, ""), &g); err != nil {
			return provider.Lookup{}, fmt.Errorf("delete group %s, which was not sent: %w", group, err)
		}
		if g.Status != statusDeleted {
			return provider.Lookup{}, fmt.Errorf("delete group %s, which was not sent: its status is %q", group, clip(g.Status, maxCode))
		}
		return provider.Lookup{Verdict: provider.LookupNotSent}, nil
	case statusSending, statusComplete, statusScheduled, statusFailed:
		return a.messages(ctx, group, g)
	default:
		return provider.Lookup{}, fmt.Errorf("look up group %s: its status %q is not known", group, clip(g.Status, maxCode))
	}
}

// messages reads all messages of a group that was taken. The list is complete when it
// names as many registered messages as the group says, each by a reference of its own: a
// row that two pages show counts once, and one that cannot be read may be anybody's.
func (a *account) messages(ctx context.Context, group string, g groupReply) (provider.Lookup, error) {
	found := provider.Lookup{Verdict: provider.LookupTaken, Complete: g.Count.Registered != nil}
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	registered := map[string]bool{} // by reference
	for range maxPages {
		var page struct {
			Next     string             `json:"nextKey"`
			Messages map[string]message `json:"messageList"`
		}
		if err := a.ask(ctx, http.MethodGet, groupPath(group, "/messages?"+query.Encode()), &page); err != nil {
			return provider.Lookup{}, fmt.Errorf("list messages of group %s: %w", group, err)
		}
		if page.Messages == nil {
			return provider.Lookup{}, fmt.Errorf("list messages of group %s: the reply has no list", group)
		}
		for _, id := range slices.Sorted(maps.Keys(page.Messages)) {
			m := page.Messages[id]
			report := m.report()
			if g.Status == statusFailed && m.Code == codeAccepted {
				report.Final, report.Reason = true, provider.ProviderQuota
			}
			if !m.Code.registration() {
				registered[report.Ref] = true
			}
			found.Complete = found.Complete && report.Ref != "" && m.Code != ""
			found.Reports = append(found.Reports, report)
		}
		if page.Next == "" {
			found.Complete = found.Complete && len(registered) >= *g.Count.Registered
			return found, nil
		}
		if page.Next == query.Get("startKey") {
			break
		}
		query.Set("startKey", page.Next)
	}
	return provider.Lookup{}, fmt.Errorf("list messages of group %s: the list does not end", group)
}

// ask makes a request and reads its reply into v, of whose members those of another type are
// left out; every status but 200 is an error.
func (a *account) ask(ctx context.Context, method, path string, v any) error {
	reply := a.call(ctx, method, path, nil)
	if reply.Err != nil {
		return reply.Err
	}
	if reply.Status != http.StatusOK {
		r := refused(reply)
		return fmt.Errorf("HTTP status %d (%s): %s", r.status, r.name(), r.text)
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, v)); err != nil {
		return fmt.Errorf("read reply: %w", err)
	}
	return nil
}
