package sens

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// Submit hands a call over in one request. begun is never called.
func (a *account) Submit(ctx context.Context, c provider.Call, _ provider.Begun) provider.Result {
	members, indexes := provider.Sift(a.Capabilities(), c.Legs, 0)
	if len(indexes) == 0 {
		return provider.Result{Outcome: provider.Accepted, Members: members}
	}
	legs := provider.Pick(c.Legs, indexes)
	channel := legs[0].Channel
	body, err := request(legs)
	if err != nil {
		return provider.Result{Outcome: provider.NotSent, Text: "write call: " + err.Error()}
	}
	reply := a.call(ctx, http.MethodPost, a.service(channel)+"/messages", body)
	switch {
	case reply.Err != nil && !reply.Left:
		return provider.Unsent(ctx, "send call", reply.Err)
	case reply.Err != nil:
		return provider.Result{Outcome: provider.Unknown, Text: "send call: " + reply.Err.Error()}
	case reply.Status != http.StatusAccepted && reply.Status != http.StatusOK:
		return withoutFile(refused(reply), reply.Status, &legs[0])
	}
	var answer sentReply
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &answer)); err != nil || !upstream.PlainID(answer.RequestID) {
		return provider.Result{Outcome: provider.Unknown, Text: "send call: the reply cannot be read"}
	}
	if strings.EqualFold(answer.Name, "fail") {
		return provider.Result{Outcome: provider.Unknown, Code: upstream.Code(string(answer.Status)), Text: "send call: the vendor has it and says that it failed"}
	}
	if channel == provider.Alimtalk && !note(legs, answer.Messages, indexes, members) {
		return provider.Result{Outcome: provider.Unknown, Text: "send call: the reply does not say of every recipient once what became of him"}
	}
	return provider.Result{Outcome: provider.Accepted, UpstreamID: upstreamID(channel, answer.RequestID), Members: members}
}

// accepted is the code of a recipient that was taken.
const accepted = "A000"

// note writes down what the reply says of each recipient; false when it does not name
// each once, or says nothing of one. An id without a code is a message that the vendor has.
func note(legs []provider.Leg, said []sentRecipient, indexes []int, members []provider.Member) bool {
	if len(said) != len(legs) {
		return false
	}
	at := make(map[string]int, len(legs))
	for i := range legs {
		at[string(legs[i].To)] = i
	}
	for _, r := range said {
		i, known := at[r.To]
		if !known {
			return false
		}
		delete(at, r.To)
		m := &members[indexes[i]]
		m.UpstreamID = upstream.Code(r.ID)
		switch {
		case r.Code == "" && m.UpstreamID == "":
			return false
		case r.Code != "" && r.Code != accepted:
			*m = provider.Member{Refused: true, Reason: requestReason(r.Code), Code: upstream.Code(r.Code), Text: upstream.Words(r.Text)}
		}
	}
	return true
}

// requestReason is why a recipient of Alimtalk was refused: B is what the vendor itself
// finds wrong with template or content.
func requestReason(code string) provider.Reason {
	if strings.HasPrefix(code, "B") {
		return provider.TemplateMismatch
	}
	return provider.UnrecognisedCode
}

// upstreamID is how a call is named upstream: the service, and the request's id.
func upstreamID(c provider.Channel, request string) string {
	if c == provider.Alimtalk {
		return "alimtalk:" + request
	}
	return "sms:" + request
}
