package test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const house = "/console/operator"

func TestTheOperatorOpensPricesSuspendsAndErasesSites(t *testing.T) {
	p := consoleDemo(t).enrolled("operator")
	p.get(house+"/sites").says("넉넉한 가게", "demo-cheap", "사이트 개설")
	if found := p.do(http.MethodGet, house+"/sites?id=Demo-Rich", nil); found.to != house+"/sites/demo-rich" {
		t.Errorf("looking for a site leads to %q", found.to)
	}
	p.get(house+"/sites?id=nowhere").wrongly("이 ID의 사이트가 없습니다.", "id", "nowhere")

	const plans = house + "/prices/plans"
	page := p.get(plans + "/new")
	p.send(page, plans+"/new", "id", "gold", "name", "골드", "prices.sms", "열").wrong("prices.sms", "열")
	p.send(page, plans+"/new", "id", "gold", "name", "골드", "prices.sms", "15", "prices.alimtalk", "7.5").leads(plans + "/gold")
	p.get(plans+"/gold").says("골드", "7.5원", "적용 중")

	page = p.get(house + "/sites/new")
	p.send(page, house+"/sites/new", "id", "A b", "name", "꽃집", "plan", "gold").wrong("id", "A b")
	p.send(page, house+"/sites/new", "id", "flowers", "name", "꽃집", "plan", "gold").leads(house + "/sites/flowers")
	p.send(page, house+"/sites/new", "id", "flowers", "name", "꽃집", "plan", "gold").leads(house + "/sites/flowers")
	const site = house + "/sites/flowers"
	p.get(site).says("꽃집", "gold", "7.5원")

	prices := p.get(site + "/prices")
	p.send(prices, site+"/prices", "prices.sms", "").says("바꿀 단가를 하나 이상 입력하세요.")
	p.send(prices, site+"/prices", "prices.sms", "12", "since", "내일").wrong("since", "내일")
	p.send(prices, site+"/prices", "prices.sms", "12", "since", "2020-01-01T00:00").wrong("since", "2020-01-01T00:00")
	p.send(prices, site+"/prices", "prices.sms", "12", "since", "2099-01-01T00:00").leads(site + "/prices")
	p.get(site+"/prices").says("12원", "사이트 전용", "2099. 1. 1. 00:00", "예정")
	p.send(p.get(site+"/prices"), site+"/plan", "plan", "", "plan_since", "").leads(site + "/prices")
	p.send(p.get(plans+"/gold"), plans+"/gold/remove").leads(plans)
	p.send(p.get(house+"/prices"), house+"/prices", "prices.mms", "111").leads(house + "/prices")
	p.get(site+"/prices").says("111원", "서비스 요금")

	page = p.get(site)
	p.send(page, site, "name", "큰 꽃집", "weight", "무겁게").wrong("weight", "무겁게")
	p.send(page, site, "name", "큰 꽃집", "weight", "2").leads(site)
	p.post(site, "name", "작은 꽃집", "weight", "1", "_tag", page.value("_tag"), "_key", "late").says("다른 사람이 설정을 바꿨습니다", "이름 큰 꽃집 작은 꽃집")

	form := p.get(site + "/credit")
	p.send(form, site+"/credit", "kind", "bonus", "amount", "많이", "reason", "개업").wrong("amount", "많이")
	p.send(form, site+"/credit", "kind", "bonus", "amount", "1,000", "reason", "개업").leads(site)
	p.send(form, site+"/credit", "kind", "bonus", "amount", "1,000", "reason", "개업").leads(site)
	p.get(site).says("사용 가능 크레딧 1,000원", "개업")

	p.get(site + "?ask=state").says("사이트 정지")
	p.post(site+"/state", "state", "suspended").leads(site)
	p.get(site).says("사이트를 정지했습니다.", "정지됨", "정지 해제")
	p.post(site+"/state", "state", "active").leads(site)
	p.get(site + "/erase").says("먼저 사이트를 정지하세요.")
	p.post(site+"/state", "state", "suspended").leads(site)
	erase := p.get(site + "/erase").says("되돌릴 수 없습니다.")
	p.send(erase, site+"/erase", "confirm", "flower", "reason", "폐업").wrong("confirm", "flower").says("사이트 ID와 다릅니다.")
	p.send(erase, site+"/erase", "confirm", "flowers", "reason", "폐업", "forfeit", "on").leads(site)
	p.get(site).says("사이트를 삭제했습니다.", "삭제됨")

	support := p.other().sign("support")
	support.get(house+"/sites").forbids(http.StatusForbidden, "권한이 없습니다")
	if page := support.get(house); strings.Contains(page.body, house+"/sites") {
		t.Error("the menu of support leads to what it may not see")
	}
}

// wrongly makes sure that a page says beside a field why nothing was found, and keeps what was looked for.
func (s *shown) wrongly(text, field, typed string) {
	s.Helper()
	if s.beside(field) != text || s.value(field) != typed {
		s.Errorf("beside %s stands %q and in it %q", field, s.beside(field), s.value(field))
	}
}

