package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listReply is a list of messages whose order is kept.
type listReply struct {
	StartKey, NextKey *string
	Limit             int
	refs              []string // customFields.ref in the order of the object
	first             map[string]any
}

// list asks for messages.
func (w *world) list(path string) listReply {
	w.Helper()
	var raw struct {
		StartKey, NextKey *string
		Limit             int
		MessageList       json.RawMessage
	}
	w.ok("GET", path, nil, &raw)
	reply := listReply{StartKey: raw.StartKey, NextKey: raw.NextKey, Limit: raw.Limit}
	d := json.NewDecoder(bytes.NewReader(raw.MessageList))
	if _, err := d.Token(); err != nil {
		w.Fatal(err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			w.Fatal(err)
		}
		var m map[string]any
		if err := d.Decode(&m); err != nil {
			w.Fatal(err)
		}
		if m["messageId"] != key || m["_id"] != key {
			w.Errorf("key: got %v for message %v", key, m["messageId"])
		}
		if reply.first == nil {
			reply.first = m
		}
		reply.refs = append(reply.refs, m["customFields"].(map[string]any)["ref"].(string))
	}
	if _, err := d.Token(); err != nil && err != io.EOF {
		w.Fatal(err)
	}
	return reply
}

func TestListsOfMessagesAreFilteredAndPaged(t *testing.T) {
	w := newWorld(t, nil)
	start := time.Now()
	id, added := w.newGroup(text(someone, "a"), with(text("01011112222", "b"), "subject", "제목"), alimtalk("01022223333", "c"), text("01000030001", "d"))
	w.ok("POST", "/messages/v4/groups/"+id+"/send", nil, nil)
	w.webhook.reports(t, 4)
	_, other := w.newGroup(text(someone, "e"))
	ids := []string{added.ResultList[0].MessageID, added.ResultList[2].MessageID}
	date := func(d time.Duration) string { return url.QueryEscape(start.Add(d).Format(time.RFC3339)) }
	for _, c := range []struct {
		query string
		want  string
	}{
		{"", "e d c b a"},
		{"?to=" + someone, "e a"},
		{"?from=" + sender + "&type=lms", ""},
		{"?type=LMS", "b"},
		{"?type=LMS,ATA", "c b"},
		{"?statusCode=4000", "c b a"},
		{"?statusCode=3032", "d"},
		{"?groupId=" + id, "d c b a"},
		{"?groupId=G4V20260101000000ABCDEFGHJKLMNPQ", ""},
		{"?messageId=" + ids[0], "a"},
		{"?messageId=" + ids[0][:31] + "?", ""},
		{"?messageIds=" + ids[0] + "&messageIds=" + ids[1], "a c"},
		{"?messageIds[0]=" + ids[0] + "&messageIds[1]=" + ids[1], "a c"},
		{"?messageId[in]=" + strings.Join(ids, ","), "a c"},
		{"?to[like]=0111", "b"},
		{"?to[like]=%250111%25", "b"},
		{"?to[ne]=" + someone + "&groupId[eq]=" + id, "d c b"},
		{"?statusCode[gte]=3000&statusCode[lt]=4000", "d"},
		{"?statusCode[gt]=3032&statusCode[lte]=4000", "c b a"},
		{"?criteria=messageId,messageId&cond=eq,eq&value=" + strings.Join(ids, ","), "a c"},
		{"?criteria=statusCode,statusCode,statusCode&cond=ne,ne,ne&value=2000,3000,4000", "d"},
		{"?criteria=to,statusCode&cond=eq,eq&value=" + someone + ",4000", "a"},
		{"?startDate=" + date(-time.Hour) + "&endDate=" + date(time.Hour), "e d c b a"},
		{"?startDate=" + date(time.Hour), ""},
		{"?dateType=UPDATED&endDate=" + date(-time.Hour), ""},
		{"?dateCreated[gte]=" + date(-time.Hour), "e d c b a"},
		{"?startDate=2020-01-01&endDate=2020-01-02T00:00:00", ""},
	} {
		for _, path := range []string{"/messages/v4/list", "/messages/v4/list-old"} {
			if diff := cmp.Diff(c.want, strings.Join(w.list(path+c.query).refs, " ")); diff != "" {
				t.Errorf("%s%s (-want +got):\n%s", path, c.query, diff)
			}
		}
	}
	for _, bad := range []string{"?limit=0", "?limit=x", "?to[is]=1", "?criteria=to&cond=eq&value=a,b", "?criteria=color&cond=eq&value=a", "?criteria=to&cond=is&value=a",
		"?startDate=today", "?dateType=READ"} {
		w.refused("GET", "/messages/v4/list"+bad, nil, 400, "ValidationError")
	}
	if got := w.list("/messages/v4/groups/" + id + "/messages").refs; !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("messages of the group: got %v, want them in order", got)
	}
	_ = other
}

