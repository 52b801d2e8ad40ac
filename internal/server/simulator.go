package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/fault"
	till "creditmsg/internal/payment/simulator"
	"creditmsg/internal/provider/simulator"
)

// SimulatorOptions say how the provider simulator behaves.
type SimulatorOptions struct {
	Listen       string // address; of RunSimulator only
	Seed         uint64 // makes the spread of delays repeatable
	ReportURL    string // where delivery reports go, …/webhooks/{provider}; of RunSimulator only
	ReportSecret string
	// NoticeURL and StripeNoticeURL are where notices of payments go, …/webhooks/payments/{gateway};
	// of RunSimulator only.
	NoticeURL, StripeNoticeURL string
	// Pace is the usual time from the carrier to a delivery report; 0 = the simulator's own.
	Pace time.Duration
	// Scenario is a file that says what goes wrong how often, in YAML; "" = nothing does.
	Scenario string
}

// behaviour is what the simulator is told, but for where reports go.
func (o SimulatorOptions) behaviour() (simulator.Options, error) {
	b := simulator.Options{Seed: o.Seed, ReportDelay: o.Pace}
	if o.Scenario == "" {
		return b, nil
	}
	text, err := os.ReadFile(o.Scenario)
	if err != nil {
		return b, fault.Check(o.Scenario, "the scenario cannot be read: %v", errors.Unwrap(err))
	}
	b.Scenario, err = simulator.ParseScenario(text)
	if wrong, ok := errors.AsType[*simulator.Misreading](err); ok {
		return b, fault.Check(placeOf(o.Scenario, wrong.Line), "%s", wrong.Told())
	}
	return b, err
}

// SimulatorKey and SimulatorSecret are the credentials that the simulator takes.
const (
	SimulatorKey    = simulator.DefaultKey
	SimulatorSecret = simulator.DefaultSecret
)

// The same of the payment gateways that it plays: of Toss, and of Stripe.
const (
	SimulatorClientKey       = till.DefaultClientKey
	SimulatorSecretKey       = till.DefaultSecretKey
	SimulatorStripeKey       = till.DefaultStripeKey
	SimulatorStripeSignature = till.DefaultStripeSecret
)

// simulatorGrace is short: what the simulator keeps is gone at its end anyway.
const simulatorGrace = 2 * time.Second

// RunSimulator runs the simulator alone until ctx ends. started is told its address
// once it answers there.
func RunSimulator(ctx context.Context, o SimulatorOptions, log *slog.Logger, started func(url string)) error {
	behaviour, err := o.behaviour()
	if err != nil {
		return err
	}
	for _, to := range [][2]string{{"--report-url", o.ReportURL}, {"--notice-url", o.NoticeURL}, {"--stripe-notice-url", o.StripeNoticeURL}} {
		if !isWeb(to[1]) {
			return fault.Check(to[0], "%q is not an address of the form http://host/path", to[1])
		}
	}
	behaviour.ReportURL, behaviour.ReportSecret = o.ReportURL, o.ReportSecret
	l, err := listen(o.Listen)
	if err != nil {
		return err
	}
	s := simulator.New(behaviour)
	t := till.New(till.Options{Seed: o.Seed, NoticeURL: o.NoticeURL, StripeNoticeURL: o.StripeNoticeURL})
	started(l.url)
	return runStages(ctx, []stage{{runners: []runner{
		s.Run, t.Run,
		func(ctx context.Context) error { return l.serve(ctx, boxes(s, t), simulatorGrace, log) },
	}}})
}

// openSimulator opens the port of the first account that points at the simulator, and has
// reports of each such account sent to our own door. Port 0 is the one after the API's, or
// any that is free where that is taken; the accounts are then told which it is.
func (p *Program) openSimulator(o SimulatorOptions) error {
	i := slices.IndexFunc(p.config.Providers, ProviderConfig.simulated)
	if i < 0 {
		return fault.Check("roles", "the simulator has nobody to serve: configure a provider with api_key %s, its secret and url http://127.0.0.1:PORT", SimulatorKey)
	}
	account := &p.config.Providers[i]
	behaviour, err := o.behaviour()
	if err != nil {
		return err
	}
	u, err := url.Parse(string(account.URL))
	if err != nil {
		return fault.Check("providers", "the address of %s cannot be read", account.Name)
	}
	address := u.Host
	if u.Port() == "0" {
		address = p.besides(u.Hostname())
	}
	if p.vendor, err = listen(address); err != nil && u.Port() == "0" {
		p.vendor, err = listen(u.Host)
	}
	if err != nil {
		return err
	}
	given := account.URL
	door := p.within()
	behaviour.Reports = map[string]simulator.Hook{}
	for i := range p.config.Providers {
		a := &p.config.Providers[i]
		if !a.simulated() || a.URL != given {
			continue
		}
		a.URL = Address(p.vendor.url)
		if _, first := behaviour.Reports[a.Kind]; !first {
			behaviour.Reports[a.Kind] = simulator.Hook{URL: door + "/webhooks/" + a.Name, Secret: string(a.Webhook.Secret)}
		}
	}
	p.simulated = simulator.New(behaviour)
	p.openTill(door, o.Seed)
	return nil
}

// openTill makes the simulated payment gateways, beside the simulated carriers on their
// port, and points the gateways at it that take its keys.
func (p *Program) openTill(door string, seed uint64) {
	o := till.Options{Seed: seed}
	p.config.Payments.Gateways = slices.Clone(p.config.Payments.Gateways)
	for i := range p.config.Payments.Gateways {
		g := &p.config.Payments.Gateways[i]
		if g.simulated() && strings.HasSuffix(string(g.URL), ":0") {
			g.URL, g.CheckoutURL = Address(p.vendor.url), Address(p.vendor.url+"/_sim/checkout")
			*map[string]*string{"toss": &o.NoticeURL, "stripe": &o.StripeNoticeURL}[g.Kind] = door + "/webhooks/payments/" + g.Name
		}
	}
	p.till = till.New(o)
}

// boxes serves the simulated carriers and gateways behind one address: their vendors' paths
// do not meet.
func boxes(carriers *simulator.Simulator, gateways *till.Simulator) http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/v1/", "/_sim/checkout", "/_sim/deposit", "/_sim/payments", "/_sim/payments/"} {
		mux.Handle(path, gateways.Handler())
	}
	mux.Handle("/", carriers.Handler())
	return mux
}

// besides gives the address after the API's.
func (p *Program) besides(host string) string {
	if p.door == nil {
		return net.JoinHostPort(host, "0")
	}
	port := p.door.Addr().(*net.TCPAddr).Port + 1
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// simulated reports whether the account points at the simulator: nobody else takes
// its credentials, wherever it runs.
func (p ProviderConfig) simulated() bool {
	return p.URL != "" && p.key() == SimulatorKey
}
