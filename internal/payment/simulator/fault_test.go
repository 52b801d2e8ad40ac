package simulator

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFaultsOfTheTableMoveMoneyOnceOrNotAtAll(t *testing.T) {
	for bb, c := range map[string]struct {
		status int
		taken  int // at once
	}{
		"08": {500, 1}, "10": {500, 0}, "11": {429, 0}, "14": {409, 0}, "15": {400, 1}, "01": {403, 0}, "03": {400, 0},
	} {
		inFakeTime(t, Options{}, func(w *world) {
			billing := w.stored(cardOf(bb))
			got := w.charged(billing, "order-1", 11000, "Idempotency-Key", "k1")
			if got.status != c.status || w.takenOf("order-1") != c.taken {
				t.Errorf("%s: got %d and %d takings, want %d and %d", bb, got.status, w.takenOf("order-1"), c.status, c.taken)
			}
			if bb == "14" {
				if again := w.charged(billing, "order-1", 11000, "Idempotency-Key", "k1"); again.code() != "IDEMPOTENT_REQUEST_PROCESSING" {
					t.Errorf("meanwhile: got %v", again.body)
				}
			}
			time.Sleep(2 * time.Second)
			again := w.charged(billing, "order-1", 11000, "Idempotency-Key", "k1")
			want, taken := 200, 1
			if bb < "08" {
				want, taken = c.status, 0
			}
			if again.status != want || w.takenOf("order-1") != taken {
				t.Errorf("%s, again: got %d %v and %d takings, want %d and %d", bb, again.status, again.body, w.takenOf("order-1"), want, taken)
			}
		})
	}
}

func TestAConnectionIsCutOrHangsThoughTheMoneyMoved(t *testing.T) {
	s := New(Options{HangFor: time.Hour})
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	w := &world{t, s, nil}
	for bb, taken := range map[string]int{"09": 1, "12": 1, "13": 0} {
		billing, order := w.stored(cardOf(bb)), "order-"+bb
		limit, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		body := `{"customerKey":"customer-1","amount":1000,"orderId":"` + order + `","orderName":"x"}`
		r, err := http.NewRequestWithContext(limit, "POST", server.URL+"/v1/billing/"+billing, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(DefaultSecretKey, "")
		if reply, err := http.DefaultClient.Do(r); err == nil {
			reply.Body.Close()
			t.Errorf("%s: got a reply %d", bb, reply.StatusCode)
		}
		cancel()
		if w.takenOf(order) != taken {
			t.Errorf("%s: got %d takings, want %d", bb, w.takenOf(order), taken)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestOneKeyIsOneRequest(t *testing.T) {
	inFakeTime(t, Options{Scenario: Scenario{AnswerDelay: time.Second}}, func(w *world) {
		billing := w.stored(goodCard)
		var both sync.WaitGroup
		codes := make([]int, 2)
		for i := range codes {
			both.Go(func() { codes[i] = w.charged(billing, "order-1", 1000, "Idempotency-Key", "k1").status })
		}
		both.Wait()
		if codes[0]+codes[1] != 200+409 || w.takenOf("order-1") != 1 {
			t.Errorf("at once: got %v and %d takings", codes, w.takenOf("order-1"))
		}
		other := w.charged(billing, "order-2", 1000, "Idempotency-Key", "k1")
		if text(other.body["orderId"]) != "order-1" || w.takenOf("order-2") != 0 {
			t.Errorf("the key for another order: got %v", other.body)
		}
		time.Sleep(tossKeyLasts + time.Hour)
		if got := w.charged(billing, "order-3", 1000, "Idempotency-Key", "k1"); text(got.body["orderId"]) != "order-3" {
			t.Errorf("after its time: got %v", got.body)
		}
		long := string(make([]byte, 301))
		if got := w.charged(billing, "order-4", 1000, "Idempotency-Key", long); got.code() != "INVALID_IDEMPOTENCY_KEY" {
			t.Errorf("too long: got %v", got.body)
		}
	})
}

func TestNoticesAreRepeatedUntilTheyAreTaken(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		w.wire.answer = func(n int) int { return 500 }
		start := time.Now()
		w.bought("order-1", goodCard)
		time.Sleep(5 * 24 * time.Hour)
		var pauses []time.Duration
		for _, c := range w.wire.all() {
			pauses = append(pauses, c.at.Sub(start))
			start = c.at
		}
		want := []time.Duration{0, time.Minute, 4 * time.Minute, 16 * time.Minute, 64 * time.Minute, 256 * time.Minute, 1024 * time.Minute, 4096 * time.Minute}
		if diff := cmp.Diff(want, pauses); diff != "" {
			t.Errorf("pauses (-want +got):\n%s", diff)
		}
		if all := w.wire.all(); all[0].id != all[7].id || all[7].retried != "7" {
			t.Errorf("last call: got %+v", all[7])
		}
	})
}

func TestNoticesAreCrookedOnCommand(t *testing.T) {
	for bb, want := range map[string][]string{
		"16": {"DONE", "DONE", "CANCELED", "CANCELED"}, "17": {"CANCELED", "DONE"}, "18": {"DONE", "CANCELED"}, "00": {"DONE", "CANCELED"},
	} {
		inFakeTime(t, Options{}, func(w *world) {
			w.cancelled(w.bought("order-1", cardOf(bb)), 0)
			synctest.Wait()
			if n := len(w.wire.statuses()); bb == "18" && n != 0 {
				t.Errorf("late: got %d at once, want none", n)
			}
			time.Sleep(2 * time.Minute)
			if diff := cmp.Diff(want, w.wire.statuses()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", bb, diff)
			}
		})
	}
}
