package delivery

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// Carrier is a configured provider account with the adapter that speaks to it.
type Carrier struct {
	Account provider.Account
	Adapter provider.Provider
}

// carrier is an account with its health and its speed limit.
type carrier struct {
	Carrier
	caps   provider.Capabilities
	poller provider.Poller // nil = it reports by itself
	health *health
	limit  *rate.Limiter // nil = none
}

// maxWait bounds how long a call waits for its turn: one that the speed limit holds back
// longer is put off.
const maxWait = time.Second

// Choice says how an account is chosen among healthy ones of equal priority.
type Choice struct {
	// LeastCost takes the one that costs least for the channel, instead of going by weights.
	LeastCost bool
	// Floor is the share of messages that must be delivered in time, relative to the best
	// account of the channel, for an account to be preferred for its cost; 0 = 0.9. What a
	// list of numbers is worth, all accounts feel alike, so no absolute share is asked for.
	Floor float64
}

// carriers are the accounts in the order of the configuration.
type carriers struct {
	list   []*carrier
	byName map[string]*carrier
	choice Choice
	roll   func() float64 // from 0 to 1

	state, share *prometheus.GaugeVec
}

func newCarriers(list []Carrier, choice Choice, o healthOptions, reg prometheus.Registerer) (*carriers, error) {
	choice.Floor = orElse(choice.Floor, 0.9)
	c := &carriers{byName: map[string]*carrier{}, choice: choice, roll: rand.Float64,
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "creditmsg_provider_breaker_state", Help: "0 closed, 1 half open, 2 open."}, []string{"provider"}),
		share: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "creditmsg_provider_share", Help: "Part of its usual traffic that an account gets."}, []string{"provider", "channel"}),
	}
	if reg != nil {
		for _, g := range []*prometheus.GaugeVec{c.state, c.share} {
			if err := reg.Register(g); err != nil {
				return nil, fmt.Errorf("register metrics of accounts: %w", err)
			}
		}
	}
	for _, one := range list {
		k := &carrier{Carrier: one, caps: one.Adapter.Capabilities()}
		k.poller, _ = one.Adapter.(provider.Poller)
		k.caps.MaxLegs = min(k.caps.MaxLegs, maxCall)
		gauge := c.state.WithLabelValues(one.Account.Name)
		gauge.Set(0)
		own := o
		if one.Account.Test {
			own.Rest = min(own.Rest, testRest)
		}
		k.health = newHealth(own, func(s circuitbreaker.State) { gauge.Set(breakerLevel(s)) })
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

// Offered reports whether any account carries the channel for a site.
func (s *Service) Offered(siteID string, ch provider.Channel) bool {
	return len(s.Accounts(siteID, ch)) > 0
}

// Accounts names the accounts that carry the channel for a site.
func (s *Service) Accounts(siteID string, ch provider.Channel) []string {
	var names []string
	for _, k := range s.carriers.list {
		if k.caps.Carries(ch) && k.serves(siteID) {
			names = append(names, k.Account.Name)
		}
	}
	return names
}

// Cost tells what an account's vendor charges for a delivered message, if that is known.
func (s *Service) Cost(account string, ch provider.Channel) (money.Amount, bool) {
	k, ok := s.carriers.byName[account]
	if !ok {
		return 0, false
	}
	cost, known := k.Account.Costs[ch]
	return cost, known
}

// testRest is how long an account of test sites rests at most: one of them that tries out
// what fails must not keep the others waiting.
const testRest = time.Second

// serves reports whether a site may use the account. What a test site sends reaches nobody,
// and what others send reaches somebody: this is the one place that says so.
func (k *carrier) serves(siteID string) bool {
	return k.Account.Test == site.IsTest(siteID) && (len(k.Account.Sites) == 0 || slices.Contains(k.Account.Sites, siteID))
}

// alone reports whether there is no other account for whoever goes by this one. Those of test
// sites are never waited for: the workers are everybody's.
func (c *carriers) alone(k *carrier) bool {
	return !k.Account.Test && !slices.ContainsFunc(c.list, func(other *carrier) bool { return other != k && !other.Account.Test })
}

// need is what an account is chosen for.
type need struct {
	site     string
	channel  provider.Channel
	pictures int // of an MMS
	usable   func(account string) bool
	large    bool   // it is not for a message to one person
	not      string // the account that just could not take the same people; another is better
}

// can reports whether an account takes what it is chosen for at all.
func (k *carrier) can(n need) bool {
	return k.caps.Carries(n.channel) && n.pictures <= k.caps.Pictures && k.serves(n.site) && n.usable(k.Account.Name)
}

// candidate is an account that could be chosen.
type candidate struct {
	*carrier
	share float64
	rank  rank
}

// rank orders accounts before their weights matter: what comes first is used while it is
// well, what comes later takes what the first should not get.
type rank struct {
	foreign  bool // not the site's own
	priority int
	poor     bool  // fewer of its messages are delivered than the floor asks for
	cost     int64 // 1/10,000 won; 0 unless the cheapest is wanted
}

func (a rank) compare(b rank) int {
	return cmp.Or(boolFirst(a.foreign, b.foreign), cmp.Compare(a.priority, b.priority),
		boolFirst(a.poor, b.poor), cmp.Compare(a.cost, b.cost))
}

// boolFirst orders false before true.
func boolFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// choose picks the account that carries a channel for a batch. When none may be used now
// it says how long to wait.
func (c *carriers) choose(n need) (*carrier, time.Duration) {
	var well, any []candidate
	wait := time.Duration(0)
	for _, k := range c.list {
		if !k.can(n) {
			continue
		}
		if rest := c.rest(k, n.large); rest > 0 {
			wait = soonest(wait, max(rest, time.Second))
			continue
		}
		one := candidate{k, k.health.share(n.channel), c.rank(k, n)}
		any = append(any, one)
		if one.share > 0 {
			well = append(well, one)
		}
	}
	switch {
	case len(well) > 0:
		return c.pick(others(well, n.not)), 0
	case len(any) > 0:
		// Better late than not at all: nobody is well, and these do not refuse.
		for i := range any {
			any[i].share = 1
		}
		return c.pick(any), 0
	}
	return nil, orElse(wait, 5*time.Second)
}

// rest is how long an account gets nothing, whoever else there is: while its calls fail, or so
// many of them hang that are left to themselves. An only account is always waited for, so that
// nothing piles up there.
func (c *carriers) rest(k *carrier, large bool) time.Duration {
	if !c.alone(k) && k.health.overrun(large) {
		return max(k.health.rest(), time.Second)
	}
	return k.health.rest()
}

// others leaves out an account if there are others than it.
func others(list []candidate, not string) []candidate {
	rest := slices.DeleteFunc(slices.Clone(list), func(c candidate) bool { return c.Account.Name == not })
	if len(rest) == 0 {
		return list
	}
	return rest
}

func soonest(a, b time.Duration) time.Duration {
	if a == 0 {
		return b
	}
	return min(a, b)
}

func (c *carriers) rank(k *carrier, n need) rank {
	r := rank{foreign: len(k.Account.Sites) == 0, priority: k.Account.Priority}
	if c.choice.LeastCost {
		r.cost = int64(k.Account.Costs[n.channel])
		r.poor = c.poor(k, n.channel)
	}
	return r
}

// poor reports whether an account delivers too little to be preferred for its cost.
func (c *carriers) poor(k *carrier, ch provider.Channel) bool {
	mine, known := k.health.rate(ch)
	if !known {
		return false // only traffic tells
	}
	best := mine
	for _, other := range c.list {
		if rate, known := other.health.rate(ch); known && other.Account.Test == k.Account.Test {
			best = max(best, rate)
		}
	}
	return mine < c.choice.Floor*best
}

// pick takes one of these: of the first rank, as far as its accounts are well, otherwise
// of the next; within a rank by weight and share.
func (c *carriers) pick(list []candidate) *carrier {
	slices.SortStableFunc(list, func(a, b candidate) int { return a.rank.compare(b.rank) })
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].rank == list[0].rank {
			n++
		}
		first, rest := list[:n], list[n:]
		best := slices.MaxFunc(first, func(a, b candidate) int { return cmp.Compare(a.share, b.share) }).share
		if len(rest) == 0 || c.roll() < best {
			return c.weighed(first)
		}
		list = rest
	}
	return nil
}

