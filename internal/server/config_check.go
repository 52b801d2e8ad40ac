package server

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/api"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
)

// providerKinds are the adapters that an account can name.
var providerKinds = []string{"solapi", "nhncloud", "sens", "aligo", "sendgo"}

// balanceKinds are those whose vendor tells what is left of the account's money.
var balanceKinds = []string{"solapi", "aligo", "sendgo"}

// mostBalance is far above any threshold, and within what an amount holds.
const mostBalance = 100_000_000_000

// providerSettings are the keys that only one kind of account has.
var providerSettings = map[string][]string{
	"nhncloud": {"alimtalk_key", "alimtalk_secret", "origin_code"},
	"sens":     {"sms_service", "alimtalk_service"},
	"aligo":    {"sender", "success"},
}

// reportKinds are the kinds whose vendors report, and prove it by a secret.
var reportKinds = []string{"solapi", "nhncloud"}

// providerName is what can stand in the path /webhooks/{provider} and in a metric.
var providerName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// check complains about values that can be read and make no sense.
func (l *loading) check(c *Config) {
	l.checkPort("listen", c.Listen)
	l.checkHTTP(c.HTTP)
	l.checkTLS(c)
	l.checkCORS(c.CORS)
	l.checkDatabase(c.Database.URL)
	l.checkBlob(c.Blob)
	names := map[string]int{}
	for i, p := range c.Providers {
		at := fmt.Sprintf("providers[%d]", i)
		l.checkProvider(at, p, c.Production)
		l.checkChoice(at, p, c.Delivery)
		if first, twice := names[p.Name]; twice && p.Name != "" {
			l.bad(at+".name", "%q is the name of providers[%d] too; reports and statistics need one name each", p.Name, first)
			continue
		}
		names[p.Name] = i
	}
	l.checkPayments(c.Payments, c.Production)
	l.checkAlerts(c.Alerts, c.Production)
	l.checkAudit(c.Audit)
	l.checkTestMode(c.TestMode)
	l.checkLimits(c)
	l.checkWebhooks(c.Webhooks)
	l.checkConsole(c.Console)
	d := c.Delivery
	for _, t := range []struct {
		key  string
		time time.Duration
	}{
		{"fallback_within", d.FallbackWithin}, {"expire_text", d.ExpireText}, {"expire_long", d.ExpireLong},
		{"lookup_grace", d.LookupGrace}, {"lease", d.Lease},
		{"rest", d.Rest}, {"hang", d.Hang}, {"late", d.Late}, {"replay_window", d.ReplayWindow},
	} {
		if t.time < 0 {
			l.bad("delivery."+t.key, "%s is negative", t.time)
		}
	}
	if d.KeepReports < 7*24*time.Hour {
		l.bad("delivery.keep_reports", "%s is less than a week (168h): reports of messages that are under way would go", d.KeepReports)
	}
	l.oneOf("delivery.prefer", d.Prefer, "weight", "cost")
	if d.Floor < 0 || d.Floor > 100 {
		l.bad("delivery.floor", "want percent, from 0 to 100")
	}
	l.checkNight(d)
	l.checkNetworks("trusted_proxies", c.TrustedProxies)
	l.oneOf("proxy_header", c.ProxyHeader, "x-forwarded-for", api.ProxyForwarded)
	if c.ProxyHeader == api.ProxyForwarded && len(c.TrustedProxies) == 0 {
		l.bad("proxy_header", "it is what trusted_proxies write, and there are none")
	}
	l.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	l.oneOf("log.format", c.Log.Format, "json", "text")
	if _, err := c.Keys.Bytes(); err != nil {
		l.bad("keys.master", "%v", err)
	}
}

func (l *loading) checkNight(d DeliveryConfig) {
	sound := true
	for _, at := range []struct{ key, text string }{{"night_from", d.NightFrom}, {"night_until", d.NightUntil}} {
		since, err := korea.ParseClock(at.text)
		if err != nil || since == 0 {
			sound = false
			l.bad("delivery."+at.key, "%q is not a time of day such as 20:50", at.text)
		}
	}
	if sound && !d.Night().Valid() {
		l.bad("delivery.night_from", "a night of %s is shorter than the law's: it begins at 21:00 at the latest and ends at 08:00 at the earliest", d.Night())
	}
}

func (l *loading) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		l.bad(path, "%q is not one of %s", value, strings.Join(allowed, ", "))
	}
}

func (l *loading) checkPort(key, listen string) {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		l.bad(key, "%q is not of the form host:port, such as 127.0.0.1:8080 or :8080", listen)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		l.bad(key, "%q is not a port number", port)
	}
}

