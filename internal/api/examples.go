package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// The examples of the document. Requests are written here, unless their operation brings one
// along; replies are what the API answered to them, in replies.json. Tests make every request
// and hold every reply to its schema.

// sample is the example of one operation's request.
type sample struct {
	query map[string]string
	body  string // of JSON, or the parts of a form as an object
	text  string // of another media type
}

// samples are by operation. Ids are of the kind that is meant.
var samples = map[string]sample{
	"addAttachment":  {query: map[string]string{"name": "여름 세일.jpg"}},
	"addContact":     {body: `{"to": "010-1234-5678", "name": "김하나", "variables": {"등급": "금"}, "consent": {"at": "2026-11-01T09:00:00+09:00", "evidence": "회원 가입 동의서", "night": false}, "groups": ["grp_01k9zqm0v8e4t9w2n7c5r3x6yb"]}`},
	"setContact":     {body: `{"to": "010-1234-5678", "name": "김하나", "variables": {"등급": "은"}, "consent": {"at": "2026-11-01T09:00:00+09:00", "evidence": "회원 가입 동의서", "night": true}}`},
	"importContacts": {body: `{"list": "이름,전화번호,등급\n이두리,010-2345-6789,은\n박세나,010-3456-7890,금\n", "consent_at": "2026-11-01", "consent_evidence": "회원 가입 동의서"}`},
	"addGroup":       {body: `{"name": "단골"}`},
	"setGroup":       {body: `{"name": "VIP"}`},
	"addMembers":     {body: `{"contacts": ["con_01k9zqm0v8e4t9w2n7c5r3x6yb"]}`},
	"importMembers":  {body: `{"list": "이름,전화번호\n최네오,010-4567-8901\n"}`},

	"setBillingProfile": {body: `{"name": "하나꽃집", "business_number": "124-81-00998", "representative": "김하나", "address": "서울시 중구 세종대로 110", "business_type": "소매업", "business_item": "꽃", "email": "tax@shop.example", "paper": "tax_invoice"}`},
	"setAlerts":         {body: `{"levels": ["50000", "10000"], "emails": ["owner@shop.example"], "topics": ["low_balance", "payment_failed", "done"], "mobile": "010-1234-5678", "language": "ko"}`},
	"setAutoRecharge":   {body: `{"enabled": true, "threshold": "10000", "amount": "50000", "method_id": "pmt_01k9zqm0v8e4t9w2n7c5r3x6yb", "daily_cap": "100000", "monthly_cap": "500000"}`},
	"setCaps":           {body: `{"recipients": {"day": 10000, "month": null}, "won": {"day": null, "month": "500000"}}`},
	"setCapBounds":      {body: `{"recipients": {"day": 50000, "month": null}, "won": {"day": null, "month": "1000000"}}`},
	"beginPayment":      {body: `{"method": "transfer", "amount": "50000", "payer": {"name": "홍길동", "email": "owner@shop.example"}, "cash_receipt": {"identity": "01012345678"}}`},
	"cancelPayment":     {body: `{"amount": "20000", "reason": "계약 종료", "to": {"bank": "20", "number": "1002123456789", "holder": "홍길동"}}`},
	"bookCashReceipt":   {body: `{"number": "123456789"}`},
	"refundUsage":       {body: `{"amount": "9", "reason": "문구 오류"}`},
	"requestRefund":     {body: `{"usage_id": "usg_01k9zqm0v8e4t9w2n7c5r3x6yb", "amount": "2", "reason": "늦은 도착"}`}, "rejectRefundRequest": {body: `{"reason": "제때 도착했습니다."}`},
	"requestWithdrawal": {body: `{"amount": "10000", "reason": "계약 종료", "to": {"bank": "20", "number": "1002123456789", "holder": "홍길동"}}`},
	"rejectWithdrawal":  {body: `{"reason": "예금주가 다릅니다."}`},
	"addPaymentMethod":  {body: `{"return_url": "https://shop.example/cards", "payer": {"name": "홍길동", "email": "owner@shop.example"}}`},
	"movePaymentMethod": {body: `{"place": 1}`},
	"addPlan":           {body: `{"id": "gold", "name": "골드", "prices": {"sms": "15.00", "lms": "40.00"}}`},
	"renamePlan":        {body: `{"name": "골드 2026"}`},
	"setPlanPrices":     {body: `{"prices": {"sms": "14.50", "lms": null}, "since": "2099-01-01T00:00:00+09:00"}`},

	"addBlockedWords":      {body: `{"words": ["카지노", "대출"]}`},
	"addOptOut":            {body: `{"to": "010-9876-5432", "scope": "all"}`},
	"setSendingRules":      {body: `{"opt_out_number": "080-123-4567", "duplicate_window": 600, "review_above": 0}`},
	"addSender":            {body: `{"number": "02-6123-9999"}`},
	"setSender":            {body: `{"state": "approved", "reason": "이용증명원을 확인했습니다."}`},
	"addSenderDocument":    {query: map[string]string{"kind": "service_certificate", "name": "이용증명원.pdf"}},
	"addKakaoChannel":      {body: `{"name": "@flowers", "sender_key": "0123456789abcdef0123456789abcdef01234567"}`},
	"setKakaoChannel":      {body: `{"sender_key": "0123456789abcdef0123456789abcdef01234567", "providers": {"solapi": "KA01PF260101000000000AbCdEfGhIjK"}}`},
	"claimKakaoChannel":    {body: `{"provider": "solapi", "manager_phone": "010-4321-8765", "category": "00100010001"}`},
	"registerKakaoChannel": {body: `{"token": "123456"}`},
	"addTemplate": {body: `{"code": "ORDER_01", "name": "주문 안내", "channel": "@flowers", "body": "#{이름}님, 주문하신 꽃이 출발했습니다.",
  "buttons": [{"type": "WL", "name": "배송 보기", "url_mobile": "https://shop.example/m/#{주문}", "url_pc": "https://shop.example/#{주문}"}]}`},
	"setTemplate": {body: `{"name": "주문 안내", "channel": "@flowers", "body": "#{이름}님, 주문하신 꽃이 오늘 출발했습니다.",
  "buttons": [{"type": "WL", "name": "배송 보기", "url_mobile": "https://shop.example/m/#{주문}", "url_pc": "https://shop.example/#{주문}"}]}`},
	"submitTemplate":   {body: `{"providers": ["solapi"], "comment": "주문한 고객에게 보내는 안내입니다."}`},
	"commentTemplate":  {body: `{"comment": "주문 번호는 고객의 주문마다 다릅니다."}`},
	"withdrawTemplate": {body: `{"providers": ["solapi"]}`},
	"releaseTemplate":  {body: `{"providers": ["solapi"]}`},
	"syncTemplate":     {body: `{"providers": ["solapi"]}`},

	"rescheduleMessage": {body: `{"scheduled_at": "` + soon + `"}`},
	"rejectMessage":     {body: `{"reason": "문구를 고쳐 주세요."}`},
	"setPolicy":         {body: `{"steps": [{"send": "alimtalk", "when": {"text_is": ["lms", "mms"], "reported_off_kakao": false}}, {"send": "text"}]}`},
	"askWhatIf":         {body: `{"from": "2026-11-01", "to": "2026-11-30", "strategy": "cost_optimized", "prices": {"alimtalk": "8.00"}}`},
	"addSeries":         {body: exampleSeries},
	"setSeries":         {body: strings.Replace(exampleSeries, "월요일 안내", "주간 안내", 1)},
	"importInvoice": {query: map[string]string{"provider": "solapi", "month": "2026-11", "price": "sms=8.4", "total": "16.8"},
		text: "customFields.ref,type,statusCode,dateProcessed,price\nshop.01a02b03-0405-7607-8809-0a0b0c0d0e0f.0.1.1,SMS,4000,,8.4\n"},
	"applyInvoice": {body: `{"confirm": true, "only": ["charged_but_failed"]}`},

	"addSavedText": {body: `{"title": "예약 안내", "kind": "alimtalk", "folder": "예약", "template_code": "RESERVE_01", "body": "#{이름}님, 예약이 확정되었습니다."}`},
	"setSavedText": {body: `{"title": "예약 안내 (문자)", "kind": "text", "folder": "예약", "body": "#{이름}님, 예약이 확정되었습니다."}`},
	"keepList":     {body: `{"name": "12월 예약 고객", "list": "고객명,전화번호\n김하나,010-1234-5678\n이두리,010-2345-6789\n박세나,02-123\n"}`},
	"askErasure":   {body: `{"to": "010-1234-5678"}`},
	"putRetention": {body: `{"days": 90}`},
	"appendUpload": {query: map[string]string{"offset": "0"}, text: exampleLines},

	"openSite":              {body: `{"id": "flowers", "name": "하나꽃집", "prices": {"sms": "17"}}`},
	"changeSite":            {body: `{"name": "하나꽃집 본점", "weight": 3, "state": "suspended"}`},
	"topUpSite":             {body: `{"amount": "50000", "kind": "paid", "reason": "계좌 이체"}`},
	"setSitePlan":           {body: `{"plan": "gold"}`},
	"setSitePrices":         {body: `{"prices": {"sms": "16.50", "lms": null}, "since": "2099-01-01T00:00:00+09:00"}`},
	"setSiteLimits":         {body: `{"requests_per_minute": 600, "recipients_per_minute": 10000, "recipients_per_day": null}`},
	"setTokenLimits":        {body: `{"requests_per_minute": 60, "recipients_per_minute": null}`},
	"eraseSite":             {body: `{"confirm": "flowers", "forfeit": true, "reason": "계약 종료"}`},
	"enterSite":             {body: `{"reason": "문의 1234에 답하려고"}`},
	"retryJobs":             {body: `{"kind": "plan"}`},
	"setInstallationPrices": {body: `{"prices": {"sms": "17.00", "mms": null}, "since": "2099-01-01T00:00:00+09:00"}`},

	"createToken":         {body: exampleToken},
	"changeToken":         {body: `{"name": "쇼핑몰 2", "addresses": ["203.0.113.0/24", "2001:db8::/48"]}`},
	"rotateToken":         {body: `{"overlap": 86400}`},
	"createPersonalToken": {body: `{"name": "내 스크립트", "abilities": ["messages:read"], "expires_at": "2099-01-01T00:00:00+09:00"}`},
	"changePersonalToken": {body: `{"name": "내 보고서"}`},
	"rotatePersonalToken": {body: `{"overlap": 3600}`},
	"signIn":              {body: `{"email": "kim@shop.example", "password": "` + examplePassword + `"}`},
	"confirmSession":      {body: exampleCode}, "confirmSecondFactor": {body: exampleCode}, "disableSecondFactor": {body: exampleCode},
	"beginSecondFactor": {body: `{"password": "` + examplePassword + `"}`},
	"setPassword":       {body: `{"password": "` + examplePassword + `", "new_password": "` + examplePassword + ` 2"}`},
	"inviteUser":        {body: `{"email": "lee@shop.example", "name": "이두리", "roles": ["sender"]}`},
	"askPasswordReset":  {body: `{"email": "kim@shop.example"}`}, "finishPasswordReset": {body: `{"token": "` + exampleReset + `", "password": "` + examplePassword + ` 3"}`},
	"acceptInvitation": {body: `{"password": "` + exampleInvitation + `"}`},
	"leaveRole":        {body: `{"site": "flowers", "role": "viewer"}`},
	"changeUser":       {body: `{"roles": ["sender", "finance"]}`},
	"addRole":          {body: `{"name": "clerk", "permissions": ["messages:read", "credit"]}`},
	"setRole":          {body: `{"permissions": ["messages", "credit:read"]}`},

	"beginRun":                {body: `{"provider": "solapi", "from": "2026-11-01T00:00:00+09:00", "until": "2026-12-01T00:00:00+09:00", "states": ["applied"]}`},
	"createTestToken":         {body: `{"name": "개발", "abilities": ["*"]}`},
	"addTestCredit":           {body: `{"amount": "100000"}`},
	"advanceTestClock":        {body: `{"by": "73h"}`},
	"addWebhookEndpoint":      {body: `{"url": "https://shop.example/hooks", "description": "주문 서버", "topics": ["message.*", "payment.paid"]}`},
	"setWebhookEndpoint":      {body: `{"topics": ["message.*", "credit.*"]}`},
	"replayWebhookDeliveries": {body: `{"failed": true, "from": "2026-11-01T00:00:00+09:00"}`},

	"takeReports": {body: `[{"groupId": "G4V20261122", "messageId": "M4V20261122", "statusCode": "4000"}]`},
	"takeNotice":  {body: `{"eventType": "PAYMENT_STATUS_CHANGED", "data": {"paymentKey": "tviva20261122"}}`},
}

