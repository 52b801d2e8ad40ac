package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/internal/korea"
)

// Aligo: its SMS API and its Kakao API, forms in and JSON with HTTP status 200 out. It has no
// webhook, takes whatever is wrong with one receiver, and is paid for before.

const (
	aligoRequestMost = 500
	aligoSendMost    = 1000 // of one text to many
	aligoPageUsual   = 30
	aligoPageMost    = 500
	aligoForm        = 32 << 20
)

// aligoText and aligoKakao are the vendor's two products, whose errors differ in form.
var (
	aligoText = &vendor{kind: "aligo", life: failsBut(0), patient: true, refuse: func(w http.ResponseWriter, no *refusal) int {
		return writeAligo(w, no, map[string]any{"result_code": aligoCode(no), "message": aligoWords(no)})
	}}
	aligoKakao = &vendor{kind: "aligo", life: failsBut(0), patient: true, refuse: func(w http.ResponseWriter, no *refusal) int {
		return writeAligo(w, no, map[string]any{"code": aligoCode(no), "message": aligoWords(no)})
	}}
)

// failsBut is the life of raw codes of which one is a delivery.
func failsBut(good uint16) func(uint16) uint16 {
	return func(raw uint16) uint16 {
		if raw == good {
			return codeDelivered
		}
		return codeFailed
	}
}

// writeAligo answers with status 200 but where the network itself is to blame.
func writeAligo(w http.ResponseWriter, no *refusal, body any) int {
	if no.status == http.StatusTooManyRequests || no.status >= 500 {
		return write(w, no.status, body)
	}
	return write(w, http.StatusOK, body)
}

func aligoCode(no *refusal) int {
	if code, err := strconv.Atoi(no.code); err == nil {
		return code
	}
	return -99
}

func aligoWords(no *refusal) string {
	if no.status == http.StatusPaymentRequired {
		return "포인트가 부족합니다."
	}
	return no.text
}

func aligoError(code int, text string) error {
	return refuse(http.StatusOK, strconv.Itoa(code), text)
}

// aligoCalls are the vendor's paths, by product.
func (s *Simulator) aligoCalls() map[*vendor]map[string]call {
	return map[*vendor]map[string]call{
		aligoText: {
			"POST /send/{$}":      s.aligoSend,
			"POST /send_mass/{$}": s.aligoMass,
			"POST /list/{$}":      s.asked(s.aligoTexts),
			"POST /sms_list/{$}":  s.asked(s.aligoList),
			"POST /remain/{$}":    s.aligoRemain,
			"POST /cancel/{$}": s.aligoCancel(aligoText, func(at time.Time) map[string]any {
				return map[string]any{"result_code": "1", "message": "success", "cancel_date": aligoMoment(at)}
			}),
		},
		aligoKakao: {
			"POST /akv10/alimtalk/send/{$}":           s.aligoAlimtalk,
			"POST /akv10/history/list/{$}":            s.asked(s.aligoHistory),
			"POST /akv10/history/detail/{$}":          s.asked(s.aligoDetail),
			"POST /akv10/heartinfo/{$}":               s.aligoHeart,
			"POST /akv10/cancel/{$}":                  s.aligoCancel(aligoKakao, func(time.Time) map[string]any { return map[string]any{"code": 1, "message": "success"} }),
			"POST /akv10/token/create/{n}/{unit}":     s.aligoToken,
			"POST /akv10/token/create/{n}/{unit}/{$}": s.aligoToken,
			"POST /akv10/category/{$}":                s.aligoCategories,
			"POST /akv10/profile/auth/{$}":            s.aligoProfileAuth,
			"POST /akv10/profile/add/{$}":             s.aligoProfileAdd,
			"POST /akv10/profile/list/{$}":            s.aligoProfiles,
			"POST /akv10/template/list/{$}":           s.aligoTemplates,
			"POST /akv10/template/add/{$}":            s.aligoAddTemplate,
			"POST /akv10/template/modify/{$}":         s.onAligoTemplate("정상적으로 템플릿을 수정하였습니다.", aligoModify),
			"POST /akv10/template/del/{$}":            s.onAligoTemplate("정상적으로 템플릿을 삭제 하였습니다.", aligoDelete),
			"POST /akv10/template/request/{$}":        s.onAligoTemplate("검수요청을 하였습니다.", s.aligoSubmit),
		},
	}
}

