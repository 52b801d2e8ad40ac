package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestASenderNumberIsRegisteredByItsDocuments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const path = "/v1/senders/0270001234"
		const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
		w.post("/v1/senders", `{"number":"02-7000-1234"}`).is(201)
		add := func(query, media, body string) got {
			return w.do(ask{method: "POST", path: path + "/documents?" + query, token: w.rich, media: media, body: body})
		}
		query := "kind=service_certificate&name=" + url.QueryEscape("이용증명원.pdf")
		made := add(query, "application/pdf", pdf).is(201).json()
		id, _ := made["id"].(string)
		if !strings.HasPrefix(id, "doc_") || made["content_type"] != "application/pdf" || made["name"] != "이용증명원.pdf" {
			t.Errorf("made %v", made)
		}
		add("kind=passport", "application/pdf", pdf).refused(422, "validation")
		add(query, "application/pdf", "<html>").refused(415, "unsupported_media_type")
		add(query, "application/pdf", strings.Repeat("x", 5<<20+1)).refused(413, "body_too_large")
		if rows := w.get(path + "/documents").rows(); len(rows) != 1 {
			t.Errorf("listed %v", rows)
		}
		content := w.get(path + "/documents/" + id).is(200)
		if string(content.body) != pdf || content.header.Get("Content-Type") != "application/pdf" {
			t.Errorf("got %s %q", content.header.Get("Content-Type"), content.body)
		}
		w.do(ask{method: "GET", path: path + "/documents/" + id, token: w.poor}).refused(404, "not_found")
		w.do(ask{method: "PUT", path: path + "?site=rich", token: w.operator, body: `{"state":"rejected","reason":"발급일이 오래되었습니다"}`}).is(200)
		if got := w.get(path).is(200).json(); got["state"] != "rejected" || got["reason"] != "발급일이 오래되었습니다" {
			t.Errorf("rejected: %v", got)
		}
		w.do(ask{method: "DELETE", path: path + "/documents/" + id, token: w.rich}).is(204)
		add(query, "application/pdf", pdf).is(201)
		if got := w.post(path+"/request", "").is(200).json(); got["state"] != "requested" {
			t.Errorf("asked again: %v", got)
		}
		w.do(ask{method: "PUT", path: path + "?site=rich", token: w.operator, body: `{"state":"approved"}`}).is(200)
		add(query, "application/pdf", pdf).refused(409, "state_conflict")
	})
}

func TestOnlyTheOperatorRemovesABlockedNumber(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const path = "/v1/senders/0270001234"
		w.post("/v1/senders", `{"number":"02-7000-1234"}`).is(201)
		made := w.do(ask{method: "POST", path: path + "/documents?kind=other", token: w.rich, media: "application/pdf", body: "%PDF-1.7\n"}).is(201).json()
		if made["kept_since"] != nil {
			t.Errorf("made %v", made)
		}
		w.do(ask{method: "PUT", path: path + "?site=rich", token: w.operator, body: `{"state":"blocked","reason":"신고됨"}`}).is(200)
		w.remove(path).refused(409, "state_conflict")
		if got := w.get(path).is(200).json(); got["state"] != "blocked" || got["reason"] != "신고됨" {
			t.Errorf("it is %v", got)
		}
		w.do(ask{method: "DELETE", path: path + "?site=rich", token: w.operator}).is(204)
		if rows := w.get(path + "/documents").rows(); len(rows) != 1 || rows[0]["id"] != made["id"] || rows[0]["kept_since"] == nil {
			t.Errorf("left are %v", rows)
		}
	})
}

func TestAnApprovedNumberBecomesTheDefault(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const path = "/v1/senders/0270001234"
		w.post("/v1/senders", `{"number":"02-7000-1234"}`).is(201)
		w.post(path+"/default", "").refused(409, "state_conflict")
		w.do(ask{method: "PUT", path: path + "?site=rich", token: w.operator, body: `{"state":"approved"}`}).is(200)
		for range 2 { // a repeat changes nothing
			if got := w.post(path+"/default", "").is(200).json(); got["default"] != true {
				t.Errorf("it is %v", got)
			}
			if old := w.get("/v1/senders/0261234567").is(200).json(); old["default"] != false {
				t.Errorf("the old one is %v", old)
			}
		}
		w.do(ask{method: "POST", path: path + "/default", token: w.poor}).refused(404, "not_found")
		w.remove(path).is(204)
		if old := w.get("/v1/senders/0261234567").is(200).json(); old["default"] != true {
			t.Errorf("the one that is left is %v", old)
		}
	})
}

func TestTheOperatorSeesWhichNumbersOfAllSitesWait(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		as := func(token, path string) got { return w.do(ask{method: "GET", path: path, token: token}) }
		add := func(token, number string) {
			w.do(ask{method: "POST", path: "/v1/senders", token: token, body: `{"number":"` + number + `"}`}).is(201)
		}
		add(w.rich, "02-7000-1234")
		add(w.poor, "02-7000-5678")
		add(w.rich, "02-7000-9999")
		var found []string
		for path := "/v1/senders?site=*&state=requested&limit=1"; path != ""; {
			page := as(w.operator, path).is(200)
			for _, row := range page.rows() {
				found = append(found, row["site"].(string)+" "+row["number"].(string))
			}
			path = ""
			if next, _ := page.json()["next_cursor"].(string); next != "" {
				path = "/v1/senders?site=*&state=requested&limit=1&cursor=" + next
			}
		}
		if want := []string{"rich 0270001234", "poor 0270005678", "rich 0270009999"}; !slices.Equal(found, want) {
			t.Errorf("waiting are %v, want %v", found, want)
		}
		if rows := as(w.operator, "/v1/senders?site=*").rows(); len(rows) < 5 {
			t.Errorf("all are %v, want those that were approved too", rows)
		}
		if rows := as(w.rich, "/v1/senders?state=requested").rows(); len(rows) != 2 || rows[0]["site"] != "rich" {
			t.Errorf("of its own it sees %v", rows)
		}
		as(w.rich, "/v1/senders?site=*&state=requested").refused(404, "not_found")
		as(w.operator, "/v1/senders?site=*&state=nonsense").refused(422, "validation")
	})
}
