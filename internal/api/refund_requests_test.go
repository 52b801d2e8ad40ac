package api

import (
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/access"
)

const refundPath = "/v1/credit/refund-requests"

// wantedBack is a request for a part of what a message of 18 won cost.
func (w *world) wantedBack() string {
	w.t.Helper()
	_, usage := w.spent()
	return fmt.Sprintf(`{"usage_id":%q,"amount":"10.00","reason":"비밀 사유"}`, usage)
}

// refundAsked is the path of a request that waits.
func (w *world) refundAsked() string { return refundPath + "/" + w.made(refundPath, w.wantedBack()) }

func TestARefundThatWasAskedForIsMadeOnceSomebodyElseApprovesIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		body := w.wantedBack()
		first, again := w.do(ask{method: "POST", path: refundPath, token: w.rich, key: "r", body: body}).is(201), w.do(ask{method: "POST", path: refundPath, token: w.rich, key: "r", body: body}).is(201)
		asked := first.json()
		if string(first.body) != string(again.body) || asked["status"] != "requested" || asked["amount"] != "10.00" || asked["refund_id"] != nil || asked["decided_by"] != nil {
			t.Errorf("asked: got %s, then %s", first.body, again.body)
		}
		path := refundPath + "/" + asked["id"].(string)
		w.post(refundPath, body).refused(409, "state_conflict")
		w.post(path+"/approve", "").refused(403, "forbidden") // it asked, and is a program
		w.do(ask{method: "GET", path: path, token: w.poor}).refused(404, "not_found")
		w.do(ask{method: "POST", path: path + "/cancel", token: w.poor}).refused(404, "not_found")
		w.operate("POST", path+"/approve?site=poor", "").refused(404, "not_found")
		if open := w.operate("GET", refundPath+"?site=*&status=requested", "").rows(); len(open) != 1 || open[0]["site"] != "rich" {
			t.Errorf("open: got %v", open)
		}
		for range 2 {
			got := w.operate("POST", path+"/approve?site=rich", "").is(200).json()
			if got["status"] != "approved" || !strings.HasPrefix(got["refund_id"].(string), "rfd_") || !strings.HasPrefix(got["decided_by"].(string), "tok_") {
				t.Errorf("approved: got %v", got)
			}
		}
		w.post(path+"/cancel", "").refused(409, "state_conflict")
		w.operate("POST", path+"/reject?site=rich", `{"reason":"x"}`).refused(409, "state_conflict")
		if got := w.get("/v1/credit").json(); got["available"] != "149992.00" {
			t.Errorf("got credit %v, want 149992.00 available", got)
		}
		entries := w.get("/v1/credit/entries").rows()
		if last := entries[len(entries)-1]; last["kind"] != "refund" || last["note"] != "비밀 사유" {
			t.Errorf("got entry %v, want the refund", last)
		}
		if strings.Contains(w.log.String(), "비밀 사유") {
			t.Error("the log has the reason")
		}
	})
}

func TestAPersonOfTheSiteApprovesWhatAnotherPersonAskedFor(t *testing.T) {
	w := onSQLite(t)
	kim, lee := w.person("kim@example.com", "rich", access.Finance), w.person("lee@example.com", "rich", access.Owner)
	w.enrol(kim.ID)
	w.enrol(lee.ID)
	body := w.wantedBack()
	asks, other, decides, late := w.session(kim.ID, never), w.session(kim.ID, 0), w.session(lee.ID, 0), w.session(lee.ID, never)
	asked := w.as(asks, "POST", refundPath, body).is(201).json()
	path := refundPath + "/" + asked["id"].(string)
	w.as(other, "POST", path+"/approve", "").refused(403, "forbidden") // the same person in another session
	if got := w.as(late, "POST", path+"/approve", ""); got.json()["second_factor"] != "required" {
		t.Errorf("without the second factor: got %s", got.body)
	}
	got := w.as(decides, "POST", path+"/approve", "").is(200).json()
	if got["asked_by"] != asked["asked_by"] || !strings.HasPrefix(got["decided_by"].(string), "usr_") {
		t.Errorf("got %v", got)
	}
	for _, e := range w.operate("GET", "/v1/audit?site=rich&action=refund_request.approved", "").rows() {
		if e["asked_by"] != asked["asked_by"] || e["approved_by"] != got["decided_by"] {
			t.Errorf("noted: got %v", e)
		}
	}
}

func TestWhatIsAskedForIsTakenBackOrRejectedWithAReason(t *testing.T) {
	w := onSQLite(t)
	body := w.wantedBack()
	ask := func() string { return refundPath + "/" + w.made(refundPath, body) }
	if got := w.post(ask()+"/cancel", "").is(200).json(); got["status"] != "cancelled" || got["decided_at"] == nil {
		t.Errorf("taken back: got %v", got)
	}
	path := ask()
	w.operate("POST", path+"/reject?site=rich", `{}`).refused(422, "validation")
	if got := w.operate("POST", path+"/reject?site=rich", `{"reason":"계약 밖"}`).is(200).json(); got["status"] != "rejected" || got["decision"] != "계약 밖" {
		t.Errorf("rejected: got %v", got)
	}
	page := w.get(refundPath + "?limit=1").is(200).json()
	next := w.get(refundPath + "?limit=1&cursor=" + page["next_cursor"].(string)).rows()
	if page["data"].([]any)[0].(map[string]any)["status"] != "rejected" || next[0]["status"] != "cancelled" {
		t.Errorf("list: got %v, then %v", page, next)
	}
}

func TestARequestForARefundThatMakesNoSenseIsRefusedInItsPlace(t *testing.T) {
	w := onSQLite(t)
	_, usage := w.spent()
	for body, want := range map[string]string{
		`{"usage_id":"%s","amount":"0","reason":"late"}`:       "/amount",
		`{"usage_id":"%s","amount":"1.00001","reason":"late"}`: "/amount",
		`{"usage_id":"%s","amount":"1"}`:                       "/reason",
		`{"usage_id":"%s","amount":"1","reason":" "}`:          "/reason",
		`{"usage_id":"x%s","amount":"1","reason":"late"}`:      "/usage_id",
	} {
		if got := w.post(refundPath, fmt.Sprintf(body, usage)).refused(422, "validation"); len(got) != 1 || got[0] != want {
			t.Errorf("%s: got errors at %q, want %s", body, got, want)
		}
	}
	over := w.post(refundPath, fmt.Sprintf(`{"usage_id":%q,"amount":"18.01","reason":"late"}`, usage))
	if over.refused(409, "refund_exceeds"); over.json()["refundable"] != "18.00" {
		t.Errorf("got %s", over.body)
	}
}
