package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wire stands for the network in a bubble of fake time: it answers webhook calls.
type wire struct {
	mu     sync.Mutex
	calls  []hookCall
	answer func(n int, r *http.Request) (int, error)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c := hookCall{header: r.Header, body: string(body), at: time.Now(), url: r.URL.String()}
	_ = json.Unmarshal(body, &c.reports)
	w.mu.Lock()
	w.calls = append(w.calls, c)
	n, status := len(w.calls), http.StatusOK
	w.mu.Unlock()
	if w.answer != nil {
		if status, err = w.answer(n, r); err != nil {
			return nil, err
		}
	}
	rec := httptest.NewRecorder()
	rec.WriteHeader(status)
	return rec.Result(), nil
}

// all are the calls so far.
func (w *wire) all() []hookCall {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]hookCall(nil), w.calls...)
}

func (w *wire) reports() []reportView {
	var all []reportView
	for _, c := range w.all() {
		all = append(all, c.reports...)
	}
	return all
}

// inFakeTime runs do with a running simulator in a bubble of fake time.
func inFakeTime(t *testing.T, change func(*Options), do func(t *testing.T, s *Simulator, w *wire)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		o := Options{Seed: 1, ReportURL: "http://customer.example/webhooks", ReportSecret: "my-webhook-secret", Transport: w}
		if change != nil {
			change(&o)
		}
		s := New(o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		do(t, s, w)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: got %v, want nil", err)
		}
	})
}

// ask makes a signed request in process; it must be answered with status.
func ask(t *testing.T, s *Simulator, method, path string, body any, status int) []byte {
	t.Helper()
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	rec := inProcess(s, method, path, content)
	if rec.Code != status {
		t.Fatalf("%s %s: got %d %s, want %d", method, path, rec.Code, rec.Body, status)
	}
	return bytes.TrimSpace(rec.Body.Bytes())
}

// sendTogether makes a group of these messages and sends it; it gives the group's id.
func sendTogether(t *testing.T, s *Simulator, messages ...any) string {
	t.Helper()
	id := openGroup(t, s)
	ask(t, s, "PUT", "/messages/v4/groups/"+id+"/messages", map[string]any{"messages": messages}, http.StatusOK)
	ask(t, s, "POST", "/messages/v4/groups/"+id+"/send", nil, http.StatusOK)
	return id
}

func groupOf(t *testing.T, s *Simulator, id string) groupReply {
	t.Helper()
	var g groupReply
	if err := json.Unmarshal(ask(t, s, "GET", "/messages/v4/groups/"+id, nil, http.StatusOK), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAMessageGoesFromRegisteredToTheCarrierToDelivered(t *testing.T) {
	inFakeTime(t, func(o *Options) { o.AcceptDelay, o.ReportDelay = time.Second, 4*time.Second }, func(t *testing.T, s *Simulator, w *wire) {
		id := sendTogether(t, s, text(someone, "a"))
		code := func() string {
			var list struct {
				MessageList map[string]struct{ StatusCode string }
			}
			_ = json.Unmarshal(ask(t, s, "GET", "/messages/v4/groups/"+id+"/messages", nil, http.StatusOK), &list)
			for _, m := range list.MessageList {
				return m.StatusCode
			}
			return ""
		}
		for _, step := range []struct {
			after time.Duration
			code  string
		}{{500 * time.Millisecond, "2000"}, {time.Second, "3000"}, {9 * time.Second, "4000"}} {
			time.Sleep(step.after)
			synctest.Wait()
			if got := code(); got != step.code {
				t.Errorf("code: got %s, want %s", got, step.code)
			}
		}
		g := groupOf(t, s, id)
		if g.Status != complete || g.Count.SentSuccess != 1 || g.Count.SentPending != 0 {
			t.Errorf("group: got %+v, want complete with one success", g)
		}
	})
}

func TestALateNumberIsReportedSixtySecondsLater(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		start := time.Now()
		sendTogether(t, s, text("01000060001", "late"))
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if got := w.all(); len(got) != 0 {
			t.Fatalf("reports before a minute: got %+v, want none", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		got := w.all()
		if len(got) != 1 || got[0].reports[0].StatusCode != "4000" {
			t.Fatalf("reports: got %+v, want one delivered", got)
		}
		if d := got[0].at.Sub(start); d < time.Minute || d > 61*time.Second {
			t.Errorf("late: got %v, want a minute", d)
		}
	})
}

func TestASilentNumberStaysWithTheCarrierAndItsGroupStaysOpen(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		id := sendTogether(t, s, text("01000040001", "silent"))
		time.Sleep(100 * time.Hour)
		synctest.Wait()
		if got := w.all(); len(got) != 0 {
			t.Errorf("reports: got %+v, want none", got)
		}
		if g := groupOf(t, s, id); g.Status != sending || g.Count.SentPending != 1 {
			t.Errorf("group: got %+v, want sending with one pending", g)
		}
		if got := s.Received(); len(got) != 1 || got[0].Outcome != "pending" {
			t.Errorf("received: got %+v, want one pending", got)
		}
	})
}

