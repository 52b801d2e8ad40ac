package server

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// Config is everything that an operator can set. It is read once at start, from
// creditmsg.yaml and then from the environment, which wins. The environment's name of
// a key is its path in capitals: database.url is CREDITMSG_DATABASE_URL,
// delivery.fallback_within is CREDITMSG_DELIVERY_FALLBACK_WITHIN. A list is set as a whole,
// as YAML or JSON text that replaces the file's: CREDITMSG_PROVIDERS,
// CREDITMSG_PAYMENTS_GATEWAYS. An empty variable counts as absent.
//
// A value that is absent or zero means the default that its comment names. Each secret
// can be read from a file instead: name the file under the key with _file after it
// (api_secret_file, CREDITMSG_KEYS_MASTER_FILE).
//
// Printing a Config, in any way, never shows a secret.
type Config struct {
	// Listen is the address of the HTTP API. Default 127.0.0.1:8080: without tls here, tokens
	// travel in clear text unless something in front speaks TLS, so being reachable from other
	// machines (":8080") is the operator's own decision.
	Listen string `yaml:"listen" env:"LISTEN"`
	// ListenRedirect leads browsers from http to https, and answers what an authority asks
	// about tls.autocert (":80"). Default none.
	ListenRedirect string          `yaml:"listen_redirect" env:"LISTEN_REDIRECT"`
	TLS            TLSConfig       `yaml:"tls" envPrefix:"TLS_"`
	CORS           CORSConfig      `yaml:"cors" envPrefix:"CORS_"`
	HTTP           HTTPConfig      `yaml:"http" envPrefix:"HTTP_"`
	Database       DatabaseConfig  `yaml:"database" envPrefix:"DATABASE_"`
	Blob           BlobConfig      `yaml:"blob" envPrefix:"BLOB_"`
	Providers      ProviderConfigs `yaml:"providers" env:"-"`
	// Production refuses to start with test credentials.
	Production bool           `yaml:"production" env:"PRODUCTION"`
	Delivery   DeliveryConfig `yaml:"delivery" envPrefix:"DELIVERY_"`
	Payments   PaymentsConfig `yaml:"payments" envPrefix:"PAYMENTS_"`
	Alerts     AlertsConfig   `yaml:"alerts" envPrefix:"ALERTS_"`
	TestMode   TestModeConfig `yaml:"test_mode" envPrefix:"TEST_MODE_"`
	Webhooks   WebhooksConfig `yaml:"webhooks" envPrefix:"WEBHOOKS_"`
	Console    ConsoleConfig  `yaml:"console" envPrefix:"CONSOLE_"`
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Default none.
	TrustedProxies Networks `yaml:"trusted_proxies" env:"TRUSTED_PROXIES"`
	// ProxyHeader is what they write it into: x-forwarded-for, or forwarded (RFC 7239). The
	// other one is not looked at, since a proxy passes on what a client put there. Default
	// x-forwarded-for.
	ProxyHeader string      `yaml:"proxy_header" env:"PROXY_HEADER"`
	Log         LogConfig   `yaml:"log" envPrefix:"LOG_"`
	Keys        KeysConfig  `yaml:"keys" envPrefix:"KEYS_"`
	Audit       AuditConfig `yaml:"audit" envPrefix:"AUDIT_"`

	Redis  RedisConfig  `yaml:"redis" envPrefix:"REDIS_"`
	Limits LimitsConfig `yaml:"limits" envPrefix:"LIMITS_"`
}

// DatabaseConfig says where the data is.
type DatabaseConfig struct {
	// URL is sqlite:PATH, postgres://… or mysql://…. Default sqlite:data/creditmsg.db.
	URL     Address `yaml:"url" env:"URL"`
	URLFile string  `yaml:"url_file,omitempty" env:"URL_FILE"`
}

