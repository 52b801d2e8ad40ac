package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
)

// asked is what a call put on the wire.
type asked struct{ Method, URI, Type, Body string }

func TestEachOperationAsksWhatTheContractSays(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	draft := client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "hi"}}
	hooks := "https://shop.example/hooks"
	const draftJSON = `{"strategy":"sms_only","text":{"body":"hi"}`
	for name, tt := range map[string]struct {
		call func(ctx context.Context, c *client.Client) error
		want asked
	}{
		"healthy":  {func(ctx context.Context, c *client.Client) error { return c.Healthy(ctx) }, asked{"GET", "/healthz", "", ""}},
		"send":     {func(ctx context.Context, c *client.Client) error { return last(c.Send(ctx, draft)) }, asked{"POST", "/v1/messages", "application/json", draftJSON + "}"}},
		"estimate": {func(ctx context.Context, c *client.Client) error { return last(c.Estimate(ctx, draft)) }, asked{"POST", "/v1/messages/estimate", "application/json", draftJSON + "}"}},
		"count":    {func(ctx context.Context, c *client.Client) error { return last(c.EstimateCount(ctx, draft, 7)) }, asked{"POST", "/v1/messages/estimate", "application/json", draftJSON + `,"recipient_count":7}`}},
		"message":  {func(ctx context.Context, c *client.Client) error { return last(c.Message(ctx, "msg_1")) }, asked{"GET", "/v1/messages/msg_1", "", ""}},
		"messages": {func(ctx context.Context, c *client.Client) error {
			return last(c.Messages(ctx, client.MessageFilter{Status: client.StatusPaused, Paging: client.Paging{Limit: 5, Cursor: "x="}}))
		}, asked{"GET", "/v1/messages?cursor=x%3D&limit=5&status=paused", "", ""}},
		"cancel":     {func(ctx context.Context, c *client.Client) error { return last(c.Cancel(ctx, "msg_1")) }, asked{"POST", "/v1/messages/msg_1/cancel", "", ""}},
		"pause":      {func(ctx context.Context, c *client.Client) error { return last(c.Pause(ctx, "msg_1")) }, asked{"POST", "/v1/messages/msg_1/pause", "", ""}},
		"resume":     {func(ctx context.Context, c *client.Client) error { return last(c.Resume(ctx, "msg_1")) }, asked{"POST", "/v1/messages/msg_1/resume", "", ""}},
		"reschedule": {func(ctx context.Context, c *client.Client) error { return last(c.Reschedule(ctx, "msg_1", at)) }, asked{"PATCH", "/v1/messages/msg_1", "application/json", `{"scheduled_at":"2026-12-01T00:00:00Z"}`}},
		"recipients": {func(ctx context.Context, c *client.Client) error {
			return last(c.Recipients(ctx, "msg_1", client.RecipientFilter{Status: "failed", To: "010"}))
		}, asked{"GET", "/v1/messages/msg_1/recipients?status=failed&to=010", "", ""}},
		"rejections": {func(ctx context.Context, c *client.Client) error {
			return last(c.Rejections(ctx, "msg_1", client.Paging{}))
		}, asked{"GET", "/v1/messages/msg_1/recipients?status=rejected", "", ""}},
		"trace": {func(ctx context.Context, c *client.Client) error { return last(c.Trace(ctx, "msg_1", "010-1")) }, asked{"GET", "/v1/messages/msg_1/trace?to=010-1", "", ""}},
		"send logs": {func(ctx context.Context, c *client.Client) error {
			return last(c.SendLogs(ctx, client.SendLogFilter{Message: "msg_1", Provider: "solapi", Until: at}))
		}, asked{"GET", "/v1/send-logs?message=msg_1&provider=solapi&until=2026-12-01T00%3A00%3A00Z", "", ""}},
		"audit": {func(ctx context.Context, c *client.Client) error {
			return last(c.Audit(ctx, client.AuditFilter{Action: "template", Actor: "tok_1", Ref: "A", From: at, Paging: client.Paging{Limit: 5}}))
		}, asked{"GET", "/v1/audit?action=template&actor=tok_1&from=2026-12-01T00%3A00%3A00Z&limit=5&ref=A", "", ""}},
		"export audit": {func(ctx context.Context, c *client.Client) error {
			return c.ExportAudit(ctx, client.AuditFilter{Until: at}, io.Discard)
		}, asked{"GET", "/v1/audit/export?until=2026-12-01T00%3A00%3A00Z", "", ""}},
		"audit seals": {func(ctx context.Context, c *client.Client) error {
			return last(c.AuditSeals(ctx, "2026-12-01", "2026-12-02", client.Paging{}))
		}, asked{"GET", "/v1/audit/seals?from=2026-12-01&until=2026-12-02", "", ""}},
		"begin upload": {func(ctx context.Context, c *client.Client) error { return last(c.BeginUpload(ctx)) }, asked{"POST", "/v1/uploads", "", ""}},
		"uploads":      {func(ctx context.Context, c *client.Client) error { return last(c.Uploads(ctx, client.Paging{})) }, asked{"GET", "/v1/uploads", "", ""}},
		"upload":       {func(ctx context.Context, c *client.Client) error { return last(c.Upload(ctx, "upl_1")) }, asked{"GET", "/v1/uploads/upl_1", "", ""}},
		"append upload": {func(ctx context.Context, c *client.Client) error {
			return last(c.AppendUpload(ctx, "upl_1", 7, []byte("x")))
		}, asked{"PATCH", "/v1/uploads/upl_1?offset=7", "application/octet-stream", "x"}},
		"send upload":   {func(ctx context.Context, c *client.Client) error { return last(c.SendUpload(ctx, "upl_1")) }, asked{"POST", "/v1/uploads/upl_1/send", "", ""}},
		"remove upload": {func(ctx context.Context, c *client.Client) error { return c.RemoveUpload(ctx, "upl_1") }, asked{"DELETE", "/v1/uploads/upl_1", "", ""}},
		"providers":     {func(ctx context.Context, c *client.Client) error { return last(c.Providers(ctx)) }, asked{"GET", "/v1/providers", "", ""}},
		"ask provider":  {func(ctx context.Context, c *client.Client) error { return last(c.AskProvider(ctx, "solapi")) }, asked{"POST", "/v1/providers/solapi/ask", "", ""}},
		"submit": {func(ctx context.Context, c *client.Client) error {
			return last(c.SubmitTemplate(ctx, "A", client.TemplateWish{Providers: []string{"solapi"}, Comment: "x"}))
		}, asked{"POST", "/v1/templates/A/submit", "application/json", `{"providers":["solapi"],"comment":"x"}`}},
		"withdraw template": {func(ctx context.Context, c *client.Client) error {
			return last(c.WithdrawTemplate(ctx, "A", client.TemplateWish{}))
		}, asked{"POST", "/v1/templates/A/withdraw", "application/json", `{}`}},
		"comment": {func(ctx context.Context, c *client.Client) error {
			return last(c.CommentTemplate(ctx, "A", client.TemplateWish{Comment: "x"}))
		}, asked{"POST", "/v1/templates/A/comments", "application/json", `{"comment":"x"}`}},
		"release": {func(ctx context.Context, c *client.Client) error {
			return last(c.ReleaseTemplate(ctx, "A", client.TemplateWish{}))
		}, asked{"POST", "/v1/templates/A/release", "application/json", `{}`}},
		"sync": {func(ctx context.Context, c *client.Client) error {
			return last(c.SyncTemplate(ctx, "A", client.TemplateWish{}))
		}, asked{"POST", "/v1/templates/A/sync", "application/json", `{}`}},
		"accounts":   {func(ctx context.Context, c *client.Client) error { return last(c.KakaoAccounts(ctx)) }, asked{"GET", "/v1/kakao-accounts", "", ""}},
		"categories": {func(ctx context.Context, c *client.Client) error { return last(c.ChannelCategories(ctx, "solapi")) }, asked{"GET", "/v1/kakao-channel-categories?provider=solapi", "", ""}},
		"claim channel": {func(ctx context.Context, c *client.Client) error {
			return last(c.ClaimKakaoChannel(ctx, "@a", "solapi", "01043218765", "1"))
		}, asked{"POST", "/v1/kakao-channels/@a/registrations", "application/json", `{"provider":"solapi","manager_phone":"01043218765","category":"1"}`}},
		"register channel": {func(ctx context.Context, c *client.Client) error {
			return last(c.RegisterKakaoChannel(ctx, "@a", "solapi", "123456"))
		},
			asked{"POST", "/v1/kakao-channels/@a/registrations/solapi", "application/json", `{"token":"123456"}`}},
		"credit":         {func(ctx context.Context, c *client.Client) error { return last(c.Credit(ctx)) }, asked{"GET", "/v1/credit", "", ""}},
		"entries":        {func(ctx context.Context, c *client.Client) error { return last(c.Entries(ctx, client.Paging{})) }, asked{"GET", "/v1/credit/entries", "", ""}},
		"latest entries": {func(ctx context.Context, c *client.Client) error { return last(c.LatestEntries(ctx, client.Paging{})) }, asked{"GET", "/v1/credit/entries?order=newest", "", ""}},
		"latest usages": {func(ctx context.Context, c *client.Client) error {
			return last(c.Usages(ctx, client.UsageFilter{NewestFirst: true}))
		}, asked{"GET", "/v1/credit/usages?order=newest", "", ""}},
		"usages": {func(ctx context.Context, c *client.Client) error {
			return last(c.Usages(ctx, client.UsageFilter{Message: "msg_1"}))
		}, asked{"GET", "/v1/credit/usages?message=msg_1", "", ""}},
		"signing keys": {func(ctx context.Context, c *client.Client) error { return last(c.SigningKeys(ctx)) }, asked{"GET", "/v1/credit/signing-key", "", ""}},
		"statements": {func(ctx context.Context, c *client.Client) error {
			return last(c.Statements(ctx, client.Paging{Limit: 2}))
		}, asked{"GET", "/v1/credit/statements?limit=2", "", ""}},
		"statement": {func(ctx context.Context, c *client.Client) error { return last(c.Statement(ctx, "2026-12")) }, asked{"GET", "/v1/credit/statements/2026-12", "", ""}},
		"receipt":   {func(ctx context.Context, c *client.Client) error { return last(c.Receipt(ctx, "pay_1")) }, asked{"GET", "/v1/credit/payments/pay_1/receipt", "", ""}},
		"receipt file": {func(ctx context.Context, c *client.Client) error {
			return c.ReceiptFile(ctx, "pay_1", "html", io.Discard)
		}, asked{"GET", "/v1/credit/payments/pay_1/receipt?format=html", "", ""}},
		"statement file": {func(ctx context.Context, c *client.Client) error {
			return c.StatementFile(ctx, "2026-12", "xlsx", io.Discard)
		}, asked{"GET", "/v1/credit/statements/2026-12?format=xlsx", "", ""}},
		"export": {func(ctx context.Context, c *client.Client) error {
			return c.ExportEntries(ctx, client.EntryRange{From: "2026-12-01", Format: "csv", Notes: true}, io.Discard)
		}, asked{"GET", "/v1/credit/entries/export?format=csv&from=2026-12-01&notes=true", "", ""}},
		"billing profile": {func(ctx context.Context, c *client.Client) error { return last(c.BillingProfile(ctx)) }, asked{"GET", "/v1/billing-profile", "", ""}},
		"put billing profile": {func(ctx context.Context, c *client.Client) error {
			return last(c.PutBillingProfile(ctx, client.BillingProfile{Name: "꽃집", Paper: "none"}))
		}, asked{"PUT", "/v1/billing-profile", "application/json", `{"name":"꽃집","paper":"none"}`}},
		"tax invoices": {func(ctx context.Context, c *client.Client) error { return last(c.TaxInvoices(ctx, "2026-12")) }, asked{"GET", "/v1/tax-invoices/2026-12", "", ""}},
		"tax file": {func(ctx context.Context, c *client.Client) error {
			return c.TaxInvoicesFile(ctx, "2026-12", 2, io.Discard)
		}, asked{"GET", "/v1/tax-invoices/2026-12?file=2&format=xlsx", "", ""}},
		"issue tax invoices": {func(ctx context.Context, c *client.Client) error { return last(c.IssueTaxInvoices(ctx, "2026-12")) }, asked{"POST", "/v1/tax-invoices/2026-12/issue", "", ""}},
		"gateways":           {func(ctx context.Context, c *client.Client) error { return last(c.Gateways(ctx)) }, asked{"GET", "/v1/payment-gateways", "", ""}},
		"payments": {func(ctx context.Context, c *client.Client) error {
			return last(c.Payments(ctx, client.PaymentFilter{Status: "paid"}))
		}, asked{"GET", "/v1/credit/payments?status=paid", "", ""}},
		"payment": {func(ctx context.Context, c *client.Client) error { return last(c.Payment(ctx, "pay_1")) }, asked{"GET", "/v1/credit/payments/pay_1", "", ""}},
		"pay": {func(ctx context.Context, c *client.Client) error {
			return last(c.Pay(ctx, client.NewPayment{Method: "card", Amount: "50000", ReturnURL: "https://x.example/"}))
		}, asked{"POST", "/v1/credit/payments", "application/json", `{"method":"card","amount":"50000","return_url":"https://x.example/"}`}},
		"cancel payment": {func(ctx context.Context, c *client.Client) error {
			return last(c.CancelPayment(ctx, "pay_1", client.CancelRequest{Amount: "1000", Reason: "r"}))
		}, asked{"POST", "/v1/credit/payments/pay_1/cancel", "application/json", `{"amount":"1000","reason":"r"}`}},
		"withdrawals": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("*").Withdrawals(ctx, client.WithdrawalFilter{Status: "requested"}))
		}, asked{"GET", "/v1/credit/withdrawals?site=%2A&status=requested", "", ""}},
		"withdrawal": {func(ctx context.Context, c *client.Client) error { return last(c.Withdrawal(ctx, "wdr_1")) }, asked{"GET", "/v1/credit/withdrawals/wdr_1", "", ""}},
		"withdraw": {func(ctx context.Context, c *client.Client) error {
			return last(c.Withdraw(ctx, client.NewWithdrawal{Amount: "1000", Reason: "r", To: &client.BankAccount{Bank: "20", Number: "1", Holder: "h"}}))
		}, asked{"POST", "/v1/credit/withdrawals", "application/json", `{"amount":"1000","reason":"r","to":{"bank":"20","number":"1","holder":"h"}}`}},
		"take withdrawal back": {func(ctx context.Context, c *client.Client) error {
			return last(c.CancelWithdrawal(ctx, "wdr_1"))
		}, asked{"POST", "/v1/credit/withdrawals/wdr_1/cancel", "", ""}},
		"approve withdrawal": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").ApproveWithdrawal(ctx, "wdr_1"))
		}, asked{"POST", "/v1/credit/withdrawals/wdr_1/approve?site=shop", "", ""}},
		"reject withdrawal": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").RejectWithdrawal(ctx, "wdr_1", "r"))
		}, asked{"POST", "/v1/credit/withdrawals/wdr_1/reject?site=shop", "application/json", `{"reason":"r"}`}},
		"payment methods": {func(ctx context.Context, c *client.Client) error { return last(c.PaymentMethods(ctx)) }, asked{"GET", "/v1/payment-methods", "", ""}},
		"payment method":  {func(ctx context.Context, c *client.Client) error { return last(c.PaymentMethod(ctx, "pmt_1")) }, asked{"GET", "/v1/payment-methods/pmt_1", "", ""}},
		"add payment method": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddPaymentMethod(ctx, client.NewPaymentMethod{ReturnURL: "https://x.example/"}))
		}, asked{"POST", "/v1/payment-methods", "application/json", `{"return_url":"https://x.example/"}`}},
		"no payment method": {func(ctx context.Context, c *client.Client) error { return c.RemovePaymentMethod(ctx, "pmt_1") }, asked{"DELETE", "/v1/payment-methods/pmt_1", "", ""}},
		"recharge": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetAutoRecharge(ctx, client.AutoRecharge{Enabled: true, Threshold: "1", Amount: "1000"}))
		}, asked{"PUT", "/v1/credit/auto-recharge", "application/json", `{"enabled":true,"threshold":"1","amount":"1000"}`}},
		"price history": {func(ctx context.Context, c *client.Client) error {
			return last(c.PriceHistory(ctx, client.PriceFilter{State: "planned", Paging: client.Paging{Limit: 5}}))
		}, asked{"GET", "/v1/credit/prices?limit=5&state=planned", "", ""}},
		"sites":         {func(ctx context.Context, c *client.Client) error { return last(c.Sites(ctx, client.Paging{Limit: 2})) }, asked{"GET", "/v1/sites?limit=2", "", ""}},
		"site":          {func(ctx context.Context, c *client.Client) error { return last(c.Site(ctx, "a")) }, asked{"GET", "/v1/sites/a", "", ""}},
		"ask erasure":   {func(ctx context.Context, c *client.Client) error { return last(c.AskErasure(ctx, "010")) }, asked{"POST", "/v1/erasures", "application/json", `{"to":"010"}`}},
		"erasures":      {func(ctx context.Context, c *client.Client) error { return last(c.Erasures(ctx, client.Paging{})) }, asked{"GET", "/v1/erasures", "", ""}},
		"erasure":       {func(ctx context.Context, c *client.Client) error { return last(c.Erasure(ctx, "era_1")) }, asked{"GET", "/v1/erasures/era_1", "", ""}},
		"retention":     {func(ctx context.Context, c *client.Client) error { return last(c.Retention(ctx)) }, asked{"GET", "/v1/retention", "", ""}},
		"put retention": {func(ctx context.Context, c *client.Client) error { return last(c.PutRetention(ctx, 90)) }, asked{"PUT", "/v1/retention", "application/json", `{"days":90}`}},
		"erase site":    {func(ctx context.Context, c *client.Client) error { return last(c.EraseSite(ctx, "a", "x", true)) }, asked{"POST", "/v1/sites/a/erase", "application/json", `{"confirm":"a","reason":"x","forfeit":true}`}},
		"open site": {func(ctx context.Context, c *client.Client) error {
			return last(c.OpenSite(ctx, client.NewSite{ID: "a", Name: "A"}))
		}, asked{"POST", "/v1/sites", "application/json", `{"id":"a","name":"A"}`}},
		"change site": {func(ctx context.Context, c *client.Client) error {
			w := 3
			return last(c.ChangeSite(ctx, "a", client.SiteChange{Weight: &w}))
		}, asked{"PATCH", "/v1/sites/a", "application/json", `{"weight":3}`}},
		"top up site": {func(ctx context.Context, c *client.Client) error {
			return last(c.TopUpSite(ctx, "a", client.SiteTopUp{Amount: "-1", Kind: "adjustment", Reason: "x"}))
		}, asked{"POST", "/v1/sites/a/credit", "application/json", `{"amount":"-1","kind":"adjustment","reason":"x"}`}},
		"site prices": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetSitePrices(ctx, "a", client.Rates{"sms": nil}, at))
		}, asked{"POST", "/v1/sites/a/prices", "application/json", `{"prices":{"sms":null},"since":"2026-12-01T00:00:00Z"}`}},
		"site plan": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetSitePlan(ctx, "a", "", time.Time{}))
		}, asked{"PUT", "/v1/sites/a/plan", "application/json", `{"plan":null}`}},
		"installation prices": {func(ctx context.Context, c *client.Client) error { return last(c.InstallationPrices(ctx)) }, asked{"GET", "/v1/prices", "", ""}},
		"set installation prices": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetInstallationPrices(ctx, client.Rates{"sms": nil}, time.Time{}))
		}, asked{"POST", "/v1/prices", "application/json", `{"prices":{"sms":null}}`}},
		"plans": {func(ctx context.Context, c *client.Client) error { return last(c.Plans(ctx, client.Paging{})) }, asked{"GET", "/v1/plans", "", ""}},
		"plan":  {func(ctx context.Context, c *client.Client) error { return last(c.Plan(ctx, "gold")) }, asked{"GET", "/v1/plans/gold", "", ""}},
		"add plan": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddPlan(ctx, "gold", "골드", client.Rates{"sms": new(client.Amount("15.00"))}))
		}, asked{"POST", "/v1/plans", "application/json", `{"id":"gold","name":"골드","prices":{"sms":"15.00"}}`}},
		"rename plan": {func(ctx context.Context, c *client.Client) error { return last(c.RenamePlan(ctx, "gold", "금")) }, asked{"PUT", "/v1/plans/gold", "application/json", `{"name":"금"}`}},
		"no plan":     {func(ctx context.Context, c *client.Client) error { return c.RemovePlan(ctx, "gold") }, asked{"DELETE", "/v1/plans/gold", "", ""}},
		"set plan prices": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetPlanPrices(ctx, "gold", client.Rates{"sms": nil}, at))
		}, asked{"POST", "/v1/plans/gold/prices", "application/json", `{"prices":{"sms":null},"since":"2026-12-01T00:00:00Z"}`}},
		"plan prices": {func(ctx context.Context, c *client.Client) error {
			return last(c.PlanPrices(ctx, "gold", client.PriceFilter{}))
		}, asked{"GET", "/v1/plans/gold/prices", "", ""}},
		"templates": {func(ctx context.Context, c *client.Client) error { return last(c.Templates(ctx, client.Paging{})) }, asked{"GET", "/v1/templates", "", ""}},
		"stats": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("*").Stats(ctx, client.StatsQuery{From: "2026-11-01", GroupBy: []string{"day", "channel"}}))
		}, asked{"GET", "/v1/stats?from=2026-11-01&group_by=day%2Cchannel&site=%2A", "", ""}},
		"usual stats": {func(ctx context.Context, c *client.Client) error { return last(c.Stats(ctx, client.StatsQuery{})) }, asked{"GET", "/v1/stats", "", ""}},
		"add attachment": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddAttachment(ctx, client.NewAttachment{Name: "봄 세일.png", Content: []byte("png"), Resize: true}))
		}, asked{"POST", "/v1/attachments?name=%EB%B4%84+%EC%84%B8%EC%9D%BC.png&resize=true", "application/octet-stream", "png"}},
		"add plain attachment": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddAttachment(ctx, client.NewAttachment{Content: []byte("jpeg")}))
		}, asked{"POST", "/v1/attachments", "application/octet-stream", "jpeg"}},
		"send an mms": {func(ctx context.Context, c *client.Client) error {
			return last(c.Send(ctx, client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "hi", Attachments: []string{"att_1"}}}))
		}, asked{"POST", "/v1/messages", "application/json", `{"strategy":"sms_only","text":{"body":"hi","attachments":["att_1"]}}`}},
		"attachments": {func(ctx context.Context, c *client.Client) error {
			return last(c.Attachments(ctx, client.Paging{Limit: 2}))
		}, asked{"GET", "/v1/attachments?limit=2", "", ""}},
		"attachment": {func(ctx context.Context, c *client.Client) error { return last(c.Attachment(ctx, "att_1")) }, asked{"GET", "/v1/attachments/att_1", "", ""}},
		"attachment content": {func(ctx context.Context, c *client.Client) error {
			return last(c.AttachmentContent(ctx, "att_1"))
		}, asked{"GET", "/v1/attachments/att_1/content", "", ""}},
		"no attachment": {func(ctx context.Context, c *client.Client) error { return c.RemoveAttachment(ctx, "att_1") }, asked{"DELETE", "/v1/attachments/att_1", "", ""}},
		"add template": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddTemplate(ctx, client.Template{Code: "A", Channel: "@d", Body: "b"}))
		}, asked{"POST", "/v1/templates", "application/json", `{"code":"A","channel":"@d","body":"b"}`}},
		"put template": {func(ctx context.Context, c *client.Client) error {
			return last(c.PutTemplate(ctx, client.Template{Code: "A", Channel: "@d", Body: "b"}))
		}, asked{"PUT", "/v1/templates/A", "application/json", `{"code":"A","channel":"@d","body":"b"}`}},
		"no template": {func(ctx context.Context, c *client.Client) error { return c.RemoveTemplate(ctx, "A") }, asked{"DELETE", "/v1/templates/A", "", ""}},
		"opt-outs": {func(ctx context.Context, c *client.Client) error {
			return last(c.OptOuts(ctx, client.Paging{Limit: 5}))
		}, asked{"GET", "/v1/opt-outs?limit=5", "", ""}},
		"opt-out": {func(ctx context.Context, c *client.Client) error { return last(c.OptOut(ctx, "010-1")) }, asked{"GET", "/v1/opt-outs/010-1", "", ""}},
		"add opt-out": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddOptOut(ctx, client.OptOut{To: "010-1", Scope: "all"}))
		}, asked{"POST", "/v1/opt-outs", "application/json", `{"to":"010-1","scope":"all"}`}},
		"no opt-out": {func(ctx context.Context, c *client.Client) error { return c.RemoveOptOut(ctx, "010-1") }, asked{"DELETE", "/v1/opt-outs/010-1", "", ""}},
		"caps":       {func(ctx context.Context, c *client.Client) error { return last(c.Caps(ctx)) }, asked{"GET", "/v1/credit/caps", "", ""}},
		"set caps": {func(ctx context.Context, c *client.Client) error {
			var l client.CapLimits
			l.Recipients.Day, l.Won.Month = new(int64(100)), new(client.Amount("5000"))
			return last(c.SetCaps(ctx, l))
		}, asked{"PUT", "/v1/credit/caps", "application/json", `{"recipients":{"day":100},"won":{"month":"5000"}}`}},
		"compliance":    {func(ctx context.Context, c *client.Client) error { return last(c.Compliance(ctx, "msg_1", "010-1")) }, asked{"GET", "/v1/messages/msg_1/compliance?to=010-1", "", ""}},
		"blocked words": {func(ctx context.Context, c *client.Client) error { return last(c.BlockedWords(ctx, client.Paging{})) }, asked{"GET", "/v1/blocked-words", "", ""}},
		"sending rules": {func(ctx context.Context, c *client.Client) error { return last(c.SendingRules(ctx)) }, asked{"GET", "/v1/sending-rules", "", ""}},
		"set sending rules": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetSendingRules(ctx, client.SendingRulesChange{OptOutNumber: new("080-123-4567")}))
		}, asked{"PUT", "/v1/sending-rules", "application/json", `{"opt_out_number":"080-123-4567"}`}},
		"set policy": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetPolicy(ctx, "lms", []client.PolicyStep{{Send: "alimtalk", When: &client.When{TextIs: []string{"lms"}}}, {Send: "text"}}))
		}, asked{"PUT", "/v1/policies/lms", "application/json", `{"steps":[{"send":"alimtalk","when":{"text_is":["lms"]}},{"send":"text"}]}`}},
		"policies":  {func(ctx context.Context, c *client.Client) error { return last(c.Policies(ctx, client.Paging{})) }, asked{"GET", "/v1/policies", "", ""}},
		"policy":    {func(ctx context.Context, c *client.Client) error { return last(c.Policy(ctx, "lms")) }, asked{"GET", "/v1/policies/lms", "", ""}},
		"no policy": {func(ctx context.Context, c *client.Client) error { return c.RemovePolicy(ctx, "lms") }, asked{"DELETE", "/v1/policies/lms", "", ""}},
		"resend":    {func(ctx context.Context, c *client.Client) error { return last(c.ResendFailed(ctx, "msg_1")) }, asked{"POST", "/v1/messages/msg_1/resend-failed", "", ""}},
		"approve":   {func(ctx context.Context, c *client.Client) error { return last(c.Approve(ctx, "msg_1")) }, asked{"POST", "/v1/messages/msg_1/approve", "", ""}},
		"reject":    {func(ctx context.Context, c *client.Client) error { return last(c.Reject(ctx, "msg_1", "no")) }, asked{"POST", "/v1/messages/msg_1/reject", "application/json", `{"reason":"no"}`}},
		"send a test": {func(ctx context.Context, c *client.Client) error {
			return last(c.SendTest(ctx, client.Draft{Strategy: client.ByPolicy, Policy: "lms", SendWindow: &client.Hours{From: "09:00", Until: "18:00"}, PerMinute: 60}))
		}, asked{"POST", "/v1/messages/test", "application/json", `{"strategy":"policy","policy":"lms","send_window":{"from":"09:00","until":"18:00"},"per_minute":60}`}},
		"add sender document": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddSenderDocument(ctx, "02", "other", "a b.pdf", []byte("%PDF-")))
		}, asked{"POST", "/v1/senders/02/documents?kind=other&name=a+b.pdf", "application/octet-stream", "%PDF-"}},
		"sender documents":   {func(ctx context.Context, c *client.Client) error { return last(c.SenderDocuments(ctx, "02")) }, asked{"GET", "/v1/senders/02/documents", "", ""}},
		"no sender document": {func(ctx context.Context, c *client.Client) error { return c.RemoveSenderDocument(ctx, "02", "doc_1") }, asked{"DELETE", "/v1/senders/02/documents/doc_1", "", ""}},
		"default sender":     {func(ctx context.Context, c *client.Client) error { return last(c.MakeSenderDefault(ctx, "02")) }, asked{"POST", "/v1/senders/02/default", "", ""}},
		"senders waiting": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("*").SendersIn(ctx, "requested", client.Paging{}))
		}, asked{"GET", "/v1/senders?site=%2A&state=requested", "", ""}},
		"request sender": {func(ctx context.Context, c *client.Client) error { return last(c.RequestSender(ctx, "02")) }, asked{"POST", "/v1/senders/02/request", "", ""}},
		"senders":        {func(ctx context.Context, c *client.Client) error { return last(c.Senders(ctx, client.Paging{})) }, asked{"GET", "/v1/senders", "", ""}},
		"add sender": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddSender(ctx, client.Sender{Number: "0261234567"}))
		}, asked{"POST", "/v1/senders", "application/json", `{"number":"0261234567"}`}},
		"no sender": {func(ctx context.Context, c *client.Client) error { return c.RemoveSender(ctx, "02") }, asked{"DELETE", "/v1/senders/02", "", ""}},
		"channels":  {func(ctx context.Context, c *client.Client) error { return last(c.KakaoChannels(ctx, client.Paging{})) }, asked{"GET", "/v1/kakao-channels", "", ""}},
		"add channel": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddKakaoChannel(ctx, client.KakaoChannel{Name: "@demo", SenderKey: "k"}))
		}, asked{"POST", "/v1/kakao-channels", "application/json", `{"name":"@demo","sender_key":"k"}`}},
		"no channel": {func(ctx context.Context, c *client.Client) error { return c.RemoveKakaoChannel(ctx, "@demo") }, asked{"DELETE", "/v1/kakao-channels/@demo", "", ""}},
		"endpoints": {func(ctx context.Context, c *client.Client) error {
			return last(c.WebhookEndpoints(ctx, client.Paging{Limit: 5}))
		}, asked{"GET", "/v1/webhook-endpoints?limit=5", "", ""}},
		"endpoint": {func(ctx context.Context, c *client.Client) error { return last(c.WebhookEndpoint(ctx, "whk_1")) }, asked{"GET", "/v1/webhook-endpoints/whk_1", "", ""}},
		"add endpoint": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddWebhookEndpoint(ctx, client.NewWebhookEndpoint{URL: hooks, Topics: []string{"message.*"}}))
		}, asked{"POST", "/v1/webhook-endpoints", "application/json", `{"url":"https://shop.example/hooks","topics":["message.*"]}`}},
		"set endpoint": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetWebhookEndpoint(ctx, "whk_1", client.WebhookChange{URL: &hooks}))
		}, asked{"PATCH", "/v1/webhook-endpoints/whk_1", "application/json", `{"url":"https://shop.example/hooks"}`}},
		"no endpoint":      {func(ctx context.Context, c *client.Client) error { return c.RemoveWebhookEndpoint(ctx, "whk_1") }, asked{"DELETE", "/v1/webhook-endpoints/whk_1", "", ""}},
		"rotate secret":    {func(ctx context.Context, c *client.Client) error { return last(c.RotateWebhookSecret(ctx, "whk_1")) }, asked{"POST", "/v1/webhook-endpoints/whk_1/rotate-secret", "", ""}},
		"enable endpoint":  {func(ctx context.Context, c *client.Client) error { return last(c.EnableWebhookEndpoint(ctx, "whk_1")) }, asked{"POST", "/v1/webhook-endpoints/whk_1/enable", "", ""}},
		"disable endpoint": {func(ctx context.Context, c *client.Client) error { return last(c.DisableWebhookEndpoint(ctx, "whk_1")) }, asked{"POST", "/v1/webhook-endpoints/whk_1/disable", "", ""}},
		"test endpoint":    {func(ctx context.Context, c *client.Client) error { return last(c.TestWebhookEndpoint(ctx, "whk_1")) }, asked{"POST", "/v1/webhook-endpoints/whk_1/test", "", ""}},
		"deliveries": {func(ctx context.Context, c *client.Client) error {
			return last(c.WebhookDeliveries(ctx, "whk_1", client.DeliveryFilter{State: "failed", Type: "message.*", From: at}))
		}, asked{"GET", "/v1/webhook-endpoints/whk_1/deliveries?from=2026-12-01T00%3A00%3A00Z&state=failed&type=message.%2A", "", ""}},
		"delivery": {func(ctx context.Context, c *client.Client) error { return last(c.WebhookDelivery(ctx, "whk_1", 7)) }, asked{"GET", "/v1/webhook-endpoints/whk_1/deliveries/7", "", ""}},
		"replay": {func(ctx context.Context, c *client.Client) error {
			return last(c.ReplayWebhooks(ctx, "whk_1", client.WebhookReplay{Deliveries: []int64{1, 3}}))
		}, asked{"POST", "/v1/webhook-endpoints/whk_1/replay", "application/json", `{"deliveries":[1,3]}`}},
		"events": {func(ctx context.Context, c *client.Client) error {
			return last(c.Events(ctx, client.EventFilter{Ref: "msg_1", Until: at}))
		}, asked{"GET", "/v1/events?ref=msg_1&until=2026-12-01T00%3A00%3A00Z", "", ""}},
		"event types": {func(ctx context.Context, c *client.Client) error { return last(c.EventTypes(ctx)) }, asked{"GET", "/v1/events/types", "", ""}},
	} {
		t.Run(name, func(t *testing.T) { asks(t, tt.call, tt.want) })
	}
}

