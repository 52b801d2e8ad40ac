package test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// enrol gives whoever is signed in a second factor, which counts at once.
func (p *pages) enrol(role string) *pages {
	p.Helper()
	for _, l := range p.demo.Logins {
		if l.Role == role {
			begun := p.post("/console/me/factor", "password", l.Password)
			uri := begun.value("uri")
			key, err := url.Parse(uri)
			if err != nil {
				p.Fatal(err)
			}
			code, err := totp.GenerateCode(key.Query().Get("secret"), time.Now())
			if err != nil {
				p.Fatal(err)
			}
			p.post("/console/me/factor/confirm", "uri", uri, "code", code).says("복구 코드")
		}
	}
	return p
}

// settings is where the pages of the site's settings are.
const settings = "/console/s/demo-rich/settings"

// link is the first address of a page that begins so.
func (s *shown) link(begin string) string {
	s.Helper()
	for _, m := range regexp.MustCompile(`href="(`+regexp.QuoteMeta(begin)+`[^"?]*)"`).FindAllStringSubmatch(s.body, -1) {
		if m[1] != begin {
			return m[1]
		}
	}
	s.Fatalf("the page has no link to %s…: %s", begin, s.words())
	return ""
}

// refuses makes sure that a form came back, with an error beside a field and what was typed.
func (s *shown) refuses(name string, kept ...string) *shown {
	s.Helper()
	if s.status != http.StatusUnprocessableEntity || s.beside(name) == "" {
		s.Errorf("the form came back with status %d and %q beside %s: %s", s.status, s.beside(name), name, s.words())
	}
	for i := 0; i < len(kept); i += 2 {
		if got := s.value(kept[i]); got != kept[i+1] {
			s.Errorf("the form keeps %q in %s, want %q", got, kept[i], kept[i+1])
		}
	}
	return s
}

// checked reports whether a box of a page is ticked.
func (s *shown) checked(name, value string) bool {
	return strings.Contains(s.body, `name="`+name+`" value="`+value+`" checked`)
}

func TestSomebodyIsInvitedOnceAndHisPasswordIsShownOnce(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	p.get(settings).says("구성원", "owner@demo-rich.example", "소유자")
	form := p.get(settings+"/people/new").says("재무", "메시지를 보내고", "14일")
	if strings.Contains(form.body, `value="operator"`) {
		t.Error("a site can give the role of operators")
	}
	bad := p.post(settings+"/people/new", "_key", "k0", "email", "no address", "name", "김하나", "roles", "", "roles", "sender").refuses("email", "email", "no address", "name", "김하나")
	if !bad.checked("roles", "sender") || bad.checked("roles", "viewer") {
		t.Error("the roles that were chosen are not kept")
	}
	p.post(settings+"/people/new", "_key", "k0", "email", "kim@example.com", "roles", "").refuses("roles", "email", "kim@example.com")

	made := p.post(settings+"/people/new", "_key", "k1", "email", "kim@example.com", "name", "김하나", "roles", "", "roles", "sender")
	again := p.post(settings+"/people/new", "_key", "k1", "email", "kim@example.com", "name", "김하나", "roles", "", "roles", "sender")
	password := regexp.MustCompile(`id="password">([^<]+)<`).FindStringSubmatch(made.body)
	if made.status != http.StatusOK || password == nil || made.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, password %v, cache %q: %s", made.status, password, made.header.Get("Cache-Control"), made.words())
	}
	if !strings.Contains(again.body, password[1]) {
		t.Errorf("the form that was sent again made something else: %s", again.words())
	}
	list := p.get(settings+"/people").says("수락 대기 중인 초대", "kim@example.com")
	if n := strings.Count(list.body, "<div>kim@example.com</div>"); n != 1 {
		t.Errorf("there are %d invitations, want 1", n)
	}
	if strings.Contains(list.body, password[1]) {
		t.Error("the list shows the password")
	}
	p.other().post("/console/sign-in", "email", "kim@example.com", "password", password[1]).leads("/console")

	p.post(settings+"/people/new", "_key", "k2", "email", "lee@example.com", "roles", "viewer")
	open := p.get(settings + "/people")
	withdraw := regexp.MustCompile(`action="([^"]*/invitations/[^"]*/withdraw)"`).FindStringSubmatch(open.body)
	if withdraw == nil {
		t.Fatalf("nothing to withdraw: %s", open.words())
	}
	p.post(withdraw[1]).leads(settings + "/people")
	if after := p.get(settings + "/people").says("초대를 취소했습니다"); strings.Contains(after.body, "lee@example.com") {
		t.Error("the invitation is still there")
	}
}