// aligoLogin finds whose user id and key a form holds, by the names of either product.
func (s *Simulator) aligoLogin(r *http.Request, _ time.Time) (*account, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := r.ParseMultipartForm(aligoForm); err != nil {
			return nil, aligoError(-99, "요청을 읽을 수 없습니다.")
		}
	} else if err := r.ParseForm(); err != nil {
		return nil, aligoError(-99, "요청을 읽을 수 없습니다.")
	}
	user, key := orElse(r.FormValue("user_id"), r.FormValue("userid")), orElse(r.FormValue("key"), r.FormValue("apikey"))
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[user]
	if !known || key != a.Secret {
		return nil, aligoError(-101, "인증오류입니다.")
	}
	return a, nil
}

// aligoSend takes one text for many receivers.
func (s *Simulator) aligoSend(a *account, r *http.Request) (any, error) {
	var to, texts []string
	names := map[string]string{}
	for pair := range strings.SplitSeq(r.FormValue("destination"), ",") {
		if number, name, ok := strings.Cut(pair, "|"); ok {
			names[strings.ReplaceAll(number, "-", "")] = name
		}
	}
	for number := range strings.SplitSeq(r.FormValue("receiver"), ",") {
		number = strings.ReplaceAll(strings.TrimSpace(number), "-", "")
		to, texts = append(to, number), append(texts, strings.ReplaceAll(r.FormValue("msg"), "%고객명%", names[number]))
	}
	if len(to) > aligoSendMost {
		return nil, aligoError(-99, "수신번호는 1,000건까지입니다.")
	}
	return s.aligoTake(a, r, to, texts)
}

// aligoMass takes texts that differ.
func (s *Simulator) aligoMass(a *account, r *http.Request) (any, error) {
	n, err := strconv.Atoi(r.FormValue("cnt"))
	if err != nil || n < 1 || n > aligoRequestMost || r.FormValue("msg_type") == "" {
		return nil, aligoError(-99, "cnt와 msg_type을 확인해 주세요.")
	}
	var to, texts []string
	for i := 1; i <= n; i++ {
		at := strconv.Itoa(i)
		to, texts = append(to, strings.ReplaceAll(r.FormValue("rec_"+at), "-", "")), append(texts, r.FormValue("msg_"+at))
	}
	return s.aligoTake(a, r, to, texts)
}