func (c *carriers) weighed(list []candidate) *carrier {
	total := 0.0
	for _, one := range list {
		total += one.weight()
	}
	point := c.roll() * total
	for _, one := range list {
		if point -= one.weight(); point < 0 {
			return one.carrier
		}
	}
	return list[len(list)-1].carrier
}

func (c candidate) weight() float64 { return float64(max(c.Account.Weight, 1)) * c.share }

// elsewhere reports whether another account than this one is well that carries a channel.
func (c *carriers) elsewhere(n need) bool {
	return slices.ContainsFunc(c.list, func(k *carrier) bool {
		return k.Account.Name != n.not && k.can(n) && k.health.share(n.channel) > 0
	})
}

// observe sets the metric of shares.
func (c *carriers) observe() {
	for _, k := range c.list {
		for _, ch := range k.caps.Channels {
			c.share.WithLabelValues(k.Account.Name, ch.String()).Set(k.health.share(ch))
		}
	}
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
	if !k.health.calls.TryAcquirePermit() {
		return max(k.health.rest(), time.Second), nil
	}
	return 0, nil
}

// free reports whether a call needs no turn: the account has no speed limit and is well.
func (k *carrier) free() bool { return k.limit == nil && k.health.calls.IsClosed() }

// forgo tells the breaker that an admitted call was not made. Half open, it counts
// the calls that it lets through: one that is never heard of again would keep the
// account there for ever, so it counts as a failed one.
func (k *carrier) forgo() {
	if k.health.calls.IsHalfOpen() {
		k.health.calls.RecordFailure()
	}
}

// speaksAgainst reports whether the outcome of a call speaks against the account: a
// refusal of one message's content does not, nor a cause of our own (not sent, without a
// reason).
func speaksAgainst(r provider.Result) bool {
	return r.Outcome == provider.Unknown || r.Outcome == provider.NotSent && r.Reason != "" || r.Reason.Operators()
}

// learn tells the breaker how calls ended, of this process or another one. Of many it takes
// a sample with the same share of failures: told one after another, a few failures among
// hundreds would be failures in a row.
func (h *health) learn(well, failed int) {
	all := well + failed
	if well < 0 || failed < 0 || all == 0 {
		return
	}
	n := min(all, breakerCalls)
	failed = (failed*n + all/2) / all
	for range failed {
		h.calls.RecordFailure()
	}
	for range n - failed {
		h.calls.RecordSuccess()
	}
}
