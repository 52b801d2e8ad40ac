package solapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

const (
	maxReportBody = 4 << 20 // the vendor sends up to 100 reports of some 2 KB at once
	maxCode       = 40      // bytes of a code or an id that are kept
)

// Authentic compares the header X-Solapi-Secret with the configured secrets. The
// value is fixed: it proves the sender, not the body.
func (a *account) Authentic(h http.Header, _ []byte) bool {
	return provider.Proves(h.Get("X-Solapi-Secret"), a.proofs)
}

// Parse reads the reports of one webhook call: an array or one object, each item a
// message as it is or in the member data of an envelope. Items that are not about
// a message (GROUP-REPORT, FAX-RECEIVE) are passed over.
func (a *account) Parse(body []byte) ([]provider.Report, error) { return parse(body) }

func parse(body []byte) ([]provider.Report, error) {
	if len(body) > maxReportBody {
		return nil, fmt.Errorf("read delivery report: more than %d bytes", maxReportBody)
	}
	items, err := itemsOf(body)
	if err != nil {
		return nil, fmt.Errorf("read delivery report: %w", err)
	}
	var reports []provider.Report
	for i := range items {
		m := &items[i].message
		if items[i].Data != nil && items[i].Data.Code != "" {
			m = items[i].Data
		}
		if m.Code == "" || m.ID == "" && m.Custom.Ref == "" {
			continue
		}
		reports = append(reports, m.report())
	}
	return reports, nil
}

// item is one element of a webhook call, in either form.
type item struct {
	message
	Data *message `json:"data"`
}

func itemsOf(body []byte) ([]item, error) {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 {
		return nil, errors.New("the body is empty")
	}
	switch body[0] {
	case '[':
		var items []item
		return items, upstream.Lenient(json.Unmarshal(body, &items))
	case '{':
		items := make([]item, 1)
		return items, upstream.Lenient(json.Unmarshal(body, &items[0]))
	default:
		return nil, errors.New("neither a list nor an object")
	}
}

// message is what is read of a message, wherever the vendor shows one: in reports,
// in lists and in the reply to adding it.
type message struct {
	ID        string     `json:"messageId"`
	To        string     `json:"to"`
	Code      code       `json:"statusCode"`
	Text      string     `json:"statusMessage"` // in reports
	Why       string     `json:"reason"`        // in lists, of a failure
	Custom    wireCustom `json:"customFields"`
	Processed string     `json:"dateProcessed"` // handed to the carrier
	Reported  string     `json:"dateReported"`  // the carrier's report arrived
	Received  string     `json:"dateReceived"`  // the phone took it
}

// report says what the vendor says of the message.
func (m *message) report() provider.Report {
	v := m.Code.verdict()
	r := provider.Report{
		UpstreamID: clip(m.ID, maxGroupID),
		Final:      v.final,
		Delivered:  v.delivered,
		Reason:     v.reason,
		Code:       clip(string(m.Code), maxCode),
		Text:       m.words(),
		At:         m.at(v.delivered),
	}
	if len(m.Custom.Ref) <= maxCustom {
		r.Ref = m.Custom.Ref // a longer one is not ours
	}
	return r
}

// member says what became of the message when it was added. What is not certainly
// refused counts as taken: a report will tell.
func (m *message) member() provider.Member {
	v := m.Code.verdict()
	if !v.final || v.delivered {
		return provider.Member{UpstreamID: clip(m.ID, maxGroupID)}
	}
	return provider.Member{
		Refused: true, Reason: v.reason,
		Code: clip(string(m.Code), maxCode), Text: m.words(), UpstreamID: clip(m.ID, maxGroupID),
	}
}

// words are the vendor's own, or the meaning of its code where it says nothing.
func (m *message) words() string {
	if text := upstream.Words(cmp.Or(m.Text, m.Why)); text != "" {
		return text
	}
	return meanings[m.Code].text
}

// at is when it happened: for a delivery the moment the phone took it.
func (m *message) at(delivered bool) time.Time {
	times := [...]string{m.Reported, m.Processed, m.Received}
	if delivered {
		times = [...]string{m.Received, m.Reported, m.Processed}
	}
	for _, text := range times {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// clip cuts what is stored of the vendor's codes and ids, which are ASCII; other
// bytes and controls are left out.
func clip(text string, most int) string {
	plain := make([]byte, 0, min(len(text), most))
	for i := 0; i < len(text) && len(plain) < most; i++ {
		if text[i] > ' ' && text[i] < 0x7f {
			plain = append(plain, text[i])
		}
	}
	return string(plain)
}
