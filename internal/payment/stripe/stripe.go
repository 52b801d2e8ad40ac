package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

const (
	// DefaultURL is where the vendor serves.
	DefaultURL = "https://api.stripe.com"

	// Version is the state of the API that this package was written for. The vendor answers
	// by it, whatever the account's own is.
	Version = "2024-06-20"

	usualTimeout = 80 * time.Second // as the vendor's own libraries: charges are slow
	maxReply     = 16 << 20
	least        = 1000 * money.Won // its least is half a US dollar in the payer's currency
	currency     = "krw"            // which has no decimals there
	perPage      = "100"            // the most that the vendor lists at once
)

// methods are the ways to pay that are offered.
var methods = []payment.Method{payment.Card, payment.Stored}

// account is one merchant account. It is immutable and safe for concurrent use.
type account struct {
	client   *upstream.Client
	base     string // without a trailing slash
	key      string
	secrets  []string // of notices: the present one, and one that is still taken
	checkout string   // where the vendor's page is seen, when it is a simulator's; empty = where the vendor says
}

// New makes the gateway of a configured account. It needs the secret key and the secret of its
// webhook endpoint; its URL and CheckoutURL, when given, are http or https addresses without a
// query.
func New(a payment.Account) (payment.Gateway, error) {
	for name, key := range map[string]string{"secret_key": a.SecretKey, "webhook_secret": a.WebhookSecret} {
		if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, fmt.Errorf("configure gateway %q: %s is missing or has characters that no key has", a.Name, name)
		}
	}
	base, err := upstream.Base(a.URL)
	if err != nil {
		return nil, fmt.Errorf("configure gateway %q: url %w", a.Name, err)
	}
	checkout, err := upstream.Base(a.CheckoutURL)
	if err != nil {
		return nil, fmt.Errorf("configure gateway %q: checkout_url %w", a.Name, err)
	}
	if base == "" {
		base = DefaultURL
	}
	if a.Timeout <= 0 {
		a.Timeout = usualTimeout
	}
	return &account{client: upstream.NewClient(a.Timeout), base: base, key: a.SecretKey, secrets: secretsOf(a), checkout: checkout}, nil
}

// Capabilities says what the account can do.
func (a *account) Capabilities() payment.Capabilities {
	return payment.Capabilities{Methods: slices.Clone(methods), Tokens: true, Partial: true, Lists: true, Least: least}
}

// form is what a request says, in the vendor's names.
type form map[string]string

func (f form) encoded() string {
	v := url.Values{}
	for name, value := range f {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v.Encode()
}

// get asks.
func (a *account) get(ctx context.Context, path string, f form) upstream.Reply {
	return a.call(ctx, http.MethodGet, path+"?"+f.encoded(), "", "")
}

// post has something done, under an idempotency key.
func (a *account) post(ctx context.Context, path, key string, f form) upstream.Reply {
	return a.call(ctx, http.MethodPost, path, key, f.encoded())
}

// call makes one request. Its body cannot be read a second time, so that no transport
// repeats a request that may have been carried out.
func (a *account) call(ctx context.Context, method, path, key, body string) upstream.Reply {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, strings.NewReader(body))
	if err != nil {
		return upstream.Reply{Err: errors.New("make request: the address cannot be read")}
	}
	req.GetBody = nil
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Stripe-Version", Version)
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return a.client.Do(ctx, req, maxReply)
}

const (
	maxID  = 255              // of the vendor's identifiers
	maxKey = 255 - len(opens) // the longest of the endings below
)

// What is put behind a key, since the vendor takes one for a single kind of request.
const (
	opens    = ":checkout"
	captures = ":capture"
	creates  = ":customer"
)

// validRef keeps anything but an identifier out of paths and of the database.
func validRef(ref string) bool {
	return ref != "" && len(ref) <= maxID && strings.IndexFunc(ref, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// ofKind says whether an identifier is of one kind of the vendor's, such as pi_.
func ofKind(ref, prefix string) bool { return strings.HasPrefix(ref, prefix) && validRef(ref) }

// The kinds of identifiers that are told apart.
const (
	customerID = "cus_"
	sessionID  = "cs_"
	intentID   = "pi_"
)

// won gives an amount as the vendor wants it; ok is false when it is not a whole number of
// won above 0.
func won(a money.Amount) (text string, ok bool) {
	n, ok := payment.WholeWon(a)
	return strconv.FormatInt(n, 10), ok
}
