package server

import (
	"errors"

	"creditmsg/internal/api"
	"creditmsg/internal/limit"
	"creditmsg/internal/site"
)

// RedisConfig says where Redis is. It counts limits for all processes together; nothing is
// stored there that could be missed.
type RedisConfig struct {
	// URL is redis://HOST:PORT, redis-sentinel://HOST:PORT,HOST:PORT/MASTER or
	// redis-cluster://HOST:PORT,HOST:PORT, with USER:PASSWORD@ before the hosts where it has
	// one, and rediss for TLS. Default none.
	URL     Address `yaml:"url" env:"URL"`
	URLFile string  `yaml:"url_file,omitempty" env:"URL_FILE"`
}

// LimitsConfig says how much a site may do for which nothing else is set; 0, the default, is
// any number. What is used up comes back evenly.
type LimitsConfig struct {
	// RequestsPerMinute and RecipientsPerMinute are of all tokens of a site together. One
	// message alone is never above its minute.
	RequestsPerMinute   int `yaml:"requests_per_minute" env:"REQUESTS_PER_MINUTE"`
	RecipientsPerMinute int `yaml:"recipients_per_minute" env:"RECIPIENTS_PER_MINUTE"`
	// RecipientsPerDay is of all messages of a site on a day in Korea. It is counted in the
	// database, and has to be the same for all processes.
	RecipientsPerDay int `yaml:"recipients_per_day" env:"RECIPIENTS_PER_DAY"`

	Token   TokenLimitsConfig   `yaml:"token" envPrefix:"TOKEN_"`
	Address AddressLimitsConfig `yaml:"address" envPrefix:"ADDRESS_"`
	// FailuresPerMinute is how many requests without a valid token one address may make before
	// the database is not asked about its tokens any more. Default 60; here 0 is any number.
	FailuresPerMinute int `yaml:"failures_per_minute" env:"FAILURES_PER_MINUTE"`
}

// TokenLimitsConfig is what each token of a site may do.
type TokenLimitsConfig struct {
	RequestsPerMinute   int `yaml:"requests_per_minute" env:"REQUESTS_PER_MINUTE"`
	RecipientsPerMinute int `yaml:"recipients_per_minute" env:"RECIPIENTS_PER_MINUTE"`
}

// AddressLimitsConfig is what may come from one address, or from a /64 of IPv6.
type AddressLimitsConfig struct {
	RequestsPerMinute int `yaml:"requests_per_minute" env:"REQUESTS_PER_MINUTE"`
}

// DefaultFailures are the failures a minute of a configuration that says nothing of them. It is
// set before one is read, so that it can say 0.
const DefaultFailures = 60

// ofMinutes reports whether something is limited that processes count in memory or in Redis.
func (c LimitsConfig) ofMinutes() bool {
	return c.RequestsPerMinute+c.RecipientsPerMinute+c.Token.RequestsPerMinute+c.Token.RecipientsPerMinute+c.Address.RequestsPerMinute > 0
}

func (l *loading) checkLimits(c *Config) {
	n := c.Limits
	for _, one := range []struct {
		key   string
		value int
	}{
		{"requests_per_minute", n.RequestsPerMinute}, {"recipients_per_minute", n.RecipientsPerMinute}, {"recipients_per_day", n.RecipientsPerDay},
		{"token.requests_per_minute", n.Token.RequestsPerMinute}, {"token.recipients_per_minute", n.Token.RecipientsPerMinute},
		{"address.requests_per_minute", n.Address.RequestsPerMinute}, {"failures_per_minute", n.FailuresPerMinute},
	} {
		if one.value < 0 || one.value > limit.Most {
			l.bad("limits."+one.key, "want 0 (any number) to %d", limit.Most)
		}
	}
	if c.Redis.URL != "" {
		if err := limit.ValidAddress(string(c.Redis.URL)); err != nil {
			l.bad("redis.url", "%v", err)
		}
	}
}

// openLimits makes what the API asks about limits.
func (p *Program) openLimits() (out api.Limits, err error) {
	c := p.config.Limits
	o := limit.Options{Log: p.log, Registerer: p.metrics}
	if p.config.Redis.URL != "" {
		if o.Redis, err = limit.OpenRedis(string(p.config.Redis.URL)); err != nil {
			return out, err
		}
		p.redis = o.Redis
	}
	switch {
	case o.Redis != nil:
		p.log.Info("limits are counted in Redis", "redis", p.config.Redis.URL)
	case p.d.Engine() != "sqlite":
		p.log.Info("limits of a minute are counted in the memory of this process: with several processes each one allows as much; redis.url makes them count together")
	}
	out = api.Limits{
		Site:    site.Limits{Requests: int64(c.RequestsPerMinute), Recipients: int64(c.RecipientsPerMinute)},
		Token:   site.Limits{Requests: int64(c.Token.RequestsPerMinute), Recipients: int64(c.Token.RecipientsPerMinute)},
		Address: int64(c.Address.RequestsPerMinute), Failures: int64(c.FailuresPerMinute),
	}
	out.Limiter, err = limit.New(o)
	return out, err
}

// closeLimits lets Redis go.
func (p *Program) closeLimits() error {
	if p.redis == nil {
		return nil
	}
	if err := p.redis.Close(); err != nil && !errors.Is(err, limit.ErrClosed) {
		return err
	}
	return nil
}
