package server

import (
	"creditmsg/internal/payment"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"

	till "creditmsg/internal/payment/simulator"
	"creditmsg/internal/provider/simulator"
)

// TestModeConfig says whether each site may have a test site beside it, and where what those
// send and pay ends. Production does not matter to it: nothing of a test site reaches anybody.
type TestModeConfig struct {
	// Enabled is true or false. Default true.
	Enabled string `yaml:"enabled" env:"ENABLED"`
	// SimulatorURL is the address of a simulator that all processes share, started with:
	// creditmsg simulator. Default every process has its own, which is enough where one
	// process does everything.
	SimulatorURL Address `yaml:"simulator_url" env:"SIMULATOR_URL"`
	// WebhookSecret proves the delivery reports of that simulator: its --report-secret.
	WebhookSecret     Secret `yaml:"webhook_secret" env:"WEBHOOK_SECRET"`
	WebhookSecretFile string `yaml:"webhook_secret_file,omitempty" env:"WEBHOOK_SECRET_FILE"`
}

// off reports whether the operator wants no test mode.
func (c TestModeConfig) off() bool { return c.Enabled == "false" }

func (l *loading) checkTestMode(c TestModeConfig) {
	l.oneOf("test_mode.enabled", c.Enabled, "true", "false")
	l.checkWeb("test_mode.simulator_url", c.SimulatorURL)
	if c.SimulatorURL != "" && c.WebhookSecret == "" {
		l.bad("test_mode.webhook_secret", "it is missing: what the simulator at test_mode.simulator_url was given as --report-secret")
	}
	if c.SimulatorURL == "" && c.WebhookSecret != "" {
		l.bad("test_mode.simulator_url", "it is missing: test_mode.webhook_secret is the secret of a simulator there")
	}
}

// The account and the gateway of test sites. No name that people choose has a dot.
const (
	testProvider = "solapi.test"
	testGateway  = "toss.test"
)

// elsewhere stands for a simulator that this process does not reach.
const elsewhere = "http://127.0.0.1:9"

// testAccount is the provider account of test sites; url "" = it cannot be reached from here.
func testAccount(url, secret string) provider.Account {
	if url == "" {
		url = elsewhere
	}
	return provider.Account{Name: testProvider, Kind: "solapi", Test: true, URL: url, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret,
		Weight: 1, Timeout: testTimeout, Webhook: provider.Webhook{Secret: secret}}
}

// testMerchant is the gateway of test sites; checkout is the page of its payers.
func testMerchant(url, checkout, clientKey string) payment.Account {
	if url == "" {
		url, checkout = elsewhere, elsewhere
	}
	return payment.Account{Name: testGateway, Kind: "toss", Test: true, URL: url, ClientKey: clientKey, SecretKey: till.DefaultSecretKey,
		CheckoutURL: checkout, Timeout: testTimeout}
}

// madeUpAccounts are the accounts at which a site's channels and templates get made-up ids,
// with their kinds: of a test site its own, of others those that point at the simulator.
func (c Config) madeUpAccounts(siteID string) map[string]string {
	if site.IsTest(siteID) {
		return map[string]string{testProvider: "solapi"}
	}
	return c.simulatedAccounts()
}
