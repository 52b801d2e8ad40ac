package test

import (
	"net/http"
	"strings"
	"testing"
)

const siteKakao = "/console/s/demo-rich/settings/kakao"

func TestATemplateIsMadeWithAllItsPartsAndSeenAsItsReadersSeeIt(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	p.get(siteKakao).says("예약 확정", "RESERVE_01", "승인")
	p.get(siteKakao + "/new").has(`<option value="@demo"`)
	bad := p.post(siteKakao+"/new", "code", "주문", "channel", "@demo", "body", "", "name", "주문 안내", "buttons.0.type", "WL", "buttons.0.name", "보기", "buttons.0.url_mobile", "example",
		"emphasis.title", "제목", "emphasis.subtitle", "", "item_list.items.0.title", "하나뿐", "item_list.items.0.description", "값")
	bad.unfit([]string{"code", "body", "buttons.0.url_mobile", "emphasis.subtitle"}, "code", "주문", "name", "주문 안내", "buttons.0.url_mobile", "example", "item_list.items.0.title", "하나뿐").
		says("표시된 항목을 확인하세요.").has(`<details class="card mb-3" open id="table">`)

	more := p.post(siteKakao+"/new", "body", "안녕하세요", "buttons.0.type", "BK", "buttons.0.name", "하나", "_add", "buttons").is(http.StatusOK).has(`name="buttons.1.type"`)
	if more.value("body") != "안녕하세요" || more.value("buttons.0.name") != "하나" {
		t.Errorf("a form with one button more keeps %q", more.value("body"))
	}
	p.post(siteKakao+"/new", "buttons.0.type", "BK", "buttons.0.name", "하나", "buttons.1.type", "MD", "buttons.1.name", "둘", "_drop", "buttons.0").
		is(http.StatusOK).has(`value="둘"`).lacks(`value="하나"`, `name="buttons.1.type"`)
	p.do(http.MethodPost, siteKakao+"/preview", map[string][]string{"body": {"#{이름}님 <b>"}, "channel": {"@demo"}}).is(http.StatusOK).has("<mark>#{이름}</mark>님 &lt;b&gt;").lacks("<html")

	form := []string{"_key", "t-1", "code", "ORDER_01", "name", "주문 안내", "channel", "@demo", "body", "#{이름}님,\r\n주문이 접수되었습니다.", "extra", "문의 02-6123-4567", "category", "001001", "secure", "on",
		"item_list.header", "주문", "item_list.highlight.title", "#{상품}", "item_list.highlight.description", "결제 완료",
		"item_list.items.0.title", "번호", "item_list.items.0.description", "#{번호}", "item_list.items.1.title", "", "item_list.items.1.description", "",
		"item_list.items.2.title", "수량", "item_list.items.2.description", "#{수량}", "item_list.summary.title", "합계", "item_list.summary.description", "#{금액}원",
		"buttons.0.type", "WL", "buttons.0.name", "주문 보기", "buttons.0.url_mobile", "https://example.com/m", "buttons.0.phone_number", "left from another type",
		"quick_replies.0.type", "BK", "quick_replies.0.name", "문의하기"}
	one := p.made(p.post(siteKakao+"/new", form...)).says("템플릿을 만들었습니다.", "작성 중", "#{상품}", "수량", "합계", "주문 보기", "문의하기", "문의 02-6123-4567", "001001")
	if again := p.post(siteKakao+"/new", form...); again.to != one.to {
		t.Errorf("the same form again leads to %s", again.to)
	}
	p.post(siteKakao+"/new", "code", "ORDER_01", "channel", "@demo", "body", "x").is(http.StatusUnprocessableEntity)

	edit := p.get(one.to + "/edit")
	tag := edit.value("_tag")
	if edit.value("item_list.items.1.title") != "수량" || edit.value("body") != "#{이름}님,\n주문이 접수되었습니다." || edit.value("category") != "001001" {
		t.Errorf("the form is not filled as the template is: %s", edit.body)
	}
	p.post(one.to+"/edit", "_tag", tag, "channel", "@demo", "body", "").unfit([]string{"body"})
	p.made(p.post(one.to+"/edit", "_tag", tag, "channel", "@demo", "body", "새 내용")).says("템플릿을 변경했습니다.", "새 내용").lacks("합계")
	p.post(one.to+"/edit", "_tag", tag, "channel", "@demo", "body", "내 내용").unfit(nil, "body", "내 내용").says("다른 사람이 먼저 변경했습니다", "새 내용")

	operator := p.other().sign("operator")
	operator.get(strings.Replace(one.to, "demo-rich", "demo-cheap", 1)).is(http.StatusNotFound)
	sender := p.other().sign("sender")
	sender.get(one.to).says("새 내용").lacks("/edit", "ask-remove")
	sender.post(one.to+"/edit", "channel", "@demo", "body", "x").is(http.StatusForbidden)
	sender.post(siteKakao+"/new", form...).is(http.StatusForbidden)
	p.get(one.to + "?ask=remove").has(`aria-labelledby="ask-remove-title" open>`)
	p.made(p.post(one.to + "/remove")).says("템플릿을 삭제했습니다.").lacks("ORDER_01")
}

