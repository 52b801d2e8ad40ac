package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// NHN Cloud's sender numbers, Kakao channels and templates. A template is submitted as it is
// written, and again as it is changed or commented after a rejection.

// nhnDesk are the paths besides messages.
func (s *Simulator) nhnDesk() map[string]call {
	const texts, kakao = "/sms/v3.0/appKeys/{app}/", "/alimtalk/v2.3/appkeys/{app}/"
	const templates = kakao + "senders/{sender}/templates"
	return map[string]call{
		"GET " + texts + "sendNos":                       s.nhnSenders,
		"GET " + kakao + "sender/categories":             s.nhnCategories,
		"POST " + kakao + "senders":                      s.nhnClaim,
		"POST " + kakao + "sender/token":                 s.nhnConfirm,
		"GET " + kakao + "senders":                       s.nhnProfiles,
		"GET " + templates:                               s.nhnTemplates,
		"POST " + templates:                              s.nhnAddTemplate,
		"PUT " + templates + "/{template}":               s.onNHNTemplate(s.nhnChange),
		"DELETE " + templates + "/{template}":            s.onNHNTemplate(nhnDelete),
		"POST " + templates + "/{template}/comments":     s.onNHNTemplate(s.nhnComment),
		"GET " + templates + "/{template}":               s.nhnTemplate,
		"GET " + kakao + "template/categories":           s.nhnTemplateCategories,
		"GET " + templates + "/{template}/modifications": s.nhnModifications,
	}
}

// nhnSenders lists the registered sender numbers, a page at a time.
func (s *Simulator) nhnSenders(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.numbers(a)
	page, size := nhnPage(r.URL.Query())
	from := min((page-1)*size, len(all))
	rows := []map[string]any{}
	for _, number := range all[from:min(from+size, len(all))] {
		rows = append(rows, map[string]any{"serviceId": 1, "sendNo": number, "useYn": "Y", "blockYn": "N", "blockReason": nil})
	}
	return map[string]any{"header": nhnFine, "body": map[string]any{"pageNum": page, "pageSize": size, "totalCount": len(all), "data": rows}}, nil
}

func (s *Simulator) nhnCategories(*account, *http.Request) (any, error) {
	rows := []map[string]any{}
	for _, c := range categoryList {
		leaf := []map[string]any{{"parentCode": c.Code[:7], "depth": 3, "code": c.Code, "name": c.Name}}
		middle := []map[string]any{{"parentCode": c.Code[:3], "depth": 2, "code": c.Code[:7], "name": c.Name, "subCategories": leaf}}
		rows = append(rows, map[string]any{"parentCode": nil, "depth": 1, "code": c.Code[:3], "name": c.Name, "subCategories": middle})
	}
	return map[string]any{"header": nhnFine, "categories": rows}, nil
}

