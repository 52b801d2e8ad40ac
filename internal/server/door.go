package server

import "github.com/prometheus/client_golang/prometheus"

// guard puts the gate before a door.
func (p *Program) guard(l *listener) {
	c := p.config.HTTP
	c.defaults() // of a Config that nobody loaded
	if p.turned == nil {
		p.turned = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "creditmsg_http_connections_ended_total",
			Help: "Connections that were ended to keep within http.connections and http.connections_per_address, by why."}, []string{"why"})
		for _, why := range []string{turnedFull, turnedAddress, turnedWaiting} {
			p.turned.WithLabelValues(why)
		}
		p.metrics.MustRegister(p.turned)
	}
	l.Listener = &gate{Listener: l.Listener, most: c.Connections, perAddress: c.ConnectionsPerAddress,
		many: p.config.TrustedProxies.Prefixes(), log: p.log, turned: p.turned}
	l.streams = c.Streams
}
