package limit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func anyRule(t *rapid.T, name string) Rule {
	r := Rule{Name: name, Limit: rapid.Int64Range(1, 1000).Draw(t, "limit"),
		Period: time.Duration(rapid.Int64Range(1, 3600).Draw(t, "period")) * time.Second}
	if rapid.Bool().Draw(t, "own burst") {
		r.Burst = rapid.Int64Range(1, 100).Draw(t, "burst")
	}
	return r
}

func anyPause(t *rapid.T) time.Duration {
	return time.Duration(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 1000), rapid.Int64Range(0, 100_000_000)).Draw(t, "pause")) * tick
}

// The promise of the algorithm: whatever is asked for and when, what passes in any stretch of
// time is a burst and what the stretch makes up for at most; and whoever is told to wait passes
// when he has.
func TestNeverMorePassesThanTheRuleAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := inMemory(), anyRule(t, "a")
		type pass struct {
			at time.Duration
			n  int64
		}
		var passed []pass
		var now time.Duration
		for range rapid.IntRange(1, 60).Draw(t, "takes") {
			pause := anyPause(t)
			now += pause
			p.advance(pause)
			n := rapid.Int64Range(1, r.burst()).Draw(t, "n")
			a := p.taken(Take{Rule: r, N: n})
			if !a.OK {
				if a.Wait() <= 0 {
					t.Fatalf("refused without a time to wait: %s", shown(a))
				}
				if again := p.taken(Take{Rule: r, N: a.States[0].Remaining()}); a.States[0].Remaining() > 0 && !again.OK {
					t.Fatalf("what remains did not pass: %s", shown(again))
				} else if a.States[0].Remaining() > 0 {
					passed = append(passed, pass{now, a.States[0].Remaining()})
				}
				continue
			}
			passed = append(passed, pass{now, n})
		}
		for i := range passed {
			var sum int64
			for j := i; j < len(passed); j++ {
				sum += passed[j].n
				// Each take is rounded in its favour by less than a microsecond.
				most := (r.room() + int64((passed[j].at-passed[i].at)/tick) + int64(j-i+1)) * r.Limit / int64(r.Period/tick)
				if sum > most {
					t.Fatalf("%d passed from %s to %s, want %d at most of %+v", sum, passed[i].at, passed[j].at, most, r)
				}
			}
		}
	})
}

func TestWhoWaitsAsLongAsHeIsToldPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := inMemory(), anyRule(t, "a")
		for range rapid.IntRange(1, 20).Draw(t, "takes") {
			take := Take{Rule: r, N: rapid.Int64Range(1, 3*r.burst()).Draw(t, "n")}
			a := p.taken(take)
			if a.OK {
				continue
			}
			p.advance(a.Wait() - tick)
			if b := p.taken(take); b.OK {
				t.Fatalf("%d passed a microsecond before it was told to: %s", take.N, shown(a))
			}
			p.advance(tick)
			if b := p.taken(take); !b.OK {
				t.Fatalf("%d did not pass when it was told to: %s, then %s", take.N, shown(a), shown(b))
			}
		}
	})
}

// Whatever is asked, memory and Redis answer the same, to the microsecond.
func TestMemoryAndRedisAnswerTheSame(t *testing.T) {
	redis := inMiniredis(t)
	rapid.Check(t, func(t *rapid.T) {
		memory := inMemory()
		memory.key, redis.key = fresh(), fresh()
		rules := []Rule{anyRule(t, "a"), anyRule(t, "b")}
		for range rapid.IntRange(1, 30).Draw(t, "takes") {
			pause := anyPause(t)
			memory.advance(pause)
			redis.advance(pause)
			takes := make([]Take, rapid.IntRange(1, 2).Draw(t, "rules"))
			for i := range takes {
				takes[i] = Take{Rule: rules[i], N: rapid.Int64Range(-5, 2*rules[i].burst()).Draw(t, "n")}
			}
			a, b := memory.taken(takes...), redis.taken(takes...)
			for i := range a.States {
				if a.OK != b.OK || a.States[i] != b.States[i] {
					t.Fatalf("%v: memory says %s, %+v; Redis says %s, %+v", takes, shown(a), a.States[i], shown(b), b.States[i])
				}
			}
		}
	})
}

// However many ask at once, exactly what the tightest rule allows passes, and nobody who is
// refused has taken anything of the other rule.
func TestACrowdTakesExactlyWhatThereIs(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		wide, narrow := Rule{Name: "a", Limit: 1000, Period: 24 * time.Hour}, Rule{Name: "b", Limit: 50, Period: 24 * time.Hour}
		var passed atomic.Int64
		var crowd sync.WaitGroup
		for range 16 {
			crowd.Go(func() {
				for range 10 {
					if p.taken(Take{Rule: wide, N: 2}, Take{Rule: narrow, N: 1}).OK {
						passed.Add(1)
					}
				}
			})
		}
		crowd.Wait()
		left := p.taken(Take{Rule: wide}, Take{Rule: narrow})
		if passed.Load() != 50 || left.States[0].Remaining() != 900 || left.States[1].Remaining() != 0 {
			t.Errorf("%d passed and %s is left, want 50, and 900 and 0", passed.Load(), shown(left))
		}
	})
}
