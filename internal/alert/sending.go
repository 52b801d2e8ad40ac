package alert

import (
	"encoding/json"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
)

// What is told of messages: that one is done, and that one of a series was refused.

// sending are what events about messages say, as far as people are told of it.
type sending struct {
	Message   string       `json:"message_id"`
	Status    string       `json:"status"`
	Accepted  int64        `json:"accepted"`
	Delivered int64        `json:"delivered"`
	Failed    int64        `json:"failed"`
	Expired   int64        `json:"expired"`
	Gone      people       `json:"cancelled"`
	By        sentBy       `json:"delivered_by"`
	Cost      money.Amount `json:"actual_cost"`
	Notify    string       `json:"notify"`
	Series    string       `json:"series_id"`
	Planned   time.Time    `json:"planned_at"`
	Next      time.Time    `json:"next_at"`
	Code      string       `json:"code"`
}

// people is how many. Events about payments have an amount by the name of one, a string that
// nobody is told of: it is none.
type people int64

// UnmarshalJSON reads a number.
func (n *people) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return nil
	}
	return json.Unmarshal(text, (*int64)(n))
}

// Cancelled is how many were.
func (s sending) Cancelled() int64 { return int64(s.Gone) }

// sentBy counts the delivered by channel.
type sentBy struct {
	Alimtalk int64 `json:"alimtalk"`
	SMS      int64 `json:"sms"`
	LMS      int64 `json:"lms"`
	MMS      int64 `json:"mms"`
}

// count groups the digits of a number.
func count(n int64) string { return (money.Amount(n) * money.Won).Grouped() }

// by says which channels delivered: " (알림톡 3, SMS 2)", or nothing.
func by(l Language) func(sentBy) string {
	alimtalk := map[Language]string{Korean: "알림톡", English: "Alimtalk"}[l]
	return func(s sentBy) string {
		var parts []string
		for _, one := range []struct {
			name string
			n    int64
		}{{alimtalk, s.Alimtalk}, {"SMS", s.SMS}, {"LMS", s.LMS}, {"MMS", s.MMS}} {
			if one.n > 0 {
				parts = append(parts, one.name+" "+count(one.n))
			}
		}
		if len(parts) == 0 {
			return ""
		}
		return " (" + strings.Join(parts, ", ") + ")"
	}
}

// ended tells of a message's end: whoever asked for it at the message, whatever else the
// site's people want to be told.
func (n *notice) ended() {
	switch n.facts.Notify {
	case "asked":
		n.to(always, "done")
	case "all":
		n.to(Done, "done")
	}
}

// title is what people call the thing that an event is about; "" where it has no name.
func (s *Service) title(tx *db.Tx, e event.Stored, f facts) (string, error) {
	switch {
	case f.Series != "" && s.o.SeriesName != nil:
		of, err := id.Parse(id.Series, f.Series)
		if err != nil {
			return "", nil
		}
		return gone(s.o.SeriesName(tx, e.Site, of))
	case f.Endpoint != "" && s.o.EndpointName != nil:
		of, err := id.Parse(id.Webhook, f.Endpoint)
		if err != nil {
			return "", nil
		}
		return gone(s.o.EndpointName(tx, e.Site, of))
	case f.Message != "":
		of, err := id.Parse(id.Message, f.Message)
		if err != nil {
			return "", nil
		}
		m, err := message.Find(tx, message.Key{Site: e.Site, ID: of})
		if err != nil {
			return gone("", err)
		}
		c, err := s.messages.Content(tx, m)
		return c.Title, err
	}
	return "", nil
}

// gone takes what is not there any more for something without a name.
func gone(name string, err error) (string, error) {
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return name, err
}

// refusals say the codes of refused messages to people.
var refusals = map[Language]map[string]string{
	Korean: {
		fault.CodeInsufficientCredit: "잔액이 모자랍니다", fault.CodeTemplateNotApproved: "템플릿이 승인 상태가 아닙니다", fault.CodeUnknownTemplate: "템플릿이 없습니다",
		fault.CodeSenderMissing: "승인된 발신번호가 없습니다", fault.CodeSenderNotRegistered: "등록되고 승인된 발신번호가 아닙니다", fault.CodeNoRecipients: "보낼 수 있는 수신자가 없습니다",
		fault.CodeValidation: "그룹이 없거나 내용을 보낼 수 없습니다", fault.CodeChannelNotAvailable: "보낼 수 있는 발송사가 없습니다", fault.CodeSiteSuspended: "사이트가 정지되어 있습니다",
		fault.CodeTooManyRecipients: "수신자가 너무 많습니다",
	},
	English: {
		fault.CodeInsufficientCredit: "there is too little credit", fault.CodeTemplateNotApproved: "its template is not approved", fault.CodeUnknownTemplate: "its template is not there",
		fault.CodeSenderMissing: "there is no approved sender number", fault.CodeSenderNotRegistered: "its sender number is not registered and approved", fault.CodeNoRecipients: "nobody is left to send to",
		fault.CodeValidation: "a group is not there, or its content cannot be sent", fault.CodeChannelNotAvailable: "no provider carries it", fault.CodeSiteSuspended: "the site is suspended",
		fault.CodeTooManyRecipients: "there are too many recipients",
	},
}

// refusal says a code, which stands for itself where it is none of these.
func refusal(l Language) func(code string) string {
	return func(code string) string {
		if text, ok := refusals[l][code]; ok {
			return text
		}
		return code
	}
}
