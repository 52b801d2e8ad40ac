package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
)

// picture is a JPEG of that many pixels, padded to a size in bytes.
func picture(t *testing.T, width, height, size int) string {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
		t.Fatal(err)
	}
	b.Write(make([]byte, max(0, size-b.Len())))
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestAnImageIsUploadedSentListedAndDeleted(t *testing.T) {
	w := newWorld(t, nil)
	var f struct {
		Type, OriginalName, FileID, Name, URL, AccountID string
		Link                                             *string
		Width, Height, FileSize                          int
		References                                       []string
		Kakao                                            map[string]any
	}
	w.ok("POST", "/storage/v1/files", map[string]any{"file": picture(t, 30, 20, 0), "type": "MMS", "name": "a.jpg"}, &f)
	if f.Type != "MMS" || f.OriginalName != "a.jpg" || f.Width != 30 || f.Height != 20 || f.FileSize == 0 || !strings.HasPrefix(f.FileID, "ST01F") ||
		len(f.FileID) != idLength || f.URL == "" || f.AccountID == "" || f.References == nil || len(f.Kakao) != 2 {
		t.Errorf("file: got %+v", f)
	}
	w.ok("POST", "/messages/v4/send-many/detail", map[string]any{"messages": []any{sms1("imageId", f.FileID)}}, nil)
	w.webhook.reports(t, 1)
	if rows := w.sim.Received(); len(rows) != 1 || rows[0].Channel != "mms" {
		t.Errorf("received: got %+v, want one MMS", rows)
	}
	if m := w.list("/messages/v4/list").first; m["imageId"] != f.FileID || m["networkName"] != "ETC" {
		t.Errorf("message: got %+v, want its image", m)
	}
	link := "https://example.com"
	w.ok("POST", "/storage/v1/files", map[string]any{"file": picture(t, 2, 2, 0), "type": "KAKAO", "link": link}, &f)
	w.ok("POST", "/messages/v4/send-many/detail", map[string]any{"messages": []any{ata1("templateId", nil, "imageId", f.FileID)}}, nil)
	var list struct {
		FileList []struct{ FileID, Type string }
		Limit    int
	}
	w.ok("GET", "/storage/v1/files?type=MMS&limit=500", nil, &list)
	if len(list.FileList) != 1 || list.Limit != 500 {
		t.Errorf("list: got %+v, want one", list)
	}
	w.ok("GET", "/storage/v1/files/"+f.FileID, nil, nil)
	w.ok("DELETE", "/storage/v1/files/"+f.FileID, nil, nil)
	w.refused("GET", "/storage/v1/files/"+f.FileID, nil, 404, "ResourceNotFound")

	var notJPEG bytes.Buffer
	if err := png.Encode(&notJPEG, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]map[string]any{
		"too large":    {"file": picture(t, 2, 2, 200<<10+1), "type": "MMS"},
		"not a JPEG":   {"file": base64.StdEncoding.EncodeToString(notJPEG.Bytes()), "type": "MMS"},
		"no link":      {"file": picture(t, 2, 2, 0), "type": "KAKAO"},
		"no such type": {"file": picture(t, 2, 2, 0), "type": "SOUND"},
		"not base64":   {"file": "…", "type": "MMS"},
		"empty":        {"file": "", "type": "MMS"},
	} {
		t.Run(name, func(t *testing.T) { w.with(t).refused("POST", "/storage/v1/files", body, 400, "ValidationError") })
	}
}

