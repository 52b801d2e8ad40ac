package certificate

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// made writes a certificate that signs itself, and its key, and gives its number.
func made(t *testing.T, certFile, keyFile string, number int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "msg.example.com"}, DNSNames: []string{"msg.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func serial(t *testing.T, p *Pair) int64 {
	t.Helper()
	c, err := p.Config().GetCertificate(&tls.ClientHelloInfo{ServerName: "msg.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf.SerialNumber.Int64()
}

func TestANewPairIsUsedAndABrokenOneIsNot(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := Open(certFile, keyFile, nil); err == nil {
		t.Error("files that are not there can be used")
	}
	made(t, certFile, keyFile, 1)
	p, err := Open(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil || serial(t, p) != 1 {
		t.Fatal(err)
	}
	if changed, err := p.Look(); changed || err != nil {
		t.Errorf("the same files: %v, %v", changed, err)
	}
	old, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	made(t, certFile, keyFile, 2)
	fresh, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string][]byte{"the key of before": old, "no key": []byte("none"), "nothing": nil} {
		write(t, keyFile, broken)
		if changed, err := p.Look(); changed || err == nil || serial(t, p) != 1 {
			t.Errorf("%s: %v, %v; number %d is used", name, changed, err, serial(t, p))
		}
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Look(); err == nil || serial(t, p) != 1 {
		t.Errorf("without a key: %v", err)
	}
	write(t, keyFile, fresh)
	if changed, err := p.Look(); !changed || err != nil || serial(t, p) != 2 {
		t.Errorf("the new pair: %v, %v", changed, err)
	}
}

// buffer is a log that is written and read at once.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	grew chan struct{}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.text.Write(p)
	b.grew <- struct{}{}
	return n, err
}

func TestASignalHasThePairReadAndABrokenOneIsTold(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	made(t, certFile, keyFile, 1)
	log := &buffer{grew: make(chan struct{})}
	p, err := Open(certFile, keyFile, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	again, ended := make(chan os.Signal), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { ended <- p.Run(ctx, again) }()
	for i, act := range []struct {
		before func()
		said   string
		number int64
	}{
		{func() {}, "changed=false", 1},
		{func() { made(t, certFile, keyFile, 2) }, "changed=true names=msg.example.com", 2},
		{func() { write(t, certFile, []byte("nonsense")) }, "the one of before stays", 2},
		{func() { made(t, certFile, keyFile, 3) }, "changed=true", 3},
	} {
		log.mu.Lock()
		log.text.Reset()
		log.mu.Unlock()
		act.before()
		again <- os.Interrupt
		<-log.grew
		log.mu.Lock()
		if said := log.text.String(); !strings.Contains(said, act.said) || serial(t, p) != act.number {
			t.Errorf("%d: number %d is used, the log says %s", i, serial(t, p), said)
		}
		log.mu.Unlock()
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
