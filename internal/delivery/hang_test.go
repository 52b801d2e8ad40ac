package delivery

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
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
}

func (d *door) close(method string) { d.shut.Store(&method) }

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
	hangTest = 20 * time.Millisecond
	patience = 30 * time.Second // the failure of what should be over at once
)

// neighbours makes a still world with two shops: the first goes by its own account alone,
// behind the door, the second by another one.
func neighbours(t *testing.T, timeout time.Duration, adapt func(provider.Provider) provider.Provider) (own, other *shop, d *door) {
	d = &door{release: make(chan struct{})}
	o := worldOptions{delivery: Options{Hang: hangTest}, carriers: func(vendor string) (list []Carrier) {
		to, err := url.Parse(vendor)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(d.before(httputil.NewSingleHostReverseProxy(to)))
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
	t.Cleanup(func() { close(d.release) })
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
	}{
		{"a few hang", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, mostUnanswered - 1, 3 * time.Second, true},
		{"many are under way", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, 100, 2 * time.Second, true},
		{"many hang", []provider.Account{{Name: "a"}, {Name: "b", Sites: []string{"shop"}}}, mostUnanswered, 3 * time.Second, false},
		{"many hang, and workers wait for the only account", []provider.Account{{Name: "a"}}, 100, 3 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := market(t, Choice{}, c.accounts...)
			for range c.flying {
				m.byName["a"].health.flying[id.New()] = time.Now().Add(-c.since)
			}
			k, wait := m.choose(need{site: "other", channel: provider.SMS, usable: func(string) bool { return true }})
			if (k != nil) != c.chosen {
				t.Errorf("chosen %v, want %v", k, c.chosen)
			}
			if !c.chosen && wait != time.Second {
				t.Errorf("come again after %s, want a second", wait)
			}
		})
	}
}
