package delivery

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"creditmsg/internal/provider"
)

// Carrier is a configured provider account with the adapter that speaks to it.
type Carrier struct {
	Account provider.Account
	Adapter provider.Provider
}

// carrier is an account with its health and its speed limit.
type carrier struct {
	Carrier
	caps    provider.Capabilities
	poller  provider.Poller // nil = it reports by itself
	breaker circuitbreaker.CircuitBreaker[any]
	limit   *rate.Limiter // nil = none
}

const (
	breakerFailures = 5           // calls in a row that an account fails before it rests
	maxWait         = time.Second // a call that the speed limit holds back longer is put off
)

// carriers are the accounts in the order of the configuration.
type carriers struct {
	list   []*carrier
	byName map[string]*carrier
	state  *prometheus.GaugeVec
}

func newCarriers(list []Carrier, rest time.Duration, reg prometheus.Registerer) (*carriers, error) {
	c := &carriers{byName: map[string]*carrier{}, state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "creditmsg_provider_breaker_state", Help: "0 closed, 1 half open, 2 open."}, []string{"provider"})}
	if reg != nil {
		if err := reg.Register(c.state); err != nil {
			return nil, fmt.Errorf("register breaker metric: %w", err)
		}
	}
	for _, one := range list {
		k := &carrier{Carrier: one, caps: one.Adapter.Capabilities()}
		k.poller, _ = one.Adapter.(provider.Poller)
		k.caps.MaxLegs = min(k.caps.MaxLegs, maxCall)
		gauge := c.state.WithLabelValues(one.Account.Name)
		k.breaker = circuitbreaker.NewBuilder[any]().WithFailureThreshold(breakerFailures).WithDelay(rest).
			OnStateChanged(func(e circuitbreaker.StateChangedEvent) { gauge.Set(breakerLevel(e.NewState)) }).Build()
		if n := one.Account.MaxPerSecond; n > 0 {
			k.limit = rate.NewLimiter(rate.Limit(n), n)
			k.caps.MaxLegs = min(k.caps.MaxLegs, n)
		}
		c.list = append(c.list, k)
		c.byName[one.Account.Name] = k
	}
	return c, nil
}

func breakerLevel(s circuitbreaker.State) float64 {
	switch s {
	case circuitbreaker.OpenState:
		return 2
	case circuitbreaker.HalfOpenState:
		return 1
	default:
		return 0
	}
}

// Offered reports whether any account carries the channel.
func (s *Service) Offered(ch provider.Channel) bool { return len(s.Accounts(ch)) > 0 }

// Accounts names the accounts that carry the channel.
func (s *Service) Accounts(ch provider.Channel) []string {
	var names []string
	for _, k := range s.carriers.list {
		if k.caps.Carries(ch) {
			names = append(names, k.Account.Name)
		}
	}
	return names
}

// choose picks the account that carries a channel for a batch: among the healthy
// ones by their weights. When none is healthy it says how long to wait.
func (c *carriers) choose(ch provider.Channel, usable func(account string) bool) (*carrier, time.Duration) {
	wait := time.Duration(0)
	var fit []*carrier
	total := 0
	for _, k := range c.list {
		if !k.caps.Carries(ch) || !usable(k.Account.Name) {
			continue
		}
		if k.breaker.IsOpen() {
			if rest := k.breaker.RemainingDelay(); rest > 0 {
				wait = max(wait, rest, time.Second)
				continue
			}
		}
		fit = append(fit, k)
		total += max(k.Account.Weight, 1)
	}
	if len(fit) == 0 {
		return nil, max(wait, 5*time.Second)
	}
	point := rand.IntN(total)
	i := slices.IndexFunc(fit, func(k *carrier) bool {
		point -= max(k.Account.Weight, 1)
		return point < 0
	})
	return fit[i], 0
}

// admit asks breaker and speed limit whether a call of n legs may go now, and
// waits up to a second for its turn. Otherwise it says when to come again.
func (k *carrier) admit(n int, sleep func(time.Duration) error) (time.Duration, error) {
	if k.limit != nil {
		turn := k.limit.ReserveN(time.Now(), n)
		if delay := turn.Delay(); delay > maxWait {
			turn.Cancel()
			return delay, nil
		} else if delay > 0 {
			if err := sleep(delay); err != nil {
				return 0, err
			}
		}
	}
	if !k.breaker.TryAcquirePermit() {
		return max(k.breaker.RemainingDelay(), time.Second), nil
	}
	return 0, nil
}

// free reports whether a call needs no turn: the account has no speed limit and is well.
func (k *carrier) free() bool { return k.limit == nil && k.breaker.IsClosed() }

// forgo tells the breaker that an admitted call was not made. Half open, it counts
// the calls that it lets through: one that is never heard of again would keep the
// account there for ever, so it counts as a failed one.
func (k *carrier) forgo() {
	if k.breaker.IsHalfOpen() {
		k.breaker.RecordFailure()
	}
}

// learn tells the breaker how a call ended. Only what speaks against the
// account counts: a refusal of one message's content does not, nor a cause of our
// own (not sent, without a reason).
func (k *carrier) learn(r provider.Result) {
	switch {
	case r.Outcome == provider.Unknown, r.Outcome == provider.NotSent && r.Reason != "", r.Reason.Operators():
		k.breaker.RecordFailure()
	default:
		k.breaker.RecordSuccess()
	}
}
