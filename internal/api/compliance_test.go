package api

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/paper"
)

func TestAMessageHasARecordThatProvesItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post("/v1/opt-outs", `{"to":"01099998888","scope":"all"}`).is(201)
		var ids []string
		for range 2 { // the second goes by what the first has learnt
			ids = append(ids, w.post("/v1/messages", text).is(202).json()["id"].(string))
		}
		lines := w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, media: "application/x-ndjson",
			body: `{"strategy":"sms_only","text":{"body":"안내"}}` + "\n" + `{"to":"01012345678"}` + "\n"}).is(202).json()
		for _, id := range append(ids, lines["id"].(string)) {
			got := w.get("/v1/messages/" + id + "/compliance").is(200)
			c, err := paper.VerifyCompliance(bytes.NewReader(got.body), nil)
			if err != nil || !c.OK || c.Site != "rich" || c.Message != id || c.Final {
				t.Errorf("proven: %+v, %v", c, err)
			}
			v := got.json()
			if by := fmt.Sprint(v["sent_by"]); !strings.HasPrefix(by, "tok_") {
				t.Errorf("sent by %s", by)
			}
			if list := v["opt_outs"].(map[string]any); list["all"] != 1.0 || list["advertising"] != 0.0 || v["advertising"] != nil || v["people"] != nil {
				t.Errorf("the record says %s", got.body)
			}
			person := w.get("/v1/messages/" + id + "/compliance?to=010-1234-5678").is(200).json()["people"].([]any)
			if len(person) != 1 || person[0].(map[string]any)["status"] != "pending" {
				t.Errorf("of the number it says %v", person)
			}
		}
		at := "/v1/messages/" + ids[0] + "/compliance"
		w.get(at+"?to=01099998888").refused(404, "not_found")
		w.get(at+"?to=hello").refused(422, "validation")
		w.get("/v1/messages/msg_x/compliance").refused(404, "not_found")
		w.do(ask{method: "GET", path: at, token: w.poor}).refused(404, "not_found")
	})
}