func TestAnAlimtalkIsReportedDeliveredOnlyAfterTheTextWas(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		sendTogether(t, s, alimtalk("01000070001", "a"))
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := w.reports(); len(got) != 1 || got[0].StatusCode != "3104" {
			t.Fatalf("before the text: got %+v, want 3104 alone", got)
		}
		sendTogether(t, s, text("01000070001", "b"))
		time.Sleep(time.Minute)
		synctest.Wait()
		got := w.reports()
		if len(got) != 3 || got[1].StatusCode != "4000" || got[1].Type != "SMS" || got[2].StatusCode != "4000" || got[2].Type != "ATA" {
			t.Fatalf("reports: got %+v, want 3104 of ATA, 4000 of SMS, 4000 of ATA", got)
		}
		if got[2].MessageID != got[0].MessageID {
			t.Errorf("contradiction: got message %s, want %s", got[2].MessageID, got[0].MessageID)
		}
		sendTogether(t, s, text("01000070001", "c"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := w.reports(); len(got) != 4 || got[3].Type != "SMS" {
			t.Errorf("after one more text: got %+v, want its report alone", got)
		}
		rows := s.Received()
		if rows[0].Outcome != "failed" || rows[1].Outcome != "delivered" {
			t.Errorf("at the handset: got %s and %s, want the Alimtalk failed and the text delivered", rows[0].Outcome, rows[1].Outcome)
		}
	})
}

func TestAWebhookWithoutAGoodAnswerIsCalledFiveTimesInAll(t *testing.T) {
	inFakeTime(t, func(o *Options) { o.ReportEnvelope = true }, func(t *testing.T, s *Simulator, w *wire) {
		w.answer = func(int, *http.Request) (int, error) { return http.StatusAccepted, nil }
		sendTogether(t, s, text(someone, "a"))
		time.Sleep(time.Hour)
		synctest.Wait()
		calls := w.all()
		if len(calls) != reportCalls {
			t.Fatalf("calls: got %d, want %d", len(calls), reportCalls)
		}
		for i, c := range calls {
			var body []struct {
				EventDataID string     `json:"eventDataId"`
				RetryCount  int        `json:"retryCount"`
				Data        reportView `json:"data"`
			}
			if err := json.Unmarshal([]byte(c.body), &body); err != nil || len(body) != 1 {
				t.Fatalf("envelope: %v in %s", err, c.body)
			}
			if body[0].RetryCount != i || body[0].EventDataID == "" || body[0].Data.StatusCode != "4000" {
				t.Errorf("call %d: got %+v", i, body[0])
			}
			if i > 0 {
				if d := c.at.Sub(calls[i-1].at); d < 10*time.Second || d > 11*time.Second {
					t.Errorf("interval: got %v, want 10 s", d)
				}
			}
		}
	})
}

func TestAWebhookThatHangsIsCutAfterFiveSecondsAndCalledAgain(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		w.answer = func(n int, r *http.Request) (int, error) {
			if n == 1 {
				<-r.Context().Done()
				return 0, r.Context().Err()
			}
			return http.StatusOK, nil
		}
		sendTogether(t, s, text(someone, "a"))
		time.Sleep(time.Minute)
		synctest.Wait()
		calls := w.all()
		if len(calls) != 2 {
			t.Fatalf("calls: got %d, want 2", len(calls))
		}
		if d := calls[1].at.Sub(calls[0].at); d < 15*time.Second || d > 16*time.Second {
			t.Errorf("second call: got after %v, want 5 s of waiting and 10 s of pause", d)
		}
	})
}

func TestReportsGoOutInBodiesOfAtMostTheBatch(t *testing.T) {
	inFakeTime(t, func(o *Options) { o.ReportSenders, o.ReportBatch = 1, 100 }, func(t *testing.T, s *Simulator, w *wire) {
		ask(t, s, "POST", "/messages/v4/send-many/detail", json.RawMessage(fullRequest(t, 0, burst+1)), http.StatusOK)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := len(w.reports()); got != burst+1 {
			t.Errorf("reports: got %d, want %d", got, burst+1)
		}
		full := 0
		for _, c := range w.all() {
			if len(c.reports) > 100 {
				t.Errorf("body: got %d reports, want at most 100", len(c.reports))
			}
			if len(c.reports) == 100 {
				full++
			}
		}
		if full < 25 {
			t.Errorf("full bodies: got %d of %d, want at least 25", full, len(w.all()))
		}
	})
}