// DeliveryConfig holds the times of sending.
type DeliveryConfig struct {
	// FallbackWithin is how long after acceptance a failed first step may still fall
	// back to the second. Default 30m.
	FallbackWithin time.Duration `yaml:"fallback_within" env:"FALLBACK_WITHIN"`
	// ExpireText is when an SMS or Alimtalk without a report is given up. Default 73h.
	ExpireText time.Duration `yaml:"expire_text" env:"EXPIRE_TEXT"`
	// ExpireLong is the same for LMS and MMS. Default 81h.
	ExpireLong time.Duration `yaml:"expire_long" env:"EXPIRE_LONG"`
	// LookupGrace lies between the two answers that prove a call was not taken. Default 60s.
	LookupGrace time.Duration `yaml:"lookup_grace" env:"LOOKUP_GRACE"`
	// Lease is how long a worker owns a job before others may take it. Default 60s.
	Lease time.Duration `yaml:"lease" env:"LEASE"`

	// Prefer says which of several healthy accounts of equal priority takes a message:
	// weight, which spreads them, or cost, which takes the one that costs least as long as
	// it delivers. Default weight.
	Prefer string `yaml:"prefer" env:"PREFER"`
	// Floor is how many percent of what the best account of a channel delivers in time an
	// account must deliver to be preferred for its cost. Default 90.
	Floor int `yaml:"floor" env:"FLOOR"`
	// Rest is how long an account whose calls fail is left alone at first. Default 20s.
	Rest time.Duration `yaml:"rest" env:"REST"`
	// Hang is when an account that does not answer a call is avoided. Default 3s.
	Hang time.Duration `yaml:"hang" env:"HANG"`
	// Late is when a message whose end was not reported speaks against its account: where
	// many are late, other accounts take more. Default 2m.
	Late time.Duration `yaml:"late" env:"LATE"`
	// KeepReports is how long the raw bodies of delivery reports are kept, to be looked at and
	// run again. Default 4320h, 180 days; at least 168h.
	KeepReports time.Duration `yaml:"keep_reports" env:"KEEP_REPORTS"`
	// ReplayWindow is how long a body of reports that was stored is known again: the same one is
	// answered and not stored once more. Default 10m.
	ReplayWindow time.Duration `yaml:"replay_window" env:"REPLAY_WINDOW"`
	// NightFrom and NightUntil are the times of day in Korea between which advertising
	// reaches nobody who did not consent to the night as well. The law's night, 21:00 to
	// 08:00, can be made longer, not shorter. Default 20:50 and 08:00.
	NightFrom  string `yaml:"night_from" env:"NIGHT_FROM"`
	NightUntil string `yaml:"night_until" env:"NIGHT_UNTIL"`
}

// Night is the night of advertising. Texts that are no time of day count as absent:
// LoadConfig returns no Config that has such.
func (d DeliveryConfig) Night() (n korea.Night) {
	n.From, _ = korea.ParseClock(d.NightFrom)
	n.Until, _ = korea.ParseClock(d.NightUntil)
	return n
}

// LogConfig says what the process writes to standard error.
type LogConfig struct {
	Level  string `yaml:"level" env:"LEVEL"`   // debug, info, warn or error; default info
	Format string `yaml:"format" env:"FORMAT"` // json or text; default json
}

// KeysConfig holds the installation's own key.
type KeysConfig struct {
	// Master wraps the sites' data keys: 32 bytes in hex or base64. Without one, data
	// keys are stored as they are.
	Master     Secret `yaml:"master" env:"MASTER"`
	MasterFile string `yaml:"master_file,omitempty" env:"MASTER_FILE"`
}

// Networks is a list of networks such as 10.0.0.0/8; a bare address is a network of
// its own.
type Networks []string

