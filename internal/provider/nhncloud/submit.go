package nhncloud

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// Submit hands a call over in one request. begun is never called.
func (a *account) Submit(ctx context.Context, c provider.Call, _ provider.Begun) provider.Result {
	members, indexes := provider.Sift(a.Capabilities(), c.Legs, maxKey)
	if len(indexes) == 0 {
		return provider.Result{Outcome: provider.Accepted, Members: members}
	}
	legs := provider.Pick(c.Legs, indexes)
	batch := c.ID.String()
	path, body, err := a.request(batch, legs)
	if err != nil {
		return provider.Result{Outcome: provider.NotSent, Text: "write call: " + err.Error()}
	}
	key := ""
	if legs[0].Channel == provider.Alimtalk {
		key = batch
	}
	reply := a.call(ctx, a.product(legs[0].Channel), http.MethodPost, path, key, body)
	switch {
	case reply.Err != nil && !reply.Left:
		return provider.Unsent(ctx, "send call", reply.Err)
	case reply.Err != nil:
		return provider.Result{Outcome: provider.Unknown, Text: "send call: " + reply.Err.Error()}
	}
	var answer sentReply
	if err := json.Unmarshal(reply.Body, &answer); err != nil || !answer.decides(reply.Status) {
		return strange(reply)
	}
	code := *answer.Header.Code
	if code != 0 && code != allRefused {
		return refused(&legs[0], code, answer.Header.Text, reply)
	}
	request, results := answer.call()
	switch named := read(legs, results, request, indexes, members); {
	case !named && code == allRefused && !slices.ContainsFunc(results, taken):
		// Nobody was taken, though it cannot be told why each was not.
		return refused(&legs[0], code, answer.Header.Text, reply)
	case !named:
		return provider.Result{Outcome: provider.Unknown, UpstreamID: upstream.Code(request), Text: "send call: the reply does not name every recipient once"}
	}
	return provider.Result{Outcome: provider.Accepted, UpstreamID: upstream.Code(request), Members: members}
}

func taken(r sentRecipient) bool { return r.Code == 0 }

// read notes what the reply says of each leg; false when it does not name each once.
func read(legs []provider.Leg, results []sentRecipient, request string, indexes []int, members []provider.Member) bool {
	if len(results) != len(legs) {
		return false
	}
	at := make(map[string]int, len(legs))
	for i := range legs {
		at[legs[i].Ref] = i
	}
	for _, r := range results {
		i, known := at[r.Ref]
		if !known {
			return false
		}
		delete(at, r.Ref)
		m := &members[indexes[i]]
		if !taken(r) {
			reason := apiReason(legs[i].Channel, r.Code)
			*m = provider.Member{Refused: true, Reason: reason, Code: strconv.Itoa(r.Code), Text: upstream.Words(r.Text)}
			continue
		}
		m.UpstreamID = messageID(request, r.Seq)
	}
	return true
}

// messageID is how a message is named upstream.
func messageID(request string, seq int) string {
	return upstream.Code(request) + "/" + strconv.Itoa(seq)
}
