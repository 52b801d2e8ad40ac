package certificate

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// lookEvery is how long a new pair of files may lie there unused.
const lookEvery = 10 * time.Second

// Pair is the certificate of two files.
type Pair struct {
	certFile, keyFile string
	log               *slog.Logger

	mu    sync.Mutex
	tried [sha256.Size]byte // guarded by mu: what was in the files when they were last looked at
	used  *tls.Certificate  // guarded by mu
}

// Open reads the files, which must be PEM: the certificate with those that lead to its root, and
// its key.
func Open(certFile, keyFile string, log *slog.Logger) (*Pair, error) {
	p := &Pair{certFile: certFile, keyFile: keyFile, log: log}
	_, err := p.Look()
	return p, err
}

// Look reads the files again, and uses them from the next connection on if they are others than
// before and can be used; else what is used stays. It reports whether there is a new pair.
func (p *Pair) Look() (changed bool, err error) {
	cert, err := os.ReadFile(p.certFile)
	if err != nil {
		return false, fmt.Errorf("read the certificate: %w", err)
	}
	key, err := os.ReadFile(p.keyFile)
	if err != nil {
		return false, fmt.Errorf("read the certificate's key: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := sha256.Sum256(append(append(cert[:len(cert):len(cert)], 0), key...))
	if sum == p.tried {
		return false, nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	p.tried = sum
	if err != nil {
		return false, fmt.Errorf("use the certificate %s with the key %s: %w", p.certFile, p.keyFile, err)
	}
	p.used = &pair
	return true, nil
}

// Ends is when the certificate that is used is not valid any more.
func (p *Pair) Ends() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used.Leaf.NotAfter
}

// Config is for a server that proves itself by the pair.
func (p *Pair) Config() *tls.Config {
	return with(func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.used, nil
	})
}

// with is TLS as it is spoken here.
func with(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), more ...string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: append([]string{"h2", "http/1.1"}, more...), GetCertificate: get}
}

// Run looks at the files from time to time, and whenever again says so, until ctx ends.
func (p *Pair) Run(ctx context.Context, again <-chan os.Signal) error {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	said := ""
	for {
		asked := false
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		case <-again:
			asked = true
		}
		changed, err := p.Look()
		switch {
		case err == nil && (changed || asked):
			p.log.Info("certificate read", "changed", changed, "names", strings.Join(p.names(), ","), "until", p.Ends().UTC().Format(time.RFC3339))
			said = ""
		case err != nil && (asked || err.Error() != said):
			said = err.Error()
			p.log.Error("the new certificate cannot be used; the one of before stays", "error", err, "until", p.Ends().UTC().Format(time.RFC3339))
		}
	}
}

func (p *Pair) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used.Leaf.DNSNames
}
