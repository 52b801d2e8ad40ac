package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Aligo's Kakao channels and templates.

// aligoProfileAuth has Kakao send a token.
func (s *Simulator) aligoProfileAuth(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if packPhone(strings.ReplaceAll(r.FormValue("phonenumber"), "-", "")) == 0 {
		return nil, aligoError(509, "요청한 번호가 카카오채널 관리자 알림 설정 되어있는지 확인해주세요.")
	}
	if _, ok := s.claimed(a, aligoKakao, r.FormValue("plusid"), "", time.Now()); !ok {
		return nil, aligoError(-99, "카카오채널 아이디(=plusid)를 확인해 주세요.")
	}
	return map[string]any{"code": 0, "message": "정상적으로 호출하였습니다."}, nil
}

// aligoCategories are lines of business in the vendor's three levels.
func (s *Simulator) aligoCategories(*account, *http.Request) (any, error) {
	level := func(digits int, parent int) []map[string]any {
		var out []map[string]any
		for _, c := range categoryList {
			row := map[string]any{"parentCode": c.Code[:parent], "code": c.Code[:digits], "name": c.Name}
			if !slices.ContainsFunc(out, func(have map[string]any) bool { return have["code"] == row["code"] }) {
				out = append(out, row)
			}
		}
		return out
	}
	return map[string]any{"code": 0, "message": "정상적으로 호출하였습니다.", "data": map[string]any{
		"firstBusinessType": level(3, 0), "secondBusinessType": level(7, 3), "thirdBusinessType": level(11, 7)}}, nil
}

// aligoProfileAdd links a channel whose manager tells the token.
func (s *Simulator) aligoProfileAdd(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := a.findProfile(aligoKakao, r.FormValue("plusid"))
	if p == nil || !tokenForm(r.FormValue("authnum")) || r.FormValue("categorycode") == "" {
		return nil, aligoError(509, "인증번호가 올바르지 않습니다.")
	}
	p.confirmed, p.category = true, r.FormValue("categorycode")
	return map[string]any{"code": 0, "message": "정상적으로 호출하였습니다.", "data": []any{p.aligoRow()}}, nil
}

func (p *profile) aligoRow() map[string]any {
	return map[string]any{"senderKey": p.key, "uuid": p.name, "name": strings.TrimPrefix(p.name, "@"), "status": "A", "profileStat": "A", "cdate": aligoMoment(p.made),
		"udate": aligoMoment(p.made), "catCode": p.category, "alimUseYn": true, "license": "", "licenseNum": ""}
}

// aligoProfiles lists the linked channels.
func (s *Simulator) aligoProfiles(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []any{}
	for _, p := range a.profiles {
		named := r.FormValue("plusid") == "" || r.FormValue("plusid") == p.name
		keyed := r.FormValue("senderkey") == "" || r.FormValue("senderkey") == p.key
		if p.vendor == aligoKakao && p.confirmed && named && keyed {
			rows = append(rows, p.aligoRow())
		}
	}
	return map[string]any{"code": 0, "message": "정상적으로 호출하였습니다.", "list": rows}, nil
}

// aligoStates are what the vendor calls where a template stands: the template's own state,
// and that of its inspection.
var aligoStates = map[string][2]string{tplPending: {"R", "REG"}, tplInspecting: {"R", "REQ"}, tplApproved: {"A", "APR"}, tplRejected: {"R", "REJ"},
	tplDormant: {"S", "APR"}, tplBlocked: {"S", "APR"}}

func (t *sheet) aligoRow() map[string]any {
	row := map[string]any{"senderKey": t.sender, "templtCode": t.code, "templtName": t.name, "templtContent": strings.ReplaceAll(t.content, "\n", "\r\n"),
		"status": aligoStates[t.state][0], "inspStatus": aligoStates[t.state][1], "cdate": aligoMoment(t.made), "udate": aligoMoment(t.changed)}
	comments := []map[string]any{}
	for _, r := range t.remarks {
		comments = append(comments, map[string]any{"content": r.text, "status": aligoStates[t.state][1], "cdate": aligoMoment(r.at)})
	}
	row["comments"] = comments
	for name, value := range t.more {
		row[name] = value
	}
	return row
}