func TestATemplateIsWrittenReviewedAndSent(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		var c struct{ ChannelID string }
		get := func(method, path string, body, v any) {
			t.Helper()
			if err := json.Unmarshal(ask(t, s, method, path, body, http.StatusOK), v); err != nil {
				t.Fatal(err)
			}
		}
		get("POST", "/kakao/v2/channels", map[string]string{"searchId": "@demo", "phoneNumber": someone, "categoryCode": "00200010001", "token": "1"}, &c)
		type reply struct {
			TemplateID, Status, Name, Content, AssignType, MessageType, EmphasizeType string
			Variables                                                                 []map[string]string
			Comments                                                                  []map[string]any
			SecurityFlag, IsHidden, Commentable                                       bool
		}
		var r reply
		get("POST", "/kakao/v2/templates", map[string]any{"channelId": c.ChannelID, "name": "예약", "content": "#{이름}님, #{시간} 예약. #{이름}", "categoryCode": "x",
			"buttons": []any{map[string]string{"buttonName": "보기", "buttonType": "WL", "linkMo": "https://m.example.com"}}}, &r)
		if r.Status != tplPending || r.AssignType != "CHANNEL" || r.MessageType != "BA" || r.EmphasizeType != "NONE" || !kakaoForm(r.TemplateID, templatePrefix) ||
			!cmp.Equal(r.Variables, []map[string]string{{"name": "#{이름}"}, {"name": "#{시간}"}}) {
			t.Fatalf("created: got %+v", r)
		}
		path := "/kakao/v2/templates/" + r.TemplateID
		send := func(changes ...any) resultReply {
			m := with(ata1("pfId", c.ChannelID, "templateId", r.TemplateID, "variables", map[string]string{"#{이름}": "김하나", "시간": "3시"}), "text", nil)
			m["kakaoOptions"] = with(m["kakaoOptions"].(map[string]any), changes...)
			if text, ok := m["kakaoOptions"].(map[string]any)["text"]; ok {
				m["text"] = text
			}
			var out resultReply
			get("PUT", "/messages/v4/groups/"+openGroup(t, s)+"/messages", map[string]any{"messages": []any{m}}, &out)
			return out
		}
		if got := send().ResultList[0].StatusCode; got != "1042" {
			t.Errorf("before the review: got %s, want 1042", got)
		}
		get("PUT", path+"/inspection", nil, &r)
		ask(t, s, "DELETE", path, nil, http.StatusBadRequest)
		ask(t, s, "PUT", path, map[string]string{"content": "x"}, http.StatusBadRequest)
		get("PUT", path+"/inspection/cancel", nil, &r)
		time.Sleep(time.Minute)
		synctest.Wait()
		if get("GET", path, nil, &r); r.Status != tplPending {
			t.Fatalf("review taken back: got %s", r.Status)
		}
		get("PUT", path+"/inspection", nil, &r)
		time.Sleep(time.Minute)
		synctest.Wait()
		if get("GET", path, nil, &r); r.Status != tplApproved {
			t.Fatalf("reviewed: got %s", r.Status)
		}
		get("PUT", path+"/name", map[string]string{"name": "예약 2"}, &r)
		button := map[string]string{"buttonName": "보기", "buttonType": "WL", "linkMo": "https://m.example.com/1"}
		for _, c := range []struct {
			name    string
			changes []any
			code    string
		}{
			{"rendered here", nil, "2000"},
			{"a variable missing", []any{"variables", map[string]string{"이름": "김하나"}}, "1043"},
			{"another channel", []any{"pfId", pf}, "1042"},
			{"the text as approved", []any{"text", "김하나님, 3시 예약. 김하나", "buttons", []any{button}}, "2000"},
			{"another text", []any{"text", "김하나님, 3시 예약!", "buttons", []any{button}}, "1043"},
			{"another beginning", []any{"text", "고객 김하나님, 3시 약속. 김하나", "buttons", []any{button}}, "1043"},
			{"the text without its button", []any{"text", "김하나님, 3시 예약. 김하나"}, "1046"},
			{"another button", []any{"text", "김하나님, 3시 예약. 김하나", "buttons", []any{map[string]string{"buttonName": "더 보기", "buttonType": "WL", "linkMo": "h"}}}, "1052"},
			{"one button more", []any{"text", "김하나님, 3시 예약. 김하나", "buttons", []any{button, button}}, "1044"},
		} {
			if got := send(c.changes...).ResultList[0].StatusCode; got != c.code {
				t.Errorf("%s: got %s, want %s", c.name, got, c.code)
			}
		}
		var sendable []reply
		if get("GET", "/kakao/v2/templates/sendable?channelId="+c.ChannelID, nil, &sendable); len(sendable) != 1 || sendable[0].Name != "예약 2" {
			t.Errorf("sendable: got %+v, want the renamed one", sendable)
		}
		var list struct{ TemplateList []reply }
		if get("GET", "/kakao/v2/templates?name[like]=예약&status=APPROVED&isHidden=false&limit=5", nil, &list); len(list.TemplateList) != 1 {
			t.Errorf("list: got %+v, want one", list)
		}
		ask(t, s, "DELETE", path, nil, http.StatusBadRequest)
		ask(t, s, "PUT", path+"/inspection", nil, http.StatusBadRequest)
		ask(t, s, "PUT", path+"/inspection/cancel", nil, http.StatusBadRequest)
		ask(t, s, "POST", path+"/relese-dormant", nil, http.StatusBadRequest)

		var ad reply
		get("POST", "/kakao/v2/templates", map[string]any{"channelId": c.ChannelID, "name": "광고", "content": "(광고) 세일"}, &ad)
		get("PUT", "/kakao/v2/templates/"+ad.TemplateID+"/inspection", nil, &ad)
		time.Sleep(time.Minute)
		synctest.Wait()
		if get("GET", "/kakao/v2/templates/"+ad.TemplateID, nil, &ad); ad.Status != tplRejected || len(ad.Comments) != 1 {
			t.Errorf("an advertisement: got %+v, want it rejected with a comment", ad)
		}
		if get("PUT", "/kakao/v2/templates/"+ad.TemplateID, map[string]string{"content": "안내"}, &ad); ad.Status != tplPending || ad.Content != "안내" || ad.Name != "광고" {
			t.Errorf("rewritten: got %+v, want it pending with its name kept", ad)
		}
		get("DELETE", "/kakao/v2/templates/"+ad.TemplateID, nil, &ad)
		get("DELETE", "/kakao/v2/channels/"+c.ChannelID, nil, &c)
		ask(t, s, "GET", path, nil, http.StatusNotFound)
		ask(t, s, "POST", "/kakao/v2/templates", map[string]any{"channelId": "@demo", "name": "a", "content": "b"}, http.StatusBadRequest)
		ask(t, s, "POST", "/kakao/v2/templates", map[string]any{"channelId": pf, "name": "", "content": "b"}, http.StatusBadRequest)
		ask(t, s, "POST", "/kakao/v2/templates", map[string]any{"channelId": pf, "name": "a", "content": "b", "messageType": "ZZ"}, http.StatusBadRequest)
	})
}

