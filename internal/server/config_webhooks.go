package server

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/webhook"
)

// WebhooksConfig says how events go to the endpoints of sites.
type WebhooksConfig struct {
	// Allow are networks that may be called although they are not public, by http too: a
	// name that a site gave may lead there. Default none.
	Allow Networks `yaml:"allow" env:"ALLOW"`
	// Timeout is how long an endpoint may take to answer. Default 15s.
	Timeout time.Duration `yaml:"timeout" env:"TIMEOUT"`
	// DisableAfter is for how long an endpoint may fail before it is disabled. Default 120h.
	DisableAfter time.Duration `yaml:"disable_after" env:"DISABLE_AFTER"`
	// KeepAttempts is how long deliveries are kept, with their attempts: those that ended, which can
	// be sent again, and those that wait for an endpoint that is disabled. Default 720h.
	KeepAttempts time.Duration `yaml:"keep_attempts" env:"KEEP_ATTEMPTS"`
	// SecretOverlap is how long a secret that was replaced signs along. Default 24h.
	SecretOverlap time.Duration `yaml:"secret_overlap" env:"SECRET_OVERLAP"`
}

func (c *WebhooksConfig) defaults() {
	c.Timeout = cmp.Or(c.Timeout, webhook.DefaultTimeout)
	c.DisableAfter = cmp.Or(c.DisableAfter, webhook.DefaultDisableAfter)
	c.KeepAttempts = cmp.Or(c.KeepAttempts, webhook.DefaultKeepAttempts)
	c.SecretOverlap = cmp.Or(c.SecretOverlap, webhook.DefaultSecretOverlap)
}

// demo lets endpoints be on this machine, where whoever tries the demo out has them.
func (c *WebhooksConfig) demo() {
	if len(c.Allow) == 0 {
		c.Allow = Networks{"127.0.0.0/8", "::1/128"}
	}
}

func (l *loading) checkWebhooks(c WebhooksConfig) {
	l.checkNetworks("webhooks.allow", c.Allow)
	for _, t := range []struct {
		key        string
		time       time.Duration
		from, till time.Duration
	}{
		{"timeout", c.Timeout, time.Second, time.Minute}, {"disable_after", c.DisableAfter, time.Hour, 90 * 24 * time.Hour},
		{"keep_attempts", c.KeepAttempts, 24 * time.Hour, 366 * 24 * time.Hour}, {"secret_overlap", c.SecretOverlap, time.Second, 30 * 24 * time.Hour},
	} {
		if t.time < t.from || t.time > t.till {
			l.bad("webhooks."+t.key, "%s is not between %s and %s", t.time, t.from, t.till)
		}
	}
}

// webhooks gives the settings of the service.
func (c Config) webhooks(r prometheus.Registerer, log *slog.Logger) webhook.Options {
	w := c.Webhooks
	return webhook.Options{Allow: w.Allow.Prefixes(), Timeout: w.Timeout, DisableAfter: w.DisableAfter, KeepAttempts: w.KeepAttempts,
		SecretOverlap: w.SecretOverlap, Registerer: r, Log: log}
}
