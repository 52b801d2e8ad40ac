package server

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// authority is a small one of RFC 8555: it issues a certificate to whoever answers its question
// where the name leads. It believes signatures, which are the library's; it does ask.
type authority struct {
	t       testing.TB
	server  *httptest.Server
	key     *ecdsa.PrivateKey
	root    *x509.Certificate
	ask     string        // http-01 or tls-alpn-01
	address func() string // where all names lead

	mu     sync.Mutex
	thumb  string // guarded by mu: of the account's key
	domain string // guarded by mu: of the last order
	proven bool   // guarded by mu
	issued []byte // guarded by mu
	orders int    // guarded by mu
}

const challenged = "a-question"

func newAuthority(t testing.TB, ask string, address func() string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, ask: ask, address: address}
	a.root = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test's authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, a.root, a.root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.server.Close)
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// serve answers one request of the protocol.
func (a *authority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	at := func(path string) string { return a.server.URL + path }
	say := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	status := map[bool]string{true: "valid", false: "pending"}[a.proven]
	head, payload := signed(r)
	switch r.URL.Path {
	case "/directory":
		say(200, map[string]string{"newNonce": at("/nonce"), "newAccount": at("/account"), "newOrder": at("/order")})
	case "/nonce":
	case "/account":
		a.thumb = thumbprint(a.t, head)
		w.Header().Set("Location", at("/accounts/1"))
		say(201, map[string]string{"status": "valid"})
	case "/order":
		var in struct{ Identifiers []struct{ Value string } }
		_ = json.Unmarshal(payload, &in)
		a.domain, a.proven, a.issued = in.Identifiers[0].Value, false, nil
		a.orders++
		w.Header().Set("Location", at("/orders/1"))
		say(201, map[string]any{"status": "pending", "authorizations": []string{at("/authorization")}, "finalize": at("/finalize"),
			"identifiers": []map[string]string{{"type": "dns", "value": a.domain}}})
	case "/orders/1":
		state := map[bool]string{true: "ready", false: "pending"}[a.proven]
		out := map[string]any{"status": state, "authorizations": []string{at("/authorization")}, "finalize": at("/finalize")}
		if a.issued != nil {
			out["status"], out["certificate"] = "valid", at("/certificate")
		}
		say(200, out)
	case "/authorization":
		say(200, map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": a.domain},
			"challenges": []map[string]string{{"type": a.ask, "url": at("/challenge"), "token": challenged, "status": status}}})
	case "/challenge":
		if err := a.prove(r.Context()); err != nil {
			a.t.Errorf("the answer to %s: %v", a.ask, err)
			say(400, map[string]string{"type": "urn:ietf:params:acme:error:unauthorized", "detail": err.Error()})
			return
		}
		a.proven = true
		say(200, map[string]string{"type": a.ask, "url": at("/challenge"), "token": challenged, "status": "valid"})
	case "/finalize":
		if err := a.issue(payload); err != nil {
			a.t.Error(err)
			say(400, map[string]string{"type": "urn:ietf:params:acme:error:badCSR"})
			return
		}
		w.Header().Set("Location", at("/orders/1"))
		say(200, map[string]any{"status": "valid", "certificate": at("/certificate")})
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.issued)
	default:
		http.NotFound(w, r)
	}
}

// signed gives what a request says, and the head of what signs it.
func signed(r *http.Request) (head, payload []byte) {
	var in struct{ Protected, Payload string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	head, _ = base64.RawURLEncoding.DecodeString(in.Protected)
	payload, _ = base64.RawURLEncoding.DecodeString(in.Payload)
	return head, payload
}

func thumbprint(t testing.TB, head []byte) string {
	var in struct {
		JWK struct{ X, Y string }
	}
	_ = json.Unmarshal(head, &in)
	x, _ := base64.RawURLEncoding.DecodeString(in.JWK.X)
	y, _ := base64.RawURLEncoding.DecodeString(in.JWK.Y)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		t.Errorf("the account's key: %v", err)
		return ""
	}
	text, err := acme.JWKThumbprint(key)
	if err != nil {
		t.Error(err)
	}
	return text
}

// prove asks where the name leads whether it is the account's.
func (a *authority) prove(ctx context.Context) error {
	want := challenged + "." + a.thumb
	if a.ask == "http-01" {
		r, err := http.NewRequestWithContext(ctx, "GET", "http://"+a.address()+"/.well-known/acme-challenge/"+challenged, nil)
		if err != nil {
			return err
		}
		r.Host = a.domain
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || strings.TrimSpace(string(text)) != want {
			return fmt.Errorf("got %d %q, %w", res.StatusCode, text, err)
		}
		return nil
	}
	c, err := (&tls.Dialer{Config: &tls.Config{ServerName: a.domain, NextProtos: []string{acme.ALPNProto}, InsecureSkipVerify: true}}).DialContext(ctx, "tcp", a.address())
	if err != nil {
		return err
	}
	defer c.Close()
	sum := sha256.Sum256([]byte(want))
	for _, e := range c.(*tls.Conn).ConnectionState().PeerCertificates[0].Extensions {
		if e.Id.String() == "1.3.6.1.5.5.7.1.31" && strings.HasSuffix(string(e.Value), string(sum[:])) {
			return nil
		}
	}
	return fmt.Errorf("no certificate for the question")
}

// issue signs what the account asks for.
func (a *authority) issue(payload []byte) error {
	var in struct{ CSR string }
	_ = json.Unmarshal(payload, &in)
	der, err := base64.RawURLEncoding.DecodeString(in.CSR)
	if err != nil {
		return err
	}
	asked, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	return a.sign(asked.PublicKey, asked.DNSNames)
}

func (a *authority) sign(key crypto.PublicKey, names []string) error {
	c := &x509.Certificate{SerialNumber: big.NewInt(int64(a.orders) + 1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(900 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	leaf, err := x509.CreateCertificate(rand.Reader, c, a.root, key, a.key)
	if err != nil {
		return err
	}
	a.issued = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})...)
	return nil
}
