package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// receivedPage asks /_sim/received without a login.
func receivedPage(t *testing.T, s *Simulator, query string) ([]map[string]any, *string) {
	t.Helper()
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/_sim/received"+query, nil))
	var r struct {
		Data       []map[string]any `json:"data"`
		NextCursor *string          `json:"next_cursor"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &r); err != nil || rec.Code != http.StatusOK || r.Data == nil {
		t.Fatalf("received%s: got %d %s", query, rec.Code, rec.Body)
	}
	return r.Data, r.NextCursor
}

func TestEveryLegTakenIsShownOncePerHandOver(t *testing.T) {
	s := New(Options{})
	if rows, next := receivedPage(t, s, ""); len(rows) != 0 || next != nil {
		t.Errorf("at first: got %v, %v, want none", rows, next)
	}
	id := openGroup(t, s)
	ask(t, s, "PUT", "/messages/v4/groups/"+id+"/messages", map[string]any{"messages": []any{with(text(someone, "a"), "subject", "제목")}}, http.StatusOK)
	if rows, _ := receivedPage(t, s, ""); len(rows) != 0 {
		t.Errorf("registered only: got %v, want none", rows)
	}
	ask(t, s, "POST", "/messages/v4/groups/"+id+"/send", nil, http.StatusOK)
	rows, next := receivedPage(t, s, "?to=010-1234-5678")
	if len(rows) != 1 || next != nil {
		t.Fatalf("sent: got %v, %v, want one", rows, next)
	}
	at, _ := rows[0]["at"].(string)
	if _, err := time.Parse(time.RFC3339, at); err != nil {
		t.Errorf("at: got %v", rows[0]["at"])
	}
	delete(rows[0], "at")
	want := map[string]any{"to": someone, "from": sender, "channel": "lms", "text": "안녕하세요", "subject": "제목", "reference": "a", "outcome": "pending"}
	if diff := cmp.Diff(want, rows[0]); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	if rows, _ := receivedPage(t, s, "?to=01099999999"); len(rows) != 0 {
		t.Errorf("another number: got %v, want none", rows)
	}
	for _, bad := range []string{"?cursor=x", "?cursor=-1", "?limit=0", "?to=nobody"} {
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/_sim/received"+bad, nil))
		if rec.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", bad, rec.Code)
		}
	}
}

func TestReceivedIsPagedWithoutGapOrRepeat(t *testing.T) {
	s := New(Options{})
	var all []any
	for i := range 25 {
		all = append(all, text(fmt.Sprintf("010123456%02d", i), fmt.Sprint(i)))
	}
	sendTogether(t, s, all...)
	sendTogether(t, s, text("01012345600", "25"))
	for query, want := range map[string]int{"?limit=10": 26, "?limit=13": 26, "?limit=1&to=01012345600": 2, "": 26} {
		var got []any
		cursor := ""
		for {
			rows, next := receivedPage(t, s, "?"+query[min(1, len(query)):]+"&cursor="+cursor)
			for _, r := range rows {
				got = append(got, r["reference"])
			}
			if next == nil {
				break
			}
			cursor = *next
		}
		seen := map[any]bool{}
		for _, ref := range got {
			seen[ref] = true
		}
		if len(got) != want || len(seen) != want {
			t.Errorf("%q: got %v, want %d different", query, got, want)
		}
	}
}
