package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"creditmsg/internal/korea"
)

// nhnResult is what the reply to a hand-over says of one recipient.
type nhnResult struct {
	To   string `json:"recipientNo"`
	Code int    `json:"resultCode"`
	Text string `json:"resultMessage"`
	Seq  int    `json:"recipientSeq"`
	Ref  string `json:"recipientGroupingKey"`
}

// nhnSent is the reply to a hand-over.
func (s *Simulator) nhnSent(g *group, reply func(request string, results []nhnResult) any) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	results := make([]nhnResult, len(g.messages))
	for i, m := range g.messages {
		results[i] = nhnResult{m.to.String(), 0, "SUCCESS", i + 1, m.reference()}
		if m.refused() {
			results[i].Code, results[i].Text = nhnRefusal(m.code), "FAIL"
		}
	}
	return g.hold(reply(g.id, results)), nil
}

// nhnRefusal is the vendor's code of a recipient that was refused: a raw code of the
// contract with a minus before it.
func nhnRefusal(code uint16) int {
	switch code {
	case codeMissing:
		return -2018
	case codeForm:
		return -2019
	case codeTooLong:
		return -2019
	}
	return -int(code)
}

// nhnTime is a time in the vendor's reports.
func nhnTime(milli int64) string {
	if milli == 0 {
		return ""
	}
	return time.UnixMilli(milli).In(korea.Seoul).Format("2006-01-02T15:04:05.000")
}

// nhnCode is the result code of a message that is final.
func (m *message) nhnCode(code, raw uint16) string {
	switch {
	case raw != 0:
		return strconv.Itoa(int(raw))
	case code == codeDelivered:
		return strconv.Itoa(nhnDelivered)
	case code == codeNotOnKakao:
		return strconv.Itoa(nhnNotOnKakao)
	case code == codeAbsent:
		return strconv.Itoa(nhnAbsent)
	}
	return strconv.Itoa(int(code))
}

// nhnTexts lists texts of these kinds.
func (s *Simulator) nhnTexts(wanted ...kind) call {
	return func(a *account, r *http.Request) (any, error) {
		rows, total, err := s.nhnFind(a, r.URL.Query(), func(m *message) bool { return slices.Contains(wanted, m.kind) })
		if err != nil {
			return nil, err
		}
		return map[string]any{"header": nhnFine, "body": map[string]any{"pageNum": r.URL.Query().Get("pageNum"), "totalCount": total, "data": rows}}, nil
	}
}

// nhnAlimtalks lists Alimtalk.
func (s *Simulator) nhnAlimtalks(a *account, r *http.Request) (any, error) {
	rows, total, err := s.nhnFind(a, r.URL.Query(), func(m *message) bool { return m.kind == ata })
	if err != nil {
		return nil, err
	}
	return map[string]any{"header": nhnFine, "messageSearchResultResponse": map[string]any{"messages": rows, "totalCount": total}}, nil
}

// nhnFind gives one page of the messages that a query means. One of a call or a period is
// wanted.
func (s *Simulator) nhnFind(a *account, q url.Values, kind func(*message) bool) (rows []map[string]any, total int, err error) {
	if q.Get("requestId") == "" && (q.Get("startRequestDate") == "" || q.Get("endRequestDate") == "") && q.Get("startCreateDate") == "" {
		return nil, 0, nhnError(-1005, "Search condition is not valid.")
	}
	page, size := nhnPage(q)
	rows = []map[string]any{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range a.groups {
		if g.vendor != nhn || !nhnMeans(q, g) {
			continue
		}
		for i, m := range g.messages {
			if !kind(m) || m.refused() || q.Get("recipientGroupingKey") != "" && q.Get("recipientGroupingKey") != m.reference() {
				continue
			}
			if total >= (page-1)*size && len(rows) < size {
				rows = append(rows, nhnRow(g, i, m))
			}
			total++
		}
	}
	return rows, total, nil
}

func nhnPage(q url.Values) (page, size int) {
	page, _ = strconv.Atoi(q.Get("pageNum"))
	size, _ = strconv.Atoi(q.Get("pageSize"))
	if size < 1 {
		size = nhnPageUsual
	}
	return max(page, 1), min(size, nhnPageMost)
}

// nhnMeans says whether a query means a call.
func nhnMeans(q url.Values, g *group) bool {
	if id := q.Get("requestId"); id != "" && id != g.id {
		return false
	}
	if batch := q.Get("senderGroupingKey"); batch != "" && batch != g.customFields["batch"] {
		return false
	}
	for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		from, err1 := time.ParseInLocation(form, q.Get("startRequestDate"), korea.Seoul)
		until, err2 := time.ParseInLocation(form, q.Get("endRequestDate"), korea.Seoul)
		if err1 == nil && err2 == nil {
			return !g.created.Before(from) && !g.created.After(until)
		}
	}
	return true
}

// nhnRow is a message as the lists of both products show it.
func nhnRow(g *group, i int, m *message) map[string]any {
	row := map[string]any{
		"requestId": g.id, "recipientSeq": i + 1, "recipientNo": m.to.String(), "requestDate": nhnTime(m.created),
		"senderGroupingKey": g.customFields["batch"], "recipientGroupingKey": m.reference(), "sendNo": m.from, "body": m.text,
	}
	final := m.has(reached) || m.has(missed)
	progress, status := "1", ""
	switch {
	case m.has(reached):
		progress, status = "3", "COMPLETED"
	case m.has(missed):
		progress, status = "0", "FAILED"
	case m.code == codeCarrier:
		progress = "2"
	}
	if final {
		row["resultCode"], row["resultDate"], row["receiveDate"] = m.nhnCode(m.code, m.raw), nhnTime(m.reported), nhnTime(m.reported)
	}
	if m.kind.kakao() {
		row["senderKey"], row["templateCode"], row["messageStatus"] = m.kakao.pfID, m.kakao.templateID, status
		return row
	}
	row["msgStatus"] = progress
	return row
}

// pushNHN makes a webhook call of the vendor. Its signature is the secret itself. The
// caller holds the lock.
func (s *Simulator) pushNHN(d *delivery) (http.Header, []byte) {
	hooks := make([]map[string]any, len(d.items))
	product := "SMS"
	for i, r := range d.items {
		m, g := r.msg, r.msg.group
		status := "COMPLETED"
		if r.code != codeDelivered {
			status = "FAILED"
		}
		hooks[i] = map[string]any{
			"hookId": s.ids.next("H", clockForm, time.Now()), "requestId": g.id, "recipientSeq": g.seqOf(m), "recipientNo": m.to.String(),
			"requestDate": nhnTime(m.created), "receiveDate": nhnTime(m.reported), "senderGroupingKey": g.customFields["batch"],
			"recipientGroupingKey": m.reference(), "resultCode": m.nhnCode(r.code, r.raw), "messageStatus": status,
		}
		if m.kind.kakao() {
			product, hooks[i]["kakaoMessageType"] = "KakaoTalk Bizmessage", "ALIMTALK_NORMAL"
		} else {
			hooks[i]["senderType"], hooks[i]["sendNo"], hooks[i]["messageCount"] = "NORMAL_SMS", m.from, 1
		}
	}
	body, err := json.Marshal(map[string]any{"hooksId": s.ids.next("HS", clockForm, time.Now()), "webhookConfigId": "sim", "productName": product,
		"event": "MESSAGE_RESULT_UPDATE", "hooks": hooks})
	if err != nil {
		body = nil // texts and numbers always marshal
	}
	return http.Header{"Content-Type": {"application/json"}, "X-Toast-Webhook-Signature": {d.hook.secret}}, body
}
