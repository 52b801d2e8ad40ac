package test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

const siteBook = "/console/s/demo-rich/book"

// sendFile posts a form with a file in it.
func (p *pages) sendFile(path, field, name, content string, pairs ...string) *shown {
	p.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			p.Fatal(err)
		}
	}
	part, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		p.Fatal(err)
	}
	req, err := http.NewRequestWithContext(within(p.T), http.MethodPost, p.program.URL()+path, &body)
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Accept-Language", p.lang)
	res, err := p.http.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(res.Body); err != nil {
		p.Fatal(err)
	}
	return &shown{p.T, res.StatusCode, res.Header, text.String(), res.Header.Get("Location")}
}

// is makes sure of a page's status.
func (s *shown) is(status int) *shown {
	s.Helper()
	if s.status != status {
		s.Fatalf("status %d, want %d: %s", s.status, status, s.words())
	}
	return s
}

// lacks makes sure that texts are not in a page's source.
func (s *shown) lacks(texts ...string) *shown {
	s.Helper()
	for _, text := range texts {
		if strings.Contains(s.body, text) {
			s.Errorf("the page has %q: %s", text, s.words())
		}
	}
	return s
}

// has makes sure that texts are in a page's source.
func (s *shown) has(texts ...string) *shown {
	s.Helper()
	for _, text := range texts {
		if !strings.Contains(s.body, text) {
			s.Errorf("the page (status %d) has no %q: %s", s.status, text, s.body)
		}
	}
	return s
}

// unfit makes sure that a form was refused, with something beside each of some fields, and keeps what was
// typed: pairs of field and value.
func (s *shown) unfit(fields []string, kept ...string) *shown {
	s.Helper()
	s.is(http.StatusUnprocessableEntity)
	for _, name := range fields {
		if s.beside(name) == "" {
			s.Errorf("nothing stands beside %s: %s", name, s.words())
		}
	}
	for i := 0; i < len(kept); i += 2 {
		if got := s.value(kept[i]); got != kept[i+1] {
			s.Errorf("%s keeps %q, want %q", kept[i], got, kept[i+1])
		}
	}
	return s
}

// made is a form that was taken, and the page that it leads to.
func (p *pages) made(s *shown) *shown {
	p.Helper()
	if s.status != http.StatusSeeOther {
		p.Fatalf("the form was not taken (status %d): %s", s.status, s.words())
	}
	out := p.get(s.to)
	out.to = s.to
	return out.is(http.StatusOK)
}

func TestAContactIsAddedFoundChangedAndErasedByHand(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	p.get(siteBook).says("연락처가 없습니다", "파일로 등록")

	p.post(siteBook+"/new", "to", "nonsense", "name", "김하나", "variables.0.name", "등급", "variables.0.value", "VIP").
		unfit([]string{"to"}, "to", "nonsense", "name", "김하나", "variables.0.value", "VIP").says("표시된 항목을 확인하세요.")
	p.post(siteBook+"/new", "to", "010-1234-5678", "consent.night", "on").unfit([]string{"consent.at"}).says("동의를 받은 일시를 입력하세요.")
	more := p.post(siteBook+"/new", "to", "010-1234-5678", "_add", "variables").is(http.StatusOK)
	more.has(`name="variables.0.name"`)
	if got := more.value("to"); got != "010-1234-5678" {
		t.Errorf("a form with one row more keeps %q", got)
	}

	form := []string{"_key", "book-1", "to", "010-1234-5678", "name", "김하나", "variables.0.name", "등급", "variables.0.value", "VIP",
		"consent.at", "2026-11-01T10:30", "consent.evidence", "회원가입"}
	one := p.made(p.post(siteBook+"/new", form...)).says("연락처를 추가했습니다.", "김하나", "010-1234-5678", "VIP", "2026. 11. 1. 10:30", "회원가입")
	if again := p.post(siteBook+"/new", form...); again.to != one.to {
		t.Errorf("the same form again leads to %s, want %s", again.to, one.to)
	}
	p.post(siteBook+"/new", "to", "010-1234-5678", "name", "다른 사람").is(http.StatusUnprocessableEntity)
	p.get(siteBook + "?to=01012345678").says("김하나")
	p.get(siteBook + "?to=01000000000").says("이 번호의 연락처가 없습니다")
	if p.get(siteBook+"?to=abc").beside("to") == "" {
		t.Error("nothing stands beside a number that is none")
	}

	edit := p.get(one.to + "/edit").is(http.StatusOK)
	tag := edit.value("_tag")
	if edit.value("to") != "01012345678" || edit.value("variables.0.value") != "VIP" || tag == "" {
		t.Errorf("the form is not filled: %s", edit.body)
	}
	p.made(p.post(one.to+"/edit", "_tag", tag, "to", "010-1234-5678", "name", "김하나나")).says("김하나나", "연락처를 변경했습니다.")
	late := p.post(one.to+"/edit", "_tag", tag, "to", "010-1234-5678", "name", "내 이름").unfit(nil, "name", "내 이름").
		says("다른 사람이 먼저 변경했습니다", "김하나나")
	p.made(p.post(one.to+"/edit", "_tag", late.value("_tag"), "to", "010-1234-5678", "name", "내 이름")).says("내 이름")

	p.get(strings.Replace(one.to, "demo-rich", "demo-cheap", 1)).is(http.StatusNotFound)
	p.other().sign("operator").get(strings.Replace(one.to, "demo-rich", "demo-cheap", 1)).is(http.StatusNotFound)
	p.other().sign("viewer").get(one.to).is(http.StatusForbidden)

	p.get(one.to + "?ask=remove").has(`<dialog id="ask-remove" aria-labelledby="ask-remove-title" open>`)
	p.made(p.post(one.to + "/remove")).says("연락처를 삭제했습니다.")
	p.get(one.to).is(http.StatusNotFound)
}

