package solapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"creditmsg/internal/provider"
)

// maxBody is what one request may weigh, by the vendor (15 MB), with room for the
// frame around the messages.
const maxBody = 15_000_000 - 1_000

// wireMessage is a message as it is added to a group.
type wireMessage struct {
	To             string     `json:"to"`
	From           string     `json:"from,omitempty"`
	Type           string     `json:"type"`
	Subject        string     `json:"subject,omitempty"`
	Text           string     `json:"text,omitempty"` // none of an Alimtalk that the vendor fills in
	ImageID        string     `json:"imageId,omitempty"`
	AutoTypeDetect bool       `json:"autoTypeDetect"`
	Kakao          *wireKakao `json:"kakaoOptions,omitempty"`
	Custom         wireCustom `json:"customFields"`
}

type wireKakao struct {
	ChannelID  string            `json:"pfId"`
	TemplateID string            `json:"templateId"`
	DisableSMS bool              `json:"disableSms"`
	Title      string            `json:"title,omitempty"`
	Buttons    []wireButton      `json:"buttons,omitempty"`
	Variables  map[string]string `json:"variables,omitempty"`
}

type wireButton struct {
	Name string `json:"buttonName"`
	Type string `json:"buttonType"`
	wireLinks
}

// wireLinks are where a button or a quick reply leads.
type wireLinks struct {
	URLMobile     string `json:"linkMo,omitempty"`
	URLPC         string `json:"linkPc,omitempty"`
	SchemeAndroid string `json:"linkAnd,omitempty"`
	SchemeIOS     string `json:"linkIos,omitempty"`
}

func linksOf(b provider.Button) wireLinks {
	return wireLinks{b.URLMobile, b.URLPC, b.SchemeAndroid, b.SchemeIOS}
}

func buttons(list []provider.Button) []wireButton {
	var out []wireButton
	for _, b := range list {
		out = append(out, wireButton{b.Name, b.Type, linksOf(b)})
	}
	return out
}

type wireCustom struct {
	Ref string `json:"ref"`
}

// wireGroup is what creates a group.
type wireGroup struct {
	Strict          bool      `json:"strict"`
	AllowDuplicates bool      `json:"allowDuplicates"`
	Custom          wireBatch `json:"customFields"`
}

type wireBatch struct {
	Batch string `json:"batch"`
}

// groupReply is what is read of a group.
type groupReply struct {
	GroupID string `json:"groupId"`
	Status  string `json:"status"`
	Count   struct {
		Registered *int `json:"registeredSuccess"` // messages not refused when added; nil = not said
	} `json:"count"`
}

// wireType is the vendor's name of a channel. Only legs of carried channels get here.
func wireType(c provider.Channel) string {
	switch c {
	case provider.Alimtalk:
		return "ATA"
	case provider.LMS:
		return "LMS"
	case provider.MMS:
		return "MMS"
	default:
		return "SMS"
	}
}

func wireLeg(l *provider.Leg) wireMessage {
	m := wireMessage{To: string(l.To), From: string(l.From), Type: wireType(l.Channel), Text: l.Text, Custom: wireCustom{Ref: l.Ref}}
	if l.Channel == provider.LMS || l.Channel == provider.MMS {
		m.Subject = l.Subject // with an SMS it would be an error (1013)
	}
	if l.Channel == provider.MMS {
		m.ImageID = l.Pictures[0].UpstreamID
	}
	if l.Channel != provider.Alimtalk {
		return m
	}
	m.Kakao = &wireKakao{ChannelID: l.Alimtalk.ChannelID, TemplateID: l.Alimtalk.TemplateID, DisableSMS: true}
	if byVariables(l.Alimtalk) {
		m.Text, m.Kakao.Variables = "", variables(l.Alimtalk.Names, l.Alimtalk.Values)
		return m
	}
	m.Kakao.Title, m.Kakao.Buttons = l.Alimtalk.Title, buttons(l.Alimtalk.Buttons)
	return m
}

// addBody writes the request that adds legs, as many of them as fit in maxLegs and
// maxBytes, at least one; it returns how many. One buffer serves all chunks.
func addBody(buf *bytes.Buffer, legs []provider.Leg, indexes []int, maxBytes int) (int, error) {
	buf.Reset()
	buf.WriteString(`{"messages":[`)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	n := 0
	for ; n < len(indexes) && n < maxLegs; n++ {
		before := buf.Len()
		if n > 0 {
			buf.WriteByte(',')
		}
		if err := enc.Encode(wireLeg(&legs[indexes[n]])); err != nil {
			return 0, fmt.Errorf("write leg %d of the call: %w", indexes[n], err)
		}
		if n > 0 && buf.Len() > maxBytes {
			buf.Truncate(before)
			break
		}
	}
	buf.WriteString(`]}`)
	return n, nil
}
