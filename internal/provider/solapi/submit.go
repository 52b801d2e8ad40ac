package solapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// maxCustom is how long a value of customFields may be.
const maxCustom = 100

// Submit hands a call over in three requests; see the package comment. The group's
// id is in the result as soon as there is one, whatever the outcome. It is stored while
// the messages are added: neither hands anything over, and both must be done before the
// third request may go.
func (a *account) Submit(ctx context.Context, c provider.Call, begun provider.Begun) provider.Result {
	members, legs := provider.Sift(a.Capabilities(), c.Legs, maxCustom)
	if len(legs) == 0 {
		return provider.Result{Outcome: provider.Accepted, Members: members}
	}
	group, failed := a.create(ctx, c.ID.String())
	if failed != nil {
		return *failed
	}
	stored := make(chan error, 1)
	go func() {
		stored <- fault.Contain("storing the id of a group", func() error { return begun(ctx, group) })
	}()
	failed = a.add(ctx, group, c.Legs, legs, members)
	if err := <-stored; err != nil {
		return a.abandon(ctx, group, provider.Result{Outcome: provider.NotSent, Text: "the id of the group could not be stored"})
	}
	if failed != nil {
		return a.abandon(ctx, group, withoutImage(*failed, c.Legs))
	}
	if gone := goneOf(c.Legs, members); len(gone) > 0 {
		return a.abandon(ctx, group, provider.Result{Outcome: provider.NotSent, Code: codeNoImage, Text: "add messages: a picture is not in the storage any more", Gone: gone})
	}
	taken := func(m provider.Member) bool { return !m.Refused }
	if !slices.ContainsFunc(members, taken) {
		return a.abandon(ctx, group, provider.Result{Outcome: provider.Accepted, Members: members})
	}
	result := a.send(ctx, group)
	switch result.Outcome {
	case provider.Accepted:
		result.UpstreamID, result.Members = group, members
		return result
	case provider.Unknown:
		result.UpstreamID = group
		return result // the group stays: it is the only witness
	default:
		return a.abandon(ctx, group, result)
	}
}

// create makes an empty group.
func (a *account) create(ctx context.Context, batch string) (string, *provider.Result) {
	body, err := json.Marshal(wireGroup{Custom: wireBatch{Batch: batch}})
	if err != nil {
		return "", &provider.Result{Outcome: provider.NotSent, Text: "write group: " + err.Error()}
	}
	reply := a.call(ctx, http.MethodPost, groupsPath, body)
	if failed := before(ctx, "create group", reply); failed != nil {
		return "", failed
	}
	var group groupReply
	if err := json.Unmarshal(reply.Body, &group); err != nil || !upstream.PlainID(group.GroupID) {
		return "", &provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "create group: the reply names no group"}
	}
	return group.GroupID, nil
}

// add puts the legs at indexes into the group and notes in members what was said
// of each. A non-nil result says why the group is not to be sent.
func (a *account) add(ctx context.Context, group string, legs []provider.Leg, indexes []int, members []provider.Member) *provider.Result {
	var buf bytes.Buffer
	for len(indexes) > 0 {
		n, err := addBody(&buf, legs, indexes, maxBody)
		if err != nil {
			return &provider.Result{Outcome: provider.NotSent, Text: err.Error()}
		}
		reply := a.call(ctx, http.MethodPut, groupPath(group, "/messages"), buf.Bytes())
		if failed := before(ctx, "add messages", reply); failed != nil {
			return failed
		}
		if err := registered(reply.Body, legs, indexes[:n], members); err != nil {
			return &provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "add messages: " + err.Error()}
		}
		indexes = indexes[n:]
	}
	return nil
}

// registered reads the reply to one request of add. Every leg must be named by
// exactly one item, otherwise the reply was not understood.
func registered(body []byte, legs []provider.Leg, indexes []int, members []provider.Member) error {
	var reply struct {
		Results []message `json:"resultList"`
	}
	if err := upstream.Lenient(json.Unmarshal(body, &reply)); err != nil {
		return errors.New("the reply cannot be read")
	}
	if len(reply.Results) != len(indexes) {
		return fmt.Errorf("the reply names %d messages instead of %d", len(reply.Results), len(indexes))
	}
	byRef, byPhone := finders(legs, indexes)
	for i := range reply.Results {
		r := &reply.Results[i]
		at, known := byRef[r.Custom.Ref]
		if r.Custom.Ref == "" {
			at, known = byPhone[r.To]
		}
		if !known {
			return fmt.Errorf("result %d names none of the messages", i)
		}
		delete(byRef, legs[at].Ref)
		delete(byPhone, string(legs[at].To))
		members[at] = r.member()
	}
	return nil
}

// finders index the legs of one request by reference and by phone.
func finders(legs []provider.Leg, indexes []int) (byRef, byPhone map[string]int) {
	byRef, byPhone = make(map[string]int, len(indexes)), make(map[string]int, len(indexes))
	for _, i := range indexes {
		byRef[legs[i].Ref] = i
		byPhone[string(legs[i].To)] = i
	}
	return byRef, byPhone
}

// send makes the request that hands over. A readable reply that the group is under
// way is the only proof that it was taken.
func (a *account) send(ctx context.Context, group string) provider.Result {
	reply := a.call(ctx, http.MethodPost, groupPath(group, "/send"), nil)
	switch {
	case !reply.Left:
		return provider.Unsent(ctx, "send group", reply.Err)
	case reply.Err != nil:
		return provider.Result{Outcome: provider.Unknown, Text: "send group: " + reply.Err.Error()}
	case reply.Status == http.StatusOK:
		return sent(reply.Body)
	}
	r := refused(reply)
	outcome, reason := r.sending()
	result := provider.Result{Outcome: outcome, Reason: reason, Code: r.name(), Text: r.text}
	if outcome == provider.Refused {
		result.RetryAfter = upstream.RetryAfter(reply.Header)
	}
	return result
}

// sent reads the group that a successful send replies with. A group that ended at
// once, or says nothing of itself, is left to a look-up.
func sent(body []byte) provider.Result {
	var group groupReply
	if err := json.Unmarshal(body, &group); err != nil {
		return provider.Result{Outcome: provider.Unknown, Text: "send group: the reply cannot be read"}
	}
	switch group.Status {
	case statusSending, statusComplete:
		return provider.Result{Outcome: provider.Accepted}
	default:
		return provider.Result{Outcome: provider.Unknown, Code: clip(group.Status, maxCode), Text: "send group: the group is not under way"}
	}
}

// before judges the reply of a request that hands nothing over: nil when it was
// carried out.
func before(ctx context.Context, act string, reply upstream.Reply) *provider.Result {
	if reply.Err != nil {
		result := provider.Unsent(ctx, act, reply.Err)
		return &result
	}
	if reply.Status == http.StatusOK {
		return nil
	}
	r := refused(reply)
	outcome, reason := r.before()
	return &provider.Result{
		Outcome: outcome, Reason: reason, Code: r.name(), Text: r.text,
		RetryAfter: upstream.RetryAfter(reply.Header),
	}
}

// abandon deletes a group that will not be sent. Whether that succeeds changes
// nothing: a group that nobody sends stays where it is. It is done also when ctx
// has ended, within a time of its own.
func (a *account) abandon(ctx context.Context, group string, result provider.Result) provider.Result {
	result.UpstreamID = group
	if result.Outcome == provider.Unknown {
		return result
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteFor)
	defer cancel()
	a.call(ctx, http.MethodDelete, groupPath(group, ""), nil)
	return result
}
