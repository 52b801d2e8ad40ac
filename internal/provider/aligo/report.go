package aligo

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// stateCode stands for the code of a text, whose state is words alone.
const stateCode = "state"

// Parse reads a body that Poll gave.
func (a *account) Parse(body []byte) ([]provider.Report, error) {
	p, err := provider.ReadPolled(body)
	if err != nil {
		return nil, err
	}
	var page struct {
		List []receiver `json:"list"`
	}
	if err := upstream.Lenient(json.Unmarshal(p.Page, &page)); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	if p.About != "sms" && p.About != "alimtalk" {
		return nil, errors.New("read results: they are about no product")
	}
	var reports []provider.Report
	for i := range page.List {
		m := &page.List[i]
		number, id, read := m.Receiver, m.TextID, m.text
		if p.About == "alimtalk" {
			number, id, read = m.Phone, m.KakaoID, func() provider.Report { return m.kakao(a.success) }
		}
		to, err := korea.ParseMobile(string(number))
		if err != nil {
			continue // nobody of ours
		}
		r := read()
		r.Call, r.To, r.UpstreamID = p.Call, to, upstream.Code(string(id))
		reports = append(reports, r)
	}
	return reports, nil
}

// receiver is what is read of one receiver in the lists of both products.
type receiver struct {
	TextID   word   `json:"mdid"`
	Receiver word   `json:"receiver"`
	State    string `json:"sms_state"`
	SentAt   string `json:"send_date"`

	KakaoID  word   `json:"msgid"`
	Phone    word   `json:"phone"`
	Status   word   `json:"status"` // 2: Kakao did not understand the number
	Result   word   `json:"rslt"`
	Words    string `json:"rslt_message"`
	ResultAt string `json:"rsltdate"`
}

// text says what became of a text.
func (m *receiver) text() provider.Report {
	state := strings.TrimSpace(m.State)
	switch {
	case state == "발송완료":
		return provider.Report{Final: true, Delivered: true, Code: stateCode, Text: state, At: at(m.SentAt)}
	case state == "" || underway(state):
		return provider.Report{}
	}
	return provider.Report{Final: true, Reason: reportedIn(state, provider.UnrecognisedCode), Code: stateCode, Text: upstream.Words(state), At: at(m.SentAt)}
}

// underway reports whether the state of a text is no end.
func underway(state string) bool {
	return slices.ContainsFunc([]string{"전송중", "발송중", "대기", "예약", "접수"}, func(w string) bool { return strings.Contains(strings.ReplaceAll(state, " ", ""), w) })
}

// kakao says what became of an Alimtalk.
func (m *receiver) kakao(success []string) provider.Report {
	code := upstream.Code(string(m.Result))
	r := provider.Report{Code: code, Text: upstream.Words(m.Words), At: at(m.ResultAt)}
	switch {
	case m.Status == "2":
		r.Final, r.Reason = true, provider.InvalidNumber
		if r.Code == "" {
			r.Code = "status2"
		}
	case code == "" || strings.HasPrefix(string(m.KakaoID), "Q") || provider.KakaoUnderway(code):
		return provider.Report{}
	case slices.Contains(success, code):
		r.Final, r.Delivered = true, true
	default:
		r.Final, r.Reason = true, kakaoReason(code, m.Words)
	}
	return r
}

// kakaoReason tells why an Alimtalk failed: by words, since the list of codes is not
// published, else by Kakao's own where the vendor passes these on.
func kakaoReason(code, words string) provider.Reason {
	if code == "U" {
		return provider.TemplateMismatch
	}
	usual := provider.UnrecognisedCode
	if f, ok := provider.KakaoFailure(code); ok {
		usual = f.Reason
	}
	return reportedIn(words, usual)
}

// told are words of the vendor, without spaces, and what they mean; the first that is found
// counts. What is part of other words comes after these.
var told = []struct {
	word   string
	reason provider.Reason
}{
	{"성인", provider.AdultCheck}, {"시간초과", provider.Expired},
	{"발송한도", provider.ProviderQuota}, {"전송한도", provider.ProviderQuota}, {"일일한도", provider.ProviderQuota},
	{"이미지", provider.AttachmentError}, {"첨부", provider.AttachmentError},
	{"포인트", provider.ProviderBalance}, {"잔액", provider.ProviderBalance}, {"인증", provider.AuthFailed}, {"허용되지않은IP", provider.AuthFailed},
	{"발신번호미등록", provider.SenderNotRegistered}, {"등록되지않은발신번호", provider.SenderNotRegistered}, {"번호도용", provider.SenderSpoofBlock},
	{"번호에러", provider.InvalidNumber}, {"결번", provider.NumberAbsent}, {"정지", provider.NumberSuspended},
	{"전원", provider.RecipientPowerOff}, {"음영", provider.OutOfCoverage}, {"FULL", provider.HandsetBusy}, {"초과", provider.ContentTooLong},
	{"스팸", provider.SpamBlocked}, {"수신거부", provider.RecipientRejected}, {"미사용자", provider.NotKakaoUser}, {"차단", provider.AlimtalkBlocked},
	{"템플릿과일치", provider.TemplateMismatch}, {"템플릿", provider.TemplateNotFound}, {"발신프로필", provider.ChannelBlocked}, {"친구", provider.NotChannelFriend},
	{"통신", provider.NetworkFailure}, {"전송실패", provider.NetworkFailure},
}

// reasonIn finds a reason in the vendor's words.
func reasonIn(words string, usual provider.Reason) provider.Reason {
	words = strings.ReplaceAll(words, " ", "")
	for _, t := range told {
		if strings.Contains(words, t.word) {
			return t.reason
		}
	}
	return usual
}

// reportedIn is reasonIn of what was taken and then failed. Words alone never make that the
// operator's failure, after which the same person is sent to again.
func reportedIn(words string, usual provider.Reason) provider.Reason {
	if reason := reasonIn(words, usual); !reason.Operators() {
		return reason
	}
	return usual
}

// at reads a time, which is Korean.
func at(text string) time.Time {
	t, err := time.ParseInLocation(time.DateTime, text, korea.Seoul)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
