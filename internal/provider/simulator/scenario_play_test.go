package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
)

func TestNumbersOfTheTableKeepToTheTable(t *testing.T) {
	sc := Scenario{Refuse: map[string]float64{"1060": 1}, Duplicate: 1, Late: 1}
	got := played(t, sc, 10, []string{"01000000001", "01000010001", "01000030001", "01000130001", "01000993059", someone})
	want := map[string][]string{"01000000001": {"4000"}, "01000010001": {"4000"}, "01000030001": {"3032"}, "01000130001": {"4000"},
		"01000993059": {"3059"}, someone: {"1060"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ends (-want +got):\n%s", diff)
	}
}

func TestAReorderedReportIsOvertakenByThoseHandedOverWithIt(t *testing.T) {
	inFakeTime(t, func(o *Options) { o.Scenario = Scenario{Reorder: 0.3} }, func(t *testing.T, s *Simulator, w *wire) {
		var messages []any
		for _, to := range numbers(200) {
			messages = append(messages, text(to, "r"))
		}
		sendTogether(t, s, messages...)
		s.mu.Lock()
		behind := map[string]bool{}
		for _, l := range s.legs {
			behind[l.msg.to.String()] = l.msg.twist.behind
		}
		s.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		var held, overtaken bool
		for _, r := range w.reports() {
			held = held || behind[r.To]
			overtaken = overtaken || held && !behind[r.To]
		}
		if !held || overtaken {
			t.Errorf("held back %v, a usual report after one that is held back %v; want true, false", held, overtaken)
		}
	})
}

func TestShareOfRequestsMeetFaultsAndOnlyThoseTakenAreTaken(t *testing.T) {
	const n = 600
	sc := Scenario{Seed: 9, TooMany: 0.1, ErrorBefore: 0.1, ErrorAfter: 0.1, Cut: 0.1, Timeout: 0.1}
	run := func() (statuses map[int]int, taken int) {
		statuses = map[int]int{}
		inFakeTime(t, func(o *Options) { o.Scenario, o.HangFor = sc, time.Second }, func(t *testing.T, s *Simulator, w *wire) {
			for i := range n {
				before := len(s.legs)
				body := fmt.Sprintf(`{"message":{"to":"010123%05d","from":%q,"text":"안녕"}}`, i, sender)
				start := time.Now()
				rec := inProcess(s, "POST", "/messages/v4/send", []byte(body))
				code := rec.Code
				if time.Since(start) == time.Second {
					code = http.StatusGatewayTimeout
				}
				statuses[code]++
				took := len(s.legs) - before
				want, known := map[int]int{200: 1, 429: 0, 504: 0, 502: 1}[code] // cut is 502 without a socket
				if known && took != want {
					t.Errorf("%d: got %d taken, want %d", code, took, want)
				}
			}
			taken = len(s.legs)
		})
		return statuses, taken
	}
	statuses, taken := run()
	for code, share := range map[int]float64{200: 0.5, 429: 0.1, 500: 0.2, 502: 0.1, 504: 0.1} {
		if got, want := float64(statuses[code]), share*n; got < want*0.7 || got > want*1.3 {
			t.Errorf("%d: got %v, want about %v", code, got, want)
		}
	}
	if want := 0.7 * n; float64(taken) < want*0.9 || float64(taken) > want*1.1 {
		t.Errorf("taken: got %d, want about %v", taken, want)
	}
	again, takenAgain := run()
	if diff := cmp.Diff(statuses, again); diff != "" || taken != takenAgain {
		t.Errorf("the same again, %d and %d taken (-one +again):\n%s", taken, takenAgain, diff)
	}
}

func TestARequestThatIsMadeAgainIsANewChance(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Scenario = Scenario{TooMany: 0.5} })
	id, _ := w.newGroup(text(someone, "a"))
	for range 50 {
		if status, _ := w.attempt("/messages/v4/groups/"+id+"/send", nil); status == 200 {
			return
		}
	}
	t.Error("got 50 refusals in a row, want a share of half")
}

func TestAScenarioSetsTheBalanceAtOnceAndAfterAReset(t *testing.T) {
	balance := 30 * money.Won
	inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
		s.Play(Scenario{Balance: &balance})
		sendTogether(t, s, text(someone, "a"))
		id := openGroup(t, s)
		ask(t, s, "PUT", "/messages/v4/groups/"+id+"/messages", map[string]any{"messages": []any{text(someone, "b")}}, http.StatusOK)
		ask(t, s, "POST", "/messages/v4/groups/"+id+"/send", nil, http.StatusPaymentRequired)
		if got := len(s.Received()); got != 1 {
			t.Errorf("taken: got %d, want the one that was paid", got)
		}
	})
	s := New(Options{Scenario: Scenario{Balance: &balance}})
	for range 2 {
		if got := string(ask(t, s, "GET", "/cash/v1/balance", nil, http.StatusOK)); !strings.Contains(got, `"balance":30,`) {
			t.Errorf("balance: got %s, want 30", got)
		}
		s.Reset()
	}
}

func TestAnOperatorThatCannotBeAskedStillTakesAndReports(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Scenario = Scenario{NoLookup: true} })
	id, _ := w.newGroup(text(someone, "a"))
	w.ok("POST", "/messages/v4/groups/"+id+"/send", nil, nil)
	w.webhook.reports(t, 1)
	for _, path := range []string{"/groups/" + id, "/groups/" + id + "/messages", "/groups", "/list", "/list-old?messageId=x"} {
		w.refused("GET", "/messages/v4"+path, nil, 500, "InternalError")
	}
	other, _ := w.newGroup()
	w.ok("DELETE", "/messages/v4/groups/"+other, nil, nil)
	w.sim.Play(Scenario{})
	w.ok("GET", "/messages/v4/groups/"+id, nil, nil)
}

func TestEveryAnswerOfAnOperatorTakesAsLongAsTheScenarioSays(t *testing.T) {
	inFakeTime(t, func(o *Options) { o.Scenario = Scenario{AnswerDelay: 5 * time.Millisecond} }, func(t *testing.T, s *Simulator, _ *wire) {
		start := time.Now()
		sendTogether(t, s, text(someone, "a"))
		if took := time.Since(start); took != 15*time.Millisecond {
			t.Errorf("three requests took %s, want 5 ms each", took)
		}
		if legs := s.Received(); len(legs) != 1 || legs[0].At.Sub(start.Truncate(time.Millisecond)) != 15*time.Millisecond {
			t.Errorf("taken: got %+v, want one when the third had waited", legs)
		}
		before := time.Now()
		scenario(t, s, "GET", "", http.StatusOK)
		if took := time.Since(before); took != 0 {
			t.Errorf("the simulator's own page took %s, want none", took)
		}
	})
}
