package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/event"
)

// What is sent to endpoints is described here, type by type, so that programs that receive it
// can have their types generated. Nothing in it decides; a test holds it against what is sent.

// messageEventData is the data of message.*.
type messageEventData struct {
	MessageID string  `json:"message_id"`
	Status    string  `json:"status" enum:"review,scheduled,accepted,paused,cancelling,cancelled,done"`
	Accepted  int64   `json:"accepted"`
	Pending   int64   `json:"pending"`
	Sent      int64   `json:"sent"`
	Unknown   int64   `json:"unknown"`
	Delivered int64   `json:"delivered"`
	Failed    int64   `json:"failed"`
	Expired   int64   `json:"expired"`
	Cancelled int64   `json:"cancelled"`
	By        byCount `json:"delivered_by"`
	Cost      string  `json:"actual_cost,omitempty" doc:"Of one that is done."`
	Notify    string  `json:"notify,omitempty"`
}

// byCount counts by channel.
type byCount struct {
	Alimtalk int64 `json:"alimtalk"`
	SMS      int64 `json:"sms"`
	LMS      int64 `json:"lms"`
	MMS      int64 `json:"mms"`
}

// recipientEventData is the data of recipient.*.
type recipientEventData struct {
	MessageID  string           `json:"message_id"`
	Metadata   map[string]any   `json:"metadata,omitempty" doc:"That the message was sent with."`
	Recipients []recipientMoved `json:"recipients" maxItems:"100"`
}

// recipientMoved is one recipient who moved.
type recipientMoved struct {
	Seq     int64  `json:"seq" doc:"The recipient's place among the accepted ones of the message, from 0; GET /v1/messages/{id}/recipients lists them with it."`
	Status  string `json:"status" enum:"pending,sent,delivered,failed,unknown,expired,cancelled"`
	Channel string `json:"channel,omitempty" enum:"alimtalk,sms,lms,mms" doc:"That it is at; left out where a whole batch ended before it was handed over."`
	Step    int    `json:"step,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// paymentEventData is the data of payment.*.
type paymentEventData struct {
	PaymentID string         `json:"payment_id"`
	Status    string         `json:"status"`
	Gateway   string         `json:"gateway"`
	Method    string         `json:"method"`
	Auto      bool           `json:"auto"`
	Amount    string         `json:"amount"`
	VAT       string         `json:"vat"`
	Total     string         `json:"total"`
	Cancelled string         `json:"cancelled"`
	Reason    map[string]any `json:"reason,omitempty" doc:"code, text_ko, text_en, gateway_code."`
}

// templateEventData is the data of template.*.
type templateEventData struct {
	Code     string `json:"code"`
	Provider string `json:"provider"`
	State    string `json:"state"`
	Comment  string `json:"comment"`
}

// senderEventData is the data of sender.*, which names no number.
type senderEventData struct {
	State string `json:"state" enum:"requested,approved,rejected,blocked"`
}

// endpointEventData is the data of webhook.*.
type endpointEventData struct {
	EndpointID   string `json:"endpoint_id"`
	Reason       string `json:"reason,omitempty" enum:"gone,failing"`
	FailingSince string `json:"failing_since,omitempty" format:"date-time"`
}

// eventData are the families whose data has one form; that of the others is an object.
var eventData = map[string]reflect.Type{
	"message": reflect.TypeFor[messageEventData](), "recipient": reflect.TypeFor[recipientEventData](), "payment": reflect.TypeFor[paymentEventData](),
	"template": reflect.TypeFor[templateEventData](), "sender": reflect.TypeFor[senderEventData](), "webhook": reflect.TypeFor[endpointEventData](),
}

// describeWebhooks adds what is sent to endpoints to the document.
func (a *api) describeWebhooks() {
	doc := a.huma.OpenAPI()
	doc.Webhooks = map[string]*huma.PathItem{}
	for _, t := range append([]event.Type{{Name: "webhook.test", What: "Somebody tries the endpoint out."}}, event.Types...) {
		family, _, _ := strings.Cut(t.Name, ".")
		data := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
		if of, ok := eventData[family]; ok {
			data = doc.Components.Schemas.Schema(of, true, "")
		}
		text := func(format, about string) *huma.Schema {
			return &huma.Schema{Type: huma.TypeString, Format: format, Description: about}
		}
		body := &huma.Schema{Type: huma.TypeObject, Required: []string{"type", "timestamp", "sequence", "site_id", "data"}, Properties: map[string]*huma.Schema{
			"type": {Type: huma.TypeString, Enum: []any{t.Name}}, "timestamp": text("date-time", "When it happened."),
			"sequence": {Type: huma.TypeInteger, Format: "int64", Description: "Its place in the endpoint's own sequence, which has no gap."},
			"site_id":  text("", "Whose event it is."), "data": data,
		}}
		header := func(name, about string) *huma.Param {
			return &huma.Param{Name: name, In: "header", Required: true, Schema: text("", ""), Description: about}
		}
		doc.Webhooks[t.Name] = &huma.PathItem{Post: &huma.Operation{
			OperationID: "on" + camel(t.Name), Summary: t.What, Tags: []string{webhookTag}, Security: []map[string][]string{},
			Description: "Signed after Standard Webhooks 1.0.0: verify it with the endpoint's secret before you believe it.",
			Parameters: []*huma.Param{header("webhook-id", "evt_…: the same on every attempt."), header("webhook-timestamp", "Of this attempt, in seconds."),
				header("webhook-signature", "v1,… of each secret, with a blank between.")},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
			Responses:   map[string]*huma.Response{"2XX": {Description: "It is taken. Everything else is tried again; 410 disables the endpoint."}},
		}}
	}
}

// camel makes message.done MessageDone.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '.' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
