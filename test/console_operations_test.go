package test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"creditmsg/client"
)

// hooks is where the webhooks of the demo's site are.
const hooks = settings + "/api/webhooks"

// kst writes a time as browsers do, in Korea.
func kst(at time.Time) string {
	return at.In(time.FixedZone("KST", 9*60*60)).Format("2006-01-02T15:04")
}

func TestAWebhookIsAddedOnceChangedAndTurnedOffAndOn(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	p.get(hooks).says("아직 웹훅이 없습니다", "웹훅 추가")
	bad := p.post(hooks+"/new", "url", "ftp://shop.example", "description", "주문", "topics", "", "topics", "message.*").refuses("url", "url", "ftp://shop.example", "description", "주문")
	if !bad.checked("topics", "message.*") || bad.checked("topics", "*") {
		t.Error("the topics that were chosen are not kept")
	}
	p.post(hooks+"/new", "url", "https://shop.example.invalid/hooks", "topics", "").refuses("topics", "url", "https://shop.example.invalid/hooks")
	add := []string{"_key", "w1", "url", "https://shop.example.invalid/hooks", "description", "주문 서버", "topics", "", "topics", "message.*"}
	secret := secretOf(p.post(hooks+"/new", add...).says("웹훅을 추가했습니다", "지금 한 번만"))
	if again := p.post(hooks+"/new", add...); !strings.HasPrefix(secret, "whsec_") || secretOf(again) != secret {
		t.Errorf("the secret is %q, then %q", secret, secretOf(again))
	}
	list := p.get(hooks).says("https://shop.example.invalid/hooks", "주문 서버", "메시지", "정상")
	hook := list.link(hooks + "/whk_")
	if strings.Contains(list.body, secret) || strings.Count(list.body, ">https://shop.example.invalid/hooks<") != 1 {
		t.Errorf("the list is %s", list.words())
	}
	form := p.get(hook + "/change")
	tag := form.value("_tag")
	if !form.checked("topics", "message.*") || form.value("url") != "https://shop.example.invalid/hooks" || tag == "" {
		t.Errorf("the form has %q and the tag %q", form.value("url"), tag)
	}
	p.post(hook+"/change", "_tag", tag, "url", "https://shop.example.invalid/new", "topics", "*").leads(hook)
	late := p.post(hook+"/change", "_tag", tag, "url", "https://shop.example.invalid/late", "topics", "credit.low").says("다른 사람이 먼저 변경했습니다", "https://shop.example.invalid/new", "모든 이벤트")
	if late.value("url") != "https://shop.example.invalid/late" || !late.checked("topics", "credit.low") {
		t.Error("what was meant is not kept")
	}
	if rotated := secretOf(p.post(hook+"/rotate").says("서명 키를 교체했습니다", "함께 서명합니다")); rotated == secret || rotated == "" {
		t.Errorf("the secret is %q again", rotated)
	}
	p.post(hook + "/disable").leads(hook)
	p.get(hook).says("웹훅을 사용 중지했습니다", "직접 중지함")
	p.post(hook + "/enable").leads(hook)
	p.get(hook).says("웹훅을 다시 사용합니다")
	p.post(hook + "/remove").leads(hooks)
	p.get(hook).says("찾을 수 없습니다")
}

func TestWhatWasSentToAWebhookIsSeenAndSentAgain(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	p.post(hooks+"/new", "url", "https://shop.example.invalid/hooks", "topics", "*")
	hook := p.get(hooks).link(hooks + "/whk_")
	sent := p.post(hook + "/test")
	if sent.status != http.StatusSeeOther || !strings.HasPrefix(sent.to, hook+"/deliveries/") {
		t.Fatalf("it leads to %q: %s", sent.to, sent.words())
	}
	delivery := sent.to
	p.get(delivery).says("시험 이벤트를 보냈습니다", "webhook.test", "보낸 내용", `"endpoint_id"`)
	ended := p.do(http.MethodGet, delivery+"/live", nil) // ends once nothing is due soon
	if !strings.Contains(ended.body, "event: end") || !strings.Contains(ended.body, "연결할 수 없음") {
		t.Errorf("the stream says %s", ended.body)
	}
	p.get(hook).says("실패 중", "시험 이벤트", "실패")
	p.get(hook + "?state=failed").says("시험 이벤트")
	p.get(hook + "?state=delivered").says("전달 기록이 없습니다")
	p.get(hook + "?type=message.*").says("전달 기록이 없습니다")
	p.get(hook + "?from=2020-01-01&until=2020-01-02").says("전달 기록이 없습니다")
	for range 2 {
		p.post(delivery+"/replay", "_key", "again").leads(delivery)
	}
	p.get(delivery).says("다시 보냅니다")
	p.get(hook + "/deliveries/999999").says("찾을 수 없습니다")
	p.get(hook + "/deliveries/none").says("찾을 수 없습니다")

	p.post(hook+"/replay", "which", "range", "from", "", "until", "").refuses("until")
	now := time.Now()
	p.post(hook+"/replay", "which", "range", "from", kst(now), "until", kst(now.Add(-time.Hour))).refuses("until", "from", kst(now))
	p.post(hook+"/replay", "which", "range", "from", kst(now.Add(-time.Hour)), "until", kst(now.Add(time.Hour))).says("건을 등록했습니다", "모두 등록했습니다")
	p.post(hook+"/replay", "which", "failed").says("건을 등록했습니다")
}

