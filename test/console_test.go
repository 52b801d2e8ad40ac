package test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestWhoSignsInIsLedToHisSiteAndWhoDoesNotIsAskedTo(t *testing.T) {
	p := consoleDemo(t)
	if got := p.do(http.MethodGet, "/console/s/demo-rich/messages?status=done", nil); got.to != "/console/sign-in?next="+url.QueryEscape("/console/s/demo-rich/messages?status=done") {
		t.Errorf("who is not signed in is led to %q", got.to)
	}
	owner := p.demo.Logins[2]
	wrong := p.post("/console/sign-in", "email", owner.Email, "password", "not this one", "next", "/console/me")
	wrong.says("이메일 또는 비밀번호가 올바르지 않습니다")
	if wrong.status != http.StatusUnprocessableEntity || wrong.value("email") != owner.Email || strings.Contains(wrong.body, "not this one") {
		t.Errorf("a wrong password has status %d, keeps %q, and is shown again: %v", wrong.status, wrong.value("email"), strings.Contains(wrong.body, "not this one"))
	}
	p.post("/console/sign-in", "email", owner.Email, "password", owner.Password, "next", "/console/me").leads("/console/me")
	p.get("/console").says("대시보드", "150,000")
	p.other().post("/console/sign-in", "email", owner.Email, "password", owner.Password, "next", "https://elsewhere.example/").leads("/console")
	p.other().post("/console/sign-in", "email", owner.Email, "password", owner.Password, "next", "/console/\\elsewhere.example").leads("/console")

	p.post("/console/sign-out").leads("/console/sign-in")
	if got := p.do(http.MethodGet, "/console/me", nil); !strings.HasPrefix(got.to, "/console/sign-in") {
		t.Errorf("who signed out still sees his account: status %d", got.status)
	}
}

func TestTheSessionIsInACookieThatNobodyElseCanUse(t *testing.T) {
	p := consoleDemo(t)
	owner := p.demo.Logins[2]
	in := p.post("/console/sign-in", "email", owner.Email, "password", owner.Password)
	cookie := in.header.Get("Set-Cookie")
	for _, part := range []string{"creditmsg=cm_live_", "HttpOnly", "SameSite=Lax", "Path=/", "Expires="} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie lacks %s: %s", part, strings.SplitN(cookie, ";", 2)[1])
		}
	}
	policy := p.get("/console").header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy of pages lacks %s: %s", part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy of pages allows what is unsafe: %s", policy)
	}
	for name, header := range map[string][]string{
		"another site's page":       {"Sec-Fetch-Site", "cross-site"},
		"a neighbour's page":        {"Sec-Fetch-Site", "same-site"},
		"an old browser's, of them": {"Origin", "https://elsewhere.example"},
	} {
		got := p.do(http.MethodPost, "/console/sign-out", url.Values{}, header...)
		if got.status != http.StatusForbidden {
			t.Errorf("the form of %s has status %d", name, got.status)
		}
		got.says("다른 사이트에서 보낸 요청")
	}
	p.get("/console").says("대시보드") // nobody was signed out
}

func TestTheSessionKeepsToTLSWherePeopleReachUsByIt(t *testing.T) {
	p := consoleDemo(t, "CREDITMSG_CONSOLE_URL=https://credit.example.com")
	owner := p.demo.Logins[2]
	cookie := p.post("/console/sign-in", "email", owner.Email, "password", owner.Password).header.Get("Set-Cookie")
	if name, rest, _ := strings.Cut(cookie, "="); name != "__Host-creditmsg" || !strings.Contains(rest, "; Secure") || strings.Contains(rest, "Domain") {
		t.Errorf("the cookie %s has the attributes %s", name, strings.SplitN(rest, ";", 2)[1])
	}
}

