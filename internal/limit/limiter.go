package limit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
)

// Options say where a Limiter keeps its state; zero values are the defaults named.
type Options struct {
	Redis      *Redis                // nil = in the memory of this process
	Rest       time.Duration         // how long Redis is left alone after it failed; 0 = 1 s
	Now        func() time.Duration  // of the memory, in a world of virtual time; nil = a clock that nobody sets
	Log        *slog.Logger          // nil = nothing is logged
	Registerer prometheus.Registerer // nil = nothing is measured
}

const (
	failures     = 3                      // of Redis in a row, after which it is left alone
	answerWithin = 150 * time.Millisecond // or Redis is not waited for: every request would wait with it
)

// Limiter asks rules. It is safe for concurrent use.
type Limiter struct {
	memory  store
	redis   store         // nil = none
	within  time.Duration // that Redis may take to answer
	breaker circuitbreaker.CircuitBreaker[any]
	log     *slog.Logger
	failed  atomic.Pointer[error] // why Redis was last not used
	refused *prometheus.CounterVec
}

// New makes a Limiter. An error is one of the registerer.
func New(o Options) (*Limiter, error) {
	if o.Now == nil {
		o.Now = sinceStart()
	}
	l := &Limiter{memory: newMemory(o.Now), within: answerWithin, log: o.Log}
	if o.Redis != nil {
		l.redis = o.Redis
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if o.Rest == 0 {
		o.Rest = time.Second
	}
	l.refused = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "creditmsg_limit_refused_total",
		Help: "What was refused, by the rule that refused it."}, []string{"rule"})
	l.breaker = circuitbreaker.NewBuilder[any]().WithFailureThreshold(failures).WithSuccessThreshold(1).WithDelay(o.Rest).
		OnStateChanged(l.changed).Build()
	away := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "creditmsg_limit_fallback",
		Help: "1 while Redis does not answer and this process counts for itself."}, l.away)
	if o.Registerer != nil {
		if err := errors.Join(o.Registerer.Register(away), o.Registerer.Register(l.refused)); err != nil {
			return nil, fmt.Errorf("register the metrics of limits: %w", err)
		}
	}
	return l, nil
}

// changed tells once when Redis is gone, and once when it is back.
func (l *Limiter) changed(e circuitbreaker.StateChangedEvent) {
	switch {
	case e.NewState == circuitbreaker.ClosedState:
		l.log.Info("limits are counted in Redis again")
	case e.OldState == circuitbreaker.ClosedState:
		l.log.Warn("Redis does not answer: each process counts its limits for itself meanwhile", "error", *l.failed.Load())
	}
}

func (l *Limiter) away() float64 {
	if l.breaker.IsClosed() {
		return 0
	}
	return 1
}

// Take asks rules together and takes what is asked for, of all of them or of none. It always
// answers, and soon: without Redis by the memory of this process.
func (l *Limiter) Take(ctx context.Context, k Key, takes ...Take) Answer {
	asked := make([]Take, 0, len(takes))
	for _, t := range takes {
		if t.Limit > 0 {
			asked = append(asked, t)
		}
	}
	if len(asked) == 0 {
		return Answer{OK: true}
	}
	owed, passed := l.take(ctx, k, asked)
	a := Answer{OK: passed, States: make([]State, len(asked))}
	for i, t := range asked {
		s := State{Rule: t.Rule, Part: t.Part, owed: owed[i]}
		if !passed {
			s.Wait = time.Duration(t.wait(owed[i], t.cost(t.N))) * tick
			if s.Wait > 0 {
				l.refused.WithLabelValues(t.Name).Inc()
			}
		}
		a.States[i] = s
	}
	return a
}

// Return gives back what was taken and not used.
func (l *Limiter) Return(ctx context.Context, k Key, takes ...Take) Answer {
	back := make([]Take, len(takes))
	for i, t := range takes {
		t.N = -t.N
		back[i] = t
	}
	return l.Take(ctx, k, back...)
}

// take asks Redis, and otherwise the memory. Whoever asks may leave before the answer: what
// was begun is finished, as neither a leaving client nor a slow Redis may count as the other.
func (l *Limiter) take(ctx context.Context, k Key, takes []Take) (owed []int64, passed bool) {
	if l.redis != nil && l.breaker.TryAcquirePermit() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.within)
		defer cancel()
		owed, passed, err := l.redis.take(ctx, k, takes)
		if err == nil {
			l.breaker.RecordSuccess()
			return owed, passed
		}
		l.failed.Store(&err)
		l.breaker.RecordFailure()
	}
	owed, passed, err := l.memory.take(ctx, k, takes)
	if err != nil { // which no memory has given yet: what cannot be counted is not refused
		l.log.ErrorContext(ctx, "count limits", "error", err)
		return make([]int64, len(takes)), true
	}
	return owed, passed
}

// Shared reports whether the limits are those of all processes together.
func (l *Limiter) Shared() bool { return l.redis != nil }

// Tries is so many tries per key and period: of passwords, tokens, codes.
type Tries struct {
	limiter *Limiter
	rule    Rule
}

// Tries makes a rule for tries.
func (l *Limiter) Tries(r Rule) Tries { return Tries{l, r} }

// Try takes one try. If there is none left, it says how long to wait for the next one; 0 = go
// on. Whoever turns out to be right gets it back with Forgive, so that only failures count,
// and however many try at the same moment, no more fail than the rule allows.
func (t Tries) Try(ctx context.Context, k Key) (wait time.Duration) {
	return t.limiter.Take(ctx, k, Take{Rule: t.rule, N: 1}).Wait()
}

// Forgive gives a try back.
func (t Tries) Forgive(ctx context.Context, k Key) {
	t.limiter.Return(ctx, k, Take{Rule: t.rule, N: 1})
}