// What examples of people and programs have in common: tests put true ones in their place.
const (
	examplePassword   = "correct horse battery"
	exampleInvitation = "kqzw-mfhd-rtnb"
	exampleReset      = "QmFzZTY0IG9mIGEgbGluayB0aGF0IGEgbWFpbCBiZWFyc0"
	exampleCode       = `{"code": "123456"}`
	exampleToken      = `{"name": "쇼핑몰", "abilities": ["messages:write", "messages:read"], "addresses": ["203.0.113.0/24"], "expires_at": null}`
)

// soon is a time that is always less than 60 days ahead: tests put one of theirs here.
const soon = "2026-12-01T09:00:00+09:00"

const exampleSeries = `{"name": "월요일 안내", "cron": "0 9 * * 1", "missed": "skip",
  "message": {"strategy": "sms_only", "text": {"body": "#{이름}님, 이번 주 안내입니다."}, "recipients": [{"to": "010-1234-5678", "variables": {"이름": "김하나"}}]}}`

// exampleForm is a message with its list as a form.
const exampleForm = `{"message": {"strategy": "sms_only", "text": {"body": "#{이름}님, 예약이 확정되었습니다."}}, "list": "이름,전화번호\n김하나,010-1234-5678\n이두리,010-2345-6789\n"}`