func TestEventsAreListedAndNarrowed(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	p.post(hooks+"/new", "url", "https://shop.example.invalid/hooks", "topics", "*")
	hook := p.get(hooks).link(hooks + "/whk_")
	p.post(hook + "/test")
	all := p.get(settings+"/api/events").says("시험 이벤트", "webhook.test")
	if !strings.Contains(all.body, "endpoint_id") {
		t.Error("an event does not show its data")
	}
	p.get(settings + "/api/events?type=message.*").says("이벤트가 없습니다")
	p.get(settings + "/api/events?ref=" + strings.TrimPrefix(hook, hooks+"/")).says("webhook.test")
	p.get(settings + "/api/events?until=2020-01-01").says("이벤트가 없습니다")
}

func TestTheLogTellsWhoChangedWhatAndIsHandedOut(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	p.post(settings+"/new-role", "name", "marketing", "permissions", "stats:read")
	p.post(settings+"/roles/marketing", "permissions", "credit:read")
	log := p.get(settings+"/audit").says("역할 추가", "역할 변경", "marketing", "이전", "이후", "stats:read", "credit:read")
	if strings.Contains(log.body, "?installation") || strings.Contains(log.body, `name="installation"`) {
		t.Error("a site is asked about the installation")
	}
	if narrow := p.get(settings + "/audit?action=role&kind=person").says("역할 추가"); strings.Contains(narrow.words(), "template.created") {
		t.Error("the filter narrows nothing")
	}
	p.get(settings + "/audit?actor=nobody").says("기록이 없습니다")
	p.get(settings + "/audit?until=2020-01-01").says("기록이 없습니다")
	csv := p.get(settings + "/audit/export?action=role")
	if !strings.HasPrefix(csv.header.Get("Content-Type"), "text/csv") || csv.header.Get("Content-Disposition") != `attachment; filename="audit-demo-rich.csv"` ||
		!strings.Contains(csv.body, "role.updated") || strings.Contains(csv.body, "template.created") {
		t.Errorf("the file is %v\n%s", csv.header, csv.body)
	}
	p.get(settings + "/audit/seals").says("아직 서명된 날이 없습니다")

	op := p.other().sign("operator")
	op.get("/console/operator/audit").says("demo-rich", "marketing")
	op.get("/console/operator/audit?action=site").says("demo-rich", "demo-cheap", "사이트 추가")
	if house := op.get("/console/operator/audit?installation=on"); strings.Contains(house.words(), "marketing") {
		t.Error("a change of a site is one of the installation")
	}
	op.get("/console/operator/audit/seals").says("기록 서명")
	support := p.other().sign("support")
	support.get("/console/operator/audit").says("marketing")
	support.get("/console/operator/access/people").says("권한이 없습니다")
}

func TestHowLongNumbersAreKeptIsSetAndANumberIsForgotten(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	privacy := settings + "/privacy"
	page := p.get(privacy).says("수신자 번호 보관 기간", "삭제 요청이 없습니다")
	tag := page.value("_tag")
	p.post(privacy, "_tag", tag, "keep", "days", "days", "many").refuses("days", "days", "many")
	p.post(privacy, "_tag", tag, "keep", "days", "days", "5").refuses("days", "days", "5")
	p.post(privacy, "_tag", tag, "keep", "days", "days", "90").leads(privacy)
	if after := p.get(privacy).says("보관 기간을 변경했습니다"); after.value("days") != "90" {
		t.Errorf("it says %q days", after.value("days"))
	}
	p.post(privacy, "_tag", tag, "keep", "ever", "days", "").says("다른 사람이 먼저 변경했습니다", "90일")
	p.post(privacy, "to", "02-123-4567").refuses("to", "to", "02-123-4567")
	for range 2 {
		p.post(privacy, "_key", "e1", "to", "010-1234-5678").leads(privacy)
	}
	list := p.get(privacy).says("번호 삭제를 요청했습니다")
	if n := strings.Count(list.body, `<td class="text-nowrap">`) / 3; n != 1 {
		t.Errorf("there are %d erasures, want 1: %s", n, list.words())
	}
}

