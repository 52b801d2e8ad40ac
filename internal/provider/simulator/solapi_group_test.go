package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const groups = "/messages/v4/groups"

func TestAGroupIsCreatedFilledEmptiedAndDeleted(t *testing.T) {
	w := newWorld(t, nil)
	var created map[string]json.RawMessage
	w.ok("POST", groups, `{"sdkVersion":"go/2.0.0","osPlatform":"linux","customFields":{"batch":"b1"},"allowDuplicates":false}`, &created)
	for field, want := range map[string]string{
		"status": `"PENDING"`, "customFields": `{"batch":"b1"}`, "sdkVersion": `"go/2.0.0"`, "allowDuplicates": "false", "isRefunded": "false",
		"masterAccountId": "null", "hint": "null", "scheduledDate": "null", "dateSent": "null", "dateCompleted": "null", "apiVersion": `"4"`,
		"count":   `{"total":0,"sentTotal":0,"sentFailed":0,"sentSuccess":0,"sentPending":0,"sentReplacement":0,"refund":0,"registeredFailed":0,"registeredSuccess":0}`,
		"balance": `{"requested":0,"replacement":0,"refund":0,"sum":0}`,
	} {
		if got := string(created[field]); got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
	var price map[string]map[string]float64
	if err := json.Unmarshal(created["price"], &price); err != nil || price["82"]["sms"] != 18 || price["82"]["lms"] != 45 || price["82"]["ata"] != 13 {
		t.Errorf("price: got %s, want an object by country with 18, 45, 13", created["price"])
	}
	id, added := w.newGroup(text(someone, "a"), text("01011112222", "b"), text("0212", "bad"))
	path := groups + "/" + id
	var g groupReply
	w.ok("GET", path, nil, &g)
	if g.Count.Total != 3 || g.Count.RegisteredSuccess != 2 || g.Count.RegisteredFailed != 1 {
		t.Errorf("count: got %+v, want 3 with one refused", g.Count)
	}
	var removedReply struct {
		GroupID    string
		ErrorCount int
		ResultList []struct{ MessageID, ResultCode string }
	}
	ids := []string{added.ResultList[0].MessageID, "M4V20260101000000ABCDEFGHJKLMNPQ"}
	w.ok("DELETE", path+"/messages", map[string]any{"messageIds": ids}, &removedReply)
	if removedReply.GroupID != id || removedReply.ErrorCount != 1 || removedReply.ResultList[0].ResultCode != "Success" || removedReply.ResultList[1].ResultCode == "Success" {
		t.Errorf("removed: got %+v, want one success and one error", removedReply)
	}
	w.ok("PUT", path+"/messages", map[string]any{"messages": []any{text(someone, "a again")}}, nil)
	w.ok("GET", path, nil, &g)
	if g.Count.RegisteredSuccess != 2 {
		t.Errorf("count: got %+v, want the removed number accepted again", g.Count)
	}
	w.ok("DELETE", path, nil, &g)
	if g.Status != deleted {
		t.Errorf("deleted: got %s", g.Status)
	}
	w.refused("POST", path+"/send", nil, 400, "DeletedGroup")
	w.refused("DELETE", path, nil, 400, "NotOperationalStatus")
	w.refused("DELETE", path+"/messages", map[string]any{"messageIds": ids}, 400, "InvalidGroupStatus")
	w.refused("PUT", path+"/messages", map[string]any{"messages": []any{text(someone, "a")}}, 400, "ValidationError")
}

func TestAGroupRefusesWhatItsStateForbids(t *testing.T) {
	w := newWorld(t, nil)
	id, _ := w.newGroup(text(someone, "a"))
	path := groups + "/" + id
	tomorrow := map[string]string{"scheduledDate": time.Now().Add(24 * time.Hour).Format(time.RFC3339)}
	w.refused("POST", path+"/schedule", `{"scheduledDate":"tomorrow"}`, 400, "InvalidScheduledDate")
	w.refused("POST", path+"/schedule", map[string]string{"scheduledDate": time.Now().AddDate(0, 7, 0).Format(time.RFC3339)}, 400, "InvalidScheduledDate")
	w.refused("DELETE", path+"/schedule", nil, 400, "InvalidStatus")
	w.refused("POST", path+"/resend", nil, 400, "InvalidStatus")
	var g groupReply
	w.ok("POST", path+"/schedule", tomorrow, &g)
	if g.Status != scheduled {
		t.Fatalf("schedule: got %s", g.Status)
	}
	w.refused("POST", path+"/send", nil, 409, "ScheduledGroup")
	w.refused("POST", path+"/schedule", tomorrow, 409, "ScheduledGroup")
	w.ok("DELETE", path+"/schedule", nil, &g)
	if g.Status != failed {
		t.Fatalf("unschedule: got %s, want FAILED", g.Status)
	}
	w.refused("POST", path+"/send", nil, 400, "FailedGroup")
	w.ok("POST", path+"/resend", nil, &g)
	w.webhook.reports(t, 1)
	if m := w.list(path + "/messages").first; m["resendCount"] != 1.0 || m["statusCode"] != "4000" {
		t.Errorf("resent: got %+v, want it delivered at the second try", m)
	}
	w.refused("POST", path+"/send", nil, 409, "AlreadySent")
	w.refused("DELETE", path, nil, 400, "NotOperationalStatus")

	silent, _ := w.newGroup(text("01000040001", "silent"))
	w.ok("POST", groups+"/"+silent+"/send", nil, nil)
	w.refused("POST", groups+"/"+silent+"/send", nil, 409, "GroupInProcessing")

	empty, _ := w.newGroup()
	w.refused("POST", groups+"/"+empty+"/send", nil, 400, "ValidationError")
	w.refused("PUT", groups+"/"+empty+"/messages", `{"messages":[]}`, 400, "ValidationError")
	w.refused("PUT", groups+"/"+empty+"/messages", `{"messages":`, 400, "ValidationError")
	w.refused("PUT", groups+"/"+empty+"/messages", "{\"messages\":[{\"to\":\"\xff\"}]}", 400, "ValidationError")
	w.refused("DELETE", groups+"/"+empty+"/messages", nil, 400, "ValidationError")
	w.refused("GET", groups+"/short", nil, 400, "ValidationError")
	w.refused("GET", groups+"/G4V20260101000000ABCDEFGHJKLMNPQ", nil, 404, "ResourceNotFound")
	w.refused("POST", groups+"/G4V20260101000000ABCDEFGHJKLMNPQ/send", nil, 404, "ResourceNotFound")
	w.refused("GET", "/messages/v4/nothing", nil, 404, "ResourceNotFound")
}

func TestAGroupOfAnotherAccountIsNotShown(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret}, {Key: "OTHER", Secret: "SECRET", ID: "12345678901234"}}
	})
	id, added := w.newGroup(text(someone, "a"))
	w.key, w.secret = "OTHER", "SECRET"
	w.refused("GET", groups+"/"+id, nil, 404, "ResourceNotFound")
	w.refused("DELETE", groups+"/"+id, nil, 403, "Forbidden")
	var list struct {
		MessageList map[string]any
		GroupList   map[string]any
	}
	w.ok("GET", "/messages/v4/list?messageId="+added.ResultList[0].MessageID, nil, &list)
	w.ok("GET", groups, nil, &list)
	w.ok("GET", "/messages/v4/list?groupId="+id, nil, &list)
	if len(list.MessageList)+len(list.GroupList) != 0 {
		t.Errorf("lists: got %+v, want nothing", list)
	}
	var member struct{ AccountID string }
	w.ok("GET", "/users/v1/member", nil, &member)
	if member.AccountID != "12345678901234" {
		t.Errorf("account: got %s", member.AccountID)
	}
}

