package simulator

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/money"
)

// Messages are written by appending: thousands go into one body, and a list is an
// object whose keys must keep their order.

// stampForm is how the vendor writes instants, in UTC.
const stampForm = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

// stampOrNil is nil for no time.
func stampOrNil(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := stamp(t)
	return &text
}

// won is an amount as the vendor's JSON number.
func won(a money.Amount) json.Number {
	text := a.String()
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return json.Number(text)
}

const hexDigits = "0123456789abcdef"

// appendText appends s as a JSON string; s is valid UTF-8, since requests are.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

// appendCode appends a code as a string of four digits.
func appendCode(b []byte, code uint16) []byte {
	return append(b, '"', '0'+byte(code/1000%10), '0'+byte(code/100%10), '0'+byte(code/10%10), '0'+byte(code%10), '"')
}

// appendStamp appends an instant in milliseconds, 0 as null.
func appendStamp(b []byte, at int64) []byte {
	if at == 0 {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = time.UnixMilli(at).UTC().AppendFormat(b, stampForm)
	return append(b, '"')
}

// appendOptional appends s, empty as null.
func appendOptional(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendText(b, s)
}

// appendResult appends m as a list of registrations shows it.
func (s *Simulator) appendResult(b []byte, m *message) []byte {
	b = append(b, `{"to":`...)
	b = appendText(b, m.to.String())
	b = append(b, `,"from":`...)
	b = appendText(b, m.from)
	b = append(b, `,"type":"`...)
	b = append(b, m.kind.String()...)
	b = append(b, `","country":"82","messageId":"`...)
	b = append(b, s.idOf(m)...)
	b = append(b, `","statusCode":`...)
	b = appendCode(b, m.code)
	b = append(b, `,"statusMessage":`...)
	b = appendText(b, codeText(m.code))
	b = append(b, `,"accountId":`...)
	b = appendText(b, m.group.account.id)
	return append(appendFields(b, m), '}')
}

// appendFields appends customFields where there are any.
func appendFields(b []byte, m *message) []byte {
	if m.fields == "" {
		return b
	}
	return append(append(b, `,"customFields":`...), m.fields...)
}

// appendStored appends m with everything that is kept of it.
func (s *Simulator) appendStored(b []byte, m *message) []byte {
	id, g := s.idOf(m), m.group
	b = append(b, `{"_id":"`...)
	b = append(b, id...)
	b = append(b, `","messageId":"`...)
	b = append(b, id...)
	b = append(b, `","groupId":"`...)
	b = append(b, g.id...)
	b = append(b, `","accountId":`...)
	b = appendText(b, g.account.id)
	b = append(b, `,"type":"`...)
	b = append(b, m.kind.String()...)
	b = append(b, `","country":"82","to":`...)
	b = appendText(b, m.to.String())
	b = append(b, `,"from":`...)
	b = appendText(b, m.from)
	b = append(b, `,"text":`...)
	b = appendText(b, m.text)
	b = append(b, `,"subject":`...)
	b = appendOptional(b, m.subject)
	b = append(b, `,"imageId":`...)
	b = appendOptional(b, m.image())
	b = append(b, `,"status":"`...)
	b = append(b, m.state()...)
	b = append(b, `","statusCode":`...)
	b = appendCode(b, m.code)
	b = append(b, `,"reason":`...)
	b = appendOptional(b, m.reason())
	b = append(b, `,"networkName":`...)
	b = appendOptional(b, m.network())
	b = append(b, `,"networkCode":`...)
	b = appendOptional(b, m.network())
	b = append(b, `,"autoTypeDetect":`...)
	b = strconv.AppendBool(b, m.has(auto))
	b = append(b, `,"replacement":`...)
	b = strconv.AppendBool(b, m.has(replacement))
	b = append(b, `,"resendCount":`...)
	b = appendInt(b, g.resends)
	b = append(b, `,"dateCreated":`...)
	b = appendStamp(b, m.created)
	b = append(b, `,"dateUpdated":`...)
	b = appendStamp(b, m.updated())
	b = appendDates(b, m, m.code)
	b = append(b, `,"kakaoOptions":`...)
	b = appendKakao(b, m.kakao)
	b = append(b, `,"naverOptions":null,"rcsOptions":null,"faxOptions":null,"voiceOptions":null,"log":[],"queues":[],"currentQueue":null,"replacements":[],"clusterKey":null`...)
	if m.fields == "" {
		return append(b, `,"customFields":{}}`...)
	}
	return append(appendFields(b, m), '}')
}

// appendReport appends m as a webhook reports it with code; the code may have
// changed since.
func (s *Simulator) appendReport(b []byte, m *message, code uint16) []byte {
	b = append(b, `{"messageId":"`...)
	b = append(b, s.idOf(m)...)
	b = append(b, `","groupId":"`...)
	b = append(b, m.group.id...)
	b = append(b, `","type":"`...)
	b = append(b, m.kind.String()...)
	b = append(b, `","to":`...)
	b = appendText(b, m.to.String())
	b = append(b, `,"from":`...)
	b = appendText(b, m.from)
	b = append(b, `,"statusCode":`...)
	b = appendCode(b, code)
	b = append(b, `,"statusMessage":`...)
	b = appendText(b, codeText(code))
	b = appendDates(b, m, code)
	b = append(b, `,"networkCode":`...)
	b = appendOptional(b, m.network())
	b = append(b, `,"kakaoOptions":`...)
	b = appendKakao(b, m.kakao)
	b = append(b, `,"naverOptions":null,"rcsOptions":null`...)
	return append(appendFields(b, m), '}')
}

// appendDates appends when m moved on: handed over, reported, received.
func appendDates(b []byte, m *message, code uint16) []byte {
	b = append(b, `,"dateProcessed":`...)
	b = appendStamp(b, m.processed)
	b = append(b, `,"dateReported":`...)
	b = appendStamp(b, m.reported)
	b = append(b, `,"dateReceived":`...)
	if code != codeDelivered {
		return append(b, "null"...)
	}
	return appendStamp(b, m.reported)
}

// appendKakao appends stored Kakao options, nothing as null.
func appendKakao(b []byte, k *kakaoPart) []byte {
	if k == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"pfId":`...)
	b = appendText(b, k.pfID)
	b = append(b, `,"templateId":`...)
	b = appendOptional(b, k.templateID)
	b = append(b, `,"imageId":`...)
	b = appendOptional(b, k.imageID)
	b = append(b, `,"title":`...)
	b = appendOptional(b, k.title)
	b = append(b, `,"disableSms":`...)
	b = strconv.AppendBool(b, k.disableSMS)
	b = append(b, `,"adFlag":`...)
	b = strconv.AppendBool(b, k.adFlag)
	b = append(b, `,"buttons":`...)
	if k.buttons == "" {
		b = append(b, "null"...) // an SDK reads an empty list here as an error
	}
	b = append(b, k.buttons...)
	return append(b, `,"senderKey":null,"templateCode":null,"buttonName":null,"buttonUrl":null}`...)
}

// image is the picture of an MMS.
func (m *message) image() string {
	if m.extra == nil {
		return ""
	}
	return m.extra.imageID
}

// reason is the text of a failure.
func (m *message) reason() string {
	if m.code == codeRegistered || m.code == codeCarrier || m.code == codeDelivered {
		return ""
	}
	return codeText(m.code)
}

// network is the carrier of a text that reached one.
func (m *message) network() string {
	if m.kind.kakao() || m.reported == 0 {
		return ""
	}
	return "ETC"
}

// updated is when m last changed.
func (m *message) updated() int64 { return max(m.created, m.processed, m.reported) }