func TestChannelsAreLinkedAndListed(t *testing.T) {
	w := newWorld(t, nil)
	var token struct{ Success bool }
	w.ok("POST", "/kakao/v2/channels/token", `{"searchId":"@demo","phoneNumber":"010-1234-5678"}`, &token)
	if !token.Success {
		t.Error("token: want success")
	}
	body := `{"searchId":"@demo","phoneNumber":"01012345678","categoryCode":"x","token":"1"}`
	var c channel
	w.ok("POST", "/kakao/v2/channels", body, &c)
	if !kakaoForm(c.ChannelID, channelPrefix) || c.SearchID != "@demo" || c.SharedAccountIDs == nil {
		t.Errorf("channel: got %+v", c)
	}
	w.refused("POST", "/kakao/v2/channels", body, 400, "ValidationError")
	w.refused("POST", "/kakao/v2/channels", `{"searchId":"demo","phoneNumber":"01012345678","categoryCode":"x","token":"1"}`, 400, "ValidationError")
	w.refused("POST", "/kakao/v2/channels/token", `{"searchId":"@demo"}`, 400, "ValidationError")
	var list struct{ ChannelList []channel }
	w.ok("GET", "/kakao/v2/channels?searchId=@demo", nil, &list)
	var one channel
	w.ok("GET", "/kakao/v2/channels/"+c.ChannelID, nil, &one)
	if len(list.ChannelList) != 1 || !cmp.Equal(list.ChannelList[0], c) || !cmp.Equal(one, c) {
		t.Errorf("list: got %+v, one: %+v, want %+v", list, one, c)
	}
	for query, want := range map[string]int{"categoryCode=x": 1, "categoryCode=y": 0, "isMine=true": 1} {
		if w.ok("GET", "/kakao/v2/channels?"+query, nil, &list); len(list.ChannelList) != want {
			t.Errorf("list by %s: got %+v, want %d", query, list, want)
		}
	}
	for _, path := range []string{"/kakao/v2/channels/categories", "/kakao/v2/templates/categories"} {
		var categories []category
		if w.ok("GET", path, nil, &categories); len(categories) == 0 || categories[0].Code == "" {
			t.Errorf("%s: got %+v", path, categories)
		}
	}
}

func TestRegisteredWebhooksGetTheirEvents(t *testing.T) {
	var fallback *receiver
	w := newWorld(t, func(o *Options) { o.ReportURL = "" })
	single, whole := newReceiver(t), newReceiver(t)
	fallback = w.webhook
	var r struct{ WebhookID string }
	w.ok("POST", "/webhook/v1/outgoing", map[string]any{"eventId": "SINGLE-REPORT", "url": single.server.URL, "name": "x", "isTemporary": false, "secret": "abc"}, &r)
	w.ok("POST", "/webhook/v1/outgoing", map[string]any{"eventId": "GROUP-REPORT", "url": whole.server.URL, "name": "y"}, nil)
	w.refused("POST", "/webhook/v1/outgoing", `{"eventId":"FAX-RECEIVE","url":"http://x"}`, 400, "ValidationError")
	w.refused("POST", "/webhook/v1/outgoing", `{"eventId":"SINGLE-REPORT","url":"nowhere"}`, 400, "ValidationError")
	id, _ := w.newGroup(text(someone, "a"))
	w.ok("POST", "/messages/v4/groups/"+id+"/send", nil, nil)
	if got := single.reports(t, 1); got[0].CustomFields["ref"] != "a" {
		t.Errorf("single: got %+v", got)
	}
	if got := whole.reports(t, 1); got[0].GroupID != id {
		t.Errorf("group: got %+v, want group %s", got, id)
	}
	if got := single.calls[0].header; got.Get("X-Solapi-Event-Name") != "SINGLE-REPORT" || got.Get("X-Solapi-Secret") != "a9993e364706816aba3e25717850c26c9cd0d89d" {
		t.Errorf("headers: got %v, want the SHA-1 of abc", got)
	}
	if got := whole.calls[0].header.Get("X-Solapi-Event-Name"); got != "GROUP-REPORT" {
		t.Errorf("event: got %s", got)
	}
	var list struct {
		List []struct{ WebhookID, URL, EventID string }
	}
	w.ok("GET", "/webhook/v1/outgoing?limit=200", nil, &list)
	if len(list.List) != 2 || list.List[1].WebhookID != r.WebhookID || list.List[1].URL != single.server.URL {
		t.Errorf("list: got %+v, want two", list)
	}
	w.ok("DELETE", "/webhook/v1/outgoing/"+r.WebhookID, nil, nil)
	w.refused("DELETE", "/webhook/v1/outgoing/"+r.WebhookID, nil, 404, "ResourceNotFound")
	if len(fallback.calls) != 0 {
		t.Errorf("nobody's webhook: got %+v", fallback.calls)
	}
}

