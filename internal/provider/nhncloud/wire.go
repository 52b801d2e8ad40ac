package nhncloud

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// wireText is the request that sends an SMS, LMS or MMS to many.
type wireText struct {
	Title      string          `json:"title,omitempty"`
	Body       string          `json:"body"`
	SendNo     string          `json:"sendNo"`
	Batch      string          `json:"senderGroupingKey"`
	OriginCode string          `json:"originCode,omitempty"`
	Files      []int64         `json:"attachFileIdList,omitempty"`
	Recipients []wireRecipient `json:"recipientList"`
}

type wireRecipient struct {
	To  string `json:"recipientNo"`
	Ref string `json:"recipientGroupingKey"`
}

// wireKakao is the request that sends one template to many, each with its own text.
type wireKakao struct {
	SenderKey  string       `json:"senderKey"`
	Template   string       `json:"templateCode"`
	Batch      string       `json:"senderGroupingKey"`
	Recipients []wireFriend `json:"recipientList"`
}

type wireFriend struct {
	wireRecipient
	Content string       `json:"content"`
	Title   string       `json:"templateTitle,omitempty"`
	Buttons []wireButton `json:"buttons,omitempty"`
	Quick   []wireButton `json:"quickReplies,omitempty"`
	Resend  wireResend   `json:"resendParameter"`
	wireTable
}

// wireTable is the table above the body, of an Alimtalk that has one.
type wireTable struct {
	Header    string          `json:"templateHeader,omitempty"`
	Highlight *provider.Item  `json:"templateItemHighlight,omitempty"`
	Item      *provider.Lines `json:"templateItem,omitempty"`
}

func table(l *provider.ItemList) wireTable {
	if l == nil {
		return wireTable{}
	}
	return wireTable{l.Header, l.Highlight, l.Lines()}
}

// wireResend turns the vendor's own fail-over off, which the console may have switched on.
type wireResend struct {
	Resend bool `json:"isResend"`
}

type wireButton struct {
	Ordering      int    `json:"ordering"`
	Type          string `json:"type"`
	Name          string `json:"name"`
	URLMobile     string `json:"linkMo,omitempty"`
	URLPC         string `json:"linkPc,omitempty"`
	SchemeIOS     string `json:"schemeIos,omitempty"`
	SchemeAndroid string `json:"schemeAndroid,omitempty"`
	FormID        int64  `json:"bizFormId,omitempty"`
	PluginID      string `json:"pluginId,omitempty"`
	Phone         string `json:"telNumber,omitempty"`
}

func buttons(list []provider.Button) []wireButton {
	var out []wireButton
	for i, b := range list {
		form, err := strconv.ParseInt(b.FormID, 10, 64)
		if err != nil {
			form = 0 // it has none
		}
		out = append(out, wireButton{i + 1, b.Type, b.Name, b.URLMobile, b.URLPC, b.SchemeIOS, b.SchemeAndroid, form, b.PluginID, b.Phone})
	}
	return out
}

// request is the path and the body of the request that hands legs over, which have
// together what together says.
func (a *account) request(batch string, legs []provider.Leg) (path string, body []byte, err error) {
	first := &legs[0]
	if first.Channel == provider.Alimtalk {
		body, err = json.Marshal(wireKakao{first.Alimtalk.ChannelID, first.Alimtalk.TemplateID, batch, friends(legs)})
		return "/raw-messages", body, err
	}
	m := wireText{Body: first.Text, SendNo: string(first.From), Batch: batch, OriginCode: a.origin, Recipients: make([]wireRecipient, len(legs))}
	for i := range legs {
		m.Recipients[i] = wireRecipient{string(legs[i].To), legs[i].Ref}
	}
	path = "/sender/sms"
	if first.Channel != provider.SMS {
		path, m.Title = "/sender/mms", cmp.Or(first.Subject, korea.FirstLine(first.Text))
	}
	if first.Advertising {
		path = strings.Replace(path, "/sender/", "/sender/ad-", 1) // where the vendor checks it
	}
	if m.Files, err = fileIDs(first); err != nil {
		return "", nil, err
	}
	body, err = json.Marshal(m)
	return path, body, err
}

func friends(legs []provider.Leg) []wireFriend {
	out := make([]wireFriend, len(legs))
	for i := range legs {
		l := &legs[i]
		out[i] = wireFriend{wireRecipient: wireRecipient{string(l.To), l.Ref}, Content: l.Text, Title: l.Alimtalk.Title,
			Buttons: buttons(l.Alimtalk.Buttons), Quick: buttons(l.Alimtalk.QuickReplies), wireTable: table(l.Alimtalk.Items)}
	}
	return out
}

// envelope is what every reply begins with.
type envelope struct {
	Header struct {
		Successful bool   `json:"isSuccessful"`
		Code       *int   `json:"resultCode"` // nil = this is no reply of the vendor
		Text       string `json:"resultMessage"`
	} `json:"header"`
}

// sentReply is the reply to a request that hands over, of either product.
type sentReply struct {
	envelope
	Body struct {
		Data sentCall `json:"data"`
	} `json:"body"`
	Message sentCall `json:"message"`
}

type sentCall struct {
	RequestID string          `json:"requestId"`
	Texts     []sentRecipient `json:"sendResultList"`
	Friends   []sentRecipient `json:"sendResults"`
}

type sentRecipient struct {
	Seq  int    `json:"recipientSeq"`
	Ref  string `json:"recipientGroupingKey"`
	Code int    `json:"resultCode"`
	Text string `json:"resultMessage"`
}

// call is what was taken, whichever product says so.
func (r *sentReply) call() (requestID string, results []sentRecipient) {
	if r.Message.RequestID != "" || r.Message.Friends != nil {
		return r.Message.RequestID, r.Message.Friends
	}
	return r.Body.Data.RequestID, r.Body.Data.Texts
}