// places are what stands in a path, by the path up to there.
var places = map[string]string{
	"/v1/attachments/{id}": "att_", "/v1/contacts/{id}": "con_", "/v1/groups/{id}": "grp_", "/v1/groups/{id}/members/{contact}": "con_",
	"/v1/credit/payments/{id}": "pay_", "/v1/credit/payments/{id}/cancellations/{cancel}": "pcn_", "/v1/credit/usages/{id}": "usg_",
	"/v1/credit/refund-requests/{id}": "rfr_",
	"/v1/credit/withdrawals/{id}":     "wdr_", "/v1/invoices/{id}": "inv_", "/v1/messages/{id}": "msg_", "/v1/payment-methods/{id}": "pmt_",
	"/v1/erasures/{id}": "era_", "/v1/inbox/{id}": "let_", "/v1/inbox/runs/{id}": "run_", "/v1/invitations/{id}": "ivt_", "/v1/me/invitations/{id}": "ivt_", "/v1/me/tokens/{id}": "tok_", "/v1/sessions/{id}": "tok_",
	"/v1/sites/{id}/tokens/{token}": "tok_", "/v1/tokens/{id}": "tok_", "/v1/uploads/{id}": "upl_", "/v1/lists/{id}": "lst_", "/v1/saved-texts/{id}": "stx_", "/v1/users/{id}": "usr_", "/v1/webhook-endpoints/{id}": "whk_",
	"/v1/senders/{number}/documents/{id}": "doc_", "/v1/series/{id}": "ser_", "/payments/{id}": "pay_", "/payment-methods/{id}": "pmt_",

	"/v1/blocked-words/{word}": "카지노", "/v1/credit/statements/{month}": "2026-11", "/v1/tax-invoices/{month}": "2026-11",
	"/v1/kakao-channels/{name}": "@flowers", "/v1/kakao-channels/{name}/registrations/{provider}": "solapi", "/v1/opt-outs/{number}": "010-9876-5432",
	"/v1/plans/{id}": "gold", "/v1/policies/{name}": "lms-by-kakao", "/v1/providers/{name}": "solapi", "/v1/senders/{number}": "0261239999",
	"/v1/roles/{name}": "clerk", "/v1/sites/{id}": "flowers", "/v1/webhook-endpoints/{id}/deliveries/{sequence}": "1",
	"/v1/templates/{code}": "ORDER_01", "/webhooks/{provider}": "solapi", "/webhooks/payments/{gateway}": "toss",
}