func (l *loading) checkDatabase(a Address) {
	scheme, rest, found := strings.Cut(string(a), ":")
	const forms = "write sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE"
	switch {
	case !found || !slices.Contains([]string{"sqlite", "postgres", "mysql"}, scheme):
		// What stands before the colon is shown, never the rest: it may be a password.
		l.bad("database.url", "the scheme %q is not known; %s", schemeOf(scheme, found), forms)
	case scheme == "sqlite" && strings.TrimLeft(rest, "/") == "":
		l.bad("database.url", "the file is missing; %s", forms)
	case scheme != "sqlite" && !strings.HasPrefix(rest, "//"):
		l.bad("database.url", "// is missing after %s:; %s", scheme, forms)
	case scheme != "sqlite":
		if _, err := url.Parse(string(a)); err != nil {
			l.bad("database.url", "it is not a URL; a password with special characters is percent-encoded there (@ is %%40)")
		}
	}
}

func schemeOf(scheme string, found bool) string {
	if !found {
		return ""
	}
	return scheme
}

func (l *loading) checkProvider(at string, p ProviderConfig, production bool) {
	if !providerName.MatchString(p.Name) || p.Name == "payments" {
		l.bad(at+".name", "%q cannot be a name: it takes small letters, digits, - and _, begins with a letter, and is not payments", p.Name)
	}
	if !slices.Contains(providerKinds, p.Kind) {
		hint := ""
		if best, ok := nearest(p.Kind, providerKinds); ok {
			hint = "; did you mean " + best + "?"
		}
		l.bad(at+".kind", "%q is not one of %s%s", p.Kind, strings.Join(providerKinds, ", "), hint)
	}
	l.checkWeb(at+".url", p.URL)
	l.checkKeys(at, p)
	if production && (p.key() == simulator.DefaultKey || p.secret() == simulator.DefaultSecret) {
		l.bad(at+".api_key", "these are the simulator's test credentials, and production is true: nothing would reach a phone")
	}
	for i, name := range p.Channels {
		if _, err := provider.ParseChannel(name); err != nil {
			l.bad(fmt.Sprintf("%s.channels[%d]", at, i), "%q is not one of alimtalk, sms, lms, mms", name)
		}
	}
	for _, n := range []struct {
		key   string
		value int64
	}{{"weight", int64(p.Weight)}, {"max_per_second", int64(p.MaxPerSecond)}, {"timeout", int64(p.Timeout)}, {"low_balance", int64(p.LowBalance)}} {
		if n.value < 0 {
			l.bad(at+"."+n.key, "it is negative")
		}
	}
	if p.LowBalance > mostBalance {
		l.bad(at+".low_balance", "it is more than %d", mostBalance)
	}
	if p.LowBalance > 0 && slices.Contains(providerKinds, p.Kind) && !slices.Contains(balanceKinds, p.Kind) {
		l.bad(at+".low_balance", "the vendor of kind %s tells no balance; those of %s do", p.Kind, strings.Join(balanceKinds, ", "))
	}
	if w := p.Webhook; slices.Contains(providerKinds, p.Kind) && !slices.Contains(reportKinds, p.Kind) && (w.Secret != "" || w.SecretOld != "" || w.Plain || len(w.Allow) > 0) {
		l.bad(at+".webhook", "the vendor of kind %s is asked for results and its reports are not taken; those of %s are", p.Kind, strings.Join(reportKinds, ", "))
	}
	l.checkNetworks(at+".webhook.allow", p.Webhook.Allow)
	if p.Webhook.SecretOld != "" && p.Webhook.Secret == "" {
		l.bad(at+".webhook.secret_old", "it is taken beside the present secret, and webhook.secret is missing")
	}
	if p.Webhook.Plain && p.Webhook.Secret == "" {
		l.bad(at+".webhook.plain", "it is about a secret, and webhook.secret is missing")
	}
}

// checkKeys complains about what an account proves itself with, and about settings of
// another kind.
func (l *loading) checkKeys(at string, p ProviderConfig) {
	if p.key() == "" {
		l.bad(at+".api_key", "it is missing")
	}
	if p.secret() == "" {
		l.bad(at+".api_secret", "it is missing")
	}
	given := func(names ...Secret) int {
		return len(slices.DeleteFunc(names, func(s Secret) bool { return s == "" }))
	}
	if given(p.APIKey, p.AppKey, p.AccessKey, p.UserID) > 1 {
		l.bad(at+".api_key", "it is given by more than one of its names api_key, app_key, access_key and user_id")
	}
	if given(p.APISecret, p.SecretKey, p.Key) > 1 {
		l.bad(at+".api_secret", "it is given by more than one of its names api_secret, secret_key and key")
	}
	for _, name := range slices.Sorted(maps.Keys(p.settings())) {
		if !slices.Contains(providerSettings[p.Kind], name) {
			l.bad(at+"."+name, "an account of kind %s has no such setting", p.Kind)
		}
	}
}

func (l *loading) checkNetworks(path string, n Networks) {
	for i, text := range n {
		if _, err := parseNetwork(text); err != nil {
			l.bad(fmt.Sprintf("%s[%d]", path, i), "%q is not a network such as 10.0.0.0/8 or an address", text)
		}
	}
}
