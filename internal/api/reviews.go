package api

import (
	"context"
	"net/http"
	"reflect"

	"creditmsg/internal/fault"
	"creditmsg/internal/message"
)

// approving is the ability of the second person.
const approving = "messages:approve"

// reviews declares the routes for the people who look at a message besides its sender: trying it
// out, approving it, and sending it again to those whom it did not reach.
func reviews(a *api) {
	a.declareTest()
	act := func(verb, ability, summary, about string, codes ...string) operation {
		return operation{id: verb + "Message", method: http.MethodPost, path: "/v1/messages/{id}/" + verb, tag: "Messages", ability: ability,
			status: http.StatusOK, summary: summary, about: about, codes: append(codes, fault.CodeStateConflict)}
	}
	perform(a, act("approve", approving, "Let a message go that waits for a second person",
		"Not by who sent it, or last wrote the series which did: a token, or a person, however he signed in. From then on the message is valid as long as it was meant to be. Repeating it changes nothing."),
		func(ctx context.Context, x *exchange, in *messageInput, _ string) (*message.Message, error) {
			key, err := x.message(in.ID)
			if err != nil {
				return nil, err
			}
			return a.Messages.Approve(ctx, key, x.actor())
		}, a.showMessage)
	perform(a, act("reject", approving, "Cancel a message that waits for a second person",
		"What was held for it is given back. Repeating it changes nothing."),
		func(ctx context.Context, x *exchange, in *rejectInput, _ string) (*message.Message, error) {
			key, err := x.message(in.ID)
			if err != nil {
				return nil, err
			}
			return a.Messages.Reject(ctx, key, x.actor(), in.Body.Reason)
		}, a.showMessage)
	resend := act("resend-failed", "messages:write", "Send a message again to those who failed or expired",
		"When it is over. Gives the new message, which has that message's words, the credit and the rules of now, and `resends`. Repeating it gives the same new message; "+
			"those whom that does not reach, because it is cancelled too, can be sent to again from there.",
		fault.CodeInsufficientCredit, fault.CodeNoRecipients, fault.CodeUnknownTemplate, fault.CodeTemplateNotApproved, fault.CodeSenderNotRegistered,
		fault.CodeSenderMissing, fault.CodeChannelNotAvailable, fault.CodeSiteSuspended)
	resend.id = "resendFailed"
	perform(a, resend, func(ctx context.Context, x *exchange, in *messageInput, _ string) (*message.Message, error) {
		key, err := x.message(in.ID)
		if err != nil {
			return nil, err
		}
		return a.Messages.ResendFailed(ctx, key, x.actor(), a.withinLimits)
	}, a.showMessage)
}

type rejectInput struct {
	ID   string `path:"id" doc:"msg_…"`
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"For who sent it."`
	} `nameHint:"RejectBody"`
}

// declareTest declares the route that tries a message out. Its body is read like that of sending.
func (a *api) declareTest() {
	test := operation{
		id: "testMessage", method: http.MethodPost, path: "/v1/messages/test", tag: "Messages", ability: "messages:write", status: http.StatusAccepted,
		summary: "Try a message out on up to ten phones",
		about: "Takes the body of a message, whose recipients are the phones to try it out on. It goes at once: its time, hours, pace and notice are left aside, and so are the window " +
			"against duplicates and the review. Variables that a recipient lacks show their names. It is charged like any other message.",
		codes: []string{fault.CodeInsufficientCredit, fault.CodeTooManyRecipients, fault.CodeNoRecipients, fault.CodeUnknownTemplate,
			fault.CodeTemplateNotApproved, fault.CodeSenderNotRegistered, fault.CodeSenderMissing, fault.CodeChannelNotAvailable, fault.CodeSiteSuspended, fault.CodeStateConflict},
		body: a.describeTest(), example: exampleReceipt(),
	}
	plain(a, test, reflect.TypeFor[receiptView](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		if _, err := mediaOf(r, false); err != nil {
			return nil, err
		}
		return a.takeTest(w, r, x, test)
	}))
}

func (a *api) takeTest(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	body, release, err := a.whole(w, r, maxJSON)
	defer release()
	if err != nil {
		return nil, err
	}
	key, keyed, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	return a.takeOrder(r.Context(), x, body, key, keyed, func(o *order) (message.Request, error) {
		switch {
		case len(o.groups) > 0:
			return message.Request{}, fault.Check("/groups", "name the phones to try it out on as recipients")
		case o.list != nil:
			return message.Request{}, fault.Check("/list", "name the phones to try it out on as recipients")
		case o.named > message.MostTest:
			return message.Request{}, fault.Check("/recipients", "a message is tried out on at most %d phones", message.MostTest)
		}
		return o.AsTest(), nil
	})
}
