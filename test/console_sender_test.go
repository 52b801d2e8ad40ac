package test

import (
	"net/http"
	"strings"
	"testing"
)

const siteSenders = "/console/s/demo-rich/settings/senders"

const smallPDF = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

func TestASenderNumberIsRegisteredByItsDocumentsAndDecidedOnByTheOperator(t *testing.T) {
	p := consoleDemo(t).sign("owner")
	p.get(siteSenders).says("02-6123-4567", "승인", "기본")
	p.post(siteSenders+"/new", "number", "123").unfit([]string{"number"}, "number", "123").says("표시된 항목을 확인하세요.")
	form := []string{"_key", "s-1", "number", "070-1234-5678"}
	one := p.made(p.post(siteSenders+"/new", form...)).says("070-1234-5678", "심사 대기", "서류를 올려야 심사가 진행됩니다.")
	if again := p.post(siteSenders+"/new", form...); again.to != one.to {
		t.Errorf("the same form again leads to %s", again.to)
	}
	p.post(siteSenders+"/new", "number", "070-1234-5678").is(http.StatusUnprocessableEntity)

	documents := one.to + "/documents"
	p.sendFile(documents, "file", "a.pdf", "", "kind", "other").unfit([]string{"file"}).says("파일을 선택하세요.")
	p.sendFile(documents, "file", "a.txt", "no document", "kind", "power_of_attorney").unfit([]string{"file"}).has(`value="power_of_attorney" selected`)
	p.sendFile(documents, "file", "a.pdf", strings.Repeat("x", 7<<20), "kind", "other").unfit([]string{"file"}).says("5MB까지")
	with := p.made(p.sendFile(documents, "file", "이용증명원.pdf", smallPDF, "kind", "service_certificate", "_key", "d-1")).
		says("서류를 올렸습니다.", "통신서비스 이용증명원", "이용증명원.pdf", "운영자가 서류를 확인하고 있습니다.")
	p.made(p.sendFile(documents, "file", "이용증명원.pdf", smallPDF, "kind", "service_certificate", "_key", "d-1"))
	if n := strings.Count(p.get(one.to).body, `" download>`); n != 1 {
		t.Errorf("there are %d documents, want the one", n)
	}
	_, rest, _ := strings.Cut(with.body, documents+"/")
	id, _, _ := strings.Cut(rest, `"`)
	if got := p.get(documents + "/" + id); got.body != smallPDF || got.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the document came as %q with %v", got.body, got.header)
	}
	p.get(documents + "/doc_01k9zqm0v8e4t9w2n7c5r3x6yb").is(http.StatusNotFound)
	p.get(one.to + "/decide").is(http.StatusForbidden)
	p.other().sign("viewer").get(documents + "/" + id).is(http.StatusForbidden)

	operator := p.other().sign("operator")
	operator.get("/console/operator/senders").says("070-1234-5678", "demo-rich").lacks("02-6123-4567")
	p.get("/console/operator/senders").is(http.StatusNotFound)
	decide := operator.get(one.to + "/decide").says("이용증명원.pdf")
	tag := decide.value("_tag")
	operator.post(one.to+"/decide", "_tag", tag, "state", "rejected", "reason", "").unfit([]string{"reason"}).says("사유를 적으세요.")
	operator.made(operator.post(one.to+"/decide", "_tag", tag, "state", "rejected", "reason", "상호가 다릅니다")).says("반려", "결정을 저장했습니다.")
	operator.post(one.to+"/decide", "_tag", tag, "state", "approved", "reason", "").unfit(nil).says("다른 사람이 먼저 변경했습니다", "상호가 다릅니다")
	operator.get("/console/operator/senders").says("기다리는 발신번호가 없습니다")

	p.get(one.to).says("상호가 다릅니다", "다시 심사 요청")
	p.made(p.post(documents + "/" + id + "/remove")).says("서류를 삭제했습니다.")
	p.made(p.post(one.to+"/request")).says("다시 심사를 요청했습니다.", "심사 대기")
	operator.made(operator.post(one.to+"/decide", "_tag", operator.get(one.to+"/decide").value("_tag"), "state", "approved", "reason", "")).says("승인")
	p.get(one.to).lacks(`name="file"`).says("기본으로 사용")
	p.made(p.post(one.to+"/default")).says("기본 발신번호를 바꿨습니다.", "이 번호로 나갑니다")
	operator.get(strings.Replace(one.to, "demo-rich", "demo-cheap", 1)).is(http.StatusNotFound)
	p.post(one.to+"/decide", "state", "approved").is(http.StatusForbidden)
	p.get(one.to + "?ask=remove").says("다시 쓰려면 처음부터 등록해야 합니다.")
	p.made(p.post(one.to + "/remove")).says("발신번호를 삭제했습니다.").lacks("070-1234-5678")
}
