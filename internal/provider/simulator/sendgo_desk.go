package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// SendGo's money, sender numbers, Kakao channels and templates.

// sendgoDesk are the paths besides campaigns.
func (s *Simulator) sendgoDesk() map[string]call {
	const template = "/api/v2/notice-templates/{code}"
	return map[string]call{
		"GET /api/v2/credits":                  s.sendgoCredits,
		"GET /api/v2/senders":                  s.sendgoSenders,
		"GET /api/v2/kakao-senders":            s.sendgoProfiles,
		"GET /api/v2/kakao-senders/categories": s.sendgoCategories,
		"POST /api/v2/kakao-senders/token":     s.sendgoClaim,
		"POST /api/v2/kakao-senders":           s.sendgoConfirm,
		"GET /api/v2/notice-templates":         s.sendgoTemplates,
		"POST /api/v2/notice-templates":        s.sendgoAddTemplate,
		"GET " + template:                      s.onSendgoTemplate(func(*account, *sheet, map[string]any, time.Time) error { return nil }),
		"PUT " + template:                      s.onSendgoTemplate(s.sendgoChange),
		"DELETE " + template:                   s.onSendgoTemplate(sendgoDelete),
		"POST " + template + "/inspection":     s.onSendgoTemplate(s.sendgoSubmit),
		"DELETE " + template + "/inspection":   s.onSendgoTemplate(sendgoWithdraw),
		"POST " + template + "/release":        s.onSendgoTemplate(sendgoRelease),
		"POST " + template + "/sync":           s.onSendgoTemplate(func(*account, *sheet, map[string]any, time.Time) error { return nil }),
	}
}

func sendgoFine(data any) map[string]any {
	return map[string]any{"success": true, "message": "Success", "data": data}
}

// sendgoCredits is what the account has left.
func (s *Simulator) sendgoCredits(a *account, _ *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sendgoFine(map[string]any{"credits": won(a.balance)}), nil
}

func (s *Simulator) sendgoCategories(*account, *http.Request) (any, error) {
	return sendgoFine(map[string]any{"categories": categoryList}), nil
}

