package sens

import (
	"cmp"
	"encoding/json"
	"strings"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// wireText is the request that sends texts, each recipient with its own.
type wireText struct {
	Type     string        `json:"type"`
	Kind     string        `json:"contentType"`
	Country  string        `json:"countryCode"`
	From     string        `json:"from"`
	Subject  string        `json:"subject,omitempty"`
	Content  string        `json:"content"` // for who has none of his own; nobody
	Messages []wireMessage `json:"messages"`
	Files    []wireFile    `json:"files,omitempty"`
}

type wireFile struct {
	ID string `json:"fileId"`
}

type wireMessage struct {
	To      string `json:"to"`
	Subject string `json:"subject,omitempty"`
	Content string `json:"content"`
}

// wireKakao is the request that sends one template, each recipient with its own text.
type wireKakao struct {
	Channel  string       `json:"plusFriendId"`
	Template string       `json:"templateCode"`
	Messages []wireFriend `json:"messages"`
}

type wireFriend struct {
	Country  string       `json:"countryCode"`
	To       string       `json:"to"`
	Title    string       `json:"title,omitempty"`
	Content  string       `json:"content"`
	Buttons  []wireButton `json:"buttons,omitempty"`
	FailOver bool         `json:"useSmsFailover"`
	wireTable
}

// wireTable is the table above the text, of an Alimtalk that has one.
type wireTable struct {
	Header    string          `json:"headerContent,omitempty"`
	Highlight *provider.Item  `json:"itemHighlight,omitempty"`
	Item      *provider.Lines `json:"item,omitempty"`
}

func table(l *provider.ItemList) wireTable {
	if l == nil {
		return wireTable{}
	}
	return wireTable{l.Header, l.Highlight, l.Lines()}
}

type wireButton struct {
	Type          string `json:"type"`
	Name          string `json:"name"`
	LinkMobile    string `json:"linkMobile,omitempty"`
	LinkPC        string `json:"linkPc,omitempty"`
	SchemeIOS     string `json:"schemeIos,omitempty"`
	SchemeAndroid string `json:"schemeAndroid,omitempty"`
}

const korean = "82"

// contentType is what the vendor calls information and advertising.
func contentType(l *provider.Leg) string {
	if l.Advertising {
		return "AD"
	}
	return "COMM"
}

// request is the body of the request that hands legs over, which have together what
// together says.
func request(legs []provider.Leg) ([]byte, error) {
	first := &legs[0]
	if first.Channel == provider.Alimtalk {
		m := wireKakao{Channel: first.Alimtalk.ChannelID, Template: first.Alimtalk.TemplateID, Messages: make([]wireFriend, len(legs))}
		for i := range legs {
			t := legs[i].Alimtalk
			m.Messages[i] = wireFriend{Country: korean, To: string(legs[i].To), Title: t.Title, Content: legs[i].Text, Buttons: buttons(t.Buttons), wireTable: table(t.Items)}
		}
		return json.Marshal(m)
	}
	m := wireText{Type: "SMS", Kind: contentType(first), Country: korean, From: string(first.From), Content: first.Text, Messages: make([]wireMessage, len(legs))}
	for i := range legs {
		m.Messages[i] = wireMessage{To: string(legs[i].To), Content: legs[i].Text}
		if first.Channel != provider.SMS {
			m.Messages[i].Subject = cmp.Or(legs[i].Subject, korea.FirstLine(legs[i].Text))
		}
	}
	if first.Channel != provider.SMS {
		m.Type, m.Subject = strings.ToUpper(first.Channel.String()), m.Messages[0].Subject
	}
	for _, id := range provider.UpstreamIDs(first) {
		m.Files = append(m.Files, wireFile{id})
	}
	return json.Marshal(m)
}

func buttons(list []provider.Button) []wireButton {
	out := make([]wireButton, len(list))
	for i, b := range list {
		out[i] = wireButton{b.Type, b.Name, b.URLMobile, b.URLPC, b.SchemeIOS, b.SchemeAndroid}
	}
	return out
}

// sentReply is the reply to a request that hands over.
type sentReply struct {
	RequestID string          `json:"requestId"`
	Status    upstreamText    `json:"statusCode"`
	Name      string          `json:"statusName"`
	Messages  []sentRecipient `json:"messages"` // of Alimtalk alone
}

// sentRecipient is what the reply says of one recipient of Alimtalk.
type sentRecipient struct {
	ID   string `json:"messageId"`
	To   string `json:"to"`
	Code string `json:"requestStatusCode"`
	Text string `json:"requestStatusDesc"`
}

// upstreamText is a text that the vendor writes as a number in some places.
type upstreamText string

// UnmarshalJSON takes a text or a number, and never fails: of anything else, such as null,
// nothing is said.
func (t *upstreamText) UnmarshalJSON(body []byte) error {
	*t = ""
	switch n := len(body); {
	case n > 1 && body[0] == '"':
		*t = upstreamText(body[1 : n-1])
	case n > 0 && (body[0] == '-' || body[0] >= '0' && body[0] <= '9'):
		*t = upstreamText(body)
	}
	return nil
}