// exampleID ends the ids of examples; their kind stands before it.
const exampleID = "01k9zqm0v8e4t9w2n7c5r3x6yb"

// expected are examples of parameters that have to be given.
var expected = map[string]string{"to": "010-1234-5678", "from": "2026-11-01", "provider": "solapi"}

// alike are the descriptions of parameters that mean the same wherever they are, for those
// whose operation says no more.
var alike = map[string]string{
	"format": "The form of the reply, instead of the Accept header.", "status": "Only what is in this state.", "kind": "Only what is of this kind.",
	"action": "An action, or its first words: template, template.updated.", "actor": "Whose changes: an id, a name, or a kind.", "ref": "Of which thing.",
	"state": "Only what is in this state.", "outcome": "Only those that came out so.", "provider": "The name of a provider account.", "from": "Not before this time.", "until": "Before this time.",
}

//go:embed replies.json
var replies []byte

// exemplify puts the examples into the document.
func (a *api) exemplify() {
	var answered map[string]json.RawMessage
	if err := json.Unmarshal(replies, &answered); err != nil {
		a.flaws = append(a.flaws, fmt.Errorf("read replies.json: %w", err))
	}
	for path, item := range a.huma.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			s := samples[op.OperationID]
			for i, p := range op.Parameters {
				if p.Ref == "" {
					op.Parameters[i] = exemplified(path, p, s)
				}
			}
			s.show(op)
			if r := op.Responses[fmt.Sprint(op.DefaultStatus)]; r != nil && r.Content["application/json"] != nil && r.Content["application/json"].Example == nil {
				if text := answered[op.OperationID]; text != nil {
					r.Content["application/json"].Example = text
				}
			}
		}
	}
}

