package message

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// meter counts legs and costs for dashboards. Label values come from closed sets
// and from the configuration; a site is never one.
type meter struct {
	sent *prometheus.CounterVec
	cost *prometheus.HistogramVec
}

func newMeter(reg prometheus.Registerer) (*meter, error) {
	m := &meter{
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "creditmsg_messages_sent_total",
			Help: "Legs that came to an end, by how."}, []string{"channel", "strategy", "provider", "outcome"}),
		cost: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "creditmsg_message_cost_won",
			Help:    "What messages that are done cost, by channel.",
			Buckets: prometheus.ExponentialBuckets(10, 10, 7)}, []string{"channel", "strategy"}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.sent, m.cost} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register message metrics: %w", err)
		}
	}
	return m, nil
}

// leg is one counter of ended legs.
type leg struct {
	channel, strategy, provider, outcome string
}

// ended gives the legs that a change brings to an end.
func ended(m *Message, c Change) (legs []leg) {
	add := func(r Recipient, outcome Progress) {
		legs = append(legs, leg{r.Channel().String(), string(m.Strategy), r.Provider, string(outcome)})
	}
	if c.To.Step > c.From.Step {
		add(c.From, Failed)
	}
	if c.To.State.Final() && !c.From.State.Final() {
		add(c.To, c.To.State)
	}
	return legs
}

// add counts what was committed.
func (m *meter) add(legs map[leg]int, done []*Message) {
	for l, n := range legs {
		m.sent.WithLabelValues(l.channel, l.strategy, l.provider, l.outcome).Add(float64(n))
	}
	for _, one := range done {
		if site.IsTest(one.Site) { // it cost nobody anything
			continue
		}
		for ch, won := range one.spent() {
			m.cost.WithLabelValues(provider.Channel(ch).String(), string(one.Strategy)).Observe(float64(won))
		}
	}
}

// spent is what a message cost by channel, in whole won, as its counters and its
// frozen prices say.
func (m *Message) spent() map[int]int64 {
	out := map[int]int64{}
	for _, c := range m.Classes {
		for _, s := range c.Steps {
			if n := m.By[s.Channel]; n > 0 {
				out[int(s.Channel)] = int64(s.Price) * n / 10_000
			}
		}
	}
	return out
}