func TestAStoredMessageShowsEverything(t *testing.T) {
	w := newWorld(t, nil)
	id, _ := w.newGroup(ata1("title", "제목", "adFlag", true))
	w.ok("POST", "/messages/v4/groups/"+id+"/send", nil, nil)
	w.webhook.reports(t, 1)
	m := w.list("/messages/v4/list").first
	want := map[string]any{"groupId": id, "type": "ATA", "country": "82", "to": someone, "from": sender, "text": "김하나님, 예약이 확정되었습니다.",
		"subject": nil, "imageId": nil, "status": "COMPLETE", "statusCode": "4000", "reason": nil, "networkName": nil, "networkCode": nil,
		"autoTypeDetect": true, "replacement": false, "resendCount": 0.0, "replacements": []any{}, "log": []any{}, "queues": []any{}, "currentQueue": nil,
		"clusterKey": nil, "naverOptions": nil, "rcsOptions": nil, "faxOptions": nil, "voiceOptions": nil, "customFields": map[string]any{"ref": "r"},
		"kakaoOptions": map[string]any{"pfId": pf, "templateId": tp, "imageId": nil, "title": "제목", "disableSms": true, "adFlag": true, "buttons": nil,
			"senderKey": nil, "templateCode": nil, "buttonName": nil, "buttonUrl": nil}}
	for _, date := range []string{"dateCreated", "dateUpdated", "dateProcessed", "dateReported", "dateReceived"} {
		text, _ := m[date].(string)
		if _, err := time.Parse(stampForm, text); err != nil {
			t.Errorf("%s: got %v, want an instant in UTC", date, m[date])
		}
		delete(m, date)
	}
	delete(m, "_id")
	delete(m, "messageId")
	delete(m, "accountId")
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
}