func TestRolesOfSomebodyAreChangedUnlessAnotherChangedThemMeanwhile(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	viewer := personLink(p, "viewer@demo-rich.example")
	page := p.get(viewer).says("viewer@demo-rich.example", "조회자")
	tag := page.value("_tag")
	if !page.checked("roles", "viewer") || tag == "" {
		t.Fatalf("the form has no roles, or no tag: %s", page.words())
	}
	p.post(viewer, "_tag", tag, "roles", "").refuses("roles")
	p.post(viewer, "_tag", tag, "roles", "", "roles", "sender").leads(settings + "/people")
	p.get(settings + "/people").says("역할을 변경했습니다")

	late := p.post(viewer, "_tag", tag, "_key", "late", "roles", "", "roles", "finance").says("다른 사람이 먼저 변경했습니다", "현재 저장된 값", "발송자")
	if late.status != http.StatusUnprocessableEntity || !late.checked("roles", "finance") || late.value("_tag") == tag {
		t.Errorf("status %d, kept %v, tag %q", late.status, late.checked("roles", "finance"), late.value("_tag"))
	}
	p.post(viewer, "_tag", late.value("_tag"), "roles", "finance").leads(settings + "/people")
	if after := p.get(viewer); !after.checked("roles", "finance") || after.checked("roles", "sender") {
		t.Error("the roles that were meant are not there")
	}
}

// personLink is the page of somebody on the site.
func personLink(p *pages, email string) string {
	p.Helper()
	m := regexp.MustCompile(`href="([^"]*)">` + regexp.QuoteMeta(email)).FindStringSubmatch(p.get(settings + "/people").body)
	if m == nil {
		p.Fatalf("%s is not listed", email)
	}
	return m[1]
}

func TestAnAccountIsDisabledEnabledResetAndRemoved(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	sender := personLink(p, "sender@demo-rich.example")
	p.post(sender + "/disable").leads(sender)
	p.get(sender).says("계정을 사용 중지했습니다", "사용 중지")
	p.post(sender + "/enable").leads(sender)
	reset := p.post(sender+"/password").says("비밀번호를 재설정했습니다", "sender@demo-rich.example")
	password := regexp.MustCompile(`id="password">([^<]+)<`).FindStringSubmatch(reset.body)
	if password == nil {
		t.Fatalf("no password is shown: %s", reset.words())
	}
	p.other().post("/console/sign-in", "email", "sender@demo-rich.example", "password", password[1]).leads("/console")
	p.post(sender + "/remove").leads(settings + "/people")
	p.get(sender).says("찾을 수 없습니다")

	self := personLink(p, "owner@demo-rich.example")
	if own := p.get(self).says("내 역할은 여기서 바꿀 수 없습니다"); strings.Contains(own.body, self+"/disable") {
		t.Error("somebody can disable himself")
	}
	p.post(self + "/disable").says("뒤로")
}

