package aligo

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"creditmsg/internal/korea"
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
	path, form := texts(legs)
	if channel == provider.Alimtalk {
		if legs[0].From == "" && a.sender == "" {
			return provider.Result{Outcome: provider.Refused, Reason: provider.SenderNotRegistered,
				Text: "an alimtalk needs a sender number here: the message's, or the setting sender of the account"}
		}
		if path, form = a.alimtalk(legs); form == nil {
			return provider.Result{Outcome: provider.NotSent, Text: "write call: a button cannot be written"}
		}
	}
	reply := a.post(ctx, channel, path, form, legs[0].Pictures...)
	switch {
	case reply.Err != nil && !reply.Left:
		return provider.Unsent(ctx, "send call", reply.Err)
	case reply.Err != nil:
		return provider.Result{Outcome: provider.Unknown, Text: "send call: " + reply.Err.Error()}
	case reply.Status != http.StatusOK:
		return strange(reply)
	}
	return sent(channel, reply, members)
}

// texts is the request that sends texts, each recipient with its own.
func texts(legs []provider.Leg) (path string, form url.Values) {
	form = url.Values{"sender": {string(legs[0].From)}, "cnt": {strconv.Itoa(len(legs))}, "msg_type": {"SMS"}}
	if legs[0].Channel != provider.SMS {
		form.Set("msg_type", strings.ToUpper(legs[0].Channel.String()))
		form.Set("title", title(&legs[0]))
	}
	for i := range legs {
		n := strconv.Itoa(i + 1)
		form.Set("rec_"+n, string(legs[i].To))
		form.Set("msg_"+n, legs[i].Text)
	}
	return "/send_mass/", form
}

// linkNames are what the vendor calls the types of buttons.
var linkNames = map[string]string{"AC": "채널 추가", "DS": "배송조회", "WL": "웹링크", "AL": "앱링크", "BK": "봇키워드", "MD": "메시지전달"}

type wireButton struct {
	Name   string `json:"name"`
	Type   string `json:"linkType"`
	Called string `json:"linkTypeName"`
	Mobile string `json:"linkMo,omitempty"`
	PC     string `json:"linkPc,omitempty"`
	IOS    string `json:"linkIos,omitempty"`
	And    string `json:"linkAnd,omitempty"`
}

// alimtalk is the request that sends one template; nil when it cannot be written.
func (a *account) alimtalk(legs []provider.Leg) (path string, form url.Values) {
	first := &legs[0]
	form = url.Values{"senderkey": {first.Alimtalk.ChannelID}, "tpl_code": {first.Alimtalk.TemplateID},
		"sender": {cmp.Or(string(first.From), a.sender)}, "failover": {"N"}}
	for i := range legs {
		l, n := &legs[i], strconv.Itoa(i+1)
		form.Set("receiver_"+n, string(l.To))
		form.Set("subject_"+n, korea.FirstLine(l.Text))
		form.Set("message_"+n, l.Text)
		if l.Alimtalk.Title != "" {
			form.Set("emtitle_"+n, l.Alimtalk.Title)
		}
		if len(l.Alimtalk.Buttons) == 0 {
			continue
		}
		list := make([]wireButton, len(l.Alimtalk.Buttons))
		for j, b := range l.Alimtalk.Buttons {
			list[j] = wireButton{b.Name, b.Type, linkNames[b.Type], b.URLMobile, b.URLPC, b.SchemeIOS, b.SchemeAndroid}
		}
		text, err := json.Marshal(map[string][]wireButton{"button": list})
		if err != nil {
			return "", nil
		}
		form.Set("button_"+n, string(text))
	}
	return "/akv10/alimtalk/send/", form
}

// number is a whole number that the vendor writes as a number or as text.
type number struct {
	n   int64
	set bool
}

// UnmarshalJSON takes both forms, and never fails.
func (v *number) UnmarshalJSON(body []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(body), `"`), 10, 64)
	*v = number{n, err == nil}
	return nil
}

// word is text that the vendor writes as a number in some places.
type word string

// UnmarshalJSON takes both forms, and never fails: of anything else, such as null, nothing is
// said.
func (w *word) UnmarshalJSON(body []byte) error {
	var text string
	var figure json.Number
	if json.Unmarshal(body, &text) != nil && json.Unmarshal(body, &figure) == nil {
		text = figure.String()
	}
	*w = word(text)
	return nil
}

// head is what every reply of the two products begins with.
type head struct {
	Result  number `json:"result_code"` // of texts: above 0 is good
	Code    number `json:"code"`        // of Kakao: 0 is good
	Message string `json:"message"`
}

// good says whether the reply is that of a request which was carried out; known is false
// for what is no reply of the vendor.
func (h *head) good(c provider.Channel) (good, known bool) {
	if c == provider.Alimtalk {
		return h.Code.set && h.Code.n == 0, h.Code.set
	}
	return h.Result.set && h.Result.n > 0, h.Result.set
}

func (h *head) code(c provider.Channel) string {
	if c == provider.Alimtalk {
		return strconv.FormatInt(h.Code.n, 10)
	}
	return strconv.FormatInt(h.Result.n, 10)
}

// sent judges the vendor's reply to a hand-over.
func sent(c provider.Channel, reply upstream.Reply, members []provider.Member) provider.Result {
	var answer struct {
		head
		ID   word `json:"msg_id"`
		Info struct {
			ID word `json:"mid"`
		} `json:"info"`
	}
	err := upstream.Lenient(json.Unmarshal(reply.Body, &answer))
	good, known := answer.good(c)
	switch {
	case err != nil || !known:
		return provider.Result{Outcome: provider.Unknown, Text: "send call: the reply cannot be read"}
	case !good:
		code := answer.code(c)
		return provider.Result{Outcome: provider.Refused, Reason: reasonOf(code, answer.Message), Code: code, Text: upstream.Words(answer.Message)}
	}
	about, mid := "sms", string(answer.ID)
	if c == provider.Alimtalk {
		about, mid = "alimtalk", string(answer.Info.ID)
	}
	if !idForm(mid) {
		return provider.Result{Outcome: provider.Unknown, Text: "send call: the reply names no request"}
	}
	return provider.Result{Outcome: provider.Accepted, UpstreamID: about + ":" + mid, Members: members}
}

// idForm keeps anything but an id out of requests and of the database.
func idForm(id string) bool {
	return id != "" && len(id) <= 40 && strings.Trim(id, "0123456789") == ""
}

// strange judges a reply of a status that the vendor's documents do not have.
func strange(reply upstream.Reply) provider.Result {
	result := provider.Result{Outcome: provider.Unknown, Code: "HTTP " + strconv.Itoa(reply.Status), Text: "send call: a status that is not documented"}
	switch reply.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		result.Outcome, result.Reason = provider.Refused, provider.AuthFailed
	case http.StatusTooManyRequests:
		result.Outcome, result.Reason, result.RetryAfter = provider.Refused, provider.ProviderRateLimited, upstream.RetryAfter(reply.Header)
	}
	return result
}

// refusals are the codes whose meaning is known.
var refusals = map[string]provider.Reason{
	"-101": provider.AuthFailed, "-102": provider.InvalidNumber, "-104": provider.ContentTooLong, "-105": provider.ContentMissing,
	"-201": provider.ProviderBalance, "509": provider.ChannelBlocked,
}

// reasonOf tells why a request was refused: by its code, or by words of its message.
func reasonOf(code, message string) provider.Reason {
	if reason, ok := refusals[code]; ok {
		return reason
	}
	return reasonIn(message, provider.UnrecognisedCode)
}
