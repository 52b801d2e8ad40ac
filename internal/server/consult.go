package server

import (
	"context"
	"sync"
	"time"

	"creditmsg/internal/api"
)

// freshFor is for how long whoever asks is told what the doctor found.
const freshFor = 30 * time.Second

// consult remembers what the doctor found: he looks at every site, and a console may ask often.
type consult struct {
	mu   sync.Mutex
	last api.Health // guarded by mu
}

// doctor tells what the doctor finds, or found lately. Those who ask at the same moment wait for
// one look.
func (p *Program) doctor(ctx context.Context) (api.Health, error) {
	p.consult.mu.Lock()
	defer p.consult.mu.Unlock()
	if at := p.consult.last.At; at != 0 && p.d.Now().Sub(at) < freshFor {
		return p.consult.last, nil
	}
	h, err := p.office().Doctor(ctx)
	if err != nil {
		return api.Health{}, err
	}
	p.consult.last = api.Health{OK: h.OK, At: p.d.Now()}
	for _, c := range h.Checks {
		p.consult.last.Checks = append(p.consult.last.Checks, api.Check(c))
	}
	return p.consult.last, nil
}

// office is what an operator can do, with the services of the process.
func (p *Program) office() *Operator {
	return &Operator{config: p.config, d: p.d, keys: p.keys, ledger: p.ledger, queue: p.queue, messages: p.messages, delivery: p.delivery, reruns: p.reruns,
		invoices: p.invoices, papers: p.papers, billing: p.billing, alerts: p.alerts, pictures: p.pictures, place: p.place, series: p.series, vendors: p.vendors,
		kakao: p.kakao, registration: p.registration, privacy: p.privacy, people: p.people, webhooks: p.webhooks}
}
