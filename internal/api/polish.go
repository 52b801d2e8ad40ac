package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// What every operation has in common is written into the document here, once all routes are
// declared: so no route can forget it.

// tagOf is a group of operations.
type tagOf struct{ name, about string }

// tagged are the groups, in the order in which people read of them.
var tagged = []tagOf{
	{"Messages", "Messages, their recipients and what became of each."},
	{"Series", "Messages that are sent again and again."},
	{"Saved texts", "Texts that a site keeps to be sent again."},
	{"Lists", "Lists of recipients that are looked at before they are sent."},
	{"Attachments", "The pictures of MMS."},
	{"Credit", "What a site has, what it holds and what it spent."},
	{"Payments", "Paying for credit, cards that are left, and getting money back."},
	{"Plans", "Prices that sites share. Of the operator."},
	{"Sites", "The sites of the installation, and how they end. Of the operator."},
	{"Templates", "The wordings of Alimtalk and their inspection."},
	{"Senders", "The numbers that texts come from, and what proves the right to them."},
	{"Kakao channels", "The channels that Alimtalk come from."},
	{"Address book", "Contacts, groups, and lists in and out."},
	{"Opt-outs", "Whom a site may not write to."},
	{"Personal data", "How long numbers are kept, and forgetting people."},
	{"Rules", "What a site's messages have to keep to."},
	{"Invoices", "Carriers' invoices, held against what was charged. Of the operator."},
	{"Tax invoices", "세금계산서 of a month. Of the operator."},
	{"Providers", "The provider accounts of the installation, and the doors that providers and gateways call at."},
	{"Audit", "Who changed what, and the proof that nothing was changed afterwards."},
	{"Tokens", "The keys of programs: what they may do, from where and for how long."},
	{"People", "Accounts of people, what their roles allow, and signing in."},
	{"Inbox", "What providers reported, as it came, and reading it again. Of the operator."},
	{"Test mode", "A site beside the own one that reaches nobody, and its clock."},
	{"Webhooks", "Where a site hears of its events, and what became of each."},
	{"Queues", "The jobs of the installation, and what was done of them. Of the operator."},
	{"System", "How the installation stands. Of the operator."},
	{"Upkeep", "For those who run the installation and those who write programs."},
}

// Headers of replies, by their names among the components.
var headers = map[string]*huma.Header{
	"RequestId":   {Description: "Of this exchange, as the log has it: the request's own where it is 1 to 128 of A-Z a-z 0-9 . _ : -.", Required: true},
	"RetryAfter":  {Description: "In how many seconds it is worth while to come again.", Required: true},
	"Challenge":   {Description: "How to authenticate.", Required: true},
	"Allow":       {Description: "The methods that are possible here.", Required: true},
	"Replayed":    {Description: "true when the key was used before: these are the first reply's bytes."},
	"Disposition": {Description: "What the reply is called where it is kept as a file."},
	"Location":    {Description: "Where it goes on.", Required: true},
	"Limits":      {Description: `The limits that apply: quota q, window w in seconds, unit qu, such as "requests";q=60;w=60. Absent where there are none.`},
	"LimitsStand": {Description: `How they stand: r is left, and in t seconds all of it is there again, or what was refused passes: "requests";r=12;t=48.`},
	"Language":    {Description: "ko where something of the reply is worded in Korean, as the request's Accept-Language asked; absent where it is in English."},
	"Quota":       {Description: "The quota of the tightest limit."},
	"QuotaLeft":   {Description: "What is left of it."},
	"QuotaBack":   {Description: "When all of it is there again, or what was refused passes: seconds since 1970."},
}

// polish writes what all operations have in common.
func (a *api) polish() {
	a.exemplify()
	doc := a.huma.OpenAPI()
	doc.Info.License = &huma.License{Name: "MIT", Identifier: "MIT"}
	doc.Info.Contact = &huma.Contact{Name: "The operator of this installation"}
	server := a.PublicURL
	if server == "" {
		server = "/"
	}
	doc.Servers = []*huma.Server{{URL: server, Description: "This installation"}}
	for _, t := range tagged {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: t.name, Description: t.about})
	}
	doc.Components.Headers = map[string]*huma.Header{}
	for name, h := range headers {
		described := *h
		described.Schema = &huma.Schema{Type: huma.TypeString}
		switch name {
		case "RetryAfter":
			described.Schema = &huma.Schema{Type: huma.TypeInteger, Minimum: new(1.0)}
		case "Quota", "QuotaLeft", "QuotaBack":
			described.Schema = &huma.Schema{Type: huma.TypeInteger, Minimum: new(0.0)}
		}
		doc.Components.Headers[name] = &described
	}
	for _, s := range doc.Components.Schemas.Map() {
		sayPattern(s)
	}
	doc.Components.Responses = map[string]*huma.Response{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				a.polishReplies(op)
			}
		}
	}
}