// asks makes a call to a server that answers {}, and compares what was put on the wire.
func asks(t *testing.T, call func(ctx context.Context, c *client.Client) error, want asked) {
	t.Helper()
	var got asked
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = asked{r.Method, r.RequestURI, r.Header.Get("Content-Type"), string(body)}
		if key := r.Header.Get("Idempotency-Key"); (key != "") != (r.Method != "GET") {
			t.Errorf("%s carries the key %q", r.Method, key)
		}
		if token := r.Header.Get("Authorization"); token != "Bearer cm_test_x" {
			t.Errorf("Authorization: %q", token)
		}
		io.WriteString(w, `{}`)
	})
	if err := call(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func last[T any](_ T, err error) error { return err }

func TestASentMessageIsReadWhole(t *testing.T) {
	const raw = `{"id":"msg_01k","status":"accepted","strategy":"alimtalk_first","recipients":{"total":4,"accepted":1,"duplicate":1,"rejected":2},
		"rejections":[{"index":2,"to":"x","code":"invalid_number","detail":"no number"}],"rejected_by_code":{"invalid_number":2},"rejections_truncated":true,
		"duplicates":[{"index":1,"to":"010-1","first_index":0}],"planned":{"alimtalk":1,"sms":0,"lms":0,"mms":0},"fallback":{"sms":1,"lms":0,"mms":0},
		"estimated_cost":"9.00","held":"18.00","scheduled_at":null,"created_at":"2026-11-22T05:00:00.123456Z","metadata":{"n":1},"new_member":true}`
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, raw)
	})
	got, err := c.Send(t.Context(), client.Draft{})
	if err != nil {
		t.Fatal(err)
	}
	want := client.Message{ID: "msg_01k", Status: client.StatusAccepted, Strategy: client.AlimtalkFirst,
		Recipients:     client.Tally{Total: 4, Accepted: 1, Duplicate: 1, Rejected: 2},
		Rejections:     []client.Rejection{{Index: 2, To: "x", Code: "invalid_number", Detail: "no number"}},
		RejectedByCode: map[string]int64{"invalid_number": 2}, RejectionsTruncated: true,
		Duplicates: []client.Duplicate{{Index: 1, To: "010-1", FirstIndex: 0}},
		Planned:    client.PerChannel{Alimtalk: 1}, Fallback: client.PerChannel{SMS: 1},
		EstimatedCost: "9.00", Held: "18.00", CreatedAt: time.Date(2026, 11, 22, 5, 0, 0, 123456000, time.UTC),
		Metadata: map[string]any{"n": 1.0}, Replayed: true, Raw: json.RawMessage(raw)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestALongReplyIsHandedOnOnceAndABrokenOneIsAnError(t *testing.T) {
	tries := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tries++
		io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		if r.FormValue("until") != "" {
			panic(http.ErrAbortHandler) // the connection is cut
		}
	})
	for _, until := range []string{"", "2026-12-01"} {
		var got strings.Builder
		err := c.ExportEntries(t.Context(), client.EntryRange{Until: until}, &got)
		if got.String() != "first\n" || (err != nil) != (until != "") {
			t.Errorf("until %q: %q, %v; want one line, and an error if it was cut", until, got.String(), err)
		}
	}
	if tries != 2 {
		t.Errorf("%d tries, want one for each: what was handed on cannot be taken back", tries)
	}
	c = serve(t, func(w http.ResponseWriter, _ *http.Request) { problem(w, 422, "validation") })
	if err := c.StatementFile(t.Context(), "x", "csv", io.Discard); !client.IsProblem(err, "validation") {
		t.Errorf("a refusal: %v", err)
	}
}