// LoadConfig reads the file at path ("" = no file) and then env, which has the form of
// os.Environ. What is wrong comes back as one fault whose Fields name each place:
// file:line or the variable.
func LoadConfig(path string, env []string) (Config, error) {
	l := &loading{places: map[string]string{}}
	var c Config
	c.Limits.FailuresPerMinute = DefaultFailures
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			cause := err
			if where, ok := errors.AsType[*fs.PathError](err); ok {
				cause = where.Err // the path is said already
			}
			return Config{}, fault.Wrap(err, fault.Invalid, fault.CodeValidation, "the configuration file %s cannot be read: %v", path, cause)
		}
		l.yaml(path, "", data, &c)
		l.secretFiles(&c)
	}
	l.environment(env, &c)
	l.secretFiles(&c)
	c.defaults()
	if len(l.wrong) == 0 {
		l.check(&c)
	}
	if len(l.wrong) > 0 {
		f := fault.New(fault.Invalid, fault.CodeValidation, "the configuration is not valid")
		f.Fields = l.wrong
		return Config{}, f
	}
	return c, nil
}

// defaults fills in what is absent.
func (c *Config) defaults() {
	c.Listen = cmp.Or(c.Listen, "127.0.0.1:8080")
	c.Database.URL = cmp.Or(c.Database.URL, "sqlite:data/creditmsg.db")
	c.Blob.defaults(c.Database.URL)
	c.Delivery.FallbackWithin = cmp.Or(c.Delivery.FallbackWithin, 30*time.Minute)
	c.Delivery.ExpireText = cmp.Or(c.Delivery.ExpireText, 73*time.Hour)
	c.Delivery.ExpireLong = cmp.Or(c.Delivery.ExpireLong, 81*time.Hour)
	c.Delivery.LookupGrace = cmp.Or(c.Delivery.LookupGrace, time.Minute)
	c.Delivery.Lease = cmp.Or(c.Delivery.Lease, time.Minute)
	c.Delivery.Prefer = cmp.Or(c.Delivery.Prefer, "weight")
	c.Delivery.Floor = cmp.Or(c.Delivery.Floor, 90)
	c.Delivery.Rest = cmp.Or(c.Delivery.Rest, 20*time.Second)
	c.Delivery.Hang = cmp.Or(c.Delivery.Hang, 3*time.Second)
	c.Delivery.Late = cmp.Or(c.Delivery.Late, 2*time.Minute)
	c.Delivery.KeepReports = cmp.Or(c.Delivery.KeepReports, 180*24*time.Hour)
	c.Delivery.ReplayWindow = cmp.Or(c.Delivery.ReplayWindow, 10*time.Minute)
	from, until := (korea.Night{}).Bounds()
	c.Delivery.NightFrom = cmp.Or(c.Delivery.NightFrom, korea.Clock(from))
	c.Delivery.NightUntil = cmp.Or(c.Delivery.NightUntil, korea.Clock(until))
	c.Audit.Keep = cmp.Or(c.Audit.Keep, "5y")
	c.Alerts.defaults()
	c.Payments.PublicURL = Address(strings.TrimRight(string(c.Payments.PublicURL), "/")) // paths are put behind it
	c.Console.defaults(c.Payments.PublicURL)
	c.ProxyHeader = cmp.Or(c.ProxyHeader, "x-forwarded-for")
	c.TestMode.Enabled = cmp.Or(c.TestMode.Enabled, "true")
	c.Webhooks.defaults()
	c.HTTP.defaults()
	c.Log.Level = cmp.Or(c.Log.Level, "info")
	c.Log.Format = cmp.Or(c.Log.Format, "json")
}

// String prints the configuration in force as YAML, secrets masked.
func (c Config) String() string {
	text, err := yaml.Marshal(struct {
		Config `yaml:",inline"`
	}{c})
	if err != nil {
		return fmt.Sprintf("configuration that cannot be printed: %v", err)
	}
	return string(text)
}

// Prefixes gives the networks. Texts that are none are passed over: LoadConfig
// returns no Config that has such.
func (n Networks) Prefixes() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range n {
		if p, err := parseNetwork(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96) // addresses are compared as IPv4
	}
	return p.Masked(), err
}
