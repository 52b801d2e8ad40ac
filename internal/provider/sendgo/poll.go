package sendgo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// Poll asks for the items of a campaign.
func (a *account) Poll(ctx context.Context, e provider.Enquiry) ([][]byte, error) {
	about, campaign, _ := strings.Cut(e.UpstreamID, ":")
	if about != "messages" && about != "notices" || !upstream.PlainID(campaign) {
		return nil, fmt.Errorf("ask about call %s: %.20q is no id of this account", e.ID, e.UpstreamID)
	}
	reply, failed := a.authorised(ctx, http.MethodGet, "/"+about+"/"+campaign, nil)
	switch {
	case failed != nil:
		return nil, fmt.Errorf("ask about call %s: %s", e.ID, failed.Text)
	case reply.Err != nil:
		return nil, fmt.Errorf("ask about call %s: %w", e.ID, reply.Err)
	case reply.Status != http.StatusOK:
		r := said(reply)
		return nil, fmt.Errorf("ask about call %s: HTTP status %d (%s): %s", e.ID, r.status, r.name(), r.text)
	}
	body, err := provider.Polled{Call: e.ID, About: about, Page: reply.Body}.Body()
	if err != nil {
		return nil, fmt.Errorf("ask about call %s: the reply cannot be read", e.ID)
	}
	return [][]byte{body}, nil
}

// Parse reads a body that Poll gave.
func (a *account) Parse(body []byte) ([]provider.Report, error) { return parse(body) }

func parse(body []byte) ([]provider.Report, error) {
	p, err := provider.ReadPolled(body)
	if err != nil {
		return nil, err
	}
	var page struct {
		Data struct {
			Campaign struct {
				Items []item `json:"items"`
			} `json:"campaign"`
		} `json:"data"`
	}
	if err := upstream.Lenient(json.Unmarshal(p.Page, &page)); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	if p.About != "messages" && p.About != "notices" {
		return nil, errors.New("read results: they are about no campaign")
	}
	var reports []provider.Report
	for i := range page.Data.Campaign.Items {
		m := &page.Data.Campaign.Items[i]
		to, err := korea.ParseMobile(cmp.Or(m.E164, m.Phone, m.Contact))
		if err != nil {
			continue // nobody of ours
		}
		r := m.report(p.About == "notices")
		r.Call, r.To = p.Call, to
		reports = append(reports, r)
	}
	return reports, nil
}

// item is one contact of a campaign, by every name that was seen of its members.
type item struct {
	E164    string `json:"phone_e164"`
	Phone   string `json:"phone"`
	Contact string `json:"contact"`
	Status  string `json:"status"`
	Kakao   string `json:"kakao_status"`
	SMS     string `json:"sms_status"`
	Code    string `json:"result_code"`
	KakaoCd string `json:"kakao_result_code"`
	SMSCode string `json:"sms_result_code"`
	Message string `json:"result_message"`
}

// report says what became of a contact.
func (m *item) report(kakao bool) provider.Report {
	state, code, find := cmp.Or(m.Status, m.SMS), cmp.Or(m.SMSCode, m.Code), provider.CarrierFailure
	if kakao {
		state, code, find = cmp.Or(m.Status, m.Kakao), cmp.Or(m.KakaoCd, m.Code), provider.KakaoFailure
	}
	r := provider.Report{Code: upstream.Code(code), Text: upstream.Words(m.Message)}
	switch strings.ToUpper(state) {
	case "SUCCESS":
		r.Final, r.Delivered = true, true
	case "CANCELED", "CANCELLED":
		r.Final, r.Reason, r.Code = true, provider.Cancelled, cmp.Or(r.Code, "CANCELLED")
	case "FAILED", "REJECTED":
		if kakao && provider.KakaoUnderway(r.Code) {
			return provider.Report{}
		}
		r.Final, r.Reason = true, provider.UnrecognisedCode
		if f, ok := find(r.Code); ok {
			r.Reason, r.Text = f.Reason, cmp.Or(r.Text, f.Text)
		} else if kakao && r.Code == "" {
			r.Reason = provider.KakaoUndeliverable
		}
		r.Code = cmp.Or(r.Code, strings.ToUpper(state))
	default:
		return provider.Report{}
	}
	return r
}
