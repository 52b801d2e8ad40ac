package limit

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// measured is a limiter with its log and metrics.
type measured struct {
	*Limiter
	t        *testing.T
	log      bytes.Buffer // read when nobody takes
	registry *prometheus.Registry
}

func newMeasured(t *testing.T, address string) *measured {
	m := &measured{t: t, registry: prometheus.NewRegistry()}
	o := Options{Rest: time.Millisecond, Log: slog.New(slog.NewTextHandler(&m.log, nil)), Registerer: m.registry}
	if address != "" {
		o.Redis = opened(t, address)
	}
	var err error
	if m.Limiter, err = New(o); err != nil {
		t.Fatal(err)
	}
	m.within = time.Minute // a machine that is busy with other tests is no Redis that is slow
	return m
}

// value is the sum of a metric.
func (m *measured) value(name string) (sum float64) {
	m.t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		m.t.Fatal(err)
	}
	for _, f := range families {
		for _, one := range f.GetMetric() {
			if f.GetName() == name {
				sum += one.GetGauge().GetValue() + one.GetCounter().GetValue()
			}
		}
	}
	return sum
}

func (m *measured) one(k Key) Answer {
	return m.Take(context.Background(), k, Take{Rule: perMinute(2), N: 1})
}

// until asks until a condition holds: the breaker's rest has to pass.
func (m *measured) until(what string, holds func() bool) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for !holds() {
		m.one(fresh())
		if ctx.Err() != nil {
			m.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// Redis that is gone, comes back and has lost everything costs exactness and no request, and
// is told once each.
func TestALimiterGoesOnWithoutRedis(t *testing.T) {
	server := miniredis.RunT(t)
	m := newMeasured(t, "redis://"+server.Addr())
	k := fresh()
	for range 2 {
		if !m.one(k).OK {
			t.Fatal("what the rule allows was refused")
		}
	}
	if m.one(k).OK {
		t.Fatal("the third passed")
	}
	if got := m.value("creditmsg_limit_refused_total"); got != 1 {
		t.Errorf("%v refusals were counted, want 1", got)
	}
	for range 2 {
		server.Close()
		for range 10 {
			m.one(fresh())
		}
		if !m.one(k).OK {
			t.Error("it was refused, though the memory of the process has nothing of it")
		}
		if got := m.value("creditmsg_limit_fallback"); got != 1 {
			t.Errorf("creditmsg_limit_fallback is %v without Redis, want 1", got)
		}
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
		server.FlushAll()
		m.until("Redis counts again", func() bool { return m.value("creditmsg_limit_fallback") == 0 })
		if a := m.one(k); !a.OK || a.States[0].Remaining() != 1 {
			t.Errorf("got %s of a Redis that has lost everything, want one of two left", shown(a))
		}
		k = fresh()
	}
	gone, back := strings.Count(m.log.String(), "does not answer"), strings.Count(m.log.String(), "in Redis again")
	if gone != 2 || back != 2 {
		t.Errorf("told %d times that Redis is gone and %d times that it is back, want 2 and 2:\n%s", gone, back, m.log.String())
	}
}

// A Redis that takes connections and never answers is not waited for.
func TestALimiterDoesNotHangWithRedis(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	m := newMeasured(t, "redis://"+l.Addr().String())
	m.within = answerWithin
	k := fresh()
	for i := range 4 {
		if got := m.one(k).OK; got != (i < 2) {
			t.Errorf("take %d passed is %t, want %t: the process counts by itself", i, got, i < 2)
		}
	}
	if m.value("creditmsg_limit_fallback") != 1 {
		t.Error("creditmsg_limit_fallback does not tell of it")
	}
}

// A client who leaves is no fault of Redis.
func TestACallerWhoLeavesIsCountedAllTheSame(t *testing.T) {
	server := miniredis.RunT(t)
	m := newMeasured(t, "redis://"+server.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	k := fresh()
	for range 5 {
		m.Take(ctx, k, Take{Rule: perMinute(10), N: 1})
	}
	if a := m.Take(context.Background(), k, Take{Rule: perMinute(10)}); a.States[0].Remaining() > 5 || m.log.Len() > 0 {
		t.Errorf("got %s, and the log %s; want five taken in Redis", shown(a), m.log.String())
	}
}

func TestARedisThatForgotItsScriptsIsGivenThemAgain(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		for range 2 {
			if !p.taken(Take{Rule: perMinute(2), N: 1}).OK {
				t.Error("what the rule allows was refused")
			}
			if r, is := p.store.(*Redis); is {
				if err := r.client.ScriptFlush(context.Background()).Err(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// Tries count failures: who is right gives his try back.
func TestTriesCountFailuresAlone(t *testing.T) {
	ctx := context.Background()
	tries := newMeasured(t, "").Tries(Rule{Name: "sign-in", Limit: 2, Period: time.Hour})
	k := Of("account", "person")
	for range 5 {
		if wait := tries.Try(ctx, k); wait != 0 {
			t.Fatalf("who is always right has to wait %s", wait)
		}
		tries.Forgive(ctx, k)
	}
	for range 2 {
		if wait := tries.Try(ctx, k); wait != 0 {
			t.Fatalf("has to wait %s before two failures", wait)
		}
	}
	if wait := tries.Try(ctx, k); wait < 29*time.Minute || wait > 30*time.Minute {
		t.Errorf("after two failures an hour: wait %s, want half an hour", wait)
	}
	if wait := tries.Try(ctx, Of("account", "another")); wait != 0 {
		t.Errorf("another one has to wait %s", wait)
	}
}
