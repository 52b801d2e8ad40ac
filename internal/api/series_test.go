package api

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/message"
)

const monthly = `{"name":"월말 안내","cron":"0 9 28 * *","message":{"strategy":"alimtalk_first","alimtalk":{"template_code":"RESERVE_01"},` +
	`"text":{"body":"#{이름}님, 안내입니다."},"recipients":[{"to":"010-1234-5678","variables":{"이름":"김하나"}}]}}`

func TestASeriesIsWrittenReadAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		send := func() got {
			return w.do(ask{method: "POST", path: "/v1/series", token: w.rich, key: "s", body: monthly})
		}
		made := send().is(201)
		if again := send().is(201); !bytes.Equal(again.body, made.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the repeat got %s", again.body)
		}
		v := made.json()
		path := "/v1/series/" + v["id"].(string)
		next, _ := v["next"].([]any)
		if v["status"] != "active" || v["missed"] != "skip" || v["starts_at"] != nil || len(next) != 5 || !strings.HasSuffix(next[0].(string), "-28T00:00:00.000000Z") {
			t.Errorf("made %v", v)
		}
		order, _ := v["message"].(map[string]any)
		if order["strategy"] != "alimtalk_first" || len(order["recipients"].([]any)) != 1 {
			t.Errorf("its message is %v", order)
		}
		if diff := cmp.Diff(v, w.get(path).is(200).json()); diff != "" {
			t.Errorf("-made +read\n%s", diff)
		}
		act := func(verb string) got { return w.post(path+"/"+verb, "") }
		if s := act("pause").is(200).json()["status"]; s != "paused" {
			t.Errorf("paused it is %v", s)
		}
		if s := act("resume").is(200).json()["status"]; s != "active" {
			t.Errorf("resumed it is %v", s)
		}
		changed := w.put(path, `{"name":"매주","cron":"30 8 * * 1","missed":"once","starts_at":"2099-01-01T00:00:00+09:00","ends_at":"2099-02-01T00:00:00+09:00","message":{"strategy":"sms_only","text":{"body":"x"},"recipients":[{"to":"01012345678"}]}}`).is(200).json()
		if changed["name"] != "매주" || changed["created_at"] != v["created_at"] || changed["next"].([]any)[0] != "2099-01-04T23:30:00.000000Z" || len(changed["next"].([]any)) != 4 {
			t.Errorf("changed to %v", changed)
		}
		if rows := w.get("/v1/series").rows(); len(rows) != 1 {
			t.Errorf("listed %v", rows)
		}
		if rows := w.get(path + "/firings").rows(); len(rows) != 0 {
			t.Errorf("fired %v", rows)
		}
		w.do(ask{method: "GET", path: path, token: w.poor}).refused(404, "not_found")
		w.remove(path).is(204)
		w.remove(path).refused(404, "not_found")
		w.get(path+"/firings").refused(404, "not_found")
		w.post(path+"/pause", "").refused(404, "not_found")
		w.get("/v1/series/x").refused(404, "not_found")
	})
}

func TestASeriesThatCannotBeIsRefusedAtItsPlace(t *testing.T) {
	w := onSQLite(t)
	with := func(old, replaced string) string { return strings.Replace(monthly, old, replaced, 1) }
	for _, c := range []struct{ body, code, pointer string }{
		{with(`"cron":"0 9 28 * *"`, `"cron":"0 9 31 2 *"`), "validation", "/cron"},
		{with(`"cron":"0 9 28 * *"`, `"cron":"TZ=0"`), "validation", "/cron"},
		{with(`"name":"월말 안내"`, `"name":"a\nb"`), "validation", "/name"},
		{with(`"cron":`, `"ends_at":"2020-01-01T00:00:00Z","cron":`), "validation", "/ends_at"},
		{with(`"cron":`, `"missed":"all","cron":`), "validation", "/missed"},
		{with(`"strategy":"alimtalk_first",`, ``), "validation", "/message/strategy"},
		{with(`"strategy":`, `"scheduled_at":"2099-01-01T00:00:00Z","strategy":`), "validation", "/message/scheduled_at"},
		{with(`"strategy":`, `"recipient_count":5,"strategy":`), "validation", "/message/recipient_count"},
		{with(`"to":"010-1234-5678"`, `"to":5`), "validation", "/message/recipients/0/to"},
		{with(`"recipients":[`, `"groups":["grp_01k9zqm0v8e4t9w2n7c5r3x6yb"],"recipients":[`), "validation", "/message/groups/0"},
		{with(`"recipients":[{"to":"010-1234-5678","variables":{"이름":"김하나"}}]`, `"recipients":[]`), "no_recipients", "/message/recipients"},
		{with(`RESERVE_01`, `NONE`), "unknown_template", "/message/alimtalk/template_code"},
		{with(`"text":{`, `"text":{"from":"0212341234",`), "sender_not_registered", "/message/text/from"},
		{with(`"message":{`, `"x":{`), "validation", "/x"},
	} {
		got := w.post("/v1/series", c.body).refused(422, c.code)
		if len(got) == 0 || got[0] != c.pointer && got[len(got)-1] != c.pointer {
			t.Errorf("%.200s: got errors at %q, want %q", c.body, got, c.pointer)
		}
	}
	if rows := w.get("/v1/series").rows(); len(rows) != 0 {
		t.Errorf("%d series were kept", len(rows))
	}
	var many strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&many, `{"to":"010%08d"},`, i)
	}
	body := with(`{"to":"010-1234-5678","variables":{"이름":"김하나"}}`, strings.TrimSuffix(many.String(), ","))
	if got := w.post("/v1/series", body).refused(422, "validation"); got[0] != "/message/recipients" {
		t.Errorf("too many recipients: got errors at %q", got)
	}
}

func TestASeriesFiresThroughItsJob(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			var now atomic.Int64
			now.Store(time.Now().UnixMicro())
			w := newWorld(t, dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(now.Load()) }}))
			of := w.made("/v1/series", strings.Replace(monthly, `"cron":"0 9 28 * *"`, `"cron":"* * * * *"`, 1))
			now.Add(time.Minute.Microseconds())
			w.drain()
			rows := w.get("/v1/series/" + of + "/firings").rows()
			if len(rows) != 1 || rows[0]["outcome"] != "sent" || rows[0]["code"] != nil {
				t.Fatalf("firings %v", rows)
			}
			m := w.get("/v1/messages/" + rows[0]["message_id"].(string)).is(200).json()
			if m["title"] != "월말 안내" || m["status"] == string(message.StateScheduled) {
				t.Errorf("its message is %v", m)
			}
		})
	}
}
