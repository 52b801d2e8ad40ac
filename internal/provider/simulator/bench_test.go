package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"
)

// inProcess makes signed requests without a socket.
func inProcess(s *Simulator, method, path string, body []byte) *httptest.ResponseRecorder {
	w := world{key: DefaultKey, secret: DefaultSecret}
	req := httptest.NewRequest(method, path, bytes.NewReader(body))
	req.Header.Set("Authorization", w.authorization())
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, req)
	return rec
}

// fullRequest is a body of n messages with texts of their own, as our adapter
// sends them.
func fullRequest(tb testing.TB, batch, n int) []byte {
	messages := make([]map[string]any, n)
	for i := range messages {
		k := batch*n + i
		messages[i] = map[string]any{
			"to": fmt.Sprintf("010%08d", 10_000_000+k), "from": sender, "type": "ATA",
			"text":         fmt.Sprintf("고객%d님, 예약이 확정되었습니다. 변경은 전화로 부탁드립니다.", k),
			"kakaoOptions": map[string]any{"pfId": pf, "templateId": tp, "disableSms": true},
			"customFields": map[string]string{"ref": fmt.Sprintf("demo-rich.msg_01k0000000000000000000000.%d.0.1", k)},
		}
	}
	body, err := json.Marshal(map[string]any{"messages": messages})
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func openGroup(tb testing.TB, s *Simulator) string {
	rec := inProcess(s, "POST", "/messages/v4/groups", []byte(`{}`))
	var g groupReply
	if err := json.Unmarshal(rec.Body.Bytes(), &g); err != nil || rec.Code != http.StatusOK {
		tb.Fatalf("create group: %d %s", rec.Code, rec.Body)
	}
	return g.GroupID
}

func BenchmarkAddMessages(b *testing.B) {
	s := New(Options{})
	body := fullRequest(b, 0, requestMost)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		id := openGroup(b, s)
		if rec := inProcess(s, "PUT", "/messages/v4/groups/"+id+"/messages", body); rec.Code != http.StatusOK {
			b.Fatalf("add: %d %s", rec.Code, rec.Body)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/requestMost, "ns/message")
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAWaitingMessageTakesAtMostSixHundredBytes(t *testing.T) {
	const batches, limit = 10, 600
	before := heap()
	s := New(Options{ReportURL: "http://127.0.0.1:1"})
	texts := 0
	for batch := range batches {
		id := openGroup(t, s)
		body := fullRequest(t, batch, requestMost)
		if rec := inProcess(s, "PUT", "/messages/v4/groups/"+id+"/messages", body); rec.Code != http.StatusOK {
			t.Fatalf("add: %d %s", rec.Code, rec.Body)
		}
		if rec := inProcess(s, "POST", "/messages/v4/groups/"+id+"/send", nil); rec.Code != http.StatusOK {
			t.Fatalf("send: %d %s", rec.Code, rec.Body)
		}
	}
	for _, r := range s.Received() {
		texts += len(r.Text)
	}
	each := (int(heap()-before) - texts) / (batches * requestMost)
	t.Logf("%d bytes each besides the text of %d bytes", each, texts/(batches*requestMost))
	if each > limit {
		t.Errorf("bytes of a message besides its text: got %d, want at most %d", each, limit)
	}
	runtime.KeepAlive(s)
}

// BenchmarkLife is everything that happens to a message after its registration:
// hand-over, carrier, report, webhook body.
func BenchmarkLife(b *testing.B) {
	body := fullRequest(b, 0, requestMost)
	transport := &wire{}
	s := New(Options{AcceptDelay: -1, ReportDelay: -1, ReportURL: "http://customer.example", Transport: transport})
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		s.Reset()
		id := openGroup(b, s)
		if rec := inProcess(s, "PUT", "/messages/v4/groups/"+id+"/messages", body); rec.Code != http.StatusOK {
			b.Fatalf("add: %d %s", rec.Code, rec.Body)
		}
		b.StartTimer()
		if rec := inProcess(s, "POST", "/messages/v4/groups/"+id+"/send", nil); rec.Code != http.StatusOK {
			b.Fatalf("send: %d %s", rec.Code, rec.Body)
		}
		for reported := 0; reported < requestMost; {
			s.advance(time.Now().Add(time.Minute))
			s.mu.Lock()
			d, ok := s.nextDelivery()
			if ok {
				_, _ = s.pushSolapi(d)
				reported += len(d.items)
			}
			s.mu.Unlock()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/requestMost, "ns/message")
}
