package simulator

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
)

// handOvers are the requests that hand one message over, each by the wire it takes;
// "group" adds it to a group first.
var handOvers = map[string]func(m any) (path string, body any){
	"group":     nil,
	"send":      func(m any) (string, any) { return "/messages/v4/send", map[string]any{"message": m} },
	"send-many": func(m any) (string, any) { return "/messages/v4/send-many", map[string]any{"messages": []any{m}} },
	"send-many/detail": func(m any) (string, any) {
		return "/messages/v4/send-many/detail", map[string]any{"messages": []any{m}}
	},
}

// handOver makes the request by name; status 0 is an answer that did not come.
func (w *world) handOver(by string, m any) (status int, header http.Header) {
	w.Helper()
	path, body := "", any(nil)
	if request := handOvers[by]; request != nil {
		path, body = request(m)
	} else {
		id, _ := w.newGroup(m)
		path = "/messages/v4/groups/" + id + "/send"
	}
	return w.attempt(path, body)
}

func TestTheFirstRequestToANumberMeetsItsFaultAndTheSecondNone(t *testing.T) {
	for _, c := range []struct {
		name, to string
		status   int // 0 = the connection is cut
		taken    int
	}{
		{"08 HTTP 500 after acceptance", "01000080001", 500, 1},
		{"09 connection cut after acceptance", "01000090001", 0, 1},
		{"10 500 before acceptance", "01000100001", 500, 0},
		{"11 429", "01000110001", 429, 0},
	} {
		for by := range handOvers {
			t.Run(c.name+" by "+by, func(t *testing.T) {
				w := newWorld(t, nil)
				status, header := w.handOver(by, text(c.to, "first"))
				if status != c.status || (header.Get("Retry-After") == "1") != (c.status == 429) {
					t.Errorf("first: got %d with Retry-After %q, want %d", status, header.Get("Retry-After"), c.status)
				}
				if got := len(w.sim.Received()); got != c.taken {
					t.Errorf("taken after the first: got %d, want %d", got, c.taken)
				}
				if status, _ := w.handOver(by, text(c.to, "second")); status != 200 {
					t.Errorf("second: got %d, want 200", status)
				}
				if got := len(w.sim.Received()); got != c.taken+1 {
					t.Errorf("taken after the second: got %d, want %d", got, c.taken+1)
				}
				w.webhook.reports(t, c.taken+1)
				if status, _ := w.handOver(by, text(someone, "other")); status != 200 {
					t.Errorf("another number: got %d, want 200", status)
				}
				w.sim.Reset()
				if status, _ := w.handOver(by, text(c.to, "after a reset")); status != c.status {
					t.Errorf("after a reset: got %d, want %d", status, c.status)
				}
			})
		}
	}
}

func TestAFaultIsMetByAllInItsRequest(t *testing.T) {
	for to, want := range map[string]struct {
		status string
		taken  int
	}{"01000080001": {complete, 2}, "01000090001": {complete, 2}, "01000100001": {pending, 0}, "01000110001": {pending, 0}} {
		w := newWorld(t, nil)
		id, _ := w.newGroup(text(to, "a"), text(someone, "b"))
		w.attempt("/messages/v4/groups/"+id+"/send", nil)
		if want.taken > 0 {
			w.webhook.reports(t, want.taken)
		}
		var g groupReply
		w.ok("GET", "/messages/v4/groups/"+id, nil, &g)
		if got := len(w.sim.Received()); got != want.taken || g.Status != want.status {
			t.Errorf("%s: got %d taken and a group %s, want %d and %s", to, got, g.Status, want.taken, want.status)
		}
	}
}