func TestAScheduledGroupIsSentWhenItIsDue(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		id := openGroup(t, s)
		ask(t, s, "PUT", "/messages/v4/groups/"+id+"/messages", map[string]any{"messages": []any{text(someone, "a")}}, http.StatusOK)
		due := time.Now().AddDate(0, 5, 0)
		ask(t, s, "POST", "/messages/v4/groups/"+id+"/schedule", map[string]string{"scheduledDate": due.Format(time.RFC3339)}, http.StatusOK)
		time.Sleep(time.Until(due) - time.Second)
		synctest.Wait()
		if g := groupOf(t, s, id); g.Status != scheduled || g.Balance.Requested != 0 {
			t.Errorf("before: got %+v, want scheduled and not paid", g)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if g := groupOf(t, s, id); g.Status != complete || g.Balance.Requested != 18 {
			t.Errorf("after: got %+v, want complete and paid", g)
		}
		if got := len(w.reports()); got != 1 {
			t.Errorf("reports: got %d, want 1", got)
		}
	})
}

func TestAScheduledGroupThatCannotBePaidFailsAndIsReported(t *testing.T) {
	inFakeTime(t, func(o *Options) {
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret, Balance: -1}}
	}, func(t *testing.T, s *Simulator, w *wire) {
		id := openGroup(t, s)
		ask(t, s, "PUT", "/messages/v4/groups/"+id+"/messages", map[string]any{"messages": []any{text(someone, "a")}}, http.StatusOK)
		ask(t, s, "POST", "/messages/v4/groups/"+id+"/send", nil, http.StatusPaymentRequired)
		due := time.Now().Add(time.Hour)
		ask(t, s, "POST", "/messages/v4/groups/"+id+"/schedule", map[string]string{"scheduledDate": due.Format(time.RFC3339)}, http.StatusOK)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if g := groupOf(t, s, id); g.Status != failed {
			t.Errorf("group: got %+v, want failed", g)
		}
		if got := w.reports(); len(got) != 1 || got[0].StatusCode != "2230" {
			t.Errorf("reports: got %+v, want one of 2230", got)
		}
		if got := s.Received(); len(got) != 0 {
			t.Errorf("received: got %+v, want nothing", got)
		}
	})
}

func TestResetDropsEverythingOnItsWay(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		w.answer = func(int, *http.Request) (int, error) { return http.StatusBadGateway, nil }
		sendTogether(t, s, text(someone, "a"))
		sendTogether(t, s, text("01000060001", "late"))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		rec := inProcess(s, "POST", "/_sim/reset", nil)
		if rec.Code != http.StatusNoContent {
			t.Fatalf("reset: got %d, want 204", rec.Code)
		}
		before := len(w.all())
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := len(w.all()); got != before {
			t.Errorf("calls after the reset: got %d, want %d", got, before)
		}
		if got := s.Received(); len(got) != 0 {
			t.Errorf("received: got %+v, want nothing", got)
		}
	})
}

func TestAWebhookThatWasUnderWayAtTheResetIsNotCalledAgain(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		w.answer = func(_ int, r *http.Request) (int, error) {
			<-r.Context().Done()
			return 0, r.Context().Err()
		}
		sendTogether(t, s, text(someone, "a"))
		time.Sleep(time.Second)
		synctest.Wait()
		s.Reset()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := len(w.all()); got != 1 {
			t.Errorf("calls: got %d, want the one before the reset", got)
		}
	})
}

func TestABodyNeverMixesAccounts(t *testing.T) {
	const other = "http://other.example/webhooks"
	inFakeTime(t, func(o *Options) {
		o.ReportSenders, o.AcceptDelay, o.ReportDelay = 1, -1, -1
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret, Senders: []string{sender}},
			{Key: "OTHER", Secret: "SECRET", Senders: []string{"0299999999"}, ReportURL: other, ReportSecret: "abc"}}
	}, func(t *testing.T, s *Simulator, w *wire) {
		s.mu.Lock() // both reports fall due before a sender looks
		for _, a := range s.order {
			g := s.newGroup(solapi, a, group{}, time.Now())
			d := draft{kind: sms, from: a.Senders[0], text: "안녕하세요"}
			if _, err := s.register(g, []draft{d}, []wireMessage{{To: recipients{one: someone}}}, false, time.Now()); err != nil {
				t.Error(err)
			}
			if err := s.handOver(g, time.Now(), true); err != nil {
				t.Error(err)
			}
		}
		s.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		calls := w.all()
		if len(calls) != 2 {
			t.Fatalf("calls: got %+v, want one per account", calls)
		}
		for _, c := range calls {
			if mine := c.reports[0].From == "0299999999"; len(c.reports) != 1 || mine != (c.url == other) {
				t.Errorf("call to %s: got %+v", c.url, c.reports)
			}
		}
	})
}

func TestRunEndsWhileWebhooksHang(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		w.answer = func(_ int, r *http.Request) (int, error) {
			<-r.Context().Done()
			return 0, r.Context().Err()
		}
		sendTogether(t, s, text(someone, "a"))
		time.Sleep(time.Second)
		synctest.Wait()
		if got := len(w.all()); got != 1 {
			t.Fatalf("calls: got %d, want 1", got)
		}
	})
}
