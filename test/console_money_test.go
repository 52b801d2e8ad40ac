package test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"creditmsg/client"
)

const richCredit = "/console/s/demo-rich/credit"

// enrolled signs somebody of the demo in who has a second factor from now on, so that he moves money.
func (p *pages) enrolled(role string) *pages {
	p.Helper()
	p.sign(role)
	for _, l := range p.demo.Logins {
		if l.Role != role {
			continue
		}
		made := p.post("/console/me/factor", "password", l.Password)
		key, err := url.Parse(made.value("uri"))
		if err != nil {
			p.Fatal(err)
		}
		code, err := totp.GenerateCode(key.Query().Get("secret"), time.Now())
		if err != nil {
			p.Fatal(err)
		}
		p.post("/console/me/factor/confirm", "uri", made.value("uri"), "code", code).says("복구 코드")
	}
	return p
}

// send fills the form of a page in and sends it where it goes, with what the page hid in it.
func (p *pages) send(from *shown, path string, pairs ...string) *shown {
	p.Helper()
	for _, name := range []string{"_key", "_tag"} {
		if v := from.value(name); v != "" {
			pairs = append(pairs, name, v)
		}
	}
	return p.post(path, pairs...)
}

// wrong makes sure that a form came back with what is wrong beside a field, and with what was typed.
func (s *shown) wrong(field, typed string) *shown {
	s.Helper()
	if s.status != http.StatusUnprocessableEntity || s.beside(field) == "" || s.value(field) != typed {
		s.Errorf("status %d, beside %s stands %q and in it %q, want 422, a reason and %q; the page says %s", s.status, field, s.beside(field), s.value(field), typed, s.words())
	}
	return s
}

// forbids makes sure that a page was not shown, and nothing was done.
func (s *shown) forbids(status int, text string) {
	s.Helper()
	if s.status != status || !strings.Contains(s.words(), text) {
		s.Errorf("status %d and %s, want %d and %q", s.status, s.words(), status, text)
	}
}

// under makes sure that a form was taken and leads to a page below a path, and gives that page's path.
func (s *shown) under(path string) string {
	s.Helper()
	if s.status != http.StatusSeeOther || !strings.HasPrefix(s.to, path) {
		s.Fatalf("it leads to %q with status %d, want one below %q; the page says %s", s.to, s.status, path, s.words())
	}
	return s.to
}

// carded leaves a card with the simulated gateway, as the demo does at its start.
func (p *pages) carded() *pages {
	p.Helper()
	if err := p.program.RechargeDemo(within(p.T)); err != nil {
		p.Fatal(err)
	}
	return p
}

// sent sends a message of demo-rich, so that something is used, and gives its id.
func (p *pages) sent() string {
	p.Helper()
	shop := caller(p.T, p.program.URL(), p.demo.Tokens["demo-rich"])
	m, err := shop.Send(within(p.T), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Recipients: recipients("010-1000", 5)})
	if err == nil {
		m, err = shop.Wait(within(p.T), m.ID, nil)
	}
	if err != nil {
		p.Fatal(err)
	}
	return m.ID
}

