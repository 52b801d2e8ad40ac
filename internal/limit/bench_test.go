package limit

import (
	"context"
	"testing"

	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/goredisstore.v9"
)

// What one look at the limits costs a request: two rules of one key, nobody else asking, and
// everybody asking for the same key.
func BenchmarkTake(b *testing.B) {
	rules := []Take{{Rule{Name: "a", Limit: Most, Period: perMinute(1).Period}, "", 1}, {Rule{Name: "b", Limit: Most, Period: perMinute(1).Period}, "part", 1}}
	ask := func(s store) func(*testing.B, context.Context) {
		l, _ := New(Options{})
		l.memory = s
		k := fresh()
		return func(_ *testing.B, ctx context.Context) { l.Take(ctx, k, rules...) }
	}
	both(b, "memory", ask(newMemory(sinceStart())))
	both(b, "redis", ask(opened(b, realRedis(b))))
	both(b, "throttled in redis", throttledRules(b, rules))
}

// throttledRules asks the library's own limiter, one rule after the other.
func throttledRules(b *testing.B, rules []Take) func(*testing.B, context.Context) {
	keys, err := goredisstore.NewCtx(opened(b, realRedis(b)).client, fresh().digest)
	if err != nil {
		b.Fatal(err)
	}
	var limiters []*throttled.GCRARateLimiterCtx
	for range rules {
		l, err := throttled.NewGCRARateLimiterCtx(keys, throttled.RateQuota{MaxRate: throttled.PerMin(Most), MaxBurst: Most})
		if err != nil {
			b.Fatal(err)
		}
		limiters = append(limiters, l)
	}
	return func(b *testing.B, ctx context.Context) {
		for i, l := range limiters {
			if _, _, err := l.RateLimitCtx(ctx, rules[i].Name, 1); err != nil {
				b.ReportMetric(1, "gave-up") // after ten times
			}
		}
	}
}

func both(b *testing.B, what string, take func(*testing.B, context.Context)) {
	b.Run(what+"/alone", func(b *testing.B) {
		for b.Loop() {
			take(b, b.Context())
		}
	})
	b.Run(what+"/crowd", func(b *testing.B) {
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				take(b, b.Context())
			}
		})
	})
}