func TestAnOperatorSetsHowMuchASiteAndATokenMayDo(t *testing.T) {
	p := consoleDemo(t).sign("operator").enrol("operator")
	p.other().sign("viewer").get(settings+"/limits").says("분당 요청", "제한 없음")
	p.get("/console/operator/limits").says("demo-rich", "demo-cheap")
	limits := "/console/operator/limits/demo-rich"
	page := p.get(limits).says("현재 적용되는 한도")
	tag := page.value("_tag")
	p.post(limits, "_tag", tag, "requests", "many", "recipients", "10", "day", "").refuses("requests", "requests", "many", "recipients", "10")
	p.post(limits, "_tag", tag, "requests", "-5", "recipients", "", "day", "").refuses("requests", "requests", "-5")
	p.post(limits, "_tag", tag, "requests", "6,000", "recipients", "", "day", "0").leads(limits)
	after := p.get(limits).says("한도를 변경했습니다", "6,000")
	if after.value("requests") != "6000" || after.value("day") != "0" || after.value("recipients") != "" {
		t.Errorf("the form has %q, %q, %q", after.value("requests"), after.value("recipients"), after.value("day"))
	}
	p.post(limits, "_tag", tag, "requests", "7000", "recipients", "", "day", "").says("다른 사람이 먼저 변경했습니다")
	token := after.link(limits + "/tokens/")
	p.post(token, "_tag", p.get(token).value("_tag"), "requests", "60", "recipients", "0").leads(limits)
	if got := p.get(token).says("60"); got.value("requests") != "60" {
		t.Errorf("the form of the token has %q", got.value("requests"))
	}
	p.post(token, "_tag", p.get(token).value("_tag"), "requests", "", "recipients", "").leads(limits)
	p.get("/console/operator/limits/nowhere").says("찾을 수 없습니다")
	p.other().sign("viewer").get(settings + "/limits").says("6,000")
}

func TestAnOperatorSeesAccountsAndAsksThem(t *testing.T) {
	p := consoleDemo(t).sign("operator")
	p.get("/console/operator/providers").says("solapi", "정상", "알림톡", "100.0%", "모든 사이트")
	p.post("/console/operator/providers/solapi/ask").leads("/console/operator/providers")
	p.get("/console/operator/providers").says("발송 계정에 조회했습니다", "1,000,000,000원")
	p.post("/console/operator/providers/nobody/ask").says("찾을 수 없습니다")
	p.other().sign("support").get("/console/operator/providers").says("권한이 없습니다")
}

// sentByTheDemo sends a message and waits for its end, so that there are reports.
func sentByTheDemo(p *pages) client.Message {
	p.Helper()
	shop := caller(p.T, p.program.URL(), p.demo.Tokens["demo-rich"])
	m, err := shop.Send(within(p.T), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Recipients: recipients("010-1000", 3)})
	if err == nil {
		m, err = shop.Wait(within(p.T), m.ID, nil)
	}
	if err != nil {
		p.Fatal(err)
	}
	return m
}

func TestWhatProvidersReportedIsFoundAndNumbersAreShownOnAskingAlone(t *testing.T) {
	p := consoleDemo(t).sign("operator")
	p.get("/console/operator/inbox").says("받은 보고가 없습니다")
	m := sentByTheDemo(p)
	letter := p.get("/console/operator/inbox?site=demo-rich&message=" + m.ID).link("/console/operator/inbox/let_")
	number := m.Recipients.Accepted
	if number != 3 {
		t.Fatalf("%d people were accepted", number)
	}
	p.get("/console/operator/inbox?message="+m.ID).refuses("site", "message", m.ID)
	p.get("/console/operator/inbox?site=demo-rich&to=nonsense").refuses("to", "to", "nonsense")
	p.get("/console/operator/inbox?state=unreadable").says("받은 보고가 없습니다")
	masked := p.get(letter).says("적용됨", "읽은 내용", "도착", "번호까지 보기")
	if whole := regexp.MustCompile(`0101000\d{4}`); whole.MatchString(masked.body) {
		t.Errorf("numbers are shown: %s", masked.words())
	}
	raw := p.post(letter + "/raw").says("가려지지 않은 화면")
	if whole := regexp.MustCompile(`0101000\d{4}`); !whole.MatchString(raw.body) || raw.header.Get("Cache-Control") != "no-store" {
		t.Errorf("numbers are not shown, or kept: %s", raw.words())
	}
	owner := p.other().sign("owner")
	owner.get(letter).says("권한이 없습니다")
	owner.post(letter + "/raw").says("권한이 없습니다")
}