// exemplified is a parameter with its example, as a copy: several operations may have one.
func exemplified(path string, p *huma.Param, s sample) *huma.Param {
	shown := *p
	text := s.query[p.Name]
	if p.In == "path" {
		before, _, _ := strings.Cut(path, "/{"+p.Name+"}")
		if text = places[before+"/{"+p.Name+"}"]; strings.HasSuffix(text, "_") {
			text += exampleID
		}
		if shown.Description == "" {
			shown.Description = "Such as " + text + "."
		}
	} else if text == "" && p.Required {
		text = expected[p.Name]
	}
	if text != "" {
		shown.Example = text
		if p.Schema != nil && p.Schema.Type == huma.TypeInteger {
			shown.Example = json.RawMessage(text)
		}
	}
	if shown.Description == "" {
		shown.Description = alike[p.Name]
	}
	if p.In == "query" && p.Schema != nil && p.Schema.Type == huma.TypeArray && shown.Style == "" {
		shown.Style = "form" // names with commas between them, unless it says otherwise
		if shown.Explode == nil {
			shown.Explode = new(false)
		}
	}
	return &shown
}

// show puts the example of a body where its operation shows none.
func (s sample) show(op *huma.Operation) {
	if op.RequestBody == nil {
		return
	}
	for _, media := range slices.Sorted(maps.Keys(op.RequestBody.Content)) {
		m := op.RequestBody.Content[media]
		switch {
		case m.Example != nil:
		case media == "multipart/form-data" && (op.OperationID == "sendMessage" || op.OperationID == "estimateMessage"):
			m.Example = json.RawMessage(exampleForm)
		case s.body != "" && (media == "application/json" || media == "multipart/form-data"):
			m.Example = json.RawMessage(s.body)
		case s.text != "":
			m.Example = s.text
		}
	}
}