func TestATraceEventKeepsMembersThatItDoesNotName(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"data":[{"at":"2026-11-22T05:00:00Z","kind":"attempt","provider":"solapi"}]}`)
	})
	events, err := c.Trace(t.Context(), "msg_1", "010")
	if err != nil || len(events) != 1 || events[0].Kind != "attempt" || string(events[0].Raw) != `{"at":"2026-11-22T05:00:00Z","kind":"attempt","provider":"solapi"}` {
		t.Errorf("Trace = %+v, %v", events, err)
	}
}

func TestAllWalksEveryPageAndStopsAtAnError(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.FormValue("cursor") {
		case "":
			io.WriteString(w, `{"data":[{"seq":1},{"seq":2}],"has_more":true,"next_cursor":"a"}`)
		case "a":
			io.WriteString(w, `{"data":[{"seq":3}],"has_more":true,"next_cursor":"b"}`)
		default:
			problem(w, 422, "validation")
		}
	})
	var got []int64
	var failed error
	for e, err := range client.All(func(p client.Paging) (client.Page[client.Entry], error) { return c.Entries(t.Context(), p) }) {
		if err != nil {
			failed = err
			continue
		}
		got = append(got, e.Seq)
	}
	if diff := cmp.Diff([]int64{1, 2, 3}, got); diff != "" || !client.IsProblem(failed, "validation") {
		t.Errorf("%s, then %v; want the problem", diff, failed)
	}
}

func TestAllEndsWhenTheCursorStandsStill(t *testing.T) {
	pages := 0
	for range client.All(func(client.Paging) (client.Page[int], error) {
		pages++
		return client.Page[int]{Data: []int{1}, HasMore: true, NextCursor: "same"}, nil
	}) {
	}
	if pages != 2 {
		t.Errorf("asked for %d pages, want 2", pages)
	}
}

func TestWaitRidesOutAnOutageAndEndsWithTheMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		c, stop := serveInMemory(t, client.Options{Retries: -1}, func(w http.ResponseWriter, r *http.Request) {
			looks++
			switch {
			case looks == 1:
				io.WriteString(w, `{"id":"msg_1","status":"accepted","counts":{"pending":2}}`)
			case looks < 5:
				problem(w, 503, "unavailable")
			default:
				io.WriteString(w, `{"id":"msg_1","status":"done","counts":{"delivered":2}}`)
			}
		})
		defer stop()
		var seen []string
		m, err := c.Wait(t.Context(), "msg_1", func(m client.Message, err error) {
			word := string(m.Status)
			if err != nil {
				word += "?"
			}
			seen = append(seen, word)
		})
		if err != nil || m.Status != client.StatusDone || m.Counts.Delivered != 2 {
			t.Fatalf("Wait = %+v, %v; want done", m, err)
		}
		if diff := cmp.Diff([]string{"accepted", "accepted?", "accepted?", "accepted?", "done"}, seen); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWaitEndsWithItsContextAndGivesTheLastMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, stop := serveInMemory(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"id":"msg_1","status":"accepted"}`)
		})
		defer stop()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		m, err := c.Wait(ctx, "msg_1", nil)
		if err != context.DeadlineExceeded || m.ID != "msg_1" {
			t.Errorf("Wait = %+v, %v; want msg_1 and the deadline", m, err)
		}
	})
}

func TestWaitDoesNotRideOutARefusal(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { problem(w, 404, "not_found") })
	if _, err := c.Wait(t.Context(), "msg_1", nil); !client.IsProblem(err, "not_found") {
		t.Errorf("Wait: %v, want not_found", err)
	}
}
