package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/payment"
	till "creditmsg/internal/payment/simulator"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/sandbox"
	"creditmsg/internal/site"
)

// testTimeout is how long a request to the simulators of test mode may take: some are never
// answered on purpose, and whoever tries that out waits for it.
const testTimeout = 5 * time.Second

// testWorld is what test sites of this process send through and pay with: simulators of
// their own behind a port of this machine, beside what serve --demo may have.
type testWorld struct {
	door      *listener // nil = they are at test_mode.simulator_url, or there is no test mode
	carriers  *simulator.Simulator
	till      *till.Simulator
	account   provider.Account
	merchants []billing.Gateway
}

// openTestDoor opens the port of the simulators, which is part of their account.
func (p *Program) openTestDoor(context.Context, Options) (err error) {
	if !p.ownTestWorld() {
		return nil
	}
	if p.serves() != p.has(RoleWorker) {
		p.log.Warn("test mode has simulators of this process alone, which others do not share; start one with: creditmsg simulator, and name it in test_mode.simulator_url")
	}
	p.test.door, err = listen("127.0.0.1:0")
	return err
}

// ownTestWorld reports whether test sites send and pay through simulators of this process.
func (p *Program) ownTestWorld() bool {
	c := p.config.TestMode
	return !c.off() && c.SimulatorURL == "" && (p.serves() || p.has(RoleWorker))
}

// makeTestWorld makes the account and the gateway of test sites, and their simulators where
// they are of this process.
func (p *Program) makeTestWorld(ctx context.Context) (err error) {
	c := p.config.TestMode
	if c.off() {
		return nil
	}
	url, secret := string(c.SimulatorURL), string(c.WebhookSecret)
	checkout, window := url+"/_sim/checkout", till.DefaultClientKey
	if p.test.door != nil {
		if secret, window, err = p.testSecrets(ctx); err != nil {
			return err
		}
		// Without public_url payers reach the page where the request was made that began the payment.
		url, checkout = p.test.door.url, string(p.config.Payments.PublicURL)+checkoutPath
		p.test.carriers = simulator.New(simulator.Options{Reports: map[string]simulator.Hook{"solapi": {URL: p.ownDoor() + "/webhooks/" + testProvider, Secret: secret}}})
		p.test.till = till.New(till.Options{ClientKey: window, NoticeURL: p.ownDoor() + "/webhooks/payments/" + testGateway})
	}
	p.test.account = testAccount(url, secret)
	p.test.merchants, err = merchantsOf(testMerchant(url, checkout, window))
	return err
}

// testMerchants are the gateways of test sites as the verbs know them, which are seldom where
// the simulators are.
func (c Config) testMerchants() ([]billing.Gateway, error) {
	if c.TestMode.off() {
		return nil, nil
	}
	url := string(c.TestMode.SimulatorURL)
	return merchantsOf(testMerchant(url, url+"/_sim/checkout", till.DefaultClientKey))
}

func merchantsOf(a payment.Account) ([]billing.Gateway, error) {
	adapter, err := gatewayAdapters[a.Kind](a)
	if err != nil {
		return nil, fmt.Errorf("payment gateway %s: %w", a.Name, err)
	}
	return []billing.Gateway{{Account: a, Adapter: adapter}}, nil
}

// testSecrets are what proves the reports of the simulators, and what opens the window of their
// payers, which stands at a door that everybody reaches: only who began a payment has an address
// of it. They are derived from a key of the installation, so that all processes know the same
// without anybody setting them.
func (p *Program) testSecrets(ctx context.Context) (reports, window string, err error) {
	err = p.d.View(ctx, "test_mode_secrets", func(tx *db.Tx) error {
		key, err := p.keys.Installation(tx, site.InboxKey)
		if err != nil {
			return err
		}
		reports = fmt.Sprintf("%x", key.MAC([]byte("reports of test mode")))
		window = fmt.Sprintf("test_ck_%x", key.MAC([]byte("payers of test mode")))
		return nil
	})
	return reports, window, err
}

// accounts are the accounts that exist: those of the configuration and that of test sites.
func (p *Program) accounts() ([]delivery.Carrier, error) {
	all := p.config.Accounts()
	if !p.config.TestMode.off() {
		all = append(all, p.test.account)
	}
	return carriers(all)
}

// sandbox makes the service of test mode.
func (p *Program) sandbox() *sandbox.Service {
	return sandbox.New(p.d, p.keys, p.ledger, p.queue, p.kakao, p.config.sandbox(
		sandbox.Shifts(p.messages, p.delivery, p.billing, p.series, p.kakao, p.webhooks), p.delivery.Busy))
}

// sandbox are the options of test mode.
func (c Config) sandbox(shifts []sandbox.Shift, busy func(*db.Tx, string) (int64, error)) sandbox.Options {
	return sandbox.Options{Off: c.TestMode.off(), Shifts: shifts, Busy: busy, Channel: c.madeUpChannel, Template: c.madeUpTemplate}
}

// ownDoor is where the simulators reach this process.
func (p *Program) ownDoor() string {
	if p.door != nil {
		return p.within()
	}
	return p.test.door.url
}

// The pages on which a payer of a test site pays, at the API's door: the simulators' own is
// reached from this machine alone.
const (
	checkoutPath = "/test/checkout"
	depositPath  = "/test/deposit"
)

// pages are those of test payers, which the API shows beside its own.
func (p *Program) pages() map[string]http.Handler {
	if p.test.till == nil {
		return nil
	}
	all, shown := map[string]http.Handler{}, p.test.till.Pages(checkoutPath, depositPath)
	for _, path := range []string{checkoutPath, depositPath} {
		all["GET "+path], all["POST "+path] = shown, shown
	}
	return all
}

// testWorld runs the simulators of test mode. Reports come to their port where this process
// has no other door.
func (p *Program) testWorld() []runner {
	if p.test.door == nil {
		return nil
	}
	boxes := boxes(p.test.carriers, p.test.till)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.door == nil && len(r.URL.Path) > len(reportsPath) && r.URL.Path[:len(reportsPath)] == reportsPath {
			p.handler.ServeHTTP(w, r)
			return
		}
		boxes.ServeHTTP(w, r)
	})
	return []runner{
		p.test.carriers.Run,
		p.test.till.Run,
		func(ctx context.Context) error { return p.test.door.serve(ctx, handler, p.grace, p.log) },
	}
}

const reportsPath = "/webhooks/"
