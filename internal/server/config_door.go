package server

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// HTTPConfig bounds what clients of the HTTP API may hold open.
type HTTPConfig struct {
	// Connections is how many there may be at a time. When there are as many, the one that has
	// waited longest for its client makes room for the next. Default 4096.
	Connections int `yaml:"connections" env:"CONNECTIONS"`
	// ConnectionsPerAddress is how many of them one address may have; trusted_proxies may have
	// more. Default a quarter of all, so that nobody alone takes what others could use.
	ConnectionsPerAddress int `yaml:"connections_per_address" env:"CONNECTIONS_PER_ADDRESS"`
	// Streams is how many requests may be under way on one connection of HTTP/2. Default 100.
	Streams int `yaml:"streams" env:"STREAMS"`
}

func (c *HTTPConfig) defaults() {
	c.Connections = cmp.Or(c.Connections, 4096)
	c.ConnectionsPerAddress = cmp.Or(c.ConnectionsPerAddress, max(c.Connections/4, 1))
	c.Streams = cmp.Or(c.Streams, 100)
}

func (l *loading) checkHTTP(c HTTPConfig) {
	for _, n := range []struct {
		key   string
		value int
	}{{"connections", c.Connections}, {"connections_per_address", c.ConnectionsPerAddress}, {"streams", c.Streams}} {
		if n.value < 0 {
			l.bad("http."+n.key, "it is negative")
		}
	}
	if c.Streams > 10_000 {
		l.bad("http.streams", "want at most 10000")
	}
}

// TLSConfig says how the door proves itself. Without it the API speaks clear text, and something
// in front of it has to speak TLS. TLS is 1.2 or later, with HTTP/2.
type TLSConfig struct {
	// CertFile and KeyFile are PEM: the certificate with those that lead to its root, and its
	// key. They are read again when they change, and on SIGHUP; a pair that cannot be used
	// leaves the one of before in use.
	CertFile string         `yaml:"cert_file" env:"CERT_FILE"`
	KeyFile  string         `yaml:"key_file" env:"KEY_FILE"`
	Autocert AutocertConfig `yaml:"autocert" envPrefix:"AUTOCERT_"`
}

// AutocertConfig has certificates asked of an authority, and renewed (ACME). What it issues is
// kept in the database, for all processes.
type AutocertConfig struct {
	// Domains are the names by which clients reach the API: they must lead to this door's port
	// 443, or to listen_redirect on port 80, where the authority asks.
	Domains Names `yaml:"domains" env:"DOMAINS"`
	// Email is whom the authority tells of trouble.
	Email string `yaml:"email" env:"EMAIL"`
	// DirectoryURL is the authority's. Default that of Let's Encrypt, whose terms are agreed to
	// by configuring domains.
	DirectoryURL Address `yaml:"directory_url" env:"DIRECTORY_URL"`
}

// Names is a list of names.
type Names []string

func (c TLSConfig) on() bool { return c.CertFile != "" || len(c.Autocert.Domains) > 0 }

// domainName is a name that a public authority issues certificates for, and no wildcard: those
// cannot be proven over HTTP.
var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

func (l *loading) checkTLS(c *Config) {
	t := c.TLS
	if (t.CertFile == "") != (t.KeyFile == "") {
		l.bad("tls.cert_file", "tls.cert_file and tls.key_file belong together")
	}
	if t.CertFile != "" && len(t.Autocert.Domains) > 0 {
		l.bad("tls.autocert.domains", "give either files or domains that certificates are asked for")
	}
	for i, name := range t.Autocert.Domains {
		if !domainName.MatchString(name) || len(name) > 253 {
			l.bad(fmt.Sprintf("tls.autocert.domains[%d]", i), "%q is not a domain name such as msg.example.com, in small letters", name)
		}
	}
	if len(t.Autocert.Domains) == 0 && (t.Autocert.Email != "" || t.Autocert.DirectoryURL != "") {
		l.bad("tls.autocert.domains", "it is missing")
	}
	l.checkWeb("tls.autocert.directory_url", t.Autocert.DirectoryURL)
	if c.ListenRedirect != "" {
		l.checkPort("listen_redirect", c.ListenRedirect)
		if !t.on() {
			l.bad("listen_redirect", "it leads to TLS, and tls is not set")
		}
		if strings.EqualFold(c.ListenRedirect, c.Listen) {
			l.bad("listen_redirect", "it is the address of listen")
		}
	}
}

// CORSConfig says which pages may call the API from browsers.
type CORSConfig struct {
	// Origins are those of the pages, such as https://console.example.com: exactly as browsers
	// send them, without a path. Default none.
	Origins Names `yaml:"origins" env:"ORIGINS"`
}

func (l *loading) checkCORS(c CORSConfig) {
	for i, origin := range c.Origins {
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || origin != strings.ToLower(u.Scheme+"://"+u.Host) ||
			strings.Contains(origin, "*") || u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
			l.bad(fmt.Sprintf("cors.origins[%d]", i), "%q is not an origin as browsers send it, such as https://console.example.com: small letters, no path, no usual port, no *", origin)
		}
	}
}
