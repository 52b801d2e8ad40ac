package api

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/paper"
)

// TestOurOwnClientSpeaksThisAPI goes through every call of package client once.
func TestOurOwnClientSpeaksThisAPI(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := client.New(server.URL, w.rich, client.Options{Retries: -1})
	w.must(err)
	ctx := t.Context()
	draft := client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "#{이름}님"}, Key: "k", ScheduledAt: time.Now().Add(time.Hour),
		Recipients: []client.Recipient{{To: "010-1234-5678", Variables: map[string]string{"이름": "김하나"}}, {To: "x"}}}
	m, err := c.Send(ctx, draft)
	w.must(err)
	again, err := c.Send(ctx, draft)
	w.must(err)
	if !again.Replayed || again.ID != m.ID || len(m.Rejections) != 1 || m.Recipients.Accepted != 1 {
		t.Errorf("got %+v, then %+v; want one accepted, one rejected, and a replay", m, again)
	}
	e, err := c.Estimate(ctx, draft)
	w.must(err)
	count, err := c.EstimateCount(ctx, client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "안녕"}}, 7)
	w.must(err)
	if e.WorstCase != "18.00" || count.WorstCase != "126.00" || !count.Sufficient {
		t.Errorf("got estimates %+v and %+v, want 18.00 and 126.00", e, count)
	}
	for name, call := range map[string]func() (int, error){
		"messages": func() (int, error) {
			p, err := c.Messages(ctx, client.MessageFilter{Paging: client.Paging{Limit: 1}})
			return len(p.Data), err
		},
		"recipients": func() (int, error) {
			p, err := c.Recipients(ctx, m.ID, client.RecipientFilter{})
			return len(p.Data), err
		},
		"rejections": func() (int, error) { p, err := c.Rejections(ctx, m.ID, client.Paging{}); return len(p.Data), err },
		"entries":    func() (int, error) { p, err := c.Entries(ctx, client.Paging{Limit: 1}); return len(p.Data), err },
		"templates":  func() (int, error) { p, err := c.Templates(ctx, client.Paging{}); return len(p.Data), err },
		"senders":    func() (int, error) { p, err := c.Senders(ctx, client.Paging{}); return len(p.Data), err },
		"channels":   func() (int, error) { p, err := c.KakaoChannels(ctx, client.Paging{}); return len(p.Data), err },
	} {
		if n, err := call(); err != nil || n != 1 {
			t.Errorf("%s: got %d rows and %v, want one", name, n, err)
		}
	}
	if story, err := c.Trace(ctx, m.ID, "01012345678"); err != nil || len(story) == 0 || story[0].Kind != "accepted" {
		t.Errorf("got story %v and %v, want it from accepted on", story, err)
	}
	logs, err := c.SendLogs(ctx, client.SendLogFilter{From: time.Now().Add(-time.Hour), Status: "sent"})
	w.must(err)
	usages, err := c.Usages(ctx, client.UsageFilter{})
	w.must(err)
	if len(logs.Data)+len(usages.Data) != 0 {
		t.Errorf("got %v and %v, want nothing yet", logs, usages)
	}
	months, err := c.Statements(ctx, client.Paging{})
	w.must(err)
	s, err := c.Statement(ctx, months.Data[0].Month)
	if err != nil || len(months.Data) != 1 || !months.Data[0].Running || s.Closing.Held != "18.00" || len(s.Raw) == 0 {
		t.Errorf("got %+v of %+v, %v; want the statement of the present month", s, months, err)
	}
	keys, err := c.SigningKeys(ctx)
	w.must(err)
	w.must(c.StatementFile(ctx, s.Month, "xlsx", io.Discard))
	var entries bytes.Buffer
	w.must(c.ExportEntries(ctx, client.EntryRange{}, &entries))
	if proof, err := paper.Verify(bytes.NewReader(s.Raw), &entries, []string{base64.StdEncoding.EncodeToString(keys.PublicKey)}); err != nil || !proof.OK || !proof.Trusted {
		t.Errorf("what the client got is not proven: %+v, %v", proof, err)
	}
	profile, err := c.PutBillingProfile(ctx, client.BillingProfile{Name: "꽃집", BusinessNumber: "124-81-00998"})
	w.must(err)
	if read, err := c.BillingProfile(ctx); err != nil || read != profile || read.BusinessNumber != "1248100998" || read.Paper != "none" {
		t.Errorf("got profile %+v and %+v, %v", profile, read, err)
	}
	counted, err := c.Stats(ctx, client.StatsQuery{GroupBy: []string{"day", "channel"}})
	w.must(err)
	if counted.Total.Final != 0 || counted.Total.SuccessRate != "" || len(counted.GroupBy) != 2 {
		t.Errorf("got %+v, want nobody final yet", counted)
	}
	purse, err := c.Credit(ctx)
	w.must(err)
	if purse.Held != "18.00" || purse.Prices.MMS != "120.00" {
		t.Errorf("got %+v, want 18.00 held", purse)
	}
	tmpl, err := c.Template(ctx, "RESERVE_01")
	w.must(err)
	if tmpl, err = c.PutTemplate(ctx, tmpl); err != nil || tmpl.State != "approved" {
		t.Errorf("a template written back as it was read: got %+v and %v", tmpl, err)
	}
	tmpl.Code, tmpl.State = "COPY", ""
	_, err = c.AddTemplate(ctx, tmpl)
	w.must(err)
	w.must(c.RemoveTemplate(ctx, "COPY"))
	_, err = c.AddSender(ctx, client.Sender{Number: "1588-7777"})
	w.must(err)
	w.must(c.RemoveSender(ctx, "1588-7777"))
	_, err = c.AddKakaoChannel(ctx, client.KakaoChannel{Name: "@한글", SenderKey: "k"})
	w.must(err)
	w.must(c.RemoveKakaoChannel(ctx, "@한글"))
	_, err = c.Reschedule(ctx, m.ID, time.Now().Add(2*time.Hour))
	w.must(err)
	_, err = c.Pause(ctx, m.ID)
	w.must(err)
	_, err = c.Resume(ctx, m.ID)
	w.must(err)
	if last, err := c.Cancel(ctx, m.ID); err != nil || last.Status != client.StatusCancelling {
		t.Errorf("got %v and %v, want it cancelling", last.Status, err)
	}
	if _, err := c.Message(ctx, "msg_01k9zqm0v8e4t9w2n7c5r3x6yb"); !client.IsProblem(err, "not_found") {
		t.Errorf("got %v, want not_found", err)
	}
	w.must(c.Healthy(ctx))
}