func TestAGroupIsFilledByNumbersAndLists(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	groups := siteBook + "/groups"
	p.get(groups).says("그룹이 없습니다")
	p.post(groups+"/new", "name", "").unfit([]string{"name"})
	group := p.made(p.post(groups+"/new", "_key", "g-1", "name", "단골 고객")).says("그룹을 만들었습니다.", "단골 고객", "아직 아무도 없습니다")
	if again := p.post(groups+"/new", "_key", "g-1", "name", "단골 고객"); again.to != group.to {
		t.Errorf("the same form again leads to %s, want %s", again.to, group.to)
	}

	unknown := p.post(group.to+"/members", "to", "010-5555-0001").unfit([]string{"to"}, "to", "010-5555-0001").says("주소록에 없는 번호입니다")
	unknown.has("/book/new?group=")
	p.sendFile(group.to+"/import", "file", "list.csv", "").unfit([]string{"file"}).says("파일을 선택하세요.")
	p.sendFile(group.to+"/import", "file", "list.csv", "이름,나이\n김하나,3\n").unfit([]string{"file"}).says("표시된 항목을 확인하세요.")
	report := p.sendFile(group.to+"/import", "file", "list.csv", "전화번호,이름,지점\n010-5555-0001,김하나,강남\n12,이두리,부산\n010-5555-0002,박세라,\n", "_key", "i-1").is(http.StatusOK)
	report.says("제외된 줄", "휴대전화 번호가 아님", "그룹에 추가 2", "새로 등록 2")
	p.get(group.to).says("김하나", "박세라", "2명").lacks("이두리")
	csv := p.get(group.to+"/export?format=csv").has("김하나", "강남")
	if !strings.Contains(csv.header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(csv.header.Get("Content-Type"), "text/csv") {
		t.Errorf("the file came with %v", csv.header)
	}
	if xlsx := p.get(siteBook + "/export?format=xlsx"); !strings.HasPrefix(xlsx.body, "PK") {
		t.Error("that is no XLSX")
	}

	p.made(p.post(group.to+"/edit", "_tag", p.get(group.to+"/edit").value("_tag"), "name", "VIP")).says("VIP", "그룹 이름을 변경했습니다.")
	contact := p.get(siteBook + "?to=01055550001")
	_, rest, _ := strings.Cut(contact.body, siteBook+"/contacts/")
	id, _, _ := strings.Cut(rest, `"`)
	p.made(p.post(group.to+"/leave", "contact", id)).says("그룹에서 뺐습니다.")
	p.made(p.post(group.to+"/members", "to", "010-5555-0001")).says("그룹에 추가했습니다.")
	p.get(siteBook + "/contacts/" + id).says("VIP")
	p.other().sign("finance").get(group.to).is(http.StatusForbidden)
	p.made(p.post(group.to+"/remove")).says("그룹을 삭제했습니다.", "그룹이 없습니다")
	p.get(siteBook).says("김하나")
}

func TestAListOfContactsIsTakenWithAReportOfItsRows(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	p.get(siteBook + "/import").says("CSV(UTF-8, CP949)")
	list := "전화번호,이름\n010-5555-0001,김하나\n010-5555-0001,김둘\n"
	p.sendFile(siteBook+"/import", "file", "list.csv", list, "consent_at", "2026-11-01T09:00", "consent_evidence", "매장 방문").is(http.StatusOK).
		says("새로 등록 1", "파일 안에서 중복", "제외 1")
	p.get(siteBook).says("김하나", "동의")
	p.sendFile(siteBook+"/import", "file", "list.csv", list, "to_column", "없는 열").unfit([]string{"file"}, "to_column", "없는 열")
	if got := p.other().sendFile(siteBook+"/import", "file", "list.csv", list); got.status != http.StatusUnauthorized {
		t.Errorf("who is not signed in got status %d", got.status)
	}
}