func TestARoleOfASiteIsMadeChangedAndRemoved(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	p.get(settings+"/roles").says("소유자", "이 사이트에서 모든 작업을 합니다", "기본")
	bad := p.post(settings+"/new-role", "name", "마케팅", "permissions", "", "permissions", "stats:read").refuses("name", "name", "마케팅")
	if !bad.checked("permissions", "stats:read") {
		t.Error("the permissions that were chosen are not kept")
	}
	p.post(settings+"/new-role", "name", "marketing", "permissions", "").refuses("permissions", "name", "marketing")
	for range 2 {
		p.post(settings+"/new-role", "_key", "r1", "name", "marketing", "permissions", "", "permissions", "messages:read", "permissions", "stats:read").leads(settings + "/roles")
	}
	p.get(settings+"/roles").says("역할을 만들었습니다", "marketing", "메시지 조회, 통계 조회")
	role := settings + "/roles/marketing"
	tag := p.get(role).value("_tag")
	p.post(role, "_tag", tag, "permissions", "credit:read").leads(settings + "/roles")
	late := p.post(role, "_tag", tag, "permissions", "stats:read").says("다른 사람이 먼저 변경했습니다", "크레딧·결제 조회")
	if !late.checked("permissions", "stats:read") || late.checked("permissions", "credit:read") {
		t.Error("what was meant is not kept")
	}
	p.get(settings + "/roles/owner").says("기본 역할은 바꿀 수 없습니다")
	p.post(role + "/remove").leads(settings + "/roles")
	p.get(role).says("찾을 수 없습니다")
}

func TestWhoMayNotSeePeopleOrKeysIsRefusedAndDoesNotSeeTheWay(t *testing.T) {
	p := consoleDemo(t).sign("viewer")
	first := p.get(settings).says("한도")
	for _, way := range []string{"/settings/people", "/settings/roles", "/settings/audit", "/settings/api/tokens", "/settings/api/webhooks"} {
		if strings.Contains(first.body, way) {
			t.Errorf("a viewer is shown the way to %s", way)
		}
	}
	for _, path := range []string{"/people", "/people/new", "/roles", "/audit", "/audit/export", "/api/tokens", "/api/webhooks", "/api/events", "/privacy"} {
		if got := p.get(settings + path); got.status != http.StatusForbidden {
			t.Errorf("%s has status %d: %s", path, got.status, got.words())
		}
	}
	for _, path := range []string{"/people/new", "/new-role", "/api/tokens/new", "/api/webhooks/new", "/privacy", "/api/test"} {
		if got := p.post(settings+path, "email", "kim@example.com", "roles", "viewer", "name", "x", "abilities", "stats:read", "to", "010-1234-5678", "amount", "1000", "what", "credit"); got.status != http.StatusForbidden && got.status != http.StatusNotFound {
			t.Errorf("POST %s has status %d: %s", path, got.status, got.words())
		}
	}
	for _, path := range []string{"/console/operator/providers", "/console/operator/inbox", "/console/operator/access/people", "/console/operator/limits", "/console/operator/audit"} {
		if got := p.get(path); got.status == http.StatusOK {
			t.Errorf("%s is shown to a viewer: %s", path, got.words())
		}
	}
	owner := p.other().sign("owner")
	for _, path := range []string{"/people", "/api/tokens", "/api/webhooks", "/audit", "/privacy", "/limits", "/api/test"} {
		if got := owner.get("/console/s/demo-cheap/settings" + path).says("찾을 수 없습니다"); got.status != http.StatusNotFound {
			t.Errorf("another site's %s has status %d", path, got.status)
		}
	}
}

func TestWhatMakesKeysAsksForTheSecondFactorAndGoesOnWithWhatWasTyped(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	p.post(settings+"/api/tokens/new", "name", "shop", "abilities", "stats:read", "term", "90").says("2단계 인증이 필요합니다")
	p.enrol("owner")
	p.post(settings+"/api/tokens/new", "name", "shop", "abilities", "stats:read", "term", "90").says("토큰을 만들었습니다", "cm_live_")
}