// aligoTake takes texts; what the handset cannot show becomes a question mark.
func (s *Simulator) aligoTake(a *account, r *http.Request, to, texts []string) (any, error) {
	from := strings.ReplaceAll(r.FormValue("sender"), "-", "")
	if !senderForm(from) || !s.sends(a, from) {
		return nil, aligoError(-99, "등록되지 않은 발신번호입니다.")
	}
	k, drafts, wire := kindOf(r.FormValue("msg_type")), make([]draft, len(to)), make([]wireMessage, len(to))
	shown, err := aligoPictures(r)
	if err != nil {
		return nil, err
	}
	for i, text := range texts {
		n, bad := korea.Bytes(text)
		for _, c := range bad {
			text = strings.ReplaceAll(text, string(c), "?")
		}
		if r.FormValue("msg_type") == "" {
			if k = sms; len(shown) > 0 {
				k = mms
			} else if n > korea.SMSBytes {
				k = lms
			}
		}
		switch {
		case k != sms && k != lms && k != mms:
			return nil, aligoError(-105, "msg_type이 올바르지 않습니다.")
		case (k == mms) != (len(shown) > 0):
			return nil, aligoError(-99, "MMS에는 이미지가 필요합니다.")
		case text == "" || n > korea.LMSBytes || k == sms && n > korea.SMSBytes:
			return nil, aligoError(-104, "메시지 길이가 초과되었습니다.")
		}
		drafts[i] = draft{kind: k, from: from, text: text, subject: r.FormValue("title"), extra: pictured(shown)}
		wire[i].To.one = to[i]
	}
	due, err := aligoDue(r.FormValue("rdate")+r.FormValue("rtime"), time.Now())
	if err != nil {
		return nil, err
	}
	if r.FormValue("testmode_yn") == "Y" {
		return aligoSent(&group{id: "0", messages: make([]*message, len(to))}, k), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.aligoHandOver(aligoText, a, drafts, wire, due)
	if err != nil {
		return nil, err
	}
	return aligoSent(g, k), nil
}

func aligoSent(g *group, k kind) any {
	return map[string]any{"result_code": "1", "message": "success", "msg_id": g.id, "success_cnt": len(g.messages) - g.count.RegisteredFailed,
		"error_cnt": g.count.RegisteredFailed, "msg_type": k.String()}
}

// aligoHandOver makes a call with a number for an id, for now or for later. The caller holds
// the lock.
func (s *Simulator) aligoHandOver(v *vendor, a *account, drafts []draft, wire []wireMessage, due time.Time) (*group, error) {
	id := strconv.FormatUint(100_000_000+mix(s.ids.key)%800_000_000+s.serialised(), 10)
	call, now := group{id: id, allowDuplicates: true}, time.Now()
	if due.IsZero() {
		return s.handOverCall(v, a, call, drafts, wire, now)
	}
	g := s.newGroup(v, a, call, now)
	_, err := s.register(g, drafts, wire, true, now)
	if err == nil {
		err = s.schedule(g, due, now)
	}
	if err != nil {
		s.discard(g)
		return nil, err
	}
	return g, nil
}

// aligoAlimtalk takes Alimtalk.
func (s *Simulator) aligoAlimtalk(a *account, r *http.Request) (any, error) {
	var drafts []draft
	var wire []wireMessage
	for i := 1; i <= aligoRequestMost; i++ {
		at := strconv.Itoa(i)
		to := strings.ReplaceAll(r.FormValue("receiver_"+at), "-", "")
		if to == "" {
			break
		}
		text := r.FormValue("message_" + at)
		if text == "" || r.FormValue("subject_"+at) == "" || utf8.RuneCountInString(text) > alimtalkLimit {
			return nil, aligoError(-99, "message와 subject를 확인해 주세요.")
		}
		drafts = append(drafts, draft{kind: ata, text: text, kakao: &kakaoPart{pfID: r.FormValue("senderkey"), templateID: r.FormValue("tpl_code"),
			disableSMS: true, buttons: r.FormValue("button_" + at)}})
		wire = append(wire, wireMessage{To: recipients{one: to}})
	}
	switch {
	case r.FormValue("senderkey") == "" || r.FormValue("tpl_code") == "":
		return nil, aligoError(-99, "senderkey와 tpl_code가 필요합니다.")
	case !senderForm(strings.ReplaceAll(r.FormValue("sender"), "-", "")):
		return nil, aligoError(-99, "발신번호 미등록")
	case len(drafts) == 0:
		return nil, aligoError(-99, "receiver_1이 필요합니다.")
	}
	due, err := aligoDue(r.FormValue("senddate"), time.Now())
	if err != nil {
		return nil, err
	}
	known, err := s.knownSheet(a, aligoKakao, r.FormValue("senderkey"), r.FormValue("tpl_code"))
	if err != nil {
		return nil, aligoError(-99, "사용할 수 없는 템플릿입니다.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range drafts {
		drafts[i].mismatch = known.mismatches(strings.ReplaceAll(drafts[i].text, "\r\n", "\n"))
	}
	if r.FormValue("testMode") == "Y" {
		return aligoKakaoSent(a, &group{id: "0", prices: s.prices, count: groupCount{RegisteredSuccess: len(drafts)}}), nil
	}
	g, err := s.aligoHandOver(aligoKakao, a, drafts, wire, due)
	if err != nil {
		return nil, err
	}
	return aligoKakaoSent(a, g), nil
}

// aligoKakaoSent is the reply to a hand-over of Alimtalk.
func aligoKakaoSent(a *account, g *group) any {
	price := float64(g.prices[ata]) / 10_000
	return map[string]any{"code": 0, "message": "성공적으로 전송요청 하였습니다.", "info": map[string]any{"type": "AT", "mid": g.id,
		"current": won(a.balance), "unit": price, "total": price * float64(g.count.RegisteredSuccess), "scnt": g.count.RegisteredSuccess, "fcnt": g.count.RegisteredFailed}}
}