func TestTheOperatorBooksTransfersAndDecidesOnWithdrawals(t *testing.T) {
	p := consoleDemo(t)
	finance := p.other().enrolled("finance")
	office := p.other().enrolled("operator")
	const pay = richCredit + "/payments/new"
	payment := finance.send(finance.get(pay), pay, "amount", "30000", "way", "transfer@bank", "name", "김재무", "receipt", "business", "identity", "124-81-00998").under(richCredit + "/payments/pay_")
	id := payment[strings.LastIndex(payment, "/")+1:]
	office.get(house+"/money/payments?of=demo-rich").says("입금 대기", "33,000원")
	office.get(house+"/money/payments").says("demo-rich", "입금 대기", "33,000원") // of all sites
	office.get(house + "/money/payments?of=demo-cheap").says("입금을 기다리는 결제가 없습니다.")
	office.get(house+"/money/payments?of=nowhere").wrongly("이 ID의 사이트가 없습니다.", "of", "nowhere")
	at := house + "/money/payments/demo-rich/" + id
	office.get(at + "?ask=arrived").says("입금을 확인하고 demo-rich 사이트에 크레딧 30,000원을 지급합니다.")
	finance.post(at+"/arrived").forbids(http.StatusForbidden, "권한이 없습니다")
	office.post(at+"/arrived", "_key", "one").leads(at)
	office.post(at+"/arrived", "_key", "one").leads(at)
	page := office.get(at).says("입금을 확인했습니다.", "결제 완료", "승인번호")
	office.send(page, at+"/cash-receipt", "number", "12ab").wrong("number", "12ab")
	office.send(page, at+"/cash-receipt", "number", "123456789").leads(at)
	office.get(at).says("현금영수증을 기록했습니다.", "발급됨")
	finance.get(payment).says("결제 완료")

	const ask = richCredit + "/withdrawals/new"
	form := finance.get(ask)
	finance.send(form, ask, "amount", "3000", "reason", "").wrong("reason", "")
	finance.send(form, ask, "amount", "90000000", "reason", "남음", "bank", "20", "number", "1234567890", "holder", "김재무").forbids(http.StatusUnprocessableEntity, "30000")
	first := finance.send(form, ask, "amount", "3,000", "reason", "남음", "bank", "20", "number", "123-456-7890", "holder", "김재무").under(richCredit + "/withdrawals/wdr_")
	finance.get(first).says("승인 대기", "******7890")
	finance.post(first+"/cancel", "_key", "two").leads(first)
	finance.get(first).says("반환 신청을 취소했습니다.", "신청 취소")
	second := finance.send(finance.get(ask), ask, "amount", "3,000", "reason", "남음", "bank", "20", "number", "123-456-7890", "holder", "김재무").under(richCredit + "/withdrawals/wdr_")
	decide := house + "/money/withdrawals/demo-rich/" + second[strings.LastIndex(second, "/")+1:]
	office.get(house+"/money").says("demo-rich", "승인 대기", "남음")
	office.get(decide).says("1234567890", "승인", "반려")
	office.post(decide+"/reject", "reason", "").forbids(http.StatusUnprocessableEntity, "표시된 항목을 확인하세요.")
	office.post(decide+"/approve", "_key", "three").leads(decide)
	office.post(decide+"/approve", "_key", "three").leads(decide)
	page = office.get(at).says("이체 예정")
	back := regexp.MustCompile(`action="(` + regexp.QuoteMeta(at) + `/given-back/pcn_[^"]+)"`).FindStringSubmatch(page.body)
	if back == nil {
		t.Fatalf("nothing is to be transferred: %s", page.words())
	}
	office.post(back[1], "_key", "four").leads(at)
	finance.get(second).says("완료")
}

func TestTheOperatorSeesMarginTaxInvoicesAndCarriersInvoices(t *testing.T) {
	p := consoleDemo(t).enrolled("operator")
	p.sent()
	p.get(house+"/margin?by=channel").says("마진", "SMS", "매출")
	p.get(house+"/margin?from=2026-01-01&to=2020-01-01").forbids(http.StatusUnprocessableEntity, "마진")
	p.get(house+"/money/tax").says("세금계산서", "공급자 정보가 부족합니다", "발급 전")
	p.get(house+"/money/tax/2026-99").forbids(http.StatusUnprocessableEntity, "세금계산서")
	p.get(house+"/money/tax/2026-10/files/x").forbids(http.StatusNotFound, "찾을 수 없습니다.")
	p.get(house+"/invoices").says("가져온 청구서가 없습니다.", "청구서 가져오기")
	page := p.attach(house+"/invoices/new", "", "", "provider", "solapi", "month", "2026-11")
	page.says("파일을 선택하세요.")
	p.attach(house+"/invoices/new", "file", "a,b\n1,2\n", "provider", "solapi", "month", "2026-11", "columns", "reference=없는 열").says("청구서 가져오기")
	made := p.attach(house+"/invoices/new", "file", "ref,단가,결과\nmsg_1,9,성공\n", "provider", "solapi", "month", "2026-11", "columns", "reference=ref\nprice=단가\nresult=결과\nchannel=종류", "delivered", "성공")
	if made.status != http.StatusSeeOther {
		made.says("열") // the file lacks a column of channels: it is said which
		made = p.attach(house+"/invoices/new", "file", "ref,단가,결과,종류\nmsg_1,9,성공,SMS\n", "provider", "solapi", "month", "2026-11", "columns", "reference=ref\nprice=단가\nresult=결과\nchannel=종류", "delivered", "성공")
	}
	at := made.under(house + "/invoices/inv_")
	p.get(at).says("solapi · 2026-11", "청구 금액", "9원")
}

// attach sends a form with a file, or with none where its field is "".
func (p *pages) attach(path, field, content string, pairs ...string) *shown {
	p.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			p.Fatal(err)
		}
	}
	if field != "" {
		part, err := w.CreateFormFile(field, "list.csv")
		if err == nil {
			_, err = io.WriteString(part, content)
		}
		if err != nil {
			p.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
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
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	return &shown{p.T, res.StatusCode, res.Header, string(text), res.Header.Get("Location")}
}