func TestATemplateIsSubmittedAndFollowed(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	one := p.made(p.post(siteKakao+"/new", "code", "CODE_01", "channel", "@demo", "body", "인증번호 #{코드}"))
	p.get(one.to+"/submit").says("검수를 요청", "solapi")
	p.post(one.to+"/submit", "comment", strings.Repeat("가", 501)).unfit([]string{"comment"}, "comment", strings.Repeat("가", 501))
	p.post(one.to+"/submit", "providers", "", "providers", "nobody", "comment", "").unfit([]string{"providers"})
	form := []string{"_key", "u-1", "providers", "", "providers", "solapi", "comment", "로그인에 씁니다"}
	p.made(p.post(one.to+"/submit", form...)).says("검수를 요청했습니다.", "solapi")
	p.made(p.post(one.to+"/submit", form...))
	p.made(p.post(one.to + "/sync")).says("업체에 상태를 다시 묻습니다.")
	p.get(one.to + "/comment").says("의견을 받는 발송 계정이 없습니다.")
	p.post(one.to + "/release").is(http.StatusConflict)
	p.post(one.to + "/nonsense").is(http.StatusNotFound)
	p.get(one.to + "/state").is(http.StatusForbidden)
}

func TestTheOperatorSetsWhatCameOfAnInspection(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	one := p.made(p.post(siteKakao+"/new", "code", "CODE_02", "channel", "@demo", "body", "인증번호 #{코드}")) // nothing of a vendor changes it meanwhile
	operator := p.other().sign("operator")
	state := operator.get(one.to + "/state").says("solapi")
	tag := state.value("_tag")
	operator.made(operator.post(one.to+"/state", "_tag", tag, "state", "approved", "ids.solapi.channel_id", "PF01", "ids.solapi.template_id", "KA01")).says("승인", "템플릿 상태를 저장했습니다.")
	if got := operator.get(one.to + "/state").value("ids.solapi.template_id"); got != "KA01" {
		t.Errorf("the form shows the id %q", got)
	}
	operator.post(one.to+"/state", "_tag", tag, "state", "blocked").unfit(nil).says("다른 사람이 먼저 변경했습니다", "PF01 / KA01")
	p.post(one.to+"/state", "state", "approved").is(http.StatusForbidden)
}

func TestAKakaoChannelIsProvenByItsManager(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	list := siteKakao + "/channels"
	p.get(list).says("@demo", "등록됨")
	p.post(list+"/new", "name", "", "sender_key", "a b").unfit([]string{"name"}, "sender_key", "a b")
	form := []string{"_key", "c-1", "name", "shop", "sender_key", ""}
	one := p.made(p.post(list+"/new", form...)).says("@shop", "미등록", "등록하기")
	if again := p.post(list+"/new", form...); again.to != one.to {
		t.Errorf("the same form again leads to %s", again.to)
	}
	claim := p.get(one.to + "/claim?provider=solapi").says("인증번호를 보냅니다")
	_, rest, _ := strings.Cut(claim.body, `name="category"`)
	_, rest, _ = strings.Cut(rest, `<option value="`) // the first one chooses none
	_, rest, _ = strings.Cut(rest, `<option value="`)
	category, _, _ := strings.Cut(rest, `"`)
	p.post(one.to+"/claim", "provider", "solapi", "category", category, "manager_phone", "12").unfit([]string{"manager_phone"}, "manager_phone", "12").has(`value="` + category + `" selected`)
	p.post(one.to+"/claim", "provider", "solapi", "category", "", "manager_phone", "010-1234-5678").unfit([]string{"category"})
	asked := []string{"_key", "c-2", "provider", "solapi", "category", category, "manager_phone", "010-1234-5678"}
	p.made(p.post(one.to+"/claim", asked...)).says("채널 관리자에게 인증번호를 보냈습니다.", "인증번호 대기")
	p.made(p.post(one.to+"/claim", asked...))
	if got := p.post(one.to+"/prove", "provider", "solapi", "token", "").is(http.StatusUnprocessableEntity); got.beside("token-solapi") == "" {
		t.Errorf("nothing stands beside the number that is missing: %s", got.words())
	}
	p.made(p.post(one.to+"/prove", "provider", "solapi", "token", "123456")).says("채널을 등록했습니다.", "등록됨")

	tag := p.get(one.to + "/edit").value("_tag")
	p.post(one.to+"/edit", "_tag", tag, "sender_key", "a b").unfit([]string{"sender_key"}, "sender_key", "a b")
	p.made(p.post(one.to+"/edit", "_tag", tag, "sender_key", "key-1")).says("key-1", "채널을 변경했습니다.")
	p.post(one.to+"/edit", "_tag", tag, "sender_key", "key-2").unfit(nil, "sender_key", "key-2").says("다른 사람이 먼저 변경했습니다", "key-1")
	p.other().sign("viewer").post(one.to + "/remove").is(http.StatusForbidden)
	p.other().sign("operator").get(strings.Replace(one.to, "demo-rich", "demo-cheap", 1)).is(http.StatusNotFound)
	p.made(p.post(one.to + "/remove")).says("채널을 삭제했습니다.").lacks("@shop")
}
