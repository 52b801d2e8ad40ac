package api

import (
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

func TestAMessageSaysWhetherItsEndIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		notice := func(member string) (n message.Notice) {
			t.Helper()
			of := w.send(strings.Replace(text, "{", "{"+member, 1))["id"].(string)
			m, err := id.Parse(id.Message, of)
			w.must(err)
			w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) error {
				found, err := message.Find(tx, message.Key{Site: "rich", ID: m})
				n = found.Notify
				return err
			}))
			return n
		}
		for _, setting := range []message.Notice{message.NoticeUsual, message.NoticeOfAll} {
			for member, want := range map[string]message.Notice{
				"":                        setting,
				`"notify_on_done":null,`:  setting,
				`"notify_on_done":false,`: message.NoticeUsual,
				`"notify_on_done":true,`:  message.NoticeAsked,
			} {
				if got := notice(member); got != want {
					t.Errorf("%q, with the site's %d: got %d, want %d", member, setting, got, want)
				}
			}
			w.put("/v1/credit/alerts", `{"topics":["done"]}`).is(200)
		}
		if got := fmt.Sprint(w.get("/v1/credit/alerts").json()["topics"]); got != "[done]" {
			t.Errorf("topics %s", got)
		}
	})
	w := onSQLite(t)
	if got := w.post("/v1/messages", strings.Replace(text, "{", `{"notify_on_done":1,`, 1)).refused(422, "validation"); got[0] != "/notify_on_done" {
		t.Errorf("got errors at %v", got)
	}
}
