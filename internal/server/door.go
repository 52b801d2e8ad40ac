package server

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/certificate"
	"creditmsg/internal/fault"
)

// openDoor opens the ports at which the API is reached. That of the reports of simulators in
// this process is besides: they do not trust the certificate of a name that leads to this machine.
func (p *Program) openDoor() (err error) {
	if p.door, err = listen(p.config.Listen); err != nil {
		return err
	}
	p.guard(p.door)
	if !p.config.TLS.on() {
		return nil
	}
	p.door.url = "https://" + reachable(p.door.Addr())
	if p.has(RoleSimulator) || p.ownTestWorld() {
		if p.inner, err = listen("127.0.0.1:0"); err != nil {
			return err
		}
	}
	if p.config.ListenRedirect == "" {
		return nil
	}
	if p.redirect, err = listen(p.config.ListenRedirect); err != nil {
		return err
	}
	p.guard(p.redirect)
	return nil
}

// within is the address at which a part of this process reaches the API.
func (p *Program) within() string {
	switch {
	case p.inner != nil:
		return p.inner.url
	case p.door != nil:
		return p.door.url
	}
	return "http://" + p.config.Listen
}

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

// secure has the door prove itself.
func (p *Program) secure(_ context.Context, o Options) error {
	c := p.config.TLS
	switch {
	case p.door == nil:
		return nil
	case c.CertFile != "":
		pair, err := certificate.Open(c.CertFile, c.KeyFile, p.log)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, fault.CodeValidation, "the certificate of tls.cert_file and tls.key_file cannot be used: %v", err)
		}
		p.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "creditmsg_tls_certificate_expires_seconds",
			Help: "When the certificate of tls.cert_file ends, in seconds since 1970."}, func() float64 { return float64(pair.Ends().Unix()) }))
		p.door.tls = pair.Config()
		p.renewing = func(ctx context.Context) error { return pair.Run(ctx, o.Reload) }
	case len(c.Autocert.Domains) > 0:
		p.authority = certificate.Ask(p.d, p.keys, certificate.Asked{Domains: c.Autocert.Domains, Email: c.Autocert.Email,
			Directory: string(c.Autocert.DirectoryURL), Agent: "creditmsg/" + o.Version})
		p.door.tls = p.authority.Config()
	case p.config.Production && !p.loopback() && len(p.config.TrustedProxies) == 0:
		p.log.Warn("tokens travel in clear text: other machines reach this address, and neither tls nor trusted_proxies is set", "listen", p.config.Listen)
	}
	return nil
}

// loopback reports whether only this machine reaches the door.
func (p *Program) loopback() bool {
	at, ok := p.door.Addr().(*net.TCPAddr)
	return ok && at.IP.IsLoopback()
}

func (p *Program) doors() []runner {
	if p.door == nil {
		return nil
	}
	open := func(l *listener, h http.Handler) runner {
		return func(ctx context.Context) error { return l.serve(ctx, h, p.grace, p.log) }
	}
	all := []runner{open(p.door, p.handler), p.watchLedger}
	if p.inner != nil {
		all = append(all, open(p.inner, p.handler))
	}
	if p.redirect != nil {
		all = append(all, open(p.redirect, p.elsewhere()))
	}
	if p.renewing != nil {
		all = append(all, p.renewing)
	}
	return all
}

// elsewhere answers at listen_redirect.
func (p *Program) elsewhere() http.Handler {
	var asked http.Handler
	if p.authority != nil {
		asked = p.authority.Answer()
	}
	return p.handler.(interface {
		Elsewhere(address func(host string) string, asked http.Handler) http.Handler
	}).Elsewhere(p.secured, asked)
}

// secured is where TLS is spoken, of a host as a client named it.
func (p *Program) secured(host string) string {
	if public := string(p.config.Payments.PublicURL); strings.HasPrefix(public, "https://") {
		return public
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, port, err := net.SplitHostPort(p.door.Addr().String()); err == nil && port != "443" {
		return "https://" + net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return "https://" + host
}
