package delivery

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
)

// One site has an account of its own, which nobody can stand in for. What becomes of the
// others when that account answers nothing any more?

// door stands before the own account's vendor; what is asked of a method that it is shut for
// waits there until the test ends, or its request does.
type door struct {
	shut    atomic.Pointer[string]
	waiting atomic.Int32
	release chan struct{}
	once    sync.Once
}

func (d *door) close(method string) { d.shut.Store(&method) }

// open lets everybody through, those too who wait.
func (d *door) open() { d.once.Do(func() { close(d.release) }) }

func (d *door) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if method := d.shut.Load(); method != nil && *method == r.Method {
			d.waiting.Add(1)
			select {
			case <-d.release:
			case <-r.Context().Done():
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

const (
	hangTest = 500 * time.Millisecond // no other call takes so long
	patience = 30 * time.Second       // the failure of what should be over at once
)

// neighbours makes a still world with two shops: the first goes by its own account alone,
// behind the door, the second by another one.
func neighbours(t *testing.T, timeout time.Duration, adapt func(provider.Provider) provider.Provider) (own, other *shop, d *door) {
	d = &door{release: make(chan struct{})}
	o := worldOptions{delivery: Options{Hang: hangTest, Rest: time.Microsecond}, carriers: func(vendor string) (list []Carrier) {
		to, err := url.Parse(vendor)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(to)
		proxy.ErrorLog = log.New(io.Discard, "", 0)
		server := httptest.NewServer(d.before(proxy))
		t.Cleanup(server.Close)
		for _, one := range []provider.Account{{Name: "own", URL: server.URL, Timeout: timeout, Sites: []string{"own-shop"}},
			{Name: upstream, URL: vendor, Sites: []string{"other-shop"}}} {
			one.Kind, one.APIKey, one.APISecret, one.Webhook.Secret = "solapi", simulator.DefaultKey, simulator.DefaultSecret, "hook-secret"
			adapter, err := solapi.New(one)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, Carrier{one, adapt(adapter)})
		}
		return list
	}}
	w := still(t, dbtest.Engines()[0], o)
	t.Cleanup(d.open)
	own, other = &shop{w, "own-shop"}, &shop{w, "other-shop"}
	own.site(own.name, 1000)
	other.site(other.name, 1000)
	return own, other, d
}

func asItIs(p provider.Provider) provider.Provider { return p }

// soon fails the test when something is not over long before the account that hangs answers.
func soon(t *testing.T, what string, do func()) {
	t.Helper()
	over := make(chan struct{})
	go func() { defer close(over); do() }()
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatalf("%s waits for the account that hangs", what)
	}
}

func TestAWorkerLeavesACallThatHangsEvenIfItsPeopleCanGoNowhereElse(t *testing.T) {
	own, other, d := neighbours(t, time.Hour, asItIs)
	d.close(http.MethodPost)
	key := own.accept(textOnly("a"), 1)
	soon(t, "the worker", own.drain)
	own.wantStates(key, message.Pending)
	own.wantCalls(key, calling)
	other.wantStates(other.handed(textOnly("b"), 1), message.Sent)

	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := own.delivery.Drain(ctx); err == nil {
		t.Error("the process stops without waiting for the call")
	}
}

// narrow takes one leg in a call.
type narrow struct{ provider.Provider }

func (n narrow) Capabilities() provider.Capabilities {
	c := n.Provider.Capabilities()
	c.MaxLegs = 1
	return c
}

// TestCallsOfAPlanDoNotWaitForThoseOfAnAccountThatHangs has more calls to that account in one
// plan than are made at a time, before one to another account.
func TestCallsOfAPlanDoNotWaitForThoseOfAnAccountThatHangs(t *testing.T) {
	own, other, d := neighbours(t, time.Hour, func(p provider.Provider) provider.Provider { return narrow{p} })
	d.close(http.MethodPost)
	hung := own.accept(textOnly("a"), callsAtOnce+2)
	key := other.accept(textOnly("b"), 1)
	p := own.plan(hung)
	soon(t, "the plan", func() { own.must(own.delivery.callAll(context.Background(), p.calls)) })
	other.wantStates(key, message.Sent)
}