// TestOurOwnClientSpeaksOfPlans goes through the calls that only an operator may make.
func TestOurOwnClientSpeaksOfPlans(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := client.New(server.URL, w.operator, client.Options{Retries: -1})
	w.must(err)
	ctx := t.Context()
	made, err := c.AddPlan(ctx, "gold", "골드", client.Rates{"sms": new(client.Amount("15"))})
	w.must(err)
	if made.Name != "골드" || *made.Prices["sms"] != "15.00" || made.Prices["lms"] != nil || !made.Complete {
		t.Errorf("made: got %+v", made)
	}
	_, err = c.SetPlanPrices(ctx, "gold", client.Rates{"sms": nil, "lms": new(client.Amount("39.5"))}, time.Time{})
	w.must(err)
	_, err = c.SetPlanPrices(ctx, "gold", client.Rates{"sms": new(client.Amount("14"))}, time.Now().Add(time.Hour))
	w.must(err)
	found, err := c.RenamePlan(ctx, "gold", "금")
	w.must(err)
	if found.Name != "금" || found.Prices["sms"] != nil || *found.Prices["lms"] != "39.50" {
		t.Errorf("changed: got %+v", found)
	}
	list, err := c.Plans(ctx, client.Paging{})
	w.must(err)
	planned, err := c.PlanPrices(ctx, "gold", client.PriceFilter{State: "planned"})
	w.must(err)
	if len(list.Data) != 1 || len(planned.Data) != 1 || planned.Data[0].UnitPrice != "14.00" || planned.Data[0].From == nil || planned.Data[0].Until != nil {
		t.Errorf("got %+v and %+v, want one plan and one planned price", list.Data, planned.Data)
	}
	tenant, err := client.New(server.URL, w.rich, client.Options{Retries: -1})
	w.must(err)
	own, err := tenant.PriceHistory(ctx, client.PriceFilter{State: "now"})
	w.must(err)
	if len(own.Data) != 4 || own.Data[0].Layer != "default" || own.Data[0].From != nil || own.Data[0].Plan != "" {
		t.Errorf("got %+v, want the defaults", own.Data)
	}
	w.must(c.RemovePlan(ctx, "gold"))
	if _, err := c.Plan(ctx, "gold"); !client.IsProblem(err, "not_found") {
		t.Errorf("got %v, want not_found", err)
	}
	if _, err := tenant.Plans(ctx, client.Paging{}); !client.IsProblem(err, "forbidden") {
		t.Errorf("a site's token: got %v, want forbidden", err)
	}
}

func TestOurOwnClientUploadsPictures(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := client.New(server.URL, w.rich, client.Options{Retries: -1})
	w.must(err)
	ctx, content := t.Context(), photo(t, 320, 240)
	picture, err := c.AddAttachment(ctx, client.NewAttachment{Name: "a.jpg", Content: content})
	w.must(err)
	large, err := c.AddAttachment(ctx, client.NewAttachment{Content: drawing(t, 2000, 100), Resize: true})
	w.must(err)
	page, err := c.Attachments(ctx, client.Paging{Limit: 1})
	w.must(err)
	if large.Width != 1000 || picture.Name != "a.jpg" || len(page.Data) != 1 || page.Data[0] != large || !page.HasMore {
		t.Errorf("got %+v, %+v and the page %+v", picture, large, page)
	}
	mms, err := c.Send(ctx, client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "안녕", Attachments: []string{picture.ID}}, Recipients: []client.Recipient{{To: "01012345678"}}})
	w.must(err)
	used, err := c.Attachment(ctx, picture.ID)
	w.must(err)
	shown, err := c.AttachmentContent(ctx, picture.ID)
	w.must(err)
	if mms.Planned.MMS != 1 || !used.InUse || !used.ExpiresAt.IsZero() || picture.ExpiresAt.IsZero() || !bytes.Equal(shown, content) {
		t.Errorf("got %+v, %+v and %d bytes, want an MMS that needs its picture", mms, used, len(shown))
	}
	if p, ok := errors.AsType[*client.Problem](c.RemoveAttachment(ctx, picture.ID)); !ok || p.Code != "state_conflict" {
		t.Errorf("removal while in use: got %v", p)
	}
	w.must(c.RemoveAttachment(ctx, large.ID))
}
