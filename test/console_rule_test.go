package test

import (
	"net/http"
	"strings"
	"testing"
)

const siteRules = "/console/s/demo-rich/settings/rules"

func TestSendingRulesAreSetByHandAndNobodyUndoesAnothersUnseen(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	first := p.get(siteRules).says("발송 규칙", "20:50", "08:00")
	tag := first.value("_tag")
	p.post(siteRules, "_tag", tag, "opt_out_number", "12", "duplicate_window", "1", "unit", "3600", "review_above", "0").
		unfit([]string{"opt_out_number"}, "opt_out_number", "12", "duplicate_window", "1").says("표시된 항목을 확인하세요.")
	p.post(siteRules, "_tag", tag, "opt_out_number", "", "duplicate_window", "두 시간", "unit", "3600", "review_above", "-1").
		unfit([]string{"duplicate_window", "review_above"}, "duplicate_window", "두 시간").says("0 이상의 정수를 입력하세요.")
	p.post(siteRules, "_tag", tag, "opt_out_number", "", "duplicate_window", "8", "unit", "86400", "review_above", "0").unfit([]string{"duplicate_window"})
	set := p.made(p.post(siteRules, "_tag", tag, "opt_out_number", "080-123-4567", "duplicate_window", "2", "unit", "3600", "review_above", "10000")).
		says("발송 규칙을 저장했습니다.")
	if set.value("opt_out_number") != "0801234567" || set.value("duplicate_window") != "2" || set.value("review_above") != "10000" {
		t.Errorf("the form shows %q, %q, %q", set.value("opt_out_number"), set.value("duplicate_window"), set.value("review_above"))
	}
	late := p.post(siteRules, "_tag", tag, "opt_out_number", "", "duplicate_window", "5", "unit", "60", "review_above", "0").
		unfit(nil, "duplicate_window", "5").says("다른 사람이 먼저 변경했습니다", "2 시간", "10,000")
	again := p.made(p.post(siteRules, "_tag", late.value("_tag"), "opt_out_number", "", "duplicate_window", "5", "unit", "60", "review_above", "0"))
	if again.value("duplicate_window") != "5" {
		t.Errorf("the form shows %q", again.value("duplicate_window"))
	}
	viewer := p.other().sign("viewer")
	viewer.get(siteRules).says("5 분", "승인 없이 발송").lacks(`name="review_above"`)
	viewer.post(siteRules, "opt_out_number", "", "duplicate_window", "0", "unit", "60", "review_above", "0").is(http.StatusForbidden)
}

func TestOptOutsAreLookedUpAddedRemovedAndImported(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	list := siteRules + "/opt-outs"
	p.get(list).says("수신거부한 번호가 없습니다")
	p.get(list + "?to=010-9876-0001").says("이 번호는 수신거부하지 않았습니다")
	p.post(list+"/new", "to", "abc", "scope", "all").unfit([]string{"to"}, "to", "abc")
	form := []string{"_key", "o-1", "to", "010-9876-0001", "scope", "all"}
	p.made(p.post(list+"/new", form...)).says("수신거부를 추가했습니다.", "010-9876-0001", "모든 메시지")
	p.made(p.post(list+"/new", form...))
	p.get(list+"?to=01098760001").says("010-9876-0001", "직접 등록")
	p.other().sign("viewer").get(list).says("010-****-0001").lacks("01098760001")
	p.other().sign("finance").get(list).is(http.StatusForbidden)

	report := p.sendFile(list+"/import", "file", "080.csv", "수신거부번호\n010-9876-0001\n010-9876-0002\nabc\n", "scope", "advertising", "column", "").is(http.StatusOK)
	report.says("새로 등록 1", "변경 없음 1", "제외 1", "제외된 줄")
	p.sendFile(list+"/import", "file", "080.csv", "", "scope", "advertising").unfit([]string{"file"}).says("파일을 선택하세요.")
	p.sendFile(list+"/import", "file", "080.csv", "수신거부번호\n010-9876-0003\n", "scope", "advertising", "column", "번호").unfit(nil, "column", "번호").says("표시된 항목을 확인하세요.")

	p.made(p.post(list+"/remove", "to", "01098760001")).says("수신거부를 해제했습니다.").lacks("01098760001")
	p.post(list+"/remove", "to", "01098760001").is(http.StatusNotFound)
}

