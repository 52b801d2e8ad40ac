package client_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
)

// TestEachOperationOfBookSeriesAndOperatorAsksWhatTheContractSays is for what stands in
// contact.go, group.go, series.go, operator.go and invoice.go.
func TestEachOperationOfBookSeriesAndOperatorAsksWhatTheContractSays(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	draft := client.SeriesDraft{Name: "n", Cron: "0 9 * * 1", EndsAt: at, Message: client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "hi"}}}
	const draftJSON = `{"name":"n","cron":"0 9 * * 1","ends_at":"2026-12-01T00:00:00Z","message":{"strategy":"sms_only","text":{"body":"hi"}}}`
	for name, tt := range map[string]struct {
		call func(ctx context.Context, c *client.Client) error
		want asked
	}{
		"contacts": {func(ctx context.Context, c *client.Client) error {
			return last(c.Contacts(ctx, client.ContactFilter{To: "010", Paging: client.Paging{Limit: 2}}))
		}, asked{"GET", "/v1/contacts?limit=2&to=010", "", ""}},
		"add contact": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddContact(ctx, client.Contact{ID: "not sent", To: "010", Name: "김", Variables: map[string]string{"a": "b"}, Consent: &client.Consent{At: at, Night: true}, Groups: []string{"grp_1"}}))
		}, asked{"POST", "/v1/contacts", "application/json", `{"to":"010","name":"김","variables":{"a":"b"},"consent":{"at":"2026-12-01T00:00:00Z","night":true},"groups":["grp_1"]}`}},
		"put contact": {func(ctx context.Context, c *client.Client) error {
			return last(c.PutContact(ctx, client.Contact{ID: "con_1", To: "010", Groups: []string{"not sent"}}))
		}, asked{"PUT", "/v1/contacts/con_1", "application/json", `{"to":"010"}`}},
		"export":       {func(ctx context.Context, c *client.Client) error { return c.ExportContacts(ctx, "xlsx", io.Discard) }, asked{"GET", "/v1/contacts/export?format=xlsx", "", ""}},
		"rename group": {func(ctx context.Context, c *client.Client) error { return last(c.RenameGroup(ctx, "grp_1", "VIP")) }, asked{"PUT", "/v1/groups/grp_1", "application/json", `{"name":"VIP"}`}},
		"add members": {func(ctx context.Context, c *client.Client) error {
			return last(c.AddMembers(ctx, "grp_1", "con_1", "con_2"))
		},
			asked{"POST", "/v1/groups/grp_1/members", "application/json", `{"contacts":["con_1","con_2"]}`}},
		"remove member": {func(ctx context.Context, c *client.Client) error { return c.RemoveMember(ctx, "grp_1", "con_1") }, asked{"DELETE", "/v1/groups/grp_1/members/con_1", "", ""}},
		"export members": {func(ctx context.Context, c *client.Client) error {
			return c.ExportMembers(ctx, "grp_1", "", io.Discard)
		}, asked{"GET", "/v1/groups/grp_1/export", "", ""}},
		"add series":    {func(ctx context.Context, c *client.Client) error { return last(c.AddSeries(ctx, draft)) }, asked{"POST", "/v1/series", "application/json", draftJSON}},
		"put series":    {func(ctx context.Context, c *client.Client) error { return last(c.PutSeries(ctx, "ser_1", draft)) }, asked{"PUT", "/v1/series/ser_1", "application/json", draftJSON}},
		"pause series":  {func(ctx context.Context, c *client.Client) error { return last(c.PauseSeries(ctx, "ser_1")) }, asked{"POST", "/v1/series/ser_1/pause", "", ""}},
		"resume series": {func(ctx context.Context, c *client.Client) error { return last(c.ResumeSeries(ctx, "ser_1")) }, asked{"POST", "/v1/series/ser_1/resume", "", ""}},
		"book payment": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").BookPayment(ctx, "pay_1"))
		},
			asked{"POST", "/v1/credit/payments/pay_1/arrived?site=shop", "", ""}},
		"book cancellation": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").BookCancellation(ctx, "pay_1", "pcn_1"))
		}, asked{"POST", "/v1/credit/payments/pay_1/cancellations/pcn_1/given-back?site=shop", "", ""}},
		"book receipt": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").BookCashReceipt(ctx, "pay_1", "123"))
		}, asked{"POST", "/v1/credit/payments/pay_1/cash-receipt/issued?site=shop", "application/json", `{"number":"123"}`}},
		"bounds": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("shop").SetCapBounds(ctx, client.CapLimits{}))
		}, asked{"PUT", "/v1/credit/caps/bounds?site=shop", "application/json", `{"recipients":{},"won":{}}`}},
		"block": {func(ctx context.Context, c *client.Client) error {
			return last(c.ForSite("*").AddBlockedWords(ctx, []string{"카지노"}))
		}, asked{"POST", "/v1/blocked-words?site=%2A", "application/json", `{"words":["카지노"]}`}},
		"unblock": {func(ctx context.Context, c *client.Client) error {
			return c.ForSite("shop").RemoveBlockedWord(ctx, "a/b")
		}, asked{"DELETE", "/v1/blocked-words/a%2Fb?site=shop", "", ""}},
		"margin": {func(ctx context.Context, c *client.Client) error {
			return last(c.Margin(ctx, client.StatsQuery{From: "2026-11-01", GroupBy: []string{"provider", "channel"}}))
		}, asked{"GET", "/v1/margin?from=2026-11-01&group_by=provider%2Cchannel", "", ""}},
		"refund": {func(ctx context.Context, c *client.Client) error {
			return last(c.RefundUsage(ctx, "usg_1", "9.00", "r"))
		}, asked{"POST", "/v1/credit/usages/usg_1/refund", "application/json", `{"amount":"9.00","reason":"r"}`}},
		"set alerts": {func(ctx context.Context, c *client.Client) error {
			return last(c.SetAlerts(ctx, client.AlertsChange{Levels: []client.Amount{}, Mobile: new("")}))
		}, asked{"PUT", "/v1/credit/alerts", "application/json", `{"levels":[],"mobile":""}`}},
		"move card": {func(ctx context.Context, c *client.Client) error { return last(c.MovePaymentMethod(ctx, "pmt_1", 2)) }, asked{"PATCH", "/v1/payment-methods/pmt_1", "application/json", `{"place":2}`}},
		"put channel": {func(ctx context.Context, c *client.Client) error {
			return last(c.PutKakaoChannel(ctx, client.KakaoChannel{Name: "@a", SenderKey: "k"}))
		}, asked{"PUT", "/v1/kakao-channels/@a", "application/json", `{"name":"@a","sender_key":"k"}`}},
		"import opt-outs": {func(ctx context.Context, c *client.Client) error {
			return last(c.ImportOptOuts(ctx, client.OptOutList{Content: []byte("010\n"), Scope: "all"}))
		}, asked{"POST", "/v1/opt-outs/import?scope=all", "text/csv", "010\n"}},
		"import invoice": {func(ctx context.Context, c *client.Client) error {
			return last(c.ImportInvoice(ctx, client.InvoiceFile{Provider: "solapi", Month: "2026-11", Content: []byte("a,b\n"), Columns: map[string]string{"number": "번호"}, Prices: map[string]client.Amount{"sms": "8.4"}}))
		}, asked{"POST", "/v1/invoices?column=number%3D%EB%B2%88%ED%98%B8&month=2026-11&price=sms%3D8.4&provider=solapi", "text/csv", "a,b\n"}},
		"differences": {func(ctx context.Context, c *client.Client) error {
			return last(c.InvoiceDifferences(ctx, "inv_1", "billed_twice", client.Paging{}))
		}, asked{"GET", "/v1/invoices/inv_1/differences?kind=billed_twice", "", ""}},
		"apply": {func(ctx context.Context, c *client.Client) error { return last(c.ApplyInvoice(ctx, "inv_1", true)) }, asked{"POST", "/v1/invoices/inv_1/apply", "application/json", `{"confirm":true}`}},
	} {
		t.Run(name, func(t *testing.T) {
			var got asked
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = asked{r.Method, r.RequestURI, r.Header.Get("Content-Type"), string(body)}
				io.WriteString(w, `{}`)
			})
			if err := tt.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAListGoesAsAFormWithItsFieldsFirst(t *testing.T) {
	var body, media string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		all, _ := io.ReadAll(r.Body)
		body, media = string(all), r.Header.Get("Content-Type")
		io.WriteString(w, `{"rows":2,"created":1,"rejections":[{"line":3,"to":"1","code":"invalid_number","detail":"d"}]}`)
	})
	got, err := c.ImportMembers(t.Context(), "grp_1", client.List{Content: []byte("이름,전화번호\n"), Fields: map[string]string{"consent_at": "2026-12-01"}})
	if err != nil || got.Rows != 2 || got.Rejections[0].Line != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	if !strings.HasPrefix(media, "multipart/form-data; boundary=") || strings.Index(body, "consent_at") > strings.Index(body, "이름") {
		t.Errorf("sent %s: %s", media, body)
	}
}
