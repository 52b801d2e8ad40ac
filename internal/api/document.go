package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/message"
)

// What is here describes; nothing in it decides. The checks of a message are in
// order.go, and a test holds the two together.

// orderView is the body of a message, for the document.
type orderView struct {
	Title           string            `json:"title,omitempty" maxLength:"200"`
	Strategy        string            `json:"strategy" enum:"alimtalk_first,sms_only,cost_optimized,policy"`
	Policy          string            `json:"policy,omitempty" doc:"The name of the site's own strategy; of policy." example:"lms-by-kakao"`
	Alimtalk        *alimtalkView     `json:"alimtalk,omitempty" doc:"alimtalk_first needs it."`
	Text            *textView         `json:"text,omitempty" doc:"The text, alone or as the fallback of Alimtalk."`
	Recipients      []personBody      `json:"recipients,omitempty" maxItems:"100000" doc:"These, or groups, or both."`
	Groups          []string          `json:"groups,omitempty" maxItems:"100" doc:"Groups of the address book (grp_…): who is in them when the message is accepted, 1,000,000 altogether. A contact's variables and its name, as #{이름} and #{name}, fill in the text."`
	List            *listRefView      `json:"list,omitempty" doc:"A list that is kept, to whose rows it goes besides; rejections and duplicates have the line then."`
	SavedText       string            `json:"saved_text,omitempty" doc:"The saved text (stx_…) that the message was made of: it counts as used. What is sent is what the message says."`
	RecipientCount  int64             `json:"recipient_count,omitempty" minimum:"1" maximum:"1000000" doc:"Instead of recipients, where they are not known yet."`
	AllowDuplicates bool              `json:"allow_duplicates,omitempty" default:"false"`
	ScheduledAt     *string           `json:"scheduled_at,omitempty" format:"date-time" nullable:"true" doc:"null = at once; at most 60 days ahead."`
	ValidFor        int64             `json:"valid_for,omitempty" minimum:"1" maximum:"2592000" default:"86400" doc:"Seconds after which who was not handed over expires."`
	WaitForRecharge int64             `json:"wait_for_recharge,omitempty" minimum:"0" maximum:"30" default:"10" doc:"Seconds."`
	NotifyOnDone    *bool             `json:"notify_on_done,omitempty" doc:"Whether the site's contacts get a mail with counts and cost when the message is done; left out, as the site has it (topic done of /v1/credit/alerts)."`
	Metadata        json.RawMessage   `json:"metadata,omitempty" doc:"An object of at most 4 KiB, given back as it is."`
	SendWindow      *message.Hours    `json:"send_window,omitempty" doc:"The part of the Korean day in which anything of the message is handed over, fallbacks too; it may go over midnight. Who would have to wait for longer than the message is valid expires, so it is refused where that is certain."`
	PerMinute       int64             `json:"per_minute,omitempty" minimum:"1" maximum:"1000000" doc:"How many recipients are let go a minute, within the hours, in steps of ten seconds. After a pause or a standstill it goes on so; what was missed is not made up for."`
	Variables       map[string]string `json:"variables,omitempty" doc:"Of the recipient who is shown; those that are lacking show their names."`
	Night           string            `json:"night,omitempty" enum:"hold,refuse" default:"hold" doc:"Of advertising: who may not be reached at night (20:50 to 08:00 in Korea, where the operator says nothing else) waits until it is over, or ends as failed with outside_hours."`
}

type alimtalkView struct {
	TemplateCode string       `json:"template_code" doc:"Of an approved template."`
	Buttons      []buttonView `json:"buttons,omitempty" doc:"Those that you believe the template to have. They change nothing: a message whose buttons are not the template's in number, order, type, name and the fixed parts of their links is refused."`
	QuickReplies []buttonView `json:"quick_replies,omitempty" doc:"The same of its quick replies."`
}

type textView struct {
	From               string   `json:"from,omitempty" doc:"A registered sender number; the site's default where it is left out."`
	Subject            string   `json:"subject,omitempty" doc:"Of an LMS or MMS: at most 40 bytes."`
	Body               string   `json:"body" doc:"With #{variables}. At most 2,000 bytes, each recipient's variables put in."`
	Attachments        []string `json:"attachments,omitempty" maxItems:"3" doc:"Ids of pictures, in their order: the text is an MMS then. As many as a provider here takes, at most 3."`
	Advertising        bool     `json:"advertising,omitempty" doc:"The text is an advertisement, which an Alimtalk never is. It begins with (광고) and ends with 무료수신거부 and opt_out_number: both are put there where they are missing, before anything is counted. Every recipient needs consent_at, or all of them consent_evidence."`
	OptOutNumber       string   `json:"opt_out_number,omitempty" doc:"Of advertising: the 080 number to opt out by; the site's where it is left out." example:"080-123-4567"`
	ConsentEvidence    string   `json:"consent_evidence,omitempty" maxLength:"500" doc:"Of advertising: where the consents of all recipients are kept, as you attest; it stands for consent_at. A consent to the night is always of one recipient."`
	MaxChannel         string   `json:"max_channel,omitempty" enum:"sms,lms,mms" default:"mms"`
	ReplaceUnsupported bool     `json:"replace_unsupported,omitempty" doc:"Replace characters that carriers cannot send: by a likeness, else by ?."`
}

