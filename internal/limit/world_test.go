package limit

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"creditmsg/internal/id"
)

// place is a store under test, and what lets time pass there.
type place struct {
	store   store
	key     Key
	advance func(time.Duration)
}

// inEveryPlace runs a test over the memory, over a Redis whose time stands still, and over a
// real one (CREDITMSG_TEST_REDIS), unless only what Go alone can test is meant.
func inEveryPlace(t *testing.T, test func(t *testing.T, p *place)) {
	t.Run("memory", func(t *testing.T) { test(t, inMemory()) })
	t.Run("miniredis", func(t *testing.T) { test(t, inMiniredis(t)) })
	if os.Getenv("CREDITMSG_TEST_ENGINES") == "" {
		t.Run("redis", func(t *testing.T) { test(t, inRedis(t)) })
	}
}

func inMemory() *place {
	var now time.Duration
	return &place{newMemory(func() time.Duration { return now }), fresh(), func(d time.Duration) { now += d }}
}

func inMiniredis(t testing.TB) *place {
	m := miniredis.RunT(t)
	now := time.Date(2026, 12, 1, 9, 0, 0, 123_456_000, time.UTC)
	m.SetTime(now)
	return &place{opened(t, "redis://"+m.Addr()), fresh(), func(d time.Duration) {
		now = now.Add(d)
		m.SetTime(now)
		m.FastForward(d)
	}}
}

// inRedis is a real Redis. Time passes there by making older what it has of the key.
func inRedis(t testing.TB) *place {
	r := opened(t, realRedis(t))
	k := fresh()
	return &place{r, k, func(d time.Duration) {
		ctx := context.Background()
		names, err := r.client.Keys(ctx, "creditmsg:limit:{"+k.kind+":"+k.digest+"}:*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			until, err := r.client.Get(ctx, name).Int64()
			if err != nil {
				t.Fatal(err)
			}
			if err := r.client.Set(ctx, name, until-int64(d/tick), redis.KeepTTL).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}}
}

// realRedis is the address of the Redis that tools/engines has started.
func realRedis(t testing.TB) string {
	address := os.Getenv("CREDITMSG_TEST_REDIS")
	if address == "" {
		t.Fatal("CREDITMSG_TEST_REDIS is not set; run this by tools/engines with, or set CREDITMSG_TEST_ENGINES=sqlite to test what needs no server")
	}
	return address
}

func opened(t testing.TB, address string) *Redis {
	t.Helper()
	r, err := OpenRedis(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// fresh is a key that nothing was taken of.
func fresh() Key { return Of("test", id.New().Text("req")) }

// taken asks a store as a Limiter does.
func (p *place) taken(takes ...Take) Answer {
	l, _ := New(Options{}) // which fails for a registerer alone
	l.memory = p.store
	return l.Take(context.Background(), p.key, takes...)
}

// perMinute is a rule of a minute.
func perMinute(n int64) Rule { return Rule{Name: "requests", Limit: n, Period: time.Minute} }

// shown is how rules stand, rounded to what a client sees: "remaining/full/wait", the times in
// seconds.
func shown(a Answer) string {
	var parts []string
	for _, s := range a.States {
		parts = append(parts, strconv.FormatInt(s.Remaining(), 10)+"/"+seconds(s.Full())+"/"+seconds(s.Wait))
	}
	verdict := "passed "
	if !a.OK {
		verdict = "refused "
	}
	return verdict + strings.Join(parts, " ")
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(d.Round(time.Second)/time.Second), 10)
}