func TestADailyQuotaFailsTheGroupThatIsOverIt(t *testing.T) {
	inFakeTime(t, func(o *Options) {
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret, DailyQuota: 2}}
	}, func(t *testing.T, s *Simulator, w *wire) {
		sendTogether(t, s, text(someone, "a"))
		over := sendTogether(t, s, text(someone, "b"), text("01011112222", "c"))
		g := groupOf(t, s, over)
		if g.Status != failed || g.Balance.Requested != 0 || len(g.Log) != 2 {
			t.Errorf("over the quota: got %+v, want failed, unpaid, a line in its log", g)
		}
		if got := len(s.Received()); got != 1 {
			t.Errorf("received: got %d, want 1", got)
		}
		ask(t, s, "POST", groups+"/"+over+"/resend", nil, http.StatusOK)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		sendTogether(t, s, text(someone, "next day"), text("01011112222", "d"))
		if got := len(s.Received()); got != 5 {
			t.Errorf("received: got %d, want 5: resending does not count, and a new day begins", got)
		}
	})
}

func TestTooManyRecipientsAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	id, _ := w.newGroup()
	numbers := make([]string, requestMost+1)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("010%08d", i+20_000_000)
	}
	many := text(someone, "r")
	many["to"] = numbers
	w.refused("PUT", groups+"/"+id+"/messages", map[string]any{"messages": []any{many}}, 413, "RecipientsTooMany")
	w.refused("POST", "/messages/v4/send-many/detail", map[string]any{"messages": []any{many}}, 413, "RecipientsTooMany")
	many["to"] = numbers[1:]
	w.ok("PUT", groups+"/"+id+"/messages", map[string]any{"messages": []any{many}}, nil)
	large := bytes.Repeat([]byte("가"), bodyLimit/3+1)
	w.refused("PUT", groups+"/"+id+"/messages", `{"messages":[{"to":"`+someone+`","text":"`+string(large)+`"}]}`, 413, "PayloadTooLarge")

	full := w.sim.groups[id]
	full.messages = append(full.messages, make([]*message, groupMost-requestMost)...)
	w.refused("PUT", groups+"/"+id+"/messages", map[string]any{"messages": []any{text(someone, "one more")}}, 413, "RecipientsTooMany")
}