func TestAFormThatIsSentAfterTheSessionEndedKeepsWhatWasTyped(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	away := *p
	p.post("/console/me/password", "password", "wrong one", "new_password", "a new password", "again", "another").says("서로 다릅니다")
	for _, c := range p.http.Jar.Cookies(must(url.Parse(p.program.URL()))) {
		if c.Name == "creditmsg" {
			p.http.Jar.SetCookies(must(url.Parse(p.program.URL())), []*http.Cookie{{Name: c.Name, Value: "cm_live_ended", Path: "/"}})
		}
	}
	ended := away.post("/console/me/leave", "site", "demo-rich", "role", "owner", "next", "/console/me")
	ended.says("로그인이 만료되었습니다")
	if ended.status != http.StatusUnauthorized || ended.value("_kept.role") != "owner" || ended.value("_kept._path") != "/console/me/leave" {
		t.Errorf("with status %d the page carries %q to %q", ended.status, ended.value("_kept.role"), ended.value("_kept._path"))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestWhatIsNotOnesOwnIsNotFound(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	for _, path := range []string{"/console/s/demo-cheap", "/console/s/demo-rich/messages/msg_01k9zqm0v8e4t9w2n7c5r3x6yb", "/console/s/demo-rich/messages/nonsense", "/console/nowhere"} {
		if got := p.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s has status %d", path, got.status)
		} else {
			got.says("찾을 수 없습니다")
		}
	}
}

// written is a message as the form of the page sends it.
func written(more ...string) []string {
	return append([]string{"title", "11월 안내", "strategy", "alimtalk_first", "alimtalk.template_code", "RESERVE_01", "fallback", "on", "text.body", "#{이름}님, 안내드립니다",
		"to", "전화번호\t이름\n010-0000-1001\t김하나\n010-0001-2002\t이둘\n02-123-4567\t박셋", "when", "now"}, more...)
}

func TestAMessageIsWrittenLookedAtAndSentOnceAndSeenAsItGoes(t *testing.T) {
	p := consoleDemo(t).sign("sender")
	const site = "/console/s/demo-rich"
	p.get(site + "/messages").says("아직 보낸 메시지가 없습니다")
	p.post(site+"/messages/new/preview", written()...).says("김하나님, 예약이 확정되었습니다.", "김하나님, 안내드립니다", "최대 비용", "3명 기준")
	review := p.post(site+"/messages/new/review", written()...)
	review.says("보낼 수신자 2명", "예상 비용 18원", "최대 비용 36원", "휴대전화 번호가 아닙니다. 1", "지금 보내기")
	key := review.value("_key")
	if key == "" || review.value("to") != "전화번호\t이름\n010-0000-1001\t김하나\n010-0001-2002\t이둘\n02-123-4567\t박셋" {
		t.Fatalf("the last look carries the key %q and the people %q", key, review.value("to"))
	}
	first := p.post(site+"/messages", written("_key", key)...)
	if again := p.post(site+"/messages", written("_key", key)...); again.to != first.to || first.status != http.StatusSeeOther {
		t.Fatalf("a form that is sent twice leads to %q and to %q", first.to, again.to)
	}
	events := p.do(http.MethodGet, first.to+"/live", nil)
	if kind := events.header.Get("Content-Type"); kind != "text/event-stream" || !strings.Contains(events.body, "event: end") {
		t.Errorf("what happens is told as %s, and ends: %v", kind, strings.Contains(events.body, "event: end"))
	}
	p.get(first.to).says("완료", "2명 중 2명 완료", "알림톡 1 SMS 1", "27원", "01000001001")
	p.get(first.to + "?status=rejected").says("휴대전화 번호가 아닙니다.")
	if list := p.get(site + "/messages").words(); strings.Count(list, "11월 안내") != 1 {
		t.Errorf("the list of messages is %s", list)
	}
}

func TestAMessageThatCannotBeSentIsRefusedBesideItsFields(t *testing.T) {
	p := consoleDemo(t).sign("sender")
	for name, c := range map[string]struct {
		field, value, says string
	}{
		"nobody":        {"to", "", "받을 사람을 입력하거나"},
		"no column":     {"to", "이름\t나이\n김하나\t20", ""},
		"a wrong time":  {"scheduled_at", "tomorrow", "날짜와 시각"},
		"a wrong pace":  {"per_minute", "many", "정수를 입력"},
		"no such words": {"alimtalk.template_code", "NOWHERE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{}
			for list := written("when", "later"); len(list) > 0; list = list[2:] {
				form.Set(list[0], list[1])
			}
			if c.field != "scheduled_at" {
				form.Set("when", "now")
			}
			form.Set(c.field, c.value)
			got := p.do(http.MethodPost, "/console/s/demo-rich/messages/new/review", form)
			if beside := got.beside(c.field); got.status != http.StatusUnprocessableEntity || beside == "" || !strings.Contains(beside, c.says) {
				t.Errorf("with status %d it says %q beside %s: %s", got.status, beside, c.field, got.words())
			}
			if got.value("title") != "11월 안내" || c.field != "text.body" && got.value("text.body") != "#{이름}님, 안내드립니다" {
				t.Errorf("it keeps the title %q and the text %q", got.value("title"), got.value("text.body"))
			}
		})
	}
	if list := p.get("/console/s/demo-rich/messages").words(); strings.Contains(list, "11월 안내") {
		t.Error("something was sent")
	}
}

func TestAViewerSeesMessagesAndSendsNone(t *testing.T) {
	p := consoleDemo(t).sign("viewer")
	if page := p.get("/console/s/demo-rich/messages"); page.status != http.StatusOK || strings.Contains(page.words(), "메시지 작성") {
		t.Errorf("with status %d a viewer is offered to write: %s", page.status, page.words())
	}
	got := p.post("/console/s/demo-rich/messages", written("_key", "k1")...)
	if got.status != http.StatusForbidden {
		t.Errorf("a viewer's message has status %d", got.status)
	}
	got.says("권한이 없습니다")
}
