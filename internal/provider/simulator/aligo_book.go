package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"creditmsg/internal/korea"
)

// What Aligo books: requests that wait for their time, lists of requests, and the token that
// older versions of its Kakao API wanted.

const (
	aligoAhead  = 10 * time.Minute // a request for later
	aligoTooOld = 5 * time.Minute  // before which it can be cancelled
)

// aligoDue is when a request is to be sent, written as a date with its time; zero = at once.
func aligoDue(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	form := "20060102150405"
	due, err := time.ParseInLocation(form[:min(len(text), len(form))], text, korea.Seoul)
	if err != nil || len(text) < len("200601021504") || due.Before(now.Add(aligoAhead)) {
		return time.Time{}, aligoError(-99, "예약시간은 현재시간 10분 이후로 설정해 주세요.")
	}
	return due, nil
}

// aligoRequests are the requests of a product, newest first. The caller holds the lock.
func (a *account) aligoRequests(v *vendor) []*group {
	var list []*group
	for _, g := range slices.Backward(a.groups) {
		if g.vendor == v {
			list = append(list, g)
		}
	}
	return list
}

// aligoPage is one page of requests, and how many pages there are.
func aligoPage(r *http.Request, size string, all []*group) (page []*group, at, pages int) {
	at, _ = strconv.Atoi(r.FormValue("page"))
	n, _ := strconv.Atoi(r.FormValue(size))
	if n < 1 {
		n = aligoPageUsual
	}
	at, n = max(at, 1), min(n, aligoPageMost)
	from := min((at-1)*n, len(all))
	return all[from:min(from+n, len(all))], at, max((len(all)+n-1)/n, 1)
}

// aligoWaits is the state of a request for later, in words.
func (g *group) aligoWaits() string {
	switch {
	case g.scheduled.IsZero():
		return ""
	case g.status == scheduled:
		return "예약대기중"
	case g.status == failed:
		return "예약취소"
	}
	return "예약완료"
}

func aligoMoment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(korea.Seoul).Format(time.DateTime)
}

// aligoTexts lists requests of texts.
func (s *Simulator) aligoTexts(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, at, pages := aligoPage(r, "page_size", a.aligoRequests(aligoText))
	rows := make([]map[string]any, len(page))
	for i, g := range page {
		first := g.messages[0]
		rows[i] = map[string]any{"mid": g.id, "type": first.kind.String(), "sender": first.from, "sms_count": strconv.Itoa(len(g.messages)), "msg": first.text,
			"fail_count": strconv.Itoa(g.count.SentFailed + g.count.RegisteredFailed), "reg_date": aligoMoment(g.created), "reserve_state": g.aligoWaits(),
			"reserve": aligoMoment(g.scheduled), "reserve_date": aligoMoment(g.scheduled)}
	}
	return map[string]any{"result_code": 1, "message": "success", "list": rows, "next_yn": yesNo(at < pages)}, nil
}

func yesNo(yes bool) string {
	if yes {
		return "Y"
	}
	return "N"
}

// aligoHistory lists requests of Alimtalk.
func (s *Simulator) aligoHistory(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := a.aligoRequests(aligoKakao)
	page, at, pages := aligoPage(r, "limit", all)
	rows := make([]map[string]any, len(page))
	for i, g := range page {
		first := g.messages[0]
		rows[i] = map[string]any{"mid": g.id, "type": "AT", "sender": first.from, "msg_count": strconv.Itoa(len(g.messages)), "mbody": first.text,
			"reserve_date": aligoMoment(g.scheduled), "reserve_state": g.aligoWaits(), "reg_date": aligoMoment(g.created), "regdate": aligoMoment(g.created)}
	}
	return map[string]any{"code": 0, "message": "성공", "list": rows, "currentPage": strconv.Itoa(at), "totalPage": strconv.Itoa(pages), "totalCount": strconv.Itoa(len(all))}, nil
}

// aligoCancel takes back a request for later, of either product.
func (s *Simulator) aligoCancel(v *vendor, reply func(at time.Time) map[string]any) call {
	return func(a *account, r *http.Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		now := time.Now()
		g, known := s.groups[r.FormValue("mid")]
		switch {
		case !known || g.account != a || g.vendor != v:
			return nil, aligoError(-99, "존재하지 않는 mid입니다.")
		case g.status != scheduled:
			return nil, aligoError(-804, "예약대기중인 문자가 아닙니다.")
		case g.scheduled.Before(now.Add(aligoTooOld)):
			return nil, aligoError(-99, "예약발송 5분전까지만 취소가 가능합니다.")
		}
		g.fail(now, codeNotSent, "예약이 취소되었습니다.")
		return reply(now), nil
	}
}

// aligoToken gives the token that older versions wanted, for how long its path says.
func (s *Simulator) aligoToken(_ *account, r *http.Request) (any, error) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 || !slices.Contains([]string{"y", "m", "d", "h", "i", "s"}, r.PathValue("unit")) {
		return nil, aligoError(-99, "토큰 유효시간을 확인해 주세요.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.ids.next("", clockForm, time.Now())
	return map[string]any{"code": 0, "message": "정상적으로 생성하였습니다.", "token": token, "urlencode": token}, nil
}