func TestCreditIsToppedUpOnTheConsole(t *testing.T) {
	p := consoleDemo(t).carded().enrolled("finance")
	p.get(richCredit).says("사용 가능 크레딧", "예약된 크레딧", "건당 요금", "자동 충전", "크레딧 충전")
	const path = richCredit + "/payments/new"
	page := p.get(path).says("55,000원")
	p.get(richCredit+"/payments/sum?way=card%40toss&amount=1%2C000%2C000").says("부가세 100,000원", "결제 금액 1,100,000원")
	p.send(page, path, "amount", "삼만원", "way", "transfer@bank").wrong("amount", "삼만원")
	p.send(page, path, "amount", "999", "way", "transfer@bank").wrong("amount", "999")
	p.send(page, path, "amount", "30000", "way", "virtual_account@toss", "name", "", "bank", "20").wrong("name", "").says("표시된 항목을 확인하세요.")

	first := p.send(page, path, "amount", "30,000원", "way", "transfer@bank", "name", "김재무").under(richCredit + "/payments/pay_")
	if again := p.send(page, path, "amount", "30,000원", "way", "transfer@bank", "name", "김재무").under(richCredit + "/payments/pay_"); again != first {
		t.Errorf("sent twice it is %s and %s", first, again)
	}
	p.get(first).says("입금 대기", "입금할 계좌", "33,000원")
	p.send(page, path, "amount", "40000", "way", "transfer@bank", "name", "김재무").forbids(http.StatusUnprocessableEntity, "Idempotency-Key")

	page = p.get(path)
	stored := p.send(page, path, "amount", "10000", "way", "stored@toss", "method_id", "").says("등록한 카드로 결제합니다", "11,000원 결제")
	paid := p.send(stored, path, "amount", "10000", "way", "stored@toss", "method_id", "", "sure", "yes").under(richCredit + "/payments/pay_")
	p.get(paid + "/live").says("결제 완료") // it is told as it happens, until nothing changes any more
	p.get(paid+"/receipt").says("영수증", "10,000", "1,000", "11,000")
	if printed := p.get(paid + "/receipt/print"); !strings.Contains(printed.header.Get("Content-Security-Policy"), "default-src 'none'") || !strings.Contains(printed.words(), "11,000") {
		t.Errorf("the printed receipt has the policy %q and says %s", printed.header.Get("Content-Security-Policy"), printed.words())
	}
	p.get(first+"/receipt").forbids(http.StatusConflict, "결제가 끝난 뒤")

	card := p.send(p.get(path), path, "amount", "20000", "way", "card@toss", "name", "김재무", "email", "a@b.example").under(richCredit + "/payments/pay_")
	p.get(card).says("결제 대기", "22,000원 결제창 열기")
	p.get(richCredit + "/payments/return?status=paid&payment=" + card[strings.LastIndex(card, "/")+1:]).says("결제 대기") // what an address says is not believed
	p.get(richCredit+"/payments?status=paid").says("결제 완료", "등록한 카드")

	cancel := paid + "/cancel"
	page = p.get(cancel).says("취소 가능한 최대 크레딧 10,000원")
	p.send(page, cancel, "amount", "20000", "reason", "너무 많음").forbids(http.StatusUnprocessableEntity, "10000")
	p.send(page, cancel, "amount", "4,000", "reason", "일부 취소").leads(paid)
	p.send(page, cancel, "amount", "4,000", "reason", "일부 취소").leads(paid)
	p.get(paid).says("결제를 취소했습니다.", "크레딧 4,000원, 부가세 400원")
	p.get(paid + "/cancel").says("취소 가능한 최대 크레딧 6,000원")

	p.get(richCredit+"/payments/pay_00000000000000000000000000").forbids(http.StatusNotFound, "찾을 수 없습니다.")
	p.get(richCredit+"/methods").says("신한 4330", "사용 중")
	p.get(strings.Replace(first, "demo-rich", "demo-cheap", 1)).forbids(http.StatusNotFound, "찾을 수 없습니다.")
}

func TestWhoOnlyLooksAtMoneyIsShownNoButtonsAndRefused(t *testing.T) {
	p := consoleDemo(t).sign("viewer")
	for _, path := range []string{"", "/payments", "/usages", "/entries", "/recharge", "/methods", "/withdrawals", "/statements", "/limits", "/billing"} {
		page := p.get(richCredit + path)
		if page.status != http.StatusOK || strings.Contains(page.body, `method="post" action="`+richCredit) && strings.Contains(page.body, "btn-primary") {
			t.Errorf("%s has status %d, or a button: %s", path, page.status, page.words())
		}
	}
	p.post(richCredit+"/billing", "name", "x").forbids(http.StatusForbidden, "권한이 없습니다")
	p.post(richCredit+"/payments/new", "amount", "30000", "way", "transfer@bank").forbids(http.StatusForbidden, "권한이 없습니다")
	sender := p.other().sign("sender")
	sender.get(richCredit).forbids(http.StatusForbidden, "권한이 없습니다")
	if strings.Contains(sender.get("/console/s/demo-rich").body, richCredit) {
		t.Error("the menu leads to what somebody may not see")
	}
	sender.get("/console/operator/sites").forbids(http.StatusForbidden, "권한이 없습니다")
}