func TestWhatWasTypedIsThereAgainAfterTheSessionHadEnded(t *testing.T) {
	p := consoleDemo(t)
	owner := p.demo.Logins[2]
	p.other().sign("owner").post(settings + "/api/test") // its page has forms then
	for path, pairs := range map[string][]string{
		settings + "/people/new":     {"email", "kim@example.com"},
		settings + "/new-role":       {"name", "marketing"},
		settings + "/api/tokens/new": {"name", "shop"},
		"/console/me/tokens/new":     {"name", "notebook"},
		hooks + "/new":               {"url", "https://shop.example.invalid/hooks"},
		settings + "/privacy":        {"to", "010-1234-5678"},
		settings + "/api/test":       {"amount", "5000", "what", "credit"},
	} {
		away := p.other()
		ended := away.post(path, append([]string{"next", path}, pairs...)...).says("로그인이 만료되었습니다")
		again := []string{"next", path, "email", owner.Email, "password", owner.Password, "_kept._path", ended.value("_kept._path")}
		for i := 0; i+1 < len(pairs); i += 2 {
			again = append(again, "_kept."+pairs[i], ended.value("_kept."+pairs[i]))
		}
		back := away.post("/console/sign-in", again...)
		if back.status != http.StatusOK || back.value(pairs[0]) != pairs[1] {
			t.Errorf("%s comes back with status %d and %q: %s", path, back.status, back.value(pairs[0]), back.words())
		}
	}
}

func TestATokenIsMadeChangedRotatedAndRevoked(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	for base, add := range map[string]string{settings + "/api/tokens": "demo", "/console/me/tokens": ""} {
		p.get(base).says(add)
		form := p.get(base + "/new")
		if !strings.Contains(form.body, `value="messages:write"`) || strings.Contains(form.body, `value="operator"`) {
			t.Errorf("%s offers what it should not, or not what it should", base)
		}
		p.post(base+"/new", "name", "shop", "abilities", "", "term", "", "addresses", "203.0.113.0/24").refuses("abilities", "name", "shop", "addresses", "203.0.113.0/24")
		p.post(base+"/new", "name", "shop", "abilities", "stats:read", "term", "day", "expires_on", "").refuses("expires_on", "name", "shop")
		bad := p.post(base+"/new", "name", "shop", "abilities", "stats:read", "term", "", "addresses", "not an address").refuses("addresses", "name", "shop")
		if !bad.checked("abilities", "stats:read") {
			t.Errorf("%s does not keep what was chosen", base)
		}
		made := p.post(base+"/new", "_key", "t1"+base, "name", "shop", "abilities", "stats:read", "term", "90", "addresses", "203.0.113.0/24\n198.51.100.7")
		again := p.post(base+"/new", "_key", "t1"+base, "name", "shop", "abilities", "stats:read", "term", "90", "addresses", "203.0.113.0/24\n198.51.100.7")
		secret := secretOf(made)
		if secret == "" || secretOf(again) != secret {
			t.Fatalf("%s: %s, then %s", base, made.words(), again.words())
		}
		list := p.get(base).says("shop", "통계 조회", "203.0.113.0/24")
		if strings.Count(list.body, ">shop<") != 1 || strings.Contains(list.body, secret) {
			t.Errorf("the list is %s", list.words())
		}
		token := regexp.MustCompile(`href="([^"]*)">shop<`).FindStringSubmatch(list.body)[1]
		page := p.get(token)
		tag := page.value("_tag")
		if !page.checked("abilities", "stats:read") || page.value("addresses") != "203.0.113.0/24\n198.51.100.7/32" {
			t.Errorf("the form of the token has %q", page.value("addresses"))
		}
		p.post(token, "_tag", tag, "name", "store", "abilities", "stats:read", "abilities", "credit:read", "term", "").leads(base)
		p.post(token, "_tag", tag, "name", "shop two", "abilities", "stats:read", "term", "").says("다른 사람이 먼저 변경했습니다", "store", "크레딧·결제 조회").keeps("shop two")
		rotated := p.post(token+"/rotate", "overlap", "24").says("토큰을 교체했습니다", "이전 토큰은")
		if secretOf(rotated) == secret || secretOf(rotated) == "" {
			t.Error("the secret is the one before")
		}
		p.post(token + "/revoke").leads(base)
		if after := p.get(base).says("토큰을 폐기했습니다"); strings.Contains(after.body, ">store<") {
			t.Error("one that ended is listed with those in use")
		}
		p.get(base+"?ended=1").says("store", "폐기됨")
	}
	p.get(settings + "/api/tokens/tok_01k9zqm0v8e4t9w2n7c5r3x6yb").says("찾을 수 없습니다")
}