func TestAnAccountWithManyCallsThatHangTakesNoMore(t *testing.T) {
	for _, c := range []struct {
		name     string
		accounts []provider.Account
		flying   int
		since    time.Duration
		chosen   bool
		large    bool // what an account is chosen for
		others   bool // and so what hangs
	}{
		{"a few hang", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, mostUnanswered - 1, 3 * time.Second, true, false, false},
		{"many are under way", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, 100, 2 * time.Second, true, false, false},
		{"many hang", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, mostUnanswered, 3 * time.Second, false, false, false},
		{"many large ones hang", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, mostUnanswered, 3 * time.Second, false, true, true},
		{"many large ones hang, and here is a single one", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, mostUnanswered, 3 * time.Second, true, false, true},
		{"many single ones hang, and here is a large one", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, mostUnanswered, 3 * time.Second, true, true, false},
		{"many hang, and workers wait for the only account", []provider.Account{{Name: "a"}}, 100, 3 * time.Second, true, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := market(t, Choice{}, c.accounts...)
			for range c.flying {
				m.byName["a"].health.flying[id.New()] = flight{time.Now().Add(-c.since), c.others}
			}
			k, wait := m.choose(need{site: "other", channel: provider.SMS, large: c.large, usable: func(string) bool { return true }})
			if (k != nil) != c.chosen {
				t.Errorf("chosen %v, want %v", k, c.chosen)
			}
			if !c.chosen && wait != time.Second {
				t.Errorf("come again after %s, want a second", wait)
			}
		})
	}
}

// silentFor has both shops wait for reports of a text each until they expire in an hour, the
// own one first.
func silentFor(own, other *shop, n int) (hung []message.Key, key message.Key) {
	for range n {
		hung = append(hung, own.handed(textOnly("a"), 1))
	}
	own.clock.forward(time.Second)
	key = other.handed(textOnly("b"), 1)
	own.pass(72 * time.Hour)
	return hung, key
}

func TestNobodyExpiresLaterBecauseOfALookUpThatHangs(t *testing.T) {
	own, other, d := neighbours(t, time.Hour, asItIs)
	hung, key := silentFor(own, other, 2)
	d.close(http.MethodGet)
	own.clock.forward(time.Hour + time.Second)
	over := make(chan struct{})
	go func() { defer close(over); own.drain() }()
	soon(t, "the other shop's message", func() { other.done(key) })
	other.wantMoney(1000, 0, 0)
	for _, key := range hung {
		own.wantStates(key, message.Sent) // a look-up may still find out
	}
	d.open()
	soon(t, "the end", func() { <-over })
	for _, key := range hung {
		own.wantStates(key, message.Expired)
	}
}

// TestAnAccountWhoseLookUpTimedOutIsLeftAlone has three messages expire at an account that
// hangs: it is asked once, and who could not be asked about gets some minutes more.
func TestAnAccountWhoseLookUpTimedOutIsLeftAlone(t *testing.T) {
	own, other, d := neighbours(t, 2*hangTest, asItIs)
	hung, _ := silentFor(own, other, 3)
	d.close(http.MethodGet)
	own.clock.forward(time.Hour + time.Second)
	own.drain()
	if n := d.waiting.Load(); n != 1 {
		t.Errorf("the account was asked %d times, want once", n)
	}
	own.wantExpired(1, hung)
	own.pass(lastLook - time.Minute)
	own.wantExpired(1, hung)
	own.pass(time.Minute)
	own.wantExpired(3, hung)
	if n := d.waiting.Load(); n != 1 {
		t.Errorf("the account was asked %d times within a minute, want once", n)
	}
	own.wantMoney(1000, 0, 0)
}

// wantExpired counts the messages whose one recipient expired.
func (s *shop) wantExpired(want int, keys []message.Key) {
	s.t.Helper()
	n := 0
	for _, key := range keys {
		if s.person(key, 0).State == message.Expired {
			n++
		}
	}
	if n != want {
		s.t.Errorf("%d of %d expired, want %d", n, len(keys), want)
	}
}

// TestCallsInDoubtDoNotWaitForThoseOfAnAccountThatHangs has as many calls to that account in
// doubt as are asked about at a time, before one to another account.
func TestCallsInDoubtDoNotWaitForThoseOfAnAccountThatHangs(t *testing.T) {
	own, other, d := neighbours(t, time.Hour, asItIs)
	own.wrong(trouble{path: "/send", always: true, after: true})
	for range recoverAtOnce {
		own.wantCalls(own.handed(textOnly("a"), 1), unknown)
	}
	own.clock.forward(time.Second)
	key := other.handed(textOnly("b"), 1)
	other.wantCalls(key, unknown)
	own.trouble.Store(nil)
	d.close(http.MethodGet)
	own.clock.forward(time.Minute)
	over := make(chan struct{})
	go func() { defer close(over); own.must(own.delivery.recoverAttempts(context.Background())) }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	soon(t, "the other account's call", func() {
		for other.calls(key)[0].State != answered && t.Context().Err() == nil {
			<-tick.C
		}
	})
	d.open()
	soon(t, "the end", func() { <-over })
}
