package certificate

import (
	"crypto/tls"
	"net"
	"net/http"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// Asked says what an authority is asked for.
type Asked struct {
	Domains   []string // the names that the door has; the first is that of clients that say none
	Email     string   // whom the authority tells of trouble; "" = nobody
	Directory string   // of the authority; "" = Let's Encrypt
	Agent     string   // names the program to it
}

// Authority has the certificates that an authority issues.
type Authority struct {
	domains []string
	manager *autocert.Manager
}

// Ask makes an Authority. Nothing is asked for before a client comes.
func Ask(d *db.DB, keys *site.Keys, a Asked) *Authority {
	return &Authority{a.Domains, &autocert.Manager{
		Prompt: autocert.AcceptTOS, Email: a.Email, HostPolicy: autocert.HostWhitelist(a.Domains...),
		Cache:  &store{d, keys},
		Client: &acme.Client{DirectoryURL: a.Directory, UserAgent: a.Agent},
	}}
}

// Config is for a server that proves itself by them. It also answers the authority's question by
// TLS (RFC 8737).
func (a *Authority) Config() *tls.Config {
	return with(func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "" || net.ParseIP(hello.ServerName) != nil {
			// Whoever looks after the process asks it by its address, and does not look whose
			// certificate that is.
			named := *hello
			named.ServerName = a.domains[0]
			hello = &named
		}
		return a.manager.GetCertificate(hello)
	}, acme.ALPNProto)
}

// Answer answers the authority's questions by HTTP, which it asks on port 80.
func (a *Authority) Answer() http.Handler { return a.manager.HTTPHandler(http.NotFoundHandler()) }