type personBody struct {
	To        string            `json:"to" doc:"A mobile number, however it is written."`
	Variables map[string]string `json:"variables,omitempty"`

	ConsentAt    *string `json:"consent_at,omitempty" format:"date-time" nullable:"true" doc:"When the recipient consented to advertising."`
	NightConsent bool    `json:"night_consent,omitempty" doc:"The recipient consented to advertising at night as well."`
}

// exampleOrder is the contract's example.
const exampleOrder = `{
  "title": "11월 예약 안내", "strategy": "alimtalk_first",
  "alimtalk": {"template_code": "RESERVE_01"},
  "text": {"from": "0261234567", "subject": "예약 안내", "body": "#{이름}님, 예약이 확정되었습니다.", "attachments": [], "advertising": false,
           "max_channel": "mms", "replace_unsupported": false},
  "recipients": [{"to": "010-1234-5678", "variables": {"이름": "김하나"}}],
  "allow_duplicates": false, "scheduled_at": null, "valid_for": 86400, "wait_for_recharge": 10, "metadata": {"order": "A-1"}
}`

// exampleLines is the same message in lines.
const exampleLines = `{"title":"11월 예약 안내","strategy":"alimtalk_first","alimtalk":{"template_code":"RESERVE_01"},"text":{"body":"#{이름}님, 예약이 확정되었습니다."}}
{"to":"010-1234-5678","variables":{"이름":"김하나"}}
{"to":"010-2345-6789","variables":{"이름":"이두리"}}
`

// exampleReceipt is the contract's example of a reply.
func exampleReceipt() any {
	return json.RawMessage(`{ "id": "msg_01k9zqm0v8e4t9w2n7c5r3x6yb", "status": "accepted", "strategy": "alimtalk_first",
  "recipients": {"total": 1, "accepted": 1, "duplicate": 0, "rejected": 0},
  "rejections": [], "rejected_by_code": {}, "rejections_truncated": false, "duplicates": [],
  "planned": {"alimtalk": 1, "sms": 0, "lms": 0, "mms": 0}, "fallback": {"sms": 1, "lms": 0, "mms": 0},
  "estimated_cost": "9.00", "held": "18.00", "scheduled_at": null, "created_at": "2026-11-22T05:00:00.123456Z" }`)
}

// describeOrder is the body of a message; that of an estimate may name a count
// instead of recipients.
func (a *api) describeOrder(estimate bool) *huma.RequestBody {
	schema := huma.SchemaFromType(a.huma.OpenAPI().Components.Schemas, reflect.TypeFor[orderView]())
	whole := *schema
	whole.Properties = maps.Clone(schema.Properties)
	whole.Required = []string{"strategy"}
	delete(whole.Properties, "variables")
	if !estimate {
		delete(whole.Properties, "recipient_count")
	}
	whole.PrecomputeMessages()
	bare := whole
	bare.Properties = maps.Clone(whole.Properties)
	delete(bare.Properties, "recipients")
	delete(bare.Properties, "list")
	delete(bare.Properties, "recipient_count")
	bare.Required = []string{"strategy"}
	bare.PrecomputeMessages()
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data":  describeForm(&bare),
		"application/json":     {Schema: &whole, Example: json.RawMessage(exampleOrder)},
		"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString, Description: "The message without recipients in the first line, then one recipient a line: at most 1,000,000, 64 KiB a line, 512 MiB."}, Example: exampleLines},
	}}
}

// describeTest is the body of a message that is tried out.
func (a *api) describeTest() *huma.RequestBody {
	body := a.describeOrder(false)
	maps.DeleteFunc(body.Content, func(media string, _ *huma.MediaType) bool { return media != "application/json" })
	return body
}

// describePreview is the body of a message that is looked at.
func (a *api) describePreview() *huma.RequestBody {
	schema := *huma.SchemaFromType(a.huma.OpenAPI().Components.Schemas, reflect.TypeFor[orderView]())
	schema.Properties = maps.Clone(schema.Properties)
	schema.Required = []string{"strategy"}
	count := *schema.Properties["recipient_count"]
	count.Description = "For how many people it is told what could be saved in all."
	schema.Properties["recipient_count"] = &count
	schema.PrecomputeMessages()
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &schema, Example: json.RawMessage(examplePreview)}}}
}

