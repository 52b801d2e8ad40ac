package toss

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

const (
	// DefaultURL is where the vendor serves.
	DefaultURL = "https://api.tosspayments.com"

	// Script opens the vendor's window in a browser.
	Script = "https://js.tosspayments.com/v2/standard"

	usualTimeout = 60 * time.Second // charges are slow
	maxReply     = 16 << 20
	least        = 100 * money.Won
)

// methods are the ways to pay that are offered.
var methods = []payment.Method{payment.Card, payment.Stored, payment.VirtualAccount}

// account is one merchant account. It is immutable and safe for concurrent use.
type account struct {
	client    *upstream.Client
	base      string // without a trailing slash
	clientKey string
	basic     string // value of Authorization
	checkout  string // a page in place of the vendor's window; empty = the script
}

// New makes the gateway of a configured account. It needs the client key and the secret key;
// its URL and CheckoutURL, when given, are http or https addresses without a query; a CheckoutURL
// that is a path alone is one of the address that payers come back to.
func New(a payment.Account) (payment.Gateway, error) {
	for name, key := range map[string]string{"client_key": a.ClientKey, "secret_key": a.SecretKey} {
		if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == ':' || r > '~' }) {
			return nil, fmt.Errorf("configure gateway %q: %s is missing or has characters that no key has", a.Name, name)
		}
	}
	base, err := upstream.Base(a.URL)
	if err != nil {
		return nil, fmt.Errorf("configure gateway %q: url %w", a.Name, err)
	}
	checkout := a.CheckoutURL
	if !strings.HasPrefix(checkout, "/") {
		checkout, err = upstream.Base(checkout)
	}
	if err != nil {
		return nil, fmt.Errorf("configure gateway %q: checkout_url %w", a.Name, err)
	}
	if base == "" {
		base = DefaultURL
	}
	if a.Timeout <= 0 {
		a.Timeout = usualTimeout
	}
	return &account{
		client: upstream.NewClient(a.Timeout), base: base, clientKey: a.ClientKey, checkout: checkout,
		basic: "Basic " + base64.StdEncoding.EncodeToString([]byte(a.SecretKey+":")),
	}, nil
}

// Capabilities says what the account can do.
func (a *account) Capabilities() payment.Capabilities {
	return payment.Capabilities{Methods: slices.Clone(methods), Tokens: true, Partial: true, CashReceipts: true, Lists: true, Least: least}
}

// request is one request to the vendor.
type request struct {
	method, path string // the path is escaped
	key          string // idempotency key, of a POST
	body         any
}

// call makes one request. Its body cannot be read a second time, so that no transport
// repeats a request that may have been carried out.
func (a *account) call(ctx context.Context, q request) upstream.Reply {
	var body []byte
	if q.body != nil {
		var err error
		if body, err = json.Marshal(q.body); err != nil {
			return upstream.Reply{Err: fmt.Errorf("write request: %w", err)}
		}
	}
	req, err := http.NewRequestWithContext(ctx, q.method, a.base+q.path, bytes.NewReader(body))
	if err != nil {
		return upstream.Reply{Err: errors.New("make request: the address cannot be read")}
	}
	req.GetBody = nil
	req.Header.Set("Authorization", a.basic)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Language", "ko-KR")
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.key != "" {
		req.Header.Set("Idempotency-Key", q.key)
	}
	return a.client.Do(ctx, req, maxReply)
}

const (
	maxID  = 200 // of the vendor's identifiers
	maxKey = 300
)

// validRef keeps anything but an identifier out of paths and of the database.
func validRef(ref string) bool {
	return ref != "" && len(ref) <= maxID && strings.IndexFunc(ref, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