func TestReportsGoToTheAddressOfTheirAccount(t *testing.T) {
	mine := newReceiver(t)
	w := newWorld(t, func(o *Options) {
		o.ReportURL = ""
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret}, {Key: "OTHER", Secret: "SECRET", ReportURL: mine.server.URL, ReportSecret: "abc"}}
	})
	w.sim.ReportTo(w.webhook.server.URL, "my-webhook-secret")
	first, _ := w.newGroup(text(someone, "first"))
	w.ok("POST", "/messages/v4/groups/"+first+"/send", nil, nil)
	if got := w.webhook.reports(t, 1); got[0].GroupID != first {
		t.Errorf("first account: got %+v", got)
	}
	if got := w.webhook.calls[0].header.Get("X-Solapi-Secret"); got != "1c7b518f7e40f7aca065995f0f1ecb69661b1d39" {
		t.Errorf("secret: got %s", got)
	}
	w.key, w.secret = "OTHER", "SECRET"
	second, _ := w.newGroup(text(someone, "second"))
	w.ok("POST", "/messages/v4/groups/"+second+"/send", nil, nil)
	if got := mine.reports(t, 1); got[0].GroupID != second {
		t.Errorf("second account: got %+v", got)
	}
	if got := w.webhook.reports(t, 1); len(got) != 1 {
		t.Errorf("first account: got %+v, want nothing of the second", got)
	}
}

func TestMoneyQuotaPricesAndSendersAreShown(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Prices = map[string]money.Amount{"sms": 8_4125}
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret, Balance: 12345_6000, DailyQuota: 200}}
	})
	for path, want := range map[string][]string{
		"/cash/v1/balance":                   {`"balance":12345.6,`, `"point":0`, `"notificationBalance":"0"`, `"currentBalance":"12345.6"`, `"balances":[]`},
		"/quota/v1/me":                       {`"quota":200`, `"autoAdjustment":false`, `"max":200`},
		"/pricing/v1/messaging?countryId=82": {`"countryId":"82"`, `"sms":8.4125`, `"lms":45`, `"mms":110`, `"ata":13`, `"cta":13`, `"cti":20`},
		"/pricing/v1/messaging/countries":    {`[{`, `"sms":8.4125`},
		"/pricing/v1/messaging/default":      {`"serviceMethod":"MT"`, `"sms":8.4125`, `"dateCreated":"`},
		"/senderid/v1/numbers/active":        {`["0261234567","0261239999"]`},
		"/users/v1/member":                   {`"accountId":"`},
	} {
		status, body := w.do("GET", path, nil)
		for _, part := range want {
			if status != http.StatusOK || !strings.Contains(string(body), part) {
				t.Errorf("%s: got %d %s, want %s in it", path, status, body, part)
			}
		}
	}
	w.refused("GET", "/pricing/v1/messaging?countryId=1", nil, 404, "ResourceNotFound")
	if status, body := w.do("GET", "/pricing/v1/messaging/default?countryId=1", nil); status != 200 || string(body) != "[]" {
		t.Errorf("default prices of another country: got %d %s, want []", status, body)
	}
	other := text(someone, "a")
	other["from"] = "15881234"
	w.newGroup(other)
	if _, body := w.do("GET", "/senderid/v1/numbers/active", nil); string(body) != `["0261234567","0261239999","15881234"]` {
		t.Errorf("senders: got %s, want the one that was used too", body)
	}
	res, err := http.Get(w.server.URL + "/pricing/v1/messaging/default")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	if res.StatusCode != http.StatusOK {
		t.Errorf("default prices without a login: got %d, want 200", res.StatusCode)
	}
}