// describeForm is a message with its list.
func describeForm(order *huma.Schema) *huma.MediaType {
	parts := listParts()
	parts["message"] = order
	return &huma.MediaType{Schema: formSchema(parts, "message", "list"), Encoding: map[string]*huma.Encoding{"message": {ContentType: "application/json"}}}
}

func formSchema(parts map[string]*huma.Schema, required ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Required: required, AdditionalProperties: false, Properties: parts}
	s.PrecomputeMessages()
	return s
}

func describeText(doc string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: doc}
}

// listParts are what every form with a list has.
func listParts() map[string]*huma.Schema {
	list := describeText("The list: CSV in UTF-8 or CP949 (comma, semicolon or tab), or an Excel workbook (XLSX) without a password. Its first line names the columns; " +
		"every column beside the number is a variable of its name. At most 1,000,000 rows and 512 MiB, a workbook 128 MiB.")
	list.Format = "binary"
	return map[string]*huma.Schema{
		"list":      list,
		"to_column": describeText("The column with the numbers; left out, the first with a usual name (전화번호, 휴대폰, 휴대전화, 핸드폰, 연락처, phone, mobile, tel, to)."),
		"sheet":     describeText("The sheet of a workbook; left out, the first that is not hidden."),
	}
}

// schemaName names a schema by its type: messageView is Message, and a list of it
// ListOfMessage.
func schemaName(t reflect.Type, hint string) string {
	return strings.ReplaceAll(huma.DefaultSchemaNamer(t, hint), "View", "")
}

// describe writes what does not belong to one route.
func (a *api) describe() {
	doc := a.huma.OpenAPI()
	doc.Info.Description = "Send KakaoTalk Alimtalk and text messages from prepaid credit. Amounts are won without VAT as decimal strings, times are RFC 3339 in UTC. " +
		"Every refusal is `application/problem+json` with a `code` of a closed list. A write with an `Idempotency-Key` may be repeated: it happens once. " +
		"`Accept-Language` says in which language people read the sentences of refusals and rejections: `ko` for Korean, English otherwise. Codes, pointers and members are the same in both."
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearerAuth": {Type: "http", Scheme: "bearer", BearerFormat: "cm_live_… or cm_test_…", Description: "A token of the site, or of the operator. `x-ability` names what it must be allowed."},
	}
	doc.Components.Parameters = map[string]*huma.Param{
		"siteAsked": {Name: "site", In: "query", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "The site that the request is about. It is needed with a token of the operator, and from people, and with their tokens, who have roles on several sites; a site's own token may leave it out."},
		"idempotencyKey": {Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "1 to 255 printable ASCII characters, quoted or bare. A repeat with the same body gets the first reply's bytes; only successes are kept, for 24 hours, of messages for ever."},
	}
	closed := make([]any, len(codes))
	for i, c := range codes {
		closed[i] = c.Name
	}
	schemas := doc.Components.Schemas
	schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
	p := schemas.Map()["Problem"]
	p.Properties["code"].Enum = closed
	p.AdditionalProperties = true
	p.Description = "RFC 9457. insufficient_credit adds needed, available and recharge; a cap that is in the way adds cap (what, period, limit, used, left, needed, resets_at); no_recipients adds rejected_by_code and the first rejections."
}

// loosen finishes the schemas once all routes are declared: what may be null says
// so, and what is only answered may grow further members, while what is asked may not.
func (a *api) loosen() {
	doc := a.huma.OpenAPI()
	schemas := doc.Components.Schemas.Map()
	asked := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put, item.Patch} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			for _, m := range op.RequestBody.Content {
				collect(schemas, m.Schema, asked)
			}
		}
	}
	for name, s := range schemas {
		if closed, ok := s.AdditionalProperties.(bool); ok && !closed && !asked[name] {
			s.AdditionalProperties = nil
		}
		if !asked[name] {
			nullable(s, doc.Components.Schemas.TypeFromRef("#/components/schemas/"+name))
		}
	}
}

// nullable finds what a reply gives as null: pointers that are not left out when they are nil.
func nullable(s *huma.Schema, t reflect.Type) {
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[name]
		if p == nil || f.Type.Kind() != reflect.Pointer || strings.Contains(options, "omit") {
			continue
		}
		if p.Ref == "" {
			p.Nullable = true
			if len(p.Enum) > 0 {
				p.Enum = append(slices.Clone(p.Enum), nil)
			}
			continue
		}
		s.Properties[name] = &huma.Schema{Description: p.Description, OneOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
	}
}

// collect names the schemas that a schema refers to.
func collect(schemas map[string]*huma.Schema, s *huma.Schema, into map[string]bool) {
	if s == nil {
		return
	}
	if name, is := strings.CutPrefix(s.Ref, "#/components/schemas/"); is && !into[name] {
		into[name] = true
		collect(schemas, schemas[name], into)
	}
	collect(schemas, s.Items, into)
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		collect(schemas, more, into)
	}
	for _, p := range s.Properties {
		collect(schemas, p, into)
	}
}
