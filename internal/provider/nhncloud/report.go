package nhncloud

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

const maxReportBody = 4 << 20

// Authentic compares the header X-Toast-Webhook-Signature with the configured text, which
// is fixed: it proves the sender, not the body.
func (a *account) Authentic(h http.Header, _ []byte) bool {
	return provider.Proves(h.Get("X-Toast-Webhook-Signature"), a.proofs)
}

// Parse reads the reports of one webhook call: results, and who called the 080 number. Other
// events, such as that a template was inspected, are passed over.
func (a *account) Parse(body []byte) ([]provider.Report, error) { return parse(body) }

func parse(body []byte) ([]provider.Report, error) {
	if len(body) > maxReportBody {
		return nil, fmt.Errorf("read delivery report: more than %d bytes", maxReportBody)
	}
	if body = bytes.TrimLeft(body, " \t\r\n"); len(body) == 0 || body[0] != '{' {
		return nil, errors.New("read delivery report: no object")
	}
	var call struct {
		Event string    `json:"event"`
		Hooks []message `json:"hooks"`
	}
	if err := upstream.Lenient(json.Unmarshal(body, &call)); err != nil {
		return nil, fmt.Errorf("read delivery report: %w", err)
	}
	var reports []provider.Report
	switch call.Event {
	case "", "MESSAGE_RESULT_UPDATE":
	case "UNSUBSCRIBE":
		for i := range call.Hooks {
			if r, ok := call.Hooks[i].optOut(); ok {
				reports = append(reports, r)
			}
		}
		return reports, nil
	default:
		return nil, nil
	}
	for i := range call.Hooks {
		if m := &call.Hooks[i]; m.RequestID != "" && (m.Code != "" || m.state() != "") {
			reports = append(reports, m.report())
		}
	}
	return reports, nil
}

// message is what is read of a message, wherever the vendor shows one: in reports and in
// the lists of either product.
type message struct {
	RequestID string `json:"requestId"`
	Seq       int    `json:"recipientSeq"`
	Ref       string `json:"recipientGroupingKey"`
	Misspelt  string `json:"recipientGropuingKey"`
	Sender    string `json:"senderType"`       // in reports of texts
	Kakao     string `json:"kakaoMessageType"` // in reports of Kakao
	Status    string `json:"messageStatus"`    // COMPLETED, FAILED, CANCEL, DUPLICATED, FAILED_AD
	Progress  string `json:"msgStatus"`        // of texts in lists: 0 to 7
	Code      string `json:"resultCode"`
	CodeName  string `json:"resultCodeName"`
	Received  string `json:"receiveDate"`
	Resulted  string `json:"resultDate"`
	SenderKey string `json:"senderKey"` // in lists of Alimtalk

	To      string `json:"recipientNo"`   // of who called an 080 number
	Called  string `json:"unsubscribeNo"` // and which
	Created string `json:"createdDateTime"`
}

// optOut says who called which 080 number, if the event does.
func (m *message) optOut() (provider.Report, bool) {
	to, errTo := korea.ParseMobile(m.To)
	called, errCalled := korea.ParseOptOut(m.Called)
	m.Received = m.Created
	return provider.Report{To: to, OptOut: called, At: m.at()}, errTo == nil && errCalled == nil
}

// alimtalk says of which product the message is.
func (m *message) alimtalk() bool { return m.Kakao != "" || m.SenderKey != "" }

// The states of a message, as reports name them.
const (
	completed = "COMPLETED"
	cancelled = "CANCEL"
	doubled   = "DUPLICATED"
	badAdvert = "FAILED_AD"
	failed    = "FAILED"
)

// states are those of texts in lists; 1, 2 and 7 are on their way.
var states = map[string]string{"0": failed, "3": completed, "4": cancelled, "5": doubled, "6": badAdvert}

// state is at which end the message is; empty = at none that is known, or not said.
func (m *message) state() string {
	switch m.Status {
	case "":
		return states[m.Progress]
	case completed, cancelled, doubled, badAdvert, failed:
		return m.Status
	}
	return ""
}

// underway reports whether the vendor says that the message is at no end that is known: it may
// still deliver it then, whatever code stands beside.
func (m *message) underway() bool { return m.state() == "" && m.Status+m.Progress != "" }

// report says what the vendor says of the message.
func (m *message) report() provider.Report {
	r := provider.Report{UpstreamID: messageID(m.RequestID, m.Seq), Code: upstream.Code(m.Code), At: m.at()}
	if ref := cmp.Or(m.Ref, m.Misspelt); len(ref) <= maxKey {
		r.Ref = ref // a longer one is not ours
	}
	v := verdictOf(m.Code, m.alimtalk())
	switch state := m.state(); {
	case state == cancelled:
		v = verdict{final: true, Failure: provider.Failure{Reason: provider.Cancelled}}
	case state == doubled:
		v = verdict{final: true, Failure: provider.Failure{Reason: provider.Duplicate}}
	case state == badAdvert:
		v = verdict{final: true, Failure: provider.Failure{Reason: provider.AdvertRule}}
	case m.underway():
		v = verdict{}
	case m.Code == "" && state == completed, m.Code == "" && state == failed:
		v = verdict{} // an end whose code is still to come
	}
	r.Final, r.Delivered, r.Reason = v.final, v.delivered, v.Reason
	if r.Text = upstream.Words(m.CodeName); r.Text == "" {
		r.Text = v.Text
	}
	if r.Final && !r.Delivered && r.Code == "" {
		r.Code = m.state()
	}
	return r
}

// at is when it happened.
func (m *message) at() time.Time { return moment(m.Received, m.Resulted) }
