package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/server"
)

// moody is a vendor that can be in trouble: what it does then takes the place of its answer.
type moody struct {
	*phones
	mood atomic.Pointer[func(http.ResponseWriter, *http.Request)]
	door *httptest.Server
}

func newMoody(t *testing.T) *moody {
	t.Helper()
	w := &moody{phones: newPhones(t)}
	w.door = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if mood := w.mood.Load(); mood != nil && strings.HasSuffix(r.URL.Path, "/send") {
			(*mood)(rw, r)
			return
		}
		w.Handler().ServeHTTP(rw, r)
	}))
	t.Cleanup(w.door.Close)
	return w
}

// TestMessagesGoElsewhereWhileTheFirstAccountIsInTrouble breaks the account that comes first
// at its socket, mends it, and wants every phone to ring once.
func TestMessagesGoElsewhereWhileTheFirstAccountIsInTrouble(t *testing.T) {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	for name, mood := range map[string]func(http.ResponseWriter, *http.Request){
		"refuses":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusPaymentRequired) },
		"answers 5xx": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) },
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-over:
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTrouble(t, mood)
		})
	}
}

func inTrouble(t *testing.T, mood func(http.ResponseWriter, *http.Request)) {
	t.Helper()
	first, second := newMoody(t), newPhones(t)
	second.account = "second"
	c, err := server.LoadConfig("", []string{
		"CREDITMSG_DATABASE_URL=" + dbtest.URL(t, dbtest.Engines()[0]), "CREDITMSG_LISTEN=127.0.0.1:0",
		"CREDITMSG_DELIVERY_HANG=200ms", "CREDITMSG_DELIVERY_REST=500ms", "CREDITMSG_DELIVERY_LOOKUP_GRACE=300ms",
		fmt.Sprintf("CREDITMSG_PROVIDERS=[{name: solapi, kind: solapi, url: %q, api_key: %s, api_secret: %s, timeout: 1s, webhook: {secret: hook}}, "+
			"{name: second, kind: solapi, priority: 1, url: %q, api_key: %s, api_secret: %s, webhook: {secret: hook}}]",
			first.door.URL, server.SimulatorKey, server.SimulatorSecret, second.vendor.URL, server.SimulatorKey, server.SimulatorSecret),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, c)
	url := p.URL()
	first.to.Store(&url)
	second.to.Store(&url)
	office := operator(t, c)
	shop := caller(t, url, tenant(t, office, "shop", nil))
	next := 0
	send := func(messages, people int) {
		t.Helper()
		var sent []string
		for range messages {
			draft := client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}}
			for range people {
				next++
				draft.Recipients = append(draft.Recipients, client.Recipient{To: fmt.Sprintf("0101%07d", next), Variables: map[string]string{"이름": "김하나"}})
			}
			m, err := shop.Send(within(t), draft)
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, m.ID)
		}
		for _, id := range sent {
			last, err := shop.Wait(within(t), id, nil)
			if err != nil {
				t.Fatalf("%v: %+v", err, last.Counts)
			}
			if diff := cmp.Diff(client.Counts{Delivered: int64(people)}, last.Counts); diff != "" {
				t.Error(diff)
			}
		}
	}
	send(1, 10)
	if n := len(first.Received()); n != 10 {
		t.Fatalf("the first account took %d of 10 while it was well", n)
	}
	first.mood.Store(&mood)
	send(20, 10)
	if n := len(first.Received()); n != 10 {
		t.Errorf("the first account took %d messages in its trouble", n-10)
	}
	first.mood.Store(nil)
	for ctx := within(t); len(first.Received()) == 10; {
		if ctx.Err() != nil {
			t.Fatal("nothing goes to the first account any more after its trouble")
		}
		send(1, 1)
	}
	rangOnce(t, next, first.Received(), second.Received())
	proven(t, office)
}

// rangOnce wants so many phones to have rung once at either vendor.
func rangOnce(t *testing.T, phones int, vendors ...[]simulator.Received) {
	t.Helper()
	rang := map[string]int{}
	for _, l := range slices.Concat(vendors...) {
		rang[l.To]++
	}
	for to, n := range rang {
		if n != 1 {
			t.Errorf("phone %s got %d messages", to, n)
		}
	}
	if len(rang) != phones {
		t.Errorf("%d phones rang, want %d", len(rang), phones)
	}
}