func TestReportsAreReadAgainBeforeAnythingMoves(t *testing.T) {
	p := consoleDemo(t).sign("operator").enrol("operator")
	runs := "/console/operator/inbox/runs"
	p.get(runs).says("아직 다시 읽은 적이 없습니다")
	sentByTheDemo(p)
	now := time.Now()
	p.post(runs+"/new", "from", "", "until", kst(now), "states", "", "states", "applied").refuses("from", "until", kst(now))
	wrong := p.post(runs+"/new", "from", kst(now), "until", kst(now.Add(-time.Hour)), "states", "", "states", "applied").refuses("until", "from", kst(now))
	if !wrong.checked("states", "applied") || wrong.checked("states", "new") {
		t.Error("the states that were chosen are not kept")
	}
	begin := []string{"_key", "r1", "from", kst(now.Add(-time.Hour)), "until", kst(now.Add(time.Hour)), "provider", "", "states", "applied"}
	first, again := p.post(runs+"/new", begin...), p.post(runs+"/new", begin...)
	if first.status != http.StatusSeeOther || first.to != again.to {
		t.Fatalf("it leads to %q, then %q: %s", first.to, again.to, first.words())
	}
	run := first.to
	ended := p.do(http.MethodGet, run+"/live", nil)
	if !strings.Contains(ended.body, "event: end") || !strings.Contains(ended.body, "비교가 끝났습니다") {
		t.Errorf("the stream says %s", ended.body)
	}
	p.get(run).says("확인 대기", "차이가 없습니다")
	p.get(run + "?kind=would_fail&outcome=skipped&site=demo-rich").says("차이가 없습니다")
	p.get(run + "/sums").says("차이가 없습니다")
	p.post(run + "/cancel").leads(run)
	p.get(run).says("다시 읽기를 취소했습니다", "취소됨")
	p.post(run + "/apply").says("뒤로")
	p.post(run + "/undo").says("찾을 수 없습니다")
	if list := p.get(runs); strings.Count(list.body, `href="`+runs+"/run_") != 1 {
		t.Errorf("there is not one run: %s", list.words())
	}

	begin[1] = "r2"
	run = p.post(runs+"/new", begin...).to
	p.do(http.MethodGet, run+"/live", nil)
	p.post(run + "/apply").leads(run)
	if ended := p.do(http.MethodGet, run+"/live", nil); !strings.Contains(ended.body, "적용이 끝났습니다") {
		t.Errorf("the stream says %s", ended.body)
	}
	p.get(run).says("적용됨")
}

func TestManyDeliveriesAreSentAgainPageByPage(t *testing.T) {
	p := consoleDemo(t).sign("owner").enrol("owner")
	p.post(hooks+"/new", "url", "https://shop.example.invalid/hooks", "topics", "*")
	hook := p.get(hooks).link(hooks + "/whk_")
	shop := caller(t, p.program.URL(), p.demo.Tokens["demo-rich"])
	if _, err := shop.DisableWebhookEndpoint(within(t), strings.TrimPrefix(hook, hooks+"/")); err != nil {
		t.Fatal(err)
	}
	sentByTheDemo(p)
	list := p.get(hook).says("대기")
	n := strings.Count(list.body, `href="`+hook+"/deliveries/")
	if n == 0 {
		t.Fatalf("nothing waits: %s", list.words())
	}
	now := time.Now()
	done := p.post(hook+"/replay", "which", "range", "from", kst(now.Add(-time.Hour)), "until", kst(now.Add(time.Hour)), "count", "2000", "after", "0")
	if m := regexp.MustCompile(`전달 ([\d,]+)건`).FindStringSubmatch(done.words()); m == nil || m[1] == "2,000" && n > 0 {
		t.Errorf("%d wait, and the page says %s", n, done.words())
	}
	done.says("사용 중지 상태입니다")
	if fmt.Sprint(done.status) != "200" {
		t.Errorf("status %d", done.status)
	}
}