// aligoTemplates lists the templates of a channel.
func (s *Simulator) aligoTemplates(a *account, r *http.Request) (any, error) {
	if r.FormValue("senderkey") == "" {
		return nil, aligoError(-99, "발신 프로파일 키(=senderkey)파라메더 정보가 전달되지 않았습니다.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, counts := []any{}, map[string]int{"REG": 0, "REQ": 0, "APR": 0, "REJ": 0}
	for _, t := range a.sheets {
		coded := r.FormValue("tpl_code") == "" || r.FormValue("tpl_code") == t.code
		if t.vendor == aligoKakao && t.sender == r.FormValue("senderkey") && coded {
			rows = append(rows, t.aligoRow())
			counts[aligoStates[t.state][1]]++
		}
	}
	return map[string]any{"code": 0, "message": "정상적으로 호출하였습니다.", "list": rows, "info": counts}, nil
}

// aligoWording reads the wording of a form into a sheet.
func aligoWording(t *sheet, r *http.Request) error {
	content := strings.ReplaceAll(r.FormValue("tpl_content"), "\r\n", "\n")
	switch {
	case r.FormValue("senderkey") == "":
		return aligoError(-99, "발신 프로파일 키(=senderkey)파라메더 정보가 전달되지 않았습니다.")
	case r.FormValue("tpl_name") == "" || strings.TrimSpace(content) == "" || utf8.RuneCountInString(content) > alimtalkLimit:
		return aligoError(-99, "템플릿 이름과 내용을 확인해 주세요.")
	}
	var body struct {
		Buttons []struct {
			Name string `json:"name"`
			Type string `json:"linkType"`
			M    string `json:"linkM"`
			P    string `json:"linkP"`
			I    string `json:"linkI"`
			A    string `json:"linkA"`
		} `json:"button"`
	}
	if text := r.FormValue("tpl_button"); text != "" && json.Unmarshal([]byte(text), &body) != nil {
		return aligoError(-99, "템플릿 버튼(=tpl_button)을 확인해 주세요.")
	}
	buttons := []map[string]any{}
	for i, b := range body.Buttons {
		if b.Name == "" || b.Type == "WL" && b.M == "" || b.Type == "AL" && (b.I == "" || b.A == "") {
			return aligoError(-99, "템플릿 버튼(=tpl_button)을 확인해 주세요.")
		}
		buttons = append(buttons, map[string]any{"ordering": strconv.Itoa(i + 1), "name": b.Name, "linkType": b.Type, "linkMo": b.M, "linkPc": b.P, "linkIos": b.I, "linkAnd": b.A})
	}
	t.name, t.content = r.FormValue("tpl_name"), content
	t.more = map[string]any{"buttons": buttons, "templateType": orElse(r.FormValue("tpl_type"), "BA"), "templateEmType": orElse(r.FormValue("tpl_emtype"), "NONE"),
		"templtTitle": r.FormValue("tpl_title"), "templtSubtitle": r.FormValue("tpl_stitle"), "templateExtra": r.FormValue("tpl_extra")}
	return nil
}

// aligoAddTemplate writes a template.
func (s *Simulator) aligoAddTemplate(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	t := &sheet{vendor: aligoKakao, sender: r.FormValue("senderkey"), state: tplPending, made: now, changed: now}
	if err := aligoWording(t, r); err != nil {
		return nil, err
	}
	t.code = fmt.Sprintf("TS_%04d", s.serialised())
	a.sheets = append(a.sheets, t)
	return map[string]any{"code": 0, "message": "정상적으로 템플릿을 생성하였습니다.", "data": t.aligoRow()}, nil
}

// onAligoTemplate does something with a template that a form names, and says so.
func (s *Simulator) onAligoTemplate(words string, do func(a *account, t *sheet, r *http.Request, now time.Time) error) call {
	return func(a *account, r *http.Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t := a.findSheet(aligoKakao, r.FormValue("senderkey"), r.FormValue("tpl_code"))
		if t == nil {
			return nil, aligoError(-99, "템플릿이 존재하지 않습니다.")
		}
		if err := do(a, t, r, time.Now()); err != nil {
			return nil, err
		}
		return map[string]any{"code": 0, "message": words, "data": t.aligoRow()}, nil
	}
}

// open says whether a template may be written, submitted and deleted.
func (t *sheet) open() bool { return t.state == tplPending || t.state == tplRejected }

func aligoModify(_ *account, t *sheet, r *http.Request, now time.Time) error {
	if !t.open() {
		return aligoError(509, "수정 가능 상태가 아닙니다.")
	}
	if err := aligoWording(t, r); err != nil {
		return err
	}
	t.state, t.changed = tplPending, now
	return nil
}

func aligoDelete(a *account, t *sheet, _ *http.Request, _ time.Time) error {
	if !t.open() {
		return aligoError(509, "삭제 가능 상태가 아닙니다.")
	}
	a.sheets = slices.DeleteFunc(a.sheets, func(one *sheet) bool { return one == t })
	return nil
}

func (s *Simulator) aligoSubmit(_ *account, t *sheet, _ *http.Request, now time.Time) error {
	switch {
	case !t.open():
		return aligoError(509, "검수요청 가능 상태가 아닙니다.")
	case !s.takes():
		return aligoError(509, orElse(s.scenario.InspectorSays, "검수요청을 할 수 없습니다."))
	}
	s.submit(t, now)
	return nil
}