func TestMoneyWithoutASecondFactorLeadsToSettingOneUp(t *testing.T) {
	p := consoleDemo(t).sign("finance")
	p.post(richCredit+"/limits/caps", "won.day", "1000").forbids(http.StatusForbidden, "2단계 인증이 필요합니다")
	gone := p.other()
	gone.post(richCredit+"/limits/caps", "won.day", "1000", "_tag", "x").forbids(http.StatusUnauthorized, "로그인이 만료되었습니다")
}

func TestSettingsOfMoneyAreChangedByWhoSawThemAsTheyAre(t *testing.T) {
	p := consoleDemo(t).carded().enrolled("finance")
	const limits, caps, alerts = richCredit + "/limits", richCredit + "/limits/caps", richCredit + "/limits/alerts"
	old := p.get(limits)
	p.send(old, caps, "recipients.day", "많이", "recipients.month", "", "won.day", "1", "won.month", "").wrong("recipients.day", "많이").says("숫자로 입력하세요.")
	p.send(old, caps, "recipients.day", "1,000", "recipients.month", "", "won.day", "100,000", "won.month", "").leads(limits)
	p.send(old, caps, "recipients.day", "1,000", "recipients.month", "", "won.day", "100,000", "won.month", "").leads(limits) // sent twice
	now := p.get(limits).says("발송 한도를 저장했습니다.", "100,000 남음")
	if now.value("won.day") != "100000" || now.value("recipients.day") != "1000" {
		t.Errorf("the form has %q and %q", now.value("won.day"), now.value("recipients.day"))
	}
	late := p.post(caps, "recipients.day", "5", "recipients.month", "", "won.day", "", "won.month", "", "_tag", old.value("_tag"), "_key", "another").
		says("다른 사람이 설정을 바꿨습니다", "하루 수신자(명) 1000 5", "하루 금액(원) 100000 –")
	if late.status != http.StatusUnprocessableEntity || late.value("recipients.day") != "5" {
		t.Errorf("status %d, and the form has %q", late.status, late.value("recipients.day"))
	}
	p.send(late, caps, "recipients.day", "5", "recipients.month", "", "won.day", "", "won.month", "").leads(limits)
	if now := p.get(limits); now.value("recipients.day") != "5" || now.value("won.day") != "" {
		t.Errorf("the form has %q and %q", now.value("recipients.day"), now.value("won.day"))
	}
	second := regexp.MustCompile(`name="_tag" value="([^"]*)"`).FindAllStringSubmatch(p.get(limits).body, -1)[1][1]
	tag := strings.ReplaceAll(second, "&#34;", `"`)
	p.post(alerts, "_tag", tag, "levels", "50,000\n없음", "emails", "", "mobile", "", "language", "ko").wrong("levels", "50,000\n없음")
	p.post(alerts, "_tag", tag, "levels", "50,000\n20000", "emails", "", "mobile", "010-12", "language", "ko").wrong("mobile", "010-12")
	p.post(alerts, "_tag", tag, "levels", "50,000\n20000", "emails", "", "mobile", "", "language", "en", "topic.low_balance", "on").leads(limits)
	if now := p.get(limits); now.value("levels") != "50000\n20000" || strings.Count(now.body, `name="topic.`) != 10 || strings.Count(now.body, `value="on" checked`) != 1 {
		t.Errorf("the levels are %q, and the page %s", now.value("levels"), now.words())
	}

	const recharge = richCredit + "/recharge"
	page := p.get(recharge)
	p.send(page, recharge, "enabled", "on", "threshold", "10000", "how", "target", "sum", "5000", "method_id", "", "daily_cap", "", "monthly_cap", "").wrong("sum", "5000")
	p.send(page, recharge, "enabled", "on", "threshold", "20,000", "how", "target", "sum", "50,000", "method_id", "", "daily_cap", "", "monthly_cap", "").leads(recharge)
	if now := p.get(recharge); now.value("threshold") != "20000" || now.value("sum") != "50000" || !strings.Contains(now.body, `value="target" selected`) {
		t.Errorf("the rule is %q, %q: %s", now.value("threshold"), now.value("sum"), now.words())
	}

	const billing = richCredit + "/billing"
	page = p.get(billing)
	p.send(page, billing, "paper", "tax_invoice", "business_number", "1234567890", "name", "가게").wrong("business_number", "1234567890")
	p.send(page, billing, "paper", "none", "business_number", "124-81-00998", "name", "가게").leads(billing)
	if now := p.get(billing); now.value("name") != "가게" {
		t.Errorf("the name is %q", now.value("name"))
	}
}