func TestARepeatedNumberIsRefusedUnlessAllowed(t *testing.T) {
	w := newWorld(t, nil)
	id, added := w.newGroup(text(someone, "a"), text(someone, "b"))
	if got := added.ResultList[1].StatusCode; got != "1026" {
		t.Errorf("in one call: got %s, want 1026", got)
	}
	add := func(body map[string]any) string {
		var r resultReply
		w.ok("PUT", groups+"/"+id+"/messages", body, &r)
		return r.ResultList[0].StatusCode
	}
	again := []any{text(someone, "c")}
	if got := add(map[string]any{"messages": again}); got != "1026" {
		t.Errorf("in a later call: got %s, want 1026", got)
	}
	if got := add(map[string]any{"messages": again, "allowDuplicates": true}); got != "2000" {
		t.Errorf("allowed for the call: got %s, want 2000", got)
	}
	var g groupReply
	w.ok("POST", groups, `{"allowDuplicates":true}`, &g)
	id = g.GroupID
	if got := add(map[string]any{"messages": append(again, text(someone, "d"))}); got != "2000" {
		t.Errorf("allowed for the group: got %s, want 2000", got)
	}
	if got := add(map[string]any{"messages": again, "allowDuplicates": false}); got != "1026" {
		t.Errorf("forbidden for the call: got %s, want 1026", got)
	}
}