// sayPattern takes out of a schema what OpenAPI does not know: the framework's words about a
// pattern become the description. What it checks requests by is compiled already.
func sayPattern(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.PatternDescription != "" {
		s.Description = strings.TrimSpace(s.Description + " Written as " + s.PatternDescription + ".")
		s.PatternDescription = ""
	}
	for _, p := range s.Properties {
		sayPattern(p)
	}
	sayPattern(s.Items)
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		sayPattern(more)
	}
}

// polishReplies gives every reply its headers, and moves refusals to the components.
func (a *api) polishReplies(op *huma.Operation) {
	for text, r := range op.Responses {
		status, _ := strconv.Atoi(text)
		if r.Headers == nil {
			r.Headers = map[string]*huma.Param{}
		}
		for header, name := range headersOf(status, r) {
			r.Headers[header] = &huma.Header{Ref: "#/components/headers/" + name}
		}
		if status == http.StatusNoContent || status == http.StatusSeeOther {
			r.Content = nil
		}
		if names, refused := r.Extensions["x-codes"].([]string); refused {
			op.Responses[text] = a.refusal(op, status, names, r)
		}
	}
}

// headersOf gives the headers of a reply, by their names the components of each.
func headersOf(status int, r *huma.Response) map[string]string {
	out := map[string]string{"X-Request-Id": "RequestId", "RateLimit-Policy": "Limits", "RateLimit": "LimitsStand",
		"X-RateLimit-Limit": "Quota", "X-RateLimit-Remaining": "QuotaLeft", "X-RateLimit-Reset": "QuotaBack"}
	if r.Headers["Idempotent-Replayed"] != nil {
		out["Idempotent-Replayed"] = "Replayed"
	}
	if r.Headers["Content-Language"] != nil || r.Content[problemType] != nil {
		out["Content-Language"] = "Language"
	}
	for media := range r.Content {
		if media != "application/json" && media != problemType {
			out["Content-Disposition"] = "Disposition"
		}
	}
	switch status {
	case http.StatusSeeOther:
		out["Location"] = "Location"
	case http.StatusUnauthorized:
		out["WWW-Authenticate"] = "Challenge"
	case http.StatusMethodNotAllowed:
		out["Allow"] = "Allow"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		out["Retry-After"] = "RetryAfter"
	}
	return out
}

// refusal makes a component of a refusal, and gives the reference to it. Its schema says
// which codes are possible, so that programs can be checked for all of them.
func (a *api) refusal(op *huma.Operation, status int, names []string, r *huma.Response) *huma.Response {
	name := refusalName(op, status, names)
	responses := a.huma.OpenAPI().Components.Responses
	if responses[name] == nil {
		possible := make([]any, len(names))
		for i, n := range names {
			possible[i] = n
		}
		whole := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
		r.Content = map[string]*huma.MediaType{problemType: {Schema: &huma.Schema{AllOf: []*huma.Schema{whole, {
			Type: huma.TypeObject, Required: []string{"code"}, Properties: map[string]*huma.Schema{"code": {Type: huma.TypeString, Enum: possible}},
		}}}}}
		responses[name] = r
	}
	return &huma.Response{Ref: "#/components/responses/" + name}
}

// refusalName names a refusal by its status and its codes, where the status has several;
// that of an operation with many is its own.
func refusalName(op *huma.Operation, status int, names []string) string {
	name := strings.ReplaceAll(http.StatusText(status), " ", "")
	if slices.ContainsFunc(codes, func(c code) bool { return c.Status == status && c.Name != names[0] }) {
		if len(names) > 4 {
			return strings.ToUpper(op.OperationID[:1]) + op.OperationID[1:] + name
		}
		for _, n := range names {
			for word := range strings.SplitSeq(n, "_") {
				name += strings.ToUpper(word[:1]) + word[1:]
			}
		}
	}
	return name
}