func TestUsagesAreRefundedAndCreditIsGivenBack(t *testing.T) {
	p := consoleDemo(t).enrolled("owner")
	message := p.sent()
	page := p.get(richCredit + "/usages")
	at := regexp.MustCompile(`href="(` + richCredit + `/usages/[^"/]+/refund)\?message=` + message + `"`).FindStringSubmatch(page.body)
	if at == nil {
		t.Fatalf("there is no usage: %s", page.words())
	}
	path := at[1]
	form := p.get(path + "?message=" + message).says("환불 가능 금액")
	p.send(form, path, "message", message, "amount", "9", "reason", "").wrong("reason", "")
	p.send(form, path, "message", message, "amount", "99999", "reason", "많음").forbids(http.StatusUnprocessableEntity, "99999")
	p.send(form, path, "message", message, "amount", "9", "reason", "시험").leads(richCredit + "/usages?message=" + message)
	p.send(form, path, "message", message, "amount", "9", "reason", "시험").leads(richCredit + "/usages?message=" + message)
	if ledger := p.get(richCredit + "/entries"); strings.Count(ledger.words(), "시험") != 1 {
		t.Errorf("refunded twice, or not at all: %s", ledger.words())
	}
	p.get(strings.Replace(path, "usg_", "usg_x", 1)+"?message="+message).forbids(http.StatusNotFound, "찾을 수 없습니다.")
	p.get(richCredit+"/usages?message=x").wrong("message", "x")
	p.get("/console/s/demo-rich/messages/"+message+"/compliance").says("발송 준수 기록", "접수 5명")
	if file := p.get("/console/s/demo-rich/messages/" + message + "/compliance/file"); !strings.Contains(file.body, `"signature"`) {
		t.Errorf("the record is %s", file.body)
	}

	if csv := p.get(richCredit + "/entries/export?format=csv&from=&until="); csv.header.Get("Content-Disposition") != `attachment; filename="entries-demo-rich.csv"` || !strings.Contains(csv.body, "reserve") {
		t.Errorf("the export is %v: %.200s", csv.header, csv.body)
	}
	p.get(richCredit+"/entries/export?format=csv&from=어제&until=").wrong("from", "어제")
	month := regexp.MustCompile(`/statements/(\d{4}-\d{2})"`).FindStringSubmatch(p.get(richCredit + "/statements").body)[1]
	p.get(richCredit+"/statements/"+month).says("합계 일치", "기초", "기말")
	if x := p.get(richCredit + "/statements/" + month + "/xlsx"); !strings.HasPrefix(x.body, "PK") {
		t.Errorf("the spreadsheet has status %d: %.100s", x.status, x.body)
	}
	p.get(richCredit+"/statements/"+month+"/exe").forbids(http.StatusNotFound, "찾을 수 없습니다.")

	const ask = richCredit + "/withdrawals/new"
	p.send(p.get(ask), ask, "amount", "1000", "reason", "남음").forbids(http.StatusUnprocessableEntity, "0.00") // nothing was paid for
	p.get(richCredit+"/methods").says("등록한 카드가 없습니다.", "카드 등록")
}
