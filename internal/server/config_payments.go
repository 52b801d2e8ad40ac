package server

import (
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/payment/simulator"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// PaymentsConfig says how sites pay.
type PaymentsConfig struct {
	// VATIncluded: what is asked for is what the payer is charged, VAT within. Default
	// false: an amount is credit without VAT, and VAT is charged on top.
	VATIncluded bool `yaml:"vat_included" env:"VAT_INCLUDED"`
	// PublicURL is the address at which payers' browsers reach this installation, such as
	// https://credit.example. Default what the request names.
	PublicURL Address `yaml:"public_url" env:"PUBLIC_URL"`
	// RequestTimeout bounds what one request to a gateway may take, with all that its
	// adapter makes of it; a payment whose answer was lost, as when the process died, is
	// asked about after twice that. Default 90s.
	RequestTimeout time.Duration  `yaml:"request_timeout" env:"REQUEST_TIMEOUT"`
	Gateways       GatewayConfigs `yaml:"gateways" env:"-"`
	// Bonus is what is given on top of payments; the highest tier that one reaches counts.
	Bonus      BonusTiers       `yaml:"bonus" env:"-"`
	Withdrawal WithdrawalConfig `yaml:"withdrawal" envPrefix:"WITHDRAWAL_"`
}

// WithdrawalConfig is the terms of giving unused paid credit back.
type WithdrawalConfig struct {
	// FeePercent of the credit is kept, in whole won, rounded down. Default 0.
	FeePercent int `yaml:"fee_percent" env:"FEE_PERCENT"`
	// Least is the least that is given back at once, in won of credit. Default 1000.
	Least string `yaml:"least" env:"LEAST"`
}

// GatewayConfig is one merchant account at a company that takes money.
type GatewayConfig struct {
	// Name is what /webhooks/payments/{name} and payments call it.
	Name string `yaml:"name"`
	// Kind is the adapter that speaks to it: toss, stripe, or manual for the operator's own
	// bank account.
	Kind string `yaml:"kind"`
	// URL is the base address. Default the vendor's.
	URL               Address       `yaml:"url"`
	ClientKey         string        `yaml:"client_key"` // public: the payer's browser shows it
	SecretKey         Secret        `yaml:"secret_key"`
	SecretKeyFile     string        `yaml:"secret_key_file,omitempty"`
	WebhookSecret     Secret        `yaml:"webhook_secret"` // of stripe, which signs what it calls about
	WebhookSecretFile string        `yaml:"webhook_secret_file,omitempty"`
	WebhookOld        Secret        `yaml:"webhook_secret_old,omitempty"` // still taken while that secret is changed
	WebhookOldFile    string        `yaml:"webhook_secret_old_file,omitempty"`
	CheckoutURL       Address       `yaml:"checkout_url"` // a page that plays the gateway's window: a simulator's
	TransferTo        string        `yaml:"transfer_to"`  // bank, number and holder of the operator's account, for kind manual
	Timeout           time.Duration `yaml:"timeout"`      // of one request; default 60s
	Allow             Networks      `yaml:"allow"`        // networks that its notices come from, or vendor for those that toss documents; default any
}

// GatewayConfigs is the list of gateways.
type GatewayConfigs []GatewayConfig

// BonusTier is bonus that comes with a payment.
type BonusTier struct {
	From    string `yaml:"from"`    // won of credit paid for, such as 100000
	Percent int    `yaml:"percent"` // of it, given on top
	Days    int    `yaml:"days"`    // until the bonus expires; default never
}

// BonusTiers is the list of tiers.
type BonusTiers []BonusTier

// gatewayKinds are the adapters that a gateway can name.
var gatewayKinds = []string{"toss", "stripe", "manual"}

// gatewaySettings are the keys that not every kind of gateway has.
var gatewaySettings = map[string][]string{
	"toss":   {"client_key", "secret_key", "url", "checkout_url", "allow"},
	"stripe": {"secret_key", "webhook_secret", "webhook_secret_old", "url", "checkout_url", "allow"},
	"manual": {"transfer_to"},
}

// settings are those of gatewaySettings that are set.
func (g GatewayConfig) settings() []string {
	all := map[string]bool{"client_key": g.ClientKey != "", "secret_key": g.SecretKey != "", "webhook_secret": g.WebhookSecret != "", "webhook_secret_old": g.WebhookOld != "",
		"url": g.URL != "", "checkout_url": g.CheckoutURL != "", "allow": len(g.Allow) > 0, "transfer_to": g.TransferTo != ""}
	maps.DeleteFunc(all, func(_ string, set bool) bool { return !set })
	return slices.Sorted(maps.Keys(all))
}

func (g GatewayConfig) account() payment.Account {
	return payment.Account{
		Name: g.Name, Kind: g.Kind, URL: string(g.URL), ClientKey: g.ClientKey, SecretKey: string(g.SecretKey),
		WebhookSecret: string(g.WebhookSecret), WebhookOld: string(g.WebhookOld), CheckoutURL: string(g.CheckoutURL), TransferTo: g.TransferTo, Timeout: g.Timeout,
	}
}

// simulated reports whether the gateway is the simulator: nobody else takes its keys.
func (g GatewayConfig) simulated() bool {
	return g.URL != "" && (string(g.SecretKey) == simulator.DefaultSecretKey || string(g.SecretKey) == simulator.DefaultStripeKey)
}

// tiers gives the tiers; what cannot be read was complained about before.
func (c PaymentsConfig) tiers() (all []billing.Tier) {
	for _, t := range c.Bonus {
		if from, err := money.Parse(t.From); err == nil {
			all = append(all, billing.Tier{From: from, Percent: t.Percent, Days: t.Days})
		}
	}
	return all
}

// terms gives the terms; what cannot be read was complained about before.
func (c WithdrawalConfig) terms() billing.WithdrawalTerms {
	t := billing.WithdrawalTerms{FeePercent: c.FeePercent}
	if least, err := money.Parse(c.Least); err == nil {
		t.Least = least
	}
	return t
}

// billing makes the service of payments, through the gateways of the configuration and besides.
func (c Config) billing(d *db.DB, keys *site.Keys, ledger *credit.Ledger, q *queue.Queue, r prometheus.Registerer, log *slog.Logger, besides ...billing.Gateway) (*billing.Service, error) {
	list, err := gateways(c.Payments.Gateways)
	if err != nil {
		return nil, err
	}
	return billing.New(d, keys, ledger, q, append(list, besides...), billing.Options{
		VATIncluded: c.Payments.VATIncluded, Bonus: c.Payments.tiers(), Withdrawal: c.Payments.Withdrawal.terms(), RequestTimeout: c.Payments.RequestTimeout, Registerer: r, Log: log,
	})
}

func (l *loading) checkPayments(c PaymentsConfig, production bool) {
	l.checkWeb("payments.public_url", c.PublicURL)
	if c.RequestTimeout < 0 {
		l.bad("payments.request_timeout", "it is negative")
	}
	if c.Withdrawal.FeePercent < 0 || c.Withdrawal.FeePercent > 99 {
		l.bad("payments.withdrawal.fee_percent", "want 0 to 99")
	}
	if least, err := money.Parse(c.Withdrawal.Least); c.Withdrawal.Least != "" && (err != nil || least <= 0 || least%money.Won != 0) {
		l.bad("payments.withdrawal.least", "%q is not an amount in whole won such as 1000", c.Withdrawal.Least)
	}
	names := map[string]int{}
	for i, g := range c.Gateways {
		at := fmt.Sprintf("payments.gateways[%d]", i)
		l.checkGateway(at, g, production)
		if first, twice := names[g.Name]; twice && g.Name != "" {
			l.bad(at+".name", "%q is the name of payments.gateways[%d] too; payments need one name each", g.Name, first)
			continue
		}
		names[g.Name] = i
	}
	for i, t := range c.Bonus {
		at := fmt.Sprintf("payments.bonus[%d]", i)
		if _, err := money.Parse(t.From); err != nil {
			l.bad(at+".from", "%q is not an amount of won such as 100000", t.From)
		}
		if t.Percent < 1 || t.Percent > 100 {
			l.bad(at+".percent", "want 1 to 100")
		}
		if t.Days < 0 || t.Days > 3650 {
			l.bad(at+".days", "want 0 (never) to 3650")
		}
	}
}

// isWeb reports whether a text is the address of a server; "" is none, which is right.
func isWeb(address string) bool {
	u, err := url.Parse(address)
	return address == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (l *loading) checkWeb(at string, a Address) {
	if !isWeb(string(a)) {
		l.bad(at, "it is not an address of the form https://host")
	}
}

func (l *loading) checkGateway(at string, g GatewayConfig, production bool) {
	if !providerName.MatchString(g.Name) || g.Name == billing.Recorded {
		l.bad(at+".name", "%q cannot be a name: it takes small letters, digits, - and _, begins with a letter, and is not %s", g.Name, billing.Recorded)
	}
	if !slices.Contains(gatewayKinds, g.Kind) {
		hint := ""
		if best, ok := nearest(g.Kind, gatewayKinds); ok {
			hint = "; did you mean " + best + "?"
		}
		l.bad(at+".kind", "%q is not one of %s%s", g.Kind, strings.Join(gatewayKinds, ", "), hint)
		return
	}
	for _, name := range g.settings() {
		if !slices.Contains(gatewaySettings[g.Kind], name) {
			l.bad(at+"."+name, "a gateway of kind %s has no such setting", g.Kind)
		}
	}
	l.checkWeb(at+".url", g.URL)
	l.checkWeb(at+".checkout_url", g.CheckoutURL)
	l.checkNetworks(at+".allow", g.Allow.beside(vendorNetworks[g.Kind]))
	if g.Timeout < 0 {
		l.bad(at+".timeout", "it is negative")
	}
	if g.Kind == "manual" {
		if strings.TrimSpace(g.TransferTo) == "" {
			l.bad(at+".transfer_to", "it is missing: bank, number and holder of the account, as payers read them")
		}
		return
	}
	if g.SecretKey == "" {
		l.bad(at+".secret_key", "it is missing")
	}
	if g.Kind == "toss" && g.ClientKey == "" {
		l.bad(at+".client_key", "it is missing")
	}
	if g.WebhookOld != "" && g.WebhookSecret == "" {
		l.bad(at+".webhook_secret_old", "it is taken beside the present secret, and webhook_secret is missing")
	}
	if g.Kind == "stripe" && g.WebhookSecret == "" {
		l.bad(at+".webhook_secret", "it is missing: what proves that a notice comes from the gateway")
	}
	if production && triedKey.MatchString(string(g.SecretKey)) {
		l.bad(at+".secret_key", "this is a test key, and production is true: nobody would be charged")
	}
}

// triedKey is how gateways begin the keys with which nobody is charged.
var triedKey = regexp.MustCompile(`^(test_|sk_test_|rk_test_)`)