// keeps makes sure that a form came back with this name in it.
func (s *shown) keeps(name string) {
	s.Helper()
	if s.status != http.StatusUnprocessableEntity || s.value("name") != name {
		s.Errorf("status %d, name %q", s.status, s.value("name"))
	}
}

// secretOf is what a page shows once.
func secretOf(s *shown) string {
	m := regexp.MustCompile(`id="secret">([^<]+)<`).FindStringSubmatch(s.body)
	if m == nil {
		return ""
	}
	return m[1]
}

func TestTheTestSiteIsMadeAndItsClockAndCreditMove(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	test := settings + "/api/test"
	p.get(test).says("테스트 모드")
	p.post(test).leads(test)
	page := p.get(test).says("테스트 사이트를 준비했습니다", "100,000원", "차이 없음")
	if !strings.Contains(page.body, `href="/console/s/demo-rich.test"`) {
		t.Error("there is no way to the test site")
	}
	p.post(test, "what", "credit", "amount", "lots").refuses("amount", "amount", "lots")
	for range 2 {
		p.post(test, "what", "credit", "_key", "c1", "amount", "50,000").leads(test)
	}
	p.get(test).says("시험용 크레딧을 더했습니다", "150,000원")
	p.post(test, "what", "clock", "hours", "soon").refuses("hours", "hours", "soon")
	p.post(test, "what", "clock", "hours", "99999").refuses("hours")
	for range 2 {
		p.post(test, "what", "clock", "_key", "a1", "by", "1h").leads(test)
	}
	p.get(test).says("시계를 앞으로 돌렸습니다", "0일 1시간 0분 앞섬")
	p.post(test, "what", "token", "name", "CI", "abilities", "").refuses("abilities", "name", "CI")
	made := p.post(test, "what", "token", "name", "CI", "abilities", "*").says("demo-rich.test")
	if !strings.HasPrefix(secretOf(made), "cm_test_") {
		t.Errorf("the token is %q", made.words())
	}
	p.get(test).says("CI")
	inside := p.get("/console/s/demo-rich.test").says("테스트 사이트입니다")
	if !strings.Contains(inside.body, `href="/console/s/demo-rich"`) {
		t.Error("there is no way back to the live site")
	}
	p.get("/console/s/demo-rich.test/settings/api/test").says("150,000원")
	if live := p.get("/console/s/demo-rich"); strings.Contains(live.words(), "테스트 사이트입니다") {
		t.Error("the live site is said to be one for tests")
	}
}

func TestTheListOfAbilitiesOnPagesIsThatOfTheAPI(t *testing.T) {
	p := consoleDemo(t)
	me, err := caller(t, p.program.URL(), p.demo.Tokens["demo-rich"]).Me(within(t))
	if err != nil {
		t.Fatal(err)
	}
	form := p.sign("owner").get(settings + "/new-role")
	for _, ability := range me.Permissions {
		if !strings.Contains(form.body, `value="`+ability+`"`) {
			t.Errorf("the table of permissions lacks %s", ability)
		}
	}
	types, err := caller(t, p.program.URL(), p.demo.Tokens["demo-rich"]).EventTypes(within(t))
	if err != nil {
		t.Fatal(err)
	}
	hooks := p.get(settings + "/api/webhooks/new")
	for _, one := range types.Data {
		if !strings.Contains(hooks.body, `value="`+one.Type+`"`) || strings.Contains(hooks.words(), one.Type+" "+one.Type) {
			t.Errorf("%s has no box, or no words in Korean", one.Type)
		}
	}
}
