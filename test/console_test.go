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

func TestAMessageIsSeenAsItGoesAndOfOnesOwnSiteAlone(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	p.get("/console/s/demo-cheap").says("찾을 수 없습니다")
	p.get("/console/s/demo-rich/messages").says("아직 보낸 메시지가 없습니다")
	p.get("/console/s/demo-rich/messages/msg_01k9zqm0v8e4t9w2n7c5r3x6yb").says("찾을 수 없습니다")
	p.get("/console/nowhere").says("찾을 수 없습니다")
}
