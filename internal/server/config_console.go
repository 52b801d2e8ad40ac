package server

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/identity"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// ConsoleConfig says how people reach the console, and how they sign in there.
type ConsoleConfig struct {
	// URL is where people's browsers reach the console, such as https://credit.example.com: mails to
	// people lead there. Default payments.public_url; without either, mails bear no link, and nobody is
	// invited or sets a forgotten password by one.
	URL  Address    `yaml:"url" env:"URL"`
	OIDC OIDCConfig `yaml:"oidc" envPrefix:"OIDC_"`
}

// OIDCConfig is a provider of OpenID Connect at which people can sign in as well. One without an
// issuer is none.
type OIDCConfig struct {
	// Issuer is its address, as it stands in what it signs: https://accounts.google.com.
	Issuer           Address `yaml:"issuer" env:"ISSUER"`
	ClientID         string  `yaml:"client_id" env:"CLIENT_ID"`
	ClientSecret     Secret  `yaml:"client_secret" env:"CLIENT_SECRET"`
	ClientSecretFile string  `yaml:"client_secret_file,omitempty" env:"CLIENT_SECRET_FILE"`
	// Name is what people call it: "with Google". Default the issuer's host.
	Name string `yaml:"name" env:"NAME"`
	// Domains are those of the addresses that may come in by it. They must be named: a provider says
	// whose an address is, and is believed in that.
	Domains Names `yaml:"domains" env:"DOMAINS"`
}

func (c *ConsoleConfig) defaults(public Address) {
	c.URL = cmp.Or(Address(strings.TrimRight(string(c.URL), "/")), public)
	if u, err := url.Parse(string(c.OIDC.Issuer)); err == nil && c.OIDC.Name == "" {
		c.OIDC.Name = u.Hostname()
	}
}

var domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)

func (l *loading) checkConsole(c ConsoleConfig) {
	const at = "console.oidc."
	l.checkWeb("console.url", c.URL)
	o := c.OIDC
	if o.Issuer == "" {
		if o.ClientID != "" || o.ClientSecret != "" || len(o.Domains) > 0 {
			l.bad(at+"issuer", "it is missing: the address of the provider at which people sign in")
		}
		return
	}
	u, err := url.Parse(string(o.Issuer))
	local := err == nil && isLoopback(u.Hostname())
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery+u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !local) {
		l.bad(at+"issuer", "it is not an address of the form https://accounts.example.com")
	}
	if o.ClientID == "" {
		l.bad(at+"client_id", "it is missing: the provider gives it to who registers an application there")
	}
	if o.ClientSecret == "" {
		l.bad(at+"client_secret", "it is missing: the provider gives it together with the client_id")
	}
	if c.URL == "" {
		l.bad("console.url", "it is missing: the provider leads people back there")
	}
	if len(o.Domains) == 0 {
		l.bad(at+"domains", "it is missing: those of the addresses that may come in, such as [example.com]")
	}
	for _, domain := range o.Domains {
		if _, err := netip.ParseAddr(domain); err == nil || !domainForm.MatchString(domain) {
			l.bad(at+"domains", "%q is not a domain such as example.com, in small letters", domain)
		}
	}
}

// identity is the provider at which people sign in as well; nil = there is none.
func (c Config) identity(d *db.DB, keys *site.Keys) *identity.Provider {
	o := c.Console.OIDC
	if o.Issuer == "" {
		return nil
	}
	return identity.New(d, keys, identity.Options{Issuer: string(o.Issuer), ClientID: o.ClientID, ClientSecret: string(o.ClientSecret),
		Redirect: string(c.Console.URL) + "/console/oidc", Domains: o.Domains})
}

// people makes the service about them, which has them told by mails where the installation sends any.
func (c Config) people(d *db.DB, keys *site.Keys, q *queue.Queue) *access.People {
	p := access.New(d, keys)
	if c.Alerts.SMTP.Host != "" {
		p.Mail(q, c.Console.URL != "")
	}
	return p
}