func TestOneMessageIsSentByItself(t *testing.T) {
	w := newWorld(t, nil)
	var r struct {
		GroupID, MessageID, AccountID, StatusCode, StatusMessage, To, From, Type, Country string
		CustomFields                                                                      map[string]string
	}
	w.ok("POST", "/messages/v4/send", map[string]any{"message": text(someone, "one"), "agent": map[string]string{"sdkVersion": "x"}}, &r)
	if r.StatusCode != "2000" || r.To != someone || r.From != sender || r.Type != "SMS" || r.Country != "82" || r.CustomFields["ref"] != "one" ||
		!wellFormed(r.GroupID, groupPrefix) || !wellFormed(r.MessageID, messagePrefix) || r.StatusMessage != "정상 접수(이통사로 접수 예정) " {
		t.Errorf("sent: got %+v", r)
	}
	w.webhook.reports(t, 1)
	w.refused("POST", "/messages/v4/send", map[string]any{"message": text("01000991062", "no")}, 400, "FailedToAddMessage")
	w.refused("POST", "/messages/v4/send", `{}`, 400, "ValidationError")
	w.refused("POST", "/messages/v4/send", `{"message":{"to":["01012345678","01012345679"],"from":"0261234567","text":"x"}}`, 400, "ValidationError")
	w.refused("POST", "/messages/v4/send", `{"message":{"to":1}}`, 400, "ValidationError")
}

func TestManyMessagesAreSentInOneRequest(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret, Balance: 40_0000}}
	})
	type detail struct {
		FailedMessageList []map[string]any
		GroupInfo         groupReply
		MessageList       []struct {
			MessageID, StatusCode string
			CustomFields          map[string]string
		}
	}
	var r detail
	list := []any{text(someone, "a"), text("01000991062", "b")}
	w.ok("POST", "/messages/v4/send-many/detail", map[string]any{"messages": list, "showMessageList": true}, &r)
	if len(r.FailedMessageList) != 1 || len(r.MessageList) != 1 || r.MessageList[0].CustomFields["ref"] != "a" || r.GroupInfo.Status != sending {
		t.Fatalf("detail: got %+v", r)
	}
	for _, field := range []string{"to", "from", "type", "country", "messageId", "statusCode", "statusMessage", "accountId"} {
		if r.FailedMessageList[0][field] == "" || r.FailedMessageList[0][field] == nil {
			t.Errorf("failed message: %s is missing in %+v", field, r.FailedMessageList[0])
		}
	}
	var raw map[string]json.RawMessage
	w.ok("POST", "/messages/v4/send-many/fast", map[string]any{"messages": []any{text("01000991062", "b")}}, &raw)
	if _, shown := raw["messageList"]; shown || string(raw["failedMessageList"]) == "[]" {
		t.Errorf("all refused: got %s", raw)
	}
	var g groupReply
	w.ok("POST", "/messages/v4/send-many", map[string]any{"messages": []any{text(someone, "c")}, "scheduledDate": "2020-01-01T00:00:00Z"}, &g)
	if g.Status != sending {
		t.Errorf("a date that has passed: got %s, want SENDING", g.Status)
	}
	w.webhook.reports(t, 2)
	w.ok("POST", "/messages/v4/send-many", map[string]any{"messages": []any{text(someone, "d")},
		"scheduledDate": time.Now().Add(time.Hour).Format(time.RFC3339)}, &g)
	if g.Status != scheduled {
		t.Errorf("a later date: got %s, want SCHEDULED", g.Status)
	}
	w.refused("POST", "/messages/v4/send-many", map[string]any{"messages": []any{text(someone, "e")}, "scheduledDate": "soon"}, 400, "InvalidScheduledDate")
	w.refused("POST", "/messages/v4/send-many", map[string]any{"messages": []any{text(someone, "too dear")}}, 402, "NotEnoughBalance")
	w.refused("POST", "/messages/v4/send-many/detail", `{"messages":[]}`, 400, "ValidationError")
	var known struct{ GroupList map[string]any }
	w.ok("GET", groups+"?limit=100", nil, &known)
	if len(known.GroupList) != 4 {
		t.Errorf("groups: got %d, want 4: a request refused as a whole leaves none", len(known.GroupList))
	}
	if rows := w.sim.Received(); len(rows) != 2 || !strings.HasPrefix(rows[0].Text, "안녕") {
		t.Errorf("received: got %+v, want a and c", rows)
	}
}
