package sens

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// Parse reads a body that Poll gave.
func (a *account) Parse(body []byte) ([]provider.Report, error) { return parse(body) }

func parse(body []byte) ([]provider.Report, error) {
	p, err := provider.ReadPolled(body)
	if err != nil {
		return nil, err
	}
	if p.About != "sms" && p.About != "alimtalk" {
		return nil, errors.New("read results: they are about no service")
	}
	var page struct {
		Messages []message `json:"messages"`
	}
	if err := upstream.Lenient(json.Unmarshal(p.Page, &page)); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	var reports []provider.Report
	for i := range page.Messages {
		m := &page.Messages[i]
		to, err := korea.ParseMobile(m.To)
		if err != nil {
			continue // nobody of ours
		}
		r := m.text()
		if p.About == "alimtalk" {
			r = m.kakao()
		}
		r.Call, r.To, r.UpstreamID, r.At = p.Call, to, upstream.Code(m.ID), m.at()
		reports = append(reports, r)
	}
	return reports, nil
}

// message is what is read of a message in a list of either service.
type message struct {
	ID        string       `json:"messageId"`
	To        string       `json:"to"`
	Status    string       `json:"status"` // of texts: READY, PROCESSING, COMPLETED
	Code      upstreamText `json:"statusCode"`
	Name      string       `json:"statusName"`
	Text      string       `json:"statusMessage"`
	Refused   string       `json:"requestStatusCode"` // of Alimtalk: A000 = taken
	Why       string       `json:"requestStatusDesc"`
	KakaoCode upstreamText `json:"messageStatusCode"`
	KakaoName string       `json:"messageStatusName"` // success, processing, fail
	KakaoText string       `json:"messageStatusDesc"`
	Completed string       `json:"completeTime"`
}

// text says what became of a text.
func (m *message) text() provider.Report {
	r := provider.Report{Code: upstream.Code(string(m.Code)), Text: upstream.Words(m.Text)}
	if m.Status != "COMPLETED" || r.Code == "" {
		return provider.Report{}
	}
	r.Final = true
	if r.Code == "0" {
		r.Delivered = true
		return r
	}
	return failed(r, provider.CarrierFailure)
}

// kakao says what became of an Alimtalk.
func (m *message) kakao() provider.Report {
	if m.Refused != "" && m.Refused != accepted {
		return provider.Report{Final: true, Reason: requestReason(m.Refused), Code: upstream.Code(m.Refused), Text: upstream.Words(m.Why)}
	}
	r := provider.Report{Code: upstream.Code(string(m.KakaoCode)), Text: upstream.Words(m.KakaoText)}
	switch {
	case r.Code == "", m.KakaoName == "processing", provider.KakaoUnderway(r.Code):
		return provider.Report{}
	case r.Code == "0000" || r.Code == "1000":
		r.Final, r.Delivered = true, true
		return r
	}
	r.Final = true
	return failed(r, provider.KakaoFailure)
}

// failed completes the report of a failure.
func failed(r provider.Report, find func(string) (provider.Failure, bool)) provider.Report {
	f, ok := find(r.Code)
	if !ok {
		f = provider.Failure{Reason: provider.UnrecognisedCode, Text: "알려지지 않은 결과 코드"}
	}
	if r.Reason = f.Reason; r.Text == "" {
		r.Text = f.Text
	}
	return r
}

// at is when the message ended.
func (m *message) at() time.Time { return moment(m.Completed) }