func TestPagesFollowOneAnotherWithoutGapOrRepeat(t *testing.T) {
	w := newWorld(t, nil)
	var all []any
	var want []string
	for i := range 47 {
		ref := fmt.Sprintf("r%02d", i)
		all, want = append(all, text(fmt.Sprintf("010123456%02d", i), ref)), append(want, ref)
	}
	id, _ := w.newGroup(all...)
	w.newGroup(text(someone, "of another group"))
	walk := func(path string) (got []string) {
		for key := ""; ; {
			r := w.list(path + "&startKey=" + key)
			got = append(got, r.refs...)
			if key != "" && (r.StartKey == nil || *r.StartKey != key) {
				t.Errorf("start key: got %v, want %s", r.StartKey, key)
			}
			if r.NextKey == nil {
				return got
			}
			if len(r.refs) != r.Limit {
				t.Errorf("page: got %d, want %d", len(r.refs), r.Limit)
			}
			key = *r.NextKey
		}
	}
	if diff := cmp.Diff(want, walk("/messages/v4/groups/"+id+"/messages?limit=10")); diff != "" {
		t.Errorf("messages of the group (-want +got):\n%s", diff)
	}
	slices.Reverse(want)
	if diff := cmp.Diff(want, walk("/messages/v4/list?limit=7&groupId="+id)); diff != "" {
		t.Errorf("messages, newest first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, walk("/messages/v4/list?limit=7&to[like]=01012345")[1:]); diff != "" {
		t.Errorf("messages of the account (-want +got):\n%s", diff)
	}
	if r := w.list("/messages/v4/list"); r.Limit != 20 || len(r.refs) != 20 {
		t.Errorf("usual page: got %d of %d, want 20", len(r.refs), r.Limit)
	}
	if r := w.list("/messages/v4/list?limit=10000"); r.Limit != limitMost || len(r.refs) != 48 {
		t.Errorf("largest page: got %d of %d, want all 48 under a limit of 500", len(r.refs), r.Limit)
	}
}

func TestListsOfGroupsAreFilteredAndPaged(t *testing.T) {
	w := newWorld(t, nil)
	var ids []string
	for range 5 {
		id, _ := w.newGroup()
		ids = append(ids, id)
	}
	w.ok("DELETE", "/messages/v4/groups/"+ids[1], nil, nil)
	type reply struct {
		StartKey, NextKey *string
		Limit             int
		GroupList         map[string]groupReply
	}
	ask := func(query string) (r reply) {
		w.ok("GET", "/messages/v4/groups"+query, nil, &r)
		return r
	}
	first := ask("?limit=3")
	if len(first.GroupList) != 3 || first.NextKey == nil || *first.NextKey != ids[1] || first.GroupList[ids[4]].GroupID != ids[4] {
		t.Errorf("first page: got %+v, want the three newest", first)
	}
	second := ask("?limit=3&startKey=" + *first.NextKey)
	if len(second.GroupList) != 2 || second.NextKey != nil {
		t.Errorf("second page: got %+v, want two and no more", second)
	}
	for query, want := range map[string]int{
		"?criteria=groupId&cond=eq&value=" + ids[2]: 1, "?groupId=" + ids[2]: 1, "?status=PENDING": 4, "?status[ne]=PENDING": 1,
		"?startDate=2020-01-01": 5, "?endDate=2020-01-01": 0, "?scheduledDate[gte]=2020-01-01": 0,
	} {
		if got := len(ask(query).GroupList); got != want {
			t.Errorf("%s: got %d, want %d", query, got, want)
		}
	}
}

func TestStatisticsAddUp(t *testing.T) {
	w := newWorld(t, nil)
	id, _ := w.newGroup(text(someone, "a"), text("01000030001", "b"), alimtalk("01022223333", "c"), text("01000991062", "refused"))
	w.ok("POST", "/messages/v4/groups/"+id+"/send", nil, nil)
	w.webhook.reports(t, 3)
	type tallies struct{ Total, Successed, Failed map[string]int }
	var r struct {
		tallies
		Balance, Point, MonthlyBalanceAvg, MonthlyPointAvg float64
		MonthPeriod                                        []struct {
			tallies
			Date      string
			Balance   float64
			Refund    struct{ Balance, BalanceAvg float64 }
			DayPeriod []struct {
				tallies
				ID         string `json:"_id"`
				StatusCode map[string]map[string]int
				Refund     struct{ Balance float64 }
			}
		}
	}
	w.ok("GET", "/messages/v4/statistics", nil, &r)
	if r.Balance != 49 || r.MonthlyBalanceAvg != 31 || r.Total["total"] != 3 || r.Successed["sms"] != 1 || r.Failed["sms"] != 1 || r.Successed["ata"] != 1 || r.Total["rcs_tpl"] != 0 {
		t.Errorf("sums: got %+v", r)
	}
	if len(r.MonthPeriod) != 1 || len(r.MonthPeriod[0].DayPeriod) != 1 || r.MonthPeriod[0].Refund.Balance != 18 {
		t.Fatalf("months: got %+v, want one of one day", r.MonthPeriod)
	}
	day := r.MonthPeriod[0].DayPeriod[0]
	if want := (map[string]map[string]int{"4000": {"sms": 1, "ata": 1}, "3032": {"sms": 1}}); !cmp.Equal(day.StatusCode, want) || day.Refund.Balance != 18 || !strings.HasPrefix(day.ID, r.MonthPeriod[0].Date) {
		t.Errorf("day: got %+v, want codes %v", day, want)
	}
	w.ok("GET", "/messages/v4/statistics?endDate=2020-01-01", nil, &r)
	if r.Total["total"] != 0 {
		t.Errorf("before: got %+v, want nothing", r.Total)
	}
	w.refused("GET", "/messages/v4/statistics?startDate=x", nil, 400, "ValidationError")
}