// sendgoClaim has Kakao send a token.
func (s *Simulator) sendgoClaim(a *account, r *http.Request) (any, error) {
	var body struct {
		Name  string `json:"yellowId"`
		Phone string `json:"phoneNumber"`
	}
	if err := sendgoRead(r, &body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.claimed(a, sendgo, body.Name, "", time.Now()); !ok || packPhone(strings.ReplaceAll(body.Phone, "-", "")) == 0 {
		return nil, sendgoInvalid("yellowId and phoneNumber are required.")
	}
	return sendgoFine(nil), nil
}

// sendgoConfirm links a channel whose manager tells the token; one that is linked is linked
// again without complaint.
func (s *Simulator) sendgoConfirm(a *account, r *http.Request) (any, error) {
	var body struct {
		Name     string `json:"yellowId"`
		Token    string `json:"token"`
		Category string `json:"categoryCode"`
	}
	if err := sendgoRead(r, &body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := a.findProfile(sendgo, body.Name)
	if p == nil || !tokenForm(body.Token) || body.Category == "" {
		return nil, refuse(http.StatusUnprocessableEntity, "KAKAO_API_ERROR", "인증번호가 올바르지 않습니다.")
	}
	p.confirmed, p.category = true, body.Category
	return withStatus{http.StatusCreated, sendgoFine(map[string]any{"sender": p.sendgoRow()})}, nil
}

func (p *profile) sendgoRow() map[string]any {
	return map[string]any{"name": strings.TrimPrefix(p.name, "@"), "yellow_id": p.name, "sender_key": p.key, "status": "A", "alim_talk": true, "block": false, "brandMessageStatus": nil}
}

func (s *Simulator) sendgoProfiles(a *account, _ *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []map[string]any{}
	for _, p := range a.profiles {
		if p.vendor == sendgo && p.confirmed {
			rows = append(rows, p.sendgoRow())
		}
	}
	return sendgoFine(map[string]any{"senders": rows}), nil
}

// sendgoStates are what the vendor calls where a template stands.
var sendgoStates = map[string]string{tplPending: "REG", tplInspecting: "REQ", tplApproved: "APR", tplRejected: "REJ", tplDormant: "DORMANT", tplBlocked: "BLOCK"}

func (t *sheet) sendgoRow() map[string]any {
	status := "R"
	switch t.state {
	case tplApproved:
		status = "A"
	case tplDormant, tplBlocked:
		status = "S"
	}
	row := map[string]any{"templateCode": t.code, "templateName": t.name, "templateContent": t.content, "kakaoSenderKey": t.sender, "status": status,
		"inspectionStatus": sendgoStates[t.state], "createdAt": stamp(t.made), "updatedAt": stamp(t.changed)}
	comments := []map[string]any{}
	for _, r := range t.remarks {
		who := "CUSTOMER"
		if r.inspector {
			who = "KAKAO"
		}
		comments = append(comments, map[string]any{"content": r.text, "writer": who, "createdAt": stamp(r.at)})
	}
	row["comments"] = comments
	maps.Copy(row, t.more)
	return row
}

// sendgoTemplates lists templates, a page at a time.
func (s *Simulator) sendgoTemplates(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	var all []map[string]any
	for _, t := range a.sheets {
		of := q.Get("kakaoSenderKey") == "" || q.Get("kakaoSenderKey") == t.sender
		if t.vendor == sendgo && of && (q.Get("inspectionStatus") == "" || q.Get("inspectionStatus") == sendgoStates[t.state]) {
			all = append(all, t.sendgoRow())
		}
	}
	page, size := sendgoPage(q)
	from := min((page-1)*size, len(all))
	rows := append([]map[string]any{}, all[from:min(from+size, len(all))]...)
	return sendgoFine(map[string]any{"templates": map[string]any{"data": rows, "current_page": page, "last_page": max((len(all)+size-1)/size, 1), "total": len(all)}}), nil
}

// sendgoForm reads the wording of a body into a sheet. The vendor asks for a declaration, all
// of which must be confirmed.
func sendgoForm(t *sheet, body map[string]any) error {
	text := func(name string) string { value, _ := body[name].(string); return value }
	switch {
	case text("templateName") == "" || strings.TrimSpace(text("templateContent")) == "" || utf8.RuneCountInString(text("templateContent")) > alimtalkLimit:
		return sendgoInvalid("templateName and templateContent are required.")
	case len(text("categoryCode")) != 6:
		return sendgoInvalid("categoryCode has 6 digits.")
	case text("messagePurpose") == "" || text("legalBasis") == "" || text("benefitOrigin") == "" || text("expiryType") == "":
		return refuse(http.StatusUnprocessableEntity, "POLICY_VALIDATION_FAILED", "The purpose of the template is missing.")
	case body["optInReviewConfirmed"] != true || body["ctaClearConfirmed"] != true || body["policyConfirmed"] != true:
		return refuse(http.StatusUnprocessableEntity, "POLICY_REVIEW_REQUIRED", "The policy is not confirmed.")
	}
	t.name, t.content, t.more = text("templateName"), text("templateContent"), map[string]any{}
	for name, value := range body {
		if name != "templateName" && name != "templateContent" && name != "kakaoSenderKey" {
			t.more[name] = value
		}
	}
	return nil
}

func (s *Simulator) sendgoAddTemplate(a *account, r *http.Request) (any, error) {
	var body map[string]any
	if err := sendgoRead(r, &body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	sender, _ := body["kakaoSenderKey"].(string)
	t := &sheet{vendor: sendgo, sender: sender, state: tplPending, made: now, changed: now}
	if len(sender) != 40 {
		return nil, refuse(http.StatusNotFound, "INVALID_KAKAO_SENDER_KEY", "Invalid Kakao Sender Key")
	}
	if err := sendgoForm(t, body); err != nil {
		return nil, err
	}
	t.code = fmt.Sprintf("KNT-%08d", s.serialised())
	a.sheets = append(a.sheets, t)
	return withStatus{http.StatusCreated, sendgoFine(map[string]any{"template": t.sendgoRow()})}, nil
}

// onSendgoTemplate does something with the template of a path, and shows it.
func (s *Simulator) onSendgoTemplate(do func(a *account, t *sheet, body map[string]any, now time.Time) error) call {
	return func(a *account, r *http.Request) (any, error) {
		body := map[string]any{}
		if r.Method == http.MethodPost || r.Method == http.MethodPut {
			if err := sendgoRead(r, &body); err != nil {
				return nil, err
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		t := a.findSheet(sendgo, "", r.PathValue("code"))
		if t == nil {
			return nil, refuse(http.StatusNotFound, "INVALID_TEMPLATE_CODE", "Invalid Template Code")
		}
		if err := do(a, t, body, time.Now()); err != nil {
			return nil, err
		}
		return sendgoFine(map[string]any{"template": t.sendgoRow()}), nil
	}
}

func sendgoNo(text string) error {
	return refuse(http.StatusUnprocessableEntity, "KAKAO_API_ERROR", text)
}

func (s *Simulator) sendgoChange(_ *account, t *sheet, body map[string]any, now time.Time) error {
	if !t.open() {
		return sendgoNo("수정할 수 없는 상태입니다.")
	}
	if err := sendgoForm(t, body); err != nil {
		return err
	}
	t.state, t.changed = tplPending, now
	return nil
}

func sendgoDelete(a *account, t *sheet, _ map[string]any, _ time.Time) error {
	if !t.open() {
		return sendgoNo("삭제할 수 없는 상태입니다.")
	}
	a.sheets = slices.DeleteFunc(a.sheets, func(one *sheet) bool { return one == t })
	return nil
}

func (s *Simulator) sendgoSubmit(_ *account, t *sheet, body map[string]any, now time.Time) error {
	switch {
	case !t.open():
		return sendgoNo("검수를 요청할 수 없는 상태입니다.")
	case !s.takes():
		return sendgoNo(orElse(s.scenario.InspectorSays, "검수를 요청할 수 없습니다."))
	}
	if text, _ := body["comment"].(string); text != "" {
		t.remarks = append(t.remarks, remark{text, false, now})
	}
	s.submit(t, now)
	return nil
}

func sendgoWithdraw(_ *account, t *sheet, _ map[string]any, now time.Time) error {
	if t.state != tplInspecting {
		return sendgoNo("검수 중이 아닙니다.")
	}
	t.state, t.changed = tplPending, now
	return nil
}

func sendgoRelease(_ *account, t *sheet, _ map[string]any, now time.Time) error {
	if t.state != tplDormant {
		return sendgoNo("휴면 상태가 아닙니다.")
	}
	t.state, t.changed = tplApproved, now
	return nil
}

// sendgoPage reads the page that a query wants.
func sendgoPage(q url.Values) (page, size int) {
	page, _ = strconv.Atoi(q.Get("page"))
	size, _ = strconv.Atoi(q.Get("count"))
	if size < 1 {
		size = 30
	}
	return max(page, 1), min(size, 100)
}
