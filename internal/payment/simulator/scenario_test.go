package simulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAScenarioIsReadOrSaysWhereNot(t *testing.T) {
	sc, err := ParseScenario([]byte("seed: 7\nhttp_429: 0.05\nanswer_delay: 20ms\nrefuse: {REJECT_CARD_PAYMENT: 0.5}\nreverse: 1\nno_lookup: true\n"))
	if err != nil || sc.Seed != 7 || sc.TooMany != 500 || sc.AnswerDelay != 20*time.Millisecond || sc.Refuse["REJECT_CARD_PAYMENT"] != 5000 || sc.Reverse != whole || !sc.NoLookup {
		t.Errorf("got %+v, %v", sc, err)
	}
	if sc, err := ParseScenario(nil); err != nil || sc.TooMany != 0 {
		t.Errorf("nothing: got %+v, %v", sc, err)
	}
	for _, text := range []string{"cut: 1.5", "cut: -1", "cut: 0.12345", "cut: x", "made_up: 1", "cut: 0.6\ntimeout: 0.6", "refuse: {A: 0.6, B: 0.6}", "answer_delay: -1s", "[1]", "a: : b"} {
		if sc, err := ParseScenario([]byte(text)); err == nil {
			t.Errorf("%q: got %+v, want an error", text, sc)
		}
	}
}

func TestAScenarioIsPutAndShown(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		put := func(text string) reply {
			return w.do(httptest.NewRequest(http.MethodPut, "/_sim/payments/scenario", strings.NewReader(text)))
		}
		if got := put("{cut: 0.25, refuse: {FDS_ERROR: 1}}"); got.status != 200 || text(got.body["cut"]) != "0.25" {
			t.Errorf("got %d %v", got.status, got.body)
		}
		if got := put("cut: 2"); got.status != 400 || text(got.body["error"]) == "" {
			t.Errorf("got %d %v", got.status, got.body)
		}
		if got := w.charged(w.stored(goodCard), "order-1", 1000); got.code() != "FDS_ERROR" || w.takenOf("order-1") != 0 {
			t.Errorf("refused: got %v", got.body)
		}
		w.do(httptest.NewRequest(http.MethodPost, "/_sim/payments/reset", nil))
		if got := w.charged(w.stored(goodCard), "order-1", 1000); got.status != 200 {
			t.Errorf("after the reset: got %v", got.body)
		}
	})
}

// fates are what a hundred charges of one card meet.
func fates(t *testing.T, sc Scenario) (out string) {
	inFakeTime(t, Options{Scenario: sc}, func(w *world) {
		billing := w.stored(goodCard)
		for i := range 100 {
			order := fmt.Sprintf("order-%d", i)
			out += fmt.Sprint(w.charged(billing, order, 1000).status, w.takenOf(order), " ")
		}
	})
	return out
}

func TestTheSameSeedMeetsTheSameFaults(t *testing.T) {
	sc := Scenario{Seed: 3, TooMany: 1000, ErrorBefore: 1000, ErrorAfter: 1000, Strange: 1000, Refuse: map[string]Share{"REJECT_CARD_COMPANY": 1000}}
	one := fates(t, sc)
	if other := fates(t, sc); one != other {
		t.Errorf("two runs differ:\n%s\n%s", one, other)
	}
	for _, want := range []string{"200 1", "429 0", "500 0", "500 1", "400 1", "403 0"} {
		if !strings.Contains(one, want) {
			t.Errorf("nobody met %q: %s", want, one)
		}
	}
	sc.Seed = 4
	if other := fates(t, sc); one == other {
		t.Error("another seed meets the same faults")
	}
}

func TestAGatewayMayNotBeAsked(t *testing.T) {
	inFakeTime(t, Options{Scenario: Scenario{NoLookup: true}}, func(w *world) {
		w.bought("order-1", goodCard)
		if got := w.ask("GET", "/v1/payments/orders/order-1", nil); got.status != 500 {
			t.Errorf("got %d", got.status)
		}
	})
}