func TestTheOperatorBlocksWordsForAllSitesAndForOne(t *testing.T) {
	p := consoleDemo(t)
	operator := p.other().sign("operator")
	all, one := "/console/operator/words", siteRules+"/words"
	operator.get(all).says("금칙어가 없습니다.")
	operator.post(all, "words", " \n").unfit([]string{"words"}).says("낱말을 하나 이상 적으세요.")
	operator.post(all, "words", "카지노\n!!").unfit([]string{"words"}, "words", "카지노\n!!")
	operator.made(operator.post(all, "words", "카지노\r\n바카라")).says("카지노", "바카라", "금칙어를 추가했습니다.")
	operator.made(operator.post(one, "words", "무료 상담")).says("무료 상담", "이 사이트", "모든 사이트")
	owner := p.other().sign("owner")
	owner.get(one).says("카지노", "무료 상담").lacks(`name="words"`)
	owner.post(one, "words", "x").is(http.StatusForbidden)
	owner.get(all).is(http.StatusNotFound)
	operator.get("/console/s/demo-cheap/settings/rules/words").says("카지노").lacks("무료 상담")
	operator.made(operator.post(all+"/remove", "word", "카지노")).lacks(`value="카지노"`)
}

func TestAPolicyIsAListOfStepsThatIsChangedByHand(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	list, fresh := siteRules+"/policies", siteRules+"/new-policy"
	p.get(list).says("발송 정책이 없습니다")
	p.get(fresh).has(`name="steps.0.send"`, `name="steps.1.send"`)
	p.post(fresh, "name", "", "steps.0.send", "text").unfit([]string{"name"}).says("정책 이름을 적으세요.")
	p.post(fresh, "name", "Big Name", "steps.0.send", "text").unfit([]string{"name"}, "name", "Big Name")
	bad := p.post(fresh, "name", "night", "steps.0.send", "alimtalk", "steps.0.price_at_most", "-5", "steps.1.send", "text", "steps.1.from", "25:00", "steps.1.until", "08:00")
	bad.unfit([]string{"steps.0.price_at_most"}, "steps.0.price_at_most", "-5", "steps.1.from", "25:00")
	p.post(fresh, "name", "night", "steps.0.send", "alimtalk", "steps.0.price_at_most", "5").unfit([]string{"name"})
	more := p.post(fresh, "name", "night", "steps.0.send", "alimtalk", "_add", "steps").is(http.StatusOK).has(`name="steps.1.send"`)
	if more.value("name") != "night" {
		t.Error("a form with one step more forgets its name")
	}
	up := p.post(fresh, "steps.0.send", "alimtalk", "steps.0.price_at_most", "7", "steps.1.send", "text", "steps.1.price_at_most", "9", "_up", "steps.1")
	if up.value("steps.0.price_at_most") != "9" || up.value("steps.1.price_at_most") != "7" {
		t.Errorf("the steps are in the order %s", up.words())
	}
	form := []string{"_key", "p-1", "name", "night", "steps.0.send", "alimtalk", "steps.0.text_is", "", "steps.0.text_is", "lms", "steps.0.price_at_most", "15",
		"steps.0.off_kakao", "false", "steps.0.from", "08:00", "steps.0.until", "21:00", "steps.0.not_dearer", "on", "steps.1.send", "text"}
	one := p.made(p.post(fresh, form...)).says("발송 정책을 저장했습니다.", "문자가 LMS일 때", "단가가 15원 이하일 때", "08:00~21:00에 나갈 때", "다른 쪽보다 비싸지 않을 때", "모든 수신자")
	p.made(p.post(fresh, form...))
	p.post(fresh, "name", "night", "steps.0.send", "text").unfit([]string{"name"}).says("night 정책이 이미 있습니다")

	tag := p.get(one.to+"/edit").has(`value="lms" checked`, `value="08:00"`).value("_tag")
	p.made(p.post(one.to+"/edit", "_tag", tag, "steps.0.send", "text")).lacks("15원")
	p.post(one.to+"/edit", "_tag", tag, "steps.0.send", "alimtalk", "steps.0.price_at_most", "3", "steps.1.send", "text").unfit(nil, "steps.0.price_at_most", "3").
		says("다른 사람이 먼저 변경했습니다", "1단계 문자")
	p.other().sign("viewer").get(one.to).says("night").lacks("/edit")
	p.other().sign("operator").get(strings.Replace(one.to, "demo-rich", "demo-cheap", 1)).is(http.StatusNotFound)
	p.made(p.post(one.to + "/remove")).says("발송 정책을 삭제했습니다.")
}
