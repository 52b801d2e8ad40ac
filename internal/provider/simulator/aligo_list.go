package simulator

import (
	"net/http"
	"strconv"
	"time"

	"creditmsg/internal/korea"
)

// aligoFind gives one page of the receivers of a request of a product.
func (s *Simulator) aligoFind(v *vendor, a *account, r *http.Request, size string, row func(*message) map[string]any) (rows []map[string]any, page, pages int, err error) {
	page, _ = strconv.Atoi(r.FormValue("page"))
	n, _ := strconv.Atoi(r.FormValue(size))
	if n < 1 {
		n = aligoPageUsual
	}
	page, n = max(page, 1), min(n, aligoPageMost)
	s.mu.Lock()
	defer s.mu.Unlock()
	g, known := s.groups[r.FormValue("mid")]
	if !known || g.account != a || g.vendor != v {
		return nil, 0, 0, aligoError(-99, "존재하지 않는 mid입니다.")
	}
	rows = []map[string]any{}
	for i := (page - 1) * n; i < min(page*n, len(g.messages)); i++ {
		rows = append(rows, row(g.messages[i]))
	}
	return rows, page, (len(g.messages) + n - 1) / n, nil
}

func aligoTime(milli int64) string {
	if milli == 0 {
		return ""
	}
	return time.UnixMilli(milli).In(korea.Seoul).Format(time.DateTime)
}

// aligoList is the receivers of a request of texts.
func (s *Simulator) aligoList(a *account, r *http.Request) (any, error) {
	rows, page, pages, err := s.aligoFind(aligoText, a, r, "page_size", func(m *message) map[string]any {
		return map[string]any{"mdid": strconv.Itoa(int(m.slot) + 1), "type": m.kind.String(), "sender": m.from, "receiver": m.to.String(),
			"sms_state": m.aligoState(), "reg_date": aligoTime(m.created), "send_date": aligoTime(m.reported), "reserve_date": ""}
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"result_code": 1, "message": "", "list": rows, "next_yn": map[bool]string{true: "Y", false: "N"}[page < pages]}, nil
}

// aligoState is the state of a text, in words.
func (m *message) aligoState() string {
	switch {
	case m.refused():
		return "발/착신 번호 에러"
	case m.has(reached):
		return "발송완료"
	case m.code == codeNotSent:
		return "예약취소"
	case m.has(missed) && m.code == codeAbsent:
		return "결번"
	case m.has(missed):
		return "기타 오류"
	}
	return "전송중"
}

// aligoDetail is the receivers of a request of Alimtalk.
func (s *Simulator) aligoDetail(a *account, r *http.Request) (any, error) {
	rows, page, pages, err := s.aligoFind(aligoKakao, a, r, "limit", func(m *message) map[string]any {
		row := map[string]any{"msgid": "Q" + strconv.Itoa(int(m.slot)+1), "type": "AT", "sender": m.from, "phone": m.to.String(), "status": "3", "rslt": "", "rslt_message": "",
			"reqdate": aligoTime(m.created), "message": m.text, "button_json": m.kakao.buttons, "tpl_code": m.kakao.templateID, "senderKey": m.kakao.pfID, "smid": "0"}
		switch {
		case m.refused():
			row["msgid"], row["status"] = strconv.Itoa(int(m.slot)+1), "2"
		case m.has(reached) || m.has(missed):
			row["msgid"], row["rsltdate"] = strconv.Itoa(int(m.slot)+1), aligoTime(m.reported)
			row["rslt"], row["rslt_message"] = m.aligoResult()
		}
		return row
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"code": 0, "message": "성공", "list": rows, "currentPage": strconv.Itoa(page), "totalPage": strconv.Itoa(pages), "totalCount": strconv.Itoa(len(rows))}, nil
}

// aligoResult is how an Alimtalk ended.
func (m *message) aligoResult() (code, words string) {
	switch {
	case m.has(mismatched):
		return "U", "메시지가 템플릿과 일치하지않음"
	case m.raw != 0:
		return strconv.Itoa(int(m.raw)), "실패"
	case m.has(reached):
		return "0", "성공"
	case m.code == codeNotOnKakao:
		return "K", "카카오톡 미사용자"
	}
	return "E", "실패"
}

// aligoRemain says how many of each kind the balance would buy.
func (s *Simulator) aligoRemain(a *account, _ *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"result_code": 1, "message": "", "SMS_CNT": s.buys(a, sms), "LMS_CNT": s.buys(a, lms), "MMS_CNT": s.buys(a, mms)}, nil
}

// aligoHeart is the same with Kakao.
func (s *Simulator) aligoHeart(a *account, _ *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"code": 1, "message": "", "list": map[string]any{"SMS_CNT": s.buys(a, sms), "LMS_CNT": s.buys(a, lms),
		"MMS_CNT": s.buys(a, mms), "ALT_CNT": s.buys(a, ata)}}, nil
}

// buys is how many messages of a kind an account could pay. The caller holds the lock.
func (s *Simulator) buys(a *account, k kind) int64 { return int64(a.balance / s.prices[k]) }