func TestSeveralFaultsInOneRequestComeOneAfterTheOther(t *testing.T) {
	w := newWorld(t, nil)
	id, _ := w.newGroup(text("01000080001", "a"), text("01000100001", "b"), text("01000100002", "c"), text("01000110001", "d"))
	for i, want := range []int{429, 500, 500, 409} {
		if got, _ := w.attempt("/messages/v4/groups/"+id+"/send", nil); got != want {
			t.Errorf("request %d: got %d, want %d", i, got, want)
		}
		if got, want := len(w.sim.Received()), max(0, min(1, i-1))*4; got != want {
			t.Errorf("taken after request %d: got %d, want %d", i, got, want)
		}
	}
}

func TestANumberThatIsNotHandedOverMeetsNoFault(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret, Balance: 18_0000}} })
	foreign := text("01000100001", "a")
	foreign["from"] = "123"
	id, added := w.newGroup(foreign, text("01000080001", "b"))
	if added.ErrorCount != 1 {
		t.Fatalf("added: got %+v, want one refused", added)
	}
	if got, _ := w.attempt("/messages/v4/groups/"+id+"/send", nil); got != 500 || len(w.sim.Received()) != 1 {
		t.Errorf("send: got %d and %d taken, want the fault of the registered number after acceptance", got, len(w.sim.Received()))
	}
	balance := 1000 * money.Won
	w.sim.Play(Scenario{Balance: &balance})
	again, _ := w.newGroup(text("01000100001", "a"))
	if got, _ := w.attempt("/messages/v4/groups/"+again+"/send", nil); got != 500 || len(w.sim.Received()) != 1 {
		t.Errorf("send of the number that was refused before: got %d, want its fault", got)
	}
	balance = 0
	w.sim.Play(Scenario{Balance: &balance})
	dear, _ := w.newGroup(text("01000080002", "c"), text(someone, "d"))
	if got, _ := w.attempt("/messages/v4/groups/"+dear+"/send", nil); got != 402 {
		t.Errorf("send without balance: got %d, want 402", got)
	}
}

func TestAScheduledGroupMeetsNoFault(t *testing.T) {
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		id := openGroup(t, s)
		messages := []any{text("01000100001", "a"), text("01000080001", "b"), text("01000130001", "c")}
		ask(t, s, "PUT", "/messages/v4/groups/"+id+"/messages", map[string]any{"messages": messages}, http.StatusOK)
		ask(t, s, "POST", "/messages/v4/groups/"+id+"/schedule", map[string]string{"scheduledDate": time.Now().Add(time.Hour).Format(time.RFC3339)}, http.StatusOK)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if g := groupOf(t, s, id); g.Status != complete || len(s.Received()) != 3 {
			t.Errorf("group: got %+v, want complete", g)
		}
	})
}

// hanging makes the request that hands over to a hanging number, within ctx.
func hanging(ctx context.Context, t *testing.T, s *Simulator) (id string, took time.Duration) {
	t.Helper()
	id = openGroup(t, s)
	ask(t, s, "PUT", "/messages/v4/groups/"+id+"/messages", map[string]any{"messages": []any{text("01000120001", "a")}}, http.StatusOK)
	req := httptest.NewRequestWithContext(ctx, "POST", "/messages/v4/groups/"+id+"/send", strings.NewReader("{}"))
	req.Header.Set("Authorization", (&world{key: DefaultKey, secret: DefaultSecret}).authorization())
	start := time.Now()
	s.Handler().ServeHTTP(httptest.NewRecorder(), req)
	return id, time.Since(start)
}

func TestARequestThatHangsEndsWithItsClientAndNothingIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		option, client, want time.Duration
	}{
		"the client gives up":   {0, 12 * time.Second, 12 * time.Second},
		"nobody gives up":       {0, time.Hour, 30 * time.Second},
		"nobody, and an option": {time.Second, time.Hour, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inFakeTime(t, func(o *Options) { o.HangFor = c.option }, func(t *testing.T, s *Simulator, w *wire) {
				ctx, cancel := context.WithTimeout(t.Context(), c.client)
				defer cancel()
				id, took := hanging(ctx, t, s)
				if took != c.want {
					t.Errorf("took: got %v, want %v", took, c.want)
				}
				if g := groupOf(t, s, id); g.Status != pending || len(s.Received()) != 0 {
					t.Errorf("group: got %+v and %d taken, want it pending", g, len(s.Received()))
				}
				ask(t, s, "POST", "/messages/v4/groups/"+id+"/send", nil, http.StatusOK)
			})
		})
	}
}

func TestARequestThatHangsEndsWithRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		time.AfterFunc(time.Second, cancel)
		if _, took := hanging(t.Context(), t, s); took != time.Second {
			t.Errorf("took: got %v, want 1s", took)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAHangingRequestSeesItsClientGo(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.HangFor = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	id, _ := w.newGroup(text("01000120001", "a"))
	arrived := make(chan struct{})
	door := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		close(arrived)
		w.sim.Handler().ServeHTTP(rw, r)
	}))
	req, err := http.NewRequestWithContext(ctx, "POST", door.URL+"/messages/v4/groups/"+id+"/send", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", w.authorization())
	ended := make(chan error, 1)
	go func() {
		res, err := w.client.Do(req)
		if err == nil {
			res.Body.Close()
		}
		ended <- err
	}()
	<-arrived
	cancel()
	if err := <-ended; err == nil {
		t.Error("got an answer, want none")
	}
	door.Close() // blocks while a request is under way
	if got := len(w.sim.Received()); got != 0 {
		t.Errorf("taken: got %d, want none", got)
	}
}

func TestTheReportOfAnEarlyNumberComesBeforeTheReply(t *testing.T) {
	slow := func(o *Options) { o.AcceptDelay, o.ReportDelay = time.Hour, time.Hour }
	for by, request := range handOvers {
		t.Run(by, func(t *testing.T) {
			inFakeTime(t, slow, func(t *testing.T, s *Simulator, w *wire) {
				if request == nil {
					sendTogether(t, s, text("01000130001", "early"), text("01000130002", "early too"), text(someone, "usual"))
				} else {
					path, body := request(text("01000130001", "early"))
					ask(t, s, "POST", path, body, http.StatusOK)
				}
				got := w.reports()
				if want := map[bool]int{true: 2, false: 1}[request == nil]; len(got) != want {
					t.Fatalf("reports at the reply: got %+v, want %d", got, want)
				}
				for i, r := range got {
					if r.StatusCode != "4000" || r.To != fmt.Sprintf("0100013000%d", i+1) {
						t.Errorf("report: got %+v", r)
					}
				}
			})
		})
	}
}

func TestAReplyWaitsNoLongerForAnEarlyReportThanItsFirstCall(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options, *wire)
		want   time.Duration
	}{
		"nobody wants reports": {func(o *Options, _ *wire) { o.ReportURL = "" }, 0},
		"the webhook refuses":  {func(_ *Options, w *wire) { w.answer = func(int, *http.Request) (int, error) { return 503, nil } }, 0},
		"the webhook hangs": {func(_ *Options, w *wire) {
			w.answer = func(_ int, r *http.Request) (int, error) { <-r.Context().Done(); return 0, r.Context().Err() }
		}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{}
				o := Options{ReportURL: "http://customer.example/webhooks", Transport: w}
				c.change(&o, w)
				s := New(o)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- s.Run(ctx) }()
				start := time.Now()
				sendTogether(t, s, text("01000130001", "early"))
				if took := time.Since(start).Truncate(100 * time.Millisecond); took != c.want {
					t.Errorf("reply: got after %v, want %v", took, c.want)
				}
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestAResetReleasesTheRepliesThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{ReportURL: "http://customer.example/webhooks"}) // time does not pass in it
		time.AfterFunc(time.Second, s.Reset)
		start := time.Now()
		sendTogether(t, s, text("01000130001", "early"), text("01000130002", "early"))
		if diff := cmp.Diff(time.Second, time.Since(start)); diff != "" {
			t.Errorf("reply (-want +got):\n%s", diff)
		}
	})
}