// nhnClaim has Kakao send a token.
func (s *Simulator) nhnClaim(a *account, r *http.Request) (any, error) {
	var body struct {
		Name     string `json:"plusFriendId"`
		Phone    string `json:"phoneNo"`
		Category string `json:"categoryCode"`
	}
	if err := nhnRead(r, &body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if packPhone(strings.ReplaceAll(body.Phone, "-", "")) == 0 || len(body.Category) != 11 {
		return nil, nhnError(4, "Parameter is not valid.")
	}
	if p := a.findProfile(nhn, body.Name); p != nil && p.confirmed {
		return nil, nhnError(-1015, "Sender profile exists already.")
	}
	if _, ok := s.claimed(a, nhn, body.Name, body.Category, time.Now()); !ok {
		return nil, nhnError(4, "Parameter is not valid.")
	}
	return map[string]any{"header": nhnFine}, nil
}

// nhnConfirm links a channel whose manager tells the token, which is a number.
func (s *Simulator) nhnConfirm(a *account, r *http.Request) (any, error) {
	var body struct {
		Name  string `json:"plusFriendId"`
		Token int    `json:"token"`
	}
	if err := nhnRead(r, &body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := a.findProfile(nhn, body.Name)
	if p == nil || body.Token <= 0 {
		return nil, nhnError(-1017, "Token is not valid.")
	}
	p.confirmed = true
	return map[string]any{"header": nhnFine}, nil
}

// nhnProfiles lists the channels, those that wait for their token too.
func (s *Simulator) nhnProfiles(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []map[string]any{}
	for _, p := range a.profiles {
		if wanted := r.URL.Query().Get("plusFriendId"); p.vendor != nhn || wanted != "" && wanted != p.name {
			continue
		}
		row := map[string]any{"plusFriendId": p.name, "senderKey": nil, "categoryCode": p.category, "status": "YSC02", "kakaoStatus": nil, "dormant": false, "block": false}
		if p.confirmed {
			row["senderKey"], row["status"], row["kakaoStatus"], row["kakaoProfileStatus"] = p.key, "YSC03", "A", "A"
		}
		rows = append(rows, row)
	}
	return map[string]any{"header": nhnFine, "senders": rows, "totalCount": len(rows)}, nil
}

func (s *Simulator) nhnTemplateCategories(*account, *http.Request) (any, error) {
	return map[string]any{"header": nhnFine, "categories": []map[string]any{{"name": "기타", "subCategories": []map[string]any{
		{"code": "999999", "name": "기타", "groupName": "기타", "inclusion": "", "exclusion": ""}}}}}, nil
}

// nhnStates are what the vendor calls where a template stands; what sleeps or was stopped was
// approved.
var nhnStates = map[string]string{tplInspecting: "TSC02", tplApproved: "TSC03", tplRejected: "TSC04", tplDormant: "TSC03", tplBlocked: "TSC03"}

func (t *sheet) nhnRow() map[string]any {
	row := map[string]any{"senderKey": t.sender, "templateCode": t.code, "templateName": t.name, "templateContent": t.content, "status": nhnStates[t.state],
		"dormant": t.state == tplDormant, "block": t.state == tplBlocked, "createDate": nhnTime(t.made.UnixMilli()), "updateDate": nhnTime(t.changed.UnixMilli())}
	comments := []map[string]any{}
	for i, r := range t.remarks {
		status := "INQ"
		if r.inspector {
			status = "REP"
		}
		comments = append(comments, map[string]any{"id": i + 1, "content": r.text, "userName": "sim", "createdAt": nhnTime(r.at.UnixMilli()), "status": status})
	}
	row["comments"] = comments
	maps.Copy(row, t.more)
	return row
}

// nhnTemplates lists the templates of a channel, a page at a time.
func (s *Simulator) nhnTemplates(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	var all []map[string]any
	for _, t := range a.sheets {
		coded := q.Get("templateCode") == "" || q.Get("templateCode") == t.code
		named := q.Get("templateName") == "" || strings.Contains(t.name, q.Get("templateName"))
		if t.vendor == nhn && t.sender == r.PathValue("sender") && coded && named && (q.Get("templateStatus") == "" || q.Get("templateStatus") == nhnStates[t.state]) {
			all = append(all, t.nhnRow())
		}
	}
	page, size := nhnPage(q)
	from := min((page-1)*size, len(all))
	rows := append([]map[string]any{}, all[from:min(from+size, len(all))]...)
	return map[string]any{"header": nhnFine, "templateListResponse": map[string]any{"templates": rows, "totalCount": len(all)}}, nil
}

func (s *Simulator) nhnTemplate(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := a.findSheet(nhn, r.PathValue("sender"), r.PathValue("template"))
	if t == nil {
		return nil, nhnError(-3003, "Template does not exist.")
	}
	return map[string]any{"header": nhnFine, "template": t.nhnRow()}, nil
}

func (s *Simulator) nhnModifications(*account, *http.Request) (any, error) {
	return map[string]any{"header": nhnFine, "templateModificationsResponse": map[string]any{"templates": []any{}, "totalCount": 0}}, nil
}

// nhnForm reads the wording of a body into a sheet.
func (s *Simulator) nhnForm(t *sheet, body map[string]any) error {
	text := func(name string) string { value, _ := body[name].(string); return value }
	content := text("templateContent")
	buttons, _ := body["buttons"].([]any)
	switch {
	case text("templateName") == "" || utf8.RuneCountInString(text("templateName")) > 150:
		return nhnError(-2000, "templateName is not valid.")
	case strings.TrimSpace(content) == "" || utf8.RuneCountInString(content) > alimtalkLimit:
		return nhnError(-2019, "templateContent is not valid.")
	case len(buttons) > buttonsMost:
		return nhnError(-2018, "Buttons are not valid.")
	case !s.takes():
		return nhnError(4, orElse(s.scenario.InspectorSays, "The template was not taken."))
	}
	for _, one := range buttons {
		b, _ := one.(map[string]any)
		if b["name"] == nil || b["type"] == "WL" && b["linkMo"] == nil {
			return nhnError(-2018, "Buttons are not valid.")
		}
	}
	t.name, t.content, t.more = text("templateName"), content, map[string]any{}
	for name, value := range body {
		if name != "templateCode" && name != "templateName" && name != "templateContent" {
			t.more[name] = value
		}
	}
	return nil
}

// nhnAddTemplate writes a template and submits it.
func (s *Simulator) nhnAddTemplate(a *account, r *http.Request) (any, error) {
	var body map[string]any
	if err := nhnRead(r, &body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code, _ := body["templateCode"].(string)
	now := time.Now()
	t := &sheet{vendor: nhn, sender: r.PathValue("sender"), code: code, made: now}
	switch {
	case len(t.sender) != 40:
		return nil, nhnError(-2017, "Sender profile does not exist.")
	case code == "" || len(code) > 20:
		return nil, nhnError(-2000, "templateCode is not valid.")
	case a.findSheet(nhn, t.sender, code) != nil:
		return nil, nhnError(-3001, "Template code exists already.")
	}
	if err := s.nhnForm(t, body); err != nil {
		return nil, err
	}
	a.sheets = append(a.sheets, t)
	s.submit(t, now)
	return map[string]any{"header": nhnFine}, nil
}

// onNHNTemplate does something with the template of a path.
func (s *Simulator) onNHNTemplate(do func(a *account, t *sheet, body map[string]any, now time.Time) error) call {
	return func(a *account, r *http.Request) (any, error) {
		body := map[string]any{}
		if r.Method != http.MethodDelete {
			if err := nhnRead(r, &body); err != nil {
				return nil, err
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		t := a.findSheet(nhn, r.PathValue("sender"), r.PathValue("template"))
		if t == nil {
			return nil, nhnError(-3003, "Template does not exist.")
		}
		if err := do(a, t, body, time.Now()); err != nil {
			return nil, err
		}
		return map[string]any{"header": nhnFine}, nil
	}
}

// nhnChange rewrites a template that was judged, which is inspected again.
func (s *Simulator) nhnChange(_ *account, t *sheet, body map[string]any, now time.Time) error {
	if t.state == tplInspecting {
		return nhnError(-3006, "The template is being inspected.")
	}
	if err := s.nhnForm(t, body); err != nil {
		return err
	}
	s.submit(t, now)
	return nil
}

// nhnComment writes to the inspector, which brings a rejected template back to him.
func (s *Simulator) nhnComment(_ *account, t *sheet, body map[string]any, now time.Time) error {
	text, _ := body["comment"].(string)
	if strings.TrimSpace(text) == "" {
		return nhnError(-2001, "comment is empty.")
	}
	t.remarks = append(t.remarks, remark{text, false, now})
	if t.state == tplRejected {
		s.submit(t, now)
	}
	return nil
}

func nhnDelete(a *account, t *sheet, _ map[string]any, _ time.Time) error {
	a.sheets = slices.DeleteFunc(a.sheets, func(one *sheet) bool { return one == t })
	return nil
}
