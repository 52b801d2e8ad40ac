package alert

import (
	"context"
	"errors"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// sends has a site send a text, which is cancelled before anybody gets it.
func (w *world) sends(siteID string, notice message.Notice) message.Key {
	w.t.Helper()
	ctx := context.Background()
	d, err := w.messages.Draft(ctx, siteID, message.Request{Title: "11월 안내", Strategy: message.SMSOnly, Text: &message.TextRequest{Body: "a"}, Notify: notice})
	w.must(err)
	w.must(d.Add(ctx, "01012345678", nil))
	receipt, err := d.Accept(ctx, nil)
	w.must(err)
	_, err = w.messages.Cancel(ctx, receipt.Message)
	w.must(err)
	for _, k := range w.messages.Works() {
		jobs, err := w.queue.Claim(ctx, k.Lane, []string{k.Kind}, 10)
		w.must(err)
		if len(jobs) > 0 {
			w.must(k.Handle(ctx, jobs))
		}
	}
	return receipt.Message
}

func TestContactsAreToldOfMessagesThatAreDone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.give("demo", 1_000*won)
		w.do(func(tx *db.Tx) error { _, err := site.AddSender(tx, "demo", "0261234568", site.Approved); return err })
		w.set("demo", emails("owner@shop.example"))
		const subject = "owner@shop.example: [우리 가게] 메시지 발송이 취소되었습니다: 11월 안내"
		w.sends("demo", message.NoticeUsual)
		w.drain()
		w.tells() // whoever did not ask is not told
		w.sends("demo", message.NoticeAsked)
		w.drain()
		w.tells(subject)
		w.set("demo", Change{Topics: []string{"low_balance", "done"}})
		m := w.sends("demo", message.NoticeUsual)
		w.sends("demo", message.NoticeNever)
		w.drain()
		w.tells(subject, subject)
		text := bodies(t, w.box.got()[1].text)["text/plain"]
		for _, want := range []string{m.ID.Text(id.Message), "접수: 1명", "전달: 0명", "취소: 1명", "비용: 0원"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in:\n%s", want, text)
			}
		}
		w.sends("demo", message.NoticeUsual)
		w.set("demo", Change{Topics: []string{"low_balance"}}) // before the mail is written
		w.sends("demo", message.NoticeUsual)
		w.drain()
		w.tells(subject, subject)
	})
}

func TestATextAboutAMessageIsNotTheReasonOfAnotherOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set("ops", Change{Topics: []string{"done"}, Mobile: ptr("01099998888")})
		w.sends("ops", message.NoticeUsual)
		w.drain()
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			list, err := message.List(tx, "ops", "", id.ID{}, 10)
			if err == nil && (len(list) != 2 || list[0].Notify != message.NoticeUsual || list[1].Notify != message.NoticeOfAll) {
				t.Errorf("%d messages of the operator's site, the newest tells %d", len(list), list[0].Notify)
			}
			return err
		}))
	})
}

func TestContactsAreToldOfASeriesByItsName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		of := id.New()
		named := w.service(func(o *Options) {
			o.SeriesName = func(_ *db.Tx, siteID string, got id.ID) (string, error) {
				switch {
				case siteID != "demo":
					return "", errors.New("another site")
				case got != of:
					return "", fault.Missing("series", "x")
				}
				return "월요일\n안내", nil
			}
		})
		w.s = named
		w.set("demo", emails("owner@shop.example"))
		fails := func(of id.ID, code string) {
			w.happens("demo", "series.failed", of.Text(id.Series), map[string]any{"series_id": of.Text(id.Series), "planned_at": noon, "code": code})
			w.drain()
		}
		fails(of, "insufficient_credit")
		gone := id.New()
		fails(gone, "something_new")
		w.tells("owner@shop.example: [우리 가게] 반복 발송의 메시지가 거절되었습니다: 월요일 안내",
			"owner@shop.example: [우리 가게] 반복 발송의 메시지가 거절되었습니다: "+gone.Text(id.Series))
		if text := bodies(t, w.box.got()[0].text)["text/plain"]; !strings.Contains(text, "사유: 잔액이 모자랍니다") {
			t.Errorf("no reason in:\n%s", text)
		}
		if text := bodies(t, w.box.got()[1].text)["text/plain"]; !strings.Contains(text, "사유: something_new") {
			t.Errorf("no reason in:\n%s", text)
		}
	})
}
